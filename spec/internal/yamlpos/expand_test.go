package yamlpos_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"ftrun/spec/internal/yamlpos"
)

// TestNoProblemShowsAVariable has what is written instead of what a variable holds, and keeps the words of ours.
func TestNoProblemShowsAVariable(t *testing.T) {
	long := strings.Repeat("long ", 20)
	for value, problems := range map[string]map[string]string{
		"4711":    {`want 1 to 50, found 4711`: `want 1 to 50, found "${V}"`, `there is no file "a/4711/b"`: `there is no file "a/${V}/b"`},
		"-5s":     {`want more than 0, found -5s`: `want more than 0, found "${V}"`},
		"4.50":    {`want 0 to 2, found 4.5`: `want 0 to 2, found "${V}"`},
		"bearerr": {`want a, found "bearerr"; did you mean "bearer"?`: `want a, found "${V}"; did you mean "bearer"?`},
		"x >= 1":  {`unknown metric "x", did you mean "f1"?`: `unknown metric "${V}", did you mean "f1"?`},
		"a\nb":    {`want one line, found "a\nb"`: `want one line, found "${V}"`},
		"a":       {`want a mapping, found "a"`: `want a mapping, found "${V}"`},
		long:      {"there is no " + yamlpos.Quote(long): `there is no "${V}"`, "there is no " + yamlpos.Quote("folder/"+long): `there is no "folder/${V}…"`},
	} {
		for message, want := range problems {
			doc, _ := yamlpos.Parse("f.yaml", []byte("name: ${V}\n"), yamlpos.Hints{})
			doc.Expand = func(string, string) (yamlpos.Expansion, bool) {
				return yamlpos.Expansion{Text: value, Variables: []yamlpos.Variable{{Name: "V", Value: value}}}, true
			}
			var o outer
			doc.Root().Into(&o)
			doc.Add("name", message, message)
			if got := doc.Problems()[0]; got.Message != want || got.Hint != want {
				t.Errorf("got  %s\nwant %s", got.Message, want)
			}
		}
	}
}

func TestDecodeAny(t *testing.T) {
	type file struct {
		Body map[string]any `yaml:"body"`
	}
	doc, _ := yamlpos.Parse("f.yaml", []byte(`
body:
  whole: 9007199254740993
  number: -1.50e3
  yes: true
  no: False
  word: yes
  nothing: null
  tilde: ~
  quoted: "1"
  tagged: !!str 1
  date: 2024-01-01
  time: 12:30
  list: [1, [a], {b: 2}]
  empty: {none: [], at: {}}
`), yamlpos.Hints{})
	var f file
	doc.Root().Into(&f)
	want := map[string]any{
		"whole": json.Number("9007199254740993"), "number": json.Number("-1.50e3"), "yes": true, "no": false, "word": "yes",
		"nothing": nil, "tilde": nil, "quoted": "1", "tagged": "1", "date": "2024-01-01", "time": "12:30",
		"list":  []any{json.Number("1"), []any{"a"}, map[string]any{"b": json.Number("2")}},
		"empty": map[string]any{"none": []any{}, "at": map[string]any{}},
	}
	if problems := doc.Problems(); len(problems) > 0 || !reflect.DeepEqual(f.Body, want) {
		t.Errorf("%v\ngot  %#v\nwant %#v", problems, f.Body, want)
	}
	if !doc.Has("body.list[2].b") || doc.At("body.list[2].b").Line != 14 {
		t.Errorf("position %v", doc.At("body.list[2].b"))
	}
}
