package grade

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// metricNames are all functions of two texts, in the order of their names.
func metricNames() []string {
	names := []string{"levenshtein"}
	for _, m := range textMetrics {
		names = append(names, m.name)
	}
	return names
}

// FuzzMetrics states what holds for any two texts.
func FuzzMetrics(f *testing.F) {
	f.Add("The quick brown dog jumps on the log.", "The quick brown fox jumps over the lazy dog")
	f.Add("", "👍")
	f.Add("a-\nb 3.14, 1,000-x ..5", "connections connected\xff光合作用")
	f.Add(strings.Repeat("ab ", 60), strings.Repeat("ba ", 70))
	f.Add("ȺȾ İ ſ K", "ⱥⱦ i s k")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, name := range metricNames() {
			metric := scoreOf(t, name)
			score := metric(a, b)
			if !(score >= 0 && score <= 1) {
				t.Errorf("%s of %q against %q = %v", name, a, b, score)
			}
			if name != "bleu" && name != "meteor" {
				if back := metric(b, a); back != score {
					t.Errorf("%s is not symmetric: %v and %v of %q and %q", name, score, back, a, b)
				}
			}
			if same := metric(a, a); name != "meteor" && same != 1 || same < 0.5 {
				t.Errorf("%s of %q against itself = %v", name, a, same)
			}
		}
	})
}

// FuzzDistances compares the algorithms on bits with the textbook's tables.
func FuzzDistances(f *testing.F) {
	f.Add("kitten", "sitting")
	f.Add("", "\xff\xfe")
	f.Add(strings.Repeat("abc", 70), strings.Repeat("bca", 60)+"é")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a)+len(b) > 1<<11 {
			t.Skip("the check is quadratic")
		}
		x, y := []rune(strings.TrimSpace(a)), []rune(strings.TrimSpace(b))
		distance, longer := editDistance(a, b)
		if want := plainDistance(x, y); distance != want || longer != max(len(x), len(y)) {
			t.Errorf("distance %d of %d, want %d of %d: %q %q", distance, longer, want, max(len(x), len(y)), a, b)
		}
		if len(x)+len(y) == 0 {
			return
		}
		want := 2 * float64(plainLCS(strings.Split(string(x), ""), strings.Split(string(y), ""))) / float64(len(x)+len(y))
		if got := fuzzyMatch(a, b); got != want && utf8.ValidString(a+b) {
			t.Errorf("fuzzy_match %v, want %v: %q %q", got, want, a, b)
		}
	})
}

func plainDistance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			above := row[j+1]
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above+1, row[j]+1, diagonal+cost)
			diagonal = above
		}
	}
	return row[len(b)]
}

// TestMetricsOfShortTexts holds what the docstrings say of texts that are too short for a formula.
func TestMetricsOfShortTexts(t *testing.T) {
	tests := []struct {
		metric, output, reference string
		want                      float64
	}{
		{"rouge_2", "Paris!", "paris", 1},
		{"rouge_2", "Paris", "London", 0},
		{"rouge_5", "a b c d", "a b c d", 1},
		{"rouge_5", "a b c d", "a b c d e", 0},
		{"rouge_1", "👍", " 👍", 1},
		{"rouge_3", "", "", 1},
		{"bleu", "Paris", "Paris", 1},
		{"bleu", "", "Paris", 0},
		{"bleu", "Paris", "", 0},
		{"bleu", "", "\n", 1},
		{"bleu", "光合作用", "光合反应", math.Exp((math.Log(2./4) + math.Log(1./3) + math.Log(1./2/2) + math.Log(1./4/1)) / 4)},
		{"gleu", "Paris", "Paris", 1},
		{"gleu", "", "x", 0},
		{"gleu", "光合作用", "光合反应", 3. / 10},
		{"meteor", "Paris", "paris", 0.5},
		{"meteor", "a b c", "a b c", 1 - 0.5/27},
		{"meteor", "", "x", 0},
		{"meteor", " ", "", 1},
		{"meteor", "running dogs", "dog runs", 0.5},
		{"fuzzy_match", "Paris\n", "Paris", 1},
		{"fuzzy_match", "paris", "Paris", 0.8},
		{"levenshtein", "Paris\n", " Paris", 1},
		{"levenshtein", "", "", 1},
	}
	for _, tt := range tests {
		score := scoreOf(t, tt.metric)
		if tt.metric == "levenshtein" && tt.output == "" {
			g, err := (&Levenshtein{Texts: Texts{Reference: new("{{item.x}}")}, MaxDistance: new(0)}).Grader().
				Grade(t.Context(), Sample{Vars: map[string]string{"x": ""}}, Services{})
			if err != nil || g.Score != tt.want {
				t.Errorf("levenshtein of nothing: %+v, %v", g, err)
			}
			continue
		}
		if got := score(tt.output, tt.reference); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s of %q against %q = %v, want %v", tt.metric, tt.output, tt.reference, got, tt.want)
		}
	}
}

// TestBrevityPenalty holds that a short output is punished, and a long one only for what is not in the reference.
func TestBrevityPenalty(t *testing.T) {
	const reference = "a b c d e f g h"
	if got, want := bleu("a b c d", reference), math.Exp(1-8./4); math.Abs(got-want) > 1e-12 {
		t.Errorf("half of the reference: %v, want %v", got, want)
	}
	if got, want := bleu(reference, "a b c d"), math.Pow(4./8*3/7*2/6*1/5, 1./4); math.Abs(got-want) > 1e-12 {
		t.Errorf("twice the reference: %v, want %v", got, want)
	}
}

// TestMetricsOfLongTexts compares texts of several pieces.
func TestMetricsOfLongTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	long := make([]byte, 3*pieceRunes+7)
	for i := range long {
		long[i] = "abcdefgh"[random.IntN(8)]
	}
	text := string(long)
	changed := "x" + text[1:len(text)-1] + "y"
	for _, name := range []string{"levenshtein", "fuzzy_match"} {
		metric := scoreOf(t, name)
		if got := metric(text, text); got != 1 {
			t.Errorf("%s of a long text against itself: %v", name, got)
		}
		if got, want := metric(changed, text), 1-2/float64(len(text)); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s of a long text with two letters changed: %v, want %v", name, got, want)
		}
		shifted := "yz" + text[:len(text)-1] + "z"
		if got := metric(shifted, text); got < 0.99 || got >= 1 {
			t.Errorf("%s of a long text moved by two letters: %v", name, got)
		}
	}
}

// TestMetricsOnHostileText bounds time and memory where a table of m·n numbers would take terabytes.
func TestMetricsOnHostileText(t *testing.T) {
	const size = 1 << 16
	pairs := hostilePairs(size)
	for _, name := range metricNames() {
		for kind, pair := range pairs {
			t.Run(name+"/"+kind, func(t *testing.T) {
				metric := scoreOf(t, name)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				score := metric(pair[0], pair[1])
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				t.Logf("%v, %d MB", took, (after.TotalAlloc-before.TotalAlloc)>>20)
				if took > 20*time.Second {
					t.Errorf("took %v", took)
				}
				if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 300*size {
					t.Errorf("allocated %d bytes for texts of %d", bytes, size)
				}
				if !(score >= 0 && score <= 1) {
					t.Errorf("score %v", score)
				}
			})
		}
	}
}

func hostilePairs(size int) map[string][2]string {
	var distinct strings.Builder
	for i := 0; distinct.Len() < size; i++ {
		fmt.Fprintf(&distinct, "%x ", i)
	}
	return map[string][2]string{
		"one word":          {strings.Repeat("a ", size/2), strings.Repeat("a ", size/2-1)},
		"two words":         {strings.Repeat("a b ", size/4), strings.Repeat("b a a ", size/6)},
		"all distinct":      {distinct.String(), "x" + distinct.String()[1:size-2] + "x"},
		"one endless token": {strings.Repeat("ay", size/2), strings.Repeat("yb", size/2)},
		"points":            {strings.Repeat("1.", size/2), strings.Repeat(",-", size/2)},
		"no words":          {strings.Repeat("\x00\x1b[2J", size/5), strings.Repeat("!", size)},
		"han":               {strings.Repeat("光合", size/6), strings.Repeat("合光合", size/9)},
		"invalid utf-8":     {strings.Repeat("\xff\xc0", size/2), strings.Repeat("a b ", size/4)},
	}
}

// english returns a text of frequent and rare words, as in language.
func english(random *rand.Rand, words int) string {
	text := make([]string, words)
	for i := range text {
		text[i] = fmt.Sprintf("word%d", int(math.Exp(random.Float64()*8)))
	}
	return strings.Join(text, " ")
}

// BenchmarkRougeLGrades grades answers of 100 words as a run does, through the Grader.
func BenchmarkRougeLGrades(b *testing.B) {
	benchmarkGrades(b, &TextSimilarity{EvaluationMetric: RougeLMetric, PassThreshold: 0.5})
}

// BenchmarkGrades grades answers of 100 words with every other metric.
func BenchmarkGrades(b *testing.B) {
	for _, m := range textMetrics {
		if m.name != RougeLMetric {
			b.Run(m.name, func(b *testing.B) { benchmarkGrades(b, &TextSimilarity{EvaluationMetric: m.name, PassThreshold: 0.5}) })
		}
	}
	b.Run("levenshtein", func(b *testing.B) { benchmarkGrades(b, &Levenshtein{MinSimilarity: new(0.8)}) })
	b.Run("string_check", func(b *testing.B) { benchmarkGrades(b, &StringCheck{Operation: opILike}) })
}

func benchmarkGrades(b *testing.B, args Args) {
	random := rand.New(rand.NewPCG(1, 2))
	samples := make([]Sample, 64)
	for i := range samples {
		samples[i] = Sample{Output: english(random, 100), Reference: english(random, 100)}
	}
	grader := args.Grader()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := grader.Grade(b.Context(), samples[i%len(samples)], Services{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "grades/s")
}

// BenchmarkMetricsOf1MB has the texts that take the longest of those in TestMetricsOnHostileText, a megabyte each.
func BenchmarkMetricsOf1MB(b *testing.B) {
	pairs := hostilePairs(1 << 20)
	for _, name := range metricNames() {
		metric := scoreOf(b, name)
		for _, kind := range []string{"all distinct", "points"} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					metric(pairs[kind][0], pairs[kind][1])
				}
			})
		}
	}
}
