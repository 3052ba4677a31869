package overlap

import "strings"

// A Finder holds test cases, ready to be looked for. Nothing changes it any more, so several goroutines may use it.
type Finder struct {
	corpus
	questions []question
	byText    map[string]int32 // normal form to question
	cases     []place          // where the finding of each case stands
	parts     *grams           // word 3-grams
	whole     []*grams         // n-grams by n; nil: no question has any
	letters   letters          // character 3-grams of the shortest questions
	hints     *hints
}

// A question is one that is asked by one or more cases.
type question struct {
	start, end int // in the corpus
	whole      int // distinct n-grams that count
	parts      int // distinct 3-grams that count
	answers    map[string]int32
}

// A place says which question a case asks, and which of its answers the case has; -1: none.
type place struct{ question, answer int32 }

// New returns a finder of cases.
func New(cases []Case) *Finder {
	f := &Finder{
		corpus: corpus{vocabulary: newVocabulary(), words: []uint32{0}, owner: []int32{-1}},
		byText: map[string]int32{}, cases: make([]place, len(cases)), whole: make([]*grams, gramWords+1),
	}
	var w words
	for i, c := range cases {
		f.cases[i] = f.take(c, &w)
	}
	f.index()
	f.hints = newHints(f)
	return f
}

// key is what texts are the same by: the normal form, or without any words the text itself. A blank text has none.
func key(w *words, text string) []byte {
	if w.len() > 0 {
		return w.text
	}
	if text = strings.TrimSpace(text); text != "" {
		return append([]byte{0}, text...)
	}
	return nil
}

// take takes in a case.
func (f *Finder) take(c Case, w *words) place {
	w.read(c.Question)
	text := key(w, c.Question)
	if text == nil {
		return place{-1, -1}
	}
	at, known := f.byText[string(text)]
	if !known {
		at = int32(len(f.questions))
		f.byText[string(text)] = at
		f.questions = append(f.questions, f.learn(w, at))
	}
	w.read(c.Answer)
	answer := key(w, c.Answer)
	if answer == nil {
		return place{at, -1}
	}
	q := &f.questions[at]
	which, known := q.answers[string(answer)]
	if !known {
		which = int32(len(q.answers))
		if q.answers == nil {
			q.answers = map[string]int32{}
		}
		q.answers[string(answer)] = which
	}
	return place{at, which}
}

// learn puts the words of a question into the corpus.
func (f *Finder) learn(w *words, at int32) question {
	q := question{start: len(f.words)}
	for i := range w.len() {
		f.words = append(f.words, f.vocabulary.take(w.word(i)))
		f.owner = append(f.owner, at)
	}
	q.end = len(f.words)
	if w.len() > 0 && w.len() < shortWords {
		f.letters.take(w, at)
	}
	return q
}

func (q *question) len() int { return q.end - q.start }

// gram is the number of words in the question's n-grams.
func (q *question) gram() int { return min(q.len(), gramWords) }

// index makes the tables of n-grams.
func (f *Finder) index() {
	counts, parts := make([]int, gramWords+1), 0
	for i := range f.questions {
		if q := &f.questions[i]; q.len() >= shortWords {
			counts[q.gram()] += q.len() - q.gram() + 1
			parts += q.len() - partWords + 1
		}
	}
	for n, count := range counts {
		if count > 0 {
			f.whole[n] = newGrams(&f.corpus, n, count)
		}
	}
	f.parts = newGrams(&f.corpus, partWords, parts)
	for i := range f.questions {
		if q := &f.questions[i]; q.len() >= shortWords {
			f.whole[q.gram()].add(q.start, q.end)
			f.parts.add(q.start, q.end)
		}
	}
	for _, g := range f.whole {
		if g != nil {
			g.settle(len(f.questions), func(owner int32) { f.questions[owner].whole++ })
		}
	}
	f.parts.settle(len(f.questions), func(owner int32) { f.questions[owner].parts++ })
	f.letters.settle()
}
