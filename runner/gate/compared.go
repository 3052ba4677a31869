package gate

import (
	"fmt"

	"ftrun/runner/result"
	"ftrun/runner/stats"
	"ftrun/spec"
)

// compared judges a threshold that is about the baseline.
func (h holder) compared() {
	if h.incomparable() != "" {
		h.unmeasured("no baseline to compare with") // why is told once, of all such thresholds: see Judge
		return
	}
	metric := h.t.Metric
	switch metric {
	case spec.Fixed, spec.Broken:
		metric = spec.PassRate
	case spec.Delta, spec.PValue:
		metric = spec.PassRate
		if len(h.about(metric, h.t.Tag, true)) == 0 {
			metric = spec.MeanScore
		}
	}
	p := h.pair(metric, h.t.Tag)
	if p.cases() == 0 {
		h.unmeasured("no data, no case of the baseline is about it")
		return
	}
	if all := len(h.about(metric, h.t.Tag, false)); 2*p.cases() < all {
		h.unmeasured(fmt.Sprintf("the baseline has only %d of the %s", p.cases(), CountCases(all)))
		return
	}
	if len(p.tested.spans) == p.tested.whole || len(p.base.spans) == p.base.whole {
		h.unmeasured(fmt.Sprintf("no data, none of %s was answered by both", CountCases(p.cases())))
		return
	}
	switch {
	case h.t.Metric == spec.Fixed, h.t.Metric == spec.Broken:
		h.changed(p)
	case h.t.Metric == spec.PValue:
		h.chance(p)
	case h.t.Metric == spec.Delta:
		h.delta(p)
	case h.t.Form == spec.FormNoDrop:
		h.noDrop(p)
	case h.t.Form == spec.FormNotWorse:
		h.notWorse(p)
	case h.t.Level > 0:
		h.beside(p)
		h.difference(p, 0)
	default:
		h.plain(p)
	}
}

// beside writes down both models' numbers.
func (h holder) beside(p pairing) {
	h.values(p.tested, &p.base.value)
	if p.open() {
		b := p.tested.bounds()
		h.out.Low, h.out.High = &b.low, &b.high
	}
}

// plain compares the numbers as they are.
func (h holder) plain(p pairing) {
	h.beside(p)
	verdict, cause := decide(h.t.Op, p.tested.bounds(), p.base.bounds())
	h.say(verdict, cause, fmt.Sprintf("%s over %s, baseline %s%s", formatShare(p.metric, p.tested.value), CountCases(p.cases()),
		formatShare(p.metric, p.base.value), lost(cause, p.tested.open+p.base.open)))
}

// changed judges how many cases were fixed or broken.
func (h holder) changed(p pairing) {
	brokenMost, fixedLeast := changes(p.differences(0))
	brokenLeast, fixedMost := changes(p.differences(1))
	count := span{float64(fixedLeast), float64(fixedMost)}
	if h.t.Metric == spec.Broken {
		count = span{float64(brokenLeast), float64(brokenMost)}
	}
	value, wanted := count.low, h.t.Value
	h.out.Value, h.out.Wanted = &value, &wanted
	if count.open() {
		h.out.Low, h.out.High = &count.low, &count.high
	}
	verdict, cause := decide(h.t.Op, count, span{wanted, wanted})
	h.say(verdict, cause, fmt.Sprintf("%g of %s %s%s", value, CountCases(p.cases()), h.t.Metric, lost(cause, p.tested.open+p.base.open)))
}

// chance judges the p value. What is missing may bring the models together, and then nothing is significant.
func (h holder) chance(p pairing) {
	worst, best := p.differences(0), p.differences(1)
	a, b := p.pValue(worst), p.pValue(best)
	bounds := span{min(a, b), max(a, b)}
	if p.open() {
		if mean(worst) <= 0 && mean(best) >= 0 {
			bounds.high = 1
		}
		if p.metric != spec.PassRate { // an answer far from the others may hide what they show
			bounds = span{0, 1}
		}
	}
	value, wanted := bounds.high, h.t.Value
	h.out.Value, h.out.Wanted = &value, &wanted
	if bounds.open() {
		h.out.Low, h.out.High = &bounds.low, &bounds.high
	}
	verdict, cause := decide(h.t.Op, bounds, span{wanted, wanted})
	h.say(verdict, cause, fmt.Sprintf("%s over %s%s", formatP(value), CountCases(p.cases()), lost(cause, p.tested.open+p.base.open)))
}

// delta judges the difference, as it is or with confidence.
func (h holder) delta(p pairing) {
	value, wanted := p.tested.value-p.base.value, h.t.Value
	h.out.Unit = unitOf(p.metric) // however the threshold writes it: 10% of pass rates and 0.1 are the same
	bounds := span{mean(p.differences(0)), mean(p.differences(1))}
	h.out.Value, h.out.Wanted = &value, &wanted
	if p.open() {
		h.out.Low, h.out.High = &bounds.low, &bounds.high
	}
	if h.t.Level > 0 {
		h.difference(p, wanted)
		return
	}
	verdict, cause := decide(h.t.Op, bounds, span{wanted, wanted})
	h.say(verdict, cause, fmt.Sprintf("%s over %s%s", formatDifference(p.metric, value), CountCases(p.cases()), lost(cause, p.tested.open+p.base.open)))
}

// difference holds the interval of the difference against a number.
func (h holder) difference(p pairing, wanted float64) {
	worst, best, whole := h.intervals(p, h.t.Level)
	verdict, cause := confirmTwice(h.t.Op, worst, best, wanted)
	h.say(verdict, cause, fmt.Sprintf("%s; with %s confidence the difference lies between %s and %s%s", told(p), formatLevel(h.t.Level),
		formatDifference(p.metric, whole.Low), formatDifference(p.metric, whole.High), lost(cause, p.tested.open+p.base.open)))
}

// intervals returns the interval of the difference with what is missing against the tested model and for it, and from one to the other.
func (h holder) intervals(p pairing, level float64) (worst, best, whole stats.Interval) {
	worst = p.interval(p.differences(0), level)
	best = worst
	if p.open() {
		best = p.interval(p.differences(1), level)
	}
	whole = stats.Interval{Low: worst.Low, High: best.High}
	h.out.Interval = &result.Interval{Low: whole.Low, High: whole.High, Level: level}
	return worst, best, whole
}

// noDrop fails where the paired test says that the tested model fell behind. Fewer cases than could ever say so are no evidence.
func (h holder) noDrop(p pairing) {
	h.beside(p)
	level := h.level()
	if need := stats.CasesForDrop(level); p.cases() < need {
		h.say(result.ThresholdUndecided, result.CauseNotEnoughEvidence,
			fmt.Sprintf("%s could never show a drop with %s confidence, %d could", CountCases(p.cases()), formatLevel(level), need))
		return
	}
	favours := []float64{0}
	if p.open() {
		favours = append(favours, 1)
		if p.metric != spec.PassRate { // an answer far from the others may hide what they show, so that the ends are not all there is
			favours = append(favours, .125, .25, .375, .5, .625, .75, .875)
		}
	}
	var judged []string
	var value float64
	for _, favour := range favours {
		d := p.differences(favour)
		value = p.pValue(d)
		verdict := result.ThresholdPass
		if mean(d) < 0 && value <= 1-level+rounding {
			verdict = result.ThresholdFail
		}
		judged = append(judged, verdict)
	}
	verdict, cause := twice(judged...)
	sentence := told(p)
	switch {
	case p.open():
	case mean(p.differences(0)) >= -rounding:
		sentence += ": no drop"
		h.out.PValue = &value
	default:
		sentence += "; " + formatChance(value)
		h.out.PValue = &value
	}
	h.say(verdict, cause, sentence+lost(cause, p.tested.open+p.base.open))
}

// notWorse passes where the lower bound of the difference is within the margin, and fails where the upper one is not.
func (h holder) notWorse(p pairing) {
	h.beside(p)
	limit := p.base.value - h.t.Margin
	h.out.Wanted = &limit
	level := h.level()
	worst, best, whole := h.intervals(p, stats.OneSided(level))
	h.out.Interval.Level, h.out.Interval.OneSided = level, true // each end by itself has the whole confidence
	verdict, cause := confirmTwice(">=", worst, best, -h.t.Margin)
	bound := "it is at most " + formatWorse(p.metric, -whole.Low)
	switch {
	case verdict == result.ThresholdFail:
		bound = "it is at least " + formatWorse(p.metric, -whole.High)
	case whole.Low >= 0:
		bound = "it is no worse"
	}
	h.say(verdict, cause, fmt.Sprintf("%s; with %s confidence %s%s", told(p), formatLevel(level), bound, lost(cause, p.tested.open+p.base.open)))
}
