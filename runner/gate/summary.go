package gate

import (
	"ftrun/runner/result"
	"ftrun/runner/stats"
	"ftrun/spec"
)

// summarize counts outcomes for the report. Cases that the baseline does not have count as skipped, and in no rate.
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
	e := Evidence{Cases: cases, Base: outcomes}
	if asserted := e.about(spec.PassRate, "", true); len(asserted) > 0 && s.Passed+s.Failed+s.Errored > 0 {
		s.PassRate = new(sampled(spec.PassRate, asserted, outcomes).value)
	}
	for _, o := range outcomes {
		if o.HasScore && !o.Absent {
			s.MeanScore = new(sampled(spec.MeanScore, e.about(spec.MeanScore, "", true), outcomes).value)
			break
		}
	}
	return s
}

// comparisonLevel is the confidence of the intervals that are shown unasked.
const comparisonLevel = .95

// The methods that a comparison names.
const (
	methodPaired    = "mid-p McNemar test, Gaffke interval"
	methodBootstrap = "wild cluster bootstrap, Gaffke interval by Bayesian bootstrap"
)

// compare sets the tested model beside the baseline, case by case; nil where nobody asked for a baseline.
func (e Evidence) compare() *result.Comparison {
	if e.Base == nil && e.Baseline.Unavailable == "" {
		return nil
	}
	c := &result.Comparison{
		Baseline: e.Baseline.Model, Kind: e.Baseline.Kind, Provider: e.Baseline.Provider, Results: e.Baseline.Results,
		Unavailable: e.Baseline.Unavailable, FixedCases: []string{}, BrokenCases: []string{},
	}
	if c.Unavailable != "" {
		return c
	}
	c.Summary = summarize(e.Cases, e.Base)
	for i := range e.Cases {
		if !e.Base[i].Absent && !e.Base[i].open() && !e.Tested[i].open() {
			c.Cases++
			e.sort(c, i)
		}
	}
	c.PassRate = e.differ(spec.PassRate)
	c.MeanScore = e.differ(spec.MeanScore)
	return c
}

// sort puts a case that both models answered where it belongs.
func (e Evidence) sort(c *result.Comparison, i int) {
	switch before, after := e.Base[i].Status, e.Tested[i].Status; {
	case before == result.CaseFailed && after == result.CasePassed:
		c.Fixed++
		c.FixedCases = append(c.FixedCases, e.Cases[i].ID)
	case before == result.CasePassed && after == result.CaseFailed:
		c.Broken++
		c.BrokenCases = append(c.BrokenCases, e.Cases[i].ID)
	case before == after && before != result.CaseScored:
		c.Same++
	}
}

// differ measures a difference over the cases that both models have a number of; nil: fewer than two, of which nothing can be said.
func (e Evidence) differ(m spec.Metric) *result.Difference {
	var d []float64
	for _, i := range e.about(m, "", true) {
		after, before := e.Tested[i], e.Base[i]
		switch {
		case m == spec.PassRate:
			if a, b := passes(after), passes(before); !a.open() && !b.open() {
				d = append(d, a.low-b.low)
			}
		case after.HasScore && before.HasScore:
			d = append(d, after.Score-before.Score)
		}
	}
	if len(d) < 2 {
		return nil
	}
	p := pairing{metric: m}
	interval := p.interval(d, comparisonLevel)
	out := &result.Difference{
		Value: mean(d), Interval: result.Interval{Low: interval.Low, High: interval.High, Level: comparisonLevel},
		PValue: new(p.pValue(d)), Method: methodBootstrap, Cases: len(d),
	}
	if m == spec.PassRate {
		broken, fixed := changes(d)
		out.Method, out.Smallest = methodPaired, stats.SmallestShift(len(d), 2*float64(min(broken, fixed))/float64(len(d)))
	} else {
		out.Smallest = stats.SmallestMean(len(d), stats.Deviation(d))
	}
	return out
}
