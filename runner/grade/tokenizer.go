package grade

import (
	"unicode"
	"unicode/utf8"
)

// A tokenizer walks over the tokens of a text, as [RougeL] describes them.
type tokenizer struct {
	text  string
	at    int    // where to go on
	token []byte // lower case; good until the next call of next
}

// next moves to the next token and reports whether there is one. Pointers are written once a token, not once a character: the
// garbage collector watches such writes.
func (t *tokenizer) next() bool {
	token, i := t.token[:0], t.at
	for i < len(t.text) {
		if c := t.text[i]; c < utf8.RuneSelf { // most text, and several times faster this way
			if c = lowerASCII(c); c != 0 {
				token = append(token, c)
			} else if len(token) > 0 {
				break
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(t.text[i:])
		kind := classify(r)
		if len(token) > 0 && (kind == between || kind == alone) {
			break
		}
		i += size
		if kind == inWord || kind == alone || len(token) > 0 {
			token = utf8.AppendRune(token, unicode.ToLower(r))
		}
		if kind == alone {
			break
		}
	}
	t.token, t.at = token, i
	return len(token) > 0
}

// countTokens returns the number of tokens in text.
func countTokens(text string) int {
	n := 0
	for t := (tokenizer{text: text}); t.next(); {
		n++
	}
	return n
}

// lowerASCII returns a letter in lower case or a digit, and 0 for what stands between words.
func lowerASCII(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	default:
		return 0
	}
}

// What a rune does to tokens.
const (
	between = iota // ends a word
	inWord         // begins or continues a word
	onWord         // a mark: continues a word
	alone          // is a token
)

// spaceless are the scripts that put no spaces between words.
func spaceless(r rune) bool {
	const prolonged, halfwidthProlonged = 'ー', 'ｰ' // shared by Hiragana and Katakana, hence in neither's table
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r == prolonged || r == halfwidthProlonged
}

// classify says what a rune beyond ASCII does.
func classify(r rune) int {
	const firstSpaceless = 0x0E00 // Thai; a short cut for most text
	switch {
	case !unicode.In(r, unicode.L, unicode.N, unicode.M):
		return between
	case r >= firstSpaceless && spaceless(r):
		return alone
	case unicode.IsMark(r):
		return onWord
	default:
		return inWord
	}
}
