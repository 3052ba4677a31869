package yamlpos_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

type inner struct {
	Text  string        `yaml:"text"`
	Wait  time.Duration `yaml:"wait"`
	Items []string      `yaml:"items"`
}

type embedded struct {
	Shared string `yaml:"shared"`
}

type outer struct {
	embedded
	Name    string            `yaml:"name,required"`
	Count   int               `yaml:"count"`
	Small   int8              `yaml:"small"`
	Ratio   float64           `yaml:"ratio"`
	Flag    bool              `yaml:"flag"`
	Maybe   *int              `yaml:"maybe"`
	Inner   inner             `yaml:"inner"`
	Pointer *inner            `yaml:"pointer"`
	List    []inner           `yaml:"list"`
	Map     map[string]string `yaml:"map"`
	Form    form              `yaml:"form"`
	NoKey   string
	Hidden  string `yaml:"-"`
}

// A form is a word or a mapping.
type form struct {
	Word string `yaml:"word"`
}

func (f *form) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() == yamlpos.Scalar {
		v.IntoKey(f, "word")
		return
	}
	type mapping form
	v.Into((*mapping)(f))
}

// decode returns what was decoded and the problems, one a line.
func decode(t *testing.T, src string) (outer, *yamlpos.Document, string) {
	t.Helper()
	var o outer
	doc, problems := yamlpos.Parse("f.yaml", []byte(src), yamlpos.Hints{})
	if doc != nil {
		doc.Root().Into(&o)
		problems = doc.Problems()
	}
	problems.Sort()
	return o, doc, problems.Error()
}

func TestDecode(t *testing.T) {
	got, doc, problems := decode(t, `
name: 010
shared: yes
count: -3
ratio: 1.5e2
flag: true
maybe: 0
inner: {text: a, wait: 1m30s, items: [x, 2, null-ish]}
pointer: {text: b}
list:
  - text: c
  - text: |
      d
map: {one: 1, "two": 0x2}
form: hello
`)
	zero := 0
	want := outer{
		embedded: embedded{"yes"},
		Name:     "010", Count: -3, Ratio: 150, Flag: true, Maybe: &zero,
		Inner:   inner{Text: "a", Wait: 90 * time.Second, Items: []string{"x", "2", "null-ish"}},
		Pointer: &inner{Text: "b"},
		List:    []inner{{Text: "c"}, {Text: "d\n"}},
		Map:     map[string]string{"one": "1", "two": "0x2"},
		Form:    form{"hello"},
	}
	if problems != "" || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\ngot  %+v\nwant %+v", problems, got, want)
	}
	for path, line := range map[string]int{
		"": 2, "name": 2, "inner.items[1]": 8, "list[1].text": 12, "map.two": 14, "form": 15,
		"list[7].text": 11, "inner.items[1].x": 8, "nothing": 2,
	} {
		if pos := doc.At(path); pos.Line != line {
			t.Errorf("%q is at %v, want line %d", path, pos, line)
		}
	}
	if !doc.Has("inner.items[1]") || doc.Has("small") {
		t.Error("Has is wrong")
	}
}

func TestProblems(t *testing.T) {
	for src, want := range map[string]string{
		"nam: x\ncount: 1\n":   "f.yaml:1:1: missing key \"name\"\nf.yaml:1:1: nam: unknown key, did you mean \"name\"?",
		"name: x\ntext: y\n":   `f.yaml:2:1: text: unknown key, did you mean "inner.text"?`,
		"name: x\nNoKey: y\n":  `f.yaml:2:1: NoKey: unknown key`,
		"name: x\nHidden: y\n": `f.yaml:2:1: Hidden: unknown key`,
		"name: x\nname: y\n":   "f.yaml:2:1: name: duplicate key, first at line 1",
		"name: x\nlist: [&a {text: a, text: b}, {<<: *a}, *a]\n": `f.yaml:2:21: list[0].text: duplicate key, first at line 2`,
		"name: x\ncount: 08\n":              `f.yaml:2:8: count: want a whole number, found "08"`,
		"name: x\ncount: \"1\"\n":           `f.yaml:2:8: count: want a whole number, found the text "1"`,
		"name: x\nsmall: 128\n":             `f.yaml:2:8: small: want a whole number, found "128"`,
		"name: x\nratio: .inf\n":            `f.yaml:2:8: ratio: want a number, found ".inf"`,
		"name: x\nratio: 0x1p4\n":           `f.yaml:2:8: ratio: want a number, found "0x1p4"`,
		"name: x\nflag: on\n":               `f.yaml:2:7: flag: want true or false, found "on"`,
		"name: x\nmaybe: ~\n":               `f.yaml:2:8: maybe: want a whole number, found nothing`,
		"name: [x]\n":                       `f.yaml:1:7: name: want text, found a list`,
		"name: x\ninner: x\n":               `f.yaml:2:8: inner: want a mapping, found "x"`,
		"name: x\nlist: {}\n":               `f.yaml:2:7: list: want a list, found a mapping`,
		"name: x\nlist:\n- text: [a]\n":     `f.yaml:3:9: list[0].text: want text, found a list`,
		"name: x\nmap: x\n":                 `f.yaml:2:6: map: want a mapping, found "x"`,
		"name: x\nform: {wrd: 1}\n":         `f.yaml:2:8: form.wrd: unknown key, did you mean "word"?`,
		"name: x\nform: [a]\n":              `f.yaml:2:7: form: want a mapping, found a list`,
		"name: x\ninner: {wait: 5}\n":       `f.yaml:2:15: inner.wait: want a duration such as 90s, 30m or 5h, found "5"`,
		"name: x\ninner: {wait: 5 s}\n":     `f.yaml:2:15: inner.wait: want a duration such as 90s, 30m or 5h, found "5 s"`,
		"name: x\ninner: {items: [a, ~]}\n": `f.yaml:2:20: inner.items[1]: want text, found nothing`,
		"name: &a [*a]\n":                   `f.yaml:1:11: alias "*a" stands inside the value that it repeats`,
		"name: !x y\n":                      `f.yaml:1:7: the tag "!x" is not supported`,
		"":                                  "f.yaml: the file is empty",
		"name: x\n---\nname: y\n":           "f.yaml:2:1: a second document begins here",
		"name: x\n<<: x\n":                  `f.yaml:2:5: "<<" merges mappings, found "x"`,
	} {
		if _, _, got := decode(t, src); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", src, got, want)
		}
	}
}

func TestMerge(t *testing.T) {
	got, _, problems := decode(t, `
list:
  - &a {text: a, wait: 1s}
  - &b {text: b, items: [b]}
  - {<<: [*a, *b], wait: 2s}
  - <<: *b
name: x
`)
	want := []inner{
		{Text: "a", Wait: time.Second},
		{Text: "b", Items: []string{"b"}},
		{Text: "a", Wait: 2 * time.Second, Items: []string{"b"}},
		{Text: "b", Items: []string{"b"}},
	}
	if problems != "" || !reflect.DeepEqual(got.List, want) {
		t.Errorf("%s\ngot  %+v\nwant %+v", problems, got.List, want)
	}
}

func TestExpandAndLater(t *testing.T) {
	doc, _ := yamlpos.Parse("f.yaml", []byte("name: &x $x\ncount: $5\nratio: '$0.5'\nlist: [{soon: 1, text: $y}, {text: *x}]\nmap: {a: $z, $k: *x}\n"), yamlpos.Hints{})
	doc.Later = func(path string) bool { return path == "list[].soon" }
	doc.Expand = func(path, text string) (yamlpos.Expansion, bool) {
		rest, ok := strings.CutPrefix(text, "$")
		switch {
		case !ok || path == "map.a":
			return yamlpos.Expansion{}, false
		case rest == "y":
			return yamlpos.Expansion{Problems: []yamlpos.Problem{{Message: "no y"}}}, true
		default:
			return yamlpos.Expansion{Text: rest, Variables: []yamlpos.Variable{{Name: "V", Value: rest}}}, true
		}
	}
	var o outer
	doc.Root().Into(&o)
	const want = "f.yaml:4:9: list[0].soon: not supported by this version\nf.yaml:4:24: list[0].text: no y"
	if got := doc.Problems().Err(); got == nil || got.Error() != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
	if !doc.Troubled("list") || !doc.Troubled("list[0]") || doc.Troubled("map") || doc.Found() != 2 {
		t.Errorf("troubled or found is wrong: %d", doc.Found())
	}
	if o.Name != "x" || o.Count != 5 || o.Ratio != 0.5 || o.List[1].Text != "x" || !reflect.DeepEqual(o.Map, map[string]string{"a": "$z", "$k": "x"}) {
		t.Errorf("got %+v", o)
	}
}

func TestValue(t *testing.T) {
	doc, _ := yamlpos.Parse("f.yaml", []byte("a: [x, 'y', {b: c}, ~]\n<<: {d: e}\n\"k k\": 1\n"), yamlpos.Hints{})
	root := doc.Root()
	var got []string
	for _, e := range root.Entries() {
		got = append(got, e.Key+"="+e.Value.Path()+"="+e.Value.Text())
	}
	if want := []string{"a=a=", `k k="k k"=1`, "d=d=e"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	list, ok := root.Lookup("a")
	if _, none := root.Lookup("z"); !ok || none || list.Pos() != (diag.Position{File: "f.yaml", Line: 1, Col: 4}) {
		t.Errorf("lookup: %v %v", ok, list.Pos())
	}
	got = nil
	for _, v := range list.Items() {
		got = append(got, fmt.Sprint(v.Path(), v.Kind(), v.Quoted(), v.Describe()))
	}
	want := []string{`a[0]1 false"x"`, `a[1]1 truethe text "y"`, `a[2]3 falsea mapping`, `a[3]0 falsenothing`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if list.Entries() != nil || root.Items() != nil || root.Text() != "" {
		t.Error("a form gives away what it has not")
	}
}

func TestProblemLimit(t *testing.T) {
	_, doc, _ := decode(t, "name: x\n"+strings.Repeat("name: y\n", 1500))
	list := doc.Problems()
	if last := list[len(list)-1]; len(list) != 1001 || last.Message != "500 more problems are not listed" || last.Pos.Line != 1502 || doc.Found() != 1500 {
		t.Errorf("%d problems, the last %v", len(list), last)
	}
}

func TestAliases(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'g'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 10), ","))
	}
	if doc, list := yamlpos.Parse("f", []byte(bomb), yamlpos.Hints{}); doc != nil || len(list) != 1 || list[0].Message != "aliases expand to more than 100000 values" {
		t.Errorf("bomb: %v", list)
	}
	tower := "a: &a0 x\n"
	for i := 1; i < 100; i++ {
		tower += fmt.Sprintf("a%d: &a%d [*a%d]\n", i, i, i-1)
	}
	if doc, list := yamlpos.Parse("f", []byte(tower), yamlpos.Hints{}); doc != nil || len(list) != 1 || list[0].Message != "nested deeper than 64 levels" {
		t.Errorf("tower: %v", list)
	}
}

func TestSyntaxErrorsAreLocated(t *testing.T) {
	filler := strings.Repeat("k: [a,\n  b]\n", 50)
	for src, want := range map[string]string{
		filler + "a: [b\nc: d\n":               "f.yaml:101: not valid YAML: did not find expected ',' or ']'",
		filler + "a: 'b\n" + filler:            "f.yaml:101:4: the quote that opens here is never closed",
		filler + "a: {b: c?}\n" + filler:       `f.yaml:101:9: inside […] and {…} a "?" ends a value`,
		filler + "a:\n\tb: c\n" + filler:       "f.yaml:102:1: a tab indents this line",
		filler + "é: \"\\d\"\n" + filler:       `f.yaml:101:5: a "\" inside double quotes begins an escape, and this is none`,
		"a: \"x\\x4\"\n":                       `f.yaml:1:6: a "\" inside double quotes begins an escape, and this one has too few digits`,
		"a: b: c\n":                            `f.yaml:1:5: a ": " inside a value makes it a mapping`,
		"a: x\nb\nc: d\n":                      "f.yaml:2: not valid YAML: could not find expected ':'",
		filler + "a: |x\n" + filler:            `f.yaml:101:4: a value that begins with ">" or "|" is a block of text on the lines below`,
		"a: \"b\" c\n":                         "f.yaml:1:4: there is text after the closing quote",
		strings.Repeat("\r\n", 3) + "a: [\r\n": "f.yaml:4: not valid YAML: did not find expected node content",
	} {
		_, list := yamlpos.Parse("f.yaml", []byte(src), yamlpos.Hints{})
		if got := list.Error(); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", src[max(0, len(src)-40):], got, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	for src, want := range map[string]string{
		"a: b\r\nc: \xff":                       "f.yaml:2:4: the file is not UTF-8 text",
		"\xfe\xff\x00a":                         "f.yaml: the file is encoded in UTF-16",
		strings.Repeat("#", yamlpos.MaxBytes+1): "f.yaml: the file is larger than 8 MiB",
		"a: \x00":                               "f.yaml:1: not valid YAML: control characters are not allowed",
	} {
		doc, list := yamlpos.Parse("f.yaml", []byte(src), yamlpos.Hints{})
		if got := list.Error(); doc != nil || got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestQuoteAndJoin(t *testing.T) {
	if got := yamlpos.Quote(strings.Repeat("é", 61)); got != `"`+strings.Repeat("é", 59)+`…"` {
		t.Error(got)
	}
	if got := yamlpos.Quote("a\x1b\n"); got != `"a\x1b\n"` {
		t.Error(got)
	}
	for key, want := range map[string]string{"a_B-1": "p.a_B-1", "a.b": `p."a.b"`, "": `p.""`, "x\n": `p."x\n"`} {
		if got := yamlpos.Join("p", key); got != want {
			t.Errorf("%q: got %s, want %s", key, got, want)
		}
	}
}

func TestProgrammingErrorsPanic(t *testing.T) {
	doc, _ := yamlpos.Parse("f", []byte("a: 1\n"), yamlpos.Hints{})
	for name, f := range map[string]func(){
		"a type without a form": func() {
			doc.Root().Into(new(struct {
				A chan int `yaml:"a"`
			}))
		},
		"an unknown key": func() { doc.Root().IntoKey(new(form), "wrd") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func FuzzDecode(f *testing.F) {
	for _, src := range []string{
		"name: x\nlist: [{text: a}, {wait: 1s}]\n", "<<: &a {name: x}\ninner: *a\n", "a: &a [*a]\n", "? [a]\n: b\n", "name: !!str 1\n", "- a\n", "\"\\x", "{a: ${b}}",
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		got, doc, problems := decode(t, src)
		if doc == nil && problems == "" {
			t.Fatal("no document and no reason")
		}
		if problems == "" && (!doc.Has("name") || math.IsInf(got.Ratio, 0) || math.IsNaN(got.Ratio)) {
			t.Fatalf("accepted: %+v", got)
		}
	})
}

// TestIndentationIsFast feeds what makes the search for the misplaced key long: deep nesting, and lines that fit nowhere.
func TestIndentationIsFast(t *testing.T) {
	var b strings.Builder
	b.WriteString("a:\n - \"\n " + strings.Repeat("- ", 1<<19) + "\n")
	b.WriteString(strings.Repeat("  x: y\n", 1<<17))
	b.WriteString(" \"\nb: c\n d: e\n")
	start := time.Now()
	_, problems := yamlpos.Parse("f.yaml", []byte(b.String()), yamlpos.Hints{})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, `the key "d" may be indented differently`) {
		t.Errorf("%v", problems)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
