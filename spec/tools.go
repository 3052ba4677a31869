package spec

import (
	"encoding/json"
	"fmt"
	"regexp"

	"ftrun/runner/provider"
	"ftrun/spec/internal/yamlpos"
)

// functionPattern is what the API takes for the name of a function and of a schema.
var functionPattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

const functionLetters = "1 to 64 of A-Z, a-z, 0-9, _ and -"

// A toolForm is a tool object as the API has it: {type: function, function: {name, …}}. What else is in it is for the service to judge.
type toolForm struct {
	name string
	at   string // path of the name
	raw  json.RawMessage
}

func (f *toolForm) UnmarshalValue(v yamlpos.Value) {
	const like = "write it like {type: function, function: {name: …, parameters: …}}"
	raw, ok := v.JSON()
	if !ok {
		return
	}
	kind, function := entry(v, "type"), entry(v, "function")
	switch {
	case v.Kind() != yamlpos.Mapping:
		v.Add("want a tool, found "+v.Describe(), like)
	case kind == nil && entry(v, "name") != nil:
		v.Add(`want a tool with type and function, found a function alone`, like)
	case kind == nil:
		v.Add(`missing key "type"`, like)
	case kind.Text() != "function":
		kind.Add("want function, found "+kind.Describe(), "other tools are run by a service, which nothing here can grade")
	case function == nil || function.Kind() != yamlpos.Mapping:
		v.Add("a tool without its function", like)
	default:
		f.raw = raw
		f.decodeFunction(*function)
	}
}

func (f *toolForm) decodeFunction(v yamlpos.Value) {
	name, parameters := entry(v, "name"), entry(v, "parameters")
	switch {
	case name == nil:
		v.Add(`missing key "name"`, "name the function as the model is to call it")
	case !functionPattern.MatchString(name.Text()):
		name.Add(fmt.Sprintf("want a name of %s, found %s", functionLetters, name.Describe()), "")
	default:
		f.name, f.at = name.Text(), name.Path()
	}
	if parameters != nil && parameters.Kind() != yamlpos.Mapping {
		parameters.Add("want a JSON Schema, found "+parameters.Describe(), "write it like {type: object, properties: {…}}")
	}
}

// entry returns a key's value, or nil.
func entry(v yamlpos.Value, key string) *yamlpos.Value {
	for _, e := range v.Entries() {
		if e.Key == key {
			return &e.Value
		}
	}
	return nil
}

// toolsOf returns the tool objects of a case, those of all cases first, and wants every function once.
func (c inspector) toolsOf(shared, own []toolForm) []json.RawMessage {
	var all []json.RawMessage
	seen := map[string]bool{}
	for i, list := range [][]toolForm{shared, own} {
		for _, t := range list {
			if t.raw == nil {
				continue
			}
			all = append(all, t.raw)
			if t.name != "" && seen[t.name] && i == 1 {
				c.Add(t.at, fmt.Sprintf("a second function %s", yamlpos.Quote(t.name)), "the tools of a case are those of test.tools and its own")
			}
			seen[t.name] = true
		}
	}
	return all
}

// checkTools wants every function of test.tools once.
func (c *checker) checkTools() {
	if c.Has("test.tools") && len(c.file.Test.Tools) == 0 && c.sound("test.tools") {
		c.Addf("test.tools", "an empty list; leave the key out")
	}
	c.toolsOf(nil, c.file.Test.Tools)
}

// A responseForm binds answers to a schema, as the API has it: {type: json_schema, json_schema: {name, schema}}.
type responseForm struct {
	Type   string     `yaml:"type,required"`
	Schema schemaFile `yaml:"json_schema"`
}

type schemaFile struct {
	Name   string     `yaml:"name,required"`
	Schema schemaForm `yaml:"schema,required"`
	Strict bool       `yaml:"strict"`
}

// A schemaForm is a JSON Schema.
type schemaForm struct{ raw json.RawMessage }

func (f *schemaForm) UnmarshalValue(v yamlpos.Value) {
	raw, ok := v.JSON()
	if !ok {
		return
	}
	kind := entry(v, "type")
	switch {
	case v.Kind() != yamlpos.Mapping:
		v.Want("a mapping, a JSON Schema")
	case kind == nil || kind.Text() != "object":
		v.Add("want a schema of an object", "begin it with type: object; the API binds answers to objects only")
	default:
		f.raw = raw
	}
}

// responseFormat returns what answers are bound to, or nil.
func (c *checker) responseFormat() *provider.ResponseFormat {
	const at = "test.response_format"
	f := c.file.Test.ResponseFormat
	if !c.Has(at) {
		return nil
	}
	if c.sound(at+".type") && f.Type != "json_schema" {
		c.Add(at+".type", fmt.Sprintf("want json_schema, found %s", yamlpos.Quote(f.Type)), "text is the default, and json_object says nothing that could be checked")
		return nil
	}
	if !c.Has(at+".json_schema") && !c.Troubled(at) {
		c.Add(at, `missing key "json_schema"`, "write it like {type: json_schema, json_schema: {name: …, schema: …}}")
	}
	if c.sound(at+".json_schema.name") && !functionPattern.MatchString(f.Schema.Name) {
		c.Addf(at+".json_schema.name", "want a name of %s, found %s", functionLetters, yamlpos.Quote(f.Schema.Name))
	}
	if c.sound(at+".json_schema.strict") && !f.Schema.Strict {
		c.Add(at+".json_schema.strict", "answers are always bound strictly", "leave the key out, or write strict: true")
	}
	return &provider.ResponseFormat{Name: f.Schema.Name, Schema: f.Schema.Schema.raw}
}
