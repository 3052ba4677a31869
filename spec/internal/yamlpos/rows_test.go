package yamlpos_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

func TestRowsAreDecodedAsYAMLIs(t *testing.T) {
	doc := yamlpos.NewRows("f.jsonl")
	member := func(name, text string, line, col int) yamlpos.Member {
		return yamlpos.Member{Name: name, JSON: []byte(text), Line: line, Col: col}
	}
	var o outer
	doc.Row("row 1", 7, 1, []yamlpos.Member{
		member("name", `"\u00e9\n\"x\""`, 7, 10), member("count", `-3`, 7, 20), member("flag", `true`, 7, 30), member("ratio", ` 1.5e2`, 7, 40),
		member("inner", `{"text": 10, "items": ["a", 2, true]}`, 7, 50), member("map", `{"<<": "m", "a": "b"}`, 8, 1),
		member("list", "[\n{\"text\": \"c\"},\n {\"wait\": \"1s\"}]", 9, 5),
	}).Into(&o)
	want := outer{
		Name: "é\n\"x\"", Count: -3, Flag: true, Ratio: 150, Inner: inner{Text: "10", Items: []string{"a", "2", "true"}},
		Map: map[string]string{"<<": "m", "a": "b"}, List: []inner{{Text: "c"}, {Wait: 1e9}},
	}
	if problems := doc.Problems(); len(problems) > 0 || !reflect.DeepEqual(o, want) {
		t.Fatalf("%v\ngot  %+v\nwant %+v", problems, o, want)
	}
	for path, pos := range map[string][2]int{"row 1": {7, 1}, "row 1.inner.items[1]": {7, 50 + 28}, "row 1.list[1].wait": {11, 11}} {
		if got := doc.At(path); got.Line != pos[0] || got.Col != pos[1] {
			t.Errorf("%s is at %v, want %v", path, got, pos)
		}
	}

	doc.Row("row 2", 12, 1, []yamlpos.Member{
		member("name", "null", 12, 10), member("cuont", "1", 12, 20), member("count", `"1"`, 12, 30), member("inner", `{"txt": [{"a": 1}]}`, 12, 40), member("map", "[]", 12, 60),
	}).Into(new(outer))
	if !doc.Troubled("row 2.inner") || doc.Troubled("row 1") || doc.Has("row 1.name") {
		t.Error("what is known of one row leaks into another")
	}
	list := doc.Problems()
	list.Sort()
	const problems = `f.jsonl:12:10: row 2.name: want text, found nothing
f.jsonl:12:20: row 2.cuont: unknown key, did you mean "count"?
f.jsonl:12:30: row 2.count: want a whole number, found the text "1"
f.jsonl:12:41: row 2.inner.txt: unknown key, did you mean "text"?
f.jsonl:12:60: row 2.map: want a mapping, found a list`
	if got := list.Error(); got != problems {
		t.Errorf("got\n%s\nwant\n%s", got, problems)
	}
	for _, d := range list {
		if strings.Contains(d.Hint, `put it in quotes`) {
			t.Errorf("a hint about YAML: %s", d.Hint)
		}
	}
}

func TestCellsHaveNoQuotes(t *testing.T) {
	doc := yamlpos.NewRows("f.csv")
	var o outer
	doc.Row("row 1", 2, 1, []yamlpos.Member{
		{Name: "name", JSON: []byte(`"yes"`), Line: 2, Col: 1, Cell: true}, {Name: "flag", JSON: []byte(`"TRUE"`), Line: 2, Col: 5, Cell: true},
		{Name: "count", JSON: []byte(`"12"`), Line: 2, Col: 10, Cell: true}, {Name: "map", JSON: []byte(`{"a":"x","b":["y"]}`), Line: 2, Col: 20, Cell: true},
	}).Into(&o)
	if o.Name != "yes" || !o.Flag || o.Count != 12 || o.Map["a"] != "x" || doc.At("row 1.map.a").Col != 20 {
		t.Errorf("%+v", o)
	}
	if got := doc.Problems().Error(); got != "f.csv:2:20: row 1.map.b: want text, found a list" {
		t.Error(got)
	}
}

func TestRowsAreNotDeep(t *testing.T) {
	doc := yamlpos.NewRows("f.jsonl")
	doc.Row("row 1", 1, 1, []yamlpos.Member{{Name: "list", JSON: []byte(strings.Repeat("[", 100) + strings.Repeat("]", 100)), Line: 1, Col: 1}})
	doc.Report(diag.Diagnostic{Pos: diag.Position{File: "f.jsonl", Line: 2}, Message: "also"})
	if got := doc.Problems().Error(); got != "f.jsonl:1:65: row 1: nested deeper than 64 levels\nf.jsonl:2: also" {
		t.Error(got)
	}
}

func TestJSONKeepsTheOrder(t *testing.T) {
	doc, _ := yamlpos.Parse("f.yaml", []byte("z: {b: 1.50, a: [yes, \"1\", 1, true, null, ~, 'x<y', é]}\na: &a {c: {}}\nm: {<<: *a, d: []}\nbad: {n: 0x10, e: }\n"), yamlpos.Hints{})
	got := map[string]string{}
	for _, e := range doc.Root().Entries() {
		text, ok := e.Value.JSON()
		if ok && !json.Valid(text) {
			t.Errorf("%s is no JSON: %s", e.Key, text)
		}
		got[e.Key] = string(text)
	}
	want := map[string]string{"z": `{"b":1.50,"a":["yes","1",1,true,null,null,"x<y","é"]}`, "a": `{"c":{}}`, "m": `{"d":[],"c":{}}`, "bad": ""}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if list := doc.Problems(); len(list) != 2 || doc.At("z.a[2]").Line != 1 {
		t.Errorf("%v", list)
	}
}

// FuzzRow: any value of JSON is decoded or refused, and means what it means as JSON.
func FuzzRow(f *testing.F) {
	for _, text := range []string{`"a"`, `{"a": [1, {"b": null}], "c": "\ud83d\ude00"}`, `[[[]]]`, `-0.5e-3`, "\n true", `{"a":{"a":1}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		if !jsontext.Value(text).IsValid() || json.Unmarshal([]byte(text), &want) != nil || strings.ContainsRune(text, '\ufffd') || strings.Contains(text, `\u`) {
			return
		}
		doc := yamlpos.NewRows("f")
		value, _ := doc.Row("row 1", 1, 1, []yamlpos.Member{{Name: "v", JSON: []byte(text), Line: 1, Col: 1}}).Lookup("v")
		written, ok := value.JSON()
		if !ok {
			if len(doc.Problems()) == 0 {
				t.Fatalf("refused without a reason: %q", text)
			}
			return
		}
		var got any
		if err := json.Unmarshal(written, &got); err != nil {
			t.Fatalf("%q became %q: %v", text, written, err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%q became %q", text, written)
		}
	})
}
