package grade

import (
	"context"
	"errors"
)

// holding is a condition that compares outputs with a value, or, where there is none, with the answer of each case.
func holding(value *string, compare func(value string) condition) Grader {
	if value != nil {
		return compare(*value)
	}
	return holdingAnswer(compare)
}

// holdingAnswer is a Grader without degrees that compares an output with the answer of its case.
type holdingAnswer func(answer string) condition

// Grade scores 1 or 0.
func (h holdingAnswer) Grade(ctx context.Context, s Sample, with Services) (Grade, error) {
	if s.Reference == "" {
		return Grade{}, errors.New("the case has no answer to compare with")
	}
	return h(s.Reference).Grade(ctx, s, with)
}

// checkValue wants a value that is there to be more than nothing once it went through form.
func checkValue(value *string, form func(string) string, example string) []Problem {
	if value == nil {
		return nil
	}
	return needValue(form(*value), example)
}

// quoteValue quotes a value in the name of an assertion.
func quoteValue(value *string) string {
	if value == nil {
		return "the answer"
	}
	return quoteHead(*value, nameRunes)
}
