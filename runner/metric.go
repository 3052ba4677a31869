package runner

import (
	"slices"

	"ftrun/runner/result"
	"ftrun/spec"
)

// An outcome is what judging keeps of one answer: a few bytes, however long the answer was.
type outcome struct {
	status   string // a result.Case… constant
	score    float64
	hasScore bool
}

func outcomeOf(a result.Answer) outcome {
	o := outcome{status: a.Status}
	if a.Score != nil {
		o.score, o.hasScore = *a.Score, true
	}
	return o
}

// open reports whether the answer is not known: it errored, or was never asked for. Either way it may have been right or wrong.
func (o outcome) open() bool { return o.status == result.CaseErrored || o.status == result.CaseSkipped }

// evidence is every outcome of a test, by case.
type evidence struct {
	cases    []spec.Case
	tested   []outcome
	base     []outcome // nil without a baseline
	baseline string    // model
	curve    []result.CurvePoint
}

// A measure is a metric's value, and the two values between which it lies whatever the open cases would have said.
type measure struct {
	value     float64
	low, high float64
	cases     int // that it is about; 0: no data
	open      int
}

// share measures a metric in [0,1] over the cases with the tag: the pass rate over those with assertions, the mean score over all.
func share(m spec.Metric, tag string, cases []spec.Case, outcomes []outcome) measure {
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
		case m == spec.PassRate && o.status == result.CasePassed:
			sum++
			known++
		case m == spec.MeanScore && o.hasScore:
			sum += o.score
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
func errorCount(tag string, cases []spec.Case, outcomes []outcome) (errored, total int) {
	for i, c := range cases {
		if tag != "" && !slices.Contains(c.Tags, tag) {
			continue
		}
		total++
		if outcomes[i].status == result.CaseErrored {
			errored++
		}
	}
	return errored, total
}

// summarize counts outcomes for the report.
func summarize(cases []spec.Case, outcomes []outcome) result.Summary {
	s := result.Summary{Cases: len(cases)}
	for _, o := range outcomes {
		switch o.status {
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
func (e evidence) compare() *result.Comparison {
	if e.base == nil {
		return nil
	}
	c := &result.Comparison{Baseline: e.baseline, Summary: summarize(e.cases, e.base)}
	for i := range e.cases {
		switch before, after := e.base[i].status, e.tested[i].status; {
		case before == result.CaseFailed && after == result.CasePassed:
			c.Fixed++
		case before == result.CasePassed && after == result.CaseFailed:
			c.Broken++
		}
	}
	return c
}
