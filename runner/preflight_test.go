package runner_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

// at puts the clock of the reports, by which dates are judged, at a day.
func at(date string) func(*runner.Options) {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return func(o *runner.Options) { o.Now = func() time.Time { return day.Add(13 * time.Hour) } }
}

// ofKind makes the provider one of that kind.
func ofKind(kind string) func(*runner.Options) {
	return func(o *runner.Options) { o.Endpoint.Kind = kind }
}

func (b *bench) wantWarning(run *result.Run, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, text) }) {
			b.t.Errorf("warnings %q, want one with %q", run.Warnings, text)
		}
	}
	if len(texts) == 0 && len(run.Warnings) > 0 {
		b.t.Errorf("warnings %q, want none", run.Warnings)
	}
}

// TestShutdownDate is the base model's end, seen from days before and after it.
func TestShutdownDate(t *testing.T) {
	for name, test := range map[string]struct {
		date, today string
		exit        int
		code        string
		warning     string
	}{
		"no date":         {"", "2026-11-22", 0, "passed", ""},
		"far away":        {"2027-02-21", "2026-11-22", 0, "passed", ""},
		"in 90 days":      {"2027-02-20", "2026-11-22", 0, "passed", "shuts down on 2027-02-20, in 90 days"},
		"tomorrow":        {"2027-01-14", "2027-01-13", 0, "passed", "shuts down on 2027-01-14, in 1 day"},
		"today":           {"2027-01-14", "2027-01-14", 6, "model_shut_down", ""},
		"past":            {"2027-01-14", "2027-03-01", 6, "model_shut_down", ""},
		"not a date":      {"soon", "2027-03-01", 0, "passed", `can't be read: "soon"`},
		"a date and time": {"2027-01-14T00:00:00Z", "2027-03-01", 6, "model_shut_down", ""},
		"Unix seconds":    {"1799884800", "2027-03-01", 6, "model_shut_down", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Shutdown: test.date})
				run := b.run(t.Context(), at(test.today))
				b.want(run, test.exit, test.code)
				if test.warning != "" {
					b.wantWarning(run, test.warning)
				} else {
					b.wantWarning(run)
				}
				if test.exit != 0 && (b.fake.Calls("upload") != 0 || run.Verdict != result.VerdictRefused || !strings.Contains(run.Reason, "2027-01-14")) {
					t.Errorf("%d uploads, verdict %s, reason %q", b.fake.Calls("upload"), run.Verdict, run.Reason)
				}
			})
		})
	}
}

// TestShutdownOfAReusedJob is a run that buys nothing: the date is told and stops nobody.
func TestShutdownOfAReusedJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.want(b.run(t.Context(), at("2026-11-22")), 0, "passed")
		b.fake.Shutdown = "2027-01-14"
		run := b.run(t.Context(), at("2027-02-01"))
		b.want(run, 0, "passed")
		b.wantWarning(run, "was shut down on 2027-01-14")
		b.wantJobs(1)
	})
}

// TestModelUnknown is a base model that the provider does not have, or does not speak of.
func TestModelUnknown(t *testing.T) {
	for name, test := range map[string]struct {
		kind    string
		err     *provider.Error
		exit    int
		code    string
		uploads int
	}{
		"not there":                     {"openai", &provider.Error{Kind: provider.KindNotFound, Status: 404, Code: "model_not_found"}, 2, "invalid_input", 0},
		"not there, where lists lag":    {"compatible", &provider.Error{Kind: provider.KindNotFound, Status: 404}, 0, "passed", 1},
		"no such endpoint":              {"compatible", &provider.Error{Kind: provider.KindInvalid, Status: 405}, 0, "passed", 1},
		"the key may not list models":   {"openai", &provider.Error{Kind: provider.KindForbidden, Status: 403}, 0, "passed", 1},
		"the list is down":              {"openai", &provider.Error{Kind: provider.KindUnavailable, Status: 500}, 0, "passed", 1},
		"the key is refused":            {"openai", &provider.Error{Kind: provider.KindAuth, Status: 401}, 3, "key_refused", 0},
		"the organisation is not to":    {"openai", &provider.Error{Kind: provider.KindNotEligible, Status: 403}, 6, "training_not_available", 0},
		"the service can't be reached":  {"openai", &provider.Error{Kind: provider.KindUnreachable}, 3, "unreachable", 0},
		"the embedded engine takes any": {"embedded", nil, 0, "passed", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Fail: func(op string, n int) (error, bool) {
					if op == "model" && test.err != nil {
						return test.err, false
					}
					return nil, false
				}})
				run := b.run(t.Context(), ofKind(test.kind))
				b.want(run, test.exit, test.code)
				if n := b.fake.Calls("upload"); n != test.uploads {
					t.Errorf("%d uploads, want %d", n, test.uploads)
				}
				if test.exit == 2 && (len(run.Problems) != 1 || run.Problems[0].Line != 2 || run.Problems[0].Path != "base_model") {
					t.Errorf("problems %+v, want one at base_model", run.Problems)
				}
			})
		})
	}
}

// TestRefusedJobLeavesNothingUnsaid is what becomes of the upload when the job is refused.
func TestRefusedJobLeavesNothingUnsaid(t *testing.T) {
	refuse := func(kind provider.Kind, status int) error {
		return &provider.Error{Op: "create job", Kind: kind, Status: status, Message: "no"}
	}
	for name, test := range map[string]struct {
		err     error
		fails   string // an operation that fails too
		exit    int
		warning string
		left    int
	}{
		"may not train":            {refuse(provider.KindNotEligible, 403), "", 6, "was deleted at the provider again", 0},
		"bad request":              {refuse(provider.KindInvalid, 400), "", 3, "was deleted at the provider again", 0},
		"quota":                    {refuse(provider.KindQuota, 429), "", 3, "file-1 stays at the provider, for the next run", 1},
		"key revoked":              {refuse(provider.KindAuth, 401), "", 3, "file-1 stays at the provider", 1},
		"deletion fails":           {refuse(provider.KindNotEligible, 403), "delete", 6, "file-1 stays at the provider: delete file", 1},
		"not answered, not listed": {broken("create job"), "", 3, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Fail: func(op string, _ int) (error, bool) {
					switch op {
					case "create":
						return test.err, false
					case test.fails:
						return &provider.Error{Op: "delete file", Kind: provider.KindForbidden, Status: 403}, false
					}
					return nil, false
				}})
				run := b.run(t.Context())
				if run.ExitCode != test.exit {
					t.Fatalf("exit %d (%s), want %d", run.ExitCode, run.Reason, test.exit)
				}
				if test.warning != "" {
					b.wantWarning(run, test.warning)
				}
				b.fake.Fail = nil
				files, err := b.fake.Files(t.Context())
				if err != nil || len(files) != test.left {
					t.Errorf("%d files are left (%v), want %d", len(files), err, test.left)
				}
			})
		})
	}
}

// TestRefusedBesideATwin is a creation that is refused because another machine was quicker: its job is adopted, and its file stays.
func TestRefusedBesideATwin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute})
		b.fake.Fail = func(op string, n int) (error, bool) {
			if op == "create" && n == 1 {
				return &provider.Error{Op: "create job", Kind: provider.KindInvalid, Status: 400}, true // the twin's exists
			}
			return nil, false
		}
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		if run.Stages[1].Status != result.StageAdopted || b.fake.Calls("delete") != 0 {
			t.Errorf("train %+v, %d deletions", run.Stages[1], b.fake.Calls("delete"))
		}
		b.wantJobs(1)
	})
}

// TestFileSettles is a service that uses a file only once it has processed it.
func TestFileSettles(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		code  string
	}{
		"soon":  {45 * time.Second, "passed"},
		"never": {24 * time.Hour, "file_not_ready"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Settling: test.after})
				start := time.Now()
				run := b.run(t.Context())
				if run.ReasonCode != test.code {
					t.Fatalf("%s (%s), want %s", run.ReasonCode, run.Reason, test.code)
				}
				if waited := time.Since(start); waited < min(test.after, 10*time.Minute) || waited > 12*time.Minute {
					t.Errorf("took %v", waited)
				}
			})
		})
	}
}

// TestFileIsNotSeenYet is a service that does not know a new file for a while: the job is asked for again.
func TestFileIsNotSeenYet(t *testing.T) {
	for name, refusal := range map[string]*provider.Error{
		"not found":             {Op: "create job", Kind: provider.KindNotFound, Status: 404},
		"invalid training_file": {Op: "create job", Kind: provider.KindInvalid, Status: 400, Param: "training_file"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Fail: failing("create", 1, 3, refusal, false)})
				b.want(b.run(t.Context()), 0, "passed")
				if uploads, deletions := b.fake.Calls("upload"), b.fake.Calls("delete"); uploads != 1 || deletions != 0 {
					t.Errorf("%d uploads, %d deletions", uploads, deletions)
				}
				b.wantJobs(1)
			})
		})
	}
}

// TestMetadataRefused is a service that takes no metadata: the job is made without, and found again by its file.
func TestMetadataRefused(t *testing.T) {
	for _, kind := range []string{"openai", "compatible"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Running: time.Minute, NoMeta: true})
				run := b.run(t.Context(), ofKind(kind))
				b.want(run, 0, "passed")
				b.wantWarning(run, "refuses a job's metadata")
				if err := os.RemoveAll(b.dir + "/.ftrun"); err != nil { // another machine
					t.Fatal(err)
				}
				run = b.run(t.Context(), ofKind(kind))
				b.want(run, 0, "passed")
				if run.Stages[1].Status != result.StageAdopted {
					t.Errorf("train %+v, want the job adopted", run.Stages[1])
				}
				b.wantJobs(1)
			})
		})
	}
}

// TestDeployment is a provider where a person deploys a model before it answers.
func TestDeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Minute, NotReady: time.Hour})
		start := time.Now()
		run := b.run(t.Context(), ofKind("azure"))
		b.want(run, 5, "needs_deployment")
		if !strings.Contains(run.Reason, run.FineTunedModel) || !strings.Contains(run.Hint, "test.model") || run.FineTunedModel == "" {
			t.Errorf("reason %q, hint %q", run.Reason, run.Hint)
		}
		if time.Since(start) > 2*time.Minute {
			t.Errorf("waited %v for a person", time.Since(start))
		}
		b.spec = strings.Replace(pipeline, "test:\n", "test:\n  model: my-deployment\n  cases:\n", 1)
		b.spec = strings.ReplaceAll(b.spec, "  - question", "    - question")
		b.spec = strings.ReplaceAll(b.spec, "    assert:\n      -", "      assert:\n        -")
		run = b.run(t.Context(), ofKind("azure"))
		b.want(run, 0, "passed")
		if asked := b.fake.Asked(); asked[len(asked)-1].Model != "my-deployment" && asked[len(asked)-2].Model != "my-deployment" {
			t.Errorf("asked %+v", asked)
		}
		b.wantJobs(1)
	})
}

// TestLimitsOfTheProvider refuses what a provider's documents rule out, before anything is sent.
func TestLimitsOfTheProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = pipeline + "train:\n  suffix: " + strings.Repeat("a", 41) + "\n"
		b.want(b.run(t.Context(), ofKind("azure")), 2, "invalid_input")
		if b.fake.Calls("jobs") != 0 || b.fake.Calls("upload") != 0 {
			t.Error("something was sent")
		}
		b.want(b.run(t.Context(), ofKind("openai")), 0, "passed")
	})
}

// TestNoLogOfEvents is a service without events: it is asked a few times, and the run goes on.
func TestNoLogOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Running: time.Hour, Fail: func(op string, _ int) (error, bool) {
			if op == "events" {
				return &provider.Error{Op: "list events", Kind: provider.KindNotFound, Status: 404}, false
			}
			return nil, false
		}})
		b.want(b.run(t.Context()), 0, "passed")
		if n := b.fake.Calls("events"); n != 3 {
			t.Errorf("asked %d times for a log that is not kept, want 3", n)
		}
	})
}

func ptr(v float64) *float64 { return &v }

// TestTrainingCurve is what the service measured while it trained, in the report and in thresholds.
func TestTrainingCurve(t *testing.T) {
	curve := []provider.CurvePoint{
		{Step: 1, TrainLoss: ptr(2), ValidLoss: ptr(2.5), ValidAccuracy: ptr(0.2)},
		{Step: 2, TrainLoss: ptr(1), ValidLoss: ptr(1.5)},
		{Step: 3, TrainLoss: ptr(0)},
	}
	for name, test := range map[string]struct {
		threshold string
		curve     []provider.CurvePoint
		err       error
		exit      int
	}{
		"the last loss holds":           {"train_loss <= 0.1", curve, nil, 0},
		"the last loss fails":           {"train_loss > 0.1", curve, nil, 1},
		"the last one that is measured": {"valid_loss == 1.5", curve, nil, 0},
		"accuracy as a share":           {"valid_accuracy >= 20%", curve, nil, 0},
		"absent is not 0":               {"valid_loss <= 9", curve[2:], nil, 3},
		"no curve":                      {"train_loss <= 9", nil, nil, 3},
		"no curve, above":               {"train_loss > 0", nil, nil, 3},
		"a curve that can't be read":    {"train_loss <= 9", nil, errors.New("garbage"), 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{Curves: test.curve, Fail: func(op string, _ int) (error, bool) {
					if op == "curve" {
						return test.err, false
					}
					return nil, false
				}})
				b.spec = pipeline + "thresholds:\n  - 'pass_rate == 1'\n  - '" + test.threshold + "'\n"
				run := b.run(t.Context())
				if run.ExitCode != test.exit {
					t.Fatalf("exit %d (%s), want %d", run.ExitCode, run.Reason, test.exit)
				}
				if len(run.TrainingCurve) != len(test.curve) {
					t.Errorf("curve %+v in the report", run.TrainingCurve)
				}
				if test.exit == 3 && !strings.Contains(run.Reason, "no data") {
					t.Errorf("reason %q does not say that there is no data", run.Reason)
				}
			})
		})
	}
}
