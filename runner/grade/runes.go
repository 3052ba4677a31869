package grade

import (
	"strings"
	"unicode/utf8"
)

// pieceRunes is how many runes of the shorter text are compared at a time: some three pages.
const pieceRunes = 1 << 13

// A stretch is two parts of two texts that are compared with each other.
type stretch struct {
	a, b []rune // a is the shorter one of all stretches together
}

// stretches returns what two texts have between their common beginning and their common end, without outer white space, and how many
// runes those two and both texts have. Beyond pieceRunes of the shorter text, it is in pieces, the first k-th of one with the first k-th
// of the other and so on.
func stretches(a, b string) (list []stretch, equal, runes int) {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	runes = utf8.RuneCountInString(a) + utf8.RuneCountInString(b)
	x, y := []rune(a), []rune(b) // every byte that is no UTF-8 becomes one U+FFFD
	if len(x) > len(y) {
		x, y = y, x
	}
	for len(x) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
		equal++
	}
	for len(x) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
		equal++
	}
	if len(y) == 0 {
		return nil, equal, runes
	}
	m, n, pieces := len(x), len(y), 1+len(x)/pieceRunes
	for i := range pieces {
		list = append(list, stretch{x[m*i/pieces : m*(i+1)/pieces], y[n*i/pieces : n*(i+1)/pieces]})
	}
	return list, equal, runes
}

// An alphabet gives the runes of a text ids, in the order in which they come.
type alphabet struct {
	ascii [utf8.RuneSelf]int32 // 1 + the id; 0: none
	other map[rune]int32       // 1 + the id
	size  int
}

// id returns the id of a rune, or -1.
func (a *alphabet) id(r rune) int32 {
	if r < utf8.RuneSelf {
		return a.ascii[r] - 1
	}
	return a.other[r] - 1
}

// indexRunes indexes the runes of a text.
func indexRunes(text []rune) (*alphabet, index) {
	a := &alphabet{other: map[rune]int32{}}
	sequence := make([]int32, len(text))
	for i, r := range text {
		id := a.id(r)
		if id < 0 {
			id = int32(a.size)
			a.size++
			if r < utf8.RuneSelf {
				a.ascii[r] = id + 1
			} else {
				a.other[r] = id + 1
			}
		}
		sequence[i] = id
	}
	return a, newIndex(sequence, a.size)
}
