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
	j := Judgement{Summary: summarize(e.Cases, e.Tested), Comparison: e.compare(), Repeats: e.repeats(), Flaky: e.flaky()}
	e.holdLimits(&j, test) // first: that too little was measured explains what the thresholds can't decide
	why := e.incomparable()
	told := false // why there is no baseline
	for _, t := range thresholds {
		judged := e.hold(t)
		j.Thresholds = append(j.Thresholds, judged)
		switch {
		case judged.Verdict == result.ThresholdFail && t.Metric == spec.Errors:
			j.doubt("too_many_errors", judged.Reason) // which says nothing of the model
		case judged.Verdict == result.ThresholdFail:
			j.fail(judged.Reason)
		case judged.Verdict != result.ThresholdUndecided:
		case why != "" && t.NeedsBaseline():
			if !told {
				j.doubt("undecided", withoutBaseline(thresholds, why))
			}
			told = true
		case judged.Cause == result.CauseNotEnoughEvidence:
			j.doubt("not_enough_evidence", judged.Reason)
		case t.Metric == spec.P50Latency || t.Metric == spec.P95Latency:
			j.untimed++
			j.doubt("undecided", judged.Reason)
		default:
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
	errored, total := e.errorCount()
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
			Hint: j.hint(),
		}
	default:
		return result.Conclusion{
			Verdict: result.VerdictPass, ExitCode: result.ExitPass, ReasonCode: "passed",
			Reason: "every threshold holds over " + CountCases(j.Summary.Cases),
		}
	}
}

// hint says what helps: asking again where answers are missing, and more cases where there were too few.
func (j Judgement) hint() string {
	if j.untimed == len(j.Undecided) {
		return "run the same command with --fresh: it asks again, and times every answer"
	}
	if j.Code == "not_enough_evidence" {
		return "the same cases say the same again: add cases, allow a wider margin, or ask for less confidence"
	}
	return "run the same command again: nothing is trained twice"
}
