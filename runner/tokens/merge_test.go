package tokens_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ftrun/runner/tokens"
	"ftrun/runner/tokens/internal/ranktable"
)

// TestRankTables builds the embedded tables again out of the published ranks.
func TestRankTables(t *testing.T) {
	for _, encoding := range ours {
		block, err := ranktable.Build(tokens.Ranks(t, encoding))
		if err != nil {
			t.Fatal(err)
		}
		if string(block) != tokens.Embedded[encoding] {
			t.Errorf("%s.ranks is not what go generate makes of the published ranks", encoding)
		}
	}
}

// TestLongPieces compares pieces that are far longer than the words of any language, which tiktoken-go takes its time for.
func TestLongPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, alphabet := range []string{"a", "ab", "abcdefghijklmnopqrstuvwxyz", "ABCxyz", "-=_", "中文字的", "가나다라마바사", "e\u0301", " \t\u3000", "🙂👍🏽", "\n\r"} {
		runes := []rune(alphabet)
		for _, n := range []int{40, 47, 48, 49, 50, 127, 128, 129, 1000, 2000} {
			var b strings.Builder
			for b.Len() < n {
				b.WriteRune(runes[random.IntN(len(runes))])
			}
			for _, p := range pairs(t) {
				p.check(t, b.String())
				p.check(t, b.String()+"x")
			}
		}
	}
}

// TestMergesAgree holds the two ways to merge against each other, on bytes of any kind.
func TestMergesAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for _, p := range pairs(t) {
		for range 3000 {
			piece := make([]byte, 2+random.IntN(200))
			letters := 1 + random.IntN(256)
			for i := range piece {
				piece[i] = byte('a' + random.IntN(letters))
			}
			scanned := slices.Clone(p.encoder.Scan(string(piece)))
			if sifted := p.encoder.Sift(string(piece)); !slices.Equal(scanned, sifted) {
				t.Fatalf("%s: parts of %q start at %v by scanning and at %v by sifting", p.encoding, piece, scanned, sifted)
			}
		}
	}
}
