package grade

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Contains holds where the value occurs in the output, byte for byte, its white space included.
type Contains struct {
	Value *string `yaml:"value"` // nil: the case's answer
}

// String returns the assertion's name.
func (a *Contains) String() string { return "contains " + quoteValue(a.Value) }

// Check wants a value.
func (a *Contains) Check() []Problem { return checkValue(a.Value, asWritten, "the text to look for") }

// NeedsReference reports whether the arguments have no value of their own.
func (a *Contains) NeedsReference() bool { return a.Value == nil }

// Grader looks for the value.
func (a *Contains) Grader() Grader { return containing(a.Value, asWritten) }

// IContains is [Contains] without regard to upper and lower case, by Unicode's simple case folding, as strings.EqualFold has it:
// "Σ", "σ" and "ς" are alike, "ß" and "SS" are not, and no language's own rules apply (a Turkish dotless ı is not an i).
type IContains struct {
	Value *string `yaml:"value"` // nil: the case's answer
}

// String returns the assertion's name.
func (a *IContains) String() string { return "icontains " + quoteValue(a.Value) }

// Check wants a value.
func (a *IContains) Check() []Problem { return checkValue(a.Value, asWritten, "the text to look for") }

// NeedsReference reports whether the arguments have no value of their own.
func (a *IContains) NeedsReference() bool { return a.Value == nil }

// Grader looks for the value in any case.
func (a *IContains) Grader() Grader { return containing(a.Value, fold) }

// containing looks for a value in outputs, after both went through form, which keeps the number of runes.
func containing(value *string, form func(string) string) Grader {
	return holding(value, func(value string) condition {
		return func(output string) (string, bool) { return occurrence(output, value, form) }
	})
}

// occurrence looks for want in text, after both went through form.
func occurrence(text, want string, form func(string) string) (found string, holds bool) {
	formed := form(text)
	at := strings.Index(formed, form(want))
	if at < 0 {
		return "not in " + show(text), false
	}
	return "in " + showAround(text, utf8.RuneCountInString(formed[:at])), true
}

// fold replaces every rune by the smallest one that differs from it in case only.
func fold(s string) string { return strings.Map(foldRune, s) }

func foldRune(r rune) rune {
	if r < 'A' {
		return r
	}
	if r < 0x80 { // the other members of an ASCII letter's orbit are all larger
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}
	smallest := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		smallest = min(smallest, next)
	}
	return smallest
}
