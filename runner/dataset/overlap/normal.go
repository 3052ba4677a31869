package overlap

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ftrun/runner/wordchars"
)

// Normalize returns the normal form of a text: its words in lower case, with one blank between them. Texts that differ in case,
// punctuation, white space or compatible characters of Unicode (NFKC: full-width letters, ligatures, superscripts) have the same one.
//
// A word is a run of letters, marks and digits; in the scripts that put no spaces between words, such as Chinese and Thai, every character is
// one. Numbers are kept. So is what makes another question of it where punctuation would not: a sign of arithmetic before a number
// ("7 - 5" is not "7 + 5", but "covid-19" is "covid 19"), the percent sign after one, and + and # at the end of a word (C++, C#). Normalizing
// twice changes nothing more. A text without any word, such as a picture of a smile, has the normal form "".
func Normalize(text string) string {
	var w words
	w.read(text)
	return string(w.text)
}

// words are the words of a text, in its normal form.
type words struct {
	text []byte
	ends []int // of each word, in text
	memo *memo // nil: all was ASCII so far
}

func (w *words) len() int { return len(w.ends) }

// word returns the nth word.
func (w *words) word(n int) []byte {
	start := 0
	if n > 0 {
		start = w.ends[n-1] + 1
	}
	return w.text[start:w.ends[n]]
}

// read takes the words of a text in place of those that were there.
func (w *words) read(text string) {
	s := scanner{in: w.fold(text), text: w.text[:0], ends: w.ends[:0], memo: w.memo}
	s.text = slices.Grow(s.text, 2*len(s.in)+8) // a blank before every byte, and as much as is written and looked at at once
	s.scan()
	w.text, w.ends = s.text, s.ends
}

// fold puts text beyond ASCII into lower case and compatibility form. It does so in this order because only then a second time changes
// nothing: some letters compose in lower case alone.
//
// Most texts need no more than the lower case.
func (w *words) fold(text string) string {
	if isASCII(text) {
		return text
	}
	if w.memo == nil {
		w.memo = new(memo)
	}
	if w.memo.areNormal(text) {
		return strings.Map(w.memo.fold, text)
	}
	text = strings.ToValidUTF8(text, "\uFFFD") // norm passes over letters behind what is no text
	return norm.NFKC.String(strings.Map(w.memo.fold, norm.NFKC.String(text)))
}

func isASCII(text string) bool {
	const high = 0x8080808080808080
	for at := 0; at < len(text); at += 8 {
		if load(text, at)&high != 0 {
			return false
		}
	}
	return true
}

// foldRune returns a character beyond ASCII in lower case, a sign of arithmetic as ASCII has it, and -1 for what is invisible.
func foldRune(r rune) rune {
	switch r {
	case 'ς':
		return 'σ'
	case '\u2212': // minus
		return '-'
	case '\u00D7', '\u22C5': // times
		return '*'
	case '\u00F7', '\u2044', '\u2215': // divided by; the first slash is that of ½ in compatibility form
		return '/'
	}
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return unicode.ToLower(r)
}

// A memo remembers what is known of characters beyond ASCII. To ask Unicode's tables takes far longer than anything else that is done with a
// character, and a text has those of one script or two, whose letters lie side by side.
type memo [1 << 10]character

// A character is what a memo knows of one.
type character struct {
	of     rune
	folded rune
	kind   wordchars.Kind
	number bool
	normal bool // as it is, and folded, whatever such characters stand beside it
}

// about returns what is to be known of a character beyond ASCII.
func (m *memo) about(r rune) *character {
	c := &m[int(r)%len(m)]
	if c.of != r {
		folded := foldRune(r)
		*c = character{r, folded, wordchars.KindOf(r), unicode.IsNumber(r), isNormal(r) && (folded < 0 || isNormal(folded))}
	}
	return c
}

// isNormal reports whether a character is its own compatibility form, and joins with none before it.
func isNormal(r rune) bool {
	text := string(r)
	return norm.NFKC.IsNormalString(text) && norm.NFKC.PropertiesString(text).BoundaryBefore()
}

// areNormal reports whether the characters of a text are each their own compatibility form and stay so when they are folded.
func (m *memo) areNormal(text string) bool {
	for at, r := range text {
		if r < utf8.RuneSelf {
			continue
		}
		if r == utf8.RuneError && !strings.HasPrefix(text[at:], "\uFFFD") || !m.about(r).normal {
			return false
		}
	}
	return true
}

// fold returns a character as [foldRune] does.
func (m *memo) fold(r rune) rune {
	if r >= utf8.RuneSelf {
		return m.about(r).folded
	}
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// The classes of bytes: a letter or digit of ASCII has its lower case as its class, and all else one of these.
const (
	plain  = 0 // ends a word, and is nothing by itself
	sign   = 1 // may be a part of one
	beyond = 2 // of a character beyond ASCII
)

// signs are the bytes that may be a part of a word without being letter or digit.
const signs = "+-*/^%=<>#"

var classes = func() (list [256]byte) {
	for c := range list {
		switch {
		case c >= utf8.RuneSelf:
			list[c] = beyond
		case strings.IndexByte(signs, byte(c)) >= 0:
			list[c] = sign
		default:
			list[c] = wordchars.LowerASCII(byte(c))
		}
	}
	return list
}()

// A scanner cuts folded text into words.
type scanner struct {
	in   string
	text []byte
	ends []int
	memo *memo
	open bool // a word is being read
	last byte // what it ends with so far: 'a' a letter, '0' a digit, '+' a sign
}

func (s *scanner) scan() {
	for i := 0; i < len(s.in); {
		switch c := s.in[i]; classes[c] {
		case plain:
			s.end()
			i++
		case sign:
			s.sign(c, i)
			i++
		case beyond:
			r, size := utf8.DecodeRuneInString(s.in[i:])
			s.rune(r)
			i += size
		default:
			i = s.run(i)
		}
	}
	s.end()
}

// run reads letters and digits of ASCII, which most text is, all at once, and returns where they end. There is room for them.
func (s *scanner) run(at int) int {
	s.begin()
	n := len(s.text)
	text := s.text[:cap(s.text)]
	for {
		eight, length := lowerRun(load(s.in, at))
		binary.LittleEndian.PutUint64(text[n:], eight)
		n, at = n+length, at+length
		if length < 8 {
			break
		}
	}
	s.text, s.last = text[:n], 'a'
	if text[n-1] <= '9' {
		s.last = '0'
	}
	return at
}

// load returns the eight bytes from a place on, the first in the lowest bits, and zeros behind the end.
func load(text string, at int) uint64 {
	if at+8 <= len(text) {
		t := text[at : at+8]
		return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | // one instruction
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
	}
	var eight uint64
	for i := len(text) - 1; i >= at; i-- {
		eight = eight<<8 | uint64(text[i])
	}
	return eight
}

// lowerRun returns eight bytes with the letters of ASCII in lower case, and how many of them are letters and digits before the first that is
// neither; what is behind those is of no use. It says what [wordchars.LowerASCII] says of each, but without a branch for each.
func lowerRun(eight uint64) (lower uint64, length int) {
	const (
		each = 0x0101010101010101 // times a byte: that byte eight times
		high = 0x80 * each
	)
	lower = eight | 0x20*each // leaves digits as they are
	// The high bit of each byte of a sum says that the byte is at least some character. No byte carries into the next.
	a, b := lower&^high, eight&^high
	letter := (a + (0x80-'a')*each) &^ (a + (0x80-'z'-1)*each)
	digit := (b + (0x80-'0')*each) &^ (b + (0x80-'9'-1)*each)
	other := ^(letter|digit)&high | eight&high
	return lower, bits.TrailingZeros64(other) / 8
}

// add puts a sign into the word.
func (s *scanner) add(c byte) {
	s.begin()
	s.text = append(s.text, c)
	s.last = '+'
}

func (s *scanner) begin() {
	if !s.open && len(s.text) > 0 {
		s.text = append(s.text, ' ')
	}
	s.open = true
}

func (s *scanner) end() {
	if s.open {
		s.ends = append(s.ends, len(s.text))
	}
	s.open = false
}

// sign reads one of the signs: mostly it only ends a word.
func (s *scanner) sign(c byte, at int) {
	letter := s.open && s.last == 'a'
	switch c {
	case '+', '#':
		if (letter || s.open && s.last == '+') && !s.goesOn(at+1) {
			s.add(c)
			return
		}
	case '%':
		if s.open && s.last == '0' {
			s.add(c)
			s.end()
			return
		}
	}
	s.end()
	if c != '#' && !letter && s.beforeDigit(at+1) {
		s.add(c)
		s.end()
	}
}

// goesOn reports whether a letter or a digit stands at a place, or may do so.
func (s *scanner) goesOn(at int) bool {
	if at >= len(s.in) {
		return false
	}
	return wordchars.LowerASCII(s.in[at]) != 0 || s.in[at] >= utf8.RuneSelf
}

// beforeDigit reports whether a digit of ASCII is next, blanks aside.
func (s *scanner) beforeDigit(at int) bool {
	for at < len(s.in) && s.in[at] == ' ' {
		at++
	}
	return at < len(s.in) && '0' <= s.in[at] && s.in[at] <= '9'
}

func (s *scanner) rune(r rune) {
	c := s.memo.about(r)
	switch {
	case c.kind == wordchars.Between:
		s.end()
	case c.kind == wordchars.Whole:
		s.end()
		s.begin()
		s.text = utf8.AppendRune(s.text, r)
		s.end()
	case c.kind == wordchars.OnPart && !s.open: // on nothing
	default:
		s.begin()
		s.text = utf8.AppendRune(s.text, r)
		s.last = 'a'
		if c.number {
			s.last = '0'
		}
	}
}
