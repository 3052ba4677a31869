package secrets

import (
	"encoding/binary"
	"strings"
	"unsafe"
)

// A filter finds words in one pass over a text: those of all anchors, or those that allow a secret. It looks up every four bytes of a text in a table of bits, and compares words only where
// a bit is set. Four bytes are taken in one read with their sixth bits set, which makes letters small and confuses some other bytes; the
// comparison afterwards does not.
type filter struct {
	bits    [1 << (hashBits - 6)]uint64
	entries []entry
	first   [1<<pairBits + 1]uint16 // by the hash of two bytes: where the entries begin that have them
}

// An entry is a word, and whose it is.
type entry struct {
	word   string // small letters, where case doesn't matter
	exact  bool
	key    int // where in the word the four bytes are that are looked up; they may reach beyond its end
	owners []owner
}

// An owner is a rule whose anchor has a word.
type owner struct {
	rule   *rule
	anchor *anchor
}

const (
	hashBits = 17
	pairBits = 12
	keyLen   = 4
	small    = 0x20202020 // makes letters small
	multiple = 0x9E3779B1 // of the hash, any odd number with bits all over it
)

func hash(key uint32) uint32 { return key * multiple >> (32 - hashBits) }
func pair(key uint32) uint32 { return (key & 0xFFFF) * multiple >> (32 - pairBits) }

// anchorsOf returns the words of the anchors of all rules.
func anchorsOf(list []*rule) []entry {
	byWord := map[string]int{}
	var entries []entry
	for _, r := range list {
		for _, a := range r.Anchors {
			for _, w := range a.Words {
				name := w
				if a.Exact {
					name = "=" + w
				}
				i, ok := byWord[name]
				if !ok {
					i = len(entries)
					byWord[name] = i
					entries = append(entries, entry{word: w, exact: a.Exact})
				}
				entries[i].owners = append(entries[i].owners, owner{r, a})
			}
		}
	}
	return entries
}

// newFilter returns the filter of words of two bytes or more.
func newFilter(entries []entry) *filter {
	f := &filter{}
	buckets := map[uint32][]entry{}
	for _, e := range entries {
		e.key = rareKey(e.word)
		b := pair(uint32(e.word[e.key]|0x20) | uint32(e.word[e.key+1]|0x20)<<8)
		buckets[b] = append(buckets[b], e)
		f.add(&e)
	}
	for i := range uint32(1 << pairBits) {
		f.first[i] = uint16(len(f.entries))
		f.entries = append(f.entries, buckets[i]...)
	}
	f.first[1<<pairBits] = uint16(len(f.entries))
	return f
}

// rareKey returns where in a word the four bytes begin by which it is looked up: different ones, no letters if possible, and early.
func rareKey(word string) int {
	best, most := 0, 0
	for i := 0; i+keyLen <= len(word); i++ {
		score := 0
		for j := i; j < i+keyLen; j++ {
			if strings.IndexByte(word[i:], word[j]) == j-i {
				score += 2
			}
			if word[j]|0x20 < 'a' || word[j]|0x20 > 'z' {
				score++
			}
		}
		if score > most {
			best, most = i, score
		}
	}
	return best
}

// add sets the bits of an entry: one where its word has four bytes, else one for every way in which it may go on.
func (f *filter) add(e *entry) {
	keys := []uint32{0}
	for i := range keyLen {
		var may []byte
		if e.key+i < len(e.word) {
			may = []byte{e.word[e.key+i] | 0x20}
		} else {
			may = e.after(e.key + i - len(e.word))
		}
		var longer []uint32
		for _, k := range keys {
			for _, b := range may {
				longer = append(longer, k|uint32(b)<<(8*i))
			}
		}
		keys = longer
	}
	for _, k := range keys {
		h := hash(k)
		f.bits[h/64] |= 1 << (h % 64)
	}
}

// after returns the bytes that may come so far after the word, with their sixth bits set.
func (e *entry) after(n int) []byte {
	var may [256]bool
	for _, o := range e.owners {
		steps, skip := o.anchor.Tail.steps, n
		for len(steps) > 0 && steps[0].Min == steps[0].Max && skip >= steps[0].Max {
			skip -= steps[0].Max
			steps = steps[1:]
		}
		class := "\x00\xff"
		if len(steps) > 0 && skip < steps[0].Min {
			class = steps[0].Class
		}
		for i := 0; i < len(class); i += 2 {
			for b := int(class[i]); b <= int(class[i+1]); b++ {
				may[b|0x20] = true
			}
		}
	}
	var list []byte
	for b, ok := range may {
		if ok || len(e.owners) == 0 && b&0x20 != 0 {
			list = append(list, byte(b))
		}
	}
	return list
}

// scan calls visit with every word in a text, and where it begins.
func (f *filter) scan(text string, visit func(e *entry, at int)) {
	raw := unsafe.Slice(unsafe.StringData(text), len(text))
	i := 0
	for ; i+8 <= len(raw); i += 5 { // eight bytes have five times four in them
		w := binary.LittleEndian.Uint64(raw[i:]) | small | small<<32
		a, b, c, d, e := uint32(w), uint32(w>>8), uint32(w>>16), uint32(w>>24), uint32(w>>32)
		if f.bit(a)|f.bit(b)|f.bit(c)|f.bit(d)|f.bit(e) == 0 {
			continue
		}
		for j, key := range [...]uint32{a, b, c, d, e} {
			if f.bit(key) != 0 {
				f.compare(text, key, i+j, visit)
			}
		}
	}
	for ; i < len(raw); i++ {
		var last [keyLen]byte
		copy(last[:], raw[i:])
		if key := binary.LittleEndian.Uint32(last[:]) | small; f.bit(key) != 0 {
			f.compare(text, key, i, visit)
		}
	}
}

// bit returns 1 where four bytes may be a word's.
func (f *filter) bit(key uint32) uint64 {
	h := hash(key)
	return f.bits[h/64] >> (h % 64) & 1
}

// compare calls visit for the entries whose word is there.
func (f *filter) compare(text string, key uint32, at int, visit func(e *entry, at int)) {
	b := pair(key)
	for i := f.first[b]; i < f.first[b+1]; i++ {
		e := &f.entries[i]
		start := at - e.key
		if start >= 0 && len(text)-start >= len(e.word) && sameWord(text[start:start+len(e.word)], e) {
			visit(e, start)
		}
	}
}

func sameWord(text string, e *entry) bool {
	if e.exact {
		return text == e.word
	}
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != e.word[i] {
			return false
		}
	}
	return true
}
