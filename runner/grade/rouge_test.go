package grade

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestRougeLAgainstPublishedValues(t *testing.T) {
	const (
		lin     = "Lin 2004, section 3.1: S1 against S2 to S4"
		google  = "rouge-score package, rouge_scorer_test.py"
		example = "rouge-score package, README example; P = 5/8, R = 5/9"
		byHand  = "worked out by hand"
	)
	tests := []struct {
		output, reference string
		want              float64
		origin            string
	}{
		{"police kill the gunman", "police killed the gunman", 3. / 4, lin},
		{"the gunman kill police", "police killed the gunman", 2. / 4, lin},
		{"the gunman police killed", "police killed the gunman", 2. / 4, lin},
		{"testing", "testing one two", 1. / 2, google},
		{"testing one", "testing one two", 4. / 5, google},
		{"testing two", "testing one two", 4. / 5, google},
		{"", "testing one two", 0, google},
		{"/", "w1 w2 w3 w4 w5", 0, google},
		{"The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog", 10. / 17, example},
		{"2 5 3 4", "1 2 3 4 5", 6. / 9, google + ", testLcsTable: LCS 3"},
		{"8 9", "1 2 3 4 5", 0, google + ", testLcsTable: LCS 0"},
		{"w1 w2 w6 w7 w8", "w1 w2 w3 w4 w5", 4. / 10, byHand},
		{"PARIS!", "paris", 1, byHand},
		{"It's 3.14", "it s 3 14", 1, byHand},
		{"a_b", "a b", 1, byHand},
	}
	for _, tt := range tests {
		if got := RougeL(tt.output, tt.reference); got != tt.want {
			t.Errorf("RougeL(%q, %q) = %v, want %v (%s)", tt.output, tt.reference, got, tt.want, tt.origin)
		}
	}
}

func TestRougeLBeyondASCII(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       float64
	}{
		{"accents count", "café", "caf", 0},
		{"case of other scripts", "МОСКВА", "москва", 1},
		{"kelvin sign", "300 K", "300 k", 1},
		{"superscript is not lost", "x²", "x", 0},
		{"han by rune", "光合作用", "光合反应", 0.5},
		{"han beside ascii", "GPT是模型", "gpt 是 模型", 1},
		{"kana and its prolonged mark", "データ", "デ ー タ", 1},
		{"thai", "แสงแดด", "แสง", 6. / 9},
		{"devanagari keeps vowel signs in the word", "हिन्दी भाषा", "हिन्दी", 2. / 3},
		{"hangul has words", "한국어 문장", "한국어", 2. / 3},
		{"a mark alone is nothing", "\u0301 a", "a", 1},
		{"equal emoji", " 👍\n", "👍", 1},
		{"unlike emoji", "👍", "👎", 0},
		{"nothing at all", "", " \n", 1},
		{"invalid utf-8 separates", "a\xffb", "a b", 1},
	}
	for _, tt := range tests {
		if got := RougeL(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: RougeL(%q, %q) = %v, want %v", tt.name, tt.a, tt.b, got, tt.want)
		}
	}
}

// tokenList and plainLCS are RougeL's parts again, without its tricks.
func tokenList(text string) []string {
	var list []string
	for t := (tokenizer{text: text}); t.next(); {
		list = append(list, string(t.token))
	}
	return list
}

func plainLCS(a, b []string) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func TestRougeLMatchesTheTextbookAlgorithm(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		words := make([]string, random.IntN(400)) // several words of 64 bits, so that carries cross them
		vocabulary := 1 + random.IntN(1+random.IntN(300))
		for i := range words {
			words[i] = fmt.Sprintf("w%d", random.IntN(vocabulary))
		}
		return strings.Join(words, " ")
	}
	for range 400 {
		a, b := text(), text()
		x, y := tokenList(a), tokenList(b)
		if len(x)+len(y) == 0 {
			continue
		}
		want := 2 * float64(plainLCS(x, y)) / float64(len(x)+len(y))
		if got := RougeL(a, b); got != want {
			t.Fatalf("RougeL = %v, want %v for %d and %d tokens:\n%s\n%s", got, want, len(x), len(y), a, b)
		}
	}
}

// TestRougeLOfLongTexts compares texts of several pieces.
func TestRougeLOfLongTexts(t *testing.T) {
	words := func(n int, changed ...int) string {
		var b strings.Builder
		for i := range n {
			if slices.Contains(changed, i) {
				b.WriteString("changed ")
			} else {
				fmt.Fprintf(&b, "w%d ", i)
			}
		}
		return b.String()
	}
	const n = 3*pieceTokens + 7
	whole := words(n)
	if got := RougeL(whole, whole); got != 1 {
		t.Errorf("a long text against itself: %v", got)
	}
	if got, want := RougeL(words(n, 0, n/2, n-1), whole), 2*float64(n-3)/(2*n); got != want {
		t.Errorf("three words of a long text changed: %v, want %v", got, want)
	}
	shifted := "one more " + whole
	got := RougeL(shifted, whole)
	if got > 2*float64(n)/(2*n+2) || got < 0.999 {
		t.Errorf("two words more before a long text: %v", got)
	}
	if back := RougeL(whole, shifted); back != got {
		t.Errorf("not symmetric: %v and %v", got, back)
	}
	if got := RougeL(whole, "w1"); got != 2./(n+1) {
		t.Errorf("one word of a long text: %v", got)
	}
}

func FuzzRougeL(f *testing.F) {
	f.Add("police kill the gunman", "police killed the gunman")
	f.Add("光合作用 is light", "Light\xff\u0301 é")
	f.Add("", "👍")
	f.Add(strings.Repeat("a b ", 70), strings.Repeat("b c a ", 50))
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 1<<11 {
			t.Skip("the check is quadratic")
		}
		score, x, y := RougeL(a, b), tokenList(a), tokenList(b)
		if math.IsNaN(score) || score < 0 || score > 1 {
			t.Errorf("score %v out of range", score)
		}
		if back := RougeL(b, a); back != score {
			t.Errorf("not symmetric: %v and %v", score, back)
		}
		if RougeL(a, a) != 1 {
			t.Errorf("%q does not equal itself", a)
		}
		if len(x)+len(y) == 0 {
			return // decided by the texts themselves
		}
		if equal := slices.Equal(x, y); equal != (score == 1) {
			t.Errorf("score %v, equal tokens %v: %q %q", score, equal, x, y)
		}
		if want := 2 * float64(plainLCS(x, y)) / float64(len(x)+len(y)); score != want {
			t.Errorf("score %v, want %v", score, want)
		}
		for _, token := range slices.Concat(x, y) {
			if token == "" || !utf8.ValidString(token) {
				t.Errorf("token %q", token)
			}
		}
	})
}

// TestRougeLOnHostileText bounds time and memory where a table of m·n numbers would take hundreds of gigabytes.
func TestRougeLOnHostileText(t *testing.T) {
	const size = 1 << 16
	alternating := strings.Repeat("a b ", size/4)
	var distinct strings.Builder
	for i := 0; distinct.Len() < size; i++ {
		fmt.Fprintf(&distinct, "%x ", i)
	}
	for name, pair := range map[string][2]string{
		"one word":          {strings.Repeat("a ", size/2), strings.Repeat("a ", size/2-1)},
		"two words":         {alternating, strings.Repeat("b a a ", size/6)},
		"all distinct":      {distinct.String(), distinct.String() + "x"},
		"one endless token": {strings.Repeat("a", size), strings.Repeat("b", size)},
		"no tokens":         {strings.Repeat("\x00\x1b[2J", size/5), strings.Repeat("!", size)},
		"han":               {strings.Repeat("光合", size/6), strings.Repeat("合光合", size/9)},
		"invalid utf-8":     {strings.Repeat("\xff\xc0", size/2), alternating},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			score := RougeL(pair[0], pair[1])
			runtime.ReadMemStats(&after)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 100*size {
				t.Errorf("allocated %d bytes for texts of %d", bytes, size)
			}
			if score < 0 || score > 1 {
				t.Errorf("score %v", score)
			}
		})
	}
}

func BenchmarkRougeL(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	english := func(words int) string {
		text := make([]string, words)
		for i := range text {
			text[i] = fmt.Sprintf("word%d", int(math.Exp(random.Float64()*8))) // frequent and rare ones, as in language
		}
		return strings.Join(text, " ")
	}
	letters := func(bytes int) string {
		text := make([]byte, bytes)
		for i := range text {
			text[i] = " abcdef"[i%2*(1+random.IntN(6))]
		}
		return string(text)
	}
	for _, bb := range []struct {
		name string
		a, b string
	}{
		{"10words", english(10), english(10)},
		{"100words", english(100), english(100)},
		{"1000words", english(1000), english(1000)},
		{"1MBwords", english(140_000), english(140_000)},
		{"1MBletters", letters(1 << 20), letters(1 << 20)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				RougeL(bb.a, bb.b)
			}
		})
	}
}
