package main

import (
	"cmp"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of what is looked for in an expression.
const (
	maxWords   = 64 // of an anchor
	maxClass   = 10 // characters of a class that is spelled out
	maxRepeat  = 3  // repetitions that are spelled out
	enough     = 4  // bytes that make a word rare
	longEnough = 16 // bytes beyond which a longer word is no better
	maxDepth   = 3  // alternatives inside alternatives
)

// found are the anchors of an expression: every match has a word of one of them in it, with the tail after it.
type found struct {
	anchors       []anchor
	before, after int // as in rule
}

// anchorsOf looks for what every match of an expression has in it. It reports none where a match can do without.
func anchorsOf(expression string) (found, bool, error) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return found{}, false, err
	}
	f, ok := anchorsIn(flatten(re), 0)
	return f, ok, nil
}

// anchorsIn chooses the run of items that makes the best words. Where these are short, it tries the branches of the alternatives one by one.
func anchorsIn(items []*syntax.Regexp, depth int) (found, bool) {
	best, ok := bestRun(items)
	if ok && best.shortest() >= enough || depth == maxDepth {
		return best, ok
	}
	for i, item := range items {
		if item.Op != syntax.OpAlternate {
			continue
		}
		all, allOK := found{}, true
		for _, branch := range item.Sub {
			f, ok := anchorsIn(slices.Concat(items[:i], flatten(branch), items[i+1:]), depth+1)
			all.add(f)
			allOK = allOK && ok
		}
		if allOK && (!ok || all.shortest() > best.shortest()) {
			best, ok = all, true
		}
	}
	return best, ok
}

func (f *found) add(more found) {
	f.anchors = append(f.anchors, more.anchors...)
	f.before, f.after = wider(f.before, more.before), wider(f.after, more.after)
}

// shortest returns the length of the shortest word.
func (f *found) shortest() int {
	least := enough
	for _, a := range f.anchors {
		for _, w := range a.Words {
			least = min(least, len(w))
		}
	}
	return least
}

// rare says whether the words are few or long. Many short ones are in any text.
func (f *found) rare() bool {
	for _, a := range f.anchors {
		if len(a.Words) > maxClass && f.shortest() < 3 {
			return false
		}
	}
	return true
}

// bestRun returns the anchor out of items that stand side by side: the longest words, then the fewest.
func bestRun(items []*syntax.Regexp) (found, bool) {
	type run struct {
		from, to int
		words    []word
		bounded  bool
	}
	var runs []run
	for from := range items {
		words := []word{{}}
		for to := from; to < len(items); to++ {
			next, ok := wordsOf(items[to])
			if words = product(words, next); !ok || len(words) > maxWords {
				break
			}
			runs = append(runs, run{from, to + 1, words, longest(items[:from]...) >= 0})
		}
	}
	length := func(r run) int {
		least := longEnough
		for _, w := range r.words {
			least = min(least, len(w.text))
		}
		return least
	}
	runs = slices.DeleteFunc(runs, func(r run) bool { return length(r) < 2 })
	if len(runs) == 0 {
		return found{}, false
	}
	best := slices.MaxFunc(runs, func(a, b run) int {
		return cmp.Or(cmp.Compare(length(a), length(b)), cmp.Compare(btoi(a.bounded), btoi(b.bounded)),
			cmp.Compare(len(b.words), len(a.words)), cmp.Compare(b.from, a.from), cmp.Compare(b.to, a.to))
	})
	after := items[best.to:]
	return found{
		anchors: anchorsFrom(best.words, stepsFrom(after)),
		before:  longest(items[:best.from]...),
		after:   longest(after...),
	}, true
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// anchorsFrom parts words into those whose case matters and the others.
func anchorsFrom(words []word, tail []step) []anchor {
	var exact, folded []string
	for _, w := range words {
		if w.folded || strings.ToUpper(w.text) == strings.ToLower(w.text) {
			folded = append(folded, strings.ToLower(w.text))
		} else {
			exact = append(exact, w.text)
		}
	}
	var list []anchor
	for i, words := range [][]string{exact, folded} {
		slices.Sort(words)
		words = slices.Compact(words)
		if i == 0 {
			words = slices.DeleteFunc(words, func(w string) bool { return slices.Contains(folded, strings.ToLower(w)) })
		}
		if len(words) > 0 {
			list = append(list, anchor{Words: words, Exact: i == 0, Tail: tail})
		}
	}
	return list
}

// flatten returns an expression as items that follow one another, without the captures. The last copy of what is repeated stands by itself.
func flatten(re *syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		return flatten(re.Sub[0])
	case syntax.OpConcat:
		var items []*syntax.Regexp
		for _, sub := range re.Sub {
			items = append(items, flatten(sub)...)
		}
		return items
	case syntax.OpRepeat, syntax.OpPlus:
		least, most := counts(re)
		if least == 0 {
			break
		}
		rest := &syntax.Regexp{Op: syntax.OpRepeat, Flags: re.Flags, Sub: re.Sub, Min: least - 1, Max: most}
		if most > 0 {
			rest.Max--
		}
		return append([]*syntax.Regexp{rest}, flatten(re.Sub[0])...)
	}
	return []*syntax.Regexp{re}
}

// counts returns how often the inside of a repetition comes, at least and at most; -1: any number.
func counts(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, -1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpQuest:
		return 0, 1
	}
	return re.Min, re.Max
}

// A word is one of the finitely many texts that an expression matches.
type word struct {
	text   string
	folded bool // a letter of it may have either case
}

// wordsOf returns all texts that an expression matches, where they are few and ASCII.
func wordsOf(re *syntax.Regexp) ([]word, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []word{{}}, true
	case syntax.OpLiteral:
		text := string(re.Rune)
		folded := re.Flags&syntax.FoldCase != 0 && strings.ToLower(text) != strings.ToUpper(text)
		return []word{{text, folded}}, isASCII(text)
	case syntax.OpCharClass:
		return letters(re)
	case syntax.OpCapture:
		return wordsOf(re.Sub[0])
	case syntax.OpConcat:
		words := []word{{}}
		for _, sub := range re.Sub {
			next, ok := wordsOf(sub)
			if words = product(words, next); !ok || len(words) > maxWords {
				return nil, false
			}
		}
		return words, true
	case syntax.OpAlternate:
		var words []word
		for _, sub := range re.Sub {
			next, ok := wordsOf(sub)
			if words = append(words, next...); !ok || len(words) > maxWords {
				return nil, false
			}
		}
		return words, true
	case syntax.OpQuest, syntax.OpRepeat:
		return repeated(re)
	}
	return nil, false
}

func repeated(re *syntax.Regexp) ([]word, bool) {
	least, most := counts(re)
	one, ok := wordsOf(re.Sub[0])
	if !ok || most < 0 || most > maxRepeat {
		return nil, false
	}
	var words []word
	power := []word{{}}
	for n := 0; n <= most; n++ {
		if n >= least {
			words = append(words, power...)
		}
		if power = product(power, one); len(words) > maxWords || len(power) > maxWords {
			return nil, false
		}
	}
	return words, true
}

// letters spells out a small class.
func letters(re *syntax.Regexp) ([]word, bool) {
	class, ok := bytesOf(re)
	if !ok || len(class) > 2*maxClass {
		return nil, false
	}
	var words []word
	for _, c := range class {
		lower, upper := strings.ToLower(string(c)), strings.ToUpper(string(c))
		both := lower != upper && strings.Contains(class, lower) && strings.Contains(class, upper)
		switch {
		case both && string(c) == lower:
			words = append(words, word{lower, true})
		case !both:
			words = append(words, word{string(c), false})
		}
	}
	return words, len(words) <= maxClass
}

func product(a, b []word) []word {
	var all []word
	for _, x := range a {
		for _, y := range b {
			all = append(all, word{x.text + y.text, x.folded || y.folded})
		}
	}
	return all
}

// longest returns how many bytes items match at most, -1 for any number.
func longest(items ...*syntax.Regexp) int {
	sum := 0
	for _, re := range items {
		n := longestOf(re)
		if n < 0 {
			return -1
		}
		sum += n
	}
	return sum
}

func longestOf(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		n := 0
		for _, r := range re.Rune {
			n += utf8.RuneLen(r)
			if re.Flags&syntax.FoldCase != 0 {
				n += utf8.UTFMax - 1
			}
		}
		return n
	case syntax.OpCharClass:
		if len(re.Rune) == 0 {
			return 0
		}
		return utf8.RuneLen(min(re.Rune[len(re.Rune)-1], utf8.MaxRune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpCapture, syntax.OpConcat:
		return longest(re.Sub...)
	case syntax.OpAlternate:
		most := 0
		for _, sub := range re.Sub {
			most = wider(most, longestOf(sub))
		}
		return most
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		_, most := counts(re)
		n := longestOf(re.Sub[0])
		if most < 0 || n < 0 {
			return -1
		}
		return most * n
	}
	return 0
}

// wider returns the larger of two sizes, where -1 is any.
func wider(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// bytesOf returns the characters of a class, where all are ASCII but for the two that Unicode folds into it: the sign for kelvin, which is a
// "k", and the long "s".
func bytesOf(re *syntax.Regexp) (string, bool) {
	var b strings.Builder
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			switch {
			case r < utf8.RuneSelf:
				b.WriteByte(byte(r))
			case r != '\u017F' && r != '\u212A':
				return "", false
			}
		}
	}
	return b.String(), true
}

func literalClass(r rune, fold bool) (string, bool) {
	if r >= utf8.RuneSelf {
		return "", false
	}
	text := string(r)
	if lower, upper := strings.ToLower(text), strings.ToUpper(text); fold && lower != upper {
		text = upper + lower
	}
	return text, true
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprint("gitleaks' own rules: ", err))
	}
	return v
}
