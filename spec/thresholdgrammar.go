package spec

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

const thresholdForms = `write it like 'pass_rate >= 90%', 'pass_rate{tag:x} >= baseline', 'errors <= 2' or 'pass_rate no_significant_drop'`

var (
	headPattern = regexp.MustCompile(`^([A-Za-z0-9_.-]+)\s*(\{[^{}]*\})?\s*((?s:.*))$`)
	opPattern   = regexp.MustCompile(`^[<>=!~≤≥≠]+`)
)

// parseThreshold reads the parts of a threshold in their order, and stops at the first that is wrong.
func parseThreshold(text string) (Threshold, *ThresholdError) {
	t := Threshold{Expression: strings.TrimSpace(text)}
	m := headPattern.FindStringSubmatch(t.Expression)
	if m == nil || m[2]+m[3] == "" && checkMetric(m[1]) != nil {
		return Threshold{}, &ThresholdError{yamlpos.Quote(text) + " is not a threshold", thresholdForms}
	}
	t.Metric = Metric(m[1])
	for _, step := range []func() *ThresholdError{
		func() *ThresholdError { return checkMetric(m[1]) },
		func() *ThresholdError { return t.setTag(m[2]) },
		func() *ThresholdError { return t.setCondition(m[3]) },
	} {
		if problem := step(); problem != nil {
			return Threshold{}, problem
		}
	}
	return t, nil
}

// like returns a threshold on the same metric, to show. What the file says itself may be a variable's, and is not repeated.
func (t *Threshold) like(condition string) string {
	metric := string(t.Metric)
	if t.Metric.Grader() != "" {
		metric = string(PassRate)
	}
	return "'" + metric + " " + condition + "'"
}

func checkMetric(name string) *ThresholdError {
	if slices.Contains(metrics, name) || len(name) > len(meanOf) && strings.HasSuffix(name, meanOf) {
		return nil
	}
	if _, err := strconv.ParseFloat(name, 64); err == nil {
		return &ThresholdError{"the metric comes first, found " + yamlpos.Quote(name), thresholdForms}
	}
	message := "unknown metric " + yamlpos.Quote(name)
	meant := cmp.Or(string(otherMetrics[strings.ToLower(name)]), diag.Suggest(name, metrics))
	if _, isGrader := kindOf(strings.TrimPrefix(name, not)); isGrader && meant == "" {
		meant = name + meanOf
	}
	if meant != "" {
		message += fmt.Sprintf(", did you mean %q?", meant)
	}
	return &ThresholdError{message, "want " + oneOf(metrics)}
}

// setTag reads {tag:name}; an empty text is no tag.
func (t *Threshold) setTag(braces string) *ThresholdError {
	switch {
	case braces == "":
		return nil
	case t.Metric.OfTraining():
		return &ThresholdError{fmt.Sprintf("%s has no tag: it is about the training, not about cases", t.Metric), "leave the {…} out"}
	}
	key, name, ok := strings.Cut(strings.Trim(braces, "{}"), ":")
	name = strings.TrimSpace(name)
	if !ok || strings.TrimSpace(key) != "tag" || !tagPattern.MatchString(name) {
		return &ThresholdError{yamlpos.Quote(braces) + " is not a tag", `write it like {tag:x}, with a name of A-Z, a-z, 0-9, _, . and -`}
	}
	t.Tag = name
	return nil
}

// setCondition reads what follows the metric.
func (t *Threshold) setCondition(text string) *ThresholdError {
	if op := opPattern.FindString(text); op != "" {
		return t.setComparison(op, text[len(op):])
	}
	first, rest := cutWord(text)
	switch {
	case first == "":
		return badValue(t.Metric, "")
	case strings.HasPrefix(text, "{") || strings.HasPrefix(text, "}"):
		return &ThresholdError{yamlpos.Quote(text) + " is not a tag", "write it like {tag:x}, with a name of A-Z, a-z, 0-9, _, . and -"}
	case first == string(FormNoDrop):
		return t.setNoDrop(rest)
	case first == string(FormNotWorse):
		return t.setNotWorse(rest)
	default:
		return t.unknownCondition(text)
	}
}

// cutWord parts the first word from the rest. Both are pieces of the text as it is, so that messages can tell what a variable filled in.
func cutWord(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	i := strings.IndexFunc(text, unicode.IsSpace)
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimSpace(text[i:])
}

var atPattern = regexp.MustCompile(`(^|\s)at(\s|$)`)

// cutLevel parts what stands before "at" from what follows.
func cutLevel(text string) (before, level string, found bool) {
	at := atPattern.FindStringIndex(text)
	if at == nil {
		return strings.TrimSpace(text), "", false
	}
	return strings.TrimSpace(text[:at[0]]), strings.TrimSpace(text[at[1]:]), true
}

func (t *Threshold) setComparison(op, text string) *ThresholdError {
	if problem := checkOp(op); problem != nil {
		return problem
	}
	t.Op = op
	value, level, hasLevel := cutLevel(text)
	if problem := t.setValue(value); problem != nil {
		return problem
	}
	if hasLevel {
		if problem := t.setLevel(level); problem != nil {
			return problem
		}
	}
	return t.checkPossible()
}

func (t *Threshold) setNoDrop(text string) *ThresholdError {
	t.Form = FormNoDrop
	rest, level, hasLevel := cutLevel(text)
	if rest != "" {
		return &ThresholdError{fmt.Sprintf("unexpected %s after %s", yamlpos.Quote(rest), FormNoDrop),
			"write it like " + t.like("no_significant_drop at 95%")}
	}
	return t.setWords(level, hasLevel)
}

func (t *Threshold) setNotWorse(text string) *ThresholdError {
	t.Form = FormNotWorse
	like := "write it like " + t.like("not_worse_than baseline by 2%")
	condition, level, hasLevel := cutLevel(text)
	than, rest := cutWord(condition)
	by, margin := cutWord(rest)
	switch {
	case than == "":
		return &ThresholdError{"not_worse_than says neither than what nor by how much", like}
	case than != "baseline":
		return &ThresholdError{"not_worse_than compares with the baseline, found " + yamlpos.Quote(than), like}
	case by == "" || by == "by" && margin == "":
		return &ThresholdError{"not_worse_than baseline says no margin", like}
	case by != "by":
		return &ThresholdError{`want "by" and a margin after baseline, found ` + yamlpos.Quote(rest), like}
	}
	if problem := t.setMargin(margin, like); problem != nil {
		return problem
	}
	return t.setWords(level, hasLevel)
}

// setWords completes a form in words.
func (t *Threshold) setWords(level string, hasLevel bool) *ThresholdError {
	if !t.Metric.share() {
		return &ThresholdError{fmt.Sprintf("%s is only for rates and means, and %s is none", t.Form, t.Metric.shown()),
			fmt.Sprintf("want pass_rate, mean_score or <grader>.mean before it, or compare %s with %s", t.Metric.shown(), t.Metric.kind().want)}
	}
	t.Level = defaultLevel
	if !hasLevel {
		return nil
	}
	return t.setLevel(level)
}

// otherForms are other words for the conditions that are words.
var otherForms = map[string]Form{
	"no_drop": FormNoDrop, "no_regression": FormNoDrop, "no_significant_regression": FormNoDrop, "not_significantly_worse": FormNoDrop,
	"not_worse": FormNotWorse, "no_worse_than": FormNotWorse, "noninferior": FormNotWorse, "non_inferior": FormNotWorse,
}

// wordOps are operators in words.
var wordOps = map[string]string{
	"above": ">", "over": ">", "exceeds": ">", "more": ">", "greater": ">", "below": "<", "under": "<", "less": "<",
	"is": "==", "equals": "==", "at": ">=", "least": ">=", "min": ">=", "minimum": ">=", "most": "<=", "max": "<=", "maximum": "<=",
}

// unknownCondition says what is wrong with a condition that begins with neither an operator nor a known word.
func (t *Threshold) unknownCondition(text string) *ThresholdError {
	first, rest := cutWord(text)
	if _, _, _, isValue := parseValue(first); isValue || strings.EqualFold(first, "baseline") {
		like := t.like(">= 90%")
		if !t.Metric.ofAnswers() {
			like = "'errors <= 2'"
		}
		return &ThresholdError{fmt.Sprintf("no operator between %s and %s", t.Metric.shown(), yamlpos.Quote(first)), "write it like " + like}
	}
	if meant, n := meantForm(strings.Fields(strings.ToLower(text))); meant != "" {
		return &ThresholdError{fmt.Sprintf("unknown condition %s, did you mean %q?", yamlpos.Quote(firstWords(text, n)), meant), thresholdForms}
	}
	op := wordOps[strings.ToLower(first)]
	words := 1
	if next, _ := cutWord(rest); first == "at" {
		words = 2
		if strings.EqualFold(next, "most") {
			op = "<="
		}
	}
	if op != "" {
		return &ThresholdError{fmt.Sprintf("unknown condition %s, did you mean %q?", yamlpos.Quote(firstWords(text, words)), op), thresholdForms}
	}
	return &ThresholdError{"unknown condition " + yamlpos.Quote(text), thresholdForms}
}

// meantForm returns the form that the first n words may stand for, or "".
func meantForm(words []string) (meant Form, n int) {
	forms := []string{string(FormNoDrop), string(FormNotWorse)}
	most := min(len(words), 4)
	name := func(n int) string { return strings.ReplaceAll(strings.Join(words[:n], "_"), "-", "_") }
	for n := 1; n <= most; n++ { // only the blanks between the words are wrong
		if slices.Contains(forms, name(n)) {
			return Form(name(n)), n
		}
	}
	for n := 1; n <= most; n++ {
		if other, ok := otherForms[name(n)]; ok {
			return other, n
		}
		if s := diag.Suggest(name(n), forms); s != "" {
			return Form(s), n
		}
	}
	return "", 0
}

// firstWords returns the beginning of a text up to the end of its nth word.
func firstWords(text string, n int) string {
	rest := text
	for range n {
		_, rest = cutWord(rest)
	}
	return strings.TrimSpace(text[:len(text)-len(rest)])
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

// checkPossible refuses a comparison that no outcome can meet. One that every outcome meets is allowed: whoever only wants to see a figure beside
// others, or lets must_pass alone decide, writes pass_rate >= 0.
func (t *Threshold) checkPossible() *ThresholdError {
	if t.Baseline {
		return nil
	}
	low, high := t.Metric.kind().bounds(t.Unit)
	up := t.Op == ">" || t.Op == ">="
	switch {
	case t.Op == "<" && t.Value == low, t.Op == ">" && t.Value == high:
		return &ThresholdError{fmt.Sprintf("%s can never hold", yamlpos.Quote(t.String())), ""}
	case t.Level != 0 && (up && t.Value == high || !up && t.Value == low):
		return &ThresholdError{fmt.Sprintf("%s can never hold: however many cases there are, they leave some doubt", yamlpos.Quote(t.String())),
			`leave the level out, or name a value that is not the utmost`}
	default:
		return nil
	}
}

// The levels of confidence. Below the least one more speaks against than for it.
const (
	defaultLevel = 0.95
	leastLevel   = 0.5
	mostLevel    = 0.9999
)

// setLevel reads the level of confidence and wants something that has one.
func (t *Threshold) setLevel(text string) *ThresholdError {
	switch value, isPercent, ok := parseNumber(text); {
	case text == "":
		return &ThresholdError{`"at" without a level of confidence`, "write it like at 95%"}
	case !ok:
		return &ThresholdError{"want a level of confidence such as 95%, found " + yamlpos.Quote(text), "write it like at 95%"}
	case !isPercent:
		problem := &ThresholdError{"a level of confidence is in percent, found " + text, "write it like at 95%"}
		if leastLevel <= value && value < 1 {
			problem.Way = fmt.Sprintf("did you mean at %s?", percent(value))
		} else if 100*leastLevel <= value && value < 100 {
			problem.Way = fmt.Sprintf("did you mean at %s%%?", text)
		}
		return problem
	case value < leastLevel:
		rest := strconv.FormatFloat(math.Round((1-value)*1e6)/1e4, 'f', -1, 64) + "%"
		return &ThresholdError{fmt.Sprintf("a confidence of %s is none: want %s or more", percent(value), percent(leastLevel)), fmt.Sprintf("did you mean at %s?", rest)}
	case value > mostLevel:
		return &ThresholdError{fmt.Sprintf("no test is as certain as %s: want %s at most", percent(value), percent(mostLevel)), "write it like at 95%"}
	default:
		t.Level = value
	}
	switch {
	case !t.Metric.share() && t.Metric != Delta:
		return &ThresholdError{fmt.Sprintf("%s has no level of confidence: only rates, means and delta have one", t.Metric.shown()), `leave "at …" out`}
	case t.Op == "==" || t.Op == "!=":
		return &ThresholdError{fmt.Sprintf("%s has no level of confidence: a bound speaks for more or for less, never for equal", t.Op), "use >= or <="}
	default:
		return nil
	}
}
