package secrets

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// An engine is the rules, ready for use.
type engine struct {
	rules  rules
	filter *filter
}

func newEngine() *engine {
	r := readRules()
	return &engine{rules: r, filter: newFilter(r.Rules)}
}

// A finding is a secret, by one rule.
type finding struct {
	rule   *rule
	secret string
	offset int
	line   int // where the line begins that the match begins in
}

// maxRules is how many rules a set has room for.
const maxRules = 512

// A set is rules, by their index.
type set [maxRules / 64]uint64

func (s *set) has(r *rule) bool { return s[r.index/64]&(1<<(r.index%64)) != 0 }
func (s *set) add(r *rule)      { s[r.index/64] |= 1 << (r.index % 64) }

// find returns what gitleaks finds. Nearly every text ends with the first look at it: no anchor is there with the bytes that must follow.
func (e *engine) find(text string) []finding {
	var due set
	any := false
	e.filter.scan(text, func(w *entry, at int) {
		for _, o := range w.owners {
			if !due.has(o.rule) && o.anchor.Tail.follows(text[at+len(w.Text):]) {
				due.add(o.rule)
				any = true
			}
		}
	})
	if !any {
		return nil
	}
	var list []finding
	for i, windows := range e.windows(text, &due) {
		list = append(list, e.apply(e.rules.Rules[i], text, windows)...)
	}
	return dropGeneric(list)
}

// A window is a part of a text.
type window struct {
	from, to int
	due      bool // there is an anchor with its tail
}

// windows returns for each of the rules where its expression may match: around the anchors that have their tails. A match lies in one window with
// a character to spare at either end, so that the expression sees there what it would see in the whole text. Anchors without their tails count as
// well where they lie near: else the end of a window could make a match with them that the text does not.
func (e *engine) windows(text string, due *set) [][]window {
	all := make([][]window, len(e.rules.Rules))
	e.filter.scan(text, func(w *entry, at int) {
		for _, o := range w.owners {
			if due.has(o.rule) {
				to := at + len(w.Text)
				around := o.rule.around(text, at, to)
				around.due = o.anchor.Tail.follows(text[to:])
				all[o.rule.index] = join(all[o.rule.index], around)
			}
		}
	})
	for i, list := range all {
		slices.SortFunc(list, func(a, b window) int { return cmp.Compare(a.from, b.from) })
		var joined []window
		for _, w := range list {
			joined = join(joined, w)
		}
		all[i] = slices.DeleteFunc(joined, func(w window) bool { return !w.due })
	}
	return all
}

// join adds a window to a list, to the last one where the two meet.
func join(list []window, w window) []window {
	if n := len(list); n > 0 && w.from <= list[n-1].to && w.to >= list[n-1].from {
		last := &list[n-1]
		last.from, last.to, last.due = min(last.from, w.from), max(last.to, w.to), last.due || w.due
		return list
	}
	return append(list, w)
}

// around returns the window around an anchor.
func (r *rule) around(text string, from, to int) window {
	w := window{to: len(text)}
	if r.Before >= 0 {
		w.from = max(0, from-r.Before-1)
		for w.from > 0 && !utf8.RuneStart(text[w.from]) {
			w.from--
		}
	}
	if r.After >= 0 && to+r.After < len(text) {
		w.to = to + r.After + 1
		for w.to < len(text) && !utf8.RuneStart(text[w.to]) {
			w.to++
		}
	}
	return w
}

// maxFound is how many findings of a rule are looked for in a text. Whoever has as many in one knows enough.
const maxFound = 1000

// apply returns what a rule finds in the windows of a text.
func (e *engine) apply(r *rule, text string, windows []window) []finding {
	if len(windows) == 0 || !r.hasKeyword(text) {
		return nil
	}
	var list []finding
	re := r.Regexp.compile()
	near := line{text: text}
	for _, w := range windows {
		for _, m := range re.FindAllStringIndex(text[w.from:w.to], -1) {
			from, to := w.from+m[0], w.from+m[1]
			if from == w.from && from > 0 || to == w.to && to < len(text) {
				continue // it is longer than what is looked at
			}
			if f, ok := e.judge(r, &near, from, to); ok {
				list = append(list, f)
			}
			if len(list) == maxFound {
				return list
			}
		}
	}
	return list
}

// hasKeyword says whether a text has one of the words without which the rule isn't asked.
func (r *rule) hasKeyword(text string) bool {
	if len(r.Keywords) == 0 {
		return true
	}
	lower := strings.ToLower(text)
	return slices.ContainsFunc(r.Keywords, func(k string) bool { return strings.Contains(lower, k) })
}

// judge takes the secret out of a match, and says whether it is one.
func (e *engine) judge(r *rule, near *line, from, to int) (finding, bool) {
	text := near.text
	for from < to && text[from] == '\n' {
		from++
	}
	match := strings.TrimRight(text[from:to], "\n")
	near.move(from, from+len(match))
	f := finding{rule: r, offset: from, secret: match, line: near.from}
	if at, secret := r.secretOf(match); secret != "" {
		f.offset, f.secret = from+at, secret
	}
	if near.marked || r.Entropy != 0 && entropy(f.secret) <= r.Entropy {
		return f, false
	}
	allowed := func(a *allow) bool { return a.allows(f.secret, match, near) }
	return f, !slices.ContainsFunc(e.rules.Allow, allowed) && !slices.ContainsFunc(r.Allow, allowed)
}

// secretOf returns the group of a match that is the secret, and where it begins. The expression sees the match alone, as in gitleaks: where it
// matches that no more, for what was beside it, all of it is the secret.
func (r *rule) secretOf(match string) (int, string) {
	groups := r.Regexp.compile().FindStringSubmatchIndex(match)
	for g := 1; 2*g < len(groups); g++ {
		from, to := groups[2*g], groups[2*g+1]
		if r.Group == g || r.Group == 0 && from < to {
			return max(from, 0), match[max(from, 0):max(to, 0)]
		}
	}
	return 0, ""
}

// entropy returns Shannon's entropy of a text: how many bits each byte would need if characters came as often as they do in it.
func entropy(text string) float64 {
	counts := map[rune]int{}
	for _, r := range text {
		counts[r]++
	}
	sum := 0.0
	for _, n := range counts {
		share := float64(n) / float64(len(text))
		sum -= share * math.Log2(share)
	}
	return sum
}

// dropGeneric leaves out what a generic rule found where another found the same in that line, or more.
func dropGeneric(list []finding) []finding {
	generic := func(f finding) bool { return strings.Contains(f.rule.ID, "generic") }
	var kept []finding
	for _, f := range list {
		if !generic(f) || !slices.ContainsFunc(list, func(better finding) bool {
			return !generic(better) && better.line == f.line && strings.Contains(better.secret, f.secret)
		}) {
			kept = append(kept, f)
		}
	}
	return kept
}
