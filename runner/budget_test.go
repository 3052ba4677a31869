package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
	"ftrun/spec"
)

// TestTrainingBudget refuses before anything is sent what costs too much, or nobody knows how much.
func TestTrainingBudget(t *testing.T) {
	for name, test := range map[string]struct {
		kind string
		spec string
		code string
		hint string
	}{
		"enough":                      {"openai", "budget: {training_usd: 1}\n", "passed", ""},
		"too little":                  {"openai", "budget: {training_usd: 0.00001}\ntrain: {hyperparameters: {n_epochs: 3}}\n", "over_budget", "n_epochs"},
		"too little, epochs guessed":  {"openai", "budget: {training_usd: $0.00001}\n", "over_budget", "raise the budget"},
		"nothing at all":              {"openai", "budget: {training_usd: 0}\n", "over_budget", ""},
		"no price":                    {"compatible", "budget: {training_usd: 100}\n", "price_unknown", "prices.training"},
		"no price, no budget":         {"compatible", "", "passed", ""},
		"a price of the spec":         {"compatible", "budget: {training_usd: 100}\nprices: {training: 2}\n", "passed", ""},
		"a price of the spec, dear":   {"openai", "budget: {training_usd: 1}\nprices: {training: 1e9}\n", "over_budget", ""},
		"the embedded engine is free": {"embedded", "budget: {training_usd: 0, testing_usd: 0}\n", "passed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = pipeline + strings.ReplaceAll(test.spec, "1e9", "1000000000")
				run := b.run(t.Context(), ofKind(test.kind))
				if run.ReasonCode != test.code || !strings.Contains(run.Hint, test.hint) {
					t.Fatalf("%s (%s; %s), want %s", run.ReasonCode, run.Reason, run.Hint, test.code)
				}
				if test.code == "passed" {
					return
				}
				if run.ExitCode != 6 || run.Verdict != result.VerdictRefused || b.fake.Calls("upload")+b.fake.Created() != 0 {
					t.Errorf("exit %d %s after %d uploads", run.ExitCode, run.Verdict, b.fake.Calls("upload"))
				}
			})
		})
	}
}

// TestBudgetStopsNoReuse is a job that exists already: taking it up costs nothing.
func TestBudgetStopsNoReuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.want(b.run(t.Context()), 0, "passed")
		b.spec = pipeline + "budget: {training_usd: 0}\n"
		b.want(b.run(t.Context()), 0, "passed")
		b.wantJobs(1)
	})
}

// TestTestingBudgetNeedsABound is a cap that could not be kept.
func TestTestingBudgetNeedsABound(t *testing.T) {
	for name, test := range map[string]struct {
		kind, spec, code string
		exit             int
	}{
		"answers of any length": {"openai", "budget: {testing_usd: 1}\n", "invalid_input", 2},
		"no price":              {"compatible", "budget: {testing_usd: 1}\n", "price_unknown", 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = pipeline + test.spec
				b.want(b.run(t.Context(), ofKind(test.kind)), test.exit, test.code)
				if n := b.fake.Calls("jobs") + b.fake.Calls("upload"); n != 0 {
					t.Errorf("%d requests before that", n)
				}
			})
		})
	}
}

// TestTestingBudgetIsNeverPassed puts 60 cases to two models, with answers of random lengths up to the longest and some that are lost
// after they were billed, under caps from too small to ample.
func TestTestingBudgetIsNeverPassed(t *testing.T) {
	const price = 10.0 // USD per 1M tokens, of questions and answers
	rng := rand.New(rand.NewPCG(3, 4))
	stopped, finished := 0, 0
	for range 40 {
		limit := rng.Float64() * 0.15
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &providertest.Fake{})
			b.spec = suite(60, "  sampling: {max_completion_tokens: 100}\n  concurrency: 8\n  max_errors: 100%\n") +
				fmt.Sprintf("prices: {input: %v, output: %v}\nbudget: {testing_usd: %.6f}\nthresholds: ['pass_rate > 0']\n", price, price, limit)
			var billed float64
			meter := &meteredCompleter{Fake: b.fake, answer: func(provider.CompletionRequest) (provider.Completion, error) {
				c := provider.Completion{Text: "right", FinishReason: "stop", Attempts: 1, Usage: &provider.Usage{
					PromptTokens: int64(rng.IntN(15)), CompletionTokens: int64(rng.IntN(101)),
				}}
				billed += float64(c.Usage.PromptTokens+c.Usage.CompletionTokens) * price / 1e6
				if rng.IntN(10) == 0 {
					return provider.Completion{}, broken("ask")
				}
				return c, nil
			}}
			run := b.run(t.Context(), meter.use)
			if billed > limit {
				t.Errorf("%.6f USD were billed, and the cap is %.6f", billed, limit)
			}
			switch run.ReasonCode {
			case "testing_budget":
				stopped++
				if run.ExitCode != 6 || run.Summary.Skipped+run.Comparison.Summary.Skipped == 0 {
					t.Errorf("exit %d, summary %+v", run.ExitCode, run.Summary)
				}
			case "passed", "undecided":
				finished++
			default:
				t.Errorf("%s (%s)", run.ReasonCode, run.Reason)
			}
		})
	}
	if stopped == 0 || finished == 0 {
		t.Errorf("%d runs stopped and %d finished: want some of each", stopped, finished)
	}
}

// A meteredCompleter takes time for each answer, one at a time in its bookkeeping. The probe, which is not a case, is free.
type meteredCompleter struct {
	*providertest.Fake
	answer func(provider.CompletionRequest) (provider.Completion, error)
	turn   chan struct{}
}

func (m *meteredCompleter) use(o *runner.Options) {
	m.turn = make(chan struct{}, 1)
	o.Completer = m
}

func (m *meteredCompleter) Complete(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	if req.MaxCompletionTokens == 1 {
		return m.Fake.Complete(ctx, req)
	}
	time.Sleep(time.Second) // in a bubble: many are in flight at once
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	return m.answer(req)
}

// TestCostIsReportedOnce is a job that a later run takes up when it has ended: it costs that run nothing. And a service that chooses more
// epochs than the budget was held against is told of.
func TestCostIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute})
		b.spec = pipeline + "budget: {training_usd: 0.0049}\ntrain: {hyperparameters: {n_epochs: 1}}\n" // the fake trains 1000 tokens, at 5 USD per 1M
		first := b.run(t.Context())
		b.want(first, 0, "passed")
		b.wantWarning(first, "training cost $0.005, more than budget.training_usd $0.0049")
		second := b.run(t.Context())
		b.want(second, 0, "passed")
		if *first.Cost.TrainingUSD != 0.005 || *second.Cost.TrainingUSD != 0 || len(second.Warnings) != 0 {
			t.Errorf("cost %v, then %v; warnings %q", *first.Cost.TrainingUSD, *second.Cost.TrainingUSD, second.Warnings)
		}
	})
}

// TestCostIsReported is what a run says that it cost.
func TestCostIsReported(t *testing.T) {
	for name, test := range map[string]struct {
		kind, spec        string
		training, testing *float64
	}{
		"list prices":          {"openai", "", ptr(1000 * 5.0 / 1e6), ptr(3 * (0.80 + 3.20) / 1e6)},
		"prices of the spec":   {"compatible", "prices: {training: 1, input: 2, output: 4}\n", ptr(1000 * 1.0 / 1e6), ptr(3 * 6.0 / 1e6)},
		"half of them unknown": {"compatible", "prices: {training: 1, input: 2}\n", ptr(1000 * 1.0 / 1e6), nil},
		"unknown":              {"compatible", "", nil, nil},
		"free":                 {"embedded", "", ptr(0), ptr(0)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Answer: func(provider.CompletionRequest) (provider.Completion, error) {
					return provider.Completion{Text: "right", Usage: &provider.Usage{PromptTokens: 1, CompletionTokens: 1}}, nil
				}})
				b.spec = suite(3, "  baseline: off\n") + test.spec
				run := b.run(t.Context(), ofKind(test.kind))
				b.want(run, 0, "passed")
				same := func(got, want *float64) bool {
					return got == nil && want == nil || got != nil && want != nil && *got-*want < 1e-12 && *want-*got < 1e-12
				}
				if !same(run.Cost.TrainingUSD, test.training) || !same(run.Cost.TestingUSD, test.testing) || run.Cost.Note == "" {
					t.Errorf("cost %v, %v (%s)", run.Cost.TrainingUSD, run.Cost.TestingUSD, run.Cost.Note)
				}
			})
		})
	}
}

// TestTestingBudgetCountsAllThatIsSent has tools and a schema that are many times longer than the question: the cap is of what is billed.
func TestTestingBudgetCountsAllThatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(20, "  baseline: off\n  sampling: {max_completion_tokens: 10}\n") + "prices: {input: 10, output: 10}\nbudget: {testing_usd: 0.01}\n"
		tool := fmt.Sprintf(`{"type": "function", "function": {"name": "f", "description": %q}}`, strings.Repeat("many words of a tool ", 400))
		b.fake.Answer = func(req provider.CompletionRequest) (provider.Completion, error) {
			return provider.Completion{Text: "right", FinishReason: "stop", Usage: &provider.Usage{PromptTokens: 2000, CompletionTokens: 1}}, nil
		}
		run := b.run(t.Context(), func(o *runner.Options) {
			for i := range o.Pipeline.Test.Cases {
				o.Pipeline.Test.Cases[i].Tools = []json.RawMessage{json.RawMessage(tool)}
			}
		})
		b.want(run, 6, "testing_budget")
		if n := b.cases(); n != 0 { // one question alone costs 2 cents
			t.Errorf("%d questions were asked", n)
		}
	})
}

// TestTestingBudgetNeedsThePriceOfGraders refuses, before anything is paid for, a cap where a grader asks a model whose price nobody knows.
func TestTestingBudgetNeedsThePriceOfGraders(t *testing.T) {
	for name, assertion := range map[string]spec.Assertion{
		"a judge of its own": {Kind: "score_model", Judge: true, Judges: []string{"my-own-judge"}, Weight: 1, Grader: yesGrader{"my-own-judge"}},
		"embeddings":         {Kind: "text_similarity", Embeds: []string{"my-embedder"}, Weight: 1, Grader: yesGrader{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = suite(2, "  baseline: off\n  sampling: {max_completion_tokens: 10}\n") + "budget: {testing_usd: 1}\n"
				run := b.run(t.Context(), func(o *runner.Options) {
					o.Pipeline.Test.Cases[1].Assertions = append(o.Pipeline.Test.Cases[1].Assertions, assertion)
				})
				b.want(run, 6, "price_unknown")
				if n := b.fake.Calls("jobs") + b.fake.Calls("upload") + b.cases(); n != 0 {
					t.Errorf("%d requests before that", n)
				}
			})
		})
	}
}

// An embedder says what its vectors cost.
type embedder struct {
	*providertest.Fake
	tokens int64
	asked  atomic.Int64
}

func (e *embedder) Embed(_ context.Context, _ string, texts []string) (provider.Embeddings, error) {
	e.asked.Add(1)
	vectors := make([][]float64, len(texts))
	for i := range vectors {
		vectors[i] = []float64{1, 0}
	}
	return provider.Embeddings{Vectors: vectors, Usage: &provider.Usage{PromptTokens: e.tokens}}, nil
}

// TestTestingBudgetHoldsEmbeddings grades by embeddings, each of which costs a good part of the cap.
func TestTestingBudgetHoldsEmbeddings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = strings.ReplaceAll(suite(20, "  baseline: off\n  concurrency: 1\n  sampling: {max_completion_tokens: 10}\n"), "contains: right",
			"text_similarity: {evaluation_metric: cosine, embedding_model: e, reference: right, pass_threshold: 0.5}") +
			"prices: {input: 100, output: 100}\nbudget: {testing_usd: 0.1}\n"
		b.fake.Answer = func(req provider.CompletionRequest) (provider.Completion, error) {
			return provider.Completion{Text: strings.Repeat("right ", 100), FinishReason: "stop", Usage: &provider.Usage{PromptTokens: 10, CompletionTokens: 10}}, nil
		}
		e := &embedder{Fake: b.fake, tokens: 101}
		run := b.run(t.Context(), func(o *runner.Options) { o.Embedder = e })
		b.want(run, 6, "testing_budget")
		if spent := run.Cost.TestingUSD; spent == nil || *spent > 0.1 || e.asked.Load() == 0 {
			t.Errorf("spent %v after %d embeddings", spent, e.asked.Load())
		}
	})
}
