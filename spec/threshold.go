package spec

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// A Metric is a number over all cases, or over the training.
type Metric string

// The metrics of this version. Those of training are what the service reports; where it reports none there is no data.
const (
	PassRate      Metric = "pass_rate"
	MeanScore     Metric = "mean_score"
	Fixed         Metric = "fixed"
	Broken        Metric = "broken"
	Delta         Metric = "delta"
	PValue        Metric = "p_value"
	Errors        Metric = "errors"
	Refusals      Metric = "refusals"
	Truncated     Metric = "truncated"
	P50Latency    Metric = "p50_latency"
	P95Latency    Metric = "p95_latency"
	Cost          Metric = "cost"
	TrainLoss     Metric = "train_loss"     // as the service reported it last
	ValidLoss     Metric = "valid_loss"     // as the service reported it last
	ValidAccuracy Metric = "valid_accuracy" // as the service reported it last, from 0 to 1
)

// metrics are the names of all metrics that the parser knows, in the order in which messages list them.
var metrics = []string{
	string(PassRate), string(MeanScore), string(Errors), string(TrainLoss), string(ValidLoss), string(ValidAccuracy),
}

// Grader returns the name of the grader whose mean the metric is, or "".
func (m Metric) Grader() string {
	name, ok := strings.CutSuffix(string(m), ".mean")
	if !ok {
		return ""
	}
	return name
}

// OfTraining reports whether the metric is about the training rather than about the answers: it has no cases, so no tag, and no
// baseline, because the base model was not trained here.
func (m Metric) OfTraining() bool { return m == TrainLoss || m == ValidLoss || m == ValidAccuracy }

// loss reports whether the metric has no upper bound that means anything.
func (m Metric) loss() bool { return m == TrainLoss || m == ValidLoss }

// ofAnswers reports whether the metric says how good the answers are.
func (m Metric) ofAnswers() bool { return m != Errors && !m.OfTraining() }

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
//	threshold = metric [ "{tag:" name "}" ] op value
//	metric    = "pass_rate" | "mean_score" | "errors" | "train_loss" | "valid_loss" | "valid_accuracy"
//	name      = 1*( letter | digit | "_" | "." | "-" )
//	op        = "<" | "<=" | ">" | ">=" | "==" | "!="
//	value     = number | number "%" | "baseline"
//	number    = 1*digit [ "." 1*digit ]
//
// Blanks may stand between its parts. Rates and means take a number from 0 to 1, a percentage or the baseline's metric; errors takes
// a count or a percentage of the cases; a loss takes a number, and an accuracy a number from 0 to 1 or a percentage. What is about the
// training takes neither tag nor baseline.
type Threshold struct {
	Expression string // as written, or as it would be
	Metric     Metric
	Tag        string // "" for all cases
	Form       Form
	Op         string // < <= > >= == != of FormCompare
	Value      float64
	Unit       string  // of Value as written: "", "%", "ms", "s" or "USD". With % Value is the fraction, with ms and s it is in seconds
	Baseline   bool    // compared with the baseline's metric instead of Value
	Margin     float64 // of FormNotWorse: how much worse it may be, in absolute points as a fraction
	Level      float64 // confidence, such as 0.95. Of FormCompare 0: the measured value is compared as it is
	Default    bool    // not in the spec
	Pos        diag.Position
}

// NeedsBaseline reports whether the threshold can't be decided without something to compare with.
func (t Threshold) NeedsBaseline() bool {
	switch t.Metric {
	case "fixed", "broken", "delta", "p_value":
		return true
	default:
		return t.Baseline || t.Form != FormCompare
	}
}

// String returns the threshold in its canonical form, which [ParseThreshold] reads back.
func (t Threshold) String() string {
	var b strings.Builder
	b.WriteString(string(t.Metric))
	if t.Tag != "" {
		b.WriteString("{tag:" + t.Tag + "}")
	}
	b.WriteString(" " + t.Op + " ")
	switch {
	case t.Baseline:
		b.WriteString("baseline")
	case t.Unit == "%":
		b.WriteString(percent(t.Value))
	default:
		b.WriteString(strconv.FormatFloat(t.Value, 'f', -1, 64))
	}
	return b.String()
}

// percent writes a fraction as a percentage by moving its decimal point, because a multiplication by 100 would not be exact.
func percent(fraction float64) string {
	whole, decimals, _ := strings.Cut(strconv.FormatFloat(fraction, 'f', -1, 64), ".")
	for len(decimals) < 2 {
		decimals += "0"
	}
	whole = strings.TrimLeft(whole+decimals[:2], "0")
	if whole == "" {
		whole = "0"
	}
	if rest := decimals[2:]; rest != "" {
		whole += "." + rest
	}
	return whole + "%"
}

// A ThresholdError says what is wrong with a threshold's text.
type ThresholdError struct {
	Message string
	Way     string // how to mend it, where the message does not say it
}

func (e *ThresholdError) Error() string { return e.Message }

// Hint returns the way out.
func (e *ThresholdError) Hint() string { return e.Way }

const thresholdForms = `write it like 'pass_rate >= 90%', 'pass_rate{tag:x} >= baseline' or 'errors <= 2'`

var (
	thresholdPattern = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9_.-]*)\s*(?:\{([^{}]*)\})?\s*([<>=!~≤≥≠]+)\s*(.*?)\s*$`)
	numberPattern    = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,15})?$`)
)

// ParseThreshold reads a threshold. The error is a [*ThresholdError].
func ParseThreshold(text string) (Threshold, error) {
	t, problem := parseThreshold(text)
	if problem != nil {
		return Threshold{}, problem
	}
	return t, nil
}

func parseThreshold(text string) (Threshold, *ThresholdError) {
	m := thresholdPattern.FindStringSubmatch(text)
	if m == nil {
		if problem := laterThreshold(text); problem != nil {
			return Threshold{}, problem
		}
		return Threshold{}, &ThresholdError{yamlpos.Quote(text) + " is not a threshold", thresholdForms}
	}
	t := Threshold{Expression: strings.TrimSpace(text), Metric: Metric(m[1]), Op: m[3]}
	for _, check := range []func() *ThresholdError{
		func() *ThresholdError { return checkMetric(m[1]) },
		func() *ThresholdError { return t.setTag(strings.Contains(text, "{"), m[2]) },
		func() *ThresholdError { return checkOp(t.Op) },
		func() *ThresholdError { return t.setValue(m[4]) },
	} {
		if problem := check(); problem != nil {
			return Threshold{}, problem
		}
	}
	return t, nil
}

// laterThreshold recognises the forms of a later version that have no operator.
func laterThreshold(text string) *ThresholdError {
	for _, word := range strings.Fields(text) {
		if slices.Contains(later.wordings, word) {
			return &ThresholdError{fmt.Sprintf("a threshold with %q is %s", word, notSupported), ""}
		}
	}
	return nil
}

func checkMetric(name string) *ThresholdError {
	if slices.Contains(metrics, name) {
		return nil
	}
	if slices.Contains(later.metrics, name) || strings.HasSuffix(name, ".mean") {
		return &ThresholdError{fmt.Sprintf("the metric %q is %s", name, notSupported), "this version has " + oneOf(metrics)}
	}
	message := "unknown metric " + yamlpos.Quote(name)
	if s := diag.Suggest(name, metrics); s != "" {
		message += fmt.Sprintf(", did you mean %q?", s)
	}
	return &ThresholdError{message, "this version has " + oneOf(metrics)}
}

func (t *Threshold) setTag(braces bool, inside string) *ThresholdError {
	if !braces {
		return nil
	}
	if t.Metric.OfTraining() {
		return &ThresholdError{fmt.Sprintf("%s has no tag: it is about the training, not about cases", t.Metric), "leave the {…} out"}
	}
	key, name, ok := strings.Cut(inside, ":")
	name = strings.TrimSpace(name)
	if !ok || strings.TrimSpace(key) != "tag" || !tagPattern.MatchString(name) {
		return &ThresholdError{yamlpos.Quote("{"+inside+"}") + " is not a tag", `write it like {tag:x}, with a name of A-Z, a-z, 0-9, _, . and -`}
	}
	t.Tag = name
	return nil
}

// meantOps are operators as other languages write them.
var meantOps = map[string]string{
	"=": "==", "===": "==", "!==": "!=", "<>": "!=", "=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "≠": "!=",
}

func checkOp(op string) *ThresholdError {
	ops := []string{"<", "<=", ">", ">=", "==", "!="}
	if slices.Contains(ops, op) {
		return nil
	}
	message := "unknown operator " + yamlpos.Quote(op)
	if meant := meantOps[op]; meant != "" {
		message += fmt.Sprintf(", did you mean %q?", meant)
	}
	return &ThresholdError{message, "an operator is one of " + strings.Join(ops, " ")}
}

// maxCount is more cases than any test has. Below it a number and its text stand for each other.
const maxCount = 1e9

// setValue reads what the metric is compared with, and wants it to be possible.
func (t *Threshold) setValue(text string) *ThresholdError {
	if text == "baseline" {
		t.Baseline = true
		return t.checkBaseline()
	}
	value, isPercent, ok := parseNumber(text)
	if !ok {
		return badValue(t.Metric, text)
	}
	t.Value = value
	if isPercent {
		t.Unit = "%"
	}
	switch {
	case isPercent && t.Metric.loss():
		return &ThresholdError{fmt.Sprintf("%s is a number, not a share, found %s", t.Metric, text), ""}
	case isPercent && value > 1:
		return &ThresholdError{fmt.Sprintf("%s is more than 100%%", text), ""}
	case t.Metric == Errors && !isPercent && value != math.Trunc(value):
		return &ThresholdError{fmt.Sprintf("errors is a count or a share, found %s", text), "write a count such as 2, or a share such as 5%"}
	case t.Metric == Errors && value > maxCount:
		return &ThresholdError{fmt.Sprintf("errors counts cases, and %s is more than any test has", text), ""}
	case t.Metric.loss() && value > maxCount:
		return &ThresholdError{fmt.Sprintf("%s is more than any loss", text), ""}
	case t.Metric != Errors && !t.Metric.loss() && value > 1:
		problem := &ThresholdError{fmt.Sprintf("%s lies between 0 and 1, found %s", t.Metric, text), ""}
		if value <= 100 {
			problem.Way = fmt.Sprintf("did you mean %s%%?", text)
		}
		return problem
	}
	return t.checkPossible()
}

// checkBaseline refuses the baseline for what it has no value of.
func (t *Threshold) checkBaseline() *ThresholdError {
	switch {
	case t.Metric == Errors:
		return &ThresholdError{`errors can't be compared with the baseline`, "write a count such as 2, or a share such as 5%"}
	case t.Metric.OfTraining():
		return &ThresholdError{fmt.Sprintf("%s can't be compared with the baseline, which was not trained in this run", t.Metric), "write " + t.Metric.wants()}
	default:
		return nil
	}
}

// wants says what the metric may be compared with.
func (m Metric) wants() string {
	switch {
	case m == Errors:
		return "a count or a percentage"
	case m.loss():
		return "a number such as 0.5"
	case m.OfTraining():
		return "a number from 0 to 1 or a percentage"
	default:
		return "a number from 0 to 1, a percentage or baseline"
	}
}

// checkPossible refuses a condition that no outcome can meet.
func (t *Threshold) checkPossible() *ThresholdError {
	most := 1.0
	if t.Metric == Errors && t.Unit != "%" || t.Metric.loss() {
		most = math.Inf(1)
	}
	if t.Op == "<" && t.Value == 0 || t.Op == ">" && t.Value == most {
		return &ThresholdError{fmt.Sprintf("%s can never hold", yamlpos.Quote(t.String())), ""}
	}
	return nil
}

// badValue says why a value is none.
func badValue(metric Metric, text string) *ThresholdError {
	want := metric.wants()
	fields := strings.Fields(text)
	if slices.ContainsFunc(fields, func(w string) bool { return slices.Contains(later.wordings, w) }) {
		return &ThresholdError{"a threshold with a confidence level is " + notSupported, ""}
	}
	if text == "" {
		return &ThresholdError{fmt.Sprintf("%s is compared with nothing", metric), "want " + want}
	}
	return &ThresholdError{fmt.Sprintf("want %s, found %s", want, yamlpos.Quote(text)), ""}
}

// parseNumber reads a plain decimal number, or a percentage as the fraction that it is.
func parseNumber(text string) (value float64, isPercent, ok bool) {
	digits, isPercent := strings.CutSuffix(text, "%")
	digits = strings.TrimRight(digits, " ")
	if !numberPattern.MatchString(digits) {
		return 0, false, false
	}
	exponent := ""
	if isPercent {
		exponent = "e-2" // rounds once, where a division would round again
	}
	value, err := strconv.ParseFloat(digits+exponent, 64)
	return value, isPercent, err == nil
}
