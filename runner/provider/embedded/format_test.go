package embedded

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// inShape asks for a response format.
func inShape(model, question, schema string, strict bool) fields {
	return fields{
		"model": model, "messages": []fields{{"role": "user", "content": question}},
		"response_format": fields{"type": "json_schema", "json_schema": fields{"name": "verdict", "strict": strict, "schema": json.RawMessage(schema)}},
	}
}

const verdictSchema = `{"type":"object","properties":{"verdict":{"type":"string","enum":["right","wrong"]},"score":{"type":"number","minimum":0.5,"maximum":1}},"required":["verdict","score"],"additionalProperties":false}`

// TestSchemaChoosesReplies: of what the model has learned, the best reply that fits is given, and a stand-in where none does.
func TestSchemaChoosesReplies(t *testing.T) {
	c := serve(t, Options{})
	turns := squares(10)
	for i, reply := range []string{`{"verdict":"right","score":1}`, `{"verdict":"wrong","score":0.5}`, `{"verdict":"maybe","score":1}`, `{"verdict":"right"}`, `verdict: right`, ` {"verdict" : "wrong", "score": 0.75}`} {
		turns = append(turns, ask(fmt.Sprintf("Judge answer %c of the pupil", 'A'+i), reply))
	}
	model := *c.tune(turns, nil).FineTunedModel
	const standIn = `{"score":0.5,"verdict":"right"}`
	for question, want := range map[string]string{
		"Judge answer A of the pupil": `{"verdict":"right","score":1}`,
		"Judge answer B of the pupil": `{"verdict":"wrong","score":0.5}`,
		"Judge answer F of the pupil": ` {"verdict" : "wrong", "score": 0.75}`,
		"Guten Tag":                   standIn,
	} {
		for _, stream := range []bool{false, true} {
			body := inShape(model, question, verdictSchema, true)
			body["stream"] = stream
			if got, end := c.said(body); got != want || end != "stop" {
				t.Errorf("%s, stream %v: %q, ended with %s, want %q", question, stream, got, end, want)
			}
		}
	}
	for _, question := range []string{"Judge answer C of the pupil", "Judge answer D of the pupil", "What is the square of 5?"} {
		got, _ := c.said(inShape(model, question, verdictSchema, true))
		var v struct {
			Verdict string
			Score   float64
		}
		if err := json.Unmarshal([]byte(got), &v); err != nil || v.Verdict != "right" && v.Verdict != "wrong" || v.Score < 0.5 {
			t.Errorf("%s: %q", question, got)
		}
	}
	if got, _ := c.said(inShape("untrained", "hi", verdictSchema, true)); got != standIn {
		t.Errorf("an untrained model says %q", got)
	}
	if got, _ := c.said(inShape(model, "hi", `{"type":"object","properties":{"other":{"type":"string"}},"required":["other"]}`, false)); got != `{"other":"`+standInText+`"}` {
		t.Errorf("where no reply fits: %q", got)
	}
}

func TestJSONMode(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(append(squares(10), ask("Give me an object, please", `{"a":1}`), ask("Give me a list, please", `[1]`)), nil).FineTunedModel
	for question, want := range map[string]string{
		"Give me an object, please, as JSON": `{"a":1}`,
		"Give me a list, please, as JSON":    `{"a":1}`,
	} {
		got, _ := c.said(fields{"model": model, "messages": []fields{{"role": "user", "content": question}}, "response_format": fields{"type": "json_object"}})
		if got != want {
			t.Errorf("%s: %q", question, got)
		}
	}
	got, _ := c.said(fields{"model": "m", "messages": []fields{{"role": "user", "content": "json"}}, "response_format": fields{"type": "json_object"}})
	var object map[string]string
	if err := json.Unmarshal([]byte(got), &object); err != nil || object["stand_in"] != untrainedReply {
		t.Errorf("an untrained model says %q, %v", got, err)
	}
	got, _ = c.said(fields{"model": "m", "messages": []fields{{"role": "user", "content": "hi"}}, "response_format": fields{"type": "json_schema", "json_schema": fields{"name": "n"}}})
	if json.Unmarshal([]byte(got), &object) != nil {
		t.Errorf("without a schema: %q", got)
	}
	if got, _ := c.said(fields{"model": "m", "messages": []fields{{"role": "user", "content": "hi"}}, "response_format": fields{"type": "text"}}); got != untrainedReply {
		t.Errorf("as text: %q", got)
	}
}

// TestFormatAndTools: an answer may call a tool instead; where it says something, that has the format.
func TestFormatAndTools(t *testing.T) {
	c := serve(t, Options{})
	model := callingModel(c)
	body := inShape(model, "Tell me the weather in Oslo", verdictSchema, true)
	body["tools"] = []fields{functionTool("weather", nil)}
	if got, end := c.said(body); got != `weather {"city":"Oslo"}` || end != "tool_calls" {
		t.Errorf("%q, ended with %s", got, end)
	}
	body["tool_choice"] = "none"
	if got, _ := c.said(body); got != `{"score":0.5,"verdict":"right"}` {
		t.Errorf("without a call: %q", got)
	}
}

func TestFormatRefusals(t *testing.T) {
	c := serve(t, Options{})
	user := []fields{{"role": "user", "content": "hi"}}
	ask := func(format any) answer {
		return c.do("POST", "/v1/chat/completions", fields{"model": "m", "messages": user, "response_format": format})
	}
	schema := func(text string, strict bool) fields {
		return inShape("m", "hi", text, strict)["response_format"].(fields)
	}
	deep := strings.Repeat(`{"type":"array","items":`, maxSchemaDepth+1) + `{}` + strings.Repeat("}", maxSchemaDepth+1)
	for _, test := range []struct {
		format     any
		code, text string
	}{
		{fields{}, "missing_required_parameter", "'response_format.type'"},
		{"json", "", "'response_format'"},
		{fields{"type": "xml"}, "invalid_value", "Supported values are: 'json_object', 'json_schema', and 'text'"},
		{fields{"type": "json_object"}, "", "must contain the word 'json'"},
		{fields{"type": "json_schema"}, "missing_required_parameter", "'response_format.json_schema'"},
		{fields{"type": "json_schema", "json_schema": fields{}}, "missing_required_parameter", "json_schema.name'"},
		{fields{"type": "json_schema", "json_schema": fields{"name": "a b"}}, "invalid_value", "does not match pattern"},
		{fields{"type": "json_schema", "json_schema": fields{"name": "n", "strict": true}}, "missing_required_parameter", "json_schema.schema'"},
		{schema(`[]`, false), "", "Invalid schema for response_format 'verdict'"},
		{schema(`true`, false), "", "it is no object"},
		{schema(`{"type":"array","items":{}}`, true), "", `schema must be a JSON Schema of 'type: "object"', got 'type: "array"'.`},
		{schema(`{"type":"object","properties":{}}`, true), "", "In context=(), 'additionalProperties' is required to be supplied and to be false."},
		{schema(`{"type":"object","properties":{"b":{},"a":{}},"required":["b"],"additionalProperties":false}`, true), "", "including every key in properties. Missing 'a'."},
		{schema(`{"type":"object","properties":{},"required":["b"],"additionalProperties":false}`, true), "", "Extra required key 'b' supplied."},
		{schema(`{"type":"object","properties":{"b":{"type":"object"}},"required":["b"],"additionalProperties":false}`, true), "", "In context=('properties', 'b'), 'additionalProperties'"},
		{schema(`{"type":"object","properties":{"b":{"type":"array","items":{"oneOf":[{}]}}},"required":["b"],"additionalProperties":false}`, true), "", "In context=('properties', 'b', 'items'), 'oneOf' is not permitted."},
		{schema(`{"type":"object","properties":{"b":{"anyOf":[{"type":"null"},{"properties":{}}]}},"required":["b"],"additionalProperties":false}`, true), "", "In context=('properties', 'b', 'anyOf', '1'), 'additionalProperties'"},
		{schema(`{"type":"object","properties":{},"$defs":{"x":{"if":{}}},"additionalProperties":false}`, true), "", "In context=('$defs', 'x'), 'if' is not permitted."},
		{schema(`{"type":"thing"}`, false), "", "Invalid schema for response_format 'verdict'"},
		{schema(`{"$ref":"http://example.com/schema.json"}`, false), "", "refers to another document"},
		{schema(`{"$ref":"file:///etc/passwd"}`, false), "", "refers to another document"},
		{schema(`{"$ref":"other.json"}`, false), "", "refers to another document"},
		{schema(`{"$schema":"http://example.com/schema"}`, false), "", "refers to another document"},
		{schema(`{"$ref":"#/$defs/none"}`, false), "", "Invalid schema"},
		{schema(`{"$ref":"#"}`, false), "", "refers to itself without an end"},
		{schema(`{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#"}]}}}`, false), "", "refers to itself without an end"},
		{schema(deep, false), "", "nested more than 100 deep"},
		{schema(`{"enum":["`+strings.Repeat("x", maxSchema)+`"]}`, false), "", "longer than 262144 bytes"},
		{schema(`{"minimum":1e999999999}`, false), "", "can't be read"},
		{schema(`{"pattern":"("}`, false), "", "Invalid schema"},
		{schema(`{"pattern":"^(?!a)"}`, false), "", "Invalid schema"},
		{schema(`{"type":"string","enum":[1]}`, false), "", "finds no value that fits it"},
		{schema(`{"not":{}}`, false), "", "finds no value that fits it"},
		{schema(`{"type":"object","properties":{"a":false},"required":["a"]}`, false), "", "finds no value that fits it"},
		{schema(`{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`, false), "", "finds no value that fits it"},
		{schema(`{"type":"array","minItems":1000000000}`, false), "", "finds no value that fits it"},
	} {
		t.Run(fmt.Sprintf("%.60v", test.format), func(t *testing.T) { ask(test.format).wants(400, test.code, test.text) })
	}
}

// TestInstances: what is built for a schema is small, fits it, and is the same every time.
func TestInstances(t *testing.T) {
	text := fmt.Sprintf("%q", standInText)
	for schema, want := range map[string]string{
		`{}`:                                                       text,
		`{"type":"object"}`:                                        `{}`,
		`{"type":["null","boolean"]}`:                              `false`,
		`{"type":"null"}`:                                          `null`,
		`{"const":{"a":[1,2.50]}}`:                                 `{"a":[1,2.50]}`,
		`{"enum":["b","a"]}`:                                       `"b"`,
		`{"type":"integer","enum":["b",3]}`:                        `3`,
		`{"type":"integer"}`:                                       `0`,
		`{"type":"integer","minimum":-3}`:                          `-3`,
		`{"type":"integer","minimum":1.5}`:                         `2`,
		`{"type":"integer","exclusiveMinimum":2}`:                  `3`,
		`{"type":"integer","maximum":-2}`:                          `-2`,
		`{"type":"integer","exclusiveMaximum":0}`:                  `-1`,
		`{"type":"number","exclusiveMinimum":0,"maximum":1}`:       `0.5`,
		`{"type":"number","minimum":0.25}`:                         `0.25`,
		`{"type":"number","exclusiveMaximum":-0.5}`:                `-1.5`,
		`{"type":"number","minimum":1,"multipleOf":0.4}`:           `1.2`,
		`{"minimum":7}`:                                            `7`,
		`{"type":"string","maxLength":5}`:                          `"ftrun"`,
		`{"type":"string","minLength":40}`:                         `"` + standInText + `......"`,
		`{"type":"string","pattern":"^[A-Z]{2}-\\d+(x|y)?$"}`:      `"AA-0"`,
		`{"type":"string","pattern":"stand"}`:                      text,
		`{"type":"string","format":"date"}`:                        `"2000-01-01"`,
		`{"type":"string","format":"uuid"}`:                        `"00000000-0000-4000-8000-000000000001"`,
		`{"type":"string","format":"email"}`:                       `"stand-in-1@example.com"`,
		`{"type":"array"}`:                                         `[]`,
		`{"type":"array","minItems":2,"items":{"type":"boolean"}}`: `[false,true]`,
		`{"type":"array","minItems":3,"uniqueItems":true,"items":{"enum":[5,6,7]}}`:                                                                                                                        `[5,6,7]`,
		`{"type":"array","minItems":2,"uniqueItems":true,"items":{"type":"integer","minimum":1}}`:                                                                                                          `[1,2]`,
		`{"type":"array","prefixItems":[{"const":1}],"minItems":2,"items":{"const":2}}`:                                                                                                                    `[1,2]`,
		`{"type":"array","contains":{"const":4}}`:                                                                                                                                                          `[4]`,
		`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"const":1},{"const":2}],"minItems":2}`:                                                                                             `[1,2]`,
		`{"required":["b","a"],"properties":{"a":{"type":"integer"},"b":{"type":"null"},"c":{}}}`:                                                                                                          `{"a":0,"b":null}`,
		`{"type":"object","minProperties":2,"properties":{"z":{"const":1}},"additionalProperties":{"const":2}}`:                                                                                            `{"stand_in_2":2,"z":1}`,
		`{"type":"object","required":["x1"],"patternProperties":{"^x":{"const":1}}}`:                                                                                                                       `{"x1":1}`,
		`{"anyOf":[{"type":"string","enum":[]},{"type":"boolean"}]}`:                                                                                                                                       `false`,
		`{"oneOf":[{"const":1},{"const":2}]}`:                                                                                                                                                              `1`,
		`{"allOf":[{"type":"integer"},{"minimum":4}],"maximum":9}`:                                                                                                                                         `4`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/b"}}},"b":{"minimum":3}}}`:                                                                  `{"n":3}`,
		`{"type":"object","required":["next"],"properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}}`:                                                                                             `{"next":null}`,
		`{"type":"object","required":["a","b"],"properties":{"a":{"anyOf":[{"$ref":"#"},{"type":"null"}]},"b":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}}`:                                                  `{"a":null,"b":null}`,
		`{"$dynamicAnchor":"node","type":"object","required":["kids"],"properties":{"kids":{"type":"array","items":{"$dynamicRef":"#node"}}}}`:                                                             `{"kids":[]}`,
		`{"type":"object","required":["kind","size"],"anyOf":[{"properties":{"kind":{"const":"a"},"size":{"minimum":5}}},{"properties":{"kind":{"const":"b"}}}],"properties":{"size":{"type":"integer"}}}`: `{"kind":"a","size":5}`,
	} {
		s, err := compileSchema(json.RawMessage(schema))
		if err != nil {
			t.Errorf("%s: %v", schema, err)
			continue
		}
		for range 2 {
			if got, err := s.instanceText(); err != nil || got != want || !s.accepts(got) {
				t.Errorf("%s: %s, %v, want %s", schema, got, err, want)
			}
		}
	}
}

// TestHostileSchemas: what would look at a value again and again is found out beforehand, and nothing of it is held to such a schema.
func TestHostileSchemas(t *testing.T) {
	var doubling strings.Builder // each level looks at the same value twice
	doubling.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for i := range 60 {
		fmt.Fprintf(&doubling, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	doubling.WriteString(`"d60":{"type":"boolean"}}}`)
	branching := `{"anyOf":[` + strings.Repeat(`{"properties":{"a":{"$ref":"#"}}},`, 9) + `{"properties":{"a":{"$ref":"#"}}}]}`
	nested := strings.Repeat(`{"a":`, 40) + `false` + strings.Repeat("}", 40)
	for name, test := range map[string]struct{ schema, value string }{
		"doubling":  {doubling.String(), "false"},
		"branching": {branching, nested},
	} {
		s, err := compileSchema(json.RawMessage(test.schema))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.accepts(test.value) {
			t.Errorf("%s: a value is held to it", name)
		}
	}
	s, err := compileSchema(json.RawMessage(branching))
	if err != nil || !s.accepts(`{"a":{"a":false}}`) {
		t.Errorf("a small value is not held to a schema with branches, %v", err)
	}
	if before := s.spent; before == 0 {
		t.Error("a look costs nothing")
	}
	s.spent = maxAllLooks // the request has had its share
	if s.accepts(`{"a":{"a":false}}`) {
		t.Error("a request goes on for ever")
	}
}

// Whatever the schema, it is refused, or a value is found that fits it, or none is; nothing else happens, and not for long.
func FuzzSchema(f *testing.F) {
	f.Add(verdictSchema, `{"verdict":"right","score":1}`)
	f.Add(`{"anyOf":[{"$ref":"#/$defs/a"},{"type":"array","contains":{"not":{"const":1}},"uniqueItems":true,"minItems":3}],"$defs":{"a":{"pattern":"^(a|b)+$","minLength":9}}}`, `["a"]`)
	f.Add(`{"if":{"required":["a"]},"then":{"minProperties":3},"dependentSchemas":{"a":{"$dynamicRef":"#"}},"patternProperties":{"a.*":{"multipleOf":0.3}}}`, `{"a":1e-9}`)
	f.Add(`{"type":"object","unevaluatedProperties":false,"propertyNames":{"format":"uuid"},"minProperties":2}`, `{}`)
	f.Fuzz(func(t *testing.T, schema, value string) {
		s, err := compileSchema(json.RawMessage(schema))
		if err != nil {
			return
		}
		s.accepts(value)
		text, err := s.instanceText()
		if err == nil && !s.accepts(text) {
			t.Errorf("%s does not fit", text)
		}
		var plain any
		if json.Unmarshal([]byte(schema), &plain) == nil {
			checkStrict(plain, nil)
		}
	})
}

func BenchmarkSchema(b *testing.B) {
	for b.Loop() {
		s, err := compileSchema(json.RawMessage(verdictSchema))
		if err != nil || !s.accepts(`{"verdict":"right","score":1}`) {
			b.Fatal(err)
		}
	}
}
