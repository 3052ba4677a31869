package gate

import (
	"slices"

	"ftrun/runner/result"
	"ftrun/spec"
)

// A measure is a metric's value, and the two values between which it lies whatever the open cases would have said.
type measure struct {
	value     float64
	low, high float64
	cases     int // that it is about; 0: no data
	open      int
}

// share measures a metric in [0,1] over the cases with the tag: the pass rate over those with assertions, the mean score over all.
func share(m spec.Metric, tag string, cases []spec.Case, outcomes []Outcome) measure {
	var out measure
	if len(outcomes) == 0 { // a baseline that was not asked
		return out
	}
	var sum float64
	known := 0
	for i, c := range cases {
		if tag != "" && !slices.Contains(c.Tags, tag) || m == spec.PassRate && len(c.Assertions) == 0 {
			continue
		}
		out.cases++
		switch o := outcomes[i]; {
		case o.open():
			out.open++
		case m == spec.PassRate && o.Status == result.CasePassed:
			sum++
			known++
		case m == spec.MeanScore && o.HasScore:
			sum += o.Score
			known++
		default:
			known++
		}
	}
	if out.cases == 0 {
		return out
	}
	out.low = sum / float64(out.cases)
	out.high = (sum + float64(out.open)) / float64(out.cases)
	out.value = out.low // passed / (passed + failed + errored)
	if m == spec.MeanScore && known > 0 {
		out.value = sum / float64(known) // over the cases with a score
	}
	return out
}

// lastMeasured returns a metric of training at the last step at which the service measured it; nil where it never did.
func lastMeasured(m spec.Metric, curve []result.CurvePoint) (value *float64, step int) {
	for _, p := range slices.Backward(curve) {
		switch m {
		case spec.TrainLoss:
			value = p.TrainLoss
		case spec.ValidLoss:
			value = p.ValidLoss
		case spec.ValidAccuracy:
			value = p.ValidAccuracy
		}
		if value != nil {
			return value, p.Step
		}
	}
	return nil, 0
}

// errorCount counts the tested model's errored cases with the tag, and the cases with it.
func errorCount(tag string, cases []spec.Case, outcomes []Outcome) (errored, total int) {
	for i, c := range cases {
		if tag != "" && !slices.Contains(c.Tags, tag) {
			continue
		}
		total++
		if outcomes[i].Status == result.CaseErrored {
			errored++
		}
	}
	return errored, total
}

// summarize counts outcomes for the report.
func summarize(cases []spec.Case, outcomes []Outcome) result.Summary {
	s := result.Summary{Cases: len(cases)}
	for _, o := range outcomes {
		switch o.Status {
		case result.CasePassed:
			s.Passed++
		case result.CaseFailed:
			s.Failed++
		case result.CaseErrored:
			s.Errored++
		case result.CaseScored:
			s.Scored++
		default:
			s.Skipped++
		}
	}
	if m := share(spec.PassRate, "", cases, outcomes); m.cases > 0 && s.Passed+s.Failed+s.Errored > 0 {
		s.PassRate = &m.value
	}
	if m := share(spec.MeanScore, "", cases, outcomes); m.cases > m.open {
		s.MeanScore = &m.value
	}
	return s
}

// compare sets the tested model beside the baseline, case by case.
func (e Evidence) compare() *result.Comparison {
	if e.Base == nil {
		return nil
	}
	c := &result.Comparison{Baseline: e.Baseline.Model, Kind: e.Baseline.Kind, Summary: summarize(e.Cases, e.Base)}
	for i := range e.Cases {
		switch before, after := e.Base[i].Status, e.Tested[i].Status; {
		case before == result.CaseFailed && after == result.CasePassed:
			c.Fixed++
		case before == result.CasePassed && after == result.CaseFailed:
			c.Broken++
		}
	}
	return c
}
