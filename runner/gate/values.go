package gate

import (
	"slices"

	"ftrun/runner/result"
	"ftrun/runner/stats"
	"ftrun/spec"
)

// A span is what a number may be: low and high are the same where it was measured, and apart where answers are missing.
type span struct {
	low, high float64
}

// at returns the number where the missing answers are wrong (0), right (1), or in between.
func (s span) at(right float64) float64 { return s.low + right*(s.high-s.low) }

func (s span) open() bool { return s.low < s.high }

// passes is 1 for a case that passed.
func passes(o Outcome) span {
	switch o.Status {
	case result.CasePassed:
		return span{1, 1}
	case result.CaseFailed:
		return span{0, 0}
	default:
		return span{0, 1}
	}
}

func scores(o Outcome) span {
	if !o.HasScore {
		return span{0, 1}
	}
	return partly(o.Score, o.Missing)
}

// partly is the mean over answers of which a share is missing, and the others have a mean of their own.
func partly(mean, missing float64) span {
	known := mean * (1 - missing)
	return span{known, known + missing}
}

// scoresBy is the score that one grader gave.
func scoresBy(grader string) func(Outcome) span {
	return func(o Outcome) span {
		if g := o.grader(grader); g != nil {
			return partly(g.Score, g.Missing)
		}
		return span{0, 1}
	}
}

func (o Outcome) grader(name string) *GraderScore {
	i := slices.IndexFunc(o.Graders, func(g GraderScore) bool { return g.Name == name })
	if i < 0 {
		return nil
	}
	return &o.Graders[i]
}

// A sample is a rate or a mean of one model over some cases.
type sample struct {
	spans []span
	value float64 // as it is reported: a rate counts what is missing as not passed, a mean leaves it out
	open  int     // cases of which something is missing
	whole int     // of these, cases of which everything is
}

// bounds returns the mean with everything that is missing wrong, and with everything right.
func (s sample) bounds() span {
	var b span
	for _, v := range s.spans {
		b.low += v.low
		b.high += v.high
	}
	n := float64(max(len(s.spans), 1))
	return span{b.low / n, b.high / n}
}

// values returns one number a case.
func (s sample) values(right float64) []float64 {
	out := make([]float64, len(s.spans))
	for i, v := range s.spans {
		out[i] = v.at(right)
	}
	return out
}

// reader returns how a case's outcome reads as a rate's or a mean's number.
func reader(m spec.Metric) func(Outcome) span {
	switch {
	case m == spec.PassRate:
		return passes
	case m.Grader() != "":
		return scoresBy(m.Grader())
	default:
		return scores
	}
}

// sampled reads a metric of one model over the cases with the indexes.
func sampled(m spec.Metric, indexes []int, outcomes []Outcome) sample {
	read := reader(m)
	out := sample{spans: make([]span, len(indexes))}
	var sum, known float64
	for i, at := range indexes {
		o := outcomes[at]
		s := read(o)
		out.spans[i] = s
		if s.open() {
			out.open++
		}
		if s == (span{0, 1}) {
			out.whole++
		}
		switch g := o.grader(m.Grader()); {
		case m == spec.PassRate && o.Status != result.CaseSkipped && o.Status != "": // passed / (passed + failed + errored)
			sum, known = sum+s.low, known+1
		case m.Grader() != "" && g != nil && g.Missing < 1:
			sum, known = sum+g.Score, known+1
		case m.Grader() == "" && o.HasScore:
			sum, known = sum+o.Score, known+1
		}
	}
	if known > 0 {
		out.value = sum / known
	}
	return out
}

// about returns the indexes of the cases that a metric is about: a pass rate is about those with assertions, a grader's mean about those
// with that grader; paired leaves out those that the baseline does not have.
func (e Evidence) about(m spec.Metric, tag string, paired bool) []int {
	var out []int
	for i, c := range e.Cases {
		switch {
		case !tagged(c, tag), m == spec.PassRate && len(c.Assertions) == 0, paired && e.Base[i].Absent:
		case m.Grader() != "" && !grades(c, m.Grader()):
		default:
			out = append(out, i)
		}
	}
	return out
}

func tagged(c spec.Case, tag string) bool { return tag == "" || slices.Contains(c.Tags, tag) }

// grades reports whether the case has an assertion that a grader's mean is about.
func grades(c spec.Case, name string) bool {
	return slices.ContainsFunc(c.Assertions, func(a spec.Assertion) bool { return a.Feeds(name) })
}

// A pairing is a rate or a mean of both models on the same cases.
type pairing struct {
	metric       spec.Metric
	tested, base sample
}

func (e Evidence) pair(m spec.Metric, tag string) pairing {
	cases := e.about(m, tag, true)
	return pairing{m, sampled(m, cases, e.Tested), sampled(m, cases, e.Base)}
}

func (p pairing) cases() int { return len(p.tested.spans) }

func (p pairing) open() bool { return p.tested.open+p.base.open > 0 }

// differences returns the tested model's number less the baseline's, case by case: with 0 what is missing speaks against the tested model, its
// own answers being wrong and the baseline's right; with 1 for it.
func (p pairing) differences(favour float64) []float64 {
	out := make([]float64, p.cases())
	for i := range out {
		out[i] = p.tested.spans[i].at(favour) - p.base.spans[i].at(1-favour)
	}
	return out
}

// interval returns where the mean of differences lies, with two-sided confidence.
func (p pairing) interval(differences []float64, level float64) stats.Interval {
	if p.metric == spec.PassRate {
		broken, fixed := changes(differences)
		return stats.PairedInterval(broken, fixed, len(differences), level)
	}
	return stats.MeanInterval(differences, -1, 1, level)
}

// pValue returns how often chance alone makes a difference as large, in either direction.
func (p pairing) pValue(differences []float64) float64 {
	if p.metric == spec.PassRate {
		return stats.McNemar(changes(differences))
	}
	return stats.SignTest(differences)
}

// changes counts the cases that got worse and those that got better.
func changes(differences []float64) (broken, fixed int) {
	for _, d := range differences {
		switch {
		case d < 0:
			broken++
		case d > 0:
			fixed++
		}
	}
	return broken, fixed
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}

// incomparable says why there is no baseline; empty: there is one.
func (e Evidence) incomparable() string {
	switch {
	case e.Baseline.Unavailable != "":
		return e.Baseline.Unavailable
	case e.Base == nil:
		return "none was asked"
	default:
		return ""
	}
}
