package tokens

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// A class is what the patterns tell apart in a rune. Every rune has one; together they make sets.
type class uint8

const (
	upper   class = 1 << iota // Lu and Lt
	lower                     // Ll
	letter                    // Lm and Lo, which may stand for either
	mark                      // M
	number                    // N
	newline                   // CR and LF
	blank                     // any other white space
	sign                      // everything else
)

const letters = upper | lower | letter

// ascii has the class of every byte that is a rune, and 0 for the others.
var ascii = func() (table [256]class) {
	for r := range utf8.RuneSelf {
		switch {
		case 'a' <= r && r <= 'z':
			table[r] = lower
		case 'A' <= r && r <= 'Z':
			table[r] = upper
		case '0' <= r && r <= '9':
			table[r] = number
		case r == '\n' || r == '\r':
			table[r] = newline
		case r == ' ' || '\t' <= r && r <= '\r':
			table[r] = blank
		default:
			table[r] = sign
		}
	}
	return table
}()

// classes has the class of every rune, in blocks of 256 runes; blocks that are the same are there once. Its nil serves ASCII text.
type classes struct {
	block  [(unicode.MaxRune + 1) / 256]uint8
	blocks [][256]class
}

// allClasses takes a moment, and ASCII texts need none.
var allClasses = sync.OnceValue(func() *classes {
	all := make([]class, unicode.MaxRune+1)
	for i := range all {
		all[i] = sign
	}
	for _, set := range []struct {
		class class
		table *unicode.RangeTable
	}{
		{upper, unicode.Lu}, {upper, unicode.Lt}, {lower, unicode.Ll}, {letter, unicode.Lm}, {letter, unicode.Lo},
		{mark, unicode.M}, {number, unicode.N}, {blank, unicode.White_Space},
	} {
		for _, r := range set.table.R16 {
			fill(all, set.class, int(r.Lo), int(r.Hi), int(r.Stride))
		}
		for _, r := range set.table.R32 {
			fill(all, set.class, int(r.Lo), int(r.Hi), int(r.Stride))
		}
	}
	all['\n'], all['\r'] = newline, newline
	return compact(all)
})

func fill(all []class, c class, from, to, stride int) {
	for r := from; r <= to; r += stride {
		all[r] = c
	}
}

// compact keeps each different block once. There are fewer than 256.
func compact(all []class) *classes {
	t := &classes{}
	seen := map[[256]class]uint8{}
	for i := range t.block {
		block := [256]class(all[256*i:])
		at, ok := seen[block]
		if !ok {
			at = uint8(len(t.blocks))
			seen[block], t.blocks = at, append(t.blocks, block)
		}
		t.block[i] = at
	}
	return t
}

// at returns the class and the length in bytes of the rune at text[i].
func (t *classes) at(text string, i int) (c class, size int) {
	if c = ascii[text[i]]; c == 0 {
		return t.wide(text[i:])
	}
	return c, 1
}

// wide is at for the first rune of a text, which is outside ASCII.
func (t *classes) wide(text string) (class, int) {
	r, size := utf8.DecodeRuneInString(text)
	return t.blocks[t.block[r>>8]][r&0xff], size
}

// run returns where the runes of a set end that begin at text[i].
func (t *classes) run(text string, i int, set class) int {
	for i < len(text) {
		if c := ascii[text[i]]; c&set != 0 {
			i++
			continue
		} else if c != 0 {
			break
		}
		c, size := t.wide(text[i:])
		if c&set == 0 {
			break
		}
		i += size
	}
	return i
}
