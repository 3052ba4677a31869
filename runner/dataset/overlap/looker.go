package overlap

import "slices"

// A Looker looks for a finder's cases in examples, and holds what it found so far. Its memory grows with the cases and with the longest example,
// not with the number of examples. One goroutine may use it at a time.
type Looker struct {
	finder    *Finder
	example   example
	parts     sight
	whole     []sight
	standings []standing // by question
	finds     []finds    // by question
	asked     []uint32   // by question of few words: the example that had one of its rarest character 3-grams last
	other     words      // the example's answer
	runs      []runAt    // by position of the corpus
	clock     uint64     // counts the words that pass by; 0 is never
}

// A sight is n-grams, and by slot the example in which each was met last.
type sight struct {
	*grams
	seen []uint32
}

func newSight(g *grams) sight { return sight{g, make([]uint32, len(g.slots))} }

// A standing is what a question and an example have in common.
type standing struct {
	met        uint32 // example that the following is about
	wholeHas   int
	partsHas   int
	longestRun int
}

// A runAt is the run of n-grams that ends at a position of the corpus: how long it is, and when it was met.
type runAt struct {
	clock  uint64
	length int32
}

// Looker returns one who has looked at nothing yet.
func (f *Finder) Looker() *Looker {
	l := &Looker{
		finder: f, parts: newSight(f.parts), standings: make([]standing, len(f.questions)), finds: make([]finds, len(f.questions)),
		asked: make([]uint32, len(f.letters.list)), runs: make([]runAt, len(f.words)), clock: 1,
	}
	for _, g := range f.whole {
		if g != nil {
			l.whole = append(l.whole, newSight(g))
		}
	}
	l.example.seen = make([]uint32, f.vocabulary.len()+1)
	return l
}

// Look looks for the cases in a training example, of which it keeps no more than the head of a question. A row with several examples is one row
// in the count of a finding's rows where they come one after the other.
func (l *Looker) Look(at Place, question, answer string) {
	if len(l.finder.questions) == 0 || l.finder.hints.rulesOut(question) {
		return
	}
	e := &l.example
	e.begin(question, l.finder.vocabulary)
	same, isSame := l.finder.question(e, question)
	if isSame {
		l.findSame(same, found{Place: at, text: question}, answer)
	}
	for i := range l.whole {
		l.pass(&l.whole[i])
	}
	l.pass(&l.parts)
	for _, q := range e.met {
		if !isSame || q != same {
			l.judge(q, found{Place: at, text: question})
		}
	}
	for _, q := range l.alike() {
		if !isSame || q != same {
			l.judgeShort(q, found{Place: at, text: question})
		}
	}
	e.end()
}

// question returns the question that an example's is.
func (f *Finder) question(e *example, text string) (int32, bool) {
	if !e.all { // spares making its key
		return 0, false
	}
	at, known := f.byText[string(key(&e.words, text))]
	return at, known
}

// findSame takes in an example with the same question.
func (l *Looker) findSame(at int32, e found, answer string) {
	q := &l.finder.questions[at]
	e.Match = Match{Kind: Question, Coverage: 1, Run: q.len(), Jaccard: 1}
	l.finds[at].take(e)
	if len(q.answers) == 0 {
		return
	}
	l.other.read(answer)
	which, isCopy := q.answers[string(key(&l.other, answer))]
	if cap(l.other.text) > maxKept {
		l.other = words{}
	}
	if isCopy {
		e.Kind = Verbatim
		l.finds[at].takeCopy(int(which), len(q.answers), e)
	}
}

// pass looks every n-gram of the example up.
func (l *Looker) pass(g *sight) {
	ids := l.example.ids
	for _, known := range l.example.known {
		if known.end-known.start < g.n {
			continue
		}
		var hash uint64
		for i := known.start; i < known.end; i++ {
			var out uint32
			first := i - g.n + 1
			if first > known.start {
				out = ids[first-1]
			}
			hash = g.roll(hash, ids[i], out)
			if first < known.start {
				continue
			}
			if at := g.find(hash, ids[first:i+1]); g.slots[at].head != 0 {
				l.hit(g, at, l.clock+uint64(i))
			}
		}
	}
	l.clock += uint64(len(ids)) + 1 // one more, so that no run goes on into the next example
}

// hit takes in that the example has an n-gram.
func (l *Looker) hit(g *sight, at, clock uint64) {
	head := g.slots[at].head
	fresh := g.seen[at] != l.example.number
	g.seen[at] = l.example.number
	switch {
	case g.chain[head] == common:
		if fresh && g == &l.parts {
			l.example.common++
		}
	case g != &l.parts:
		l.hitWhole(g, head, fresh, clock)
	case fresh:
		for owner := range g.owners(head) {
			l.meet(owner).partsHas++
		}
	}
}

// hitWhole counts an n-gram and the runs that it goes on with. The chain falls, so that the position before is still as the n-gram before left
// it when its turn comes.
func (l *Looker) hitWhole(g *sight, head uint32, fresh bool, clock uint64) {
	before := int32(-1)
	for p := head; p != 0; p = g.chain[p] {
		owner := l.finder.owner[p]
		s := l.meet(owner)
		if fresh && owner != before {
			s.wholeHas++
		}
		before = owner
		length := int32(g.n)
		if last := l.runs[p-1]; last.clock == clock-1 {
			length = last.length + 1
		}
		l.runs[p] = runAt{clock, length}
		s.longestRun = max(s.longestRun, int(length))
	}
}

// meet returns the standing of a question of which the example has something.
func (l *Looker) meet(at int32) *standing {
	s := &l.standings[at]
	if s.met != l.example.number {
		*s = standing{met: l.example.number}
		l.example.met = append(l.example.met, at)
	}
	return s
}

// judge takes in the example where it overlaps with a question of which it has something.
func (l *Looker) judge(at int32, e found) {
	q, s := &l.finder.questions[at], &l.standings[at]
	if !l.overlaps(q, s) {
		return
	}
	e.Match = Match{Kind: Overlap, Run: s.longestRun}
	if q.whole > 0 {
		e.Coverage = share(s.wholeHas, q.whole)
	}
	l.keep(at, e)
}

// overlaps applies the rules for questions of five words or more.
func (l *Looker) overlaps(q *question, s *standing) bool {
	e := &l.example
	switch {
	case s.wholeHas == 0:
	case q.gram() < gramWords:
		if 2*q.len() >= len(e.ids) {
			return true
		}
	case share(s.wholeHas, q.whole) >= minCoverage, s.longestRun >= minRun:
		return true
	}
	if s.partsHas == 0 || share(s.partsHas, q.parts) < minJaccard {
		return false
	}
	e.count()
	return share(s.partsHas, q.parts+e.parts-s.partsHas) >= minJaccard
}

// judgeShort takes in the example for a question that is like it letter by letter.
func (l *Looker) judgeShort(at int32, e found) {
	q := &l.finder.questions[at]
	e.Match = Match{Kind: Overlap, Run: longestRun(l.finder.words[q.start:q.end], l.example.ids)}
	if e.Run == q.len() {
		e.Coverage = 1
	}
	l.keep(at, e)
}

func (l *Looker) keep(at int32, e found) {
	if e.beats(&l.finds[at].best) { // the index takes some time, and is shown only then
		e.Jaccard = l.jaccard(&l.finder.questions[at])
	}
	l.finds[at].take(e)
}

// jaccard is the index of the two sets of words.
func (l *Looker) jaccard(q *question) float64 {
	e := &l.example
	e.count()
	own := slices.Clone(l.finder.words[q.start:q.end])
	slices.Sort(own)
	own = slices.Compact(own)
	both := 0
	for _, id := range own {
		if e.seen[id] == e.number {
			both++
		}
	}
	return share(both, len(own)+e.distinct-both)
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

func share(n, of int) float64 { return float64(n) / float64(of) }
