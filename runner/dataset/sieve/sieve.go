// Package sieve finds words in text, hundreds of them in one pass. It is made for text that has nearly none of them.
//
// A text is read two bytes at a time, so a word is looked up by four bytes that begin at an even place of the text: for a word that begins at an
// odd place these are others than for one at an even place. The two pairs of the four are looked up apart, in one table that has for each pair
// the groups of words that have it as their first, and as their second. Where a group has both, its words are compared. This is the way of Teddy
// in Intel's Hyperscan (https://github.com/intel/hyperscan), with pairs of bytes in place of its half bytes, because Go has no vectors.
//
// The four bytes of a word are those that are rarest in prose, and words share groups so that few pairs meet by chance.
package sieve

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// A Word is what is looked for.
type Word struct {
	Text  string // two bytes or more; in small letters where case doesn't matter
	Exact bool   // case matters
	// After has the bytes that may come right after the word, and the byte after that; nil: any. It only helps to pass words over: one of fewer
	// than four bytes may be found where others follow, and may not.
	After [2][]byte
}

// A Sieve is words, ready to be looked for. Nothing changes it any more, so several goroutines may use it.
type Sieve struct {
	words  []Word
	pairs  [1 << 16]uint64 // by two bytes with their sixth bits set: the groups that have them first, and, half a word higher, second
	groups [groups][]key
}

// A key is how a word is looked up.
type key struct {
	four, mask uint32 // the four bytes with their sixth bits set, and zero for those that are not the word's
	word       int
	at         int // where in the word the four bytes begin; -1: one before it
}

const (
	groups = 32
	small  = 0x2020202020202020 // makes letters small, and confuses some other bytes
)

// New returns a sieve of words.
func New(words []Word) *Sieve {
	s := &Sieve{words: words}
	s.fill()
	return s
}

// In yields the words in a text, by their index, and where each begins. Of those that begin within the same eight bytes any may be first.
func (s *Sieve) In(text string) iter.Seq2[int, int] {
	return func(yield func(word, at int) bool) { s.scan(text, yield) }
}

// Any says whether a text has one of the words.
func (s *Sieve) Any(text string) bool {
	found := false
	s.scan(text, func(int, int) bool { found = true; return false })
	return found
}

// scan looks at eight bytes at a time, and at the pair before them.
func (s *Sieve) scan(text string, yield func(word, at int) bool) {
	var before uint64 // eight bytes
	var last uint64   // what the table has for the last two of them
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := load(text, i) | small
		a, b, c, d := s.pairs[uint16(w)], s.pairs[uint16(w>>16)], s.pairs[uint16(w>>32)], s.pairs[uint16(w>>48)]
		if last&(a>>groups)|a&(b>>groups)|b&(c>>groups)|c&(d>>groups) != 0 && !s.compare(text, i-2, before, w, yield) {
			return
		}
		before, last = w, d
	}
	var rest [8]byte
	copy(rest[:], text[i:])
	s.compare(text, i-2, before, binary.LittleEndian.Uint64(rest[:])|small, yield)
}

// load returns eight bytes, the first in the lowest bits.
func load(text string, at int) uint64 {
	t := text[at : at+8]
	return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | // one instruction
		uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
}

// compare yields the words that are looked up by four bytes of these: the last two of before, which stand at a place of the text, and those that
// follow. It says whether to go on.
func (s *Sieve) compare(text string, at int, before, w uint64, yield func(word, at int) bool) bool {
	w, next := before>>48|w<<16, w>>48
	for i := range 4 {
		four := uint32(w)
		for both := s.pairs[uint16(four)] & (s.pairs[four>>16] >> groups); both != 0; both &= both - 1 {
			for _, k := range s.groups[bits.TrailingZeros64(both)] {
				start := at + 2*i - k.at
				if four&k.mask == k.four && s.words[k.word].at(text, start) && !yield(k.word, start) {
					return false
				}
			}
		}
		w = w>>16 | next<<48
	}
	return true
}

// at says whether the word is at a place of a text.
func (w *Word) at(text string, start int) bool {
	if start < 0 || len(text)-start < len(w.Text) {
		return false
	}
	text = text[start : start+len(w.Text)]
	if w.Exact {
		return text == w.Text
	}
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != w.Text[i] {
			return false
		}
	}
	return true
}
