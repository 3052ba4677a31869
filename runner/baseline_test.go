package runner_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
	"ftrun/spec"
)

// An elsewhere is a service that only answers questions, whatever its models are called.
type elsewhere struct {
	answer func(provider.CompletionRequest) (provider.Completion, error)
	asked  atomic.Int64
}

func (e *elsewhere) Complete(_ context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	e.asked.Add(1)
	return e.answer(req)
}

// comparedWith sets the baseline.
func comparedWith(b spec.Baseline) func(*runner.Options) {
	return func(o *runner.Options) { o.Pipeline.Test.Baseline = b }
}

// TestBaselineOfAnotherProvider asks the successor and the dying model each at its own service.
func TestBaselineOfAnotherProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Answer: answering(func(string, string) (string, error) { return "right", nil })})
		b.spec = suite(10, "")
		old := &elsewhere{answer: answering(func(model, question string) (string, error) {
			if model != "ft:old" {
				t.Errorf("the other service is asked for %s", model)
			}
			if question == "Question 3?" {
				return "wrong", nil
			}
			return "right", nil
		})}
		service := &runner.Service{Endpoint: provider.Endpoint{Kind: "compatible", BaseURL: "https://old.example.com/v1"}, Completer: old}
		run := b.run(t.Context(), comparedWith(spec.Baseline{Kind: spec.BaselineModel, Model: "ft:old"}), func(o *runner.Options) { o.Baseline = service })
		b.want(run, 0, "passed")
		c := run.Comparison
		if c == nil || c.Baseline != "ft:old" || c.Fixed != 1 || c.Broken != 0 || c.Provider == nil || c.Provider.Kind != "compatible" {
			t.Errorf("comparison %+v", c)
		}
		if n := old.asked.Load(); n != 10 {
			t.Errorf("%d questions to the other service, want 10", n)
		}
	})
}

// TestBaselineIsNotToBeHad is a baseline that is gone: a warning where no threshold needs it, and no verdict where one does.
func TestBaselineIsNotToBeHad(t *testing.T) {
	gone := &provider.Error{Op: "ask", Kind: provider.KindNotFound, Status: 404, Code: "model_not_found", Message: "no such model"}
	for name, test := range map[string]struct {
		thresholds string
		exit       int
		code       string
	}{
		"nobody needs it": {"thresholds: ['pass_rate >= 50%']\n", 0, "passed"},
		"a threshold":     {"thresholds: ['pass_rate >= baseline']\n", 3, "undecided"},
		"and one fails":   {"thresholds: ['pass_rate >= baseline', 'pass_rate == 0']\n", 1, "not_good_enough"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				asked := 0
				b.fake.Answer = answering(func(model, _ string) (string, error) {
					if strings.HasPrefix(model, "ft:") {
						return "right", nil
					}
					asked++
					return "", gone
				})
				b.spec = suite(50, "  concurrency: 1\n") + test.thresholds
				run := b.run(t.Context())
				b.want(run, test.exit, test.code)
				if asked != 1 {
					t.Errorf("a model that is gone was asked %d times", asked)
				}
				if !strings.Contains(strings.Join(run.Warnings, "; "), "no baseline to compare with") || run.Summary.Passed != 50 {
					t.Errorf("warnings %q, summary %+v", run.Warnings, run.Summary)
				}
				if run.Comparison == nil || run.Comparison.Unavailable == "" {
					t.Errorf("the report does not say that there is no baseline: %+v", run.Comparison)
				}
			})
		})
	}
}

// TestBaselineOfAnEarlierRun grades the answers of an earlier run anew, with the assertions of today, and asks nobody for them.
func TestBaselineOfAnEarlierRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(12, "  baseline: off\n")
		b.fake.Answer = scripted(map[string][]string{"Question 1?": {"wrong"}, "Question 2?": {"right and WRONG"}})
		earlier := b.run(t.Context())
		b.want(earlier, 1, "not_good_enough")
		bless(t, filepath.Join(b.dir, "blessed.json"), earlier)

		// Today an answer may not say WRONG, case 3 asks something else, and case 12 is new.
		b.spec = strings.Replace(suite(13, ""), "test:\n", "test:\n  assert:\n    - not_contains: WRONG\n", 1)
		b.spec = strings.Replace(b.spec, "Question 3?", "Question three?", 1)
		b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
		before := b.cases()
		run := b.run(t.Context(), comparedWith(spec.Baseline{Kind: spec.BaselineResults, Results: "blessed.json"}))
		b.want(run, 0, "passed")
		if n := b.cases() - before; n != 13 {
			t.Errorf("%d questions, want 13: nobody is asked for what is recorded", n)
		}
		c := run.Comparison
		if c.Kind != spec.BaselineResults || c.Fixed != 2 || c.Broken != 0 || c.Cases != 11 {
			t.Errorf("comparison %+v, want cases 1 and 2 fixed, of the 11 that both have", c)
		}
		if !strings.Contains(strings.Join(run.Warnings, "; "), `1 of 13 cases: in blessed.json with another question, and left out of every comparison with it ("c3")`) {
			t.Errorf("warnings %q", run.Warnings)
		}
		if got := caseOf(t, run, "c2").Baseline; got == nil || got.Status != result.CaseFailed || got.ReusedFrom == nil {
			t.Errorf("baseline of case 2: %+v, want it graded with the assertion of today", got)
		}

		if err := os.WriteFile(filepath.Join(b.dir, "blessed.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		run = b.run(t.Context(), comparedWith(spec.Baseline{Kind: spec.BaselineResults, Results: "blessed.json"}))
		b.want(run, 0, "passed")
		if !strings.Contains(strings.Join(run.Warnings, "; "), "blessed.json") {
			t.Errorf("warnings %q", run.Warnings)
		}
	})
}

// bless writes the results that later runs are compared with.
func bless(t *testing.T, path string, run *result.Run) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(result.Write(f, run), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestTestedElsewhere asks the tested model at a service of its own, and the base model at the pipeline's.
func TestTestedElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Answer: answering(func(model, _ string) (string, error) {
			if model != "gpt-4.1-mini-2025-04-14" {
				t.Errorf("the pipeline's provider is asked for %s", model)
			}
			return "wrong", nil
		})})
		b.spec = suite(5, "  model: deployed\n")
		other := &elsewhere{answer: answering(func(model, _ string) (string, error) {
			if model != "deployed" {
				t.Errorf("the other service is asked for %s", model)
			}
			return "right", nil
		})}
		service := &runner.Service{Endpoint: provider.Endpoint{Kind: "compatible", BaseURL: "https://vllm.example.com/v1"}, Completer: other}
		run := b.run(t.Context(), func(o *runner.Options) { o.Tested = service })
		b.want(run, 0, "passed")
		if run.Comparison.Fixed != 5 {
			t.Errorf("comparison %+v", run.Comparison)
		}
	})
}

// TestBaselineWithoutAnswers is an earlier run that got no answer to some cases: they may have come out either way, and are not left out.
func TestBaselineWithoutAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(6, "  baseline: off\n  max_errors: 100%\n")
		b.fake.Answer = scripted(map[string][]string{"Question 0?": {"lost"}, "Question 1?": {"lost"}, "Question 2?": {"lost"}})
		bless(t, filepath.Join(b.dir, "blessed.json"), b.run(t.Context()))

		b.spec = suite(6, "") + "thresholds: ['pass_rate >= baseline', 'broken == 0']\n"
		b.fake.Answer = scripted(map[string][]string{"Question 0?": {"wrong"}, "Question 1?": {"wrong"}, "Question 2?": {"wrong"}})
		run := b.run(t.Context(), comparedWith(spec.Baseline{Kind: spec.BaselineResults, Results: "blessed.json"}))
		b.want(run, 3, "undecided")
		for _, threshold := range run.Thresholds {
			if threshold.Cause != result.CauseNotMeasured {
				t.Errorf("%s: %s %s (%s)", threshold.Expression, threshold.Verdict, threshold.Cause, threshold.Reason)
			}
		}
	})
}

// TestBaselineOfAFewCases is an earlier run that was of other cases, mostly: too little to compare with.
func TestBaselineOfAFewCases(t *testing.T) {
	for _, test := range []struct {
		earlier, exit int
		code, warning string
	}{
		{6, 0, "passed", `6 of 12 cases: not in blessed.json, and left out of every comparison with it ("c6", "c7", "c8", 3 more)`},
		{5, 2, "invalid_input", "blessed.json has answers to only 5 of 12 cases"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &providertest.Fake{})
			b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
			b.spec = suite(test.earlier, "  baseline: off\n")
			bless(t, filepath.Join(b.dir, "blessed.json"), b.run(t.Context()))
			b.spec = suite(12, "") + "thresholds: ['pass_rate >= baseline']\n"
			run := b.run(t.Context(), comparedWith(spec.Baseline{Kind: spec.BaselineResults, Results: "blessed.json"}))
			b.want(run, test.exit, test.code)
			if !strings.Contains(strings.Join(run.Warnings, "; ")+run.Reason, test.warning) {
				t.Errorf("warnings %q, reason %q, want %q", run.Warnings, run.Reason, test.warning)
			}
		})
	}
}

// TestBaselineOfTheSameCase wants the whole conversation to be the same, and takes over that the service marked a refusal.
func TestBaselineOfTheSameCase(t *testing.T) {
	conversation := func(first string) func(*runner.Options) {
		return func(o *runner.Options) {
			o.Pipeline.Test.Cases[0].Messages = []provider.Message{
				{Role: "user", Content: first}, {Role: "assistant", Content: "yes"}, {Role: "user", Content: o.Pipeline.Test.Cases[0].Question},
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = strings.Replace(suite(3, "  baseline: off\n  max_errors: 100%\n"), "contains: right", "not_refusal: true", 1)
		b.fake.Answer = func(req provider.CompletionRequest) (provider.Completion, error) {
			if strings.Contains(req.Messages[len(req.Messages)-1].Content, "Question 0") {
				return provider.Completion{Refusal: "Let us talk about something else, right?", FinishReason: "stop"}, nil
			}
			return provider.Completion{Text: "right", FinishReason: "stop"}, nil
		}
		bless(t, filepath.Join(b.dir, "blessed.json"), b.run(t.Context(), conversation("one")))
		b.spec = strings.Replace(b.spec, "baseline: off", "concurrency: 2", 1)
		use := comparedWith(spec.Baseline{Kind: spec.BaselineResults, Results: "blessed.json"})
		same := b.run(t.Context(), use, conversation("one"))
		if c := caseOf(t, same, "c0"); c.Status != result.CaseFailed || c.Baseline == nil || c.Baseline.Status != result.CaseFailed || same.Comparison.Cases != 3 {
			t.Errorf("the same conversation: %s, baseline %+v, %d compared", c.Status, c.Baseline, same.Comparison.Cases)
		}
		other := b.run(t.Context(), use, conversation("two"))
		if other.Comparison.Cases != 2 || !strings.Contains(strings.Join(other.Warnings, "; "), "with another question") {
			t.Errorf("another conversation: %d compared, warnings %q", other.Comparison.Cases, other.Warnings)
		}
	})
}

// TestSameNameElsewhere compares two models of one name behind one gateway: neither gets the other's answers.
func TestSameNameElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(20, "  model: m\n  concurrency: 1\n") + "thresholds: ['broken == 0']\n"
		says := func(word string) *elsewhere {
			return &elsewhere{answer: answering(func(string, string) (string, error) { return word, nil })}
		}
		at := func(path string, e *elsewhere) *runner.Service {
			return &runner.Service{Endpoint: provider.Endpoint{Kind: "compatible", BaseURL: "https://gateway.example.com/" + path + "/v1"}, Completer: e}
		}
		run := b.run(t.Context(), comparedWith(spec.Baseline{Kind: spec.BaselineModel, Model: "m"}), func(o *runner.Options) {
			o.Tested, o.Baseline = at("new", says("wrong")), at("old", says("right"))
		})
		b.want(run, 1, "not_good_enough")
		if run.Comparison.Broken != 20 {
			t.Errorf("%d broken, want 20", run.Comparison.Broken)
		}
	})
}

// TestBaselineOfOddResults is a file that somebody wrote by hand: a list of repeats with nothing in it, and a case that is there twice.
func TestBaselineOfOddResults(t *testing.T) {
	for name, test := range map[string]struct {
		change func(string) string
		says   string
	}{
		"no repeats": {func(s string) string { return strings.ReplaceAll(s, `"latency_ms"`, `"repeats": [], "latency_ms"`) }, ""},
		"twice":      {func(s string) string { return strings.ReplaceAll(s, `"id": "c1"`, `"id": "c0"`) }, `case "c0" is there twice`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
				b.spec = suite(3, "  baseline: off\n")
				path := filepath.Join(b.dir, "blessed.json")
				bless(t, path, b.run(t.Context()))
				src, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(test.change(string(src))), 0o600); err != nil {
					t.Fatal(err)
				}
				b.spec = suite(3, "")
				run := b.run(t.Context(), comparedWith(spec.Baseline{Kind: spec.BaselineResults, Results: "blessed.json"}))
				b.want(run, 0, "passed")
				if got := run.Comparison.Unavailable; !strings.Contains(got, test.says) || (got == "") != (test.says == "") {
					t.Errorf("unavailable %q, want %q", got, test.says)
				}
			})
		})
	}
}
