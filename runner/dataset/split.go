package dataset

import (
	"crypto/sha256"
	"encoding/binary"
)

// A split draws the examples that are held out for validation. Whether one is drawn depends on the seed and on what it asks, and on no other
// example: rows that are added or moved change nothing for those that were there, and examples that ask the same stay together.
type split struct {
	share float64 // 0: none is drawn
	seed  int
}

// draws reports whether examples that ask this are held out.
func (s split) draws(asked []byte) bool {
	if s.share == 0 {
		return false
	}
	digest := sha256.New()
	digest.Write(binary.BigEndian.AppendUint64(nil, uint64(s.seed)))
	digest.Write(asked)
	const whole = 1 << 53 // what a float64 can count in ones
	n := binary.BigEndian.Uint64(digest.Sum(nil)) >> 11
	return float64(n) < s.share*whole
}
