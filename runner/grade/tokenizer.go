package grade

import (
	"unicode"
	"unicode/utf8"

	"ftrun/runner/wordchars"
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
			if c = wordchars.LowerASCII(c); c != 0 {
				token = append(token, c)
			} else if len(token) > 0 {
				break
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(t.text[i:])
		kind := wordchars.KindOf(r)
		if len(token) > 0 && (kind == wordchars.Between || kind == wordchars.Whole) {
			break
		}
		i += size
		if kind == wordchars.Part || kind == wordchars.Whole || len(token) > 0 {
			token = utf8.AppendRune(token, unicode.ToLower(r))
		}
		if kind == wordchars.Whole {
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
