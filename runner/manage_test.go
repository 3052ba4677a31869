package runner_test

import (
	"cmp"
	"context"
	"io"
	"maps"
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
	"ftrun/spec"
)

// upkeep are the options with which a pipeline is looked after, its journal open for reading only.
func (b *bench) upkeep(text string) runner.Options {
	b.t.Helper()
	path := filepath.Join(b.dir, "pipeline.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	p, err := spec.Load(path, spec.LoadOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	journal, err := ledger.Read(filepath.Join(b.dir, ".ftrun"))
	if err != nil {
		b.t.Fatal(err)
	}
	return runner.Options{
		Pipeline: p, Endpoint: provider.Endpoint{Kind: "openai", BaseURL: "https://api.openai.com/v1"},
		Trainer: b.fake, Ledger: journal, Now: time.Now,
	}
}

// edited is the pipeline with other inputs.
const edited = pipeline + "train:\n  seed: 7\n"

// put uploads a file as somebody else's run would.
func (b *bench) put(name string) provider.File {
	b.t.Helper()
	file, err := b.fake.Upload(b.t.Context(), provider.Upload{Name: name, Size: 1, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("x")), nil
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	return file
}

// survey returns why each leftover stays, by its id; empty: it may go.
func (b *bench) survey(o runner.Options, clean runner.CleanOptions) map[string]string {
	b.t.Helper()
	all, err := runner.Survey(b.t.Context(), o, clean)
	if err != nil {
		b.t.Fatal(err)
	}
	keep := map[string]string{}
	for _, l := range all {
		keep[l.ID] = l.Keep
	}
	return keep
}

// TestSurvey is what may go and what stays, of files and of models.
func TestSurvey(t *testing.T) {
	const own, use, young = "of this pipeline", "in use", "less than 1h0m0s old"
	for name, test := range map[string]struct {
		fake  *providertest.Fake // nil: one without quirks
		setup func(b *bench)
		look  string // the pipeline that is looked after
		clean runner.CleanOptions
		want  map[string]string // part of the reason to stay, by id
	}{
		"its own": {look: pipeline, want: map[string]string{"file-1": own}},
		"its own, all": {look: pipeline, clean: runner.CleanOptions{All: true, Models: true}, want: map[string]string{
			"file-1": "", "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1": "", "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1:ckpt-step-1": ""}},
		"its own models": {look: pipeline, clean: runner.CleanOptions{Models: true}, want: map[string]string{
			"file-1": own, "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1": own, "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1:ckpt-step-1": own}},
		"of other inputs": {look: edited, clean: runner.CleanOptions{Models: true}, want: map[string]string{
			"file-1": "", "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1": "", "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1:ckpt-step-1": ""}},
		"a model that the file names": {
			look:  strings.Replace(edited, "test:\n", "test:\n  model: ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1\n  cases:\n", 1),
			clean: runner.CleanOptions{Models: true, All: true},
			want: map[string]string{"file-1": "", "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1": "the pipeline file names it",
				"ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1:ckpt-step-1": ""}},
		"of a job that lives": {fake: &providertest.Fake{Running: 10 * time.Hour}, look: edited, clean: runner.CleanOptions{All: true}, want: map[string]string{"file-1": use}},
		"of a job that is paused": {fake: &providertest.Fake{Running: 10 * time.Hour, Passing: []provider.Status{"resting"}}, look: edited,
			clean: runner.CleanOptions{All: true}, want: map[string]string{"file-1": use}},
		"the only sign of a job":      {fake: &providertest.Fake{NoEcho: true}, look: edited, want: map[string]string{"file-1": "the only sign"}},
		"the only sign of a job, all": {fake: &providertest.Fake{NoEcho: true}, look: edited, clean: runner.CleanOptions{All: true, Models: true}, want: map[string]string{"file-1": ""}},
		"before its job": {look: edited, clean: runner.CleanOptions{All: true}, want: map[string]string{"file-1": "", "file-2": young},
			setup: func(b *bench) { b.put("ftrun-0123456789abcdef-valid.jsonl") }},
		"left by a refused job": {look: edited, want: map[string]string{"file-1": "", "file-2": ""}, setup: func(b *bench) {
			b.put("ftrun-0123456789abcdef-train.jsonl")
			time.Sleep(2 * time.Hour)
		}},
		"somebody else's": {look: edited, clean: runner.CleanOptions{All: true}, want: map[string]string{"file-1": ""}, setup: func(b *bench) {
			for _, name := range []string{"train.jsonl", "ftrun-x-train.jsonl", "my-ftrun-0123456789abcdef-train.jsonl", "ftrun-0123456789ABCDEF-train.jsonl", "ftrun-0123456789abcdef-train.jsonl.bak"} {
				b.put(name)
			}
			time.Sleep(2 * time.Hour)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cmp.Or(test.fake, &providertest.Fake{}))
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
				defer cancel()
				b.run(ctx)
				if test.setup != nil {
					test.setup(b)
				}
				got := b.survey(b.upkeep(test.look), test.clean)
				for id, why := range test.want {
					keep, found := got[id]
					if !found || (why == "") != (keep == "") || !strings.Contains(keep, why) {
						t.Errorf("%s: %q, want %q", id, keep, why)
					}
				}
				if len(got) != len(test.want) {
					t.Errorf("found %v, want %v", slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(test.want)))
				}
			})
		})
	}
}

// TestRemove: what has come into use since it was listed stays, a refusal does not stop the rest, and a second time nothing is left.
func TestRemove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := &provider.Error{Op: "delete model", Kind: provider.KindForbidden, Status: 403}
		b := newBench(t, &providertest.Fake{Running: time.Minute})
		b.run(t.Context())
		late := b.put("ftrun-0123456789abcdef-train.jsonl")
		time.Sleep(2 * time.Hour)
		o, clean := b.upkeep(edited), runner.CleanOptions{Models: true}
		chosen, err := runner.Survey(t.Context(), o, clean)
		if err != nil || len(chosen) != 4 {
			t.Fatalf("%v, %v", chosen, err)
		}
		if _, err := b.fake.CreateJob(t.Context(), provider.JobRequest{Model: "m", TrainingFile: late.ID}); err != nil {
			t.Fatal(err)
		}
		b.fake.Fail = failing("delete model", 1, 1, denied, false)
		told := map[string]string{}
		err = runner.Remove(t.Context(), o, clean, chosen, func(l runner.Leftover, err error) {
			told[l.ID] = ""
			if err != nil {
				told[l.ID] = err.Error()
			}
		})
		if err == nil || !strings.Contains(err.Error(), "2 of 4 could not be removed") || runner.ConclusionOf(err).ExitCode != 3 {
			t.Errorf("error %v", err)
		}
		for id, want := range map[string]string{
			"file-1": "", late.ID: "in use", "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1": "Owner role",
			"ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1:ckpt-step-1": "",
		} {
			if got, ok := told[id]; !ok || (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		time.Sleep(time.Hour)
		again, err := runner.Survey(t.Context(), o, clean)
		if err != nil || len(again) != 2 {
			t.Errorf("left %v, %v", again, err)
		}
		if err := runner.Remove(t.Context(), o, clean, chosen, func(runner.Leftover, error) {}); err == nil { // file-2 is a sign now
			t.Error("the only sign of a job went")
		}
	})
}

// TestCancel is every state in which a job may be found.
func TestCancel(t *testing.T) {
	for name, test := range map[string]struct {
		fake   *providertest.Fake // nil: one without quirks
		detach bool               // a run created the job and left it
		after  time.Duration
		forget bool // on a machine that knows nothing
		want   string
	}{
		"nothing":           {},
		"recorded":          {fake: &providertest.Fake{Running: time.Hour}, detach: true, want: "running until now, is cancelled"},
		"only listed":       {fake: &providertest.Fake{Running: time.Hour}, detach: true, forget: true, want: "running until now, is cancelled"},
		"found by its file": {fake: &providertest.Fake{Running: time.Hour, NoEcho: true}, detach: true, forget: true, want: "is cancelled"},
		"ended":             {fake: &providertest.Fake{Running: time.Hour}, detach: true, after: 2 * time.Hour, want: "nothing to cancel: job ftjob-1 succeeded with model ft:"},
		"failed":            {fake: &providertest.Fake{Outcome: provider.StatusFailed}, detach: true, after: time.Hour, want: "nothing to cancel: job ftjob-1 failed"},
		"ended meanwhile":   {fake: &providertest.Fake{Running: time.Hour, Fail: endsMeanwhile()}, detach: true, want: "too late to cancel: job ftjob-1 succeeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cmp.Or(test.fake, &providertest.Fake{}))
				if test.detach {
					b.run(t.Context(), func(o *runner.Options) { o.Detach = true })
				}
				time.Sleep(test.after)
				if test.forget {
					if err := os.RemoveAll(filepath.Join(b.dir, ".ftrun")); err != nil {
						t.Fatal(err)
					}
				}
				told, err := runner.Cancel(t.Context(), b.upkeep(pipeline))
				if err != nil || (len(told) == 0) != (test.want == "") || len(told) > 1 {
					t.Fatalf("%v, %v", told, err)
				}
				if len(told) == 1 && !strings.Contains(told[0].Text, test.want) {
					t.Errorf("%q, want %q", told[0].Text, test.want)
				}
			})
		})
	}
}

// endsMeanwhile lets the job end before its cancellation arrives.
func endsMeanwhile() func(string, int) (error, bool) {
	return func(op string, _ int) (error, bool) {
		if op == "cancel" {
			time.Sleep(2 * time.Hour)
		}
		return nil, false
	}
}

// TestCancelAfterALostAnswer: a job that may just have been created is looked for as long as a list may lag.
func TestCancelAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour, ListLag: 20 * time.Second, Fail: failing("create", 1, 1, broken("create job"), true)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // the run dies after its POST
		defer cancel()
		b.run(ctx)
		b.wantJobs(1)
		told, err := runner.Cancel(t.Context(), b.upkeep(pipeline))
		if err != nil || len(told) != 1 || !told[0].Ended {
			t.Fatalf("%v, %v", told, err)
		}
	})
}

// TestRecordCancelled: the run after a cancellation starts another job at once, and not one that looks for the cancelled one.
func TestRecordCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour})
		b.run(t.Context(), func(o *runner.Options) { o.Detach = true })
		o := b.upkeep(pipeline)
		told, err := runner.Cancel(t.Context(), o)
		if err != nil || len(told) != 1 || !told[0].Ended {
			t.Fatalf("%v, %v", told, err)
		}
		journal, err := ledger.Open(t.Context(), filepath.Join(b.dir, ".ftrun"), ledger.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o.Ledger = journal
		for range 2 { // the second finds nothing to do
			if err := runner.RecordCancelled(o, told[0]); err != nil {
				t.Fatal(err)
			}
		}
		if err := journal.Close(); err != nil {
			t.Fatal(err)
		}
		b.want(b.run(t.Context()), 0, "passed")
		b.wantJobs(2)
	})
}

// TestLook: the stage at which the next run goes on, with the provider and without, and nothing is written.
func TestLook(t *testing.T) {
	for name, test := range map[string]struct {
		fake    *providertest.Fake // nil: one without quirks
		before  func(b *bench)
		offline bool
		stage   string
		state   string
	}{
		"nothing":          {stage: "train", state: "nothing is recorded here"},
		"nothing, offline": {offline: true, stage: "train", state: "nothing is recorded here"},
		"created, offline": {fake: &providertest.Fake{Running: time.Hour}, before: detached, offline: true, stage: "wait", state: "job ftjob-1 is created"},
		"running":          {fake: &providertest.Fake{Running: time.Hour}, before: detached, stage: "wait", state: "job ftjob-1 is running"},
		"succeeded":        {before: detached, stage: "test", state: "job ftjob-1 succeeded"},
		"failed":           {fake: &providertest.Fake{Outcome: provider.StatusFailed}, before: detached, stage: "wait", state: "not trained again"},
		"broken by the service": {fake: &providertest.Fake{Outcome: provider.StatusFailed, Failure: &provider.JobFailure{Code: "server_error"}, Billed: new(int64)},
			before: detached, stage: "train", state: "the service's fault"},
		"elsewhere": {fake: &providertest.Fake{Running: time.Hour}, stage: "wait", state: "job ftjob-1 is running", before: func(b *bench) {
			detached(b)
			if err := os.RemoveAll(filepath.Join(b.dir, ".ftrun")); err != nil {
				b.t.Fatal(err)
			}
		}},
		"refused": {fake: &providertest.Fake{Fail: failing("create", 1, 1, &provider.Error{Op: "create job", Kind: provider.KindQuota, Status: 429}, false)},
			before: detached, offline: true, stage: "train", state: "refused the job"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, cmp.Or(test.fake, &providertest.Fake{}))
				if test.before != nil {
					test.before(b)
				}
				o := b.upkeep(pipeline)
				if test.offline {
					o.Trainer = nil
				}
				before, _ := os.ReadDir(filepath.Join(b.dir, ".ftrun"))
				s, err := runner.Look(t.Context(), o)
				if err != nil || s.Stage != test.stage || !strings.Contains(s.State, test.state) || s.Asked == test.offline || len(s.Key) != 64 {
					t.Fatalf("%+v, %v", s, err)
				}
				if after, _ := os.ReadDir(filepath.Join(b.dir, ".ftrun")); len(before) != len(after) {
					t.Errorf("looking left %v", after)
				}
			})
		})
	}
}

func detached(b *bench) { b.run(b.t.Context(), func(o *runner.Options) { o.Detach = true }) }

// TestLookWithoutAnAnswer: what is known is told beside the error.
func TestLookWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour})
		detached(b)
		b.fake.Fail = failing("job", 1, 9, broken("get job"), false)
		s, err := runner.Look(t.Context(), b.upkeep(pipeline))
		if err == nil || s == nil || s.Asked || s.NotAsked == "" || s.Recorded == nil || s.Recorded.JobID != "ftjob-1" {
			t.Fatalf("%+v, %v", s, err)
		}
	})
}
