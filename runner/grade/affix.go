package grade

import (
	"strings"
	"unicode"
)

// StartsWith holds where the output begins with the value, byte for byte. White space before either is ignored.
type StartsWith struct {
	Value *string `yaml:"value"` // nil: the case's answer
}

// String returns the assertion's name.
func (a *StartsWith) String() string { return "starts_with " + quoteValue(a.Value) }

// Check wants a value.
func (a *StartsWith) Check() []Problem {
	return checkValue(a.Value, strings.TrimSpace, "the beginning of the answer")
}

// NeedsReference reports whether the arguments have no value of their own.
func (a *StartsWith) NeedsReference() bool { return a.Value == nil }

// Grader looks at the beginnings of outputs.
func (a *StartsWith) Grader() Grader {
	return holding(a.Value, func(value string) condition {
		want := trimLeft(value)
		return func(output string) (string, bool) {
			output = trimLeft(output)
			if strings.HasPrefix(output, want) {
				return "at the start of " + show(output), true
			}
			return "not at the start of " + show(output), false
		}
	})
}

// EndsWith holds where the output ends with the value, byte for byte. White space after either is ignored.
type EndsWith struct {
	Value *string `yaml:"value"` // nil: the case's answer
}

// String returns the assertion's name.
func (a *EndsWith) String() string { return "ends_with " + quoteValue(a.Value) }

// Check wants a value.
func (a *EndsWith) Check() []Problem {
	return checkValue(a.Value, strings.TrimSpace, "the end of the answer")
}

// NeedsReference reports whether the arguments have no value of their own.
func (a *EndsWith) NeedsReference() bool { return a.Value == nil }

// Grader looks at the ends of outputs.
func (a *EndsWith) Grader() Grader {
	return holding(a.Value, func(value string) condition {
		want := trimRight(value)
		return func(output string) (string, bool) {
			output = trimRight(output)
			if strings.HasSuffix(output, want) {
				return "at the end of " + showEnd(output), true
			}
			return "not at the end of " + showEnd(output), false
		}
	})
}

func showEnd(output string) string {
	if output == "" {
		return show(output)
	}
	return quoteTail(output, reasonRunes)
}

func trimLeft(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }

func trimRight(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }
