package grade

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

// value reads JSON for a test.
func value(t testing.TB, text string) any {
	t.Helper()
	v, bad := parseJSON(text)
	if bad != nil {
		t.Fatalf("%s: %v", text, bad)
	}
	return v
}

func TestJSON(t *testing.T) {
	of := func(text string) *any { return new(value(t, text)) }
	person := value(t, `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0},
		"born": {"format": "date"}}, "additionalProperties": false}`)
	tests := []struct {
		args   JSON
		output string
		pass   bool
		reason string
	}{
		{JSON{Valid: true}, ` {"a": [1, null]} `, true, `JSON: {"a":[1,null]}`},
		{JSON{Valid: true}, `42`, true, `JSON: 42`},
		{JSON{Valid: true}, `"text"`, true, `JSON: "text"`},
		{JSON{Valid: true}, ``, false, `no JSON in an empty output`},
		{JSON{Valid: true}, `{"a": 1`, false, `the JSON is cut off: it ends before it is closed in "{\"a\": 1"`},
		{JSON{Valid: true}, `{"a": 1} or so`, false, `more text after the JSON: "or so" in "{\"a\": 1} or so"`},
		{JSON{Valid: true}, `{"a": 1, "a": 2}`, false, `a name occurs twice in an object: "a" in "{\"a\": 1, \"a\": 2}"`},
		{JSON{Valid: true}, `{'a': 1}`, false, `not JSON: invalid character '\\'' at start of value in "{'a': 1}"`},
		{JSON{Valid: true}, `1e999`, false, `a number beyond what a float64 holds: "1e999" in "1e999"`},
		{JSON{Valid: true}, "```json\n1\n```", false, "not JSON: invalid character '`' at start of value in \"```json\\n1\\n```\""},

		{JSON{Within: true}, "Here it is:\n```json\n{\"a\": 1}\n```\nand [2].", true, `JSON: {"a":1}`},
		{JSON{Within: true}, "As [1] says:\n```JSON \r\n[2]\r\n```", true, `JSON: [2]`},
		{JSON{Within: true}, "```\n{\"a\": 1}\n```", true, `JSON: {"a":1}`},
		{JSON{Within: true}, "The set {1, 2} is [see below] {\"a\": {}} and {\"b\": 1}", true, `JSON: {"a":{}}`},
		{JSON{Within: true}, `it is {"a": {"b": 1}, oops} or {"c": 1}`, false, `not JSON: invalid character 'o' at start of value in ` +
			`"it is {\"a\": {\"b\": 1}, oops} or {\"c\": 1}"`},
		{JSON{Within: true}, `it is [{"a": 1}, {"b": 2`, false, `the JSON is cut off: it ends before it is closed in "it is [{\"a\": 1}, {\"b\": 2"`},
		{JSON{Within: true}, "```json\n{\"a\": 1\n```\n{}", false, "the JSON is cut off: it ends before it is closed in \"```json\\n{\\\"a\\\": 1\\n```\\n{}\""},
		{JSON{Within: true}, `{"a": 1, "a": {}} {}`, false, `a name occurs twice in an object: "a" in "{\"a\": 1, \"a\": {}} {}"`},
		{JSON{Within: true}, `only words`, false, `no JSON in "only words"`},

		{JSON{Schema: person}, `{"name": "Ada", "age": 36}`, true, `JSON: {"age":36,"name":"Ada"}`},
		{JSON{Schema: person}, `{"name": "Ada", "age": -1}`, false, `does not fit the schema: age: minimum: got -1, want 0`},
		{JSON{Schema: person}, `{"age": 1}`, false, `does not fit the schema: the whole: missing property 'name'`},
		{JSON{Schema: person}, `{"name": "Ada", "born": "never"}`, false, `does not fit the schema: born: 'never' is not valid date: parsing time "never" as "2006-01-02": cannot parse "never" as "2006"`},
		{JSON{Schema: person}, `{"name": "Ada", "z": 1, "y": 1, "x": 1}`, false, `does not fit the schema: the whole: additional properties 'x', 'y', 'z' not allowed`},
		{JSON{Schema: person, Path: "people[1]"}, `{"people": [{}, {"name": "Ada"}]}`, true, `JSON: {"name":"Ada"}`},
		{JSON{Schema: true}, `1`, true, `JSON: 1`},

		{JSON{Path: "items[0].name"}, `{"items": [{"name": null}]}`, true, `JSON: null`},
		{JSON{Path: "items[1].name"}, `{"items": [{}]}`, false, `nothing at items[1].name: items has 1 elements`},
		{JSON{Path: "items.name"}, `{"items": [{}]}`, false, `nothing at items.name: items is no object`},
		{JSON{Path: `["a.b"][0]`}, `{"a.b": {}}`, false, `nothing at ["a.b"][0]: ["a.b"] is no array`},
		{JSON{Path: "a.b"}, `{"a": {"c": 1}}`, false, `nothing at a.b: a has no "b"`},
		{JSON{Path: "[0]"}, `[7]`, true, `JSON: 7`},

		{JSON{Path: "n", Equals: of(`1`)}, `{"n": 1.0}`, true, `equals 1`},
		{JSON{Path: "n", Equals: of(`1`)}, `{"n": "1"}`, false, `"1" is not 1`},
		{JSON{Equals: of(`null`)}, `null`, true, `equals null`},
		{JSON{Equals: of(`null`)}, `false`, false, `false is not null`},
		{JSON{Equals: of(`{"a": 1, "b": [2e1, true]}`)}, `{"b": [20, true], "a": 1}`, true, `equals {"a":1,"b":[2e1,true]}`},
		{JSON{Equals: of(`[1, 2]`)}, `[2, 1]`, false, `[2,1] is not [1,2]`},
		{JSON{Equals: of(`9007199254740993`)}, `9007199254740992`, false, `9007199254740992 is not 9007199254740993`},
		{JSON{Answer: answerEquals}, `{"n": 1}`, true, `equals {"n":1.0}`},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", &tt.args, problems)
			continue
		}
		want := Grade{Pass: tt.pass, Reason: tt.reason}
		if tt.pass {
			want.Score = 1
		}
		for range 3 { // maps have no order, and reasons do
			got, err := tt.args.Grader().Grade(t.Context(), Sample{Output: tt.output, Reference: `{"n": 1.0}`}, Services{})
			if err != nil || got != want {
				t.Errorf("%v of %s:\n got %+v, %v\nwant %+v", &tt.args, tt.output, got, err, want)
			}
		}
	}
}

// TestJSONNegated: no JSON satisfies "not JSON", and nothing that is said about JSON.
func TestJSONNegated(t *testing.T) {
	tests := []struct {
		args   JSON
		output string
		pass   bool // of the negation
	}{
		{JSON{Valid: true}, "words", true},
		{JSON{Valid: true}, "1", false},
		{JSON{Within: true}, "words", true},
		{JSON{Path: "error"}, `{"ok": true}`, true},
		{JSON{Path: "error"}, `{"error": 1}`, false},
		{JSON{Path: "error"}, `words`, false},
		{JSON{Equals: new(any("a"))}, `"b"`, true},
		{JSON{Equals: new(any("a"))}, `b`, false},
		{JSON{Schema: map[string]any{"type": "string"}}, `1`, true},
		{JSON{Schema: map[string]any{"type": "string"}}, `{"a": 1`, false},
	}
	for _, tt := range tests {
		got, err := tt.args.Negated().Grade(t.Context(), Sample{Output: tt.output}, Services{})
		if got = Negate(got); err != nil || got.Pass != tt.pass {
			t.Errorf("not %v of %s: %+v, %v", &tt.args, tt.output, got, err)
		}
	}
}

func TestJSONAnswerThatIsNone(t *testing.T) {
	args := JSON{Answer: answerDiff, PassThreshold: 0.5}
	if got, err := args.Grader().Grade(t.Context(), Sample{Output: "{}", Reference: "words"}, Services{}); err == nil || got.Pass {
		t.Errorf("%+v", got)
	}
	if !args.NeedsReference() || (&JSON{Valid: true}).NeedsReference() {
		t.Error("NeedsReference is wrong")
	}
}

func TestJSONDiff(t *testing.T) {
	tests := []struct {
		a, b string
		want float64
	}{
		{`null`, `null`, 1},
		{`null`, `0`, 0},
		{`true`, `true`, 1},
		{`true`, `false`, 0},
		{`1`, `"1"`, 0},
		{`{}`, `{}`, 1},
		{`[]`, `[]`, 1},
		{`{}`, `[]`, 0},
		{`""`, `""`, 1},
		{`""`, `"abc"`, 0},
		{`"kitten"`, `"sitting"`, 1 - 3./7},
		{`"é"`, `"e"`, 0},
		{`0`, `0`, 1},
		{`0`, `5`, 0},
		{`1`, `3`, 0.5},
		{`-1`, `1`, 0},
		{`1.0`, `1`, 1},
		{`1.7e308`, `-1.7e308`, 0},
		{`1.7e308`, `1.6e308`, 1 - 0.1/3.3},
		{`[1, 2, 3]`, `[1, 2]`, 2. / 3},
		{`[1, 2]`, `[2, 1]`, 2. / 3},
		{`{"a": 1, "b": 2}`, `{"a": 1}`, 0.5},
		{`{"a": null}`, `{}`, 0},
		{`{"a": 1, "b": [1, "x"]}`, `{"a": 1, "b": [1, "y"], "c": 0}`, (1 + 0.5) / 3},
	}
	for _, tt := range tests {
		a, b := value(t, tt.a), value(t, tt.b)
		for _, got := range []float64{JSONDiff(a, b), JSONDiff(b, a)} {
			if math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("%s and %s: %v, want %v", tt.a, tt.b, got, tt.want)
			}
		}
	}
	args := JSON{Diff: new(value(t, `[1, 2, 3]`)), PassThreshold: 2. / 3}
	if got, err := args.Grader().Grade(t.Context(), Sample{Output: `[1, 2]`}, Services{}); err != nil || !got.Pass || got.Score != 2./3 {
		t.Errorf("%+v, %v", got, err)
	}
	args.PassThreshold = 0.7
	if got, _ := args.Grader().Grade(t.Context(), Sample{Output: `[1, 2]`}, Services{}); got.Pass || got.Reason != "diff is 0.666, below 0.7" {
		t.Errorf("%+v", got)
	}
	if many := strings.Repeat(`0.1,`, 9) + `0.1`; JSONDiff(value(t, "["+many+"]"), value(t, "["+many+"]")) != 1 {
		t.Error("equal values differ")
	}
}

func TestParsePath(t *testing.T) {
	for text, back := range map[string]string{
		"a": "", "a.b": "", "a[0]": "", "[0][1].b": "", `["a.b"]`: "", `a["x y"].b`: "a.x y.b", `[""]`: "", "größe": "", `a["é\"]"]`: "",
	} {
		path, err := parsePath(text)
		if back == "" {
			back = text
		}
		if err != nil || path.String() != back {
			t.Errorf("%s: %s, %v", text, path, err)
		}
	}
	for _, text := range []string{"", " ", "$.a", "/a", ".a", "a.", "a..b", "a[", "a[]", "a[-1]", "a[+1]", "a[x]", `a["b]`, `a["b"`, "a]", `a"b`, "[0]a", "a[99999999999999999999]"} {
		if path, err := parsePath(text); err == nil {
			t.Errorf("%s: %v", text, path)
		}
	}
}

// TestSchemaIsNeverFetched has schemas that refer to every kind of elsewhere.
func TestSchemaIsNeverFetched(t *testing.T) {
	for _, ref := range []string{"https://example.com/a.json", "http://169.254.169.254/", "file:///etc/passwd", "other.json", "//host/a", "urn:x:y"} {
		for _, schema := range []map[string]any{
			{"$ref": ref}, {"$schema": ref}, {"properties": map[string]any{"a": map[string]any{"$ref": ref}}},
		} {
			if problems := (&JSON{Schema: schema}).Check(); len(problems) != 1 || !strings.HasPrefix(problems[0].Key, "schema") {
				t.Errorf("%v: %v", schema, problems)
			}
		}
	}
	inside := value(t, `{"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}}`)
	if problems := (&JSON{Schema: inside}).Check(); problems != nil {
		t.Errorf("a reference inside the schema: %v", problems)
	}
}

// TestJSONOnHostileText bounds time and depth.
func TestJSONOnHostileText(t *testing.T) {
	const size = 1 << 19
	long := strings.Repeat("x", size)
	texts := map[string]string{
		"deep arrays":   strings.Repeat("[", size),
		"deep objects":  strings.Repeat(`{"a":`, size/5),
		"closed":        strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"many":          "[" + strings.Repeat("[],", size/3) + "[]]",
		"unclosed":      "[" + strings.Repeat("[],", size/3),
		"starts":        strings.Repeat("{x [y ", size/6),
		"begun":         strings.Repeat(`{"a" `, size/5),
		"strings":       `["` + strings.Repeat(`["`, size/2),
		"fences":        strings.Repeat("```json\n", size/8),
		"ticks":         strings.Repeat("`", size),
		"names":         `{` + strings.Repeat(`"a":1,`, size/6) + `"a":1}`,
		"huge number":   strings.Repeat("9", size),
		"huge exponent": `[1e999999999, 1e-999999999]`,
		"tiny":          `[1e-999999999, 0e999999999]`,
		"long string":   `["` + long + `"]`,
		"invalid utf-8": "[\"\xff\"]",
	}
	multiples := value(t, `{"items": {"multipleOf": 3, "maximum": 5}, "uniqueItems": true}`)
	for name, text := range texts {
		start := time.Now()
		for _, args := range []*JSON{
			{Valid: true}, {Within: true}, {Within: true, Schema: multiples}, {Within: true, Path: "[0][0]", Equals: new(any(json.Number("1")))},
			{Within: true, Diff: new(any([]any{strings.Repeat("y", 10_000)})), PassThreshold: 0.5},
		} {
			g, err := args.Grader().Grade(t.Context(), Sample{Output: text}, Services{})
			if err != nil || g.Score < 0 || g.Score > 1 || math.IsNaN(g.Score) {
				t.Errorf("%s: %+v, %v", name, g, err)
			}
			if len(g.Reason) > 2000 {
				t.Errorf("%s: a reason of %d bytes", name, len(g.Reason))
			}
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("```json\n{\"a\": [1, 2.5e3, null]}\n```", `{"a": [1]}`)
	f.Add(`it is {"a": "\ud800", "b": 1e400}`, `[true, "x", -0]`)
	f.Add("[[[[{}]]]]", "0")
	f.Fuzz(func(t *testing.T, output, expected string) {
		want, bad := parseJSON(expected)
		if bad != nil {
			want = nil
		}
		got, bad := parseJSON(output)
		if bad == nil && !json.Valid([]byte(output)) {
			t.Errorf("%q is taken for JSON", output)
		}
		if found, bad := findJSON(output); bad == nil && !json.Valid([]byte(output)) {
			switch found.(type) {
			case map[string]any, []any:
			default:
				if _, fenced := fencedJSON(output); !fenced {
					t.Errorf("found %v in %q", found, output)
				}
			}
		}
		if bad == nil {
			score, back := JSONDiff(got, want), JSONDiff(want, got)
			if math.IsNaN(score) || score < 0 || score > 1 || math.Abs(score-back) > 1e-9 {
				t.Errorf("diff %v and %v", score, back)
			}
			if !equalJSON(got, got) || JSONDiff(got, got) != 1 || !includesJSON(got, got) {
				t.Errorf("%q does not equal itself", output)
			}
			if equalJSON(got, want) != equalJSON(want, got) || equalJSON(got, want) && score != 1 {
				t.Errorf("%q and %q: equal %v, diff %v", output, expected, equalJSON(got, want), score)
			}
		}
		for _, args := range []*JSON{{Within: true, Equals: &want}, {Diff: &want, PassThreshold: 0.5}, {Path: output, Valid: true}} {
			if args.Check() != nil {
				continue
			}
			g, err := args.Grader().Grade(t.Context(), Sample{Output: output}, Services{})
			if err != nil || math.IsNaN(g.Score) || g.Score < 0 || g.Score > 1 {
				t.Errorf("%+v, %v", g, err)
			}
		}
	})
}
