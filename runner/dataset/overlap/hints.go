package overlap

import (
	"slices"
	"unicode/utf8"

	"ftrun/runner/dataset/sieve"
)

// hints tell of most texts at a glance that no question can be found in them. Only text of ASCII is told of, where a word of letters and digits
// stands as it is in the normal form, but for the case of its letters.
//
// For a question of five words or more it is a few of its words, its marks, without any of which no rule is met: they are chosen so that the rest
// of the question has no 13 words in a row, less than 70 % of its n-grams, and less than 80 % of its 3-grams. A shorter question is told by the
// letters that a text has: one that is like it has at most twice as many characters.
type hints struct {
	marks   *sieve.Sieve // nil: there are none
	letters int          // a text with more of them is like no short question; -1: there is no short question
}

// maxMarks is how many marks all questions may have. With more of them most texts would have one, and the glance would be for nothing.
const maxMarks = 64

// newHints returns the hints of all questions, or nil where there are none that would help.
func newHints(f *Finder) *hints {
	h := &hints{letters: -1}
	all := marks{}
	for i := range f.questions {
		q := &f.questions[i]
		if q.len() < shortWords {
			h.letters = max(h.letters, 2*f.characters(q))
		} else if !f.mark(q, all) {
			return nil
		}
	}
	var words []sieve.Word
	for id := range all {
		if word := f.vocabulary.word(id); isASCII(string(word)) {
			words = append(words, sieve.Word{Text: string(word)})
		}
	}
	if len(words) > 0 {
		h.marks = sieve.New(words)
	}
	return h
}

// rulesOut says that none of the questions can be found in a text.
func (h *hints) rulesOut(text string) bool {
	return h != nil && isASCII(text) && hasMoreLetters(text, h.letters) && (h.marks == nil || !h.marks.Any(text))
}

// hasMoreLetters reports whether a text has more letters and digits of ASCII than n.
func hasMoreLetters(text string, n int) bool {
	for i := 0; n >= 0 && i < len(text); i++ {
		if classes[text[i]] > beyond {
			n--
		}
	}
	return n < 0
}

// characters returns how many characters the normal form of a question has.
func (f *Finder) characters(q *question) int {
	n := max(0, q.len()-1)
	for _, id := range f.words[q.start:q.end] {
		n += utf8.RuneCount(f.vocabulary.word(id))
	}
	return n
}

// marks are words by their numbers.
type marks map[uint32]bool

// mark adds marks of a question; it returns false where there are not enough, or too many.
func (f *Finder) mark(q *question, all marks) bool {
	words := f.words[q.start:q.end]
	for last, i := -1, 0; i < len(words); i++ { // no run without one
		if all[words[i]] {
			last = i
		}
		if i-last < minRun {
			continue
		}
		run := words[last+1 : i+1]
		best := slices.MaxFunc(run, f.byUse)
		if f.use(best) == 0 || len(all) == maxMarks {
			return false
		}
		all[best] = true
		last, i = last+1+slices.Index(run, best), last+1+slices.Index(run, best)
	}
	for !f.suffice(q, all) {
		best := uint32(0)
		for _, id := range words {
			if !all[id] && f.use(id) > f.use(best) {
				best = id
			}
		}
		if best == 0 || len(all) == maxMarks {
			return false
		}
		all[best] = true
	}
	return true
}

// byUse compares words by how good they are as marks.
func (f *Finder) byUse(a, b uint32) int { return f.use(a) - f.use(b) }

// use returns how good a word is as a mark, because it is rare: the longer the better, and best one that no text of ASCII has. 0: it can't be one.
func (f *Finder) use(id uint32) int {
	if id == 0 {
		return 0
	}
	word := f.vocabulary.word(id)
	if !isASCII(string(word)) {
		return 1 << 20
	}
	for _, c := range word {
		if classes[c] <= beyond {
			return 0
		}
	}
	if len(word) < 2 {
		return 0
	}
	return len(word)
}

// suffice reports whether too little is left of a question without its marks, long runs aside.
func (f *Finder) suffice(q *question, all marks) bool {
	words := f.words[q.start:q.end]
	if !slices.ContainsFunc(words, func(id uint32) bool { return all[id] }) {
		return false
	}
	return (q.gram() < gramWords || q.whole == 0 || share(all.without(words, gramWords), q.whole) < minCoverage) &&
		(q.parts == 0 || share(all.without(words, partWords), q.parts) < minJaccard)
}

// without returns how many n-grams have no mark in them, each as often as it comes, which is more than enough.
func (m marks) without(words []uint32, n int) int {
	count, since := 0, 0
	for _, id := range words {
		since++
		if m[id] {
			since = 0
		}
		if since >= n {
			count++
		}
	}
	return count
}
