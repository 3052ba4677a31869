package gate

import (
	"fmt"
	"math"
	"slices"

	"ftrun/runner/result"
	"ftrun/runner/stats"
	"ftrun/spec"
)

// counts judges how many cases errored, were refused or were cut off. What errored is known, unless the asking ended early: an outage says nothing
// of the model. It may have been refused or cut off.
func (h holder) counts() {
	count, total, open := span{}, 0, 0
	for i, c := range h.Cases {
		if !tagged(c, h.t.Tag) {
			continue
		}
		total++
		happened, unknown := h.Tested[i].had(h.t.Metric)
		if h.Aborted && h.t.Metric == spec.Errors {
			happened, unknown = false, h.Tested[i].open()
		}
		switch {
		case happened:
			count.low++
			count.high++
		case unknown:
			count.high++
			open++
		}
	}
	if total == 0 {
		h.unmeasured("no data")
		return
	}
	what := map[spec.Metric]string{spec.Errors: "errored", spec.Refusals: "refused", spec.Truncated: "cut off at the limit of tokens"}[h.t.Metric]
	sentence := fmt.Sprintf("%g %s", count.low, what)
	if h.t.Unit == "%" {
		sentence = fmt.Sprintf("%g of %d %s", count.low, total, what)
		count.low /= float64(total)
		count.high /= float64(total)
	}
	wanted := h.t.Value
	h.out.Value, h.out.Wanted = &count.low, &wanted
	if open > 0 {
		h.out.Low, h.out.High = &count.low, &count.high
	}
	verdict, cause := decide(h.t.Op, count, span{wanted, wanted})
	h.say(verdict, cause, sentence+lost(cause, open))
}

// had reports whether what the metric counts happened to the case, or may have.
func (o Outcome) had(m spec.Metric) (happened, unknown bool) {
	unknown = o.open() || o.Missing > 0
	switch m {
	case spec.Refusals:
		return o.Refused > 0, unknown
	case spec.Truncated:
		return o.Truncated > 0, unknown
	default:
		return o.Status == result.CaseErrored, false
	}
}

// latency judges a percentile of all answers, once with those that have no latency of this run as if they had come at once, and once as if they
// had never come. A run that goes on from another one got only the rest itself, and that rest says little of the whole.
func (h holder) latency(p float64) {
	var seconds []float64
	untimed := 0
	for i, c := range h.Cases {
		if !tagged(c, h.t.Tag) {
			continue
		}
		o := h.Tested[i]
		for _, l := range o.Latencies {
			seconds = append(seconds, l.Seconds())
		}
		untimed += o.Untimed
		if o.Status == "" { // never asked
			untimed++
		}
	}
	if len(seconds) == 0 {
		h.unmeasured("no data, this run got no answer itself")
		return
	}
	value, wanted := stats.Percentile(seconds, p), h.t.Value
	soonest := append(slices.Repeat([]float64{0}, untimed), seconds...)
	never := append(slices.Repeat([]float64{math.Inf(1)}, untimed), seconds...)
	verdict, cause := decide(h.t.Op, span{stats.Percentile(soonest, p), stats.Percentile(never, p)}, span{wanted, wanted})
	h.out.Value, h.out.Wanted = &value, &wanted
	sentence := fmt.Sprintf("%s over %s", formatSeconds(value), countAnswers(len(seconds)))
	if cause != "" {
		sentence += fmt.Sprintf("; %s without a latency of this run could turn it either way", countAnswers(untimed))
	}
	h.say(verdict, cause, sentence)
}

func countAnswers(n int) string {
	if n == 1 {
		return "1 answer"
	}
	return fmt.Sprintf("%d answers", n)
}

// cost judges what the test stage cost, or what the answers to the cases with a tag did. An unknown price is never 0.
func (h holder) cost() {
	value := h.CostUSD
	if h.t.Tag != "" {
		value = h.costOf(h.t.Tag)
	}
	if value == nil {
		h.unmeasured("no data, the price is not known")
		return
	}
	h.once(*value, fmt.Sprintf("%.4g USD", *value))
}

// costOf sums what both models' answers cost; nil: not known of all of them.
func (e Evidence) costOf(tag string) *float64 {
	var sum float64
	found := false
	for i, c := range e.Cases {
		if !tagged(c, tag) {
			continue
		}
		found = true
		asked := []Outcome{e.Tested[i]}
		if e.Base != nil && e.Baseline.Kind != spec.BaselineResults { // earlier answers cost nothing now
			asked = append(asked, e.Base[i])
		}
		for _, o := range asked {
			if o.CostUSD == nil {
				return nil
			}
			sum += *o.CostUSD
		}
	}
	if !found {
		return nil
	}
	return &sum
}

// training judges what the service measured while it trained. What it did not measure is no data, and never 0.
func (h holder) training() {
	value, step := lastMeasured(h.t.Metric, h.Curve)
	if value == nil {
		h.unmeasured(fmt.Sprintf("no data, the provider reports no %s for this job", h.t.Metric))
		return
	}
	h.once(*value, fmt.Sprintf("%.4g at step %d", *value, step))
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

// errorCount counts the tested model's errored cases, and all.
func (e Evidence) errorCount() (errored, total int) {
	for _, o := range e.Tested {
		if o.Status == result.CaseErrored {
			errored++
		}
	}
	return errored, len(e.Tested)
}
