package overlap

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"
)

// An example is a question of the training data while it is looked at. It is told from others by its number.
type example struct {
	number uint32
	words  words
	ids    []uint32 // by word; 0: in none of the questions that are looked for
	seen   []uint32 // by word of the vocabulary: the example that had it last
	met    []int32  // questions with an n-gram in it
	common int      // its distinct 3-grams that are common

	letters []uint64 // its character 3-grams, where a question may be like it
	short   []int32  // questions with a rare one of these

	counted  bool // the following are known
	distinct int  // words
	parts    int  // distinct 3-grams that count
	set      map[uint64]struct{}
}

// maxKept is how many bytes of an example's buffers are kept for the next one.
const maxKept = 1 << 20

// maxHead is how many bytes of an example's question a finding shows.
const maxHead = 200

// Look looks for the cases in a training example. A row with several examples is one row in the count of a finding's rows where they come one
// after the other.
func (f *Finder) Look(at Place, question, answer string) {
	e := &f.example
	e.begin(question)
	for i := range e.words.len() {
		e.ids = append(e.ids, f.vocabulary[string(e.words.word(i))])
	}
	same, isSame := f.byText[string(key(&e.words, question))]
	if isSame {
		f.findSame(same, found{Place: at, text: question}, answer)
	}
	for _, g := range f.whole {
		if g != nil {
			f.pass(g)
		}
	}
	f.pass(f.parts)
	for _, q := range e.met {
		if !isSame || q != same {
			f.judge(q, found{Place: at, text: question})
		}
	}
	for _, q := range f.letters.look(e) {
		if !isSame || q != same {
			f.judgeShort(q, found{Place: at, text: question})
		}
	}
	e.end()
}

func (e *example) begin(text string) {
	e.number++
	e.words.read(text)
	e.ids, e.met = e.ids[:0], e.met[:0]
	e.common, e.counted = 0, false
}

// end lets go of what one long example needed.
func (e *example) end() {
	if cap(e.words.text) > maxKept || cap(e.ids) > maxKept {
		e.words, e.ids, e.set = words{}, nil, nil
	}
}

// findSame takes in an example with the same question.
func (f *Finder) findSame(at int32, e found, answer string) {
	q := &f.questions[at]
	e.Match = Match{Kind: Question, Coverage: 1, Run: q.len(), Jaccard: 1}
	q.find(e)
	if len(q.answers) == 0 {
		return
	}
	f.other.read(answer)
	which, isCopy := q.answers[string(key(&f.other, answer))]
	if cap(f.other.text) > maxKept {
		f.other = words{}
	}
	if c := &q.copies[which]; isCopy && c.Kind == None {
		e.Kind, e.text = Verbatim, Head(e.text)
		*c = e
	}
}

// find takes in an example in which the question stands.
func (q *question) find(e found) {
	if q.rows == 0 || q.last != e.Place {
		q.rows++
		q.last = e.Place
	}
	if e.worse(q.best.Match) {
		e.text = Head(e.text)
		q.best = e
	}
}

// Head returns the beginning of a text, in memory of its own.
func Head(text string) string {
	if len(text) > maxHead {
		end := maxHead
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		return text[:end] + "…"
	}
	return strings.Clone(text)
}

// pass looks every n-gram of the example up.
func (f *Finder) pass(g *grams) {
	ids := f.example.ids
	var hash uint64
	known := 0 // words since the last that is in no question
	for i, id := range ids {
		if id == 0 {
			hash, known = 0, 0
			continue
		}
		var out uint32
		if known >= g.n {
			out = ids[i-g.n]
		}
		hash = g.roll(hash, id, out)
		if known++; known < g.n {
			continue
		}
		if s := g.find(hash, ids[i-g.n+1:i+1]); s.head != 0 {
			f.hit(g, s, f.clock+uint64(i))
		}
	}
	f.clock += uint64(len(ids)) + 1 // one more, so that no run goes on into the next example
}

// hit takes in that the example has an n-gram.
func (f *Finder) hit(g *grams, s *slot, clock uint64) {
	fresh := s.seen != f.example.number
	s.seen = f.example.number
	switch {
	case g.chain[s.head] == common:
		if fresh && g == f.parts {
			f.example.common++
		}
	case g != f.parts:
		f.hitWhole(g, s, fresh, clock)
	case fresh:
		for owner := range g.owners(s.head) {
			f.meet(owner).partsHas++
		}
	}
}

// hitWhole counts an n-gram and the runs that it goes on with. The chain falls, so that the position before is still as the n-gram before left
// it when its turn comes.
func (f *Finder) hitWhole(g *grams, s *slot, fresh bool, clock uint64) {
	before := int32(-1)
	for p := s.head; p != 0; p = g.chain[p] {
		owner := f.owner[p]
		q := f.meet(owner)
		if fresh && owner != before {
			q.wholeHas++
		}
		before = owner
		length := int32(g.n)
		if last := f.runs[p-1]; last.clock == clock-1 {
			length = last.length + 1
		}
		f.runs[p] = runAt{clock, length}
		q.longestRun = max(q.longestRun, int(length))
	}
}

// meet returns a question of which the example has something.
func (f *Finder) meet(at int32) *question {
	q := &f.questions[at]
	if q.met != f.example.number {
		q.met, q.wholeHas, q.partsHas, q.longestRun = f.example.number, 0, 0, 0
		f.example.met = append(f.example.met, at)
	}
	return q
}

// judge takes in the example where it overlaps with a question of which it has something.
func (f *Finder) judge(at int32, e found) {
	q := &f.questions[at]
	if !f.overlaps(q) {
		return
	}
	e.Match = Match{Kind: Overlap, Run: q.longestRun}
	if q.whole > 0 {
		e.Coverage = share(q.wholeHas, q.whole)
	}
	f.keep(q, e)
}

// judgeShort takes in the example for a question that is like it letter by letter.
func (f *Finder) judgeShort(at int32, e found) {
	q := &f.questions[at]
	e.Match = Match{Kind: Overlap, Run: longestRun(f.words[q.start:q.end], f.example.ids)}
	if e.Run == q.len() {
		e.Coverage = 1
	}
	f.keep(q, e)
}

func (f *Finder) keep(q *question, e found) {
	if e.worse(q.best.Match) { // the index takes some time, and is shown only then
		e.Jaccard = f.jaccard(q)
	}
	q.find(e)
}

// longestRun returns how many of a few words stand in the text one after the other.
func longestRun(few, text []uint32) int {
	longest := 0
	for i := range few {
		for j := range text {
			n := 0
			for i+n < len(few) && j+n < len(text) && few[i+n] == text[j+n] {
				n++
			}
			longest = max(longest, n)
		}
	}
	return longest
}

// overlaps applies the rules for questions of five words or more.
func (f *Finder) overlaps(q *question) bool {
	e := &f.example
	switch {
	case q.wholeHas == 0:
	case q.gram() < gramWords:
		if 2*q.len() >= len(e.ids) {
			return true
		}
	case share(q.wholeHas, q.whole) >= minCoverage, q.longestRun >= minRun:
		return true
	}
	if q.partsHas == 0 || share(q.partsHas, q.parts) < minJaccard {
		return false
	}
	f.count()
	return share(q.partsHas, q.parts+e.parts-q.partsHas) >= minJaccard
}

func share(n, of int) float64 { return float64(n) / float64(of) }

// jaccard is the index of the two sets of words.
func (f *Finder) jaccard(q *question) float64 {
	f.count()
	own := slices.Clone(f.words[q.start:q.end])
	slices.Sort(own)
	own = slices.Compact(own)
	both := 0
	for _, id := range own {
		if f.example.seen[id] == f.example.number {
			both++
		}
	}
	return share(both, len(own)+f.example.distinct-both)
}

var seed = maphash.MakeSeed()

// count counts the example's distinct words and 3-grams. Few examples need it. Words that are in no question are told apart by a hash.
func (f *Finder) count() {
	e := &f.example
	if e.counted {
		return
	}
	if e.set == nil {
		e.set = map[uint64]struct{}{}
	}
	hashes := make([]uint64, len(e.ids))
	clear(e.set)
	for i, id := range e.ids {
		hashes[i] = maphash.Bytes(seed, e.words.word(i))
		e.set[hashes[i]] = struct{}{}
		e.seen[id] = e.number
	}
	e.distinct = len(e.set)
	clear(e.set)
	for i := partWords - 1; i < len(hashes); i++ {
		part := (hashes[i-2]*base+hashes[i-1])*base + hashes[i]
		e.set[part] = struct{}{}
	}
	e.parts = len(e.set) - e.common
	e.counted = true
}
