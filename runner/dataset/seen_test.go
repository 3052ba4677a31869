package dataset

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestSeen holds the table against maps, on examples that come again and conflict often.
func TestSeen(t *testing.T) {
	type pair struct{ prompt, reply uint64 }
	s := newSeen()
	firsts, both := map[uint64]uint32{}, map[pair]uint32{}
	random := rand.New(rand.NewPCG(1, 2))
	hash := func(n uint64) uint64 { return mix(n, 7) }
	for row := uint32(1); row <= 300_000; row++ {
		p := pair{hash(random.Uint64N(60_000)), hash(random.Uint64N(4))}
		want, at := isNew, uint32(0)
		if first, ok := both[p]; ok {
			want, at = isSame, first
		} else if first, ok := firsts[p.prompt]; ok {
			want, at = isConflict, first
		}
		if got, where := s.meet(p.prompt, p.reply, row); got != want || where != at {
			t.Fatalf("row %d: found %d of row %d, want %d of row %d", row, got, where, want, at)
		}
		if _, ok := firsts[p.prompt]; !ok {
			firsts[p.prompt] = row
		}
		if _, ok := both[p]; !ok {
			both[p] = row
		}
	}
}

// TestFirstControl holds the search of eight bytes at a time against that of one, with every byte at every place.
func TestFirstControl(t *testing.T) {
	for _, filler := range []byte{'a', ' ', '~', '\n', 0x80, 0xFF} {
		for n := range 20 {
			for at := range n {
				for c := range 256 {
					text := bytes.Repeat([]byte{filler}, n)
					text[at] = byte(c)
					if got, want := firstControl(string(text)), controlIn(string(text)); got != want {
						t.Fatalf("%q: %d, want %d", text, got, want)
					}
				}
			}
		}
	}
}

// TestAsWritten holds what is copied from the data against what would be written of its text.
func TestAsWritten(t *testing.T) {
	for text, want := range map[string]bool{
		"\"plain é 😀 \u2028\"":  true,
		`"\n\t\r\b\f\"\\ both"`: true,
		`"\/"`:                  false,
		`"\u00e9"`:              false,
		`"\u0007"`:              false,
		`7`:                     false,
	} {
		v := asWritten(jsontext.Value(text))
		if (v != nil) != want {
			t.Errorf("%s: %s", text, v)
		}
		if v != nil && string(appendQuoted(nil, unquote(v))) != text {
			t.Errorf("%s is written as %s", text, appendQuoted(nil, unquote(v)))
		}
	}
}
