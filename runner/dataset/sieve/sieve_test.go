package sieve_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ftrun/runner/dataset/sieve"
)

// plainly returns where words are in a text, as strings has it.
func plainly(words []sieve.Word, text string) []string {
	lower := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r | 0x20
		}
		return r
	}, text)
	list := []string{}
	for i, w := range words {
		in := lower
		if w.Exact {
			in = text
		}
		for at := range len(text) {
			if strings.HasPrefix(in[at:], w.Text) {
				list = append(list, fmt.Sprintf("%d at %d", i, at))
			}
		}
	}
	slices.Sort(list)
	return list
}

func sieved(s *sieve.Sieve, text string) []string {
	list := []string{}
	for i, at := range s.In(text) {
		list = append(list, fmt.Sprintf("%d at %d", i, at))
	}
	slices.Sort(list)
	return list
}

// FuzzIn holds that every word is found, wherever it stands, and nothing else: the words are a line, with blanks between them.
func FuzzIn(f *testing.F) {
	f.Add("key pat s. token AKIA secret api_key _[", "the Key to the PATENTS. akia: xxAKIAxx API_KEYtokenS. _{ secre")
	f.Add("aa aaa aaaa aaaaa aaaaaa", strings.Repeat("aA", 20))
	f.Add("ab ba", "abababababababab")
	f.Add("éé", "ééé ÉÉ")
	f.Fuzz(func(t *testing.T, line, text string) {
		var words []sieve.Word
		for word := range strings.FieldsSeq(line) {
			if len(word) >= 2 && strings.ToValidUTF8(word, "") == word {
				words = append(words, sieve.Word{Text: word, Exact: true})
				if lower := strings.ToLower(word); len(lower) >= 2 {
					words = append(words, sieve.Word{Text: lower})
				}
			}
		}
		text = strings.ToValidUTF8(text, "")
		s := sieve.New(words)
		got, want := sieved(s, text), plainly(words, text)
		if !slices.Equal(got, want) {
			t.Errorf("%q in %q: %v, want %v", line, text, got, want)
		}
		if s.Any(text) != (len(want) > 0) {
			t.Errorf("%q in %q: Any says %v", line, text, s.Any(text))
		}
	})
}

// TestEveryPlace has a word at every place of texts of every length up to a few times eight, among others that share its bytes.
func TestEveryPlace(t *testing.T) {
	words := []sieve.Word{{Text: "ab"}, {Text: "abc", Exact: true}, {Text: "cabd"}, {Text: "xabcde"}, {Text: "abcdefgh", Exact: true}}
	s := sieve.New(words)
	for _, w := range words {
		for before := range 20 {
			for after := range 20 {
				text := strings.Repeat("-", before) + w.Text + strings.Repeat("-", after)
				if got, want := sieved(s, text), plainly(words, text); !slices.Equal(got, want) {
					t.Errorf("%q: %v, want %v", text, got, want)
				}
			}
		}
	}
}

// TestAfter holds that what is said to follow a short word only takes places away where something else does.
func TestAfter(t *testing.T) {
	digit := []byte("0123456789")
	words := []sieve.Word{{Text: "sk", After: [2][]byte{digit, digit}}, {Text: "key", After: [2][]byte{digit, nil}}, {Text: "auth", After: [2][]byte{digit, nil}}}
	s := sieve.New(words)
	for _, w := range words {
		for before := range 10 {
			for _, after := range []string{"42", "4", "x", ""} {
				text := strings.Repeat("-", before) + w.Text + after
				got, want := sieved(s, text), plainly(words, text)
				if after == "42" && !slices.Equal(got, want) || !slices.Equal(got, want) && len(got) > 0 {
					t.Errorf("%q: %v, want %v", text, got, want)
				}
			}
		}
	}
}

// BenchmarkNew is what a few hundred words take before the first text.
func BenchmarkNew(b *testing.B) {
	var words []sieve.Word
	for i := range 340 {
		words = append(words, sieve.Word{Text: fmt.Sprintf("word%c%d", 'a'+i%26, i)[i%3:]})
	}
	for b.Loop() {
		sieve.New(words)
	}
}
