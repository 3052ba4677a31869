package gate

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ftrun/runner/result"
	"ftrun/spec"
)

// lost ends a sentence with what keeps a threshold from being decided.
func lost(cause string, open int) string {
	switch cause {
	case result.CauseNotMeasured:
		return fmt.Sprintf("; %d without an answer could turn it either way", open)
	case result.CauseNotEnoughEvidence:
		return ": too few cases to tell"
	default:
		return ""
	}
}

// shownCause is how much of a service's message a conclusion repeats, in letters: the comparison has all of it.
const shownCause = 120

// withoutBaseline says how many of the thresholds need the baseline, or which one does, and why there is none.
func withoutBaseline(thresholds []spec.Threshold, why string) string {
	var need []string
	for _, t := range thresholds {
		if t.NeedsBaseline() {
			need = append(need, t.Expression)
		}
	}
	if letters := []rune(why); len(letters) > shownCause {
		why = string(letters[:shownCause]) + "…"
	}
	if len(need) == 1 {
		return need[0] + " needs the baseline: " + why
	}
	return fmt.Sprintf("%d thresholds need the baseline: %s", len(need), why)
}

// told says what became of the cases.
func told(p pairing) string {
	if p.metric == spec.PassRate && !p.open() {
		broken, fixed := changes(p.differences(0))
		return fmt.Sprintf("%d broken, %d fixed of %s", broken, fixed, CountCases(p.cases()))
	}
	return fmt.Sprintf("%s over %s, baseline %s", formatShare(p.metric, p.tested.value), CountCases(p.cases()), formatShare(p.metric, p.base.value))
}

// CountCases says how many cases there are.
func CountCases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

// formatShare writes a rate as a percentage, and a mean as it is.
func formatShare(m spec.Metric, v float64) string {
	if m == spec.PassRate {
		return short(100*v, 1) + "%"
	}
	return fmt.Sprintf("%.3f", v)
}

// formatDifference writes a difference with its sign: of rates in points.
func formatDifference(m spec.Metric, v float64) string {
	sign := "+"
	if v < 0 {
		sign = ""
	}
	if m == spec.PassRate {
		return sign + short(100*v, 1) + " points"
	}
	return sign + fmt.Sprintf("%.3f", v)
}

// formatWorse writes how much worse something is.
func formatWorse(m spec.Metric, v float64) string {
	if m == spec.PassRate {
		return short(100*v, 1) + " points worse"
	}
	return fmt.Sprintf("%.3f worse", v)
}

func formatLevel(level float64) string { return short(100*level, 2) + "%" }

func formatSeconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.0f ms", 1000*s)
	}
	return fmt.Sprintf("%.2f s", s)
}

// formatP writes a p value with two digits, and never as 0.
func formatP(p float64) string {
	if p < .0001 {
		return "p < 0.0001"
	}
	return "p = " + strconv.FormatFloat(round(p, 2), 'g', -1, 64)
}

// formatChance says what a p value means.
func formatChance(p float64) string {
	often := fmt.Sprintf("once in %.0f runs", 1/p)
	switch {
	case p < .0001:
		often = "less than once in 10,000 runs"
	case p > 2.0/3:
		often = "in most runs"
	}
	return fmt.Sprintf("chance alone makes a difference this large %s (%s)", often, formatP(p))
}

// short writes a number with so many decimals at most.
func short(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

// round keeps so many significant digits.
func round(v float64, digits int) float64 {
	scale := math.Pow(10, float64(digits)-math.Ceil(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}
