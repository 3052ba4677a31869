package grade

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestExec(t *testing.T) {
	args := &Exec{Command: []string{"judge", "-x"}, Timeout: time.Second}
	if problems := args.Check(); problems != nil {
		t.Fatal(problems)
	}
	var command []string
	var input map[string]any
	with := func(output string) Services {
		return Services{Exec: func(_ context.Context, argv []string, in []byte) ([]byte, error) {
			command, input = argv, nil
			return []byte(output), json.Unmarshal(in, &input)
		}}
	}
	s := Sample{
		Output: "a\xff", Question: "q", Reference: "r", FinishReason: "stop", Refusal: "no", Vars: map[string]string{"v": "1"},
		ToolCalls: []ToolCall{{"f", `{"broken`}},
	}
	if _, err := args.Grader().Grade(t.Context(), s, with(`{"pass": true}`)); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"output": "a\ufffd", "question": "q", "reference": "r", "finish_reason": "stop", "refusal": "no", "vars": map[string]any{"v": "1"},
		"tool_calls": []any{map[string]any{"name": "f", "arguments": `{"broken`}},
	}
	if !reflect.DeepEqual(input, want) || !reflect.DeepEqual(command, args.Command) {
		t.Errorf("%v gets %v", command, input)
	}
	if _, err := args.Grader().Grade(t.Context(), Sample{}, with(`{"pass": true}`)); err != nil || input["vars"] == nil || input["tool_calls"] == nil {
		t.Errorf("an empty sample: %v, %v", input, err)
	}
	for output, want := range map[string]Grade{
		`{"pass": true}`:                                     {1, true, "the command gave no reason"},
		` {"pass": false} ` + "\n":                           {0, false, "the command gave no reason"},
		`{"pass": true, "score": 0.25, "reason": "so"}`:      {0.25, true, `the command says "so"`},
		`{"score": 1, "pass": false, "reason": "\u001b[2J"}`: {1, false, `the command says "\x1b[2J"`},
		`{"pass": true, "score": 1e-400}`:                    {0, true, "the command gave no reason"},
	} {
		if got, err := args.Grader().Grade(t.Context(), s, with(output)); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", output, got, err, want)
		}
	}
	for _, output := range []string{
		"", "true", "1", `"pass"`, `[true]`, `{}`, `{"score": 1}`, `{"pass": 1}`, `{"pass": "true"}`, `{"pass": null}`, `{"pass": true, "score": 1.1}`, `{"pass": true, "score": -0.1}`,
		`{"pass": true, "score": "1"}`, `{"pass": true, "score": null}`, `{"pass": true, "score": 1e999}`, `{"pass": true, "reason": 1}`, `{"pass": true, "more": 1}`,
		`{"pass": true} ok`, `debug {"pass": true}`, `{"pass": true, "pass": false}`, `{"pass": true`, "{\"pass\": true}\x00", "{\"pass\": true, \"reason\": \"\xff\"}",
	} {
		if got, err := args.Grader().Grade(t.Context(), s, with(output)); err == nil || got != (Grade{}) {
			t.Errorf("%s: %+v", output, got)
		}
	}
}

func TestExecWithoutVerdict(t *testing.T) {
	args := &Exec{Command: []string{"judge"}, Timeout: time.Second}
	if got, err := args.Grader().Grade(t.Context(), Sample{}, Services{}); err == nil || err.Error() != "commands are not run without --allow-exec" || got.Pass {
		t.Errorf("%+v, %v", got, err)
	}
	broken := errors.New("exit status 1")
	failing := Services{Exec: func(context.Context, []string, []byte) ([]byte, error) { return []byte(`{"pass": true}`), broken }}
	if got, err := args.Grader().Grade(t.Context(), Sample{}, failing); !errors.Is(err, broken) || got != (Grade{}) {
		t.Errorf("%+v, %v", got, err)
	}
	synctest.Test(t, func(t *testing.T) {
		slow := Services{Exec: func(ctx context.Context, _ []string, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}}
		start := time.Now()
		got, err := args.Grader().Grade(t.Context(), Sample{}, slow)
		if err == nil || err.Error() != "no verdict within 1s" || got != (Grade{}) || time.Since(start) != time.Second {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func FuzzVerdict(f *testing.F) {
	f.Add(`{"pass": true, "score": 0.5, "reason": "so"}`)
	f.Add(`{"pass": false} x`)
	f.Fuzz(func(t *testing.T, output string) {
		g, err := readVerdict(output)
		if err != nil {
			if g != (Grade{}) {
				t.Errorf("%+v, %v", g, err)
			}
			return
		}
		var want struct{ Pass *bool }
		if !json.Valid([]byte(output)) || json.Unmarshal([]byte(output), &want) != nil || want.Pass == nil || *want.Pass != g.Pass {
			t.Errorf("%q gives %+v", output, g)
		}
		if math.IsNaN(g.Score) || g.Score < 0 || g.Score > 1 || strings.ContainsAny(g.Reason, "\n\x00") {
			t.Errorf("%+v", g)
		}
	})
}
