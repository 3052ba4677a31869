package runner_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner"
	"ftrun/runner/grade"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
	"ftrun/spec"
)

// A yesGrader passes where every sample of the judge says yes.
type yesGrader struct{ model string }

func (g yesGrader) Grade(ctx context.Context, s grade.Sample, with grade.Services) (grade.Grade, error) {
	texts, err := with.Ask(ctx, grade.Question{
		Model: g.model, Messages: []grade.Turn{{Role: "user", Content: "Is this right: " + s.Output}}, Name: "verdict", Schema: `{"type":"string"}`,
		Fits: func(text string) error {
			if text != "yes" && text != "no" {
				return errors.New("neither yes nor no")
			}
			return nil
		},
	})
	if err != nil {
		return grade.Grade{}, err
	}
	for _, text := range texts {
		switch text {
		case "yes":
		case "no":
			return grade.Grade{Reason: "the judge says no"}, nil
		default:
			return grade.Grade{}, fmt.Errorf("the judge says %q", text)
		}
	}
	return grade.Grade{Score: 1, Pass: true, Reason: "the judge says yes"}, nil
}

func yes(model string) spec.Assertion {
	return spec.Assertion{Name: "yes", Kind: "score_model", Judge: true, Judges: []string{model}, Weight: 1, Grader: yesGrader{model}}
}

// judgedBy lets a judge decide on every case, with whatever else decides on it.
func judgedBy(j spec.Judge, service *runner.Service) func(*runner.Options) {
	return func(o *runner.Options) {
		o.Pipeline.Test.Judge, o.Judge = &j, service
		for i := range o.Pipeline.Test.Cases {
			c := &o.Pipeline.Test.Cases[i]
			c.Assertions = append(c.Assertions, yes(""))
		}
	}
}

// bench with answers that are right but for question 2, and a judge who looks for that.
func judgedBench(t *testing.T, judge func(question string) (string, error)) (*bench, *elsewhere, *runner.Service) {
	b := newBench(t, &providertest.Fake{})
	b.spec = suite(5, "  baseline: off\n  concurrency: 1\n  max_errors: 100%\n")
	b.fake.Answer = scripted(map[string][]string{"Question 2?": {"right and bad"}})
	e := &elsewhere{answer: answering(func(_, question string) (string, error) { return judge(question) })}
	return b, e, &runner.Service{Endpoint: provider.Endpoint{Kind: "compatible", BaseURL: "https://judge.example.com/v1"}, Completer: e}
}

func honest(question string) (string, error) {
	if strings.Contains(question, "bad") {
		return "no", nil
	}
	return "yes", nil
}

func TestJudgeDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, judge, service := judgedBench(t, honest)
		run := b.run(t.Context(), judgedBy(spec.Judge{Model: "j", Samples: 3}, service))
		b.want(run, 1, "not_good_enough")
		if c := caseOf(t, run, "c2"); c.Status != result.CaseFailed || c.Assertions[1].Reason != "the judge says no" {
			t.Errorf("case %+v", c)
		}
		if n := judge.asked.Load(); n != 6 || run.Summary.Passed != 4 {
			t.Errorf("%d verdicts, want 3 on each of the two answers that differ; %+v", n, run.Summary)
		}
	})
}

// TestSameWordsAreJudgedOnce has a case that is asked many times at once, and says the same each time: one verdict decides, with --fresh too.
func TestSameWordsAreJudgedOnce(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b, judge, service := judgedBench(t, honest)
			b.spec = suite(2, "  baseline: off\n  concurrency: 16\n")
			slow := judge.answer
			judge.answer = func(req provider.CompletionRequest) (provider.Completion, error) {
				time.Sleep(time.Second) // of a bubble
				return slow(req)
			}
			run := b.run(t.Context(), judgedBy(spec.Judge{Model: "j"}, service), repeating(8, 8), func(o *runner.Options) { o.Fresh = fresh })
			b.want(run, 0, "passed")
			if n := judge.asked.Load(); n != 1 {
				t.Errorf("fresh %v: %d verdicts on the same words", fresh, n)
			}
		})
	}
}

// TestJudgeThatCannotDecide is a judge whose verdict can't be read: that is never a score. What else failed stays failed.
func TestJudgeThatCannotDecide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, service := judgedBench(t, func(question string) (string, error) {
			if strings.Contains(question, "bad") {
				return "certainly! ignore the above", nil
			}
			return "yes", nil
		})
		run := b.run(t.Context(), judgedBy(spec.Judge{Model: "j"}, service))
		b.want(run, 3, "undecided")
		if c := caseOf(t, run, "c2"); c.Status != result.CaseErrored || c.Score != nil || c.Assertions[1].Error == "" || !c.Assertions[0].Passed {
			t.Errorf("case %+v", c)
		}
		b.fake.Answer = scripted(map[string][]string{"Question 2?": {"bad"}}) // fails by itself
		run = b.run(t.Context(), judgedBy(spec.Judge{Model: "j"}, service), func(o *runner.Options) { o.Fresh = true })
		b.want(run, 1, "not_good_enough")
		if c := caseOf(t, run, "c2"); c.Status != result.CaseFailed {
			t.Errorf("case %+v", c)
		}
	})
}

// TestJudgeIsCalibrated puts known answers to the judge first.
func TestJudgeIsCalibrated(t *testing.T) {
	known := []spec.Calibration{
		{Output: "right", Pass: true, Case: spec.Case{Assertions: []spec.Assertion{yes("")}}},
		{Output: "bad", Pass: false, Case: spec.Case{Assertions: []spec.Assertion{yes("")}}},
	}
	for name, test := range map[string]struct {
		judge   func(string) (string, error)
		exit    int
		warning string
		asked   int64
	}{
		"a good one":           {honest, 1, "", 3},
		"one that nods":        {func(string) (string, error) { return "yes", nil }, 3, "it came out passed, and it is known to have failed", 2},
		"one that makes noise": {func(string) (string, error) { return "hm", nil }, 3, `the judge says "hm"`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, judge, service := judgedBench(t, test.judge)
				run := b.run(t.Context(), judgedBy(spec.Judge{Model: "j", Calibration: known}, service))
				if run.ExitCode != test.exit || !strings.Contains(strings.Join(run.Warnings, ";"), test.warning) {
					t.Fatalf("exit %d %s, warnings %q", run.ExitCode, run.Reason, run.Warnings)
				}
				if n := judge.asked.Load(); n != test.asked {
					t.Errorf("the judge was asked %d times, want %d", n, test.asked)
				}
				if test.warning != "" && run.ReasonCode != "judge_not_calibrated" {
					t.Errorf("reason %s: %s", run.ReasonCode, run.Reason)
				}
				if test.warning != "" && (run.Summary.Errored != 5 || !strings.Contains(caseOf(t, run, "c1").Error, "not calibrated")) {
					t.Errorf("verdicts of a judge who is not calibrated count: %+v", run.Summary)
				}
			})
		})
	}
}

// TestNobodyIsAskedInVain is a judge who can't be trusted and decides every case alone: no answer to them is worth its price.
func TestNobodyIsAskedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, service := judgedBench(t, func(string) (string, error) { return "yes", nil })
		alone := func(o *runner.Options) {
			for i := range o.Pipeline.Test.Cases {
				o.Pipeline.Test.Cases[i].Assertions = o.Pipeline.Test.Cases[i].Assertions[1:]
			}
		}
		known := []spec.Calibration{{Output: "bad", Pass: false, Case: spec.Case{Assertions: []spec.Assertion{yes("")}}}}
		run := b.run(t.Context(), judgedBy(spec.Judge{Model: "j", Calibration: known}, service), alone)
		b.want(run, 3, "judge_not_calibrated")
		if n := b.cases(); n != 0 || run.Summary.Skipped != 5 || run.Cases.Len() != 5 {
			t.Errorf("%d questions; %+v in %d cases", n, run.Summary, run.Cases.Len())
		}
	})
}

// TestJudgeIsNotUnderTest refuses a model to judge itself.
func TestJudgeIsNotUnderTest(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b, _, _ := judgedBench(t, honest)
			b.fake.Answer = answering(func(_, question string) (string, error) {
				if strings.Contains(question, "Is this right") {
					return "yes", nil
				}
				return "right", nil
			})
			b.spec = suite(5, "  baseline: off\n")
			own := "ft:gpt-4.1-mini-2025-04-14:fake::ftjob-1"
			run := b.run(t.Context(), judgedBy(spec.Judge{Model: own, AllowSelf: allowed}, nil))
			if allowed {
				b.want(run, 0, "passed")
				return
			}
			b.want(run, 3, "judge_is_tested")
		})
	}
}

// TestJudgeThatIsRefused ends the asking: no verdict could be had of any later answer either.
func TestJudgeThatIsRefused(t *testing.T) {
	for kind, code := range map[provider.Kind]string{provider.KindAuth: "key_refused", provider.KindQuota: "quota_exceeded", provider.KindNotFound: "request_refused"} {
		synctest.Test(t, func(t *testing.T) {
			b, judge, service := judgedBench(t, func(string) (string, error) { return "", &provider.Error{Op: "ask", Kind: kind, Code: "no"} })
			run := b.run(t.Context(), judgedBy(spec.Judge{Model: "j"}, service))
			b.want(run, 3, code)
			if n := judge.asked.Load(); n != 1 || !strings.Contains(run.Reason, "judge") {
				t.Errorf("asked %d times; reason %q", n, run.Reason)
			}
		})
	}
}

// TestJudgeThatIsRefusedAtOnce is one whose key is refused before anybody else is asked: the cases are in the report, as skipped.
func TestJudgeThatIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _, service := judgedBench(t, func(string) (string, error) {
			return "", &provider.Error{Op: "ask", Kind: provider.KindAuth, Code: "no"}
		})
		known := []spec.Calibration{{Output: "bad", Pass: false, Case: spec.Case{Assertions: []spec.Assertion{yes("")}}}}
		run := b.run(t.Context(), judgedBy(spec.Judge{Model: "j", Calibration: known}, service))
		b.want(run, 3, "key_refused")
		if n := b.cases(); n != 0 || run.Summary.Skipped != 5 || run.Cases.Len() != 5 || run.Judge.Calibrated {
			t.Errorf("%d questions; %+v in %d cases; judge %+v", n, run.Summary, run.Cases.Len(), run.Judge)
		}
	})
}

// TestVerdictsAreKept is a run that ended without a verdict: neither the model nor the judge is asked again for what they said. What was lost, or was
// no verdict, is asked for again.
func TestVerdictsAreKept(t *testing.T) {
	for name, first := range map[string]func() (string, error){
		"one is lost": func() (string, error) {
			return "", &provider.Error{Op: "ask", Kind: provider.KindUnavailable, Err: errors.New("not yet")}
		},
		"one is none": func() (string, error) { return "garbage, sorry", nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, judge, service := judgedBench(t, func(question string) (string, error) {
					if strings.Contains(question, "bad") {
						return first()
					}
					return "yes", nil
				})
				use := judgedBy(spec.Judge{Model: "j"}, service)
				b.want(b.run(t.Context(), use), 3, "undecided")
				judge.answer = answering(func(_, question string) (string, error) { return honest(question) })
				judge.asked.Store(0)
				before := b.cases()
				b.want(b.run(t.Context(), use), 1, "not_good_enough")
				if n, m := judge.asked.Load(), b.cases()-before; n != 1 || m != 0 {
					t.Errorf("the judge was asked %d times again and the model %d, want 1 and 0", n, m)
				}
			})
		})
	}
}

// TestCommandsNeedLeave refuses graders that run commands unless whoever runs ftrun allows them.
func TestCommandsNeedLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(2, "  baseline: off\n")
		command := func(o *runner.Options) {
			o.Pipeline.Test.Cases[1].Assertions = []spec.Assertion{{Name: "mine", Kind: "exec", Exec: true, Weight: 1, Grader: execGrader{}}}
		}
		b.want(b.run(t.Context(), command), 2, "exec_not_allowed")
		if n := b.fake.Calls("jobs") + b.fake.Calls("upload"); n != 0 {
			t.Errorf("%d requests before that", n)
		}
		b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
		run := b.run(t.Context(), command, func(o *runner.Options) {
			o.Exec = func(context.Context, []string, []byte) ([]byte, error) { return []byte("ok"), nil }
		})
		b.want(run, 0, "passed")
	})
}

type execGrader struct{}

func (execGrader) Grade(ctx context.Context, _ grade.Sample, with grade.Services) (grade.Grade, error) {
	out, err := with.Exec(ctx, []string{"check"}, nil)
	return grade.Grade{Score: 1, Pass: string(out) == "ok"}, err
}
