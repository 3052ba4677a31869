package grade

import (
	"context"
	"time"
)

// Kinds returns every grader, sorted by name.
func Kinds() []Kind {
	return []Kind{
		{Name: "contains", Scalar: "value", New: func() Args { return new(Contains) }},
		{Name: "contains_all", List: "values", Example: "[light, sugar]", New: func() Args { return new(ContainsAll) }},
		{Name: "contains_any", List: "values", Example: "[light, sun]", New: func() Args { return new(ContainsAny) }},
		{Name: "cost", Scalar: "max", New: func() Args { return new(Cost) }},
		{Name: "ends_with", Scalar: "value", New: func() Args { return new(EndsWith) }},
		{Name: "equals", Scalar: "value", New: func() Args { return new(Equals) }},
		{Name: "exec", List: "command", Example: "[python3, grade.py]", Exec: true, New: func() Args { return &Exec{Timeout: 10 * time.Second} }},
		{Name: "finish_reason", Scalar: "value", New: func() Args { return new(FinishReason) }},
		{Name: "icontains", Scalar: "value", New: func() Args { return new(IContains) }},
		{Name: "icontains_all", List: "values", Example: "[light, sugar]", New: func() Args { return new(IContainsAll) }},
		{Name: "icontains_any", List: "values", Example: "[light, sun]", New: func() Args { return new(IContainsAny) }},
		{Name: "json", Scalar: "valid", New: func() Args { return new(JSON) }},
		{Name: "label_model", Example: "{rubric: …, labels: [good, bad], passing_labels: [good]}", Judge: true, New: func() Args { return &LabelModel{Reasoning: true} }},
		{Name: "latency", Scalar: "max", New: func() Args { return new(Latency) }},
		{Name: "levenshtein", Example: "{max_distance: 2}", New: func() Args { return new(Levenshtein) }},
		{Name: "multi", Example: "{graders: {a: {contains: light}}, calculate_output: a, pass_threshold: 0.5}", New: func() Args { return new(Multi) }},
		{Name: "numeric", Scalar: "value", New: func() Args { return &Numeric{Which: whichLast} }},
		{Name: "refusal", Scalar: "value", New: func() Args { return new(Refusal) }},
		{Name: "regex", Scalar: "value", New: func() Args { return new(Regex) }},
		{Name: "score_model", Example: "{rubric: …, pass_threshold: 0.5}", Judge: true, New: func() Args { return &ScoreModel{Range: []float64{0, 1}, Reasoning: true} }},
		{Name: "starts_with", Scalar: "value", New: func() Args { return new(StartsWith) }},
		{Name: "string_check", Example: "{operation: ilike}", New: func() Args { return new(StringCheck) }},
		{Name: "text_similarity", Example: "{pass_threshold: 0.5}", New: func() Args { return &TextSimilarity{EvaluationMetric: RougeLMetric} }},
		{Name: "tool_call", Scalar: "name", List: "calls", New: func() Args { return &CallsTool{Match: matchSubset, PassThreshold: 1} }},
		{Name: "word_count", Scalar: "exact", New: func() Args { return new(WordCount) }},
	}
}

// Negate turns a grade around: score 1-s, pass where it failed. The reason stays: what was found speaks for either outcome.
func Negate(g Grade) Grade {
	g.Score = 1 - g.Score
	g.Pass = !g.Pass
	return g
}

// A condition is a Grader without degrees: it says what it found in the output, and whether that holds.
type condition func(output string) (found string, holds bool)

// Grade scores 1 or 0.
func (c condition) Grade(_ context.Context, s Sample, _ Services) (Grade, error) {
	found, holds := c(s.Output)
	if holds {
		return Grade{Score: 1, Pass: true, Reason: found}, nil
	}
	return Grade{Reason: found}, nil
}

// needValue is the problem of a condition on nothing: every output would hold it, or none.
func needValue(value, example string) []Problem {
	if value != "" {
		return nil
	}
	return []Problem{{Key: "value", Message: "empty; want " + example}}
}
