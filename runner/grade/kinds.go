package grade

import "context"

// Kinds returns every grader, sorted by name.
func Kinds() []Kind {
	return []Kind{
		{Name: "contains", Scalar: "value", New: func() Args { return new(Contains) }},
		{Name: "contains_all", List: "values", Example: "[light, sugar]", New: func() Args { return new(ContainsAll) }},
		{Name: "contains_any", List: "values", Example: "[light, sun]", New: func() Args { return new(ContainsAny) }},
		{Name: "ends_with", Scalar: "value", New: func() Args { return new(EndsWith) }},
		{Name: "equals", Scalar: "value", New: func() Args { return new(Equals) }},
		{Name: "icontains", Scalar: "value", New: func() Args { return new(IContains) }},
		{Name: "icontains_all", List: "values", Example: "[light, sugar]", New: func() Args { return new(IContainsAll) }},
		{Name: "icontains_any", List: "values", Example: "[light, sun]", New: func() Args { return new(IContainsAny) }},
		{Name: "levenshtein", Example: "{max_distance: 2}", New: func() Args { return new(Levenshtein) }},
		{Name: "regex", Scalar: "value", New: func() Args { return new(Regex) }},
		{Name: "starts_with", Scalar: "value", New: func() Args { return new(StartsWith) }},
		{Name: "string_check", Example: "{operation: ilike}", New: func() Args { return new(StringCheck) }},
		{Name: "text_similarity", Example: "{pass_threshold: 0.5}", New: func() Args { return &TextSimilarity{EvaluationMetric: RougeLMetric} }},
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
