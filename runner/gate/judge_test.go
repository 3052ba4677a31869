package gate

import (
	"testing"

	"ftrun/runner/result"
	"ftrun/spec"
)

// answers builds outcomes from a word: p passed, f failed, e errored, k skipped, and digits for a score of n/10 without pass or fail.
func answers(word string) []Outcome {
	var out []Outcome
	for _, r := range word {
		switch r {
		case 'p':
			out = append(out, Outcome{Status: result.CasePassed, Score: 1, HasScore: true})
		case 'f':
			out = append(out, Outcome{Status: result.CaseFailed, HasScore: true})
		case 'e':
			out = append(out, Outcome{Status: result.CaseErrored})
		case 'k':
			out = append(out, Outcome{Status: result.CaseSkipped})
		default:
			out = append(out, Outcome{Status: result.CaseScored, Score: float64(r-'0') / 10, HasScore: true})
		}
	}
	return out
}

// questions builds the cases for answers: those that are only scored have no assertions; the first half is tagged.
func questions(word string) []spec.Case {
	cases := make([]spec.Case, len(word))
	for i, r := range word {
		if r < '0' || r > '9' {
			cases[i].Assertions = []spec.Assertion{{Weight: 1}}
		}
		if i < len(word)/2 {
			cases[i].Tags = []string{"first"}
		}
	}
	return cases
}

func TestHold(t *testing.T) {
	for _, test := range []struct {
		tested, base string
		threshold    spec.Threshold
		want         string
	}{
		// Nothing open: plain comparison.
		{"pppf", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Value: .75}, result.ThresholdPass},
		{"pppf", "", spec.Threshold{Metric: spec.PassRate, Op: ">", Value: .75}, result.ThresholdFail},
		{"pppp", "", spec.Threshold{Metric: spec.PassRate, Op: "==", Value: 1}, result.ThresholdPass},
		{"pppf", "", spec.Threshold{Metric: spec.PassRate, Op: "==", Value: 1}, result.ThresholdFail},
		{"pppf", "", spec.Threshold{Metric: spec.PassRate, Op: "!=", Value: 1}, result.ThresholdPass},
		{"pf", "", spec.Threshold{Metric: spec.PassRate, Op: "<", Value: .6}, result.ThresholdPass},
		{"pf", "", spec.Threshold{Metric: spec.PassRate, Op: "<=", Value: .4}, result.ThresholdFail},
		// An errored case may have been either.
		{"pppe", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Value: .75}, result.ThresholdPass},
		{"pppe", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Value: .8}, result.ThresholdUndecided},
		{"pffe", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Value: .8}, result.ThresholdFail},
		{"pppe", "", spec.Threshold{Metric: spec.PassRate, Op: "==", Value: 1}, result.ThresholdUndecided},
		{"pfee", "", spec.Threshold{Metric: spec.PassRate, Op: "==", Value: .5}, result.ThresholdUndecided},
		{"pppk", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Value: .8}, result.ThresholdUndecided},
		{"eeee", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Value: 0}, result.ThresholdPass},
		// The baseline's open cases count the other way round.
		{"pppf", "ppff", spec.Threshold{Metric: spec.PassRate, Op: ">=", Baseline: true}, result.ThresholdPass},
		{"pppf", "ppfe", spec.Threshold{Metric: spec.PassRate, Op: ">=", Baseline: true}, result.ThresholdPass},
		{"ppff", "ppfe", spec.Threshold{Metric: spec.PassRate, Op: ">=", Baseline: true}, result.ThresholdUndecided},
		{"pfff", "ppfe", spec.Threshold{Metric: spec.PassRate, Op: ">=", Baseline: true}, result.ThresholdFail},
		{"ppfe", "pppf", spec.Threshold{Metric: spec.PassRate, Op: ">=", Baseline: true}, result.ThresholdUndecided},
		// Means are over everything that has a score.
		{"59", "", spec.Threshold{Metric: spec.MeanScore, Op: ">=", Value: .7}, result.ThresholdPass},
		{"5e", "", spec.Threshold{Metric: spec.MeanScore, Op: ">=", Value: .7}, result.ThresholdUndecided},
		{"5e", "", spec.Threshold{Metric: spec.MeanScore, Op: ">=", Value: .8}, result.ThresholdFail},
		{"00", "", spec.Threshold{Metric: spec.MeanScore, Op: ">", Value: 0}, result.ThresholdFail},
		{"p5", "f5", spec.Threshold{Metric: spec.MeanScore, Op: ">=", Baseline: true}, result.ThresholdPass},
		// A pass rate is over the cases with assertions; tags narrow it further. No case is no data, and never a pass.
		{"p000", "", spec.Threshold{Metric: spec.PassRate, Op: "==", Value: 1}, result.ThresholdPass},
		{"ppff", "", spec.Threshold{Metric: spec.PassRate, Tag: "first", Op: "==", Value: 1}, result.ThresholdPass},
		{"0000", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Value: 0}, result.ThresholdUndecided},
		{"pp", "", spec.Threshold{Metric: spec.PassRate, Tag: "none", Op: ">=", Value: 0}, result.ThresholdUndecided},
		{"pp", "", spec.Threshold{Metric: spec.PassRate, Op: ">=", Baseline: true}, result.ThresholdUndecided},
		// Errors are judged once, as a count or a share.
		{"ppee", "", spec.Threshold{Metric: spec.Errors, Op: "<=", Value: 2}, result.ThresholdPass},
		{"ppee", "", spec.Threshold{Metric: spec.Errors, Op: "<=", Value: 1}, result.ThresholdFail},
		{"pppe", "", spec.Threshold{Metric: spec.Errors, Op: "<=", Value: .25, Unit: "%"}, result.ThresholdPass},
		{"ppee", "", spec.Threshold{Metric: spec.Errors, Op: "<=", Value: .25, Unit: "%"}, result.ThresholdFail},
		{"ppee", "", spec.Threshold{Metric: spec.Errors, Tag: "first", Op: "==", Value: 0}, result.ThresholdPass},
	} {
		e := Evidence{Cases: questions(test.tested), Tested: answers(test.tested)}
		if test.base != "" {
			e.Base = answers(test.base)
		}
		got := e.hold(test.threshold)
		if got.Verdict != test.want {
			t.Errorf("%s against %q, %s %s %v: %s (%s), want %s", test.tested, test.base,
				test.threshold.Metric, test.threshold.Op, test.threshold.Value, got.Verdict, got.Reason, test.want)
		}
		if got.Reason == "" {
			t.Errorf("%s: a verdict without a reason", test.tested)
		}
	}
}

func TestSummaryAddsUp(t *testing.T) {
	s := summarize(questions("ppffe5k"), answers("ppffe5k"))
	if s.Cases != s.Passed+s.Failed+s.Errored+s.Scored+s.Skipped || s.Cases != 7 {
		t.Errorf("%+v does not add up", s)
	}
	if *s.PassRate != 2.0/5 {
		t.Errorf("pass rate %v, want 2 of the 5 cases with assertions that were asked", *s.PassRate)
	}
	if *s.MeanScore != 2.5/5 {
		t.Errorf("mean score %v, want 2.5 over the 5 cases with a score", *s.MeanScore)
	}
	if s := summarize(questions("ee"), answers("ee")); s.MeanScore != nil {
		t.Errorf("mean score %v of nothing", *s.MeanScore)
	}
}

func TestCompare(t *testing.T) {
	c := Evidence{Cases: questions("pfpfe"), Tested: answers("pfpfe"), Base: answers("ffpep"), Baseline: Baseline{Model: "base"}}.compare()
	if c.Fixed != 1 || c.Broken != 0 || c.Summary.Passed != 2 || c.Baseline != "base" {
		t.Errorf("%+v", c)
	}
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		tested string
		must   bool
		test   spec.Test
		fails  int
		code   string
	}{
		{"pppp", true, spec.Test{MaxErrors: spec.Amount{Value: .05, Percent: true}, MinCases: 1}, 0, ""},
		{"pppe", false, spec.Test{MaxErrors: spec.Amount{Value: .05, Percent: true}, MinCases: 1}, 0, "too_many_errors"},
		{"pppe", false, spec.Test{MaxErrors: spec.Amount{Value: 1}, MinCases: 1}, 0, ""},
		{"pkkk", false, spec.Test{MaxErrors: spec.Amount{Value: 1}, MinCases: 2}, 0, "too_few_cases"},
		{"fppp", true, spec.Test{MaxErrors: spec.Amount{Value: 1}, MinCases: 1}, 1, ""},
		{"eppp", true, spec.Test{MaxErrors: spec.Amount{Value: 1}, MinCases: 1}, 0, "undecided"},
	} {
		e := Evidence{Cases: questions(test.tested), Tested: answers(test.tested)}
		e.Cases[0].MustPass = test.must
		var j Judgement
		e.holdMustPass(&j)
		e.holdLimits(&j, test.test)
		if len(j.Failures) != test.fails || j.Code != test.code {
			t.Errorf("%s: failures %q, doubts %q (%s), want %d and %q", test.tested, j.Failures, j.Undecided, j.Code, test.fails, test.code)
		}
	}
}
