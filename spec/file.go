package spec

import (
	"time"

	"ftrun/spec/internal/yamlpos"
)

// The types of this file are the pipeline file as it is written. Values that are left out hold their defaults before decoding.

type pipelineFile struct {
	Version      int             `yaml:"version"`
	Name         string          `yaml:"name"`
	Provider     providerForm    `yaml:"provider"`
	BaseModel    string          `yaml:"base_model"`
	Dataset      datasetForm     `yaml:"dataset"`
	SystemPrompt promptForm      `yaml:"system_prompt"`
	TokenLimit   int             `yaml:"token_limit"`
	Train        trainForm       `yaml:"train"`
	Wait         waitFile        `yaml:"wait"`
	Test         testForm        `yaml:"test"`
	Thresholds   []thresholdForm `yaml:"thresholds"`
	Prices       pricesFile      `yaml:"prices"`
	Budget       budgetForm      `yaml:"budget"`
	Reports      reportsFile     `yaml:"reports"`
}

func defaults() pipelineFile {
	return pipelineFile{
		Provider: providerForm{Kind: "openai"},
		Dataset:  datasetForm{Format: "auto", TooLong: "error", Invalid: "error"},
		Train:    trainForm{Method: "supervised"},
		Wait:     waitFile{Timeout: 5 * time.Hour, OnTimeout: Leave, OnInterrupt: Leave},
		Test: testForm{
			Concurrency: 16,
			Timeout:     60 * time.Second,
			MaxErrors:   amountForm{Amount{Value: 0.05, Percent: true, Text: "5%"}},
			MinCases:    1,
			Reuse:       ReuseResume,
		},
		Reports: reportsFile{JUnit: on, Markdown: on},
	}
}

// on and off switch what has no other settings.
const (
	on  = "on"
	off = "off"
)

// A providerForm is a kind, or a mapping.
type providerForm struct {
	Kind      string                `yaml:"kind"`
	BaseURL   string                `yaml:"base_url"`
	APIKeyEnv string                `yaml:"api_key_env"`
	Auth      string                `yaml:"auth"`
	Wire      string                `yaml:"wire"`
	Headers   map[string]headerForm `yaml:"headers"`
	ExtraBody map[string]any        `yaml:"extra_body"`
	Timeout   time.Duration         `yaml:"timeout"`
}

func (f *providerForm) UnmarshalValue(v yamlpos.Value) {
	switch v.Kind() {
	case yamlpos.Scalar:
		v.Into(&f.Kind)
	case yamlpos.Mapping:
		type mapping providerForm
		v.Into((*mapping)(f))
	default:
		v.Want("a kind of provider or a mapping")
	}
}

// A datasetForm is a path, or a mapping.
type datasetForm struct {
	Path    pathForm    `yaml:"path,required"`
	Format  string      `yaml:"format"`
	Fields  *fieldsFile `yaml:"fields"`
	TooLong string      `yaml:"too_long"`
	Invalid string      `yaml:"invalid"`
}

func (f *datasetForm) UnmarshalValue(v yamlpos.Value) {
	switch v.Kind() {
	case yamlpos.Scalar:
		v.Into(&f.Path)
	case yamlpos.Mapping:
		type mapping datasetForm
		v.Into((*mapping)(f))
	case yamlpos.List:
		v.Addf("a list of files is %s", notSupported)
	default:
		v.Want("the path of a file or a mapping")
	}
}

// A pathForm is the path of one file.
type pathForm string

func (f *pathForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() == yamlpos.List {
		v.Addf("a list of files is %s", notSupported)
		return
	}
	v.Into((*string)(f))
}

// A fieldsFile maps roles to columns.
type fieldsFile struct {
	Question *string `yaml:"question"`
	Answer   *string `yaml:"answer"`
	System   *string `yaml:"system"`
}

// A promptForm is the text of a prompt, or the file that holds it.
type promptForm struct {
	Text string
	File string `yaml:"file,required"`
}

func (f *promptForm) UnmarshalValue(v yamlpos.Value) {
	switch v.Kind() {
	case yamlpos.Mapping:
		type mapping promptForm
		v.Into((*mapping)(f))
	default:
		v.Into(&f.Text)
	}
}

// A trainForm is "off", or a mapping.
type trainForm struct {
	Off             bool
	Method          string              `yaml:"method"`
	Hyperparameters hyperparametersFile `yaml:"hyperparameters"`
	Suffix          string              `yaml:"suffix"`
	Seed            *int                `yaml:"seed"`
	Metadata        map[string]string   `yaml:"metadata"`
	ExpiresAfter    expiryForm          `yaml:"expires_after"`
}

func (f *trainForm) UnmarshalValue(v yamlpos.Value) {
	switch {
	case v.Text() == off:
		f.Off = true
	case v.Kind() == yamlpos.Mapping:
		type mapping trainForm
		v.Into((*mapping)(f))
	default:
		v.Want("a mapping or off")
	}
}

type hyperparametersFile struct {
	Epochs       autoInt   `yaml:"n_epochs"`
	BatchSize    autoInt   `yaml:"batch_size"`
	LearningRate autoFloat `yaml:"learning_rate_multiplier"`
}

const auto = "auto"

// An autoInt is a whole number, or "auto": nil.
type autoInt struct{ Value *int }

func (f *autoInt) UnmarshalValue(v yamlpos.Value) {
	if v.Text() != auto {
		decodeNumber(v, &f.Value, "a whole number or auto")
	}
}

// An autoFloat is a number, or "auto": nil.
type autoFloat struct{ Value *float64 }

func (f *autoFloat) UnmarshalValue(v yamlpos.Value) {
	if v.Text() != auto {
		decodeNumber(v, &f.Value, "a number or auto")
	}
}

// decodeNumber decodes a scalar; text that is no number at all is told of the word that the key takes beside numbers.
func decodeNumber[T int | float64](v yamlpos.Value, out **T, want string) {
	if text := v.Text(); v.Textual() || text == "" || !startsNumber(text) {
		v.Want(want)
		return
	}
	var number T
	before := v.Doc().Found()
	if v.Into(&number); v.Doc().Found() == before {
		*out = &number
	}
}

func startsNumber(s string) bool {
	return s[0] == '-' || s[0] == '+' || s[0] == '.' || '0' <= s[0] && s[0] <= '9'
}

type waitFile struct {
	Timeout     time.Duration `yaml:"timeout"`
	OnTimeout   string        `yaml:"on_timeout"`
	OnInterrupt string        `yaml:"on_interrupt"`
}

// A testForm is a list of cases, or a mapping.
type testForm struct {
	Cases       casesForm       `yaml:"cases,required"`
	Assert      []assertionForm `yaml:"assert"`
	Model       string          `yaml:"model"`
	Baseline    baselineForm    `yaml:"baseline"`
	Concurrency int             `yaml:"concurrency"`
	Timeout     time.Duration   `yaml:"timeout"`
	Sampling    samplingFile    `yaml:"sampling"`
	MaxErrors   amountForm      `yaml:"max_errors"`
	MinCases    int             `yaml:"min_cases"`
	Reuse       string          `yaml:"reuse"`
}

func (f *testForm) UnmarshalValue(v yamlpos.Value) {
	switch v.Kind() {
	case yamlpos.List:
		v.Into(&f.Cases)
	case yamlpos.Mapping:
		type mapping testForm
		v.Into((*mapping)(f))
	default:
		v.Want("a list of cases or a mapping")
	}
}

// A casesForm is a list of cases; case files are of a later version.
type casesForm struct{ List []caseFile }

func (f *casesForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() == yamlpos.Mapping {
		v.Addf("a file of cases is %s", notSupported)
		return
	}
	v.Into(&f.List)
}

type caseFile struct {
	ID       *string         `yaml:"id"`
	Question string          `yaml:"question,required"`
	Answer   *string         `yaml:"answer"`
	Tags     []string        `yaml:"tags"`
	Assert   []assertionForm `yaml:"assert"`
	MustPass bool            `yaml:"must_pass"`

	value yamlpos.Value
}

func (f *caseFile) UnmarshalValue(v yamlpos.Value) {
	f.value = v
	if entries := v.Entries(); len(entries) == 1 && entries[0].Key == "file" {
		v.Addf("a file of cases is %s", notSupported)
		return
	}
	type mapping caseFile
	v.Into((*mapping)(f))
}

// A baselineForm is a word; a mapping is of a later version.
type baselineForm string

func (f *baselineForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() == yamlpos.Mapping {
		v.Addf("a baseline other than base is %s", notSupported)
		return
	}
	v.Into((*string)(f))
}

type samplingFile struct {
	Temperature         float64 `yaml:"temperature"`
	MaxCompletionTokens *int    `yaml:"max_completion_tokens"`
}

// An amountForm is a count, or a share with "%".
type amountForm struct{ Amount }

func (f *amountForm) UnmarshalValue(v yamlpos.Value) {
	var text string
	if v.Kind() != yamlpos.Scalar {
		v.Want("a count such as 5, or a share such as 5%")
		return
	}
	if v.Into(&text); text == "" {
		return
	}
	value, percent, ok := parseNumber(text)
	switch {
	case !ok, !percent && value != float64(int(value)):
		v.Want("a count such as 5, or a share such as 5%")
	case percent && value > 1:
		v.Addf("a share can't be more than 100%%")
	default:
		f.Amount = Amount{Value: value, Percent: percent, Text: text}
	}
}

type reportsFile struct {
	JUnit    string `yaml:"junit"`
	Markdown string `yaml:"markdown"`
}
