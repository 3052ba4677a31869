package gate

import (
	"math"
	"strings"
	"testing"

	"ftrun/runner/stats"
	"ftrun/spec"
)

// TestMissingBaselineIsToldOnce has a cause as long as services write them. Each threshold says that it can't be decided, the conclusion says why
// and of how many, and the comparison has the whole cause.
func TestMissingBaselineIsToldOnce(t *testing.T) {
	cause := "ask old-model: 404 not found: " + strings.Repeat("the model does not exist or you have no access to it, ", 10)
	e := Evidence{Cases: questions("pp"), Tested: answers("pp"), Baseline: Baseline{Kind: spec.BaselineModel, Unavailable: cause}}
	few := spec.Threshold{Expression: "pass_rate >= 90% at 95%", Metric: passRate, Op: ">=", Value: .9, Level: .95}
	broken := spec.Threshold{Expression: "broken == 0", Metric: spec.Broken, Op: "=="}
	better := spec.Threshold{Expression: "pass_rate >= baseline", Metric: passRate, Op: ">=", Baseline: true}
	for _, test := range []struct {
		thresholds []spec.Threshold
		reason     string // begins so
		code       string
	}{
		{[]spec.Threshold{noDrop(passRate), broken, notWorse(passRate, .05), few, better},
			"4 thresholds need the baseline: ask old-model: 404 not found: the model", "undecided"},
		{[]spec.Threshold{broken}, "broken == 0 needs the baseline: ask old-model", "undecided"},
		{[]spec.Threshold{few, broken}, "pass_rate >= 90% at 95%: 100% over 2 cases", "not_enough_evidence"},
	} {
		j := Judge(spec.Test{MaxErrors: spec.Amount{Value: 1}}, test.thresholds, e)
		got := j.Conclusion()
		if !strings.HasPrefix(got.Reason, test.reason) || got.ReasonCode != test.code || strings.Count(got.Reason, "404") != 1 || strings.Contains(got.Reason, cause) {
			t.Errorf("%s: %s", got.ReasonCode, got.Reason)
		}
		for i, judged := range j.Thresholds {
			if want := judged.Expression + ": no baseline to compare with"; test.thresholds[i].NeedsBaseline() && judged.Reason != want {
				t.Errorf("got %q, want %q", judged.Reason, want)
			}
		}
		if j.Comparison.Unavailable != cause {
			t.Errorf("the comparison says %q", j.Comparison.Unavailable)
		}
	}
}

// TestWanted holds what the value of a threshold is shown against: the limit that it must keep.
func TestWanted(t *testing.T) {
	for _, test := range []struct {
		threshold spec.Threshold
		wanted    float64
		unit      string
	}{
		{noDrop(passRate), .8, "%"},
		{notWorse(passRate, .1), .7, "%"},
		{notWorse(score, .1), .7, ""},
		{spec.Threshold{Metric: passRate, Op: ">=", Baseline: true}, .8, "%"},
		{spec.Threshold{Metric: spec.Delta, Op: ">=", Value: -.1, Unit: "%"}, -.1, "%"},
		{spec.Threshold{Metric: spec.Delta, Op: ">=", Value: -.1}, -.1, "%"},
		{spec.Threshold{Metric: spec.Delta, Op: ">=", Value: -.1, Level: .9}, -.1, "%"},
	} {
		e := Evidence{Cases: questions(many("50p")), Tested: answers(many("50p")), Base: answers(many("40p 10f"))}
		got := e.hold(test.threshold)
		if got.Wanted == nil || math.Abs(*got.Wanted-test.wanted) > 1e-12 || got.Unit != test.unit {
			t.Errorf("%v: %v in %q, want %v in %q", test.threshold, got.Wanted, got.Unit, test.wanted, test.unit)
		}
	}
	scored := Evidence{Cases: questions("46"), Tested: answers("46"), Base: answers("55")}
	for i := range scored.Cases {
		scored.Cases[i].Assertions = nil
	}
	if got := scored.hold(spec.Threshold{Metric: spec.Delta, Op: ">=", Value: -.1, Unit: "%"}); got.Unit != "" {
		t.Errorf("a difference of scores is in %q", got.Unit)
	}
}

// TestOneSidedInterval has the confidence of a bound as the spec asks for it, and not that of an interval with the same bound.
func TestOneSidedInterval(t *testing.T) {
	e := Evidence{Cases: questions(many("50p")), Tested: answers(many("50p")), Base: answers(many("50p"))}
	got := e.hold(notWorse(passRate, .1)).Interval
	if got == nil || got.Level != .95 || !got.OneSided {
		t.Fatalf("%+v", got)
	}
	if want := stats.PairedInterval(0, 0, 50, stats.OneSided(.95)); got.Low != want.Low || got.High != want.High {
		t.Errorf("%+v, want the bounds %+v", got, want)
	}
	if got := e.hold(spec.Threshold{Metric: passRate, Op: ">=", Baseline: true, Level: .95}).Interval; got.OneSided {
		t.Errorf("%+v is of both ends", got)
	}
}
