package overlap_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ftrun/runner/dataset/overlap"
)

// gsm8k returns a half of GSM8K, or skips where it is not there.
func gsm8k(t testing.TB, half string) []overlap.Case {
	t.Helper()
	folder := os.Getenv("FTRUN_TESTDATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(folder, "data", "gsm8k_"+half+".jsonl"))
	if err != nil {
		t.Skip("needs GSM8K, set FTRUN_TESTDATA: ", err)
	}
	defer f.Close()
	var list []overlap.Case
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c overlap.Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

func questionBytes(list []overlap.Case) (n int64) {
	for _, c := range list {
		n += int64(len(c.Question))
	}
	return n
}

// BenchmarkGSM8K looks for 1,319 test cases in 7,473 training rows, the index of the cases included.
func BenchmarkGSM8K(b *testing.B) {
	cases, rows := gsm8k(b, "test"), gsm8k(b, "train")
	b.SetBytes(questionBytes(rows))
	b.ReportAllocs()
	for b.Loop() {
		f := overlap.New(cases)
		l := f.Looker()
		lookAll(l, rows)
		f.Findings(l)
	}
}

// BenchmarkRows looks for some of the cases in rows without end: what a long file costs on one core, in bytes of its questions and in rows.
func BenchmarkRows(b *testing.B) {
	cases, rows := gsm8k(b, "test"), gsm8k(b, "train")
	for _, n := range []int{5, 50, 1000} {
		b.Run(fmt.Sprintf("cases=%d", n), func(b *testing.B) {
			l := overlap.New(cases[:n]).Looker()
			b.SetBytes(questionBytes(rows))
			b.ReportAllocs()
			for b.Loop() {
				lookAll(l, rows)
			}
			b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkBeyondASCII looks for 50 of the cases in rows that are written with other signs than ASCII has: one now and then, or all of them.
func BenchmarkBeyondASCII(b *testing.B) {
	cases, rows := gsm8k(b, "test"), gsm8k(b, "train")
	greek := func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return 'α' + r - 'a'
		}
		return r
	}
	for name, change := range map[string]func(string) string{
		"quotes": func(text string) string {
			return strings.NewReplacer("'", "’", " - ", " — ").Replace(text) + " “Why?”"
		},
		"script": func(text string) string { return strings.Map(greek, text) },
	} {
		b.Run(name, func(b *testing.B) {
			changed := make([]overlap.Case, len(rows))
			for i, r := range rows {
				changed[i] = overlap.Case{Question: change(r.Question), Answer: r.Answer}
			}
			l := overlap.New(cases[:50]).Looker()
			b.SetBytes(questionBytes(changed))
			for b.Loop() {
				lookAll(l, changed)
			}
		})
	}
}

func lookAll(l *overlap.Looker, rows []overlap.Case) {
	for i, r := range rows {
		l.Look(overlap.Place{Row: i + 1}, r.Question, r.Answer)
	}
}

// TestGSM8KSplitIsClean looks for the test half in the training half. The three that are found are the templates that every 13-gram
// check of this split finds; the same problem with other numbers is no copy.
func TestGSM8KSplitIsClean(t *testing.T) {
	cases, rows := gsm8k(t, "test"), gsm8k(t, "train")
	f := overlap.New(cases)
	l := f.Looker()
	lookAll(l, rows)
	found := f.Findings(l)
	if len(found) != 3 {
		t.Errorf("%d of %d cases are found in the training half, want 3", len(found), len(cases))
	}
	for _, x := range found {
		if x.Kind != overlap.Overlap {
			t.Errorf("case %d is row %d by %s: %q and %q", x.Case, x.Row, x.Kind, cases[x.Case].Question, rows[x.Row-1].Question)
		}
	}
}

// TestGSM8KPlanted plants a copy of every test case behind the training half, and finds each: word for word, with another answer, and as a
// part of more.
func TestGSM8KPlanted(t *testing.T) {
	cases, rows := gsm8k(t, "test"), gsm8k(t, "train")
	for _, want := range []struct {
		kind  overlap.Kind
		plant func(overlap.Case) overlap.Case
	}{
		{overlap.Verbatim, func(c overlap.Case) overlap.Case { return c }},
		{overlap.Question, func(c overlap.Case) overlap.Case { return overlap.Case{Question: c.Question, Answer: "Another."} }},
		{overlap.Overlap, func(c overlap.Case) overlap.Case {
			return overlap.Case{Question: "Solve this. " + c.Question + " Think first.", Answer: c.Answer}
		}},
	} {
		f := overlap.New(cases)
		l := f.Looker()
		lookAll(l, rows)
		for i, c := range cases {
			p := want.plant(c)
			l.Look(overlap.Place{Row: len(rows) + i + 1}, p.Question, p.Answer)
		}
		found := f.Findings(l)
		if len(found) != len(cases) {
			t.Errorf("%s: %d of %d planted cases are found", want.kind, len(found), len(cases))
		}
		for _, x := range found {
			if x.Kind != want.kind || x.Row != len(rows)+x.Case+1 {
				t.Errorf("case %d is row %d by %s, want row %d by %s", x.Case, x.Row, x.Kind, len(rows)+x.Case+1, want.kind)
			}
		}
	}
}

// TestMemoryIsOfTheCases lets the training half pass by ten times more: nothing is kept of rows.
func TestMemoryIsOfTheCases(t *testing.T) {
	cases, rows := gsm8k(t, "test"), gsm8k(t, "train")
	l := overlap.New(cases).Looker()
	lookAll(l, rows)
	once := testing.AllocsPerRun(1, func() { lookAll(l, rows) })
	more := testing.AllocsPerRun(1, func() {
		for range 10 {
			lookAll(l, rows)
		}
	})
	if perRow := more / float64(10*len(rows)); perRow > 0.1 || more > 11*once {
		t.Errorf("%.0f allocations for once and %.0f for ten times the rows", once, more)
	}
	runtime.KeepAlive(l)
}
