package grade

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// part is a grader inside another, as package spec fills it.
func part(t testing.TB, key string, args Args) Part {
	t.Helper()
	name, not := strings.CutPrefix(key, "not_")
	for _, k := range Kinds() {
		if k.Name == name {
			return Part{Key: key, Not: not, Kind: k, Args: args}
		}
	}
	t.Fatalf("there is no grader %s", name)
	return Part{}
}

func TestFormula(t *testing.T) {
	scores := map[string]float64{"a": 0.5, "b": 0.25, "one": 1, "zero": 0, "e1": 3}
	for text, want := range map[string]float64{
		"a": 0.5, "0.7*a + 0.3*b": 0.425, "a - b - b": 0, "one/a/a": 4, "2^3^2": 512, "-2^2": -4, "(-2)^2": 4, "2^-1": 0.5, "-a*-b": 0.125, "+a": 0.5,
		"1 + 2 * 3": 7, "(1 + 2) * 3": 9, "min(a, b, one)": 0.25, "max(a)": 0.5, "max(a, min(b, one))": 0.5, "abs(b - a)": 0.25, "floor(1.5)": 1, "ceil(1.5)": 2,
		"exp(0)": 1, "sqrt(b)": 0.5, "log(exp(1))": 1, "1e-1": 0.1, ".5": 0.5, "5.": 5, "2*e1": 6, "0^0": 1, "\n a\t+\rb ": 0.75, "2 - -1": 3,
		strings.Repeat("(", 90) + "a" + strings.Repeat(")", 90): 0.5,
		"a" + strings.Repeat(" + a", 1000):                      500.5,
	} {
		f, err := parseFormula(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := f.compute(scores); err != nil || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"one/zero":         "a division by zero",
		"one/(a - 0.5)":    "a division by zero",
		"zero^-1":          "a division by zero",
		"log(zero)":        "no finite number",
		"log(-1)":          "no finite number",
		"sqrt(-1)":         "no finite number",
		"(-1)^0.5":         "no finite number",
		"exp(1000)":        "no finite number",
		"9^9^9":            "no finite number",
		"1e300*1e300":      "no finite number",
		"max(1, log(0))":   "no finite number",
		"min(1, other, a)": `no grader is named "other"`,
	} {
		f, err := parseFormula(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := f.compute(scores); err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                         "empty; want a formula of the graders' names, such as 0.7*a + 0.3*b",
		"a +":                      "the formula ends where a number or a name should follow",
		"a b":                      `want an operator before "b"`,
		"(a":                       "want a ) at the end",
		"a)":                       `want an operator before ")"`,
		"(a b":                     `want a ), found "b"`,
		"*a":                       `want a number or a name, found "*"`,
		"min()":                    `want a number or a name, found ")"`,
		"abs(a, b)":                "abs takes one number, found 2",
		"sin(a)":                   `there is no function "sin"; want abs, ceil, exp, floor, log, max, min or sqrt`,
		"a % b":                    `"%…" can't be part of a formula; want names, numbers, + - * / ^, parentheses and functions`,
		"a; b":                     `";…" can't be part of a formula; want names, numbers, + - * / ^, parentheses and functions`,
		"é":                        `"é" can't be part of a formula; want names, numbers, + - * / ^, parentheses and functions`,
		"1.2.3":                    `"1.2.3" is no number`,
		"1e999":                    `"1e999" is no number`,
		strings.Repeat("(", 1000):  "nested more than 100 deep",
		strings.Repeat("-", 1000):  "nested more than 100 deep",
		strings.Repeat("a", 10001): "longer than 10000 bytes",
	} {
		if f, err := parseFormula(text); err == nil || err.Error() != want {
			t.Errorf("%.20s: %v, %v, want %s", text, f, err, want)
		}
	}
}

func TestMulti(t *testing.T) {
	yes := part(t, "contains", &Contains{Value: new("light")})
	no := part(t, "contains", &Contains{Value: new("dark")})
	wrong := part(t, "not_numeric", numericArgs(func(a *Numeric) { a.Value = "42" }))
	tests := []struct {
		formula   string
		threshold float64
		parts     map[string]Part
		score     float64
		pass      bool
		reason    string
	}{
		{"0.7*a + 0.3*b", 0.7, map[string]Part{"a": yes, "b": no}, 0.7, true, "0.7 of a 1, b 0, at least 0.7"},
		{"0.7*a + 0.3*b", 0.8, map[string]Part{"a": yes, "b": no}, 0.7, false, "0.7 of a 1, b 0, below 0.8"},
		{"0.1*a + 0.2*a + 0.7*a", 1, map[string]Part{"a": yes}, 1, true, "1 of a 1, at least 1"},
		{"3*a", 1, map[string]Part{"a": yes}, 1, true, "1 (3 cut off) of a 1, at least 1"},
		{"a - 2", 0.5, map[string]Part{"a": yes}, 0, false, "0 (-1 cut off) of a 1, below 0.5"},
		{"min(a, b)", 0.5, map[string]Part{"a": yes, "b": wrong}, 0, false, "0 of a 1, b 0, below 0.5"}, // no number at all: nothing of it is proved
	}
	for _, tt := range tests {
		args := &Multi{Graders: tt.parts, CalculateOutput: tt.formula, PassThreshold: tt.threshold}
		if problems := args.Check(); problems != nil {
			t.Errorf("%v: %v", args, problems)
			continue
		}
		want := Grade{tt.score, tt.pass, tt.reason}
		if got, err := args.Grader().Grade(t.Context(), Sample{Output: "light"}, Services{}); err != nil || got != want {
			t.Errorf("%v:\n got %+v, %v\nwant %+v", args, got, err, want)
		}
	}
}

func TestMultiErrors(t *testing.T) {
	judged := part(t, "score_model", scoreModel(func(*ScoreModel) {}))
	zero := part(t, "contains", &Contains{Value: new("dark")})
	for formula, want := range map[string]string{
		"j":     "j: read the judge's reply \"words\": not JSON: invalid character 'w' at start of value",
		"1/z":   "calculate_output of z 0: a division by zero",
		"z/z":   "calculate_output of z 0: a division by zero",
		"j + z": "j: read the judge's reply \"words\": not JSON: invalid character 'w' at start of value",
	} {
		args := &Multi{Graders: map[string]Part{}, CalculateOutput: formula, PassThreshold: 0.5}
		if strings.Contains(formula, "j") {
			args.Graders["j"] = judged
		}
		if strings.Contains(formula, "z") {
			args.Graders["z"] = zero
		}
		if problems := args.Check(); problems != nil {
			t.Fatal(problems)
		}
		got, err := args.Grader().Grade(t.Context(), Sample{Output: "x"}, replying(nil, "words"))
		if err == nil || err.Error() != want || got != (Grade{}) {
			t.Errorf("%s: %+v, %v", formula, got, err)
		}
	}
}

func TestNeedsOf(t *testing.T) {
	judge := func(model string) Part {
		return part(t, "score_model", scoreModel(func(a *ScoreModel) { a.Model = model }))
	}
	inner := part(t, "multi", &Multi{Graders: map[string]Part{"x": part(t, "exec", &Exec{}), "y": judge("b")}})
	outer := part(t, "multi", &Multi{Graders: map[string]Part{"a": inner, "b": judge(""), "c": judge("b"), "d": part(t, "contains", &Contains{Value: new("a")})}})
	if got, want := NeedsOf(outer.Kind, outer.Args), (Needs{Judges: []string{"", "b"}, Exec: true}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	plain := part(t, "contains", &Contains{Value: new("a")})
	if got := NeedsOf(plain.Kind, plain.Args); got.Exec || len(got.Judges) > 0 {
		t.Errorf("%+v", got)
	}
}

func FuzzFormula(f *testing.F) {
	f.Add("0.7*a + 0.3*b", 0.5, 0.5)
	f.Add("min(max(a, -b^2), exp(log(sqrt(abs(floor(ceil(1e-3)))))))", 1.0, 0.0)
	f.Add("((a", 0.0, 0.0)
	f.Fuzz(func(t *testing.T, text string, a, b float64) {
		scoreA, scoreB := fixedScore(a), fixedScore(b)
		if math.IsNaN(float64(scoreA)) || math.IsNaN(float64(scoreB)) {
			return
		}
		parsed, err := parseFormula(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("error %q", err)
			}
			return
		}
		x, err := parsed.compute(map[string]float64{"a": float64(scoreA), "b": float64(scoreB)})
		if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
			t.Errorf("%s is %v", text, x)
		}
		g, err := multiGrader{
			parts: []namedGrader{{"a", false, scoreA}, {"b", true, scoreB}}, formula: parsed, threshold: 0.5,
		}.Grade(t.Context(), Sample{}, Services{})
		if math.IsNaN(g.Score) || g.Score < 0 || g.Score > 1 || err != nil && g != (Grade{}) {
			t.Errorf("%s: %+v, %v", text, g, err)
		}
	})
}

// A fixedScore is a grader that always gives the same score, the fraction of a number.
type fixedScore float64

func (s fixedScore) Grade(context.Context, Sample, Services) (Grade, error) {
	if s < 0 || s > 1 {
		return Grade{}, errors.New("no score")
	}
	return Grade{Score: float64(s)}, nil
}
