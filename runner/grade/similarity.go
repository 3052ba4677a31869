package grade

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ftrun/spec/diag"
)

// RougeLMetric names [RougeL] as an evaluation metric.
const RougeLMetric = "rouge_l"

// TextSimilarity scores how much the output resembles a reference, and passes from a threshold on. Resemblance is not truth: a wrong
// number in the right sentence scores high, and a good paraphrase low.
type TextSimilarity struct {
	EvaluationMetric string  `yaml:"evaluation_metric"` // rouge_l
	Reference        string  `yaml:"reference"`         // empty: the case's answer
	PassThreshold    float64 `yaml:"pass_threshold"`    // above 0, up to 1; required, as no cut-off suits every question
}

// String returns the assertion's name.
func (a *TextSimilarity) String() string {
	return fmt.Sprintf("text_similarity %s >= %v", a.EvaluationMetric, a.PassThreshold)
}

// Check wants a known metric and a threshold.
func (a *TextSimilarity) Check() []Problem {
	var problems []Problem
	if message := checkMetric(a.EvaluationMetric); message != "" {
		problems = append(problems, Problem{Key: "evaluation_metric", Message: message})
	}
	if !(a.PassThreshold > 0 && a.PassThreshold <= 1) { // so written, NaN is refused too
		problems = append(problems, Problem{Key: "pass_threshold", Message: "required: a score above 0 and up to 1, such as 0.5"})
	}
	return problems
}

// NeedsReference reports whether the arguments have no reference of their own.
func (a *TextSimilarity) NeedsReference() bool { return a.Reference == "" }

// Grader scores outputs with the metric.
func (a *TextSimilarity) Grader() Grader {
	return similarity{reference: a.Reference, threshold: a.PassThreshold}
}

type similarity struct {
	reference string // empty: the sample's
	threshold float64
}

// Grade passes an output whose score reaches the threshold.
func (g similarity) Grade(_ context.Context, s Sample, _ Services) (Grade, error) {
	reference := g.reference
	if reference == "" {
		reference = s.Reference
	}
	score := RougeL(s.Output, reference)
	if score >= g.threshold {
		return Grade{Score: score, Pass: true, Reason: fmt.Sprintf("%s is %s, at least %v", RougeLMetric, roundDown(score), g.threshold)}, nil
	}
	return Grade{Score: score, Reason: fmt.Sprintf("%s is %s, below %v", RougeLMetric, roundDown(score), g.threshold)}, nil
}

// roundDown prints a score so that 0.4999 never reads as 0.5 where 0.5 was wanted.
func roundDown(score float64) string {
	const steps = 1000
	return strconv.FormatFloat(math.Floor(score*steps+1e-9)/steps, 'f', -1, 64)
}

// checkMetric returns what is wrong with a metric's name, or "".
func checkMetric(name string) string {
	if name == RougeLMetric {
		return ""
	}
	// The rest of what OpenAI's text_similarity grader knows.
	later := []string{"fuzzy_match", "bleu", "gleu", "meteor", "cosine", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5"}
	if slices.Contains(later, name) {
		return fmt.Sprintf("%q is not supported by this version; want %s", name, RougeLMetric)
	}
	message := fmt.Sprintf("unknown metric %q", name)
	if s := diag.Suggest(strings.ToLower(name), append(later, RougeLMetric)); s != "" {
		return message + fmt.Sprintf(", did you mean %q?", s)
	}
	return message + "; want " + RougeLMetric
}
