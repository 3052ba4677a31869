package spec

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ftrun/spec/internal/yamlpos"
)

var (
	numberPattern = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)
	valuePattern  = regexp.MustCompile(`^(\$?)(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([%A-Za-z ]*)$`)
)

// maxValue is more cases than any test has, more USD than it costs and more seconds than it takes. Below it a number and its text stand for each
// other.
const maxValue = 1e9

// unitNames are the units by what people write.
var unitNames = map[string]string{
	"%": "%", "percent": "%", "pct": "%", "pp": "%", "point": "%", "points": "%", "percentage points": "%",
	"ms": "ms", "msec": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
	"usd": "USD", "dollar": "USD", "dollars": "USD", "$": "USD",
}

// parseValue takes a value apart: its digits with their sign, the unit that is meant, and whether it is written as it should be.
func parseValue(text string) (digits, unit string, exact, ok bool) {
	m := valuePattern.FindStringSubmatch(text)
	if m == nil {
		return "", "", false, false
	}
	written := m[1] + m[3]
	if written == "" {
		return m[2], "", true, true
	}
	unit, ok = unitNames[strings.ToLower(written)]
	return m[2], unit, unit == m[3], ok
}

// setValue reads what the metric is compared with, and wants it to be a value of the metric.
func (t *Threshold) setValue(text string) *ThresholdError {
	if text == "baseline" {
		t.Baseline = true
		return t.checkBaseline()
	}
	kind := t.Metric.kind()
	digits, unit, exact, ok := parseValue(text)
	if !ok || digits[0] == '-' && kind.low >= 0 {
		problem := badValue(t.Metric, text)
		problem.Way = cmp.Or(t.besideBaseline(text), problem.Way)
		return problem
	}
	if problem := t.checkUnit(text, digits, unit, exact); problem != nil {
		return problem
	}
	t.Unit = unit
	t.Value = scaled(digits, unit)
	return t.checkRange(text, digits)
}

var besidePattern = regexp.MustCompile(`^baseline\s*([-+])\s*([0-9.]+)\s*(%?)`)

// besideBaseline says how to write what is so much above or below the baseline, or returns "".
func (t *Threshold) besideBaseline(text string) string {
	m := besidePattern.FindStringSubmatch(text)
	if m == nil || !t.Metric.share() || t.Op != ">=" && t.Op != ">" || !numberPattern.MatchString(m[2]) {
		return ""
	}
	points := percent(scaled(m[2], m[3]))
	if m[1] == "+" {
		return fmt.Sprintf("delta is the difference to the baseline: write 'delta %s %s'", t.Op, points)
	}
	return "write " + t.like(fmt.Sprintf("%s baseline by %s", FormNotWorse, points))
}

// scaled returns the value of digits with a unit. An exponent rounds once, where a division would round again.
func scaled(digits, unit string) float64 {
	exponent := map[string]string{"%": "e-2", "ms": "e-3"}[unit]
	value, err := strconv.ParseFloat(digits+exponent, 64)
	if err != nil || value == 0 { // -0 is 0
		return 0
	}
	return value
}

// checkUnit wants one of the metric's units, written as it should be.
func (t *Threshold) checkUnit(text, digits, unit string, exact bool) *ThresholdError {
	kind := t.Metric.kind()
	known := slices.Contains(kind.units, unit)
	problem := badValue(t.Metric, text)
	switch {
	case known && exact:
		return nil
	case known && unit == "USD":
		problem.Way = fmt.Sprintf("did you mean %s USD?", digits)
	case known:
		problem.Way = fmt.Sprintf("did you mean %s%s?", digits, unit)
	case unit == "%":
		what := "number"
		if kind.whole {
			what = "count"
		}
		if t.Metric.latency() || t.Metric == Cost {
			return problem
		}
		return &ThresholdError{fmt.Sprintf("%s is a %s, not a share, found %s", t.Metric, what, text), ""}
	case unit == "" && kind.slip != "":
		slip := kind.slip
		if value := scaled(digits, ""); t.Metric.latency() && value < 50 {
			slip = "s"
		}
		problem.Way = fmt.Sprintf("did you mean %s%s?", digits, slip)
	}
	return problem
}

// latency reports whether the metric is a time.
func (m Metric) latency() bool { return m == P50Latency || m == P95Latency }

// checkRange wants a value that the metric can have.
func (t *Threshold) checkRange(text, digits string) *ThresholdError {
	kind := t.Metric.kind()
	low, high := kind.bounds(t.Unit)
	switch {
	case t.Unit == "%" && t.Value > high:
		return &ThresholdError{fmt.Sprintf("%s is more than 100%%", text), ""}
	case t.Unit == "%" && t.Value < low:
		return &ThresholdError{fmt.Sprintf("%s is less than -100%%", text), ""}
	case kind.whole && t.Unit == "" && t.Value != math.Trunc(t.Value):
		return t.notWhole(text)
	case kind.whole && t.Value > maxValue:
		return &ThresholdError{fmt.Sprintf("%s counts cases, and %s is more than any test has", t.Metric, text), ""}
	case t.Metric.OfTraining() && math.IsInf(high, 1) && t.Value > maxValue:
		return &ThresholdError{fmt.Sprintf("%s is more than any loss", text), ""}
	case t.Value > maxValue:
		return &ThresholdError{fmt.Sprintf("%s is more than there can be", text), ""}
	case t.Value > high && t.Metric.Grader() != "" && t.Unit == "":
		return &ThresholdError{fmt.Sprintf("%s lies between 0 and 1, found %s", t.Metric.shown(), text), normalised(t.Value, 1, nextRange(t.Value))}
	case t.Value > high || t.Value < low:
		problem := &ThresholdError{fmt.Sprintf("%s lies between %v and %v, found %s", t.Metric.shown(), low, high, text), ""}
		if kind.slip != "" && math.Abs(t.Value) <= 100 {
			problem.Way = fmt.Sprintf("did you mean %s%s?", digits, kind.slip)
		}
		return problem
	default:
		return nil
	}
}

// scoreBeyond returns the metric and the value of a refused threshold on the mean of a grader whose value is more than 1: a score of the grader's
// range, maybe.
func scoreBeyond(text string) (m Metric, score float64, ok bool) {
	head := headPattern.FindStringSubmatch(strings.TrimSpace(text))
	if head == nil || Metric(head[1]).Grader() == "" {
		return "", 0, false
	}
	op := opPattern.FindString(head[3])
	if checkOp(op) != nil {
		return "", 0, false
	}
	value, _, _ := cutLevel(head[3][len(op):])
	score, isPercent, ok := parseNumber(value)
	return Metric(head[1]), score, ok && !isPercent && score > 1
}

// nextRange returns the highest score of the usual range that a score is of.
func nextRange(score float64) float64 {
	for _, high := range []float64{5, 10, 100} {
		if score <= high {
			return high
		}
	}
	return score
}

// normalised says what a score on a range is in a mean.
func normalised(score, low, high float64) string {
	place := math.Round((score-low)/(high-low)*1e4) / 1e4
	return fmt.Sprintf("a mean is of places in the range, from 0 to 1 whatever the range is: %v on a range of %v to %v is %v", score, low, high, place)
}

// shown is the metric's name in a message. The name of a grader is the file's own.
func (m Metric) shown() string {
	if m.Grader() != "" {
		return yamlpos.Quote(string(m))
	}
	return string(m)
}

func (t *Threshold) notWhole(text string) *ThresholdError {
	if slices.Contains(t.Metric.kind().units, "%") {
		return &ThresholdError{fmt.Sprintf("%s is a count or a share, found %s", t.Metric, text), "write a count such as 2, or a share such as 5%"}
	}
	return &ThresholdError{fmt.Sprintf("%s is a count of cases, found %s", t.Metric, text), ""}
}

// checkBaseline refuses the baseline for what it has no value of.
func (t *Threshold) checkBaseline() *ThresholdError {
	want := "write " + t.Metric.kind().want
	switch {
	case t.Metric.share():
		return nil
	case t.Metric.OfTraining():
		return &ThresholdError{fmt.Sprintf("%s can't be compared with the baseline, which was not trained in this run", t.Metric), want}
	case t.Metric.OfBoth():
		return &ThresholdError{fmt.Sprintf("%s is a comparison with the baseline already", t.Metric), want}
	case slices.Contains(t.Metric.kind().units, "%"):
		return &ThresholdError{fmt.Sprintf("%s can't be compared with the baseline", t.Metric), "write a count such as 2, or a share such as 5%"}
	default:
		return &ThresholdError{fmt.Sprintf("%s can't be compared with the baseline", t.Metric), want}
	}
}

// badValue says why a value is none.
func badValue(metric Metric, text string) *ThresholdError {
	want := metric.kind().want
	if text == "" {
		return &ThresholdError{fmt.Sprintf("%s is compared with nothing", metric.shown()), "want " + want}
	}
	problem := &ThresholdError{fmt.Sprintf("want %s, found %s", want, yamlpos.Quote(text)), ""}
	first, rest := cutWord(text)
	_, _, _, isValue := parseValue(first)
	switch {
	case (metric == Fixed || metric == Broken) && (text == string(Fixed) || text == string(Broken)):
		problem.Way = "'delta > 0' says that more cases were fixed than broken"
	case checkMetric(text) == nil:
		problem.Way = "a threshold compares a metric with a value"
	case text == "base" || strings.EqualFold(text, "baseline"):
		problem.Way = `did you mean baseline?`
	case rest != "" && (isValue || first == "baseline") && strings.Contains(rest, "%") && !strings.ContainsAny(rest, "+-") && metric.share():
		problem.Way = "a level of confidence follows the value like at 95%"
	}
	return problem
}

// setMargin reads the margin of not_worse_than.
func (t *Threshold) setMargin(text, like string) *ThresholdError {
	digits, unit, exact, ok := parseValue(text)
	if !ok || digits[0] == '-' || unit != "" && unit != "%" {
		return &ThresholdError{"want a margin such as 2%, found " + yamlpos.Quote(text), like}
	}
	value := scaled(digits, "%")
	switch {
	case unit == "" && scaled(digits, "") < 1 && value > 0:
		return &ThresholdError{"a margin is in points of a percentage, found " + yamlpos.Quote(text), fmt.Sprintf("did you mean by %s?", percent(scaled(digits, "")))}
	case unit == "" || !exact:
		return &ThresholdError{"a margin is in points of a percentage, found " + yamlpos.Quote(text), fmt.Sprintf("did you mean by %s%%?", digits)}
	case value == 0:
		return &ThresholdError{"no number of cases shows a margin of 0%", "name a margin, or write " + t.like(">= baseline") + " or " + t.like(string(FormNoDrop))}
	case value >= 1:
		return &ThresholdError{fmt.Sprintf("a margin of %s excuses everything", text), like}
	default:
		t.Margin = value
		return nil
	}
}

// parseNumber reads a plain decimal number, or a percentage as the fraction that it is.
func parseNumber(text string) (value float64, isPercent, ok bool) {
	digits, isPercent := strings.CutSuffix(text, "%")
	digits = strings.TrimRight(digits, " ")
	if !numberPattern.MatchString(digits) {
		return 0, false, false
	}
	if isPercent {
		return scaled(digits, "%"), true, true
	}
	return scaled(digits, ""), false, true
}
