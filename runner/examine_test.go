package runner_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

// suite is a pipeline whose cases all want the same word.
func suite(cases int, settings string) string {
	var b strings.Builder
	b.WriteString("version: 1\nbase_model: gpt-4.1-mini-2025-04-14\ndataset: data.jsonl\ntest:\n")
	b.WriteString(settings)
	b.WriteString("  cases:\n")
	for i := range cases {
		fmt.Fprintf(&b, "    - id: c%d\n      question: Question %d?\n      assert:\n        - contains: right\n", i, i)
	}
	return b.String()
}

// answering answers the probe, and the cases as told.
func answering(f func(model, question string) (string, error)) func(provider.CompletionRequest) (provider.Completion, error) {
	return func(req provider.CompletionRequest) (provider.Completion, error) {
		text, err := f(req.Model, req.Messages[len(req.Messages)-1].Content)
		return provider.Completion{Text: text, FinishReason: "stop", Attempts: 1}, err
	}
}

func TestCasesAreAskedOfBothModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute})
		b.spec = suite(20, "") + "system_prompt: Be right.\n"
		b.fake.Answer = answering(func(model, _ string) (string, error) {
			if strings.HasPrefix(model, "ft:") {
				return "right", nil
			}
			return "wrong", nil
		})
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		if run.Summary.Passed != 20 || run.Comparison.Fixed != 20 || run.Comparison.Summary.Passed != 0 {
			t.Errorf("summary %+v, comparison %+v", run.Summary, run.Comparison)
		}
		asked := b.fake.Asked()[1:] // the first is the probe
		if len(asked) != 40 {
			t.Fatalf("%d questions, want 40", len(asked))
		}
		for _, req := range asked {
			if req.Temperature == nil || *req.Temperature != 0 || len(req.Messages) != 2 || req.Messages[0].Content != "Be right." {
				t.Fatalf("asked %+v, want temperature 0 and the system prompt", req)
			}
		}
		i := 0
		for c, err := range run.Cases.All() {
			if err != nil || c.ID != fmt.Sprintf("c%d", i) || c.Baseline == nil {
				t.Fatalf("case %d is %q, %v", i, c.ID, err)
			}
			i++
		}
		if i != 20 {
			t.Errorf("%d cases kept", i)
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(100, "  concurrency: 10\n  baseline: off\n")
		slow := &slowCompleter{Fake: b.fake}
		start := time.Now()
		b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
		run := b.run(t.Context(), slow.use)
		b.want(run, 0, "passed")
		if most := slow.most.Load(); most != 10 {
			t.Errorf("%d questions at once, want 10", most)
		}
		if took := time.Since(start); took < 10*time.Second || took > 12*time.Second {
			t.Errorf("100 questions of 1 s, ten at a time, took %v", took)
		}
	})
}

func TestErroredCases(t *testing.T) {
	refuse := func(kind provider.Kind, code string) error {
		return &provider.Error{Op: "ask", Kind: kind, Code: code, Attempts: 3}
	}
	for name, test := range map[string]struct {
		fails   int // of 100
		err     error
		exit    int
		code    string
		skipped bool
	}{
		"one in a hundred":  {1, refuse(provider.KindInvalid, "bad"), 3, "undecided", false},
		"ten in a hundred":  {10, refuse(provider.KindUnavailable, ""), 3, "too_many_errors", false},
		"quota":             {100, refuse(provider.KindQuota, "insufficient_quota"), 3, "quota_exceeded", true},
		"key refused":       {100, refuse(provider.KindAuth, "invalid_api_key"), 3, "key_refused", true},
		"everything errors": {100, refuse(provider.KindUnavailable, ""), 3, "too_many_errors", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = suite(100, "  baseline: off\n")
				b.fake.Answer = answering(func(_, question string) (string, error) {
					var n int
					if _, err := fmt.Sscanf(question, "Question %d?", &n); err == nil && n < test.fails {
						return "", test.err
					}
					return "right", nil
				})
				run := b.run(t.Context())
				b.want(run, test.exit, test.code)
				if (run.Summary.Skipped > 0) != test.skipped {
					t.Errorf("summary %+v", run.Summary)
				}
				if s := run.Summary; s.Cases != 100 || s.Passed+s.Failed+s.Errored+s.Scored+s.Skipped != 100 {
					t.Errorf("summary %+v does not add up", s)
				}
			})
		})
	}
}

func TestQuestionTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(2, "  timeout: 500ms\n  baseline: off\n")
		slow := &slowCompleter{Fake: b.fake}
		run := b.run(t.Context(), slow.use)
		b.want(run, 3, "too_many_errors")
		for c, err := range run.Cases.All() {
			if err != nil || c.Status != result.CaseErrored || !strings.Contains(c.Error, "test.timeout 500ms") {
				t.Errorf("case %+v, %v", c, err)
			}
		}
	})
}

func TestInterruptedTestSkipsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(100, "  concurrency: 1\n  baseline: off\n")
		b.fake.Answer = answering(func(string, string) (string, error) { return "wrong", nil })
		slow := &slowCompleter{Fake: b.fake}
		ctx, stop := interruptAfter(t, 20*time.Second)
		defer stop()
		run := b.run(ctx, slow.use)
		b.want(run, 130, "interrupted") // though the gate has failed already
		if run.Summary.Failed == 0 || run.Summary.Skipped == 0 || run.Stages[3].Status != result.StageUnfinished {
			t.Errorf("summary %+v, stage %+v", run.Summary, run.Stages[3])
		}
	})
}

// A slowCompleter takes a second for each question, the probe excepted.
type slowCompleter struct {
	*providertest.Fake
	now, most atomic.Int64
}

func (s *slowCompleter) use(o *runner.Options) { o.Completer = s }

func (s *slowCompleter) Complete(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	if req.MaxCompletionTokens == 1 {
		return s.Fake.Complete(ctx, req)
	}
	s.most.Store(max(s.most.Load(), s.now.Add(1)))
	defer s.now.Add(-1)
	select {
	case <-time.After(time.Second):
		return s.Fake.Complete(ctx, req)
	case <-ctx.Done():
		return provider.Completion{}, context.Cause(ctx)
	}
}

// interruptAfter returns a context that is interrupted as by Ctrl-C.
func interruptAfter(t *testing.T, d time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(t.Context())
	timer := time.AfterFunc(d, func() { cancel(runner.ErrInterrupted) })
	return ctx, func() { timer.Stop(); cancel(nil) }
}
