package runner_test

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

// An oddLister is a provider whose lists show things in a way of its own.
type oddLister struct {
	*providertest.Fake
	jobs  func(*provider.Job)
	files func(*provider.File)
}

func (o oddLister) Jobs(ctx context.Context, metadata map[string]string) ([]provider.Job, error) {
	jobs, err := o.Fake.Jobs(ctx, nil)
	for i := range jobs {
		if o.jobs != nil {
			o.jobs(&jobs[i])
		}
	}
	return jobs, err
}

func (o oddLister) Files(ctx context.Context) ([]provider.File, error) {
	files, err := o.Fake.Files(ctx)
	for i := range files {
		if o.files != nil {
			o.files(&files[i])
		}
	}
	return files, err
}

// TestOddListsBuyNothingTwice loses the answer to the creation, and then the machine, at services with odd lists: one job, and it is
// never taken for a twin of its own.
func TestOddListsBuyNothingTwice(t *testing.T) {
	for name, odd := range map[string]oddLister{
		"dates a second earlier":     {jobs: func(j *provider.Job) { j.CreatedAt = j.CreatedAt.Add(-time.Second) }},
		"dates a second later":       {jobs: func(j *provider.Job) { j.CreatedAt = j.CreatedAt.Add(time.Second) }},
		"no dates":                   {jobs: func(j *provider.Job) { j.CreatedAt = time.Time{} }},
		"metadata cut off":           {jobs: func(j *provider.Job) { j.Metadata = map[string]string{"ftrun_key": j.Metadata["ftrun_key"][:32]} }},
		"no metadata":                {jobs: func(j *provider.Job) { j.Metadata = nil }},
		"no metadata and no sizes":   {jobs: func(j *provider.Job) { j.Metadata = nil }, files: func(f *provider.File) { f.Bytes = 0 }},
		"no model and no method":     {jobs: func(j *provider.Job) { j.Model, j.Method = "", "" }},
		"the model with a prefix":    {jobs: func(j *provider.Job) { j.Model = "openai/" + j.Model }},
		"a snapshot for an alias":    {jobs: func(j *provider.Job) { j.Model += "-v2" }},
		"files are listed no more":   {files: func(f *provider.File) { f.Name = "" }},
		"files under a name of ours": {files: func(f *provider.File) { f.Status = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				odd.Fake = &providertest.Fake{Queued: 10 * time.Second, Running: time.Minute, Fail: failing("create", 1, 1, broken("create job"), true)}
				b := newBench(t, odd.Fake)
				use := func(o *runner.Options) { o.Trainer = odd }
				b.want(b.run(t.Context(), use, ofKind("compatible")), 0, "passed")
				if err := os.RemoveAll(b.dir + "/.ftrun"); err != nil {
					t.Fatal(err)
				}
				run := b.run(t.Context(), use, ofKind("compatible"))
				b.want(run, 0, "passed")
				b.wantJobs(1)
				if n := odd.Fake.Calls("cancel"); n != 0 {
					t.Errorf("%d jobs were cancelled", n)
				}
			})
		})
	}
}

// TestJobOfOthers is a job that stands for the pipeline, in the provider's list or in the state folder, and is certainly not its job:
// it is neither taken up nor replaced.
func TestJobOfOthers(t *testing.T) {
	change := map[string]func(*provider.Job){
		"another model":  func(j *provider.Job) { j.Model = "llama-3.1-8b" },
		"another method": func(j *provider.Job) { j.Method = "dpo" },
		"another file":   func(j *provider.Job) { j.TrainingFile = "file-2" },
	}
	for name, spoil := range change {
		for _, where := range []string{"listed", "recorded"} {
			t.Run(name+"/"+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					odd := oddJobs{&providertest.Fake{Running: time.Minute}, func(*provider.Job) {}}
					b := newBench(t, odd.Fake)
					use := func(o *runner.Options) { o.Trainer = odd }
					b.want(b.run(t.Context(), use), 0, "passed")
					if _, err := odd.Upload(t.Context(), provider.Upload{Name: "other.jsonl", Open: openFile(b.dir + "/data.jsonl")}); err != nil {
						t.Fatal(err)
					}
					if where == "listed" {
						if err := os.RemoveAll(b.dir + "/.ftrun"); err != nil {
							t.Fatal(err)
						}
					}
					odd.spoil = spoil
					run := b.run(t.Context(), func(o *runner.Options) { o.Trainer = odd })
					b.want(run, 3, "job_mismatch")
					b.wantJobs(1)
				})
			})
		}
	}
}

// oddJobs shows every job, asked for or listed, as another one.
type oddJobs struct {
	*providertest.Fake
	spoil func(*provider.Job)
}

func (o oddJobs) Job(ctx context.Context, id string) (provider.Job, error) {
	job, err := o.Fake.Job(ctx, id)
	o.spoil(&job)
	return job, err
}

func (o oddJobs) Jobs(ctx context.Context, metadata map[string]string) ([]provider.Job, error) {
	return oddLister{Fake: o.Fake, jobs: o.spoil}.Jobs(ctx, metadata)
}

func openFile(path string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

// TestDeploymentThatDoesNotAnswer is a name in test.model behind which nothing stands, and a service that is down.
func TestDeploymentThatDoesNotAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		kind, model string
		err         *provider.Error
		exit        int
		code, hint  string
		atMost      time.Duration
	}{
		"no such deployment":        {"azure", "mine", &provider.Error{Kind: provider.KindNotFound, Status: 404, Code: "DeploymentNotFound"}, 5, "needs_deployment", "test.model", 5 * time.Minute},
		"not in the proxy's list":   {"litellm", "mine", &provider.Error{Kind: provider.KindInvalid, Status: 400, Message: "Invalid model name"}, 5, "needs_deployment", "test.model", 5 * time.Minute},
		"the service is down":       {"azure", "mine", &provider.Error{Kind: provider.KindUnavailable, Status: 500}, 3, "service_failed", "", 5 * time.Minute},
		"down before it is named":   {"azure", "", &provider.Error{Kind: provider.KindUnavailable, Status: 500}, 3, "service_failed", "", time.Minute},
		"busy before it is named":   {"litellm", "", &provider.Error{Kind: provider.KindRateLimited, Status: 429}, 3, "rate_limited", "", time.Minute},
		"no such model, no deploys": {"openai", "mine", &provider.Error{Kind: provider.KindNotFound, Status: 404}, 3, "model_gone", "check the name in test.model", 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Answer: func(provider.CompletionRequest) (provider.Completion, error) { return provider.Completion{}, test.err }})
				if test.model != "" {
					b.spec = strings.Replace(suite(1, "  baseline: off\n"), "test:\n", "test:\n  model: "+test.model+"\n", 1)
				}
				start := time.Now()
				run := b.run(t.Context(), ofKind(test.kind))
				b.want(run, test.exit, test.code)
				if !strings.Contains(run.Hint, test.hint) || strings.Contains(run.Hint, "train.seed") {
					t.Errorf("hint %q", run.Hint)
				}
				if took := time.Since(start); took > test.atMost {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// TestModelOfTheSpecIsNamed is a run whose questions go elsewhere than to the model that it trained: it says so.
func TestModelOfTheSpecIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Answer: answering(func(string, string) (string, error) { return "right", nil })})
		b.spec = strings.Replace(suite(1, "  baseline: off\n"), "test:\n", "test:\n  model: mine\n", 1)
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		b.wantWarning(run, "the questions go to mine, as test.model says")
		if run.Stages[2].Status != result.StageDone {
			t.Errorf("wait %+v", run.Stages[2])
		}
	})
}

// TestCurveWithoutEnd is a service that never stops showing its curve: the run goes on without it.
func TestCurveWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		start := time.Now()
		run := b.run(t.Context(), func(o *runner.Options) { o.Trainer = endlessCurve{b.fake} })
		b.want(run, 0, "passed")
		b.wantWarning(run, "training curve: not read within 1m0s")
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

type endlessCurve struct{ *providertest.Fake }

func (endlessCurve) Curve(ctx context.Context, _ provider.Job) ([]provider.CurvePoint, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// namesOwn is a provider that has names of its own for models and methods.
type namesOwn struct{ *providertest.Fake }

func (n namesOwn) rename(j provider.Job, err error) (provider.Job, error) {
	j.Model, j.Method = "internal-7b", "lora"
	return j, err
}

func (n namesOwn) CreateJob(ctx context.Context, req provider.JobRequest) (provider.Job, error) {
	return n.rename(n.Fake.CreateJob(ctx, req))
}

func (n namesOwn) Job(ctx context.Context, id string) (provider.Job, error) {
	return n.rename(n.Fake.Job(ctx, id))
}

// TestNamesOfTheService is a job that the service calls otherwise from the start: it is ours in every later run.
func TestNamesOfTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute})
		use := func(o *runner.Options) { o.Trainer = namesOwn{b.fake} }
		b.want(b.run(t.Context(), use), 0, "passed")
		b.want(b.run(t.Context(), use), 0, "passed")
		b.wantJobs(1)
	})
}

// lateCancel is a provider that says yes to a cancellation and goes on for a while, or for ever.
type lateCancel struct {
	*providertest.Fake
	after time.Duration
}

func (l lateCancel) CancelJob(ctx context.Context, id string) (provider.Job, error) {
	if l.after > 0 {
		time.AfterFunc(l.after, func() { _, _ = l.Fake.CancelJob(context.Background(), id) })
	}
	return l.Fake.Job(ctx, id)
}

// TestCancellationThatIsNone is wait.on_timeout: cancel at such a provider: what goes on is not told as cancelled, and not replaced.
func TestCancellationThatIsNone(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		told  string
		jobs  int // after a second run
	}{
		"never":            {0, "could not be cancelled: the provider shows it as running", 1},
		"two seconds late": {2 * time.Second, "cancelled, as wait.on_timeout says", 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Running: time.Hour})
				b.spec = pipeline + "wait: {timeout: 1m, on_timeout: cancel}\n"
				use := func(o *runner.Options) { o.Trainer = lateCancel{b.fake, test.after} }
				run := b.run(t.Context(), use)
				b.want(run, 5, "wait_timeout")
				if !strings.Contains(run.Reason, test.told) {
					t.Errorf("reason %q, want %q", run.Reason, test.told)
				}
				b.run(t.Context(), use)
				b.wantJobs(test.jobs)
			})
		})
	}
}

// TestTwinsThatTrainedAreNamed is two machines that detached, and never saw each other: whoever picks the job up is told.
func TestTwinsThatTrainedAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &providertest.Fake{ListLag: 30 * time.Second, Running: time.Minute}
		first, second := newBench(t, fake), newBench(t, fake)
		detach := func(o *runner.Options) { o.Detach = true }
		first.want(first.run(t.Context(), detach), 5, "detached")
		second.want(second.run(t.Context(), detach), 5, "detached")
		time.Sleep(time.Hour) // in a bubble
		run := second.run(t.Context())
		second.want(run, 0, "passed")
		second.wantWarning(run, "job ftjob-1 has the same inputs and is succeeded: it was created beside ftjob-2")
	})
}
