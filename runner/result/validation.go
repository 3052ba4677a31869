package result

import (
	_ "embed"
	"io"
	"slices"
)

// ValidationFormat names the format of a validation.
const ValidationFormat = "ftrun.validation/v1"

// A Validation is what was found in a pipeline file and its data. Its JSON form is published; fields are added, never renamed.
type Validation struct {
	Schema        string         `json:"schema"`
	File          string         `json:"file"`                    // the pipeline file
	OK            bool           `json:"ok"`                      // no problem is an error: a run could begin
	Problems      []Problem      `json:"problems"`                // the gravest first, then by position
	Dataset       *Dataset       `json:"dataset,omitempty"`       // nil: nothing is trained, or the file or the data is at fault
	Contamination *Contamination `json:"contamination,omitempty"` // nil: not looked for, or the data is not known
	TestCases     *int           `json:"test_cases"`              // null: the file is at fault
}

// WriteValidation writes v as JSON.
func WriteValidation(w io.Writer, v *Validation) error {
	out := *v
	out.Schema = ValidationFormat
	out.Problems = each(out.Problems, tidyProblem)
	if out.Dataset != nil {
		out.Dataset = new(tidyDataset(*out.Dataset))
	}
	if out.Contamination != nil {
		out.Contamination = new(tidyContamination(*out.Contamination))
	}
	data, err := encode(out, "")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

//go:embed validation.schema.json
var validationSchema []byte

// ValidationSchema returns the JSON Schema of a validation.
func ValidationSchema() []byte { return slices.Clone(validationSchema) }
