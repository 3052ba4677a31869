package tokens_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/pkoukk/tiktoken-go"

	"ftrun/runner/tokens"
)

// ours are the encodings that are counted without tiktoken-go.
var ours = []string{tokens.O200K, tokens.CL100K}

// A pair is an encoding as we have it and as tiktoken-go has it.
type pair struct {
	encoding  string
	counter   *tokens.Counter
	encoder   *tokens.Encoder
	reference *tiktoken.Tiktoken
}

// references are loaded once. No test here runs beside another one.
var references = map[string]*tiktoken.Tiktoken{}

// pairs returns the encodings with encoders of the caller's own.
func pairs(t testing.TB) (list []pair) {
	t.Helper()
	for _, encoding := range ours {
		if references[encoding] == nil {
			references[encoding] = tokens.Reference(t, encoding)
		}
		c := counter(t, encoding)
		list = append(list, pair{encoding, c, tokens.NewEncoder(c), references[encoding]})
	}
	return list
}

// compare says how a text's tokens differ from tiktoken-go's, or "".
func (p pair) compare(text string) string {
	want := p.reference.EncodeOrdinary(text)
	if got := p.encoder.Encode(text); !slices.Equal(got, want) {
		return fmt.Sprintf("%s: tokens of %q are %v, want %v", p.encoding, text, got, want)
	}
	if got := p.counter.Count(text); got != len(want) {
		return fmt.Sprintf("%s: count of %q is %d, want %d", p.encoding, text, got, len(want))
	}
	return ""
}

func (p pair) check(t *testing.T, text string) {
	t.Helper()
	if difference := p.compare(text); difference != "" {
		t.Error(difference)
	}
}

// traps are texts that a splitter gets wrong which reads the expressions carelessly.
var traps = []string{
	// The first alternative gives back capitals for a letter without case or a mark.
	"AB中C", "AB中CD", "AB中Cd", "ABʰC", "中", "中A", "中Ab", "A中b", "ABCDe", "ABCD", "aB", "aBC", "ǅabc", "AǅA", "XMLHttpRequest",
	// A mark stands before a word, inside one, or is one.
	"\u0301", "\u0301a", "\u0301A", "\u0301Ab", "\u0301AB", "\u0301\u0301A", "\u0301\u0301", " \u0301", " \u0301A", "!\u0301A", "!\u0301a", "!!\u0301",
	"e\u0301", "E\u0301", "E\u0301E", "E\u0301e", "1\u0301", "1\u0301a", "\u0301 A", "\u0301's", "\u0301A's", "\n\u0301", "\t\u0301x", "\u0301\u20dd\u0903",
	// Numbers in groups of three runes, and all of N.
	"1", "12", "123", "1234", "1234567", "Ⅷ²٣", "Ⅷ²٣½", "1Ⅷ23²4", "1a2b", " 1", " 123", "3.14159", "১২৩৪", "𝟘𝟙𝟚𝟛", "-1",
	// Contractions: the straight apostrophe, any case, ASCII only, right after a word.
	"it's", "IT'S", "it'S", "I'LL", "I'lL", "I'l", "I'lx", "we're", "we'r", "we'rE", "'re", "'s", "'S", "'sabc", "'sABC", "it'sabc", "it''s", "it’s", "x'ſ", "'ſ",
	"中's", "a 's", "a's's", "1's", "!'s", " 's", "\t's", "'", "''", "'d've", "I'd've", "'LL", "'Ve", "'M", "x'K", "don't", "DON'T", "a'", "a'\n", "'\u0301s", "ı's", "İ's", "x'ı",
	// White space gives back one rune, not one byte, and ends at its last line end.
	" ", "  ", "   a", "  a", "a  ", "a  b", "a \u3000b", "a\u3000\u3000b", "\u3000a", "\u2003\u2003!", "\u00a0a", "\u00a0\u00a01", "\u0085a", "\u0085\n a", "\t\ta", "\t\t1",
	" \n", "\n ", " \n a", "\n\n\n", "\r\n\r\na", " \n\n  x\r\n", "a\n b", "a \n  \n  b", "\u2028a", "\u2028\u2029\n", "\v\fa", "\x1c\x1d", "\u180e \u200b \ufeff", "  \u0301",
	"   !", "  !", " !", "\t!", "\u00a0!", " \r", "\r a", "\n!", "\n1", "\na", "  \n1",
	// Signs, the line ends after them, and slashes among those.
	"!\n", "!\r\n\n", "!\n/\n", "!/\n/!", "//", "/\n/", "/\n/a", " /\n", "\n/", "!\n /", "!!!\n\n", "!\n\na", "a/b", "<<48/2=24>>", "{\"a\": [1, 2]}\n", "...\n", "—\n/",
	"!a", "!!a", "#a1", "@Ab", "@AB", "$1", "€5", "🙂", "🙂🙂", "👩‍👩‍👧", "🇩🇪", "🏽", " 🙂", "🙂a", "🙂A", "\u200da", "\u200d", "\u00ada", "�", "�a",
	// Special tokens are ordinary text.
	"<|endoftext|>", "<|fim_prefix|>", "<|endofprompt|>",
	// Bytes that are no UTF-8.
	"\xff", "a\xffb", "\xff\xfe", "\xc3", "\xe4\xb8", "\xe4\xb8a", "\xed\xa0\x80", "\xf4\x90\x80\x80", "A\xffB", " \xff", "\x80's", "中\xe4", "\x00", "a\x00b", "\x7f",
	// Scripts.
	"안녕하세요 세계", "สวัสดีชาวโลก", "नमस्ते दुनिया", "مرحبا بالعالم", "שָׁלוֹם", "Здравствуй, МИР!", "ΑΒΓαβγ", "お誕生日おめでとう", "ＡＢＣａｂｃ１２３", "ꙮ", "ß", "ẞ", "𝒜𝓫𝐂", "𐐀𐐨", "ª", "º", "ⓐ", "Ⓐ",
}

func TestTraps(t *testing.T) {
	for _, p := range pairs(t) {
		for _, trap := range traps {
			p.check(t, trap)
			for _, around := range []string{"a", "A", " ", "\n", "!", "1", "中", "\u0301", "'s", "/"} {
				p.check(t, trap+around)
				p.check(t, around+trap)
			}
		}
	}
}

// TestClasses asks Go's tables about every rune.
func TestClasses(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if !utf8.ValidRune(r) {
			continue
		}
		class, size := tokens.ClassAt(string(r) + "!")
		if class != tokens.ClassOf(r) || size != utf8.RuneLen(r) {
			t.Errorf("%U is of class %d and %d bytes, want %d and %d", r, class, size, tokens.ClassOf(r), utf8.RuneLen(r))
		}
	}
}

// TestEveryLetterInAContraction has all runes that a case-blind comparison could take for a letter of a contraction.
func TestEveryLetterInAContraction(t *testing.T) {
	for _, p := range pairs(t) {
		for r := range rune(unicode.MaxRune + 1) {
			plain := unicode.ToLower(r) < utf8.RuneSelf || unicode.ToUpper(r) < utf8.RuneSelf || unicode.SimpleFold(r) < utf8.RuneSelf
			if !plain || !utf8.ValidRune(r) {
				continue
			}
			for _, text := range []string{"x'" + string(r), "x'" + string(r) + "e", "'r" + string(r), "x'l" + string(r), "'L" + string(r)} {
				p.check(t, text)
			}
		}
	}
}

// manyStrings is how many strings TestManyStrings compares; bench/tokens.sh asks for ten million.
func manyStrings(t *testing.T) int {
	text, ok := os.LookupEnv("FTRUN_TOKENS_STRINGS")
	if !ok {
		return 5_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal("FTRUN_TOKENS_STRINGS: ", err)
	}
	return n
}

// TestManyStrings compares generated strings, every one of them in both encodings.
func TestManyStrings(t *testing.T) {
	total := manyStrings(t)
	vocabulary := slices.Sorted(func(yield func(string) bool) {
		for token := range tokens.Ranks(t, tokens.O200K) {
			if !yield(token) {
				return
			}
		}
	})
	var next, differ, bytes atomic.Int64
	var group sync.WaitGroup
	const share = 1000 // strings of one seed
	for range runtime.GOMAXPROCS(0) {
		list := pairs(t)
		group.Go(func() {
			for {
				seed := next.Add(share) - share
				if seed >= int64(total) {
					return
				}
				g := generator{rand.New(rand.NewPCG(uint64(seed), 1)), vocabulary}
				for range min(share, int64(total)-seed) {
					text := g.text()
					bytes.Add(int64(len(text)))
					for _, p := range list {
						if difference := p.compare(text); difference != "" && differ.Add(1) <= 20 {
							t.Error(difference)
						}
					}
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d strings of %d bytes in %d encodings: %d differ", total, bytes.Load(), len(ours), differ.Load())
}

// A generator makes short texts full of traps.
type generator struct {
	*rand.Rand
	vocabulary []string
}

// atoms are what texts are made of, a few of every class and what the expressions name.
var atoms = [][]string{
	strings.Split("a b e l s t zz the ing é ß ñ я ⅰ ａ 𝓫 ꭰ ᏸ", " "),
	strings.Split("A B L S Z THE É Я Σ İ Ａ 𝐂 ǅ ǈ ᾈ Ა", " "),
	strings.Split("中 文 あ ア 한 ก ا ש अ ʰ ー ª º ៗ ᵃ 𠀀 ǀ ƻ", " "),
	{"\u0301", "\u0308", "\u20dd", "\u0903", "\u093e", "\ufe0f", "\u0e31", "\u05b8", "\U0001d165", "\U000e0100"},
	strings.Split("0 1 7 42 123 999 ٣ ² ½ Ⅷ ① 𝟘 १ 〇 ௰", " "),
	{"\n", "\r", "\r\n", "\n\n"},
	{" ", "  ", "\t", "\u00a0", "\u3000", "\u2003", "\u0085", "\u2028", "\v", "\f", "\u1680", "\u202f"},
	strings.Split("! ? . , / // - _ ( ) [ { } < > = + * # @ $ € ’ “ ” … — 、 。 ★ 🙂 👍 🏽 \u200d \u200b \ufeff \u00ad � \x00 \x1f \x7f", " "),
	strings.Split("' '' 's 'S 't 're 'RE 've 'm 'll 'LL 'lL 'd 'D 'r 'l 'v 'x 'ſ 'ı", " "),
	{"\xff", "\xc3", "\xe4\xb8", "\x80", "\xed\xa0\x80", "\xf0\x9f"},
}

func (g generator) text() string {
	var b strings.Builder
	kind := g.IntN(len(atoms))
	for range 1 + g.IntN(9) {
		if g.IntN(3) == 0 {
			kind = g.IntN(len(atoms))
		}
		switch n := g.IntN(24); {
		case n == 0:
			b.WriteString(g.vocabulary[g.IntN(len(g.vocabulary))])
		case n == 1:
			b.WriteRune(g.rune())
		case n == 2:
			b.WriteString(strings.Repeat(g.of(kind), 1+g.IntN(5)))
		default:
			b.WriteString(g.of(kind))
		}
	}
	return b.String()
}

func (g generator) of(kind int) string { return atoms[kind][g.IntN(len(atoms[kind]))] }

// rune returns any rune, and as often one of the first planes, where most are assigned.
func (g generator) rune() rune {
	if g.IntN(2) == 0 {
		return rune(g.IntN(0x3000))
	}
	return rune(g.IntN(unicode.MaxRune + 1))
}

// FuzzCount: every text has the tokens that tiktoken-go gives it.
func FuzzCount(f *testing.F) {
	for _, trap := range traps {
		f.Add(trap)
	}
	list := pairs(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			text = text[:2000]
		}
		for _, p := range list {
			p.check(t, text)
		}
	})
}
