package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// paidCalls are the calls of a provider that buy, change or remove something.
var paidCalls = []string{"upload", "create", "cancel", "delete", "delete model", "complete"}

// plan plans a run of the pipeline, and holds the plan to its promise: nothing is written, nothing is bought.
func (b *bench) plan(change ...func(*runner.PlanOptions)) *result.Plan {
	b.t.Helper()
	plan, err := b.tryPlan(change...)
	if err != nil {
		b.t.Fatal(err)
	}
	return plan
}

func (b *bench) tryPlan(change ...func(*runner.PlanOptions)) (*result.Plan, error) {
	b.t.Helper()
	path := filepath.Join(b.dir, "pipeline.yaml")
	if err := os.WriteFile(path, []byte(b.spec), 0o600); err != nil {
		b.t.Fatal(err)
	}
	p, err := spec.Load(path, spec.LoadOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	state := filepath.Join(b.dir, ".ftrun")
	journal, err := ledger.Read(state)
	if err != nil {
		b.t.Fatal(err)
	}
	o := runner.PlanOptions{Options: runner.Options{
		Pipeline: p, Endpoint: provider.Endpoint{Kind: "openai", BaseURL: "https://api.openai.com/v1"},
		Trainer: b.fake, Ledger: journal, StateDir: state, Now: time.Now,
	}}
	for _, c := range change {
		c(&o)
	}
	before, paid := b.files(), b.paid()
	start := time.Now()
	plan, err := runner.Plan(b.t.Context(), o)
	if after := b.files(); !slices.Equal(before, after) {
		b.t.Errorf("the plan left %q, and before it there was %q", after, before)
	}
	if n := b.paid() - paid; n != 0 {
		b.t.Errorf("the plan sent %d requests that buy or change something", n)
	}
	if took := time.Since(start); took > time.Second { // in a bubble: only waiting takes time
		b.t.Errorf("the plan waited %v", took)
	}
	return plan, err
}

func (b *bench) paid() int {
	n := 0
	for _, op := range paidCalls {
		n += b.fake.Calls(op)
	}
	return n
}

// files lists every file of the machine, with its size and when it was written.
func (b *bench) files() []string {
	b.t.Helper()
	var list []string
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			list = append(list, fmt.Sprintf("%s %d %v", path, info.Size(), info.ModTime().UnixNano()))
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// offline is a plan that asks nobody.
func offline(o *runner.PlanOptions) { o.Trainer, o.NotAsked = nil, "no key: OPENAI_API_KEY is not set" }

// embedded is a plan with the embedded engine, which does not run during a plan.
func embedded(o *runner.PlanOptions) {
	o.Endpoint, o.Trainer, o.NotAsked = provider.Endpoint{Kind: "embedded"}, nil, "the embedded engine runs only during a run"
}

// actions joins what is planned: train, wait and test.
func actions(p *result.Plan) string {
	var list []string
	for _, s := range p.Stages {
		list = append(list, s.Action)
	}
	return strings.Join(list, " ")
}

func (b *bench) wantPlan(p *result.Plan, want string, pays bool, reasons ...string) {
	b.t.Helper()
	if got := actions(p); got != want || p.Pays != pays {
		b.t.Errorf("plan: %s, pays %v; want %s, pays %v\n%+v", got, p.Pays, want, pays, p.Stages)
	}
	for _, reason := range reasons {
		if !strings.Contains(p.Stages[1].Reason, reason) {
			b.t.Errorf("train: %q, want %q in it", p.Stages[1].Reason, reason)
		}
	}
}

// TestPlanOfEveryStanding is every way in which a pipeline can stand, and what a run would make of it: the plan is followed by the run.
func TestPlanOfEveryStanding(t *testing.T) {
	forget := func(b *bench) {
		if err := os.RemoveAll(filepath.Join(b.dir, ".ftrun")); err != nil {
			b.t.Fatal(err)
		}
	}
	fault := &provider.JobFailure{Code: "server_error", Message: "internal error"}
	for name, test := range map[string]struct {
		fake    *providertest.Fake
		before  func(*bench) // the first run
		options []func(*runner.PlanOptions)
		want    string
		pays    bool
		reason  string
		stop    string // reason code
		created int    // jobs that the run after the plan creates
	}{
		"nothing happened": {
			want: "run run run run", pays: true, reason: "no such job is recorded, and the provider lists none", created: 1,
		},
		"nothing happened, offline": {
			options: []func(*runner.PlanOptions){offline}, want: "run unknown unknown run", pays: true,
			reason: "no such job is recorded, and whether the provider has one is not known: no key: OPENAI_API_KEY is not set", created: 1,
		},
		"a whole run": {
			before: func(b *bench) { b.want(b.run(b.t.Context()), 0, "passed") },
			want:   "reuse reuse reuse run", pays: true, reason: "job ftjob-1 of an earlier run, recorded 2000-01-01",
		},
		"a whole run, offline": {
			before:  func(b *bench) { b.want(b.run(b.t.Context()), 0, "passed") },
			options: []func(*runner.PlanOptions){offline}, want: "reuse reuse unknown run", pays: true, reason: "recorded 2000-01-01",
		},
		"a run on another machine": {
			before: func(b *bench) { b.want(b.run(b.t.Context()), 0, "passed"); forget(b) },
			want:   "run adopt reuse run", pays: true, reason: "job ftjob-1 at the provider, succeeded",
		},
		"a detached run": {
			fake:   &providertest.Fake{Running: time.Hour},
			before: func(b *bench) { b.run(b.t.Context(), func(o *runner.Options) { o.Detach = true }) },
			want:   "reuse reuse run run", pays: true, reason: "job ftjob-1 of an earlier run",
		},
		"a detached run on another machine": {
			fake:   &providertest.Fake{Running: time.Hour},
			before: func(b *bench) { b.run(b.t.Context(), func(o *runner.Options) { o.Detach = true }); forget(b) },
			want:   "run adopt run run", pays: true, reason: "job ftjob-1 at the provider, running",
		},
		"a failed job": {
			fake:   &providertest.Fake{Outcome: provider.StatusFailed, Failure: &provider.JobFailure{Code: "bad_data", Message: "no"}},
			before: func(b *bench) { b.want(b.run(b.t.Context()), 4, "job_failed") },
			want:   "reuse reuse reuse skip", stop: "job_failed",
		},
		"a failed job of another machine": {
			fake:   &providertest.Fake{Outcome: provider.StatusFailed, Failure: &provider.JobFailure{Code: "bad_data", Message: "no"}},
			before: func(b *bench) { b.want(b.run(b.t.Context()), 4, "job_failed"); forget(b) },
			want:   "run adopt reuse skip", stop: "job_failed", reason: "job ftjob-1 at the provider, failed",
		},
		"a job that the service broke": {
			fake:   &providertest.Fake{Outcome: provider.StatusFailed, Failure: fault, Billed: new(int64)},
			before: func(b *bench) { b.want(b.run(b.t.Context()), 4, "job_failed") },
			want:   "reuse run run run", pays: true, reason: "failed by the service's fault", created: 1,
		},
		"a cancelled job": {
			before: func(b *bench) {
				b.fake.Running = time.Hour
				b.run(b.t.Context(), func(o *runner.Options) { o.Detach = true })
				if _, err := b.fake.CancelJob(b.t.Context(), "ftjob-1"); err != nil {
					b.t.Fatal(err)
				}
			},
			want: "reuse reuse reuse skip", stop: "job_cancelled",
		},
		"a cancelled job that a run has seen": {
			before: func(b *bench) {
				b.fake.Running = time.Hour
				ctx, cancel := context.WithCancelCause(b.t.Context())
				time.AfterFunc(time.Minute, func() { cancel(runner.ErrInterrupted) })
				b.spec += "wait: {on_interrupt: cancel}\n"
				b.want(b.run(ctx), 130, "interrupted")
			},
			want: "reuse run run run", pays: true, reason: "the last job was cancelled, and the provider lists none", created: 1,
		},
		"a job that is gone": {
			before: func(b *bench) {
				b.want(b.run(b.t.Context()), 0, "passed")
				b.fake.Fail = func(op string, n int) (error, bool) {
					if op == "job" {
						return &provider.Error{Op: "get job", Kind: provider.KindNotFound, Status: 404}, false
					}
					return nil, false
				}
			},
			want: "reuse unknown skip skip", stop: "job_gone",
		},
		"a creation without an answer": {
			before: func(b *bench) {
				b.fake.Fail = failing("create", 1, 2, broken("create"), false)
				b.want(b.run(b.t.Context()), 3, "create_ambiguous")
			},
			want: "reuse run run run", pays: true, reason: "the answer to an earlier creation is lost", created: 1,
		},
		"a creation without an answer, offline": {
			before: func(b *bench) {
				b.fake.Fail = failing("create", 1, 2, broken("create"), false)
				b.want(b.run(b.t.Context()), 3, "create_ambiguous")
			},
			options: []func(*runner.PlanOptions){offline}, want: "reuse unknown unknown run", pays: true, reason: "is lost", created: 1,
		},
		"a refused creation": {
			before: func(b *bench) {
				b.fake.Fail = failing("create", 1, 1, &provider.Error{Op: "create", Kind: provider.KindInvalid, Status: 400, Message: "no"}, false)
				b.want(b.run(b.t.Context()), 3, "request_refused")
			},
			want: "reuse run run run", pays: true, reason: "an earlier creation was refused", created: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := test.fake
				if fake == nil {
					fake = &providertest.Fake{}
				}
				b := newBench(t, fake)
				if test.before != nil {
					test.before(b)
				}
				plan := b.plan(test.options...)
				b.wantPlan(plan, test.want, test.pays, test.reason)
				stop := ""
				if plan.Stop != nil {
					stop = plan.Stop.ReasonCode
				}
				if stop != test.stop {
					t.Errorf("the run would stop with %q, want %q", stop, test.stop)
				}

				before := fake.Created()
				run := b.run(t.Context())
				if n := fake.Created() - before; n != test.created {
					t.Errorf("the run after the plan created %d jobs (%s), want %d", n, run.Reason, test.created)
				}
				if stop != "" && (run.ReasonCode != stop || run.ExitCode != plan.Stop.ExitCode) {
					t.Errorf("the run ended with %s, exit %d; planned was %+v", run.ReasonCode, run.ExitCode, plan.Stop)
				}
				if reused := plan.Stages[1].Action == result.PlanReuse; reused != (run.Stages[1].Status == result.StageReused) && stop != "job_gone" {
					t.Errorf("train was planned as %s, and was %s", plan.Stages[1].Action, run.Stages[1].Status)
				}
			})
		})
	}
}

// TestPlanOfTheEmbeddedEngine is free, and decided by what is recorded: the engine does not run.
func TestPlanOfTheEmbeddedEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		plan := b.plan(embedded)
		b.wantPlan(plan, "run run run run", false, "no such job is recorded; the embedded engine keeps its jobs in the state folder")
		if *plan.Cost.TrainingUSD != 0 || *plan.Cost.TestingUSD != 0 || plan.Training != nil {
			t.Errorf("cost %+v", plan.Cost)
		}
		b.want(b.run(t.Context(), func(o *runner.Options) { o.Endpoint = provider.Endpoint{Kind: "embedded"} }), 0, "passed")
		b.wantPlan(b.plan(embedded), "reuse reuse unknown run", false, "job ftjob-1 of an earlier run")
	})
}

// TestPlanErrors is what ends a plan as it ends a run: bad data, a model that is not there, a provider that does not answer.
func TestPlanErrors(t *testing.T) {
	var problems diag.List
	for name, test := range map[string]struct {
		spoil func(*bench)
		exit  int
	}{
		"bad rows": {func(b *bench) {
			if err := os.WriteFile(filepath.Join(b.dir, "data.jsonl"), []byte("{}\n{}\n"), 0o600); err != nil {
				b.t.Fatal(err)
			}
		}, 2},
		"no such model": {func(b *bench) {
			b.fake.Fail = failing("model", 1, 9, &provider.Error{Op: "get model", Kind: provider.KindNotFound, Status: 404}, false)
		}, 2},
		"the key is refused": {func(b *bench) {
			b.fake.Fail = failing("jobs", 1, 9, &provider.Error{Op: "list jobs", Kind: provider.KindAuth, Status: 401}, false)
		}, 3},
		"no network": {func(b *bench) { b.fake.Fail = failing("jobs", 1, 9, broken("list jobs"), false) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				test.spoil(b)
				_, err := b.tryPlan()
				if err == nil {
					t.Fatal("no error")
				}
				if c := runner.ConclusionOf(err); c.ExitCode != test.exit {
					t.Errorf("exit %d (%v), want %d", c.ExitCode, err, test.exit)
				}
				if isList := errors.As(err, &problems); isList != (test.exit == 2) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// TestPlanWarns is what a plan says beside what it finds.
func TestPlanWarns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		plan := b.plan(func(o *runner.PlanOptions) { o.Endpoint.Kind = "azure" })
		if all := strings.Join(plan.Warnings, "; "); !strings.Contains(all, "only once it is deployed") || strings.Contains(all, "another run") {
			t.Errorf("warnings %q", plan.Warnings)
		}
		journal, err := ledger.Open(t.Context(), filepath.Join(b.dir, ".ftrun"), ledger.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer journal.Close()
		plan = b.plan()
		if all := strings.Join(plan.Warnings, "; "); !strings.Contains(all, "another run is at work") {
			t.Errorf("warnings %q", plan.Warnings)
		}
	})
}
