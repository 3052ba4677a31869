package overlap_test

import (
	"math"
	"strings"
	"testing"

	"ftrun/runner/dataset/overlap"
)

// An oracle applies the rules of questions of five words or more as they are written down, and takes its time.
type oracle struct{ questions [][]string }

// grams returns the distinct n-grams of words.
func grams(words []string, n int) map[string]bool {
	set := map[string]bool{}
	for i := 0; i+n <= len(words); i++ {
		set[strings.Join(words[i:i+n], " ")] = true
	}
	return set
}

// common reports whether an n-gram is one of too many questions.
func (o oracle) common(gram string, n int) bool {
	of := 0
	for _, q := range o.questions {
		if (n == 3 && len(q) >= 5 || n == min(len(q), 8)) && grams(q, n)[gram] {
			of++
		}
	}
	return of >= 3 && (of > 10 || 10*of > len(o.questions))
}

func (o oracle) match(question, example []string) (kind overlap.Kind, coverage float64, run int) {
	n := min(len(question), 8)
	has, of := 0, 0
	there := grams(example, n)
	for g := range grams(question, n) {
		if o.common(g, n) {
			continue
		}
		of++
		if there[g] {
			has++
		}
	}
	if of > 0 {
		coverage = float64(has) / float64(of)
	}
	for i := range question {
		for j := range example {
			k := 0
			for i+k+n <= len(question) && j+k+n <= len(example) {
				g := strings.Join(question[i+k:i+k+n], " ")
				if g != strings.Join(example[j+k:j+k+n], " ") || o.common(g, n) {
					break
				}
				k++
			}
			if k > 0 {
				run = max(run, k+n-1)
			}
		}
	}
	both, all := 0, 0
	own, other := grams(question, 3), grams(example, 3)
	for g := range own {
		if !o.common(g, 3) {
			all++
			if other[g] {
				both++
			}
		}
	}
	for g := range other {
		if !o.common(g, 3) && !own[g] {
			all++
		}
	}
	switch {
	case n == 8 && (has > 0 && coverage >= 0.7 || run >= 13), n < 8 && has > 0 && 2*len(question) >= len(example),
		both > 0 && float64(both)/float64(all) >= 0.8:
		return overlap.Overlap, coverage, run
	}
	return overlap.None, 0, 0
}

// FuzzRules compares the finder with the oracle, on texts of a few words that come again and again: the first lines are questions, the last is
// the example. Words are a letter that is there once or more often.
func FuzzRules(f *testing.F) {
	f.Add("abcdefgh\nabcdefghi")
	f.Add("aaaaaaaaaaaaaaaaaa\naaaaaaaaaaaaaaaaaaaaaaaa")
	f.Add("abababababababab\nbabababababababa")
	f.Add("abcde\nxabcdex")
	f.Add("abcdefghijklmnopqrs\nabcdefghijklmnop")
	f.Add("instructabc\ninstructdef\ninstructghi\ninstructxyz")
	f.Add("abcdefghijklmnop\nbcdefghijklmnopq\ncdefghijklmnopqr\ndefghijklmnopqrs\ncdefghijklmnopqrst")
	f.Fuzz(func(t *testing.T, text string) {
		var texts [][]string
		for line := range strings.SplitSeq(text, "\n") {
			var words []string
			for _, c := range []byte(line) {
				words = append(words, strings.Repeat(string(rune('a'+c%20)), int(c%5)+1))
			}
			if len(words) < 5 || len(words) > 22 {
				return
			}
			texts = append(texts, words)
		}
		if len(texts) < 2 || len(texts) > 30 {
			return
		}
		o, example := oracle{}, texts[len(texts)-1]
		var cases []overlap.Case
		known := map[string]bool{}
		for _, q := range texts[:len(texts)-1] {
			joined := strings.Join(q, " ")
			cases = append(cases, overlap.Case{Question: joined})
			if !known[joined] {
				o.questions = append(o.questions, q)
			}
			known[joined] = true
		}
		finder := overlap.New(cases)
		looker := finder.Looker()
		looker.Look(overlap.Place{Row: 1}, "before "+strings.Join(texts[0][1:], " "), "") // what it leaves must not matter
		before := map[int]overlap.Finding{}
		for _, x := range finder.Findings(looker) {
			before[x.Case] = x
		}
		looker.Look(overlap.Place{Row: 2}, strings.Join(example, " "), "")
		found := map[int]overlap.Finding{}
		for _, x := range finder.Findings(looker) {
			found[x.Case] = x
		}
		for i, c := range cases {
			got, seen := found[i], before[i]
			kind, coverage, run := o.match(strings.Fields(c.Question), example)
			if c.Question == strings.Join(example, " ") {
				kind, coverage, run = overlap.Question, 1, len(example)
			}
			if seen.Kind != overlap.None {
				continue // which of two rows is shown is another test's
			}
			if got.Kind != kind || math.Abs(got.Coverage-coverage) > 1e-9 || got.Run != run {
				t.Errorf("%q in %q of %d questions: %s %.3f %d, want %s %.3f %d",
					c.Question, strings.Join(example, " "), len(o.questions), got.Kind, got.Coverage, got.Run, kind, coverage, run)
			}
		}
	})
}

// FuzzSameQuestion holds that a case whose question is a training question is found, whatever the text is and whatever stands beside it.
func FuzzSameQuestion(f *testing.F) {
	for _, s := range []string{"What is DNA?", "🎉", "x", "7 - 5", "水", "a a a a a a a a a a a a a a a a a a a a a a a a"} {
		f.Add(s, "yes", "another question of some length that is there too")
	}
	f.Fuzz(func(t *testing.T, question, answer, other string) {
		finder := overlap.New([]overlap.Case{{Question: other}, {Question: question, Answer: answer}, {Question: other + question}})
		looker := finder.Looker()
		looker.Look(overlap.Place{Row: 1}, other, answer)
		looker.Look(overlap.Place{Row: 2}, question, answer)
		want := overlap.Verbatim
		switch {
		case strings.TrimSpace(question) == "":
			want = overlap.None
		case strings.TrimSpace(answer) == "":
			want = overlap.Question
		}
		got := overlap.None
		for _, x := range finder.Findings(looker) {
			if x.Case == 1 {
				got = x.Kind
			}
		}
		if got != want {
			t.Errorf("%q with the answer %q is found as %s, want %s", question, answer, got, want)
		}
	})
}
