package grade

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"ftrun/runner/wordchars"
)

// mtevalSequence returns the tokens of a text as ids, after each went through form: those of mteval-v13a, by which translations are
// scored, called 13a in sacrebleu. Case is kept. Punctuation and symbols are tokens of their own but for apostrophes, for full stops and
// commas between digits, and for hyphens that follow no digit; a hyphen at the end of a line joins it to the next. The SGML of mteval's own files, such as
// &amp;, is not undone. Beyond mteval, each rune of a script without spaces between words is a token, as in [RougeL].
// Source: mteval-v13a.pl of NIST, as sacrebleu has it in tokenizer_13a.py.
func (v *vocabulary) mtevalSequence(text string, form func([]byte) []byte) []int32 {
	ids := make([]int32, 0, len(text)/bytesPerToken)
	rest := spaced(text)
	for len(rest) > 0 {
		var token []byte
		if token, rest = nextField(rest); len(token) > 0 {
			ids = append(ids, v.add(form(token)))
		}
	}
	return ids
}

// nextField returns the first token of a text, which is empty where white space comes first, and the text after it.
func nextField(text []byte) (token, rest []byte) {
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		switch {
		case unicode.IsSpace(r):
			return text[:i], text[i+size:]
		case r >= utf8.RuneSelf && unicode.IsLetter(r) && wordchars.KindOf(r) == wordchars.Whole:
			if i == 0 {
				i = size
			}
			return text[:i], text[i:]
		}
		i += size
	}
	return text, nil
}

// spaced puts blanks around what is a token of its own.
func spaced(text string) []byte {
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	text = strings.NewReplacer("-\n", "", "\n", " ").Replace(text)
	out := make([]byte, 0, len(text)+len(text)/4+2)
	out = append(out, ' ')
	for i := range len(text) {
		if c := text[i]; standsAlone(c) {
			out = append(out, ' ', c, ' ')
		} else {
			out = append(out, c)
		}
	}
	out = append(out, ' ')
	out = splitPairs(out, func(c, next byte) bool { return !isDigit(c) && isPoint(next) }, false)
	out = splitPairs(out, func(c, next byte) bool { return isPoint(c) && !isDigit(next) }, true)
	return splitPairs(out, func(c, next byte) bool { return isDigit(c) && next == '-' }, false)
}

// splitPairs separates the pairs of bytes that match, from left to right, none overlapping another, and puts a blank after them, or before.
func splitPairs(text []byte, match func(c, next byte) bool, before bool) []byte {
	if !bytes.ContainsAny(text, ".,-") {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	for i := 0; i < len(text); i++ {
		switch {
		case i+1 == len(text) || !match(text[i], text[i+1]):
			out = append(out, text[i])
			continue
		case before:
			out = append(out, ' ', text[i], ' ', text[i+1])
		default:
			out = append(out, text[i], ' ', text[i+1], ' ')
		}
		i++
	}
	return out
}

// standsAlone reports whether a byte is a token wherever it stands: ASCII punctuation but for ' , - and the full stop.
func standsAlone(c byte) bool {
	switch c {
	case '\'', ',', '-', '.':
		return false
	default:
		return ' ' < c && c < utf8.RuneSelf-1 && wordchars.LowerASCII(c) == 0
	}
}

func isPoint(c byte) bool { return c == '.' || c == ',' }

// asToken is the form of tokens that are compared as they are.
func asToken(token []byte) []byte { return token }
