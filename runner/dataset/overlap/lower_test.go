package overlap

import (
	"math/rand/v2"
	"testing"

	"ftrun/runner/wordchars"
)

// TestLowerRun holds eight bytes at once to what is said of each byte.
func TestLowerRun(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	check := func(text string) {
		lower, length := lowerRun(load(text, 0))
		want := 0
		for want < min(len(text), 8) && wordchars.LowerASCII(text[want]) != 0 {
			want++
		}
		if length != want {
			t.Fatalf("%q begins with %d letters and digits, want %d", text, length, want)
		}
		for i := range length {
			if got, want := byte(lower>>(8*i)), wordchars.LowerASCII(text[i]); got != want {
				t.Fatalf("%q has %q at %d, want %q", text, got, i, want)
			}
		}
	}
	for c := range 256 { // each byte before and behind each kind of neighbour
		for _, by := range []string{"a", "Z", "0", "\x00", "\x7f", "\x80", "\xff"} {
			check(by + string([]byte{byte(c)}) + by + "aaaaa")
			check("aaaaa" + by + string([]byte{byte(c)}) + by)
		}
	}
	for range 100_000 {
		text := make([]byte, random.IntN(10))
		for i := range text {
			text[i] = "azAZ09/:@[`{ \x7f\x80\xe1\xff"[random.IntN(17)]
		}
		check(string(text))
	}
}
