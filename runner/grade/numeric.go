package grade

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The choices of numeric's which: the number of a text that is its answer.
const (
	whichLast  = "last"
	whichFirst = "first"
	whichOnly  = "only"
)

// Numeric holds where the number in the output is the expected one: |output - expected| <= max(tolerance, relative_tolerance·|expected|), computed exactly
// on the decimals as they are written. It scores 1 or 0.
//
// The number of a text is the one after its last "####" (the mark of GSM8K's answers, Cobbe et al., https://arxiv.org/abs/2110.14168), which ends its line but for a
// unit; where there is no such mark, the last number of the text, or the one that which says. Separators between thousands,
// currency signs, percent signs and units are left out of account, so 12% is 12, and 1,234.5 km is 1234.5. A comma is never a decimal point, a
// fraction is two numbers, and one in words is none.
//
// An output without a number fails, and its negation too. An expected text without one is an error.
type Numeric struct {
	Value             string  `yaml:"value"`              // the expected number; empty: that of the reference
	Reference         string  `yaml:"reference"`          // a template for a text with the expected number; empty: the case's answer
	Tolerance         float64 `yaml:"tolerance"`          // absolute; 0: exactly
	RelativeTolerance float64 `yaml:"relative_tolerance"` // share of the expected number; 0: exactly
	Which             string  `yaml:"which"`              // last, first, or only: there must be no other
	Unit              string  `yaml:"unit"`               // that must stand after the number, or before it; empty: any or none
}

// String returns the assertion's name.
func (a *Numeric) String() string {
	name := "numeric"
	switch {
	case a.Value != "":
		name += " " + plainText(a.Value)
	case a.Reference != "":
		name += " " + quoteHead(a.Reference, excerptRunes)
	}
	if a.Unit != "" {
		name += " " + plainText(a.Unit)
	}
	if a.Tolerance > 0 {
		name += " ±" + formatFloat(a.Tolerance)
	}
	if a.RelativeTolerance > 0 {
		name += " ±" + formatFloat(100*a.RelativeTolerance) + "%"
	}
	return name
}

// Check wants an expected number, tolerances from 0 on, and a known choice.
func (a *Numeric) Check() []Problem {
	var problems []Problem
	add := func(key, message string) { problems = append(problems, Problem{Key: key, Message: message}) }
	if a.Value != "" {
		if _, err := a.fixed(); err != nil {
			add("value", err.Error())
		}
		if a.Reference != "" {
			add("reference", "the value is what is expected; leave one of the two out")
		}
	}
	if _, err := parseTemplate(a.reference()); err != nil {
		add("reference", err.Error())
	}
	for _, t := range []struct {
		key   string
		value float64
	}{{"tolerance", a.Tolerance}, {"relative_tolerance", a.RelativeTolerance}} {
		if !(t.value >= 0) || math.IsInf(t.value, 0) {
			add(t.key, "want 0 or more, found "+formatFloat(t.value))
		}
	}
	if a.RelativeTolerance >= 1 {
		add("relative_tolerance", "want a share below 1, such as 0.01 for 1%, found "+formatFloat(a.RelativeTolerance))
	}
	if a.Which != whichLast && a.Which != whichFirst && a.Which != whichOnly {
		add("which", fmt.Sprintf("want last, first or only, found %s", quoteHead(a.Which, excerptRunes)))
	}
	if strings.TrimSpace(a.Unit) != a.Unit || strings.ContainsAny(a.Unit, "0123456789") {
		add("unit", "want a unit without blanks around it and without digits, such as km")
	}
	return problems
}

// fixed returns the number that value is, alone in its text.
func (a *Numeric) fixed() (number, error) {
	list, _ := numbersIn(a.Value)
	if len(list) != 1 {
		return number{}, fmt.Errorf("want one number such as 1234.5, found %s", quoteHead(a.Value, excerptRunes))
	}
	if list[0].value() == nil {
		return number{}, fmt.Errorf("want a number of up to %d digits, with an exponent up to %d", maxDigits, maxExponent)
	}
	return list[0], nil
}

func (a *Numeric) reference() string {
	if a.Reference == "" {
		return answerTemplate
	}
	return a.Reference
}

// NeedsReference reports whether what is expected is the case's answer, or has it in it.
func (a *Numeric) NeedsReference() bool {
	t, err := parseTemplate(a.reference())
	return a.Value == "" && err == nil && t.needsAnswer()
}

// Grader compares the numbers in outputs with the expected one.
func (a *Numeric) Grader() Grader { return decider{decide: a.decider()} }

// Negated fails outputs without a number too.
func (a *Numeric) Negated() Grader { return decider{decide: a.decider(), negated: true} }

func (a *Numeric) decider() func(Sample) (finding, error) {
	expected := a.expected()
	tolerance, relative := exactly(a.Tolerance), exactly(a.RelativeTolerance)
	read := reader{which: a.Which, unit: strings.Map(normalRune, a.Unit)}
	return func(s Sample) (finding, error) {
		want, err := expected(s)
		if err != nil {
			return finding{}, err
		}
		got, problem := read.number(s.Output)
		if problem != "" {
			return nothing(problem + " in " + show(s.Output)), nil
		}
		margin := new(big.Rat).Mul(relative, new(big.Rat).Abs(want.value()))
		if margin.Cmp(tolerance) < 0 {
			margin = tolerance
		}
		return compareNumbers(got, want, margin), nil
	}
}

// expected returns what finds the expected number of a sample.
func (a *Numeric) expected() func(Sample) (number, error) {
	if a.Value != "" {
		fixed, err := a.fixed()
		return func(Sample) (number, error) { return fixed, err }
	}
	t, err := parseTemplate(a.reference())
	read := reader{which: a.Which}
	return func(s Sample) (number, error) {
		if err != nil {
			return number{}, err
		}
		text, err := t.render(s)
		if err != nil {
			return number{}, err
		}
		n, problem := read.number(text)
		if problem != "" {
			return number{}, fmt.Errorf("%s in the expected answer %s", problem, show(text))
		}
		return n, nil
	}
}

func compareNumbers(got, want number, margin *big.Rat) finding {
	difference := new(big.Rat).Sub(got.value(), want.value())
	shown, wanted := quoteNumber(got), quoteNumber(want)
	switch {
	case difference.Sign() == 0:
		return found(fmt.Sprintf("%s is %s", shown, wanted), true)
	case difference.Abs(difference).Cmp(margin) <= 0:
		return found(fmt.Sprintf("%s is within %s of %s", shown, shortRat(margin), wanted), true)
	case margin.Sign() > 0:
		return found(fmt.Sprintf("%s is not within %s of %s", shown, shortRat(margin), wanted), false)
	default:
		return found(fmt.Sprintf("%s is not %s", shown, wanted), false)
	}
}

// A reader finds the number of a text.
type reader struct {
	which string
	unit  string // normal form; empty: any or none
}

// number returns the number of a text, or says why there is none.
func (r reader) number(text string) (n number, problem string) {
	list, normal := numbersIn(text)
	if r.unit != "" {
		list = r.withUnit(list, normal)
	}
	if len(list) == 0 {
		if r.unit != "" {
			return number{}, "no number with the unit " + quoteHead(r.unit, excerptRunes)
		}
		return number{}, "no number"
	}
	n, marked := markedNumber(list, normal)
	if !marked {
		if n = list[len(list)-1]; r.which == whichFirst {
			n = list[0]
		}
	}
	value := n.value()
	if value == nil {
		return number{}, "a number too large to compute with"
	}
	if r.which == whichOnly && !marked {
		for _, other := range list {
			if x := other.value(); x == nil || x.Cmp(value) != 0 {
				return number{}, fmt.Sprintf("more than one number, such as %s and %s,", quoteNumber(other), quoteNumber(n))
			}
		}
	}
	return n, ""
}

func (r reader) withUnit(list []number, normal string) []number {
	var kept []number
	for _, n := range list {
		after, unitAfter := strings.CutPrefix(strings.TrimLeft(normal[n.end:], " \u00a0"), r.unit)
		before, unitBefore := strings.CutSuffix(strings.TrimRight(normal[:digitsOf(normal, n)], " \u00a0"), r.unit)
		first, _ := utf8.DecodeRuneInString(after)
		last, _ := utf8.DecodeLastRuneInString(before)
		if unitAfter && !(wordLike(r.unit, false) && unicode.IsLetter(first)) || unitBefore && !(wordLike(r.unit, true) && unicode.IsLetter(last)) {
			kept = append(kept, n)
		}
	}
	return kept
}

// digitsOf returns where a number's digits begin, after its sign and currency.
func digitsOf(normal string, n number) int {
	return n.start + strings.IndexFunc(normal[n.start:n.end], func(r rune) bool { return r == '.' || '0' <= r && r <= '9' })
}

// wordLike reports whether a unit begins or ends with a letter, which a letter beside it would make another word.
func wordLike(unit string, beginning bool) bool {
	r, _ := utf8.DecodeLastRuneInString(unit)
	if beginning {
		r, _ = utf8.DecodeRuneInString(unit)
	}
	return unicode.IsLetter(r)
}

const answerMark = "####"

// markedNumber returns the number that the last mark of an answer stands before. A heading of Markdown has the same mark: "#### 2. Then" is none.
func markedNumber(list []number, normal string) (number, bool) {
	for i := len(list) - 1; i >= 0; i-- {
		n := list[i]
		before := strings.TrimRight(normal[:n.start], " \t\u00a0*")
		if strings.HasSuffix(before, answerMark) && !headingAfter(normal[n.end:]) {
			return n, true
		}
	}
	return number{}, false
}

// headingAfter reports whether a number is that of a heading: a point, bracket or colon follows, and words after it.
func headingAfter(rest string) bool {
	line, _, _ := strings.Cut(rest, "\n")
	if line == "" || !strings.Contains(".):", line[:1]) {
		return false
	}
	return strings.ContainsFunc(line[1:], unicode.IsLetter)
}

// exactly is a float64 as the decimal that it is written as.
func exactly(x float64) *big.Rat {
	r, ok := new(big.Rat).SetString(formatFloat(x))
	if !ok {
		return new(big.Rat)
	}
	return r
}

func formatFloat(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func shortRat(r *big.Rat) string {
	x, _ := r.Float64()
	return strconv.FormatFloat(x, 'g', 6, 64)
}

// quoteNumber shows a number, whose digits are all ASCII, as it was written.
func quoteNumber(n number) string {
	const most = 40
	text := n.text()
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
