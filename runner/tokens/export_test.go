package tokens

import (
	"testing"
	"unicode"

	"github.com/pkoukk/tiktoken-go"
	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"

	"ftrun/runner/tokens/internal/ranktable"
)

// Embedded are the tables that the binary holds, by encoding.
var Embedded = map[string]string{O200K: ranksO200K, CL100K: ranksCL100K}

// WindowSize is how many bytes are looked at in one go.
const WindowSize = len(window{})

// Reference returns tiktoken-go for an encoding.
func Reference(t testing.TB, encoding string) *tiktoken.Tiktoken {
	t.Helper()
	useOfflineRanks()
	reference, err := tiktoken.GetEncoding(encoding)
	if err != nil {
		t.Fatal(err)
	}
	return reference
}

// Ranks returns the published ranks of an encoding.
func Ranks(t testing.TB, encoding string) map[string]int {
	t.Helper()
	ranks, err := tiktoken_loader.NewOfflineLoader().LoadTiktokenBpe(encoding + ".tiktoken")
	if err != nil {
		t.Fatal(err)
	}
	return ranks
}

// An Encoder gives the tokens that a counter counts, by its cuts, merges and ranks, and past its memory. It serves one caller at a time.
type Encoder struct{ w *worker }

func NewEncoder(c *Counter) *Encoder { return &Encoder{c.workers.New().(*worker)} }

func (e *Encoder) Encode(text string) (ids []int) {
	text = e.w.readable(text)
	for i := 0; i < len(text); {
		end := e.w.cut(e.w.classes, text, i)
		ids = append(ids, e.piece(text, i, end)...)
		i = end
	}
	return ids
}

func (e *Encoder) piece(text string, i, end int) (ids []int) {
	if rank := e.w.ranks.Rank(text, i, end-i); rank != ranktable.None {
		return []int{int(rank)}
	}
	parts := append(e.w.merger.merge(text, i, end-i), int32(end-i))
	for k, from := range parts[:len(parts)-1] {
		ids = append(ids, int(e.w.ranks.Rank(text, i+int(from), int(parts[k+1]-from))))
	}
	return ids
}

// ForgetAll makes the worker that a lone caller gets forget what it remembers of pieces.
func (c *Counter) ForgetAll() {
	w := c.workers.Get().(*worker)
	c.workers.Put(newWorker(w.encoding))
}

// Scan and Sift are the two ways to merge a piece.
func (e *Encoder) Scan(piece string) []int32 { return e.w.merger.scan(piece, 0, len(piece)) }
func (e *Encoder) Sift(piece string) []int32 { return e.w.merger.sift(piece, 0, len(piece)) }

// ClassOf returns the class of a rune as Go's tables have it.
func ClassOf(r rune) int {
	switch {
	case r == '\n' || r == '\r':
		return int(newline)
	case unicode.IsSpace(r):
		return int(blank)
	case unicode.In(r, unicode.Lu, unicode.Lt):
		return int(upper)
	case unicode.Is(unicode.Ll, r):
		return int(lower)
	case unicode.In(r, unicode.Lm, unicode.Lo):
		return int(letter)
	case unicode.Is(unicode.M, r):
		return int(mark)
	case unicode.Is(unicode.N, r):
		return int(number)
	}
	return int(sign)
}

// ClassAt returns the class and the size of the first rune of a text as the counters have it.
func ClassAt(text string) (int, int) {
	c, size := allClasses().at(text, 0)
	return int(c), size
}
