package tokens_test

import (
	"bufio"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/pkoukk/tiktoken-go"

	"ftrun/runner/tokens"
)

// BenchmarkCount counts texts of many kinds, and tiktoken-go the same texts in the same run. warm-MB/s is the best pass of a worker who has
// seen the text, first-MB/s of one who has not, tiktoken-MB/s of tiktoken-go, on as much of the text as it counts in a tenth of a second;
// times is the first by the last.
func BenchmarkCount(b *testing.B) {
	for _, text := range []struct {
		name  string
		texts func(b *testing.B) []string
	}{
		{"gsm8k", gsm8k}, {"go", goSource}, {"chinese", chinese}, {"hangul", hangul}, {"emoji", emoji}, {"random", randomUnicode}, {"bytes", randomBytes},
		{"word", oneWord(4000)},
	} {
		for _, encoding := range ours {
			b.Run(text.name+"/"+encoding, func(b *testing.B) { beside(b, encoding, text.texts(b)) })
		}
	}
}

// BenchmarkLongWord counts a megabyte of one letter, for which tiktoken-go would take half an hour.
func BenchmarkLongWord(b *testing.B) {
	word := oneWord(1 << 20)(b)[0]
	for _, encoding := range ours {
		b.Run(encoding, func(b *testing.B) {
			c := counter(b, encoding)
			b.SetBytes(int64(len(word)))
			for b.Loop() {
				c.Count(word)
			}
		})
	}
}

func beside(b *testing.B, encoding string, texts []string) {
	c := counter(b, encoding)
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	reference, first, warm := 0.0, 0.0, 0.0
	slow := tokens.Reference(b, encoding)
	for range 5 {
		reference = max(reference, referenceSpeed(slow, texts))
		c.ForgetAll()
		begin := time.Now()
		countAll(c, texts)
		first = max(first, megabytes(size, time.Since(begin)))
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		begin := time.Now()
		countAll(c, texts)
		warm = max(warm, megabytes(size, time.Since(begin)))
	}
	b.ReportMetric(first, "first-MB/s")
	b.ReportMetric(warm, "warm-MB/s")
	b.ReportMetric(reference, "tiktoken-MB/s")
	b.ReportMetric(warm/reference, "times")
}

// referenceSpeed has tiktoken-go count the first of some texts.
func referenceSpeed(reference *tiktoken.Tiktoken, texts []string) float64 {
	begin, bytes := time.Now(), 0
	for _, text := range texts {
		reference.EncodeOrdinary(text)
		bytes += len(text)
		if time.Since(begin) > time.Second/10 {
			break
		}
	}
	return megabytes(bytes, time.Since(begin))
}

func countAll(c *tokens.Counter, texts []string) (sum int) {
	for _, text := range texts {
		sum += c.Count(text)
	}
	return sum
}

func megabytes(bytes int, time time.Duration) float64 { return float64(bytes) / 1e6 / time.Seconds() }

// gsm8k returns the questions and answers of GSM8K's training set.
func gsm8k(b *testing.B) (texts []string) {
	folder := os.Getenv("FTRUN_TESTDATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared")
	}
	file, err := os.Open(filepath.Join(folder, "data", "gsm8k_train.jsonl"))
	if err != nil {
		b.Skip("needs gsm8k_train.jsonl, set FTRUN_TESTDATA: ", err)
	}
	defer file.Close()
	for in := bufio.NewScanner(file); in.Scan(); {
		var row struct{ Question, Answer string }
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			b.Fatal(err)
		}
		texts = append(texts, row.Question, row.Answer)
	}
	return texts
}

// goSource returns ftrun's own.
func goSource(b *testing.B) (texts []string) {
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// made returns 200 texts of 200 parts.
func made(part func(r *rand.Rand) string) (texts []string) {
	r := rand.New(rand.NewPCG(11, 11))
	for range 200 {
		var b strings.Builder
		for range 200 {
			b.WriteString(part(r))
		}
		texts = append(texts, b.String())
	}
	return texts
}

const commonChinese = "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只" +
	"作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等"

// chinese has clauses of common characters, the first ones more often.
func chinese(*testing.B) []string {
	characters := []rune(commonChinese)
	return made(func(r *rand.Rand) string {
		clause := make([]rune, 3+r.IntN(9))
		for i := range clause {
			clause[i] = characters[r.IntN(1+r.IntN(len(characters)))]
		}
		return string(clause) + []string{"，", "。", "、"}[r.IntN(3)]
	})
}

func hangul(*testing.B) []string {
	return made(func(r *rand.Rand) string {
		word := make([]rune, 1+r.IntN(4))
		for i := range word {
			word[i] = '가' + rune(r.IntN(28*21*5))
		}
		return string(word) + " "
	})
}

func emoji(*testing.B) []string {
	return made(func(r *rand.Rand) string { return string('\U0001f300' + rune(r.IntN(0x350))) })
}

func randomUnicode(*testing.B) []string {
	return made(func(r *rand.Rand) string { return string(rune(r.IntN(unicode.MaxRune + 1))) })
}

func randomBytes(*testing.B) []string {
	return made(func(r *rand.Rand) string { return string([]byte{byte(r.IntN(256))}) })
}

func oneWord(n int) func(*testing.B) []string {
	return func(*testing.B) []string { return []string{strings.Repeat("a", n)} }
}
