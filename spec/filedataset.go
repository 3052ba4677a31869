package spec

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// A datasetForm is a path, a list of paths, or a mapping.
type datasetForm struct {
	Path       pathsForm      `yaml:"path,required"`
	Format     string         `yaml:"format"`
	Fields     fieldsForm     `yaml:"fields"`
	Validation validationForm `yaml:"validation"`
	TooLong    string         `yaml:"too_long"`
	Invalid    string         `yaml:"invalid"`
	MaxDropped amountForm     `yaml:"max_dropped"`
	Duplicates string         `yaml:"duplicates"`

	Contamination string `yaml:"contamination"`
	Secrets       string `yaml:"secrets"`
}

func (f *datasetForm) UnmarshalValue(v yamlpos.Value) {
	switch v.Kind() {
	case yamlpos.Scalar, yamlpos.List:
		v.Into(&f.Path)
	case yamlpos.Mapping:
		type mapping datasetForm
		v.Into((*mapping)(f))
	default:
		v.Want("the path of a file, a list of paths or a mapping")
	}
}

// A fieldsForm maps roles to columns. Which roles there are is in [formats].
type fieldsForm map[string]string

func (f *fieldsForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() != yamlpos.Mapping {
		v.Want("a mapping of roles to columns")
		return
	}
	*f = fieldsForm{}
	roles := allRoles()
	for _, e := range v.Entries() {
		if !slices.Contains(roles, e.Key) {
			message := "unknown key"
			if s := diag.Suggest(e.Key, roles); s != "" {
				message += fmt.Sprintf(", did you mean %q?", s)
			}
			e.Add(message, "allowed here: "+strings.Join(roles, ", "))
			continue
		}
		var column string
		e.Value.Into(&column)
		(*f)[e.Key] = column
	}
}

// none holds out nothing.
const none = "none"

// A validationForm is none, a share, a path, a list of paths, or a mapping.
type validationForm struct {
	Share shareForm `yaml:"share"`
	Seed  int       `yaml:"seed"`
	Path  pathsForm `yaml:"path"`

	none bool // that word
}

func (f *validationForm) UnmarshalValue(v yamlpos.Value) {
	_, _, isNumber := parseNumber(v.Text())
	switch {
	case v.Text() == none:
		f.none = true
	case v.Text() == off:
		v.Want("none, a share such as 10%, a file or a mapping")
	case isNumber:
		v.Into(&f.Share)
	case v.Kind() == yamlpos.Scalar, v.Kind() == yamlpos.List:
		v.Into(&f.Path)
	case v.Kind() == yamlpos.Mapping:
		type mapping validationForm
		v.Into((*mapping)(f))
	default:
		v.Want("none, a share such as 10%, a file or a mapping")
	}
}

// A shareForm is a share with "%".
type shareForm struct{ Amount }

func (f *shareForm) UnmarshalValue(v yamlpos.Value) {
	const want = "a share such as 10%"
	text := v.Text()
	value, percent, ok := parseNumber(text)
	switch {
	case !ok:
		v.Want(want)
	case !percent:
		v.Add("want "+want+", found "+v.Describe(), shareHint(value))
	default:
		f.Amount = Amount{Value: value, Percent: true, Text: text}
	}
}

// shareHint says how the share is written that somebody may have meant by a plain number.
func shareHint(value float64) string {
	switch {
	case value > 0 && value < 1:
		return fmt.Sprintf("write %v%%", math.Round(value*1e6)/1e4)
	case value >= 1 && value < 100:
		return fmt.Sprintf("write %v%%, if a share of the rows is meant; a number of rows can't be held out", value)
	default:
		return "a number of rows can't be held out; write a share of them"
	}
}
