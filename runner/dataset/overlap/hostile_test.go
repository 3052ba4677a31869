package overlap_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ftrun/runner/dataset/overlap"
)

// hostile are cases and examples, of about as many bytes as are asked for, that would take a naive search a time with the square of it.
func hostile(size int) map[string][2][]string {
	word := strings.Repeat("a ", size/2)
	pairs := strings.Repeat("a b ", size/4)
	random := rand.New(rand.NewPCG(1, 2))
	var two strings.Builder
	for range size / 2 {
		two.WriteString([]string{"a ", "b "}[random.IntN(2)])
	}
	var many, short []string
	for i := range size / 60 {
		many = append(many, fmt.Sprintf("one two three four five six seven eight nine ten eleven twelve %d thirteen", i))
		short = append(short, fmt.Sprintf("aaaa bbbb %d", i))
	}
	return map[string][2][]string{
		"one word":            {{word}, {word + "b"}},
		"two words in turn":   {{pairs}, {pairs + "a a"}},
		"two words at random": {{two.String()}, {two.String()[1:] + " a", word}},
		"no blanks":           {{strings.Repeat("a", size)}, {strings.Repeat("a", size-1)}},
		"signs":               {{strings.Repeat("- ", size/2)}, {strings.Repeat("-\t", size/2), strings.Repeat("+", size)}},
		"blanks":              {{strings.Repeat("-"+strings.Repeat(" ", 1000), size/1000)}, {strings.Repeat(" ", size)}},
		"marks":               {{"a" + strings.Repeat("\u0301", size/2)}, {"a" + strings.Repeat("\u0316\u0301", size/4)}},
		"many cases":          {many, {strings.Join(many, " "), strings.Join(many[1:], " ")}},
		"many short cases":    {short, short},
	}
}

// BenchmarkHostile shows that ten times the bytes take about ten times the time.
func BenchmarkHostile(b *testing.B) {
	for _, size := range []int{100_000, 1_000_000} {
		for name, h := range hostile(size) {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					search(h[0], h[1])
				}
			})
		}
	}
}

func search(questions, examples []string) []overlap.Finding {
	cases := make([]overlap.Case, len(questions))
	for i, q := range questions {
		cases[i].Question = q
	}
	f := overlap.New(cases)
	l := f.Looker()
	for i, e := range examples {
		l.Look(overlap.Place{Row: i + 1}, e, "")
	}
	return f.Findings(l)
}

// TestHostile has texts of a size at which the square of it would not end before the test does.
func TestHostile(t *testing.T) {
	for name, h := range hostile(400_000) {
		found := search(h[0], h[1])
		t.Logf("%s: %d of %d cases", name, len(found), len(h[0]))
		switch name {
		case "one word", "two words in turn", "two words at random", "many cases", "many short cases":
			if len(found) != len(h[0]) {
				t.Errorf("%s: %d of %d cases are found", name, len(found), len(h[0]))
			}
		}
	}
}
