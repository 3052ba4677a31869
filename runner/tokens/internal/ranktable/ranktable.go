// Package ranktable holds the ranks of an encoding's tokens as one read-only block of bytes, which is used where it lies: nothing is
// loaded, and only the pages that are asked for come into memory.
//
// A block is a perfect hash table. A token's hash names a bucket, the bucket's pilot was chosen so that its tokens fall on slots of their
// own, and the slot says where the token's bytes stand and which rank it has. A look-up reads one pilot and one slot, whether it finds
// anything or not. Tokens that begin or end other tokens share their bytes.
//
//	header    4 x uint32   buckets, slots, bytes, length of the longest token
//	pilots    uint16 for each bucket
//	slots     uint64 for each slot: rank (18 bits), offset (21), length (8), the hash's low bits (17); all zero: empty
//	bytes     of the tokens
//
// All numbers are little-endian, and none is aligned.
package ranktable

import (
	"errors"
	"math/bits"
)

// None is the rank of what is no token. It is greater than every rank.
const None = 1<<rankBits - 1

// Short is the length of the longest text that [Words] takes.
const Short = 15

const (
	headerSize = 16
	pilotSize  = 2
	slotSize   = 8

	rankBits   = 18
	offsetBits = 21
	lengthBits = 8
	tagBits    = 64 - rankBits - offsetBits - lengthBits
)

// The constants of the hash: odd, and with about as many ones as zeros.
const (
	golden = 0x9e3779b97f4a7c15
	second = 0xd6e8feb86659fd93
)

// A Table gives the ranks of tokens. It is safe for concurrent use.
type Table struct {
	pilots, slots, bytes string
	buckets, size        uint64
	longest              int
}

// Open returns the table in a block that [Build] made.
func Open(block string) (*Table, error) {
	if len(block) < headerSize {
		return nil, errors.New("open rank table: no header")
	}
	t := &Table{buckets: uint64(load4(block, 0)), size: uint64(load4(block, 4)), longest: int(load4(block, 12))}
	pilots, slots := pilotSize*t.buckets, slotSize*t.size
	if uint64(len(block)) != headerSize+pilots+slots+uint64(load4(block, 8)) {
		return nil, errors.New("open rank table: its length is not what the header says")
	}
	block = block[headerSize:]
	t.pilots, t.slots, t.bytes = block[:pilots], block[pilots:pilots+slots], block[pilots+slots:]
	return t, nil
}

// Rank returns the rank of text[i:i+n] as a token, or [None]. Bytes beyond are read and change nothing.
func (t *Table) Rank(text string, i, n int) uint32 {
	if n <= Short {
		lo, hi := Words(text, i, n)
		return t.Find(Hash(lo, hi, n), text[i:i+n])
	}
	if n > t.longest {
		return None
	}
	return t.Find(hashLong(text[i:i+n]), text[i:i+n])
}

// Find is [Table.Rank] of a token whose hash is known.
func (t *Table) Find(hash uint64, token string) uint32 {
	pilot := load2(t.pilots, pilotSize*bucketOf(hash, t.buckets))
	slot := load8(t.slots, slotSize*slotOf(hash, pilot, t.size))
	if slot>>(64-tagBits) != hash&(1<<tagBits-1) {
		return None
	}
	start := slot >> rankBits & (1<<offsetBits - 1)
	length := slot >> (rankBits + offsetBits) & (1<<lengthBits - 1)
	if int(length) != len(token) || t.bytes[start:start+length] != token {
		return None
	}
	return uint32(slot & (1<<rankBits - 1))
}

// Words returns text[i:i+n] as the low bytes of two words, for n up to [Short]. The upper byte of hi is 0.
func Words(text string, i, n int) (lo, hi uint64) {
	if i+8 > len(text) {
		return lastWord(text[i : i+n]), 0
	}
	lo = load8(text, uint64(i))
	switch {
	case n > 8:
		return lo, load8(text, uint64(i+n-8)) >> (8 * (16 - n))
	case n < 8:
		return lo & (1<<(8*n) - 1), 0
	}
	return lo, 0
}

// lastWord is for what ends less than eight bytes after the text does.
func lastWord(s string) (word uint64) {
	for i := range len(s) {
		word |= uint64(s[i]) << (8 * i)
	}
	return word
}

// Hash returns the hash of n bytes, which [Words] put into two words.
func Hash(lo, hi uint64, n int) uint64 {
	return fold(lo^golden, hi^uint64(n)<<56^second)
}

// hashLong returns the hash of a text that is longer than [Short].
func hashLong(s string) uint64 {
	h := uint64(len(s)) * second
	for ; len(s) > 8; s = s[8:] {
		h = fold(h^golden, load8(s, 0)^second)
	}
	return fold(h^golden, lastWord(s)^second)
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// bucketOf and slotOf spread a hash over n places.
func bucketOf(hash, n uint64) uint64 { return hash >> 32 * n >> 32 }

func slotOf(hash uint64, pilot uint16, n uint64) uint64 {
	return (hash ^ uint64(pilot)*golden) * second >> 32 * n >> 32
}

func load2(s string, i uint64) uint16 {
	b := s[i : i+2]
	return uint16(b[0]) | uint16(b[1])<<8
}

func load4(s string, i uint64) uint32 {
	b := s[i : i+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func load8(s string, i uint64) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}
