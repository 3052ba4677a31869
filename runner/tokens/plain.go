package tokens

import (
	"math/bits"
	"unicode/utf8"

	"ftrun/runner/tokens/internal/ranktable"
)

// Of the pieces of English prose, 99 in 100 are plain: a word of up to 14 letters of ASCII with at most its first one a capital, and at
// most one sign or blank before it; up to three digits; a few signs. On those, the expressions of [cutO200K] and [cutCL100K] differ in
// little, and eight bytes show where such a piece ends. Masked to the piece's own bytes, they are at once the key that the worker
// remembers it by, so that nothing is read twice. What is not plain, or might not be, is left to the cutters, one piece at a time.

// ahead is how many bytes a plain piece is sought in.
const ahead = 16

// A window is a stretch of text as plain reads it. Blanks follow the end of the text: every plain piece ends before a blank where it
// would end at the text's end, so that the last pieces can be loaded like all others.
type window [1 << 12]byte

const blanks = "                " // as many as are looked ahead

// over returns the window over the first bytes of text.
func (v *window) over(text string) []byte {
	n := copy(v[:], text)
	if n < len(text) || n > len(v)-ahead {
		return v[:min(n, len(v)-ahead)]
	}
	return v[:n+copy(v[n:n+ahead], blanks)]
}

// plain counts the tokens of the plain pieces from text[i] on, and returns where they end. Words and signs are looked up apart: where one
// look-up serves both, GSM8K takes a sixth longer.
func (w *worker) plain(text []byte, i int) (end, count int) {
	for i+ahead <= len(text) {
		word, more := load8(text, i), uint64(0)
		var outside uint64 // the bytes that are not of the word
		switch ascii[byte(word)] {
		case lower, upper:
			outside = notLetters(word | capital | w.fold)
		case blank, sign:
			outside = notLetters(word|capital<<8|w.fold) &^ 0xff // what stands before a word is of the piece
			if outside&0xff00 == 0 && byte(word) != '\'' {
				break
			}
			n := signs(word)
			if n == 0 {
				return i, count
			}
			if n == 1 {
				count++
			} else {
				count += w.signs(text[i:i+n], word)
			}
			i += n
			continue
		case number:
			// Up to three digits are one token, whichever they are.
			n := bits.TrailingZeros64(notDigits(word)|0x80<<24) / 8
			if n < 3 && byte(word>>(8*n&63)) >= utf8.RuneSelf {
				return i, count
			}
			i += n
			count++
			continue
		case newline:
			if ascii[byte(word>>8)]&(letters|number|sign) == 0 {
				return i, count
			}
			i++
			count++
			continue
		default:
			return i, count
		}
		var n int
		var after byte
		if outside != 0 {
			n = bits.TrailingZeros64(outside) / 8
			after = byte(word >> (8 * n & 63))
			word &= before(outside)
		} else {
			more = load8(text, i+8)
			outside = notLetters(more | w.fold)
			if outside == 0 {
				return i, count
			}
			n = bits.TrailingZeros64(outside) / 8
			after = byte(more >> (8 * n & 63))
			more &= before(outside)
			n += 8
		}
		if !ends[after] {
			return i, count
		}
		hash := ranktable.Hash(word, more, n)
		if m := &w.seen[hash>>(64-placeBits)].first; m.is(word, more, n) {
			count += m.count()
		} else {
			count += w.learn(string(text[i:i+n]), word, more, hash)
		}
		i += n
	}
	return i, count
}

// signs returns the number of tokens of a piece of less than eight bytes, with which a word begins.
func (w *worker) signs(piece []byte, word uint64) int {
	n := len(piece)
	word &= 1<<(8*n&63) - 1
	hash := ranktable.Hash(word, 0, n)
	if m := &w.seen[hash>>(64-placeBits)].first; m.is(word, 0, n) {
		return m.count()
	}
	return w.learn(string(piece), word, 0, hash)
}

// signs returns the length of the piece that a word begins with, where that is one blank, or a few signs with at most one line end after
// them, and otherwise 0.
func signs(word uint64) (n int) {
	class := func(k int) class { return ascii[byte(word>>(8*k&63))] }
	switch next := class(1); {
	case byte(word) == '\'': // may begin a contraction
		return 0
	case class(0) == blank && next != number && (byte(word) != ' ' || next != sign): // more blanks, or a blank that signs do not take
		return 0
	}
	for n = 1; n < 6 && class(n) == sign; n++ {
	}
	if class(n) == newline {
		n++
		if class(n) == newline || byte(word>>(8*n&63)) == '/' {
			return 0
		}
		return n
	}
	if class(n)&(letters|number|blank) == 0 {
		return 0
	}
	return n
}

// ends tells the bytes that every word ends before: no letters, nor what may be one or a contraction.
var ends = func() (table [256]bool) {
	for b := range table {
		table[b] = ascii[b]&(number|newline|blank|sign) != 0 && b != '\''
	}
	return table
}()

const (
	each    = 0x0101010101010101
	top     = each * 0x80
	capital = 'a' - 'A' // the bit that capitals lack
)

// notLetters returns the top bits of those bytes of a word that are no letters a to z.
func notLetters(word uint64) uint64 {
	low := word &^ top
	return (low + each*(0x80-'z'-1) | word | ^(low + each*(0x80-'a'))) & top
}

// notDigits returns the top bits of those bytes of a word that are no digits.
func notDigits(word uint64) uint64 {
	return (word&^top ^ each*'0' + each*(0x80-10) | word) & top
}

// before returns all bits of the bytes before the first one whose top bit is set.
func before(tops uint64) uint64 { return (tops ^ (tops - 1)) >> 8 }
