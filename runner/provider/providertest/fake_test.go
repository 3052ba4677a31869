package providertest_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
)

func TestFakeConforms(t *testing.T) {
	providertest.Run(t, func(*testing.T) providertest.Provider { return &providertest.Fake{Running: 100 * time.Millisecond} })
}

func TestFakeScripts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := &provider.Error{Op: "create job", Kind: provider.KindBroken}
		f := &providertest.Fake{
			Queued: time.Minute, Running: time.Hour, ListLag: 10 * time.Second, NotReady: time.Minute,
			Passing: []provider.Status{provider.StatusRunning, provider.StatusPaused},
			Fail: func(op string, n int) (error, bool) {
				if op == "create" && n == 1 {
					return refusal, true
				}
				return nil, false
			},
		}
		file, err := f.Upload(t.Context(), provider.Upload{Name: "x", Open: emptyFile})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.CreateJob(t.Context(), provider.JobRequest{Model: "m", TrainingFile: file.ID}); err != refusal {
			t.Fatalf("create: %v, want the scripted error", err)
		}
		if n := f.Created(); n != 1 {
			t.Fatalf("%d jobs after a lost answer, want 1", n)
		}
		for _, want := range []struct {
			after  time.Duration
			listed int
			status provider.Status
			ready  bool
		}{
			{time.Second, 0, provider.StatusQueued, false},
			{10 * time.Second, 1, provider.StatusQueued, false},
			{2 * time.Minute, 1, provider.StatusRunning, false},
			{40 * time.Minute, 1, provider.StatusPaused, false},
			{19 * time.Minute, 1, provider.StatusSucceeded, false},
			{2 * time.Minute, 1, provider.StatusSucceeded, true},
		} {
			time.Sleep(want.after)
			jobs, err := f.Jobs(t.Context(), nil)
			if err != nil || len(jobs) != want.listed {
				t.Fatalf("%d jobs listed, %v, want %d", len(jobs), err, want.listed)
			}
			job, err := f.Job(t.Context(), "ftjob-1")
			if err != nil || job.Status != want.status {
				t.Fatalf("job is %s, %v, want %s", job.Status, err, want.status)
			}
			_, err = f.Complete(t.Context(), provider.CompletionRequest{Model: "ft:m:fake::ftjob-1", Messages: []provider.Message{{Content: "x"}}})
			if (err == nil) != want.ready {
				t.Fatalf("model answers with %v, want ready=%v", err, want.ready)
			}
		}
	})
}

func emptyFile() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }
