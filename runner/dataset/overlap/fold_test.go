package overlap

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

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

// longFold folds a text the long way.
func longFold(text string) string {
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		return foldRune(r)
	}, norm.NFKC.String(strings.ToValidUTF8(text, "\uFFFD"))))
}

// shortFold folds it as it is folded, and ASCII too, which the scanner does else.
func shortFold(w *words, text string) string {
	if folded := w.fold(text); !isASCII(text) {
		return folded
	}
	return strings.ToLower(text)
}

// TestFoldOfEveryCharacter holds the short way for texts that are normal already to the long one, behind a letter and before a mark.
func TestFoldOfEveryCharacter(t *testing.T) {
	var w words
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		for _, text := range []string{"e" + string(r) + "A", string(r) + "\u0301"} {
			if got, want := shortFold(&w, text), longFold(text); got != want {
				t.Fatalf("%q is folded to %q, want %q", text, got, want)
			}
		}
	}
}

// FuzzFold does so for any text.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"кот и\u0306 пёс", "“Why?” — it’s", "İ ΟΔΟΣ H\u0331 ﷺ", "ｶﾞ゙ ก็ 水\u0301", "a\u00ad\u0301b \u200d", "\xff\u0301 \uFFFD", "ᄀ\u1161\u11a8 각"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, want := shortFold(new(words), text), longFold(text); got != want {
			t.Errorf("%q is folded to %q, want %q", text, got, want)
		}
	})
}
