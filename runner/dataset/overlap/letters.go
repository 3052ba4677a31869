package overlap

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// letters are the shortest questions by their character 3-grams, blanks included.
//
// A text with a Jaccard index of 0.8 or more lacks a fifth of a question's 3-grams at most. So it has one of any fifth of them and one more, and
// a question is looked up by its rarest ones alone.
type letters struct {
	list    []lettered
	posts   map[uint64][]int32 // 3-gram to places in list
	longest int                // characters
}

// A lettered is a question by its character 3-grams.
type lettered struct {
	question int32
	grams    []uint64 // sorted, each once
	numbers  string
}

// maxLetters is how many characters a question may have; longer ones of so few words are no sentences, and only found as they are.
const maxLetters = 200

func (l *letters) take(w *words, question int32) {
	n := utf8.RuneCount(w.text)
	if n > maxLetters {
		return
	}
	l.list = append(l.list, lettered{question: question, grams: letterGrams(nil, w.text), numbers: numbers(w)})
	l.longest = max(l.longest, n)
}

// letterGrams appends the distinct character 3-grams of a text, sorted.
func letterGrams(grams []uint64, text []byte) []uint64 {
	const bitsOfRune = 21
	var gram uint64
	for i := 0; len(text) > 0; i++ {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		gram = (gram<<bitsOfRune | uint64(r)) & (1<<(3*bitsOfRune) - 1)
		if i >= 2 {
			grams = append(grams, gram)
		}
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// numbers returns the words that have more than letters, such as numbers and C++, sorted: questions that differ in one ask something else.
func numbers(w *words) string {
	beyond := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) }
	var list []string
	for i := range w.len() {
		if word := w.word(i); bytes.ContainsFunc(word, beyond) {
			list = append(list, string(word))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// settle ends the taking.
func (l *letters) settle() {
	count := map[uint64]int{}
	for _, q := range l.list {
		for _, g := range q.grams {
			count[g]++
		}
	}
	l.posts = map[uint64][]int32{}
	for i, q := range l.list {
		rarest := slices.Clone(q.grams)
		slices.SortFunc(rarest, func(a, b uint64) int { return cmp.Or(count[a]-count[b], cmp.Compare(a, b)) })
		for _, g := range rarest[:min(len(rarest), len(rarest)/5+1)] {
			l.posts[g] = append(l.posts[g], int32(i))
		}
	}
}

// alike returns the questions of few words that the example is like.
func (l *Looker) alike() []int32 {
	e, all := &l.example, &l.finder.letters
	e.short = e.short[:0]
	const maxBytes = utf8.UTFMax * 2 * maxLetters
	if len(all.list) == 0 || len(e.words.text) > maxBytes || utf8.RuneCount(e.words.text) > 2*all.longest {
		return nil
	}
	e.letters = letterGrams(e.letters[:0], e.words.text)
	for _, g := range e.letters {
		for _, i := range all.posts[g] {
			if l.asked[i] == e.number {
				continue
			}
			l.asked[i] = e.number
			if q := &all.list[i]; q.alike(e) {
				e.short = append(e.short, q.question)
			}
		}
	}
	return e.short
}

// alike reports whether the example is like the question.
func (q *lettered) alike(e *example) bool {
	both := 0
	for i, j := 0, 0; i < len(q.grams) && j < len(e.letters); {
		switch c := cmp.Compare(q.grams[i], e.letters[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	return both > 0 && share(both, len(q.grams)+len(e.letters)-both) >= minJaccard && q.numbers == numbers(&e.words)
}
