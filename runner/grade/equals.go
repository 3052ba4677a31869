package grade

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Equals holds where the output is the value, byte for byte, once the white space around both is gone: models like to end with a
// line break, and a YAML block scalar always does. White space inside counts, and so does the Unicode form: é as one rune is not e
// with an accent after it.
type Equals struct {
	Value      *string `yaml:"value"`       // nil: the case's answer
	IgnoreCase bool    `yaml:"ignore_case"` // as [IContains] does
}

// String returns the assertion's name.
func (a *Equals) String() string {
	name := "equals " + quoteValue(a.Value)
	if a.IgnoreCase {
		name += " in any case"
	}
	return name
}

// Check wants a value.
func (a *Equals) Check() []Problem { return checkValue(a.Value, strings.TrimSpace, "the whole answer") }

// NeedsReference reports whether the arguments have no value of their own.
func (a *Equals) NeedsReference() bool { return a.Value == nil }

// Grader compares outputs with the value.
func (a *Equals) Grader() Grader {
	return holding(a.Value, func(value string) condition {
		want := strings.TrimSpace(value)
		return func(output string) (string, bool) {
			got := strings.TrimSpace(output)
			if got == want || a.IgnoreCase && strings.EqualFold(got, want) {
				return "equals " + quoteHead(want, reasonRunes), true
			}
			return difference(got, want), false
		}
	})
}

// difference says how got is not want. Where both begin alike for long, it shows them from shortly before they part.
func difference(got, want string) string {
	same := commonPrefix(got, want)
	if same <= beforeRunes {
		return fmt.Sprintf("%s is not %s", show(got), quoteHead(want, reasonRunes))
	}
	return fmt.Sprintf("differs after %d equal runes: %s is not %s", same, showFrom(got, same-beforeRunes), showFrom(want, same-beforeRunes))
}

// commonPrefix returns how many runes a and b share at their beginnings.
func commonPrefix(a, b string) int {
	runes := 0
	for len(a) > 0 && len(b) > 0 {
		_, size := utf8.DecodeRuneInString(a)
		if !strings.HasPrefix(b, a[:size]) {
			break
		}
		a, b = a[size:], b[size:]
		runes++
	}
	return runes
}
