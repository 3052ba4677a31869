// Package wordchars says which characters make words. What cuts text into words for comparing it, graders and the search for test questions in
// training data, goes by the same ones, and each by rules of its own for what stands between them.
package wordchars

import "unicode"

// LowerASCII returns a letter of ASCII in lower case, or a digit as it is, and 0 for every other byte.
func LowerASCII(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	default:
		return 0
	}
}

// A Kind is what a character does to a word.
type Kind int

// The kinds of characters.
const (
	Between Kind = iota // ends a word: space, punctuation, symbols
	Part                // begins a word or continues one: letters and numbers
	OnPart              // a mark, such as an accent: continues a word and begins none
	Whole               // is a word by itself, in scripts that put no spaces between words
)

// KindOf returns the kind of a character, by its category and script in Unicode.
func KindOf(r rune) Kind {
	switch {
	case !unicode.In(r, unicode.L, unicode.N, unicode.M):
		return Between
	case spaceless(r):
		return Whole
	case unicode.IsMark(r):
		return OnPart
	default:
		return Part
	}
}

// spaceless reports whether a character is of a script that puts no spaces between words.
func spaceless(r rune) bool {
	const (
		first     = 0x0E00 // of Thai; a short cut for most text
		prolonged = 'ー'    // with its half width below: Hiragana and Katakana share it, hence it is in neither's table
		halfwidth = 'ｰ'
	)
	return r >= first && (r == prolonged || r == halfwidth ||
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}
