package gate

import (
	"fmt"
	"strings"

	"ftrun/runner/result"
	"ftrun/spec"
)

func (j *Judgement) fail(sentence string) { j.Failures = append(j.Failures, sentence) }

func (j *Judgement) doubt(code, sentence string) {
	if j.Code == "" {
		j.Code = code
	}
	j.Undecided = append(j.Undecided, sentence)
}

// Judge counts, compares, and holds the limits, the thresholds and the cases that must pass against the evidence.
func Judge(test spec.Test, thresholds []spec.Threshold, e Evidence) Judgement {
	j := Judgement{Summary: summarize(e.Cases, e.Tested), Comparison: e.compare()}
	e.holdLimits(&j, test) // first: that too little was measured explains what the thresholds can't decide
	for _, t := range thresholds {
		judged := e.hold(t)
		j.Thresholds = append(j.Thresholds, judged)
		switch judged.Verdict {
		case result.ThresholdFail:
			j.fail(judged.Reason)
		case result.ThresholdUndecided:
			j.doubt("undecided", judged.Reason)
		}
	}
	e.holdMustPass(&j)
	return j
}

// holdMustPass judges the cases that no threshold excuses.
func (e Evidence) holdMustPass(j *Judgement) {
	for i, c := range e.Cases {
		switch o := e.Tested[i]; {
		case !c.MustPass:
		case o.open():
			j.doubt("undecided", fmt.Sprintf("case %q must pass and was not answered", c.ID))
		case o.Status != result.CasePassed:
			j.fail(fmt.Sprintf("case %q must pass and failed", c.ID))
		}
	}
}

// holdLimits judges whether enough was measured at all.
func (e Evidence) holdLimits(j *Judgement, test spec.Test) {
	errored, total := errorCount("", e.Cases, e.Tested)
	if float64(errored) > test.MaxErrors.Of(total) {
		j.doubt("too_many_errors", fmt.Sprintf("%d of %d cases errored, more than test.max_errors %s", errored, total, test.MaxErrors.Text))
	}
	answered := 0
	for _, o := range e.Tested {
		if !o.open() {
			answered++
		}
	}
	if answered < test.MinCases {
		j.doubt("too_few_cases", fmt.Sprintf("%d of %d cases answered, fewer than test.min_cases %d", answered, total, test.MinCases))
	}
}

// hold judges one threshold: rates and means twice, with every open case of the tested model wrong and the baseline's right, and
// the other way round. Where the two differ, the open cases decide, and nobody knows.
func (e Evidence) hold(t spec.Threshold) result.Threshold {
	out := result.Threshold{Expression: t.Expression, Default: t.Default, Line: t.Pos.Line}
	switch {
	case t.Metric == spec.Errors:
		e.holdErrors(t, &out)
		return out
	case t.Metric.OfTraining():
		e.holdTraining(t, &out)
		return out
	}
	tested := share(t.Metric, t.Tag, e.Cases, e.Tested)
	wanted := measure{value: t.Value, low: t.Value, high: t.Value, cases: 1}
	if t.Baseline {
		wanted = share(t.Metric, t.Tag, e.Cases, e.Base)
	}
	if tested.cases == 0 || wanted.cases == 0 {
		out.Verdict, out.Reason = result.ThresholdUndecided, t.Expression+": no data"
		return out
	}
	out.Value, out.Wanted = &tested.value, &wanted.value
	if tested.open > 0 || wanted.open > 0 {
		out.Low, out.High = &tested.low, &tested.high
	}
	out.Verdict = decide(t.Op, tested, wanted)
	out.Reason = shareReason(t, tested, wanted, out.Verdict)
	return out
}

// decide compares two measures whatever their open cases would have said.
func decide(op string, tested, wanted measure) string {
	worst := holds(op, tested.low, wanted.high)
	best := holds(op, tested.high, wanted.low)
	overlap := tested.low <= wanted.high && wanted.low <= tested.high && (tested.open > 0 || wanted.open > 0)
	switch {
	case worst != best, overlap && (op == "==" || op == "!="):
		return result.ThresholdUndecided
	case worst:
		return result.ThresholdPass
	default:
		return result.ThresholdFail
	}
}

func (e Evidence) holdErrors(t spec.Threshold, out *result.Threshold) {
	errored, total := errorCount(t.Tag, e.Cases, e.Tested)
	value, unit := float64(errored), ""
	if t.Unit == "%" {
		value, unit = float64(errored)/float64(max(total, 1)), fmt.Sprintf(" of %d", total)
	}
	wanted := t.Value
	out.Value, out.Wanted, out.Verdict = &value, &wanted, result.ThresholdFail
	if holds(t.Op, value, wanted) {
		out.Verdict = result.ThresholdPass
	}
	out.Reason = fmt.Sprintf("%s: %d%s errored", t.Expression, errored, unit)
}

// holdTraining judges what the service measured while it trained. What it did not measure is no data, and never 0.
func (e Evidence) holdTraining(t spec.Threshold, out *result.Threshold) {
	value, step := lastMeasured(t.Metric, e.Curve)
	if value == nil {
		out.Verdict = result.ThresholdUndecided
		out.Reason = fmt.Sprintf("%s: no data, the provider reports no %s for this job", t.Expression, t.Metric)
		return
	}
	wanted := t.Value
	out.Value, out.Wanted, out.Verdict = value, &wanted, result.ThresholdFail
	if holds(t.Op, *value, wanted) {
		out.Verdict = result.ThresholdPass
	}
	out.Reason = fmt.Sprintf("%s: %.4g at step %d", t.Expression, *value, step)
}

func holds(op string, a, b float64) bool {
	switch op {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "==":
		return a == b
	case "!=":
		return a != b
	default:
		return false
	}
}

// shareReason says in one sentence what was measured against what.
func shareReason(t spec.Threshold, tested, wanted measure, verdict string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s over %s", t.Expression, formatShare(t.Metric, tested.value), countCases(tested.cases))
	if t.Baseline {
		fmt.Fprintf(&b, ", baseline %s", formatShare(t.Metric, wanted.value))
	}
	if verdict == result.ThresholdUndecided {
		fmt.Fprintf(&b, "; %d without an answer could turn it either way", tested.open+wanted.open)
	}
	return b.String()
}

func countCases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

func formatShare(m spec.Metric, v float64) string {
	if m == spec.PassRate {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*v), ".0") + "%"
	}
	return fmt.Sprintf("%.3f", v)
}

// Conclusion says how a run with this judgement ended.
func (j Judgement) Conclusion() result.Conclusion {
	switch {
	case len(j.Failures) > 0:
		return result.Conclusion{
			Verdict: result.VerdictFail, ExitCode: result.ExitFail, ReasonCode: "not_good_enough", Reason: strings.Join(j.Failures, "; "),
		}
	case len(j.Undecided) > 0:
		return result.Conclusion{
			Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: j.Code, Reason: strings.Join(j.Undecided, "; "),
			Hint: "run the same command again: nothing is trained twice",
		}
	default:
		return result.Conclusion{
			Verdict: result.VerdictPass, ExitCode: result.ExitPass, ReasonCode: "passed",
			Reason: "every threshold holds over " + countCases(j.Summary.Cases),
		}
	}
}
