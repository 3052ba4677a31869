package tokens

import (
	"unicode/utf8"

	"ftrun/runner/tokens/internal/ranktable"
)

// An encoding is what one of our own counters is made of.
type encoding struct {
	ranks *ranktable.Table
	cut   func(t *classes, text string, i int) (end int)
	fold  uint64 // the bits that capitals lack, in those bytes of a word where they are letters like others
}

// A worker counts for one caller at a time. It remembers how many tokens short pieces have, 512 KB of them, because most pieces of a
// text were there before.
type worker struct {
	encoding
	classes *classes // nil until a text needs them
	merger  merger
	window  window
	seen    [1 << placeBits]place
}

const placeBits = 14

// A place has the two pieces of its hash that were asked for last, in one line of the processor's cache. With one piece in a place, of
// twice as many, common pieces drive out each other: rows of GSM8K then miss twice as often.
type place struct{ first, second memory }

// A memory is a piece of up to [ranktable.Short] bytes as [ranktable.Words] gives it. The upper byte of hi has the piece's length and
// its tokens, four bits each; a length of 0 is no memory.
type memory struct{ lo, hi uint64 }

// is tells whether m is of the piece of n bytes that two words hold.
func (m *memory) is(lo, hi uint64, n int) bool {
	return m.lo == lo && m.hi&^(15<<56) == hi|uint64(n)<<60
}

func (m *memory) count() int { return int(m.hi >> 56 & 15) }

func newWorker(e encoding) *worker {
	return &worker{encoding: e, merger: merger{ranks: e.ranks}}
}

// count returns the number of tokens of a text.
func (w *worker) count(text string) int {
	text = w.readable(text)
	sum := 0
	for i := 0; i < len(text); {
		start, view := i, w.window.over(text[i:])
		for i < len(text) && i-start+ahead <= len(view) {
			end, plain := w.plain(view, i-start)
			i = start + end
			sum += plain
			if i < len(text) {
				end := w.cut(w.classes, text, i)
				sum += w.piece(text, i, end-i)
				i = end
			}
		}
	}
	return sum
}

// readable returns text with U+FFFD for every byte that is no UTF-8, which is how tiktoken-go reads them.
func (w *worker) readable(text string) string {
	if isASCII(text) {
		return text
	}
	if w.classes == nil {
		w.classes = allClasses()
	}
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

func isASCII(text string) bool {
	const high = 0x8080808080808080
	i := 0
	for ; i+32 <= len(text); i += 32 {
		if (load8(text, i)|load8(text, i+8)|load8(text, i+16)|load8(text, i+24))&high != 0 {
			return false
		}
	}
	for ; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// piece returns the number of tokens of the piece text[i:i+n].
func (w *worker) piece(text string, i, n int) int {
	if n > ranktable.Short {
		if w.ranks.Rank(text, i, n) != ranktable.None {
			return 1
		}
		return len(w.merger.merge(text, i, n))
	}
	if n == 1 {
		return 1
	}
	lo, hi := ranktable.Words(text, i, n)
	hash := ranktable.Hash(lo, hi, n)
	if m := &w.seen[hash>>(64-placeBits)].first; m.is(lo, hi, n) {
		return m.count()
	}
	return w.learn(text[i:i+n], lo, hi, hash)
}

// learn returns the number of tokens of a short piece that is not the first one in its place, and makes it the first.
func (w *worker) learn(piece string, lo, hi, hash uint64) int {
	p := &w.seen[hash>>(64-placeBits)]
	if p.second.is(lo, hi, len(piece)) {
		p.first, p.second = p.second, p.first
		return p.first.count()
	}
	count := 1
	if w.ranks.Find(hash, piece) == ranktable.None {
		count = len(w.merger.merge(piece, 0, len(piece)))
	}
	p.first, p.second = memory{lo, hi | uint64(len(piece))<<60 | uint64(count)<<56}, p.first
	return count
}
