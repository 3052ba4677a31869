package grade

import "math/bits"

// An index knows where each of some ids stands in a sequence: as bits of words of 64 positions, words without the id left out. Whole bit
// vectors for every id would take memory in the square of the sequence.
type index struct {
	length int
	first  []int32 // of id: blocks[first[id]:first[id+1]] are its words, ascending
	blocks []block
}

type block struct {
	word int32
	mask uint64
}

// newIndex indexes a sequence of ids from 0 up to, and without, distinct.
func newIndex(sequence []int32, distinct int) index {
	x := index{length: len(sequence), first: make([]int32, distinct+1)}
	last := make([]int32, distinct) // of id: 1 + the last word with it
	for position, id := range sequence {
		if word := int32(position/64) + 1; last[id] != word {
			last[id] = word
			x.first[id+1]++
		}
	}
	for id := range last {
		x.first[id+1] += x.first[id]
		last[id] = 0
	}
	x.blocks = make([]block, x.first[distinct])
	next := append([]int32(nil), x.first...) // of id: where its next block goes
	for position, id := range sequence {
		if word := int32(position/64) + 1; last[id] != word {
			last[id] = word
			x.blocks[next[id]].word = word - 1
			next[id]++
		}
		x.blocks[next[id]-1].mask |= 1 << (position % 64)
	}
	return x
}

// of returns the words with an id in them.
func (x *index) of(id int32) []block { return x.blocks[x.first[id]:x.first[id+1]] }

// An lcs is the state of a longest common subsequence between an indexed sequence and another one that is read id by id.
//
// It is the bit-parallel algorithm of Hyyrö (Bit-parallel LCS-length computation revisited, 2004): bit i is 0 where the common
// subsequence with the first i+1 ids is longer than with the first i. For each id of the other sequence, with m the bits where it stands,
//
//	v = (v + (v & m)) | (v &^ m)
//
// in which words without the id change only while a carry runs through them.
type lcs []uint64

func (x *index) lcs() lcs {
	v := make(lcs, (x.length+63)/64)
	for i := range v {
		v[i] = ^uint64(0)
	}
	return v
}

// read takes the next id of the other sequence, by the words of the index that have it.
func (v lcs) read(blocks []block) {
	word, carry := 0, uint64(0)
	for _, b := range blocks {
		for ; carry != 0 && word < int(b.word); word++ {
			v[word], carry = increment(v[word])
		}
		word = int(b.word)
		old := v[word]
		var sum uint64
		sum, carry = bits.Add64(old, old&b.mask, carry)
		v[word] = sum | old&^b.mask
		word++
	}
	for ; carry != 0 && word < len(v); word++ {
		v[word], carry = increment(v[word])
	}
}

// length returns how long the longest common subsequence is.
func (v lcs) length() int {
	n := 0
	for _, w := range v {
		n += bits.OnesCount64(^w)
	}
	return n
}

// increment is the step of read for a word without the id that a carry runs into.
func increment(v uint64) (next, carry uint64) {
	sum, carry := bits.Add64(v, 1, 0)
	return sum | v, carry
}
