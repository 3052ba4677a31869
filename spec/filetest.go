package spec

import (
	"encoding/json"
	"time"

	"ftrun/spec/internal/yamlpos"
)

// A testForm is a list of cases, or a mapping.
type testForm struct {
	Cases       casesForm      `yaml:"cases,required"`
	Assert      assertionsForm `yaml:"assert"`
	Model       string         `yaml:"model"`
	Provider    *providerForm  `yaml:"provider"`
	Baseline    baselineForm   `yaml:"baseline"`
	Judge       judgeForm      `yaml:"judge"`
	Repeat      repeatForm     `yaml:"repeat"`
	Concurrency int            `yaml:"concurrency"`
	Timeout     time.Duration  `yaml:"timeout"`
	Sampling    samplingFile   `yaml:"sampling"`
	MaxErrors   amountForm     `yaml:"max_errors"`
	MinCases    int            `yaml:"min_cases"`
	Reuse       string         `yaml:"reuse"`
	Tools       []toolForm     `yaml:"tools"`

	RequestsPerMinute int          `yaml:"requests_per_minute"`
	TokensPerMinute   int          `yaml:"tokens_per_minute"`
	ResponseFormat    responseForm `yaml:"response_format"`
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

// A casesForm is a list of cases and files of cases, or only files.
type casesForm struct{ Items []caseItem }

func (f *casesForm) UnmarshalValue(v yamlpos.Value) {
	switch v.Kind() {
	case yamlpos.Mapping:
		var item caseItem
		v.Into(&item.files)
		f.Items = []caseItem{item}
	case yamlpos.Scalar:
		v.Add("want a list of cases or a file of them, found "+v.Describe(), "write a file like {file: "+v.Text()+"}")
	default:
		v.Into(&f.Items)
	}
}

// A caseItem is a case, or files of cases.
type caseItem struct {
	written *caseForm
	files   filesForm
}

func (f *caseItem) UnmarshalValue(v yamlpos.Value) {
	for _, e := range v.Entries() {
		if e.Key == "file" {
			v.Into(&f.files)
			return
		}
	}
	f.written = new(caseForm)
	v.Into(f.written)
}

// A filesForm names files of cases.
type filesForm struct {
	File pathsForm `yaml:"file,required"`
}

// A pathsForm is one path, or a list of them.
type pathsForm []namedFile

// A namedFile is the path of a file, and where it is named.
type namedFile struct{ name, at string }

func (f *pathsForm) UnmarshalValue(v yamlpos.Value) {
	values := []yamlpos.Value{v}
	if v.Kind() == yamlpos.List {
		values = v.Items()
	}
	for _, item := range values {
		var name string
		item.Into(&name)
		*f = append(*f, namedFile{name, item.Path()})
	}
}

// A caseForm is a case as it is written, in the pipeline file or in a file of cases.
type caseForm struct {
	ID           *string           `yaml:"id"`
	Question     *string           `yaml:"question"`
	Messages     []messageForm     `yaml:"messages"`
	Answer       *string           `yaml:"answer"`
	SystemPrompt casePromptForm    `yaml:"system_prompt"`
	Tags         []string          `yaml:"tags"`
	Assert       assertionsForm    `yaml:"assert"`
	MustPass     bool              `yaml:"must_pass"`
	Repeat       repeatForm        `yaml:"repeat"`
	Vars         map[string]string `yaml:"vars"`
	Tools        []toolForm        `yaml:"tools"`

	value yamlpos.Value
}

func (f *caseForm) UnmarshalValue(v yamlpos.Value) {
	f.value = v
	type mapping caseForm
	v.Into((*mapping)(f))
}

// A casePromptForm is a text, or off for none.
type casePromptForm struct{ text *string }

func (f *casePromptForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() == yamlpos.Mapping {
		v.Add("want the text of a prompt, found a mapping", "a file of a prompt is for all cases: system_prompt: {file: …} at the top")
		return
	}
	if v.Kind() == yamlpos.Null {
		v.Add("want the text of a prompt, found nothing", "write off for no system prompt")
		return
	}
	text := ""
	if v.Text() != off {
		v.Into(&text)
	}
	f.text = &text
}

// A repeatForm is how often a case is asked, or a mapping. Times is 0 where nothing is written.
type repeatForm struct {
	Times int `yaml:"times,required"`
	Need  int `yaml:"need"`
}

func (f *repeatForm) UnmarshalValue(v yamlpos.Value) {
	*f = repeatForm{}
	if v.Kind() != yamlpos.Mapping {
		v.Into(&f.Times)
		return
	}
	type mapping repeatForm
	v.Into((*mapping)(f))
}

// A baselineForm is a word, or a mapping.
type baselineForm struct {
	word     string
	mapping  bool
	Model    string        `yaml:"model"`
	Provider *providerForm `yaml:"provider"`
	Results  string        `yaml:"results"`
}

func (f *baselineForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() != yamlpos.Mapping {
		v.Into(&f.word)
		return
	}
	f.mapping = true
	type mapping baselineForm
	v.Into((*mapping)(f))
}

// A judgeForm is a model, or a mapping.
type judgeForm struct {
	Model       string            `yaml:"model,required"`
	Provider    *providerForm     `yaml:"provider"`
	Samples     int               `yaml:"samples"`
	Temperature float64           `yaml:"temperature"`
	AllowSelf   bool              `yaml:"allow_self"`
	Calibration []calibrationForm `yaml:"calibration"`
}

func (f *judgeForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() != yamlpos.Mapping {
		v.Into(&f.Model)
		return
	}
	type mapping judgeForm
	v.Into((*mapping)(f))
}

// A calibrationForm is an answer, and how a judge must decide on it.
type calibrationForm struct {
	Question string            `yaml:"question,required"`
	Answer   *string           `yaml:"answer"`
	Output   string            `yaml:"output,required"`
	Vars     map[string]string `yaml:"vars"`
	Assert   assertionsForm    `yaml:"assert"`
	Expect   string            `yaml:"expect,required"`

	value yamlpos.Value
}

func (f *calibrationForm) UnmarshalValue(v yamlpos.Value) {
	f.value = v
	type mapping calibrationForm
	v.Into((*mapping)(f))
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

// A messageForm is one turn of a conversation.
type messageForm struct {
	Role       string         `yaml:"role,required"`
	Content    contentForm    `yaml:"content"`
	Name       string         `yaml:"name"`
	ToolCalls  []toolCallForm `yaml:"tool_calls"`
	ToolCallID string         `yaml:"tool_call_id"`
}

// A contentForm is a text, or null where an assistant calls a tool.
type contentForm struct{ text *string }

func (f *contentForm) UnmarshalValue(v yamlpos.Value) {
	switch v.Kind() {
	case yamlpos.Null:
	case yamlpos.List:
		v.Add("want text, found a list", "parts such as images are "+notSupported+"; write the text alone")
	default:
		f.text = new(string)
		v.Into(f.text)
	}
}

// A toolCallForm is a call as the API has it.
type toolCallForm struct {
	ID       string       `yaml:"id,required"`
	Type     string       `yaml:"type"`
	Function functionCall `yaml:"function,required"`
}

type functionCall struct {
	Name      string        `yaml:"name,required"`
	Arguments argumentsForm `yaml:"arguments"`
}

// An argumentsForm is an object of JSON, as text or as a mapping.
type argumentsForm string

func (f *argumentsForm) UnmarshalValue(v yamlpos.Value) {
	const want = `want an object, as a mapping or as text such as '{"city": "Paris"}', found `
	text := json.RawMessage(v.Text())
	if v.Kind() == yamlpos.Mapping {
		written, ok := v.JSON()
		if !ok {
			return
		}
		text = written
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		v.Add(want+v.Describe(), "")
		return
	}
	*f = argumentsForm(text)
}
