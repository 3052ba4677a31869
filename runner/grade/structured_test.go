package grade

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// structured are graders with a text of the spec's in every place that has one.
func structured(t testing.TB, text string) []Args {
	number := numericArgs(func(a *Numeric) { a.Value = "1"; a.Unit = strings.TrimSpace(strings.Trim(text, "0123456789")) })
	anything := any(text)
	return []Args{
		number, numericArgs(func(a *Numeric) { a.Value, a.Which = "1", whichOnly }),
		&JSON{Valid: true}, &JSON{Within: true, Equals: &anything}, &JSON{Diff: &anything, PassThreshold: 0.5},
		&JSON{Within: true, Schema: map[string]any{"required": []any{text}, "enum": []any{text}, "additionalProperties": false}},
		callsTool(func(a *CallsTool) { a.Name, a.Arguments = text, map[string]any{text: text} }),
		callsTool(func(a *CallsTool) { a.Calls = []ExpectedCall{{text, nil}, {"f", map[string]any{"x": text}}} }),
		&Refusal{Value: true}, &WordCount{Max: new(3)}, &Latency{time.Second}, &Cost{1},
		scoreModel(func(a *ScoreModel) { a.Rubric = strings.ReplaceAll(text, "{{", "") + "x" }),
		labelModel(func(a *LabelModel) { a.Labels, a.PassingLabels = []string{text, "right"}, []string{text} }),
		&Multi{Graders: map[string]Part{"a": part(t, "contains", &Contains{Value: &text})}, CalculateOutput: "a", PassThreshold: 0.5},
		&Exec{Command: []string{text + "x"}, Timeout: time.Second},
	}
}

// TestStructuredReasonsAreHarmless feeds text that would act on a terminal, a log or a page, and text without end, from every side.
func TestStructuredReasonsAreHarmless(t *testing.T) {
	for _, text := range []string{
		"\x1b[2J\x1b]0;title\a", "a\r::error::b\n##[group]", "\u202e\u2066gnp.exe", "]]>\x00", "\xff\xfe\xc0", strings.Repeat("\U0010ffff", 1000), strings.Repeat("a\n", 5_000),
		"\ufeff", "1 \x1b[2J", "{\"\x7f\u202e\": 1}", "[\"\u2028\"]",
	} {
		latency, cost := time.Second, 1.0
		s := Sample{
			Output: text, Reference: text, Question: text, Refusal: text, FinishReason: text, Vars: map[string]string{text: text}, Latency: &latency, CostUSD: &cost,
			ToolCalls: []ToolCall{{text, text}, {"f", text}, {text, "{}"}},
		}
		with := Services{
			Ask:  func(context.Context, Question) ([]string, error) { return []string{text}, nil },
			Exec: func(context.Context, []string, []byte) ([]byte, error) { return []byte(text), nil },
		}
		for _, args := range structured(t, text) {
			for _, output := range []string{text, "```json\n" + text, `{"a": 1, "b` + "\u202e" + `": ["` + strings.Repeat("x", 5000) + `"]}`} {
				s.Output = output
				g, err := args.Grader().Grade(t.Context(), s, with)
				if g.Score < 0 || g.Score > 1 || math.IsNaN(g.Score) {
					t.Errorf("%T of %.20q: %+v", args, output, g)
				}
				shown := []string{g.Reason, fmt.Sprint(args)}
				if err != nil {
					shown = append(shown, err.Error())
				}
				for _, p := range args.Check() {
					shown = append(shown, p.Message)
				}
				for _, text := range shown {
					if strings.ContainsFunc(text, func(r rune) bool { return r != ' ' && !strconv.IsPrint(r) }) || !utf8.ValidString(text) {
						t.Errorf("%T shows %q", args, text)
					}
					if n := utf8.RuneCountInString(text); n > 4300 { // 200 runes of a value and 200 of another, each as long as \U0010ffff
						t.Errorf("%T shows %d runes", args, n)
					}
				}
			}
		}
	}
}

func TestStructuredGradersAreSafeForConcurrentUse(t *testing.T) {
	latency, cost := time.Millisecond, 0.1
	s := Sample{Output: `{"text": 1}`, Latency: &latency, CostUSD: &cost, ToolCalls: []ToolCall{{"text", "{}"}}}
	with := replying(nil, `{"reasoning": "x", "score": 1}`)
	var graders []Grader
	for _, args := range structured(t, "text") {
		graders = append(graders, args.Grader())
	}
	first := make([]Grade, len(graders))
	for i, g := range graders {
		first[i], _ = g.Grade(t.Context(), s, with)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				for i, g := range graders {
					if grade, _ := g.Grade(t.Context(), s, with); grade != first[i] {
						t.Errorf("%T: %+v, then %+v", g, first[i], grade)
					}
				}
			}
		})
	}
	wg.Wait()
}
