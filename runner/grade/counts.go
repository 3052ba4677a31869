package grade

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"ftrun/runner/wordchars"
	"ftrun/spec/diag"
)

// WordCount holds where the output has so many words. It scores 1 or 0.
//
// A word is what stands between white space and has a letter or a number in it: "well-known" is one, and so is "don't", and a dash alone is none. In
// scripts written without spaces between words (Han, Kana, Thai, Lao, Khmer, Myanmar) every character is one, as the tokens of [RougeL] are.
type WordCount struct {
	Min   *int `yaml:"min"`   // at least
	Max   *int `yaml:"max"`   // at most
	Exact *int `yaml:"exact"` // neither more nor less
}

// String returns the assertion's name.
func (a *WordCount) String() string { return "word_count " + a.wanted() }

func (a *WordCount) wanted() string {
	switch {
	case a.Exact != nil:
		return fmt.Sprint(*a.Exact)
	case a.Min != nil && a.Max != nil:
		return fmt.Sprintf("%d to %d", *a.Min, *a.Max)
	case a.Min != nil:
		return fmt.Sprintf(">= %d", *a.Min)
	case a.Max != nil:
		return fmt.Sprintf("<= %d", *a.Max)
	default:
		return "of any"
	}
}

// Check wants bounds that some text keeps and some text does not.
func (a *WordCount) Check() []Problem {
	var problems []Problem
	add := func(key, message string) { problems = append(problems, Problem{Key: key, Message: message}) }
	if a.Min == nil && a.Max == nil && a.Exact == nil {
		add("", "want a number of words, or min or max")
	}
	if a.Exact != nil && (a.Min != nil || a.Max != nil) {
		add("exact", "stands in place of min and max; leave either out")
	}
	for _, bound := range []struct {
		key   string
		value *int
		least int
	}{{"min", a.Min, 1}, {"max", a.Max, 0}, {"exact", a.Exact, 0}} {
		if bound.value != nil && *bound.value < bound.least {
			add(bound.key, fmt.Sprintf("want %d or more, found %d", bound.least, *bound.value))
		}
	}
	if a.Min != nil && a.Max != nil && *a.Min > *a.Max {
		add("max", fmt.Sprintf("want %d or more, which is min, found %d", *a.Min, *a.Max))
	}
	return problems
}

// NeedsReference returns false.
func (a *WordCount) NeedsReference() bool { return false }

// Grader counts the words of outputs.
func (a *WordCount) Grader() Grader {
	least, most := 0, math.MaxInt
	for _, bound := range []*int{a.Min, a.Exact} {
		if bound != nil {
			least = *bound
		}
	}
	for _, bound := range []*int{a.Max, a.Exact} {
		if bound != nil {
			most = *bound
		}
	}
	return condition(func(output string) (string, bool) {
		n := countWords(output)
		return fmt.Sprintf("%d words, want %s", n, a.wanted()), least <= n && n <= most
	})
}

// countWords counts as [WordCount] describes.
func countWords(text string) int {
	n, inside := 0, false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			inside = false
		case wordchars.KindOf(r) == wordchars.Whole:
			n++
			inside = false
		case wordchars.KindOf(r) == wordchars.Part && !inside:
			n++
			inside = true
		}
	}
	return n
}

// FinishReason holds where the answer ended for this reason: stop, length, content_filter, tool_calls, or what else a service says. It scores 1 or 0. Where the
// service gave none, that is an error.
type FinishReason struct {
	Value string `yaml:"value"`
}

// String returns the assertion's name.
func (a *FinishReason) String() string { return "finish_reason " + plainText(a.Value) }

// Check wants a word, and none that is nearly one of the usual ones.
func (a *FinishReason) Check() []Problem {
	usual := []string{"stop", "length", "content_filter", "tool_calls"}
	if strings.TrimSpace(a.Value) == "" || strings.ContainsFunc(a.Value, unicode.IsSpace) {
		return []Problem{{Key: "value", Message: "want a word such as " + strings.Join(usual, ", ")}}
	}
	if meant := diag.Suggest(strings.ToLower(a.Value), usual); meant != "" && meant != a.Value {
		return []Problem{{Key: "value", Message: fmt.Sprintf("no service says %s; did you mean %q?", quoteHead(a.Value, excerptRunes), meant)}}
	}
	return nil
}

// NeedsReference returns false.
func (a *FinishReason) NeedsReference() bool { return false }

// Grader looks at how answers ended.
func (a *FinishReason) Grader() Grader {
	return decider{decide: func(s Sample) (finding, error) {
		if s.FinishReason == "" {
			return finding{}, errors.New("the service did not say why the answer ended")
		}
		return found("ended with "+quoteHead(s.FinishReason, excerptRunes), s.FinishReason == a.Value), nil
	}}
}

// Latency holds where the answer took no longer than max, from the request to the last byte, its retries included. It scores 1 or 0. An answer that was not measured
// in this run, because an earlier one got it, is an error.
type Latency struct {
	Max time.Duration `yaml:"max"`
}

// String returns the assertion's name.
func (a *Latency) String() string { return "latency <= " + a.Max.String() }

// Check wants more than no time.
func (a *Latency) Check() []Problem {
	if a.Max > 0 {
		return nil
	}
	return []Problem{{Key: "max", Message: "want a time above 0, such as 2s"}}
}

// NeedsReference returns false.
func (a *Latency) NeedsReference() bool { return false }

// Grader looks at how long answers took.
func (a *Latency) Grader() Grader {
	return decider{decide: func(s Sample) (finding, error) {
		if s.Latency == nil {
			return finding{}, errors.New("the latency was not measured: the answer is of an earlier run")
		}
		return found(fmt.Sprintf("took %v, want at most %v", s.Latency.Round(time.Millisecond), a.Max), *s.Latency <= a.Max), nil
	}}
}

// Cost holds where the answer cost no more than max, in USD, by the prices of the spec or the built-in ones. It scores 1 or 0. A cost that is not known is an error.
type Cost struct {
	Max float64 `yaml:"max"`
}

// String returns the assertion's name.
func (a *Cost) String() string { return "cost <= " + dollars(a.Max) }

// Check wants an amount of money.
func (a *Cost) Check() []Problem {
	if a.Max > 0 && !math.IsInf(a.Max, 0) {
		return nil
	}
	return []Problem{{Key: "max", Message: "want an amount above 0 in USD, such as 0.002"}}
}

// NeedsReference returns false.
func (a *Cost) NeedsReference() bool { return false }

// Grader looks at what answers cost.
func (a *Cost) Grader() Grader {
	return decider{decide: func(s Sample) (finding, error) {
		if s.CostUSD == nil || math.IsNaN(*s.CostUSD) {
			return finding{}, errors.New("the cost is not known: the model has no price, or the service does not count its tokens")
		}
		return found(fmt.Sprintf("cost %s, want at most %s", dollars(*s.CostUSD), dollars(a.Max)), *s.CostUSD <= a.Max), nil
	}}
}

func dollars(usd float64) string { return formatFloat(usd) + " USD" }
