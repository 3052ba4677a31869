package embedded

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// A span is where a token lies in its text.
type span struct {
	start, end int
	word       bool // letters or digits, not punctuation
}

// tokens yields the tokens of a text from left to right.
//
// The engine's token is a run of letters, digits and marks, or any other rune that is not a space; each rune of a script that writes no
// spaces is one too. It stands in for the service's tokens, which are somewhat shorter: the engine's counts are honest counts of these.
func tokens(text string) iter.Seq[span] {
	return func(yield func(span) bool) {
		open := -1 // where the run began that has not ended yet
		for i, r := range text {
			inWord := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
			if inWord && !unspaced(r) {
				if open < 0 {
					open = i
				}
				continue
			}
			if open >= 0 && !yield(span{open, i, true}) {
				return
			}
			open = -1
			if !unicode.IsSpace(r) && !yield(span{i, i + runeLen(text[i:]), inWord}) {
				return
			}
		}
		if open >= 0 {
			yield(span{open, len(text), true})
		}
	}
}

// runeLen is the length of the first rune of s, which is 1 for a byte that is not UTF-8.
func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r,
		unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// countTokens counts the tokens of a text.
func countTokens(text string) int {
	n := 0
	for range tokens(text) {
		n++
	}
	return n
}

// firstTokens cuts a text after n tokens and says whether any were cut off.
func firstTokens(text string, n int) (string, bool) {
	end := 0
	for token := range tokens(text) {
		if n == 0 {
			return text[:end], true
		}
		n--
		end = token.end
	}
	return text, false
}

// tokenHashes returns a number for each token, by which the tokens of two texts are compared.
func tokenHashes(text string) []uint32 {
	var hs []uint32
	for t := range tokens(text) {
		hs = append(hs, uint32(hashString(0, text[t.start:t.end])))
	}
	return hs
}

// agreement is the share of the wanted tokens that the given text has at the same place, in 0..1; 1 where nothing is wanted.
func agreement(given, wanted []uint32) float64 {
	if len(wanted) == 0 {
		return 1
	}
	same := 0
	for i := range min(len(given), len(wanted)) {
		if given[i] == wanted[i] {
			same++
		}
	}
	return float64(same) / float64(len(wanted))
}
