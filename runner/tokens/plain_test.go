package tokens_test

import (
	"fmt"
	"strings"
	"testing"

	"ftrun/runner/tokens"
)

// around is what can stand before a piece, and after is what can end one, or seem to.
var (
	around = []string{"", " ", "  ", "\t", "\n", "!", "'", "1", "a", "A", "é", "/"}
	after  = []string{
		"", " ", "  ", "a", "B", "Bc", "1", "12", "²", "²345", "٣12345", "!", "/", "'", "'s", "'S", "'ll x", "'lx", "’s", "é", "É", "中", "\u0301", "★",
		"\u00a0", "\n", "\r\n", "\n\n", "\n/", "\n a", "\x00", "\xff",
	}
)

// TestPlainWords has words of all lengths around the eight and sixteen bytes that are looked at, at the end of a text and before more of it.
func TestPlainWords(t *testing.T) {
	const letters = "internationalizations"
	for _, p := range pairs(t) {
		for n := 1; n <= len(letters); n++ {
			word := letters[:n]
			capital := strings.ToUpper(word[:1]) + word[1:]
			for _, word := range []string{word, capital, strings.ToUpper(word), word[:n/2] + strings.ToUpper(word[n/2:n/2+1]) + word[n/2+1:]} {
				for _, before := range around {
					for _, after := range after {
						p.check(t, before+word+after)
						p.check(t, before+word+after+" and then some more of it")
					}
				}
			}
		}
	}
}

// TestPlainSigns is TestPlainWords for signs, blanks and line ends.
func TestPlainSigns(t *testing.T) {
	for _, p := range pairs(t) {
		for n := range 10 {
			for _, signs := range []string{
				strings.Repeat("=", n), ".,;:!?()[]"[:n], "<<''//##++"[:n], strings.Repeat("\x00", n), strings.Repeat("\n", n), strings.Repeat(" ", n),
			} {
				for _, before := range around {
					for _, after := range after {
						p.check(t, before+signs+after)
						p.check(t, before+signs+after+"more of the same text")
					}
				}
			}
		}
	}
}

// TestPlainNumbers has numbers of up to four digits, before what is another number and what is none.
func TestPlainNumbers(t *testing.T) {
	for _, p := range pairs(t) {
		for _, number := range []string{"0", "7", "42", "999", "1234", "12345", "0000000"} {
			for _, before := range around {
				for _, after := range after {
					p.check(t, before+number+after)
					p.check(t, before+number+after+" x and more of that")
				}
			}
		}
	}
}

// TestUpToThreeDigitsAreOneToken is what numbers are counted by without a look-up.
func TestUpToThreeDigitsAreOneToken(t *testing.T) {
	for _, encoding := range ours {
		ranks := tokens.Ranks(t, encoding)
		for width, many := 1, 10; width <= 3; width, many = width+1, 10*many {
			for n := range many {
				if number := fmt.Sprintf("%0*d", width, n); ranks[number] == 0 { // rank 0 is an exclamation mark
					t.Errorf("%s has no token %s", encoding, number)
				}
			}
		}
	}
}

// TestOneByteIsOneToken is what single signs, blanks and line ends are counted by.
func TestOneByteIsOneToken(t *testing.T) {
	for _, encoding := range ours {
		ranks := tokens.Ranks(t, encoding)
		for b := range 256 {
			if _, ok := ranks[string([]byte{byte(b)})]; !ok {
				t.Errorf("%s has no token %#x", encoding, b)
			}
		}
	}
}

// TestLikePieces counts, one after the other, pieces that differ in one byte, so that one that is remembered by less than all of its bytes
// is taken for another.
func TestLikePieces(t *testing.T) {
	for _, p := range pairs(t) {
		for _, whole := range []string{" internationalization", "representativeness", " Characterizations", " ,.!=(){}", "<<=>>//"} {
			for n := 1; n <= len(whole); n++ {
				for at := range n {
					piece := []byte(whole[:n])
					for _, other := range []byte("aeqzESX=.") {
						p.check(t, whole[:n])
						piece[at] = other
						p.check(t, string(piece))
						p.check(t, string(piece)+" 1")
					}
				}
			}
		}
	}
}

// TestWindows has every kind of piece across the border of a window, and texts that end near one.
func TestWindows(t *testing.T) {
	unit := "Some 12 words, then 3456 <<signs>>'s; it's a\n\n  \"long-winded\" Piece, 中文 "
	for _, p := range pairs(t) {
		long := strings.Repeat(unit, 2*tokens.WindowSize/len(unit)+1)
		for shift := range len(unit) {
			p.check(t, long[shift:])
		}
		for size := tokens.WindowSize - 40; size < tokens.WindowSize+8; size++ {
			p.check(t, long[len(unit):len(unit)+size])
		}
		p.check(t, strings.Repeat("a", tokens.WindowSize)+long)
	}
}
