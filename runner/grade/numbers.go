package grade

import (
	"math/big"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A number is one that was found in a text. It is put together only where it is looked at: a text may have very many.
type number struct {
	sign     string
	whole    string // as it is written, with separators between its digits
	fraction string
	exponent string
	start    int // byte in the normal form of the text, its sign and currency included
	end      int
}

// text is the number without separators between its digits.
func (n number) text() string {
	text := n.sign + separators.Replace(n.whole)
	if n.whole == "" {
		text += "0"
	}
	if n.fraction != "" {
		text += "." + n.fraction
	}
	if n.exponent != "" {
		text += "e" + n.exponent
	}
	return text
}

// value is the number exactly, or nil where it is too large to compute with.
func (n number) value() *big.Rat {
	if len(n.whole)+len(n.fraction) > maxDigits || !soundExponent(n.exponent) {
		return nil
	}
	value, ok := new(big.Rat).SetString(n.text())
	if !ok {
		return nil
	}
	return value
}

// maxDigits and maxExponent bound numbers: beyond them nothing is computed.
const (
	maxDigits   = 400
	maxExponent = 400
)

// numbersIn returns the numbers of a text in their order, and the normal form of the text, which their places are of.
//
// A number is digits with a sign, a decimal point and an exponent where it has them: -1,234.5, .5, 1.5e-3, 6.02×10^23. Commas, spaces that do not break
// a line and apostrophes count as separators between groups of three digits (or of two, before the last three: 12,34,567). Digits
// and minus signs of other scripts count as ASCII's. A minus stands for a subtraction or a range where a digit, a letter or a closing bracket is before
// it. Digits that follow a letter of ASCII or _ are part of a word, but for those of a currency's code.
func numbersIn(text string) (list []number, normal string) {
	normal = strings.Map(normalRune, text)
	for i := 0; i < len(normal); {
		if !startsNumber(normal, i) {
			i++
			continue
		}
		n := scanNumber(normal, i)
		if !partOfWord(normal, i) {
			list = append(list, n)
		}
		i = n.end
	}
	return list, normal
}

// zeros are the first of the ten digits of a script.
var zeros = []rune{0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10}

// normalRune maps what means a character of a number to the one that is ASCII's, or to U+00A0 where it is a space that does not break a line.
func normalRune(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	switch r {
	case '\u2212', '\ufe63', '\uff0d': // minus signs
		return '-'
	case '\uff0b':
		return '+'
	case '\u202f', '\u2009', '\u2007':
		return '\u00a0'
	case '\u2019':
		return '\''
	case '\u066b', '\uff0e':
		return '.'
	case '\u066c':
		return ','
	case '\u00b7', '\u22c5':
		return '\u00d7'
	}
	for _, zero := range zeros {
		if zero <= r && r <= zero+9 {
			return '0' + r - zero
		}
	}
	return r
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func digitAt(s string, i int) bool { return i < len(s) && isDigit(s[i]) }

// startsNumber reports whether the digits of a number begin at i: a digit, or a point with a digit after it and none before.
func startsNumber(s string, i int) bool {
	return isDigit(s[i]) || s[i] == '.' && digitAt(s, i+1) && (i == 0 || !isDigit(s[i-1]))
}

// scanNumber reads the number whose first digit or point is at i.
func scanNumber(s string, i int) number {
	whole, end := scanWhole(s, i)
	fraction := ""
	if end < len(s) && s[end] == '.' && digitAt(s, end+1) {
		from := end + 1
		end = skipDigits(s, from)
		fraction = s[from:end]
	}
	exponent, end := scanExponent(s, end)
	sign, start := signBefore(s, i)
	return number{sign, whole, fraction, exponent, start, end}
}

func soundExponent(text string) bool {
	text = strings.TrimLeft(strings.TrimLeft(text, "+-"), "0")
	return len(text) < 3 || len(text) == 3 && text <= "400"
}

func skipDigits(s string, i int) int {
	for digitAt(s, i) {
		i++
	}
	return i
}

// separatorList is what stands between groups of digits, in the normal form of a text, and separators takes it out.
var (
	separatorList = []string{",", "\u00a0", "'"}
	separators    = strings.NewReplacer(",", "", "\u00a0", "", "'", "")
)

// scanWhole reads the digits before the point, with separators between groups of them.
func scanWhole(s string, i int) (digits string, end int) {
	first := skipDigits(s, i)
	if first-i == 0 || first-i > 3 {
		return s[i:first], first
	}
	for _, separator := range separatorList {
		if !strings.HasPrefix(s[first:], separator) {
			continue
		}
		if end := skipGroups(s, first, separator, 3); end > first {
			return s[i:end], end
		}
		if first-i == 3 {
			continue
		}
		if pairs := skipGroups(s, first, separator, 2); pairs > first {
			if end := skipGroups(s, pairs, separator, 3); end == pairs+len(separator)+3 {
				return s[i:end], end
			}
		}
	}
	return s[i:first], first
}

// maxPairs bounds how far is looked for what ends pairs of digits.
const maxPairs = 10

// skipGroups returns where groups of so many digits end that follow at i, each after a separator.
func skipGroups(s string, i int, separator string, size int) int {
	for n := 0; strings.HasPrefix(s[i:], separator) && (size == 3 || n < maxPairs); n++ {
		from := i + len(separator)
		to := from
		for to < from+size && digitAt(s, to) {
			to++
		}
		if to < from+size || digitAt(s, to) {
			break
		}
		i = to
	}
	return i
}

// superscripts are the raised digits and signs of an exponent.
var superscripts = map[rune]string{
	'⁰': "0", '¹': "1", '²': "2", '³': "3", '⁴': "4", '⁵': "5", '⁶': "6", '⁷': "7", '⁸': "8", '⁹': "9", '⁻': "-", '⁺': "+",
}

// scanExponent reads e-3, ×10^-3, x 10^{-3} or ×10⁻³ at i, and returns i where there is none.
func scanExponent(s string, i int) (exponent string, end int) {
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		if exponent, end := signedDigits(s, i+1); exponent != "" && !letterAt(s, end) {
			return exponent, end
		}
		return "", i
	}
	rest := strings.TrimLeft(s[i:], " ")
	for _, times := range []string{"\u00d7", "x", "*", `\times`, `\cdot`} {
		after, ok := strings.CutPrefix(rest, times)
		if !ok {
			continue
		}
		after, ok = strings.CutPrefix(strings.TrimLeft(after, " "), "10")
		if !ok {
			continue
		}
		if exponent, n := power(after); exponent != "" {
			return exponent, len(s) - len(after) + n
		}
	}
	return "", i
}

// power reads what 10 is raised to, and returns how long that is.
func power(s string) (exponent string, n int) {
	if !strings.HasPrefix(s, "^") && !strings.HasPrefix(s, "**") {
		for i, r := range s {
			digit, ok := superscripts[r]
			if !ok {
				return exponent, i
			}
			exponent += digit
		}
		return exponent, len(s)
	}
	n = len(s) - len(strings.TrimLeft(s, "^*"))
	brace := strings.HasPrefix(s[n:], "{")
	if brace {
		n++
	}
	exponent, n = signedDigits(s, n)
	if brace {
		if !strings.HasPrefix(s[n:], "}") {
			return "", 0
		}
		n++
	}
	return exponent, n
}

func signedDigits(s string, i int) (text string, end int) {
	from := i
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	end = skipDigits(s, i)
	if end == i {
		return "", from
	}
	return s[from:end], end
}

func letterAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return i < len(s) && unicode.IsLetter(r)
}

// signBefore returns the sign of the number whose digits begin at i, and where sign and currency begin: -$5 and $-5 are both -5.
func signBefore(s string, i int) (sign string, start int) {
	start = i
	currency := false
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		switch {
		case unicode.Is(unicode.Sc, r) && !currency:
			currency = true
		case (r == '-' || r == '+') && sign == "" && !operandBefore(s[:start-size]):
			if r == '-' {
				sign = "-"
			}
			start -= size
			if sign == "" || currency {
				return sign, start
			}
			continue
		default:
			return sign, start
		}
		start -= size
	}
	return sign, start
}

// operandBefore reports whether a text ends with what a number could be taken from.
func operandBefore(s string) bool {
	r, size := utf8.DecodeLastRuneInString(s)
	return size > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(")]}%_-+", r))
}

// currencyCodes are the letters that may stand before a number without a blank.
var currencyCodes = []string{"USD", "EUR", "GBP", "JPY", "CNY", "INR", "CHF", "CAD", "AUD", "Rs", "RM"}

// partOfWord reports whether the digits at i go on a word, as in H2O.
func partOfWord(s string, i int) bool {
	from := i
	for from > 0 && (s[from-1] == '_' || 'a' <= s[from-1] && s[from-1] <= 'z' || 'A' <= s[from-1] && s[from-1] <= 'Z') {
		from--
	}
	word := s[from:i]
	return word != "" && !slices.Contains(currencyCodes, word)
}
