package runner

import "ftrun/runner/result"

// wayOut names the cause and the next step where a run could not find out for a reason that the same command would meet again.
func (r *runState) wayOut(c result.Conclusion) result.Conclusion {
	if c.ExitCode != result.ExitUnknown {
		return c
	}
	compared := r.run.Comparison
	switch {
	case r.doubt != nil:
		return result.Conclusion{
			Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: "judge_not_calibrated", Reason: r.doubt.Error(),
			Hint: "look at that case, then at the rubric; a larger judge, or samples: 3, helps against one that wavers",
		}
	case compared != nil && compared.Unavailable != "" && NeedsBaseline(r.Pipeline.Thresholds):
		c.Hint = "name a baseline that answers, or the results.json of an earlier run; or leave out what compares with it"
	case r.unreported():
		c.Hint = "leave the threshold out at this service, which reports no such figure"
	}
	return c
}

// unreported reports whether all that is undecided is about figures of training that the service does not report.
func (r *runState) unreported() bool {
	undecided, ofTraining := 0, 0
	for i, t := range r.verdict.Thresholds {
		if t.Verdict != result.ThresholdUndecided {
			continue
		}
		undecided++
		if r.Pipeline.Thresholds[i].Metric.OfTraining() {
			ofTraining++
		}
	}
	return undecided > 0 && undecided == ofTraining
}
