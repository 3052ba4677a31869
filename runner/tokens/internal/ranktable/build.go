package ranktable

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Buckets of four and one free slot in 65 keep the pilots within 16 bits.
const (
	perBucket = 4
	perFree   = 64
)

// An entry is a token on its way into the table.
type entry struct {
	token  string
	rank   int
	hash   uint64
	offset int // of its bytes
}

// Build returns the block of a table with the ranks of some tokens. The same ranks give the same block. It fails where a rank or a
// token is greater than the format holds.
func Build(ranks map[string]int) ([]byte, error) {
	entries := make([]entry, 0, len(ranks))
	longest := 0
	for token, rank := range ranks {
		if rank < 0 || rank >= None || token == "" || len(token) >= 1<<lengthBits {
			return nil, fmt.Errorf("build rank table: token %q of rank %d does not fit", token, rank)
		}
		longest = max(longest, len(token))
		entries = append(entries, entry{token: token, rank: rank, hash: hashOf(token)})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.rank, b.rank) })
	bytes := shareBytes(entries)
	if len(bytes) >= 1<<offsetBits {
		return nil, fmt.Errorf("build rank table: %d bytes of tokens do not fit", len(bytes))
	}
	pilots := make([]uint16, len(entries)/perBucket+1)
	slots := make([]uint64, len(entries)+len(entries)/perFree+1)
	if err := place(entries, pilots, slots); err != nil {
		return nil, fmt.Errorf("build rank table: %w", err)
	}
	var block []byte
	for _, n := range []int{len(pilots), len(slots), len(bytes), longest} {
		block = binary.LittleEndian.AppendUint32(block, uint32(n))
	}
	for _, p := range pilots {
		block = binary.LittleEndian.AppendUint16(block, p)
	}
	for _, s := range slots {
		block = binary.LittleEndian.AppendUint64(block, s)
	}
	return append(block, bytes...), nil
}

func hashOf(token string) uint64 {
	if len(token) > Short {
		return hashLong(token)
	}
	lo, hi := Words(token, 0, len(token))
	return Hash(lo, hi, len(token))
}

// shareBytes gives every entry its offset in the bytes that it returns.
func shareBytes(entries []entry) string {
	ends, ofEnd := containers(entries, reversed)     // tokens that end like others
	starts, ofStart := containers(entries, identity) // tokens that begin like others
	var bytes strings.Builder
	placed := make([]bool, len(entries))
	var locate func(i int) int
	locate = func(i int) int {
		e := &entries[i]
		switch {
		case placed[i]:
			return e.offset
		case starts[i]:
			e.offset = locate(ofStart[i])
		case ends[i]:
			e.offset = locate(ofEnd[i]) + len(entries[ofEnd[i]].token) - len(e.token)
		default:
			e.offset = bytes.Len()
			bytes.WriteString(e.token)
		}
		placed[i] = true
		return e.offset
	}
	for i := range entries {
		locate(i)
	}
	return bytes.String()
}

// containers tells which tokens, each turned by a function, are the start of another one, and of which.
func containers(entries []entry, turn func(string) string) (inside []bool, of []int) {
	order, turned := make([]int, len(entries)), make([]string, len(entries))
	for i, e := range entries {
		order[i], turned[i] = i, turn(e.token)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(turned[a], turned[b]) })
	inside, of = make([]bool, len(entries)), make([]int, len(entries))
	for k, i := range order[:max(0, len(order)-1)] {
		of[i] = order[k+1]
		inside[i] = strings.HasPrefix(turned[of[i]], turned[i])
	}
	return inside, of
}

func identity(s string) string { return s }

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// place fills the slots and chooses the pilots, the fullest buckets first, while there is room.
func place(entries []entry, pilots []uint16, slots []uint64) error {
	buckets := make([][]entry, len(pilots))
	order := make([]int, len(pilots))
	for i := range order {
		order[i] = i
	}
	for _, e := range entries {
		b := bucketOf(e.hash, uint64(len(pilots)))
		buckets[b] = append(buckets[b], e)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(buckets[b]), len(buckets[a])) })
	for _, b := range order {
		pilot := 0
		for ; !fill(buckets[b], uint16(pilot), slots); pilot++ {
			if pilot == math.MaxUint16 {
				return fmt.Errorf("no place for the %d tokens of bucket %d", len(buckets[b]), b)
			}
		}
		pilots[b] = uint16(pilot)
	}
	return nil
}

// fill puts the entries of a bucket into the slots that a pilot gives them, or none of them where one is taken.
func fill(bucket []entry, pilot uint16, slots []uint64) bool {
	for i, e := range bucket {
		at := slotOf(e.hash, pilot, uint64(len(slots)))
		if slots[at] != 0 {
			for _, undo := range bucket[:i] {
				slots[slotOf(undo.hash, pilot, uint64(len(slots)))] = 0
			}
			return false
		}
		tag := e.hash & (1<<tagBits - 1)
		slots[at] = tag<<(64-tagBits) | uint64(len(e.token))<<(rankBits+offsetBits) | uint64(e.offset)<<rankBits | uint64(e.rank)
	}
	return true
}
