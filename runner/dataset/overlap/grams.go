package overlap

import "iter"

// A corpus is the words of all questions that are looked for, one after the other, as numbers.
type corpus struct {
	vocabulary *vocabulary
	words      []uint32 // by position; position 0 belongs to no question, and word 0 is none of theirs
	owner      []int32  // by position: the question
}

// grams are the n-grams of the corpus for one n.
//
// They lie in a table with open addressing. Equal ones form a chain by falling position, so that those of one question stand together. Of
// these there are a few at most: a question that repeats itself thousands of times must not cost thousands of steps a word.
type grams struct {
	n      int
	power  uint64 // base to the nth
	slots  []slot // a power of two of them, at most half filled
	chain  []uint32
	corpus *corpus
}

// A slot is an n-gram, or empty.
type slot struct {
	tag  uint32 // of the hash
	head uint32 // its last position in the corpus; 0: empty
}

const (
	base      = 0x9E3779B97F4A7C15 // of the rolling hash, any odd number with bits all over it
	common    = ^uint32(0)         // in place of a chain: an n-gram that says nothing
	maxChain  = 16                 // positions of an n-gram in one question, at most
	leastSize = 16
)

// newGrams returns an empty table for a number of n-grams.
func newGrams(c *corpus, n, count int) *grams {
	size := leastSize
	for size < 2*count {
		size *= 2
	}
	g := &grams{n: n, power: 1, corpus: c, slots: make([]slot, size), chain: make([]uint32, len(c.words))}
	for range n {
		g.power *= base
	}
	return g
}

// roll moves a hash on by a word: one comes in, and the one n words before it goes out.
func (g *grams) roll(hash uint64, in, out uint32) uint64 {
	return hash*base + uint64(in)*base - uint64(out)*base*g.power
}

// find returns the place of the slot of the n-gram whose words these are, or of the empty one where it would be.
func (g *grams) find(hash uint64, words []uint32) uint64 {
	mask := uint64(len(g.slots) - 1)
	hash *= base
	tag := uint32(hash)
	for i := hash >> 32 & mask; ; i = (i + 1) & mask {
		s := &g.slots[i]
		if s.head == 0 || s.tag == tag && g.is(s.head, words) {
			return i
		}
	}
}

// is reports whether the n-gram at a position has these words.
func (g *grams) is(at uint32, words []uint32) bool {
	for i, w := range g.corpus.words[at : int(at)+g.n] {
		if w != words[i] {
			return false
		}
	}
	return true
}

// add takes in the n-grams of the question that stands from start to end.
func (g *grams) add(start, end int) {
	var hash uint64
	all := g.corpus.words
	for i := start; i < end; i++ {
		var out uint32
		if i-start >= g.n {
			out = all[i-g.n]
		}
		hash = g.roll(hash, all[i], out)
		if first := i - g.n + 1; first >= start {
			g.put(hash, uint32(first))
		}
	}
}

func (g *grams) put(hash uint64, at uint32) {
	s := &g.slots[g.find(hash, g.corpus.words[at:int(at)+g.n])]
	s.tag = uint32(hash * base)
	owner, p := g.corpus.owner[at], s.head
	for range maxChain - 1 {
		if p == 0 || g.corpus.owner[p] != owner {
			g.chain[at], s.head = s.head, at
			return
		}
		p = g.chain[p]
	}
	// Full: the newest position takes the place of the one before it, which keeps the order and the number.
	g.chain[at], s.head = g.chain[s.head], at
}

// settle ends the adding: n-grams of too many questions are marked as common, and count is told of every other one of every question.
func (g *grams) settle(questions int, count func(owner int32)) {
	for i := range g.slots {
		s := &g.slots[i]
		if s.head == 0 {
			continue
		}
		of := 0
		for range g.owners(s.head) {
			of++
		}
		if of >= commonLeast && (of > commonQuestions || of*commonShare > questions) {
			g.chain[s.head] = common
			continue
		}
		for owner := range g.owners(s.head) {
			count(owner)
		}
	}
}

// owners yields the questions of a chain, each once.
func (g *grams) owners(head uint32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		before := int32(-1)
		for p := head; p != 0; p = g.chain[p] {
			if owner := g.corpus.owner[p]; owner != before {
				before = owner
				if !yield(owner) {
					return
				}
			}
		}
	}
}
