package grade

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ContainsAny holds where one value at least occurs in the output, as [Contains] looks for it.
type ContainsAny struct {
	Values []string `yaml:"values"`
}

// String returns the assertion's name.
func (a *ContainsAny) String() string { return "contains_any " + quoteList(a.Values) }

// Check wants values.
func (a *ContainsAny) Check() []Problem { return needValues(a.Values) }

// NeedsReference returns false.
func (a *ContainsAny) NeedsReference() bool { return false }

// Grader looks for the values.
func (a *ContainsAny) Grader() Grader { return containingAny(a.Values, asWritten) }

// ContainsAll holds where every value occurs in the output, as [Contains] looks for it, in any order; they may overlap.
type ContainsAll struct {
	Values []string `yaml:"values"`
}

// String returns the assertion's name.
func (a *ContainsAll) String() string { return "contains_all " + quoteList(a.Values) }

// Check wants values.
func (a *ContainsAll) Check() []Problem { return needValues(a.Values) }

// NeedsReference returns false.
func (a *ContainsAll) NeedsReference() bool { return false }

// Grader looks for the values.
func (a *ContainsAll) Grader() Grader { return containingAll(a.Values, asWritten) }

// IContainsAny is [ContainsAny] without regard to upper and lower case, as [IContains] has it.
type IContainsAny struct {
	Values []string `yaml:"values"`
}

// String returns the assertion's name.
func (a *IContainsAny) String() string { return "icontains_any " + quoteList(a.Values) }

// Check wants values.
func (a *IContainsAny) Check() []Problem { return needValues(a.Values) }

// NeedsReference returns false.
func (a *IContainsAny) NeedsReference() bool { return false }

// Grader looks for the values in any case.
func (a *IContainsAny) Grader() Grader { return containingAny(a.Values, fold) }

// IContainsAll is [ContainsAll] without regard to upper and lower case, as [IContains] has it.
type IContainsAll struct {
	Values []string `yaml:"values"`
}

// String returns the assertion's name.
func (a *IContainsAll) String() string { return "icontains_all " + quoteList(a.Values) }

// Check wants values.
func (a *IContainsAll) Check() []Problem { return needValues(a.Values) }

// NeedsReference returns false.
func (a *IContainsAll) NeedsReference() bool { return false }

// Grader looks for the values in any case.
func (a *IContainsAll) Grader() Grader { return containingAll(a.Values, fold) }

// needValues wants values, none of them empty: every output has the empty text in it.
func needValues(values []string) []Problem {
	if len(values) == 0 {
		return []Problem{{Key: "values", Message: "empty; want a list of texts to look for"}}
	}
	var problems []Problem
	for i, v := range values {
		if v == "" {
			problems = append(problems, Problem{Key: fmt.Sprintf("values[%d]", i), Message: "empty; want a text to look for"})
		}
	}
	return problems
}

// containingAny looks for values in outputs until one is found, after all went through form, which keeps the number of runes.
func containingAny(values []string, form func(string) string) Grader {
	wanted := formed(values, form)
	return condition(func(output string) (string, bool) {
		text := form(output)
		for i, want := range wanted {
			if at := strings.Index(text, want); at >= 0 {
				return quoteHead(values[i], excerptRunes) + " in " + showAround(output, utf8.RuneCountInString(text[:at])), true
			}
		}
		return fmt.Sprintf("none of %d in %s", len(wanted), show(output)), false
	})
}

// containingAll looks for every value in outputs.
func containingAll(values []string, form func(string) string) Grader {
	wanted := formed(values, form)
	return condition(func(output string) (string, bool) {
		text := form(output)
		var lacking []string
		for i, want := range wanted {
			if !strings.Contains(text, want) {
				lacking = append(lacking, values[i])
			}
		}
		if len(lacking) > 0 {
			return fmt.Sprintf("%d of %d, %s, not in %s", len(lacking), len(wanted), quoteList(lacking), show(output)), false
		}
		return fmt.Sprintf("all %d in %s", len(wanted), show(output)), true
	})
}

// asWritten is the form of what is compared byte for byte.
func asWritten(s string) string { return s }

func formed(values []string, form func(string) string) []string {
	list := slices.Clone(values)
	for i := range list {
		list[i] = form(list[i])
	}
	return list
}

// quoteList quotes the first of some values, and says how many more there are.
func quoteList(values []string) string {
	const most = 4
	var quoted []string
	for _, v := range values[:min(len(values), most)] {
		quoted = append(quoted, quoteHead(v, excerptRunes))
	}
	text := strings.Join(quoted, ", ")
	if more := len(values) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
