package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
)

// interruptedAfter answers n cases, and then the user presses Ctrl-C.
func interruptedAfter(n int, cancel context.CancelCauseFunc) func(provider.CompletionRequest) (provider.Completion, error) {
	return func(req provider.CompletionRequest) (provider.Completion, error) {
		if req.MaxCompletionTokens == 1 {
			return provider.Completion{Text: "yes"}, nil
		}
		if n--; n < 0 {
			cancel(runner.ErrInterrupted)
			return provider.Completion{}, context.Canceled
		}
		return provider.Completion{Text: "right", FinishReason: "stop", Usage: &provider.Usage{PromptTokens: 1, CompletionTokens: 1}}, nil
	}
}

// cases counts the questions that were asked, less the probes.
func (b *bench) cases() int {
	n := 0
	for _, req := range b.fake.Asked() {
		if req.MaxCompletionTokens != 1 {
			n++
		}
	}
	return n
}

// TestAnswersOfAnUnfinishedRunAreKept is an interrupted test stage: what was answered is not asked again, and says so.
func TestAnswersOfAnUnfinishedRunAreKept(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		fresh    bool
		again    int // questions of the second run
		third    int // and of a third
	}{
		"resume": {"", false, 12, 20},
		"always": {"  reuse: always\n", false, 12, 0},
		"never":  {"  reuse: never\n", false, 20, 20},
		"fresh":  {"", true, 20, 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = suite(20, "  baseline: off\n  concurrency: 1\n"+test.settings)
				ctx, cancel := context.WithCancelCause(t.Context())
				b.fake.Answer = interruptedAfter(8, cancel)
				b.want(b.run(ctx), 130, "interrupted")
				before := b.cases() - 1 // the last one was not answered

				time.Sleep(49 * time.Hour) // in a bubble
				b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
				run := b.run(t.Context(), func(o *runner.Options) { o.Fresh = test.fresh })
				b.want(run, 0, "passed")
				if n := b.cases() - 1 - before; n != test.again {
					t.Errorf("%d questions were asked again, want %d", n, test.again)
				}
				reused := 0
				for c, err := range run.Cases.All() {
					if err != nil {
						t.Fatal(err)
					}
					if c.ReusedFrom == nil {
						continue
					}
					reused++
					if c.LatencyMS != 0 || c.Usage == nil || *c.Generated != "right" || time.Since(*c.ReusedFrom) < 48*time.Hour {
						t.Errorf("case %s: reused %+v", c.ID, c.Answer)
					}
				}
				reason := run.Stages[3].Reason
				if reused != 20-test.again || strings.Contains(reason, fmt.Sprintf("%d answers kept since 2000-01-01", reused)) != (reused > 0) {
					t.Errorf("%d cases say that they are reused; stage %q", reused, reason)
				}

				before = b.cases()
				b.want(b.run(t.Context()), 0, "passed")
				if n := b.cases() - before; n != test.third {
					t.Errorf("after a verdict %d questions were asked, want %d", n, test.third)
				}
			})
		})
	}
}

// TestKeptAnswersAreOfTheSameQuestion changes what was asked between the runs.
func TestKeptAnswersAreOfTheSameQuestion(t *testing.T) {
	for name, test := range map[string]struct {
		change func(string) string
		again  int
	}{
		"an assertion": {func(s string) string { return strings.Replace(s, "contains: right", "icontains: RIGHT", 1) }, 2},
		"a question":   {func(s string) string { return strings.Replace(s, "Question 3?", "Query 3?", 1) }, 3},
		"the order":    {func(s string) string { return strings.Replace(s, "Question 3?", "Question 4?", 1) }, 3}, // a second Question 4 is one of its own
		"the sampling": {func(s string) string {
			return strings.Replace(s, "sampling: {", "sampling: {max_completion_tokens: 9, ", 1)
		}, 10},
		"a temperature": {func(s string) string { return strings.Replace(s, "temperature: 0}", "temperature: 1}", 1) }, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = suite(10, "  baseline: off\n  concurrency: 1\n  sampling: {temperature: 0}\n")
				ctx, cancel := context.WithCancelCause(t.Context())
				b.fake.Answer = interruptedAfter(8, cancel)
				b.want(b.run(ctx), 130, "interrupted")
				b.spec = test.change(b.spec)
				before := b.cases()
				b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
				b.want(b.run(t.Context()), 0, "passed")
				if n := b.cases() - before; n != test.again {
					t.Errorf("%d questions were asked again, want %d", n, test.again)
				}
			})
		})
	}
}

// TestOnlyWhatErroredIsAskedAgain is a run that could not find out: the next one asks what is missing.
func TestOnlyWhatErroredIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(10, "  baseline: off\n")
		b.fake.Answer = answering(func(_, question string) (string, error) {
			if question == "Question 2?" || question == "Question 7?" {
				return "", &provider.Error{Op: "ask", Kind: provider.KindUnavailable, Status: 500}
			}
			return "right", nil
		})
		b.want(b.run(t.Context()), 3, "too_many_errors")
		before := b.cases()
		b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		if n := b.cases() - before; n != 2 || run.Summary.Passed != 10 {
			t.Errorf("%d questions were asked again, want the two without an answer; %+v", n, run.Summary)
		}
	})
}

// TestPipelinesOfOneFolder share a state folder: a verdict of one takes nothing of the other's.
func TestPipelinesOfOneFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = "name: first\n" + suite(10, "  baseline: off\n  concurrency: 1\n")
		ctx, cancel := context.WithCancelCause(t.Context())
		b.fake.Answer = interruptedAfter(8, cancel)
		b.want(b.run(ctx), 130, "interrupted")
		b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
		first := b.spec
		b.spec = "name: second\n" + suite(2, "  baseline: off\n")
		b.want(b.run(t.Context()), 0, "passed")
		before := b.cases()
		b.spec = first
		b.want(b.run(t.Context()), 0, "passed")
		if n := b.cases() - before; n != 2 {
			t.Errorf("%d questions were asked again, want the 2 that had no answer", n)
		}
	})
}
