package tokens

import (
	"math/bits"
	"unicode/utf8"
)

// The services cut a text into pieces by a regular expression before anything else, and no token crosses a cut. These functions cut
// as the expressions of tiktoken do, without an engine: each returns where the piece ends that begins at text[i].

// cutO200K is
//
//	[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//	|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
func cutO200K(t *classes, text string, i int) int {
	c, size := t.at(text, i)
	switch {
	case c&letters != 0:
		end, _ := t.word(text, i)
		return contraction(text, end)
	case c == number:
		return t.digits(text, i)
	case c == newline:
		return t.blanks(text, i)
	}
	start := i + size // of the word, if what stands at i is before one
	end, lowered := t.word(text, start)
	switch {
	case lowered:
		return contraction(text, end)
	case c == mark: // is a word by itself, which the first alternative prefers to standing before capitals
		return contraction(text, start)
	case end > start:
		return contraction(text, end)
	}
	return t.signs(text, i, true)
}

// cutCL100K is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func cutCL100K(t *classes, text string, i int) int {
	if end := contraction(text, i); end > i {
		return end
	}
	c, size := t.at(text, i)
	switch {
	case c&letters != 0:
		return t.letters(text, i)
	case c == number:
		return t.digits(text, i)
	case c == newline:
		return t.blanks(text, i)
	}
	start := i + size
	if end := t.letters(text, start); end > start {
		return end
	}
	return t.signs(text, i, false)
}

// word returns where a word of o200k_base ends: capitals, then small letters, where letters without case and marks are either. The
// first alternative wants a small letter at the end, and gives back capitals to have one that is either; where there is none, lowered is
// false and the word is all capitals, which is for the second alternative. No word at all: text[i:end] is empty.
func (t *classes) word(text string, i int) (end int, lowered bool) {
	for i < len(text) {
		c, size := t.at(text, i)
		if c == lower {
			return t.small(text, i), true
		}
		if c&(upper|letter|mark) == 0 {
			break
		}
		i += size
		if c != upper {
			end, lowered = i, true
		}
	}
	if lowered {
		return end, true
	}
	return i, false
}

// small returns where the small letters end.
func (t *classes) small(text string, i int) int {
	for {
		i = asciiRun(text, i, 0)
		if i == len(text) || text[i] < utf8.RuneSelf {
			return i
		}
		c, size := t.wide(text[i:])
		if c&(lower|letter|mark) == 0 {
			return i
		}
		i += size
	}
}

// letters returns where the letters end.
func (t *classes) letters(text string, i int) int {
	for {
		i = asciiRun(text, i, 'a'-'A')
		if i == len(text) || text[i] < utf8.RuneSelf {
			return i
		}
		c, size := t.wide(text[i:])
		if c&letters == 0 {
			return i
		}
		i += size
	}
}

// asciiRun returns where the letters a to z end, eight bytes at a time. Case is the bit that capitals lack, to take those too, or 0.
func asciiRun(text string, i int, fold byte) int {
	for ; i+8 <= len(text); i += 8 {
		if outside := notLetters(load8(text, i) | each*uint64(fold)); outside != 0 {
			return i + bits.TrailingZeros64(outside)/8
		}
	}
	for i < len(text) && 'a' <= text[i]|fold && text[i]|fold <= 'z' {
		i++
	}
	return i
}

func load8[S string | []byte](s S, i int) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// digits returns where a group of up to three numbers ends.
func (t *classes) digits(text string, i int) int {
	for n := 0; n < 3 && i < len(text); n++ {
		c, size := t.at(text, i)
		if c != number {
			break
		}
		i += size
	}
	return i
}

// signs returns where ` ?[^\s\p{L}\p{N}]+[\r\n]*` ends, with slashes among the line ends or without, or blanks where it has no match.
func (t *classes) signs(text string, i int, slashes bool) int {
	start := i
	if text[i] == ' ' {
		start++
	}
	end := t.run(text, start, sign|mark)
	if end == start {
		return t.blanks(text, i)
	}
	for end < len(text) && (text[end] == '\n' || text[end] == '\r' || slashes && text[end] == '/') {
		end++
	}
	return end
}

// blanks returns where `\s*[\r\n]+|\s+(?!\S)|\s+` ends: at the last line end of the white space; without one, before the last rune,
// which is left to the word that follows; but where the text ends or there is only that one, at the end.
func (t *classes) blanks(text string, i int) int {
	line, last, end := i, i, i
	for end < len(text) {
		c, size := t.at(text, end)
		if c&(blank|newline) == 0 {
			break
		}
		last, end = end, end+size
		if c == newline {
			line = end
		}
	}
	switch {
	case line > i:
		return line
	case end < len(text) && last > i:
		return last
	}
	return end
}

// contraction returns where 's, 't, 're, 've, 'm, 'll or 'd ends, in either case, or i where there is none. Only letters of ASCII count.
func contraction(text string, i int) int {
	if i < len(text) && text[i] == '\'' {
		return i + contracted(text[i+1:])
	}
	return i
}

// contracted returns the length of a contraction whose apostrophe stands before rest.
func contracted(rest string) int {
	if rest == "" {
		return 0
	}
	second := byte('e')
	switch rest[0] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	case 'l':
		second = 'l'
	case 'r', 'v':
	default:
		return 0
	}
	if len(rest) > 1 && rest[1]|0x20 == second {
		return 3
	}
	return 0
}
