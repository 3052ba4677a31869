package runner_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner"
	"ftrun/runner/provider/providertest"
)

// TestPlanNumbers counts and prices by hand.
func TestPlanNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Shutdown: "2000-02-01"})
		b.spec = suite(20, "  sampling: {max_completion_tokens: 100}\n") +
			"prices: {training: 10, input: 2, output: 4}\ntrain: {hyperparameters: {n_epochs: 5}}\nbudget: {testing_usd: 0.001}\n"
		plan := b.plan()
		d, tr, te := plan.Dataset, plan.Training, plan.Testing
		if d.Total != 12 || d.Training != 12 || tr.Epochs != 5 || tr.EpochsGuessed || tr.BilledTokens != 5*d.Tokens || d.Tokens == 0 {
			t.Errorf("dataset %+v, training %+v", d, tr)
		}
		near := func(what string, got *float64, want float64) {
			if got == nil || *got < want-1e-12 || *got > want+1e-12 {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		near("training", plan.Cost.TrainingUSD, float64(tr.BilledTokens)*10/1e6)
		if te.Cases != 20 || te.Questions != 40 || te.Asked != 40 || *te.Kept != 0 || te.InputTokens == 0 || *te.MaxOutputTokens != 4000 {
			t.Errorf("testing %+v", te)
		}
		near("questions", plan.Cost.TestingInputUSD, float64(te.InputTokens)*2/1e6)
		near("testing", plan.Cost.TestingUSD, float64(te.InputTokens)*2/1e6+4000*4/1e6)
		if plan.ShutdownDate != "2000-02-01" || !strings.Contains(strings.Join(plan.Warnings, "; "), "shuts down on 2000-02-01, in 31 days") {
			t.Errorf("shutdown date %q, warnings %q", plan.ShutdownDate, plan.Warnings)
		}
		if !strings.Contains(strings.Join(plan.Warnings, "; "), "asking may stop") || plan.Stop != nil {
			t.Errorf("warnings %q, stop %+v", plan.Warnings, plan.Stop)
		}

		b.spec = suite(20, "")
		plan = b.plan()
		if plan.Cost.TestingUSD != nil || plan.Cost.TestingInputUSD == nil || plan.Testing.MaxOutputTokens != nil {
			t.Errorf("answers of any length: cost %+v, testing %+v", plan.Cost, plan.Testing)
		}
		plan = b.plan(func(o *runner.PlanOptions) { o.Endpoint.Kind = "compatible" })
		if plan.Cost.TestingInputUSD != nil || plan.Cost.TrainingUSD != nil || plan.Training.USD != nil || !plan.Pays {
			t.Errorf("unknown prices: cost %+v", plan.Cost)
		}
	})
}

// TestPlanForeseesRefusals is a plan of what a run refuses: the plan is made all the same, and names the exit code.
func TestPlanForeseesRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		kind, spec, shutdown string
		code, stage          string
		want                 string
	}{
		"over the budget for training": {"openai", "budget: {training_usd: 0.00001}\n", "", "over_budget", "train", "run run skip skip"},
		"no price for training":        {"compatible", "budget: {training_usd: 1}\n", "", "price_unknown", "train", "run run skip skip"},
		"no price for testing":         {"compatible", "budget: {testing_usd: 1}\n", "", "price_unknown", "", "skip skip skip skip"},
		"the model is shut down":       {"openai", "", "1999-01-01", "model_shut_down", "train", "run run skip skip"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Shutdown: test.shutdown})
				b.spec = pipeline + test.spec
				plan := b.plan(func(o *runner.PlanOptions) { o.Endpoint.Kind = test.kind })
				b.wantPlan(plan, test.want, false)
				if plan.Stop == nil || plan.Stop.ReasonCode != test.code || plan.Stop.Stage != test.stage || plan.Stop.ExitCode != 6 || plan.Stop.Hint == "" {
					t.Fatalf("stop %+v", plan.Stop)
				}
				run := b.run(t.Context(), ofKind(test.kind))
				if run.ReasonCode != test.code || run.ExitCode != 6 {
					t.Errorf("the run ended with %s, exit %d", run.ReasonCode, run.ExitCode)
				}
				b.wantJobs(0)
			})
		})
	}
	t.Run("offline it depends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &providertest.Fake{})
			b.spec = pipeline + "budget: {training_usd: 0.00001}\n"
			plan := b.plan(offline)
			b.wantPlan(plan, "run unknown unknown run", true)
			if plan.Stop != nil || !strings.Contains(strings.Join(plan.Warnings, "; "), "a new job would be refused") {
				t.Errorf("stop %+v, warnings %q", plan.Stop, plan.Warnings)
			}
		})
	})
}

// TestPlanCountsKeptAnswers is an interrupted test stage, whose answers are not asked for again.
func TestPlanCountsKeptAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		fresh    bool
		offline  bool
		kept     int // -1: not known
		asked    int
	}{
		"resume":  {"", false, false, 8, 12},
		"never":   {"  reuse: never\n", false, false, 0, 20},
		"fresh":   {"", true, false, 0, 20},
		"offline": {"", false, true, -1, 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = suite(20, "  baseline: off\n  concurrency: 1\n"+test.settings)
				ctx, cancel := context.WithCancelCause(t.Context())
				b.fake.Answer = interruptedAfter(8, cancel)
				b.want(b.run(ctx), 130, "interrupted")
				plan := b.plan(func(o *runner.PlanOptions) {
					o.Fresh = test.fresh
					if test.offline {
						offline(o)
					}
				})
				kept := -1
				if plan.Testing.Kept != nil {
					kept = *plan.Testing.Kept
				}
				if kept != test.kept || plan.Testing.Asked != test.asked {
					t.Errorf("%d are kept and %d asked, want %d and %d (%s)", kept, plan.Testing.Asked, test.kept, test.asked, plan.Stages[3].Reason)
				}
			})
		})
	}
}

// TestPlanOfATestAlone is train: off, with every answer kept: nothing is paid for.
func TestPlanOfATestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = "version: 1\ntrain: off\ntest:\n  model: gpt-4.1-mini\n  baseline: off\n  reuse: always\n  cases:\n" +
			"    - {question: 'Say right.', assert: [{icontains: right}]}\n"
		b.wantPlan(b.plan(offline), "skip skip skip run", true)
		b.want(b.run(t.Context()), 0, "passed")
		plan := b.plan(offline)
		b.wantPlan(plan, "skip skip skip reuse", false)
		if *plan.Testing.Kept != 1 || plan.Testing.Asked != 0 || *plan.Cost.TestingUSD != 0 {
			t.Errorf("testing %+v, cost %+v", plan.Testing, plan.Cost)
		}
	})
}
