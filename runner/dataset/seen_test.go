package dataset

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestSeen holds the table against maps, on examples that come again, alike or in conflict, often.
func TestSeen(t *testing.T) {
	type answered struct{ asked, learnt uint64 }
	var s seen
	firsts, answers, lines := map[uint64]uint32{}, map[answered]uint32{}, map[identity]uint32{}
	random := rand.New(rand.NewPCG(1, 2))
	hash := func(n uint64) uint64 { return mix(n, 7) * 0xD6E8FEB86659FD93 } // so that the upper halves differ too
	for row := uint32(1); row <= 300_000; row++ {
		a := answered{hash(random.Uint64N(60_000)), hash(random.Uint64N(4))}
		line := hash(random.Uint64N(3))
		id := identity{line, a.asked, a.learnt}
		want, at := isNew, uint32(0)
		if same, ok := lines[id]; ok {
			want, at = isSame, same
		} else if first, ok := answers[a]; ok {
			want, at = isAlike, first
		} else if first, ok := firsts[a.asked]; ok {
			want, at = isConflict, first
		}
		if got, where := s.meet(id, row); got != want || where != at {
			t.Fatalf("row %d: found %d of row %d, want %d of row %d", row, got, where, want, at)
		}
		if _, ok := firsts[a.asked]; !ok {
			firsts[a.asked] = row
		}
		if _, ok := answers[a]; !ok {
			answers[a] = row
		}
		if _, ok := lines[id]; !ok {
			lines[id] = row
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

// TestFolded holds text that is taken eight bytes at a time against the plain way.
func TestFolded(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	letters := []rune("aAzZ@[`{09 \t\n\u00a0\u2003éÉİß中~\u007f\u0001   ")
	for range 200_000 {
		var text []rune
		for range random.IntN(40) {
			text = append(text, letters[random.IntN(len(letters))])
		}
		want := strings.Join(strings.Fields(strings.ToLower(string(text))), " ")
		if got := string(appendFolded([]byte("x "), string(text))); got != "x "+want {
			t.Fatalf("%q: %q, want %q", string(text), got, "x "+want)
		}
	}
}
