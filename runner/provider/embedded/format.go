package embedded

import (
	"encoding/json"
	"regexp"
	"strings"
)

// The types of a response format.
const (
	formatText   = "text"
	formatObject = "json_object"
	formatSchema = "json_schema"
)

// A responseFormat is how an answer has to look.
type responseFormat struct {
	Type       string `json:"type"`
	JSONSchema *struct {
		Name   *string         `json:"name"`
		Schema json.RawMessage `json:"schema"`
		Strict *bool           `json:"strict"`
	} `json:"json_schema"`
}

// namePattern is what the service takes as the name of a format or a function.
var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func checkName(param string, name *string) *apiError {
	switch {
	case name == nil:
		return missingParam(param)
	case !namePattern.MatchString(*name):
		e := invalid(param, "Invalid '%s': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$' and has at most 64 characters.", param)
		e.Code = "invalid_value"
		return e
	default:
		return nil
	}
}

// A shape is what a text has to be. The zero value takes any text.
type shape struct {
	kind   string
	schema *jsonSchema // of formatSchema; nil: any JSON object
}

// shapeOf checks a response format, as the service does, and returns what it asks for.
func (req *chatRequest) shapeOf() (shape, error) {
	f := req.ResponseFormat
	if f == nil {
		return shape{}, nil
	}
	switch f.Type {
	case "":
		return shape{}, missingParam("response_format.type")
	case formatText:
		return shape{}, nil
	case formatObject:
		return shape{kind: formatObject}, req.checkSaysJSON()
	case formatSchema:
		return f.shape()
	default:
		e := invalid("response_format.type", "Invalid value: '%s'. Supported values are: 'json_object', 'json_schema', and 'text'.", f.Type)
		e.Code = "invalid_value"
		return shape{}, e
	}
}

// checkSaysJSON refuses the older JSON mode where nothing tells the model to write JSON.
func (req *chatRequest) checkSaysJSON() error {
	for _, m := range req.Messages {
		if strings.Contains(strings.ToLower(m.Content.text), "json") {
			return nil
		}
	}
	return invalid("messages", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
}

func (f *responseFormat) shape() (shape, error) {
	const param = "response_format.json_schema"
	if f.JSONSchema == nil {
		return shape{}, missingParam(param)
	}
	if err := checkName(param+".name", f.JSONSchema.Name); err != nil {
		return shape{}, err
	}
	strict := f.JSONSchema.Strict != nil && *f.JSONSchema.Strict
	if raw := f.JSONSchema.Schema; len(raw) == 0 || string(raw) == "null" {
		if strict {
			return shape{}, missingParam(param + ".schema")
		}
		return shape{kind: formatSchema}, nil
	}
	schema, problem := checkedSchema(f.JSONSchema.Schema, strict, strict)
	if problem != "" {
		return shape{}, invalid("response_format", "Invalid schema for response_format '%s': %s", *f.JSONSchema.Name, problem)
	}
	return shape{kind: formatSchema, schema: schema}, nil
}

// checkedSchema compiles a schema; problem completes "Invalid schema for …: " where the service, or this engine, takes no such schema.
func checkedSchema(raw json.RawMessage, object, strict bool) (schema *jsonSchema, problem string) {
	schema, err := compileSchema(raw)
	if err != nil {
		return nil, err.Error()
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil {
		return nil, err.Error()
	}
	if _, ok := plain.(map[string]any); !ok {
		return nil, "it is no object"
	}
	if object {
		problem = checkRoot(plain)
	}
	if problem == "" && strict {
		problem = checkStrict(plain, nil)
	}
	return schema, problem
}

// accepts says whether a text is what is asked for.
func (s *shape) accepts(text string) bool {
	switch {
	case s.kind == "":
		return true
	case s.schema != nil:
		return looksLikeJSON(text) && s.schema.accepts(text)
	default:
		v, ok := decodeValue(text)
		_, isObject := v.(map[string]any)
		return ok && isObject
	}
}

// looksLikeJSON spares most texts a closer look.
func looksLikeJSON(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	return text != "" && strings.IndexByte(`{["-0123456789tfn`, text[0]) >= 0
}

// standIn is what to say where nothing that was learned is what is asked for: the text itself, or JSON of the shape that holds no answer.
func (s *shape) standIn(text string) (string, error) {
	switch {
	case s.kind == "":
		return text, nil
	case s.schema == nil:
		object, err := json.Marshal(map[string]string{"stand_in": text})
		return string(object), err
	}
	instance, err := s.schema.instanceText()
	if err != nil {
		return "", invalid("response_format", "Invalid schema for response_format: %v.", err)
	}
	return instance, nil
}
