package runner_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

// races is how many times TestTwins lets machines race: go test ./runner -run TestTwins -races 10000 -timeout 60m
var races = flag.Int("races", 15, "how many races of machines that start at once")

// TestTwins is machines that start the same new inputs at about the same time, while a new job is not listed yet. Whenever it is
// listed before it trains, one job trains, and every machine goes on with that one.
func TestTwins(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range *races {
		machines := 2 + rng.IntN(2)
		lag := time.Duration(rng.Int64N(int64(10 * time.Second)))
		starts := make([]time.Duration, machines)
		for i := range starts {
			starts[i] = time.Duration(rng.Int64N(int64(12 * time.Second)))
		}
		noEcho := rng.IntN(4) == 0
		synctest.Test(t, func(t *testing.T) {
			fake := &providertest.Fake{ListLag: lag, Queued: lag + 3*time.Second, Running: time.Minute, NoEcho: noEcho}
			runs := make([]*result.Run, machines)
			var wg sync.WaitGroup
			for i, start := range starts {
				b := newBench(t, fake)
				wg.Go(func() {
					time.Sleep(start) // in a bubble
					runs[i] = b.run(t.Context())
				})
			}
			wg.Wait()
			jobs, err := fake.Jobs(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			trained := map[string]bool{}
			for _, j := range jobs {
				if j.Status != provider.StatusCancelled {
					trained[j.ID] = true
				}
			}
			if len(trained) != 1 {
				t.Errorf("lag %v, starts %v: %d of %d jobs trained", lag, starts, len(trained), len(jobs))
			}
			for _, run := range runs {
				if run.ReasonCode != "passed" || run.Job == nil || !trained[run.Job.ID] {
					t.Errorf("lag %v, starts %v: %s (%s) with job %+v", lag, starts, run.ReasonCode, run.Reason, run.Job)
				}
			}
		})
	}
}

// TestTwinThatCannotBeCancelled is told with both ids.
func TestTwinThatCannotBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &providertest.Fake{ListLag: 5 * time.Second, Queued: 20 * time.Second, Running: time.Minute}
		fake.Fail = func(op string, _ int) (error, bool) {
			if op == "cancel" {
				return &provider.Error{Op: "cancel job", Kind: provider.KindForbidden, Status: 403}, false
			}
			return nil, false
		}
		first, second := newBench(t, fake), newBench(t, fake)
		var late *result.Run
		var wg sync.WaitGroup
		wg.Go(func() { first.want(first.run(t.Context()), 0, "passed") })
		wg.Go(func() {
			time.Sleep(2 * time.Second) // in a bubble
			late = second.run(t.Context())
		})
		wg.Wait()
		second.want(late, 0, "passed")
		second.wantWarning(late, "job ftjob-1 of another run", "ours, ftjob-2, could not be cancelled")
		if late.Job.ID != "ftjob-1" {
			t.Errorf("went on with %s", late.Job.ID)
		}
	})
}

// TestServiceBreaksJobs is a service that breaks jobs by its own fault and bills nothing: two are replaced, and no more.
func TestServiceBreaksJobs(t *testing.T) {
	zero, some := int64(0), int64(7)
	for name, test := range map[string]struct {
		code   string
		tokens *int64
		fresh  bool // each run on a machine of its own
		jobs   int
	}{
		"the service's fault":                {"server_error", &zero, false, 3},
		"the service's fault, fresh machine": {"server_error", &zero, true, 3},
		"billed":                             {"server_error", &some, false, 1},
		"maybe billed":                       {"server_error", nil, false, 1},
		"the data's fault":                   {"invalid_training_file", &zero, false, 1},
		"nobody knows":                       {"", &zero, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{
					Running: time.Minute, Outcome: provider.StatusFailed, Failure: &provider.JobFailure{Code: test.code, Message: "it broke"}, Billed: test.tokens,
				})
				for range 5 {
					run := b.run(t.Context())
					b.want(run, 4, "job_failed")
					if test.fresh {
						if err := os.RemoveAll(b.dir + "/.ftrun"); err != nil {
							t.Fatal(err)
						}
					}
				}
				b.wantJobs(test.jobs)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{
			Running: time.Minute, Outcome: provider.StatusFailed, Failure: &provider.JobFailure{Code: "server_error"}, Billed: &zero,
		})
		run := b.run(t.Context())
		if !strings.Contains(run.Hint, "run the same command again") {
			t.Errorf("hint %q", run.Hint)
		}
		b.fake.ListLag = time.Hour // a service that shows no jobs: nobody can count them
		b.want(b.run(t.Context()), 4, "job_failed")
		b.wantJobs(1)
	})
}
