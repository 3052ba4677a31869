package grade

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// textGraders are one of each grader that looks at texts, with a value and against the answer of the case.
func textGraders(value string) []Args {
	values := []string{value, "x"}
	list := []Args{
		&Equals{Value: new(value)}, &Equals{}, &Equals{IgnoreCase: true}, &Contains{Value: new(value)}, &Contains{}, &IContains{},
		&StartsWith{Value: new(value)}, &StartsWith{}, &EndsWith{Value: new(value)}, &EndsWith{},
		&ContainsAny{values}, &ContainsAll{values}, &IContainsAny{values}, &IContainsAll{values},
		&StringCheck{Operation: opEqual}, &StringCheck{Operation: opNotEqual}, &StringCheck{Operation: opLike}, &StringCheck{Operation: opILike},
		&StringCheck{Operation: opEqual, Texts: Texts{Input: new("{{sample.output_json.a}}")}},
		&Levenshtein{MaxDistance: new(0)}, &Levenshtein{MinSimilarity: new(0.5)},
	}
	for _, m := range textMetrics {
		list = append(list, &TextSimilarity{EvaluationMetric: m.name, PassThreshold: 0.5})
	}
	return list
}

func TestStringCheck(t *testing.T) {
	check := func(operation string) *StringCheck { return &StringCheck{Operation: operation} }
	own := func(operation, input, reference string) *StringCheck {
		return &StringCheck{Operation: operation, Texts: Texts{Input: &input, Reference: &reference}}
	}
	tests := []struct {
		args   *StringCheck
		output string
		pass   bool
		reason string
	}{
		{check("eq"), "Paris", true, `equals "Paris"`},
		{check("eq"), "Paris\n", false, `"Paris\n" is not "Paris"`},
		{check("eq"), "paris", false, `"paris" is not "Paris"`},
		{check("ne"), "Paris", false, `equals "Paris"`},
		{check("ne"), "London", true, `"London" is not "Paris"`},
		{check("like"), "in Paris.", true, `in "in Paris."`},
		{check("like"), "in paris.", false, `not in "in paris."`},
		{check("ilike"), "in pARIS.", true, `in "in pARIS."`},
		{check("ilike"), "in London.", false, `not in "in London."`},
		{own("like", "{{sample.output_text}}", "P%s"), "Paris", false, `not in "Paris"`},
		{own("eq", "{{sample.output_json.city}}", "{{item.answer}}"), `{"city": "Paris"}`, true, `equals "Paris"`},
		{own("eq", "{{sample.output_json.city}}", "{{item.answer}}"), "Paris", false, `no JSON: "Paris"`},
		{own("ne", "{{sample.output_json.city}}", "{{item.answer}}"), `{"town": 1}`, false, `nothing at "city" in "{\"town\": 1}"`},
		{own("eq", "{{sample.output_text}} {{item.unit}}", "878 km"), "878", true, `equals "878 km"`},
		{own("eq", "{{sample.output_text}}", ""), "", true, `equals ""`},
	}
	sample := Sample{Reference: "Paris", Vars: map[string]string{"unit": "km"}}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
		}
		sample.Output = tt.output
		want := Grade{Pass: tt.pass, Reason: tt.reason}
		if tt.pass {
			want.Score = 1
		}
		if got, err := tt.args.Grader().Grade(t.Context(), sample, Services{}); err != nil || got != want {
			t.Errorf("%v of %q:\n got %+v, %v\nwant %+v", tt.args, tt.output, got, err, want)
		}
	}
}

func TestContainsMany(t *testing.T) {
	tests := []struct {
		args   Args
		output string
		pass   bool
		reason string
	}{
		{&ContainsAny{[]string{"sun", "light"}}, "the light", true, `"light" in "the light"`},
		{&ContainsAny{[]string{"sun", "light"}}, "the Light", false, `none of 2 in "the Light"`},
		{&IContainsAny{[]string{"SUN", "LIGHT"}}, "the Light", true, `"LIGHT" in "the Light"`},
		{&IContainsAny{[]string{"a"}}, "", false, `none of 1 in an empty output`},
		{&ContainsAll{[]string{"sun", "light"}}, "sunlight", true, `all 2 in "sunlight"`},
		{&ContainsAll{[]string{"Sun", "light"}}, "sunlight", false, `1 of 2, "Sun", not in "sunlight"`},
		{&ContainsAll{[]string{"1", "2", "3", "4", "5", "6"}}, "none", false, `6 of 6, "1", "2", "3", "4" and 2 more, not in "none"`},
		{&IContainsAll{[]string{"Sun", "LIGHT"}}, "sunlight", true, `all 2 in "sunlight"`},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
		}
		got, err := tt.args.Grader().Grade(t.Context(), Sample{Output: tt.output}, Services{})
		if err != nil || got.Pass != tt.pass || got.Reason != tt.reason || (got.Score == 1) != tt.pass {
			t.Errorf("%v of %q: got %+v, %v, want %v, %s", tt.args, tt.output, got, err, tt.pass, tt.reason)
		}
	}
}

// shareLeft is 1 - d/n as the grader rounds it.
func shareLeft(d, n float64) float64 { return 1 - d/n }

func TestLevenshteinGrades(t *testing.T) {
	tests := []struct {
		args   *Levenshtein
		output string
		want   Grade
	}{
		{&Levenshtein{MaxDistance: new(0)}, "kitten\n", Grade{1, true, "distance 0, similarity 1"}},
		{&Levenshtein{MaxDistance: new(0)}, "kittens", Grade{shareLeft(1, 7), false, "distance 1, similarity 0.857, distance above 0"}},
		{&Levenshtein{MaxDistance: new(3)}, "sitting", Grade{shareLeft(3, 7), true, "distance 3, similarity 0.571"}},
		{&Levenshtein{MinSimilarity: new(0.6)}, "sitting", Grade{shareLeft(3, 7), false, "distance 3, similarity 0.571, similarity below 0.6"}},
		{&Levenshtein{MaxDistance: new(2), MinSimilarity: new(0.9)}, "sitting",
			Grade{shareLeft(3, 7), false, "distance 3, similarity 0.571, distance above 2, similarity below 0.9"}},
		{&Levenshtein{MaxDistance: new(3), MinSimilarity: new(0.5)}, "sitting", Grade{shareLeft(3, 7), true, "distance 3, similarity 0.571"}},
		{&Levenshtein{MaxDistance: new(5)}, "", Grade{0, false, "distance 6, similarity 0, distance above 5"}},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
		}
		got, err := tt.args.Grader().Grade(t.Context(), Sample{Output: tt.output, Reference: "kitten"}, Services{})
		if err != nil || got != tt.want {
			t.Errorf("%v of %q: got %+v, %v, want %+v", tt.args, tt.output, got, err, tt.want)
		}
	}
}

func TestCosine(t *testing.T) {
	failed := errors.New("the service is down")
	tests := []struct {
		name      string
		a, b      []float64
		err       error
		want      float64
		wantError string
	}{
		{"same direction", []float64{1, 2}, []float64{2, 4}, nil, 1, ""},
		{"60 degrees", []float64{1, 0}, []float64{0.5, math.Sqrt(3) / 2}, nil, 0.5, ""},
		{"opposed", []float64{1, 0}, []float64{-1, 0}, nil, 0, ""},
		{"huge and tiny", []float64{1e300, 1e300}, []float64{1e-300, 0}, nil, math.Sqrt2 / 2, ""},
		{"no direction", []float64{0, 0}, []float64{1, 0}, nil, 0, "embed: a vector without a direction"},
		{"not a number", []float64{math.NaN(), 1}, []float64{1, 0}, nil, 0, "embed: a vector without a direction"},
		{"endless", []float64{math.Inf(1), 1}, []float64{1, 0}, nil, 0, "embed: a vector without a direction"},
		{"unlike lengths", []float64{1}, []float64{1, 0}, nil, 0, "embed: vectors of 1 and 2 numbers"},
		{"empty", nil, nil, nil, 0, "embed: vectors of 0 and 0 numbers"},
		{"failed", nil, nil, failed, 0, "embed: the service is down"},
	}
	args := &TextSimilarity{EvaluationMetric: "cosine", EmbeddingModel: "m", PassThreshold: 0.5}
	if problems := args.Check(); problems != nil {
		t.Fatal(problems)
	}
	for _, tt := range tests {
		embed := func(_ context.Context, model string, texts []string) ([][]float64, error) {
			if model != "m" || !slices.Equal(texts, []string{"out", "ref"}) {
				t.Errorf("asked %s for %q", model, texts)
			}
			return [][]float64{tt.a, tt.b}, tt.err
		}
		got, err := args.Grader().Grade(t.Context(), Sample{Output: "out", Reference: "ref"}, Services{Embed: embed})
		if tt.wantError != "" {
			if err == nil || err.Error() != tt.wantError || tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("%s: got %+v, %v, want error %s", tt.name, got, err, tt.wantError)
			}
			continue
		}
		if err != nil || math.Abs(got.Score-tt.want) > 1e-12 || got.Pass != (got.Score >= 0.5) || !strings.HasPrefix(got.Reason, "cosine is ") {
			t.Errorf("%s: got %+v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	if _, err := args.Grader().Grade(t.Context(), Sample{Output: "out", Reference: "ref"}, Services{}); err == nil {
		t.Error("no service, and a grade")
	}
	embed := func(context.Context, string, []string) ([][]float64, error) { return nil, nil }
	if got, err := args.Grader().Grade(t.Context(), Sample{Output: " \n", Reference: "ref"}, Services{Embed: embed}); err != nil || got.Score != 0 || got.Pass {
		t.Errorf("a blank output: %+v, %v", got, err)
	}
	if _, err := args.Grader().Grade(t.Context(), Sample{Output: "out", Reference: "ref"}, Services{Embed: embed}); err == nil {
		t.Error("no vectors, and a grade")
	}
}

// TestAnswerOfTheCase holds that what a grader's arguments leave out is the answer of the case, and that a case without one is no grade.
func TestAnswerOfTheCase(t *testing.T) {
	for _, args := range textGraders("light") {
		s := Sample{Output: `{"a": 1}`}
		_, err := args.Grader().Grade(t.Context(), s, Services{})
		if args.NeedsReference() != (err != nil) {
			t.Errorf("%v needs a reference: %v; graded without: %v", args, args.NeedsReference(), err)
		}
	}
	for _, args := range []Args{
		&Equals{}, &Equals{IgnoreCase: true}, &Contains{}, &IContains{}, &StartsWith{}, &EndsWith{}, &StringCheck{Operation: "eq"},
		&Levenshtein{MaxDistance: new(0)}, &TextSimilarity{EvaluationMetric: RougeLMetric, PassThreshold: 1},
	} {
		if problems := args.Check(); problems != nil {
			t.Errorf("%v: %v", args, problems)
		}
		for output, want := range map[string]bool{"light": true, "dark": false} {
			if g, err := args.Grader().Grade(t.Context(), Sample{Output: output, Reference: "light"}, Services{}); err != nil || g.Pass != want {
				t.Errorf("%v of %q: %+v, %v", args, output, g, err)
			}
		}
	}
	for output, want := range map[string]bool{"LIGHT": true, "light\n": true, "lights": false} {
		if g, err := (&Equals{IgnoreCase: true}).Grader().Grade(t.Context(), Sample{Output: output, Reference: "Light"}, Services{}); err != nil || g.Pass != want {
			t.Errorf("equals in any case, %q: %+v, %v", output, g, err)
		}
	}
}

func TestTextGraderNames(t *testing.T) {
	for want, args := range map[string]Args{
		"equals the answer":                            &Equals{},
		"equals the answer in any case":                &Equals{IgnoreCase: true},
		`contains_any "a", "b"`:                        &ContainsAny{[]string{"a", "b"}},
		`icontains_all "1", "2", "3", "4" and 1 more`:  &IContainsAll{[]string{"1", "2", "3", "4", "5"}},
		"string_check eq":                              &StringCheck{Operation: "eq"},
		`string_check like "a" of "{{item.x}}"`:        &StringCheck{Operation: "like", Texts: Texts{Input: new("{{item.x}}"), Reference: new("a")}},
		"levenshtein distance <= 0":                    &Levenshtein{MaxDistance: new(0)},
		"levenshtein distance <= 2, similarity >= 0.8": &Levenshtein{MaxDistance: new(2), MinSimilarity: new(0.8)},
		"text_similarity cosine >= 0.8":                &TextSimilarity{EvaluationMetric: "cosine", PassThreshold: 0.8},
	} {
		if got := args.(fmt.Stringer).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// FuzzTextGraders states what holds for the graders of any texts.
func FuzzTextGraders(f *testing.F) {
	f.Add("needs Light", "light")
	f.Add(`{"a": "x"}`, "x")
	f.Add("\x1b[2J\xff", "{{item.x}}")
	f.Fuzz(func(t *testing.T, output, value string) {
		s := Sample{Output: output, Reference: value}
		passed := map[string]bool{}
		for _, args := range textGraders(value) {
			if len(args.Check()) > 0 {
				continue
			}
			g, err := args.Grader().Grade(t.Context(), s, Services{})
			if err != nil {
				if value != "" || !args.NeedsReference() {
					t.Errorf("%v: %v", args, err)
				}
				continue
			}
			passed[fmt.Sprintf("%T %v", args, args)] = g.Pass
			if !(g.Score >= 0 && g.Score <= 1) || strings.ContainsFunc(g.Reason, func(r rune) bool { return r != ' ' && !strconv.IsPrint(r) }) {
				t.Errorf("%v: %+v", args, g)
			}
			n := Negate(g)
			if n.Pass == g.Pass || n.Score != 1-g.Score || n.Reason != g.Reason {
				t.Errorf("%v: %+v negated is %+v", args, g, n)
			}
			if g.Pass && output != "" && !hasDegrees(args) && g.Score != 1 {
				t.Errorf("%v: a condition that holds scores %v", args, g.Score)
			}
		}
		for holds, implied := range map[string]string{
			"*grade.StringCheck string_check eq":   "*grade.StringCheck string_check like",
			"*grade.StringCheck string_check like": "*grade.StringCheck string_check ilike",
			"*grade.Equals equals the answer":      "*grade.Equals equals the answer in any case",
			"*grade.Contains contains the answer":  "*grade.IContains icontains the answer",
		} {
			if passed[holds] && !passed[implied] {
				t.Errorf("%s and not %s: %q, %q", holds, implied, output, value)
			}
		}
		if eq, ne := passed["*grade.StringCheck string_check eq"], passed["*grade.StringCheck string_check ne"]; value != "" && eq == ne {
			t.Errorf("eq and ne agree: %q, %q", output, value)
		}
	})
}

func hasDegrees(args Args) bool {
	switch args.(type) {
	case *Levenshtein, *TextSimilarity:
		return true
	default:
		return false
	}
}
