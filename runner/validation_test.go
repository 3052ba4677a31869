package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

// validated is the pipeline with a validation file.
var validated = strings.Replace(pipeline, "dataset: data.jsonl\n", "dataset:\n  path: data.jsonl\n  validation: valid.jsonl\n", 1)

// newValidated is a bench whose pipeline has a validation file.
func newValidated(t *testing.T, fake *providertest.Fake) *bench {
	t.Helper()
	b := newBench(t, fake)
	b.spec = validated
	row := `{"question": "And number 20?", "answer": "Number 20."}` + "\n"
	if err := os.WriteFile(filepath.Join(b.dir, "valid.jsonl"), []byte(row), 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// forget takes the state folder away, as on a machine that knows nothing.
func (b *bench) forget() {
	b.t.Helper()
	if err := os.RemoveAll(filepath.Join(b.dir, ".ftrun")); err != nil {
		b.t.Fatal(err)
	}
}

// uploaded returns the files at the provider by the ends of their names.
func (b *bench) uploaded() (training, validation []provider.File) {
	b.t.Helper()
	files, err := b.fake.Files(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range files {
		switch {
		case strings.HasSuffix(f.Name, "-train.jsonl"):
			training = append(training, f)
		case strings.HasSuffix(f.Name, "-valid.jsonl"):
			validation = append(validation, f)
		}
	}
	return training, validation
}

// TestValidationFile is sent once, given to the job, found again on a machine that knows nothing, and part of the key.
func TestValidationFile(t *testing.T) {
	for name, fake := range map[string]*providertest.Fake{
		"settling":    {Settling: 30 * time.Second},
		"no metadata": {NoEcho: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newValidated(t, fake)
				start := time.Now()
				run := b.run(t.Context())
				b.want(run, 0, "passed")
				if fake.Settling > 0 && time.Since(start) < fake.Settling {
					t.Errorf("took %v, and each file %v", time.Since(start), fake.Settling)
				}
				training, validation := b.uploaded()
				if len(training) != 1 || len(validation) != 1 || strings.TrimSuffix(training[0].Name, "-train.jsonl") != strings.TrimSuffix(validation[0].Name, "-valid.jsonl") {
					t.Fatalf("files %v and %v", training, validation)
				}
				if run.Job.TrainingFile != training[0].ID || run.Job.ValidationFile != validation[0].ID {
					t.Errorf("job %+v", run.Job)
				}
				b.forget()
				again := b.run(t.Context())
				b.want(again, 0, "passed")
				if again.Stages[1].Status != result.StageAdopted || b.fake.Calls("upload") != 2 {
					t.Errorf("train %+v after %d uploads", again.Stages[1], b.fake.Calls("upload"))
				}
				b.wantJobs(1)
				b.spec = pipeline
				b.want(b.run(t.Context()), 0, "passed")
				b.wantJobs(2)
			})
		})
	}
}

// TestValidationUploadIsLost: the file arrived, the answer did not. It is looked for, and not sent again, in this run and in one after
// a kill between the two uploads.
func TestValidationUploadIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newValidated(t, &providertest.Fake{Fail: failing("upload", 2, 2, broken("upload"), true)})
		b.want(b.run(t.Context()), 0, "passed")
		if n := b.fake.Calls("upload"); n != 2 {
			t.Errorf("%d uploads", n)
		}
		b.wantJobs(1)
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		b := newValidated(t, &providertest.Fake{})
		b.fake.Fail = func(op string, n int) (error, bool) {
			if op == "upload" && n == 2 {
				cancel(runner.ErrInterrupted)
				return context.Cause(ctx), false
			}
			return nil, false
		}
		if run := b.run(ctx); run.ExitCode == 0 {
			t.Fatal("the interrupted run is green")
		}
		b.fake.Fail = nil
		b.want(b.run(t.Context()), 0, "passed")
		if training, validation := b.uploaded(); len(training) != 1 || len(validation) != 1 {
			t.Errorf("files %v and %v", training, validation)
		}
		b.wantJobs(1)
	})
}

// TestRefusalWithAValidationFile: both files go where the job is refused, and the training file goes where the validation file is.
func TestRefusalWithAValidationFile(t *testing.T) {
	for name, test := range map[string]struct {
		op       string
		nth      int
		kind     provider.Kind
		status   int
		left     int
		warnings []string
	}{
		"the job":           {"create", 1, provider.KindInvalid, 400, 0, []string{"training file file-1 was deleted", "validation file file-2 was deleted"}},
		"the job, for now":  {"create", 1, provider.KindQuota, 429, 2, []string{"training file file-1 stays", "validation file file-2 stays"}},
		"the file":          {"upload", 2, provider.KindInvalid, 400, 0, []string{"training file file-1 was deleted"}},
		"the file, for now": {"upload", 2, provider.KindQuota, 429, 1, []string{"training file file-1 stays at the provider, for the next run"}},
		"may not train":     {"create", 1, provider.KindNotEligible, 403, 0, []string{"training file file-1 was deleted", "validation file file-2 was deleted"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refusal := &provider.Error{Op: test.op, Kind: test.kind, Status: test.status, Message: "no"}
				b := newValidated(t, &providertest.Fake{Fail: failing(test.op, test.nth, test.nth, refusal, false)})
				run := b.run(t.Context())
				if run.ExitCode == 0 {
					t.Fatal("a refused run is green")
				}
				b.wantWarning(run, test.warnings...)
				b.fake.Fail = nil
				if training, validation := b.uploaded(); len(training)+len(validation) != test.left {
					t.Errorf("left are %v and %v, want %d", training, validation, test.left)
				}
				b.want(b.run(t.Context()), 0, "passed")
				b.wantJobs(1)
			})
		})
	}
}

// TestValidationFileIsNotSeenYet is a service that does not know the second file for a while.
func TestValidationFileIsNotSeenYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusal := &provider.Error{Op: "create job", Kind: provider.KindInvalid, Status: 400, Param: "validation_file"}
		b := newValidated(t, &providertest.Fake{Fail: failing("create", 1, 2, refusal, false)})
		b.want(b.run(t.Context()), 0, "passed")
		if b.count(func(e result.Event) bool { return strings.Contains(e.Message, "does not see file file-2 yet") }) != 2 {
			t.Errorf("events %+v", b.events)
		}
		b.wantJobs(1)
	})
}

// TestValidationOfOthers is a job that claims to be the pipeline's and was validated with a file that is certainly another.
func TestValidationOfOthers(t *testing.T) {
	for name, test := range map[string]struct {
		id, reason string
	}{
		"another file":      {"file-3", "job_mismatch"},
		"the training file": {"file-1", "job_mismatch"},
		"unsaid":            {"", "passed"},
		"unknown":           {"file-99", "passed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				odd := oddJobs{&providertest.Fake{Running: time.Minute}, func(*provider.Job) {}}
				b := newValidated(t, odd.Fake)
				use := func(o *runner.Options) { o.Trainer = odd }
				b.want(b.run(t.Context(), use), 0, "passed")
				if _, err := odd.Upload(t.Context(), provider.Upload{Name: "other.jsonl", Open: openFile(b.dir + "/valid.jsonl")}); err != nil {
					t.Fatal(err)
				}
				b.forget()
				odd.spoil = func(j *provider.Job) { j.ValidationFile = test.id }
				run := b.run(t.Context(), func(o *runner.Options) { o.Trainer = odd })
				if run.ReasonCode != test.reason {
					t.Errorf("%s (%s), want %s", run.ReasonCode, run.Reason, test.reason)
				}
				b.wantJobs(1)
			})
		})
	}
}

// preferring is a pipeline of preferences. Its model to test exists already, so that none has to be deployed.
const preferring = `version: 1
base_model: %s
dataset: data.jsonl
train:
  method: dpo
  hyperparameters:
    beta: 0.2
test:
  baseline: off
  model: %s
  cases:
    - question: What is number 3?
      assert:
        - icontains: number 3
`

// TestPreferencesAtServices is train.method: dpo at services that document it, that document other methods for a model only, and that have
// no place for it: those are refused before anything is sent.
func TestPreferencesAtServices(t *testing.T) {
	const row = `{"input": {"messages": [{"role": "user", "content": "Which is number 3?"}]}, ` +
		`"preferred_output": [{"role": "assistant", "content": "Number 3."}], "non_preferred_output": [{"role": "assistant", "content": "Guess."}]}`
	wired := func(wire string) func(*runner.Options) { return func(o *runner.Options) { o.Endpoint.Wire = wire } }
	for name, test := range map[string]struct {
		kind, base string
		wire       string
		refused    string // empty: it is not
	}{
		"openai":                         {"openai", "gpt-4.1-mini-2025-04-14", provider.WireMethod, ""},
		"openai, reinforcement only":     {"openai", "o4-mini-2025-04-16", provider.WireMethod, `no dpo for base model "o4-mini-2025-04-16"`},
		"azure":                          {"azure", "gpt-4o-2024-08-06", provider.WireMethod, ""},
		"azure, supervised only":         {"azure", "gpt-4o-mini-2024-07-18", provider.WireMethod, `no dpo for base model "gpt-4o-mini-2024-07-18"`},
		"azure, tuned from one":          {"azure", "gpt-4o-mini-2024-07-18.ft-0123abcd", provider.WireMethod, "no dpo for base model"},
		"azure, the older wire":          {"azure", "gpt-4o-2024-08-06", provider.WireHyperparameters, "no place for the method"},
		"nebius":                         {"nebius", "gpt-4.1", provider.WireHyperparameters, "no place for the method"},
		"nebius, by the other wire":      {"nebius", "gpt-4.1", provider.WireMethod, ""},
		"nobody knows":                   {"compatible", "o4-mini", provider.WireMethod, ""},
		"embedded, whatever the name is": {"embedded", "o4-mini", provider.WireMethod, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				if err := os.WriteFile(filepath.Join(b.dir, "data.jsonl"), []byte(differing(row, 12)), 0o600); err != nil {
					t.Fatal(err)
				}
				b.spec = fmt.Sprintf(preferring, test.base, test.base)
				run := b.run(t.Context(), ofKind(test.kind), wired(test.wire))
				if test.refused == "" {
					b.want(run, 0, "passed")
					if job, err := b.fake.Job(t.Context(), "ftjob-1"); err != nil || job.Method != "dpo" || job.Hyperparameters["beta"] != 0.2 {
						t.Errorf("job %+v, %v", job, err)
					}
					return
				}
				b.want(run, 2, "invalid_input")
				if !strings.Contains(run.Reason, test.refused) || b.fake.Calls("jobs")+b.fake.Calls("upload") != 0 {
					t.Errorf("%s, want %q and nothing sent", run.Reason, test.refused)
				}
			})
		})
	}
}

// differing repeats a row with numbers of its own.
func differing(row string, n int) string {
	var rows []string
	for i := range n {
		rows = append(rows, strings.ReplaceAll(row, "number 3", "number "+string(rune('a'+i))))
	}
	return strings.Join(rows, "\n") + "\n"
}

// TestSurveyOfValidationFiles: a job without metadata is found by its training file, so that its validation file is no sign of it.
func TestSurveyOfValidationFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newValidated(t, &providertest.Fake{NoEcho: true})
		b.want(b.run(t.Context()), 0, "passed")
		time.Sleep(2 * time.Hour)
		for look, want := range map[string][2]string{edited: {"the only sign", ""}, validated: {"of this pipeline", "of this pipeline"}} {
			got := b.survey(b.upkeep(look), runner.CleanOptions{})
			for i, id := range []string{"file-1", "file-2"} {
				if keep, found := got[id]; !found || (want[i] == "") != (keep == "") || !strings.Contains(keep, want[i]) {
					t.Errorf("%s: %q, want %q", id, keep, want[i])
				}
			}
		}
	})
}
