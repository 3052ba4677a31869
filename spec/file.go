package spec

import (
	"time"

	"ftrun/spec/internal/yamlpos"
)

// The types of this file are the pipeline file as it is written. Values that are left out hold their defaults before decoding.

type pipelineFile struct {
	Version      versionForm     `yaml:"version"`
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

// A versionForm is nothing: the version was looked at before.
type versionForm struct{}

func (*versionForm) UnmarshalValue(yamlpos.Value) {}

func defaults() pipelineFile {
	return pipelineFile{
		Provider: providerForm{Kind: defaultKind},
		Dataset: datasetForm{
			Format:        auto,
			TooLong:       wordError,
			Invalid:       wordError,
			MaxDropped:    amountForm{Amount{Value: 0.05, Percent: true, Text: "5%"}},
			Duplicates:    wordWarn,
			Contamination: wordWarn,
			Secrets:       wordWarn,
		},
		Train: trainForm{Method: MethodSupervised},
		Wait:  waitFile{Timeout: 5 * time.Hour, OnTimeout: Leave, OnInterrupt: Leave},
		Test: testForm{
			Repeat:      repeatForm{Times: 1, Need: 1},
			Judge:       judgeForm{Samples: 1},
			Concurrency: 16,
			Timeout:     60 * time.Second,
			MaxErrors:   amountForm{Amount{Value: 0.05, Percent: true, Text: "5%"}},
			MinCases:    1,
			Reuse:       ReuseResume,
		},
		Reports: reportsFile{JUnit: on, Markdown: on},
	}
}

// defaultKind is the kind of provider where none is named.
const defaultKind = "openai"

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
	Beta         autoFloat `yaml:"beta"`
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

type reportsFile struct {
	JUnit    string `yaml:"junit"`
	Markdown string `yaml:"markdown"`
}
