package overlap

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// A vocabulary numbers words from 1. Most words of most examples are looked up in vain, so it is a table with open addressing that answers
// for a word of eight bytes or fewer by one comparison of numbers.
type vocabulary struct {
	slots []wordSlot // a power of two of them, a quarter of them filled at most
	text  []byte     // all words, one after the other
	ends  []int      // by number, in text; 0 is none
}

// A wordSlot is a word, or empty.
type wordSlot struct {
	key    uint64 // of the word
	number uint32 // 0: empty
	length uint32 // in bytes
}

// keyBytes is how long a word is whose key is the word itself.
const keyBytes = 8

var seed = maphash.MakeSeed() // nobody can write words that all lie in one place

var scatter = maphash.String(seed, "")

func newVocabulary() *vocabulary {
	return &vocabulary{slots: make([]wordSlot, leastSize), ends: []int{0}}
}

func (v *vocabulary) len() int { return len(v.ends) - 1 }

// wordKey returns the key of the word at text[start:end]. It looks at bytes behind the word where there are any, and leaves them out.
func wordKey(text []byte, start, end int) uint64 {
	switch n := end - start; {
	case n > keyBytes:
		return maphash.Bytes(seed, text[start:end])
	case cap(text) >= start+keyBytes:
		return binary.LittleEndian.Uint64(text[start:start+keyBytes]) & (^uint64(0) >> (8 * uint(keyBytes-n)))
	default:
		var word [keyBytes]byte
		copy(word[:], text[start:end])
		return binary.LittleEndian.Uint64(word[:])
	}
}

// place returns where the search for a key begins.
func (v *vocabulary) place(key uint64) uint64 {
	high, low := bits.Mul64(key^scatter, base)
	return high ^ low
}

// slot returns the slot of a word, or the empty one where it would be.
func (v *vocabulary) slot(key uint64, word []byte) *wordSlot {
	mask := uint64(len(v.slots) - 1)
	for i := v.place(key); ; i++ {
		s := &v.slots[i&mask]
		if s.number == 0 || s.key == key && int(s.length) == len(word) && (len(word) <= keyBytes || bytes.Equal(v.word(s.number), word)) {
			return s
		}
	}
}

// word returns the word that has a number.
func (v *vocabulary) word(number uint32) []byte { return v.text[v.ends[number-1]:v.ends[number]] }

// find returns the number of the word at text[start:end]; 0: it has none.
func (v *vocabulary) find(text []byte, start, end int) uint32 {
	key := wordKey(text, start, end)
	if end-start > keyBytes {
		return v.slot(key, text[start:end]).number
	}
	length, mask := uint32(end-start), uint64(len(v.slots)-1)
	for i := v.place(key); ; i++ {
		switch s := &v.slots[i&mask]; {
		case s.number == 0:
			return 0
		case s.key == key && s.length == length:
			return s.number
		}
	}
}

// take returns the number of a word, which it gets now if it had none.
func (v *vocabulary) take(word []byte) uint32 {
	key := wordKey(word, 0, len(word))
	s := v.slot(key, word)
	if s.number != 0 {
		return s.number
	}
	v.text = append(v.text, word...)
	v.ends = append(v.ends, len(v.text))
	*s = wordSlot{key: key, number: uint32(v.len()), length: uint32(len(word))}
	number := s.number
	if 4*v.len() > len(v.slots) {
		v.grow()
	}
	return number
}

func (v *vocabulary) grow() {
	old := v.slots
	v.slots = make([]wordSlot, 2*len(old))
	for _, s := range old {
		if s.number != 0 {
			*v.slot(s.key, v.word(s.number)) = s
		}
	}
}
