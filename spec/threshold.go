package spec

import (
	"strconv"
	"strings"

	"ftrun/spec/diag"
)

// A Form is what a threshold says of its metric.
type Form string

// The forms of a threshold.
const (
	FormCompare  Form = ""                    // op value
	FormNoDrop   Form = "no_significant_drop" // not significantly below the baseline
	FormNotWorse Form = "not_worse_than"      // at most a margin below the baseline, with confidence
)

// A Threshold is a condition on a metric:
//
//	threshold = metric [ "{tag:" name "}" ] ( op value | noDrop | notWorse ) [ "at" level ]
//	metric    = "pass_rate" | "mean_score" | name ".mean" | "fixed" | "broken" | "delta" | "p_value" | "errors" | "refusals" | "truncated" |
//	            "p50_latency" | "p95_latency" | "cost" | "train_loss" | "valid_loss" | "valid_accuracy"
//	name      = 1*( letter | digit | "_" | "." | "-" )
//	op        = "<" | "<=" | ">" | ">=" | "==" | "!="
//	value     = number | number "%" | number "ms" | number "s" | number "USD" | "baseline"
//	noDrop    = "no_significant_drop"
//	notWorse  = "not_worse_than" "baseline" "by" number "%"
//	level     = number "%"
//	number    = 1*digit [ "." 1*digit ], for delta with "-" before it
//
// Blanks may stand between its parts. Rates and means, which are pass_rate, mean_score and a grader's mean, take a number from 0 to 1, a
// percentage, the baseline's metric, and alone the two forms in words. delta takes a number from -1 to 1 or a percentage; p_value a number
// from 0 to 1; errors, refusals and truncated a count or a percentage of the cases; fixed and broken a count; a latency a time; cost an
// amount in USD; a loss a number, and an accuracy a number from 0 to 1 or a percentage. What is about the training takes no tag.
//
// With a level, from 50% up to less than 100%, the bound of the confidence interval that speaks against the condition is held to it, and not the
// measured value: rates, means and delta have one. The forms in words have the level 95% where none is written. A condition that nothing can
// meet, or that everything meets, is none.
type Threshold struct {
	Expression string // as written, or as it would be
	Metric     Metric
	Tag        string // "" for all cases
	Form       Form
	Op         string // < <= > >= == != of FormCompare
	Value      float64
	Unit       string  // of Value as written: "", "%", "ms", "s" or "USD". With % Value is the fraction, with ms and s it is in seconds
	Baseline   bool    // of FormCompare: compared with the baseline's metric instead of Value
	Margin     float64 // of FormNotWorse: how much worse it may be, in absolute points as a fraction
	Level      float64 // confidence, such as 0.95. Of FormCompare 0: the measured value is compared as it is
	Default    bool    // not in the spec
	Pos        diag.Position
}

// NeedsBaseline reports whether there is nothing to judge without a baseline.
func (t Threshold) NeedsBaseline() bool {
	return t.Baseline || t.Form != FormCompare || t.Metric.OfBoth()
}

// String returns the threshold in its canonical form, which [ParseThreshold] reads back.
func (t Threshold) String() string {
	var b strings.Builder
	b.WriteString(string(t.Metric))
	if t.Tag != "" {
		b.WriteString("{tag:" + t.Tag + "}")
	}
	switch t.Form {
	case FormNoDrop:
		b.WriteString(" " + string(FormNoDrop))
	case FormNotWorse:
		b.WriteString(" " + string(FormNotWorse) + " baseline by " + percent(t.Margin))
	default:
		b.WriteString(" " + t.Op + " " + t.value())
	}
	if t.Level != 0 {
		b.WriteString(" at " + percent(t.Level))
	}
	return b.String()
}

// value writes what a metric is compared with.
func (t Threshold) value() string {
	plain := strconv.FormatFloat(t.Value, 'f', -1, 64)
	switch {
	case t.Baseline:
		return "baseline"
	case t.Unit == "%":
		return percent(t.Value)
	case t.Unit == "ms":
		return shift(t.Value, 3) + "ms"
	case t.Unit == "USD":
		return plain + " USD"
	default:
		return plain + t.Unit
	}
}

// percent writes a fraction as a percentage.
func percent(fraction float64) string { return shift(fraction, 2) + "%" }

// shift multiplies by a power of ten by moving the decimal point, because a multiplication would not be exact.
func shift(x float64, places int) string {
	text := strconv.FormatFloat(x, 'f', -1, 64)
	text, negative := strings.CutPrefix(text, "-")
	whole, decimals, _ := strings.Cut(text, ".")
	for len(decimals) < places {
		decimals += "0"
	}
	whole = strings.TrimLeft(whole+decimals[:places], "0")
	if whole == "" {
		whole = "0"
	}
	if rest := decimals[places:]; rest != "" {
		whole += "." + rest
	}
	if negative {
		return "-" + whole
	}
	return whole
}

// A ThresholdError says what is wrong with a threshold's text.
type ThresholdError struct {
	Message string
	Way     string // how to mend it, where the message does not say it
}

func (e *ThresholdError) Error() string { return e.Message }

// Hint returns the way out.
func (e *ThresholdError) Hint() string { return e.Way }

// ParseThreshold reads a threshold. The error is a [*ThresholdError].
func ParseThreshold(text string) (Threshold, error) {
	t, problem := parseThreshold(text)
	if problem != nil {
		return Threshold{}, problem
	}
	return t, nil
}
