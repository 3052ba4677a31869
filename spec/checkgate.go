package spec

import (
	"fmt"
	"slices"
	"strings"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// checkGate wants something that the answers themselves can fail.
func (c *checker) checkGate() {
	cases := c.pipeline.Test.Cases
	switch {
	case c.Troubled("thresholds"), c.Troubled("base_model"), !c.casesKnown():
	case slices.ContainsFunc(c.pipeline.Thresholds, func(t Threshold) bool { return t.Metric.ofAnswers() }), slices.ContainsFunc(cases, mustPass):
		c.warnOfCertain()
	default:
		c.Add("thresholds", "nothing would gate the answers: "+c.insteadOfAnswers(), oneOf(c.gatesToAdd()))
	}
}

func mustPass(k Case) bool { return k.MustPass }

// gatesToAdd are the ways out where nothing gates the answers.
func (c *checker) gatesToAdd() []string {
	asserted := slices.ContainsFunc(c.pipeline.Test.Cases, hasAssertions)
	metric := MeanScore
	if asserted {
		metric = PassRate
	}
	var ways []string
	switch {
	case slices.ContainsFunc(c.pipeline.Thresholds, func(t Threshold) bool { return t.Metric == PValue }): // so there is a baseline
		ways = append(ways, fmt.Sprintf("add 'delta > 0 at 95%%' or '%s %s'", metric, FormNoDrop))
	case asserted:
		ways = append(ways, "add a threshold on pass_rate or mean_score")
	default:
		ways = append(ways, "add a threshold on mean_score")
	}
	if asserted {
		ways = append(ways, "mark a case must_pass")
	}
	if len(c.gates()) > 0 {
		ways = append(ways, "leave thresholds out for the defaults")
	}
	return ways
}

// insteadOfAnswers says what thresholds that do not gate the answers are about.
func (c *checker) insteadOfAnswers() string {
	about := []struct {
		words   string
		metrics []Metric
	}{
		{"p_value says that there is a difference, not which way", []Metric{PValue}},
		{"errors counts only those that never came", []Metric{Errors}},
		{"refusals and truncated count answers whatever they say", []Metric{Refusals, Truncated}},
		{"a latency or the cost says nothing of what they say", []Metric{P50Latency, P95Latency, Cost}},
		{"a loss or an accuracy is about the training", []Metric{TrainLoss, ValidLoss, ValidAccuracy}},
	}
	var all []string
	for _, a := range about {
		if slices.ContainsFunc(c.pipeline.Thresholds, func(t Threshold) bool { return slices.Contains(a.metrics, t.Metric) }) {
			all = append(all, a.words)
		}
	}
	return strings.Join(all, ", and ")
}

// warnOfCertain warns of thresholds that hold whatever the answers are. One such as pass_rate >= 0 still wants something to be measured, and beside a
// gate it is how a figure is put into the reports: it is worth a word only where nothing else gates.
func (c *checker) warnOfCertain() {
	gated := slices.ContainsFunc(c.pipeline.Test.Cases, mustPass) || slices.ContainsFunc(c.pipeline.Thresholds, func(t Threshold) bool {
		return t.Metric.ofAnswers() && !t.certain(c.casesOf(t))
	})
	for _, t := range c.pipeline.Thresholds {
		if !t.certain(c.casesOf(t)) {
			continue
		}
		message := yamlpos.Quote(t.String()) + " always holds"
		switch onlyShown := t.Op == ">=" && t.Value <= t.Metric.kind().low; {
		case !gated && t.Metric.ofAnswers():
			c.warn(t.Pos, message+", and nothing else gates the answers: whatever they are, they pass", "name a value that a bad model misses, or mark a case must_pass")
		case !onlyShown:
			c.warn(t.Pos, message+", so it gates nothing", "name a value that a bad model misses, or leave it out")
		}
	}
}

// casesOf returns how many cases a threshold is about at most.
func (c *checker) casesOf(t Threshold) int {
	return countCases(c.pipeline.Test.Cases, func(k Case) bool {
		return (t.Tag == "" || slices.Contains(k.Tags, t.Tag)) && (hasAssertions(k) || t.Metric != Fixed && t.Metric != Broken)
	})
}

// certain reports whether the threshold holds whatever is measured over so many cases.
func (t Threshold) certain(cases int) bool {
	if t.Form != FormCompare || t.Baseline {
		return false
	}
	low, high := t.Metric.kind().bounds(t.Unit)
	if t.Metric.kind().whole && t.Unit == "" {
		high = float64(cases)
	}
	switch t.Op {
	case ">=":
		return t.Value <= low
	case "<=":
		return t.Value >= high
	case "<":
		return t.Value > high
	case "!=":
		return t.Value > high
	default:
		return false
	}
}

// warn notes what is allowed and may not be meant.
func (c *checker) warn(pos diag.Position, message, hint string) {
	c.pipeline.Warnings.Add(diag.Diagnostic{Pos: pos, Message: message, Hint: hint})
}
