package gate

import (
	"fmt"
	"math"

	"ftrun/runner/result"
	"ftrun/runner/stats"
	"ftrun/spec"
)

// defaultLevel is the confidence of the forms that have one and name none.
const defaultLevel = .95

// rounding is less than what any threshold means, and more than what sums in another order differ by.
const rounding = 1e-9

// hold judges one threshold.
func (e Evidence) hold(t spec.Threshold) result.Threshold {
	out := result.Threshold{Expression: t.Expression, Default: t.Default, Line: t.Pos.Line, Unit: unit(t)}
	h := holder{Evidence: e, t: t, out: &out}
	switch m := t.Metric; {
	case m.OfTraining():
		h.training()
	case m == spec.Errors, m == spec.Refusals, m == spec.Truncated:
		h.counts()
	case m == spec.P50Latency:
		h.latency(.5)
	case m == spec.P95Latency:
		h.latency(.95)
	case m == spec.Cost:
		h.cost()
	case m == spec.Fixed, m == spec.Broken, m == spec.Delta, m == spec.PValue, t.Baseline, t.Form != spec.FormCompare:
		h.compared()
	default:
		h.share()
	}
	return out
}

// unit returns what a threshold's numbers are in.
func unit(t spec.Threshold) string {
	switch m := t.Metric; {
	case m == spec.PassRate, t.Unit == "%":
		return "%"
	case m == spec.P50Latency, m == spec.P95Latency:
		return "s"
	case m == spec.Cost:
		return "USD"
	default:
		return ""
	}
}

// unitOf returns what a rate or a mean is in.
func unitOf(m spec.Metric) string {
	if m == spec.PassRate {
		return "%"
	}
	return ""
}

// A holder judges one threshold, and writes down how it came out.
type holder struct {
	Evidence
	t   spec.Threshold
	out *result.Threshold
}

// say sets the verdict and the sentence, which begins with the threshold.
func (h holder) say(verdict, cause, sentence string) {
	h.out.Verdict, h.out.Cause, h.out.Reason = verdict, cause, h.t.Expression+": "+sentence
}

// unmeasured says that there is nothing to judge by.
func (h holder) unmeasured(why string) {
	h.say(result.ThresholdUndecided, result.CauseNotMeasured, why)
}

// once judges a number that is what it is.
func (h holder) once(value float64, sentence string) {
	wanted := h.t.Value
	h.out.Value, h.out.Wanted = &value, &wanted
	verdict := result.ThresholdFail
	if holds(h.t.Op, value, wanted) {
		verdict = result.ThresholdPass
	}
	h.say(verdict, "", sentence)
}

// level returns the confidence that the threshold asks for.
func (h holder) level() float64 {
	if h.t.Level == 0 {
		return defaultLevel
	}
	return h.t.Level
}

func holds(op string, a, b float64) bool {
	same := math.Abs(a-b) <= rounding
	switch op {
	case "<":
		return a < b && !same
	case "<=":
		return a < b || same
	case ">":
		return a > b && !same
	case ">=":
		return a > b || same
	case "==":
		return same
	case "!=":
		return !same
	default:
		return false
	}
}

// decide compares two numbers whatever the missing answers would have said.
func decide(op string, value, wanted span) (verdict, cause string) {
	worst := holds(op, value.low, wanted.high)
	best := holds(op, value.high, wanted.low)
	overlap := value.low <= wanted.high+rounding && wanted.low <= value.high+rounding && (value.open() || wanted.open())
	switch {
	case worst != best, overlap && (op == "==" || op == "!="):
		return result.ThresholdUndecided, result.CauseNotMeasured
	case worst:
		return result.ThresholdPass, ""
	default:
		return result.ThresholdFail, ""
	}
}

// unsure is a judgement on what was measured, which is too little.
const unsure = "unsure"

// confirm holds an interval against a number: the end that speaks against the condition must meet it, and where even the other one does not,
// it fails.
func confirm(op string, i stats.Interval, wanted float64) string {
	against, inFavour := i.Low, i.High
	switch op {
	case "<", "<=":
		against, inFavour = i.High, i.Low
	case "==", "!=":
		inside := i.Low <= wanted+rounding && wanted <= i.High+rounding
		switch {
		case inside:
			return unsure
		case op == "!=":
			return result.ThresholdPass
		default:
			return result.ThresholdFail
		}
	}
	switch {
	case holds(op, against, wanted):
		return result.ThresholdPass
	case !holds(op, inFavour, wanted):
		return result.ThresholdFail
	default:
		return unsure
	}
}

// confirmTwice holds both intervals against a number, the one with the missing answers wrong and the one with them right. In between, == and
// != may come out otherwise than at both ends.
func confirmTwice(op string, worst, best stats.Interval, wanted float64) (verdict, cause string) {
	judged := []string{confirm(op, worst, wanted), confirm(op, best, wanted)}
	if judged[0] != unsure {
		judged = append(judged, confirm(op, stats.Interval{Low: worst.Low, High: best.High}, wanted))
	}
	return twice(judged...)
}

// twice puts together how a threshold comes out with the missing answers against the tested model, for it, and maybe in between.
func twice(judged ...string) (verdict, cause string) {
	for _, j := range judged {
		if j != judged[0] {
			return result.ThresholdUndecided, result.CauseNotMeasured
		}
	}
	if judged[0] == unsure {
		return result.ThresholdUndecided, result.CauseNotEnoughEvidence
	}
	return judged[0], ""
}

// share judges a rate or a mean against a number.
func (h holder) share() {
	cases := h.about(h.t.Metric, h.t.Tag, false)
	if len(cases) == 0 {
		h.unmeasured("no data")
		return
	}
	tested := sampled(h.t.Metric, cases, h.Tested)
	bounds := tested.bounds()
	wanted := h.t.Value
	h.values(tested, &wanted)
	sentence := fmt.Sprintf("%s over %s", formatShare(h.t.Metric, tested.value), CountCases(len(cases)))
	if h.t.Level == 0 {
		verdict, cause := decide(h.t.Op, bounds, span{wanted, wanted})
		h.say(verdict, cause, sentence+lost(cause, tested.open))
		return
	}
	worst, best := h.interval(tested, 0), h.interval(tested, 1)
	whole := stats.Interval{Low: worst.Low, High: best.High}
	verdict, cause := confirmTwice(h.t.Op, worst, best, wanted)
	h.out.Interval = &result.Interval{Low: whole.Low, High: whole.High, Level: h.t.Level}
	h.say(verdict, cause, fmt.Sprintf("%s, with %s confidence between %s and %s%s", sentence, formatLevel(h.t.Level),
		formatShare(h.t.Metric, whole.Low), formatShare(h.t.Metric, whole.High), lost(cause, tested.open)))
}

// interval returns where a rate or a mean lies, with the threshold's confidence.
func (h holder) interval(s sample, right float64) stats.Interval {
	values := s.values(right)
	if h.t.Metric != spec.PassRate {
		return stats.MeanInterval(values, 0, 1, h.t.Level)
	}
	_, passed := changes(values)
	return stats.Wilson(passed, len(values), h.t.Level)
}

// values writes down what was measured, and what it was compared with.
func (h holder) values(tested sample, wanted *float64) {
	h.out.Value, h.out.Wanted = &tested.value, wanted
	if tested.open > 0 {
		b := tested.bounds()
		h.out.Low, h.out.High = &b.low, &b.high
	}
}
