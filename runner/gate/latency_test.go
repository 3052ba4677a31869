package gate

import (
	"strings"
	"testing"
	"time"

	"ftrun/runner/result"
	"ftrun/spec"
)

// TestLatencyOfAPart is a run that got only some of the answers itself: the others may have come at once or never.
func TestLatencyOfAPart(t *testing.T) {
	for name, test := range map[string]struct {
		seconds []float64
		untimed int
		limit   float64
		want    string
	}{
		"all, soon enough":             {[]float64{.1, .1, .2}, 0, .2, result.ThresholdPass},
		"all, too late":                {[]float64{.1, .1, .3}, 0, .2, result.ThresholdFail},
		"one left over, and fast":      {[]float64{.002}, 39, .2, result.ThresholdUndecided},
		"one left over, and slow":      {[]float64{3}, 29, .2, result.ThresholdUndecided},
		"nearly all, whatever comes":   {repeat(.1, 99), 1, .2, result.ThresholdPass},
		"too many late, whatever else": {repeat(3, 90), 10, .2, result.ThresholdFail},
	} {
		t.Run(name, func(t *testing.T) {
			e := Evidence{Cases: questions("p"), Tested: answers("p")}
			for _, s := range test.seconds {
				e.Tested[0].Latencies = append(e.Tested[0].Latencies, time.Duration(s*float64(time.Second)))
			}
			e.Tested[0].Untimed = test.untimed
			limit := spec.Threshold{Expression: "p95_latency <= 200ms", Metric: spec.P95Latency, Op: "<=", Value: test.limit, Unit: "ms"}
			got := e.hold(limit)
			if got.Verdict != test.want || (got.Cause == result.CauseNotMeasured) != (test.want == result.ThresholdUndecided) {
				t.Errorf("%s %s (%s), want %s", got.Verdict, got.Cause, got.Reason, test.want)
			}
			if test.want != result.ThresholdUndecided {
				return
			}
			j := Judge(spec.Test{MaxErrors: spec.Amount{Value: 1}, MinCases: 1}, []spec.Threshold{limit}, e)
			if c := j.Conclusion(); c.ExitCode != result.ExitUnknown || !strings.Contains(c.Hint, "--fresh") {
				t.Errorf("%+v: the same command would say the same again", c)
			}
		})
	}
}

func repeat(value float64, n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = value
	}
	return all
}

// TestAbortedErrorsAreNoFailure is an outage: that answers did not come says nothing of the model.
func TestAbortedErrorsAreNoFailure(t *testing.T) {
	e := Evidence{Cases: questions("ppek"), Tested: answers("ppek")}
	none := spec.Threshold{Metric: spec.Errors, Op: "==", Value: 0}
	if got := e.hold(none); got.Verdict != result.ThresholdFail {
		t.Errorf("%s (%s)", got.Verdict, got.Reason)
	}
	e.Aborted = true
	if got := e.hold(none); got.Verdict != result.ThresholdUndecided || got.Cause != result.CauseNotMeasured {
		t.Errorf("aborted: %s %s (%s)", got.Verdict, got.Cause, got.Reason)
	}
	if got := e.hold(spec.Threshold{Metric: spec.Errors, Op: "<=", Value: 2}); got.Verdict != result.ThresholdPass {
		t.Errorf("two at most, whatever comes: %s (%s)", got.Verdict, got.Reason)
	}
}

// TestErrorsAreNoFailure is a service that did not answer: the threshold does not hold, and nobody knows how good the model is. What fails beside
// it fails.
func TestErrorsAreNoFailure(t *testing.T) {
	none := spec.Threshold{Expression: "errors == 0", Metric: spec.Errors, Op: "==", Value: 0}
	most := spec.Threshold{Expression: "pass_rate >= 90%", Metric: spec.PassRate, Op: ">=", Value: .9}
	for word, want := range map[string]int{"ppppppppppe": result.ExitUnknown, "ffffppppppe": result.ExitFail, "pppppppppp": result.ExitPass} {
		j := Judge(spec.Test{MaxErrors: spec.Amount{Value: 5}, MinCases: 1}, []spec.Threshold{none, most}, Evidence{Cases: questions(word), Tested: answers(word)})
		if c := j.Conclusion(); c.ExitCode != want || want == result.ExitUnknown && c.ReasonCode != "too_many_errors" {
			t.Errorf("%s: %+v, want exit code %d", word, c, want)
		}
	}
}

// TestNothingMeasuredIsNoDrop is a guard that was never asked: a baseline that passes few of its cases can't fall far, and yet nothing was measured.
func TestNothingMeasuredIsNoDrop(t *testing.T) {
	drop := spec.Threshold{Metric: spec.PassRate, Form: spec.FormNoDrop, Level: .95}
	e := Evidence{Cases: questions("eeeeeeeekkkk"), Tested: answers("eeeeeeeekkkk"), Base: answers("ppffffffffff"), Baseline: Baseline{Kind: spec.BaselineBase}}
	if got := e.hold(drop); got.Verdict != result.ThresholdUndecided || got.Cause != result.CauseNotMeasured {
		t.Errorf("%s %s (%s)", got.Verdict, got.Cause, got.Reason)
	}
	e.Tested = answers("ppffffffffff")
	if got := e.hold(drop); got.Verdict != result.ThresholdPass {
		t.Errorf("%s %s (%s)", got.Verdict, got.Cause, got.Reason)
	}
}
