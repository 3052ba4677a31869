package grade

import (
	"strings"
	"unicode"
)

// StartsWith holds where the output begins with the value, byte for byte. White space before either is ignored.
type StartsWith struct {
	Value string `yaml:"value"`
}

// String returns the assertion's name.
func (a *StartsWith) String() string { return "starts_with " + quoteHead(a.Value, nameRunes) }

// Check wants a value.
func (a *StartsWith) Check() []Problem {
	return needValue(strings.TrimSpace(a.Value), "the beginning of the answer")
}

// NeedsReference returns false.
func (a *StartsWith) NeedsReference() bool { return false }

// Grader looks at the beginnings of outputs.
func (a *StartsWith) Grader() Grader {
	want := trimLeft(a.Value)
	quoted := quoteHead(want, nameRunes)
	return condition(func(output string) (string, bool) {
		output = trimLeft(output)
		if strings.HasPrefix(output, want) {
			return "starts with " + quoted, true
		}
		return show(output) + " does not start with " + quoted, false
	})
}

// EndsWith holds where the output ends with the value, byte for byte. White space after either is ignored.
type EndsWith struct {
	Value string `yaml:"value"`
}

// String returns the assertion's name.
func (a *EndsWith) String() string { return "ends_with " + quoteHead(a.Value, nameRunes) }

// Check wants a value.
func (a *EndsWith) Check() []Problem {
	return needValue(strings.TrimSpace(a.Value), "the end of the answer")
}

// NeedsReference returns false.
func (a *EndsWith) NeedsReference() bool { return false }

// Grader looks at the ends of outputs.
func (a *EndsWith) Grader() Grader {
	want := trimRight(a.Value)
	quoted := quoteHead(want, nameRunes)
	return condition(func(output string) (string, bool) {
		output = trimRight(output)
		switch {
		case strings.HasSuffix(output, want):
			return "ends with " + quoted, true
		case output == "":
			return show(output) + " does not end with " + quoted, false
		default:
			return quoteTail(output, reasonRunes) + " does not end with " + quoted, false
		}
	})
}

func trimLeft(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }

func trimRight(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }
