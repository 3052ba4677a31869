package result

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
)

// The tidy functions return a copy that JSON can express, without nil where readers expect a list or a mapping. They change
// nothing that their argument shares with others.

func tidyRun(r Run) Run {
	r.Schema = Schema
	if r.Job != nil {
		r.Job = new(tidyJob(*r.Job))
	}
	if r.Dataset != nil {
		r.Dataset = new(tidyDataset(*r.Dataset))
	}
	if r.Comparison != nil {
		r.Comparison = new(tidyComparison(*r.Comparison))
	}
	if r.Repeats != nil {
		r.Repeats = new(tidyRepeats(*r.Repeats))
	}
	if r.Contamination != nil {
		r.Contamination = new(tidyContamination(*r.Contamination))
	}
	r.Summary = tidySummary(r.Summary)
	r.Cost.TrainingUSD, r.Cost.TestingUSD, r.Cost.JudgingUSD = finite(r.Cost.TrainingUSD), finite(r.Cost.TestingUSD), finite(r.Cost.JudgingUSD)
	r.Stages = each(r.Stages, tidyStage)
	r.Thresholds = each(r.Thresholds, tidyThreshold)
	r.TrainingCurve = each(r.TrainingCurve, tidyPoint)
	r.Warnings = list(r.Warnings)
	if len(r.Problems) > 0 {
		r.Problems = each(r.Problems, tidyProblem)
	}
	return r
}

func tidyJob(j Job) Job {
	if j.Hyperparameters == nil {
		j.Hyperparameters = map[string]any{}
	}
	switch {
	case len(j.Raw) == 0:
	case json.Valid(j.Raw):
		j.Raw = bytes.ToValidUTF8(j.Raw, []byte("\uFFFD"))
	default: // what a broken service sent is evidence too
		j.Raw, _ = json.Marshal(string(j.Raw))
	}
	return j
}

func tidyDataset(d Dataset) Dataset {
	d.TokenStats.Mean = finiteOr0(d.TokenStats.Mean)
	d.TokenStats.Histogram = list(d.TokenStats.Histogram)
	if d.RoleTokens == nil {
		d.RoleTokens = map[string]int64{}
	}
	if d.Estimate != nil {
		estimate := *d.Estimate
		estimate.USD = finite(estimate.USD)
		d.Estimate = &estimate
	}
	d.Findings = each(d.Findings, func(f DataFinding) DataFinding {
		f.Places = list(f.Places)
		return f
	})
	d.Sources = each(d.Sources, tidySource)
	return d
}

// tidySource fills in what versions did not write that knew one use of data.
func tidySource(s Source) Source {
	s.Use = cmp.Or(s.Use, UseTraining)
	return s
}

// tidyProblem makes an error of a problem that does not say how grave it is.
func tidyProblem(p Problem) Problem {
	p.Severity = cmp.Or(p.Severity, "error")
	return p
}

func tidyStage(s Stage) Stage {
	s.Seconds = finiteOr0(s.Seconds)
	return s
}

func tidySummary(s Summary) Summary {
	s.PassRate, s.MeanScore = finite(s.PassRate), finite(s.MeanScore)
	return s
}

func tidyThreshold(t Threshold) Threshold {
	t.Value, t.Wanted, t.Low, t.High, t.PValue = finite(t.Value), finite(t.Wanted), finite(t.Low), finite(t.High), finite(t.PValue)
	if t.Interval != nil && !t.Interval.isFinite() {
		t.Interval = nil
	}
	return t
}

func (i Interval) isFinite() bool { return isFinite(i.Low) && isFinite(i.High) && isFinite(i.Level) }

func tidyComparison(c Comparison) Comparison {
	c.Summary = tidySummary(c.Summary)
	c.FixedCases, c.BrokenCases = list(c.FixedCases), list(c.BrokenCases)
	c.PassRate, c.MeanScore = tidyDifference(c.PassRate), tidyDifference(c.MeanScore)
	return c
}

// tidyDifference returns nil for a difference that is no number: a 0 in its place would say that the models are alike.
func tidyDifference(d *Difference) *Difference {
	if d == nil || !isFinite(d.Value) || !d.Interval.isFinite() {
		return nil
	}
	tidy := *d
	tidy.PValue = finite(d.PValue)
	if !isFinite(d.Smallest) {
		tidy.Smallest = 1
	}
	return &tidy
}

func tidyRepeats(r Repeats) Repeats {
	r.PassAt, r.PassAll = each(r.PassAt, finiteOr0), each(r.PassAll, finiteOr0)
	return r
}

func tidyContamination(c Contamination) Contamination {
	c.Findings = each(c.Findings, func(f Finding) Finding {
		f.Coverage, f.Jaccard = finiteOr0(f.Coverage), finiteOr0(f.Jaccard)
		return f
	})
	if c.Clean != nil {
		c.Clean = new(tidySummary(*c.Clean))
	}
	return c
}

func tidyPoint(p CurvePoint) CurvePoint {
	p.TrainLoss, p.TrainAccuracy = finite(p.TrainLoss), finite(p.TrainAccuracy)
	p.ValidLoss, p.ValidAccuracy = finite(p.ValidLoss), finite(p.ValidAccuracy)
	return p
}

func tidyCase(c Case) Case {
	c.Tags = list(c.Tags)
	c.Answer = tidyAnswer(c.Answer)
	if c.Baseline != nil {
		c.Baseline = new(tidyAnswer(*c.Baseline))
	}
	return c
}

func tidyAnswer(a Answer) Answer {
	a.Score = finite(a.Score)
	a.LatencyMS = finiteOr0(a.LatencyMS)
	a.CostUSD = finite(a.CostUSD)
	if a.Repeats != nil {
		a.Repeats = each(a.Repeats, tidyAnswer)
	}
	a.Assertions = each(a.Assertions, func(a Assertion) Assertion {
		a.Weight, a.Score = finiteOr0(a.Weight), finiteOr0(a.Score)
		return a
	})
	return a
}

// each returns a new list of what f makes of the elements.
func each[T any](in []T, f func(T) T) []T {
	out := make([]T, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// list returns l, or an empty list for nil.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func finite(p *float64) *float64 {
	if p == nil || !isFinite(*p) {
		return nil
	}
	return p
}

func finiteOr0(f float64) float64 {
	if !isFinite(f) {
		return 0
	}
	return f
}

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
