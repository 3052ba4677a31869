package runner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
)

const pipeline = `version: 1
base_model: gpt-4.1-mini-2025-04-14
dataset: data.jsonl
test:
  - question: What is number 3?
    assert:
      - icontains: number 3
`

// A bench is a machine with a pipeline on it, and a provider. It lives inside a synctest bubble.
type bench struct {
	t      *testing.T
	dir    string
	spec   string
	fake   *providertest.Fake
	events []result.Event
}

func newBench(t *testing.T, fake *providertest.Fake) *bench {
	t.Helper()
	b := &bench{t: t, dir: scratch(t), spec: pipeline, fake: fake}
	var rows strings.Builder
	for i := range 12 {
		fmt.Fprintf(&rows, `{"question": "Which is number %d?", "answer": "Number %d."}`+"\n", i, i)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "data.jsonl"), []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// scratch returns a folder for the few kilobytes of a bench: in memory where the system has a place for that, since thousands of runs
// wait for the disk longer than for anything else, and what they test is not the disk.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "ftrun-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// run runs the pipeline once, as a process would.
func (b *bench) run(ctx context.Context, change ...func(*runner.Options)) *result.Run {
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
	journal, err := ledger.Open(b.t.Context(), state, ledger.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer journal.Close()
	b.events = nil
	o := runner.Options{
		Pipeline: p, Endpoint: provider.Endpoint{Kind: "openai", BaseURL: "https://api.openai.com/v1"},
		Trainer: b.fake, Completer: b.fake, Ledger: journal, StateDir: state, Now: time.Now,
		Observe: func(e result.Event) { b.events = append(b.events, e) },
	}
	for _, c := range change {
		c(&o)
	}
	run := result.Begin(path, "test", time.Now())
	runner.Run(ctx, o, run)
	return run
}

func (b *bench) count(match func(result.Event) bool) int {
	n := 0
	for _, e := range b.events {
		if match(e) {
			n++
		}
	}
	return n
}

func (b *bench) want(run *result.Run, exit int, reason string) {
	b.t.Helper()
	if run.ExitCode != exit || run.ReasonCode != reason {
		b.t.Fatalf("exit %d %s (%s), want %d %s", run.ExitCode, run.ReasonCode, run.Reason, exit, reason)
	}
}

func (b *bench) wantJobs(n int) {
	b.t.Helper()
	if got := b.fake.Created(); got != n {
		b.t.Fatalf("%d jobs were bought, want %d", got, n)
	}
}

func broken(op string) error {
	return &provider.Error{Op: op, Kind: provider.KindBroken, Err: errors.New("connection reset")}
}

// failing scripts errors: for calls from to to of an operation, the error, and whether the service acted all the same.
func failing(op string, from, to int, err error, acted bool) func(string, int) (error, bool) {
	return func(called string, n int) (error, bool) {
		if called == op && n >= from && n <= to {
			return err, acted
		}
		return nil, false
	}
}

func TestFinishedJobIsNoticedSoon(t *testing.T) {
	for _, duration := range []time.Duration{0, 3 * time.Second, time.Minute, 20 * time.Minute, 4*time.Hour + 50*time.Minute} {
		t.Run(duration.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Running: max(duration, 1)})
				start := time.Now()
				b.want(b.run(t.Context()), 0, "passed")
				late := time.Since(start) - duration
				if limit := max(2*time.Second, min(duration/50, 30*time.Second)); late > limit {
					t.Errorf("noticed %v late, want at most %v", late, limit)
				}
				if polls := b.fake.Calls("job"); polls > 1000 {
					t.Errorf("%d polls", polls)
				}
				if shown := b.count(func(e result.Event) bool { return e.Type == result.EventJobEvent }); shown != 2 {
					t.Errorf("%d job events were shown, want each of two once", shown)
				}
			})
		})
	}
}

func TestWaitTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: 150 * time.Minute})
		b.spec += "wait:\n  timeout: 1h\n"
		run := b.run(t.Context())
		b.want(run, 5, "wait_timeout")
		if !strings.Contains(run.Reason, "ftjob-1 still running after 1h") || !strings.Contains(run.Hint, "same command") {
			t.Errorf("reason %q, hint %q", run.Reason, run.Hint)
		}
		if run.Stages[2].Status != result.StageUnfinished {
			t.Errorf("stage wait is %s", run.Stages[2].Status)
		}
		b.want(b.run(t.Context()), 5, "wait_timeout")
		run = b.run(t.Context())
		b.want(run, 0, "passed")
		if run.Stages[1].Status != result.StageReused {
			t.Errorf("stage train is %s", run.Stages[1].Status)
		}
		b.wantJobs(1)
	})
}

func TestWaitTimeoutCancels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: 3 * time.Hour})
		b.spec += "wait:\n  timeout: 1h\n  on_timeout: cancel\n"
		run := b.run(t.Context())
		b.want(run, 5, "wait_timeout")
		if run.Job.Status != "cancelled" {
			t.Errorf("job is %s", run.Job.Status)
		}
		b.run(t.Context())
		b.wantJobs(2) // the next run starts one new job
	})
}

func TestInterrupt(t *testing.T) {
	for name, test := range map[string]struct {
		spec   string
		status string
	}{
		"leave":  {"", "running"},
		"cancel": {"wait:\n  on_interrupt: cancel\n", "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Running: 3 * time.Hour})
				b.spec += test.spec
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Hour, func() { cancel(runner.ErrInterrupted) })
				start := time.Now()
				run := b.run(ctx)
				b.want(run, 130, "interrupted")
				if late := time.Since(start) - time.Hour; late > 5*time.Second {
					t.Errorf("took %v to stop", late)
				}
				if run.Job.Status != test.status || run.Hint == "" {
					t.Errorf("job is %s, hint %q", run.Job.Status, run.Hint)
				}
			})
		})
	}
}

func TestUnreachableService(t *testing.T) {
	for minutes, exit := range map[int]int{5: 0, 60: 3} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &providertest.Fake{Running: time.Hour})
			start := time.Now()
			b.fake.Fail = func(op string, _ int) (error, bool) {
				if since := time.Since(start); op == "job" && since > 10*time.Minute && since < time.Duration(10+minutes)*time.Minute {
					return broken("get job"), false
				}
				return nil, false
			}
			if run := b.run(t.Context()); run.ExitCode != exit {
				t.Errorf("unreachable for %d minutes: exit %d (%s), want %d", minutes, run.ExitCode, run.Reason, exit)
			}
		})
	}
}

func TestOddStatuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour, Passing: []provider.Status{"warming_up", provider.StatusPaused, provider.StatusRunning}})
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		if len(run.Warnings) != 1 || !strings.Contains(run.Warnings[0], "paused") {
			t.Errorf("warnings %q, want one that the job is paused", run.Warnings)
		}
		unknown := b.count(func(e result.Event) bool { return strings.Contains(e.Message, `"warming_up"`) })
		if unknown != 1 {
			t.Errorf("the unknown status was told of %d times", unknown)
		}
	})
}

func TestModelIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute, NotReady: 3 * time.Minute})
		b.want(b.run(t.Context()), 0, "passed")
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute, NotReady: 3 * time.Hour})
		b.want(b.run(t.Context()), 3, "model_gone")
		b.wantJobs(1)
	})
}

func TestFailedJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{
			Running: time.Minute, Outcome: provider.StatusFailed,
			Failure: &provider.JobFailure{Code: "invalid_training_file", Message: "line 3 is bad"},
		})
		for range 2 {
			run := b.run(t.Context())
			b.want(run, 4, "job_failed")
			if !strings.Contains(run.Reason, "invalid_training_file: line 3 is bad") || !strings.Contains(run.Hint, "train.seed") {
				t.Errorf("reason %q, hint %q", run.Reason, run.Hint)
			}
		}
		b.wantJobs(1)
	})
}

// TestCreateIsNeverBoughtTwice holds the create protocol against answers that never came.
func TestCreateIsNeverBoughtTwice(t *testing.T) {
	for name, test := range map[string]struct {
		fail func(string, int) (error, bool)
		lag  time.Duration
		exit int
		jobs int
	}{
		"answer lost":                  {failing("create", 1, 1, broken("create job"), true), 0, 0, 1},
		"answer lost, list lags":       {failing("create", 1, 1, broken("create job"), true), 10 * time.Second, 0, 1},
		"request lost":                 {failing("create", 1, 1, broken("create job"), false), 0, 0, 1},
		"both requests lost":           {failing("create", 1, 2, broken("create job"), false), 0, 3, 0},
		"refused":                      {failing("create", 1, 1, &provider.Error{Op: "create job", Kind: provider.KindInvalid, Status: 400}, false), 0, 3, 0},
		"not eligible":                 {failing("create", 1, 1, &provider.Error{Op: "create job", Kind: provider.KindNotEligible, Status: 403}, false), 0, 6, 0},
		"upload's answer lost":         {failing("upload", 1, 1, broken("upload"), true), 0, 0, 1},
		"list fails before the create": {failing("jobs", 1, 1, broken("list jobs"), false), 0, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Running: time.Hour, Fail: test.fail, ListLag: test.lag})
				run := b.run(t.Context())
				if run.ExitCode != test.exit {
					t.Fatalf("exit %d (%s), want %d", run.ExitCode, run.Reason, test.exit)
				}
				b.wantJobs(test.jobs)
				b.fake.Fail = nil
				b.want(b.run(t.Context()), 0, "passed")
				b.wantJobs(1)
				if n := b.fake.Calls("upload") - b.fake.Calls("delete"); n != 1 { // a file sent for a refused job is deleted again
					t.Errorf("%d uploads more than deletions, want 1", n)
				}
			})
		})
	}
}

// TestLookAfterACrash is the window between the POST and the record of its answer: the next run finds the job, however late it is listed.
func TestLookAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour, ListLag: 25 * time.Second})
		ctx, cancel := context.WithCancelCause(t.Context())
		b.fake.Fail = func(op string, n int) (error, bool) {
			if op == "create" {
				cancel(runner.ErrInterrupted)
				return broken("create job"), true
			}
			return nil, false
		}
		b.want(b.run(ctx), 130, "interrupted")
		b.wantJobs(1)
		b.fake.Fail = nil
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		b.wantJobs(1)
	})
}

// TestServiceWithoutMetadata finds the job by its training file, after a lost answer and on a machine that knows nothing.
func TestServiceWithoutMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour, NoEcho: true, Fail: failing("create", 1, 1, broken("create job"), true)})
		b.want(b.run(t.Context()), 0, "passed")
		b.wantJobs(1)
		if err := os.RemoveAll(filepath.Join(b.dir, ".ftrun")); err != nil {
			t.Fatal(err)
		}
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		b.wantJobs(1)
		if run.Stages[1].Status != result.StageAdopted {
			t.Errorf("stage train is %s", run.Stages[1].Status)
		}
	})
}

func TestCancelThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: 3 * time.Hour, Fail: failing("cancel", 1, 1, broken("cancel job"), false)})
		b.spec += "wait:\n  timeout: 1h\n  on_timeout: cancel\n"
		run := b.run(t.Context())
		b.want(run, 5, "wait_timeout")
		if !strings.Contains(run.Reason, "could not be cancelled: cancel job") || !strings.Contains(run.Hint, "goes on at the provider") {
			t.Errorf("reason %q, hint %q", run.Reason, run.Hint)
		}
	})
}

// TestRefusalDoesNotSettleAnEarlierDoubt is a lost answer, then a refusal of the second request: the first one's job may yet turn up.
func TestRefusalDoesNotSettleAnEarlierDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour, ListLag: 90 * time.Second})
		b.fake.Fail = func(op string, n int) (error, bool) {
			switch {
			case op == "create" && n == 1:
				return broken("create job"), true
			case op == "create":
				return &provider.Error{Op: "create job", Kind: provider.KindInvalid, Status: 400}, false
			}
			return nil, false
		}
		b.want(b.run(t.Context()), 3, "request_refused")
		b.fake.Fail = nil
		b.want(b.run(t.Context()), 0, "passed")
		b.wantJobs(1)
	})
}

// TestProbeThatIsRefused is a model that answers, but not to a question with so small a limit.
func TestProbeThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute})
		b.fake.Fail = failing("complete", 1, 1, &provider.Error{Op: "ask", Kind: provider.KindInvalid, Status: 400}, false)
		b.want(b.run(t.Context()), 0, "passed")
	})
}

func TestRecordedJobIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour})
		b.run(t.Context(), func(o *runner.Options) { o.Detach = true })
		old := b.fake
		b.fake = &providertest.Fake{}
		start := time.Now()
		b.want(b.run(t.Context()), 3, "job_gone")
		if asked := time.Since(start); asked < 90*time.Second || asked > 2*time.Minute {
			t.Errorf("gave up after %v, want about two minutes", asked)
		}
		b.wantJobs(0)
		b.fake = old
		b.want(b.run(t.Context()), 0, "passed")
		b.wantJobs(1)
	})
}

func TestAdoptsOldestJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour})
		b.run(t.Context(), func(o *runner.Options) { o.Detach = true })
		first, err := b.fake.Job(t.Context(), "ftjob-1")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if _, err := b.fake.CreateJob(t.Context(), provider.JobRequest{Model: first.Model, TrainingFile: first.TrainingFile, Metadata: first.Metadata}); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(b.dir, ".ftrun")); err != nil {
			t.Fatal(err)
		}
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		if run.Job.ID != "ftjob-1" || run.Stages[1].Status != result.StageAdopted {
			t.Errorf("took up %s, stage %s", run.Job.ID, run.Stages[1].Status)
		}
	})
}
