package overlap_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset/overlap"
)

// look returns what is found of one case in one example.
func look(c, example overlap.Case) overlap.Finding {
	f := overlap.New([]overlap.Case{c})
	l := f.Looker()
	l.Look(overlap.Place{Row: 1}, example.Question, example.Answer)
	if found := f.Findings(l); len(found) > 0 {
		return found[0]
	}
	return overlap.Finding{}
}

// numbered returns words from first to last, such as "w3 w4 w5".
func numbered(first, last int) string {
	var list []string
	for i := first; i <= last; i++ {
		list = append(list, fmt.Sprintf("w%d", i))
	}
	return strings.Join(list, " ")
}

func TestRules(t *testing.T) {
	const natalia = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips did she sell altogether?"
	long := numbered(1, 100)
	for name, test := range map[string]struct {
		question, example string
		want              overlap.Kind
	}{
		"the same":                          {"What is DNA?", "What is DNA?", overlap.Verbatim},
		"case, marks and blanks":            {"What is DNA?", "  what is... “dna”\n", overlap.Verbatim},
		"another question":                  {"What is DNA?", "What is RNA?", overlap.None},
		"a template with other numbers":     {natalia, strings.Replace(natalia, "48", "72", 1), overlap.Overlap},
		"a short template, another number":  {"What is 12 plus 30?", "What is 12 plus 31?", overlap.None},
		"another sign":                      {"What is 7 - 5?", "What is 7 + 5?", overlap.None},
		"another language":                  {"Who made C++?", "Who made C?", overlap.None},
		"pictures":                          {"🎉🎉", "🎉🎉", overlap.Verbatim},
		"other pictures":                    {"🎉🎉", "🎉", overlap.None},
		"blank":                             {" ", " ", overlap.None},
		"marks alone":                       {"...", "?!", overlap.None},
		"one letter":                        {"x", "x", overlap.Verbatim},
		"Chinese":                           {"水的沸点是多少？", "水 的沸点是多少", overlap.Verbatim},
		"Chinese, in more":                  {"水的沸点是多少？", "请问：水的沸点是多少？", overlap.Overlap},
		"Chinese, another":                  {"水的沸点是多少？", "铁的熔点是多少？", overlap.None},
		"under 5 words, one letter more":    {"Who discovered penicillin first", "Who discovered penicillins first", overlap.Overlap},
		"under 5 words, in more":            {"What is DNA?", "What is DNA sequencing used for?", overlap.None},
		"under 5 words, written together":   {"Who really invented football", "Who really invented foot ball", overlap.Overlap},
		"under 5 words, other numbers":      {"Population of Paris 1990", "Population of Paris 1991", overlap.None},
		"5 to 7 words, half of the example": {numbered(1, 6), "a b c " + numbered(1, 6) + " d e f", overlap.Overlap},
		"5 to 7 words, less of it":          {numbered(1, 6), "a b c d " + numbered(1, 6) + " d e f", overlap.None},
		"5 to 7 words, one replaced":        {numbered(1, 7), numbered(1, 5) + " x w7", overlap.None},
		"8 words in a long example":         {numbered(1, 8), strings.Repeat("x y z ", 99) + numbered(1, 8), overlap.Overlap},
		"8 words, one left out":             {numbered(1, 8), numbered(1, 4) + " " + numbered(6, 8) + " and more of it", overlap.None},
		"70 % of the n-grams":               {numbered(1, 17), numbered(1, 14), overlap.Overlap},       // 7 of 10, and 14 words
		"12 words of 17":                    {numbered(1, 17), numbered(1, 12) + " x y", overlap.None}, // 5 of 10
		"70 % of the n-grams, in pieces":    {numbered(1, 17), numbered(1, 11) + " x " + numbered(8, 17), overlap.Overlap},
		"13 words in a row":                 {long, "x " + numbered(31, 43) + " y", overlap.Overlap},
		"12 words in a row":                 {long, "x " + numbered(31, 42) + " y", overlap.None},
		"12 and 12 words":                   {long, numbered(31, 42) + " x " + numbered(43, 54), overlap.None},
		"13 words in another order":         {long, numbered(38, 45) + " " + numbered(30, 37), overlap.None},
		"3-grams, 8 of 10":                  {numbered(1, 7), numbered(1, 7) + " x", overlap.Overlap},
		"the same words turned round":       {numbered(1, 12), "w12 w11 w10 w9 w8 w7 w6 w5 w4 w3 w2 w1", overlap.None},
		"nothing in common":                 {long, numbered(101, 200), overlap.None},
	} {
		got := look(overlap.Case{Question: test.question, Answer: "yes"}, overlap.Case{Question: test.example, Answer: "Yes!"})
		if got.Kind != test.want {
			t.Errorf("%s: %s (%+v), want %s", name, got.Kind, got.Match, test.want)
		}
	}
}

// TestJaccardOfParts has four changes so far from each other that neither n-grams nor runs show the copy.
func TestJaccardOfParts(t *testing.T) {
	text := strings.Fields(numbered(1, 70))
	for i := 11; i < 70; i += 12 {
		text[i] = "changed"
	}
	got := look(overlap.Case{Question: numbered(1, 70)}, overlap.Case{Question: strings.Join(text, " ")})
	if got.Kind != overlap.None { // 68 3-grams, of which 5·3 are other ones: 53/83
		t.Errorf("5 changes: %+v", got)
	}
	for i := 23; i < 70; i += 12 {
		text[i] = fmt.Sprintf("w%d", i+1)
	}
	text[35] = "changed"
	got = look(overlap.Case{Question: numbered(1, 36)}, overlap.Case{Question: strings.Join(text[:36], " ")})
	if got.Kind != overlap.Overlap {
		t.Errorf("two changes in 36 words: %+v", got)
	}
}

func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answer, example string
		want            overlap.Kind
	}{
		"the same":        {"It is a molecule.", "it is a molecule", overlap.Verbatim},
		"another":         {"It is a molecule.", "It is a code.", overlap.Question},
		"none to compare": {"", "It is a molecule.", overlap.Question},
		"none there":      {"It is a molecule.", "", overlap.Question},
		"numbers":         {"72", "27", overlap.Question},
		"pictures":        {"🎉", "🎉", overlap.Verbatim},
		"other pictures":  {"🎉", "🚀", overlap.Question},
	} {
		got := look(overlap.Case{Question: "What is DNA?", Answer: test.answer}, overlap.Case{Question: "What is DNA?", Answer: test.example})
		if got.Kind != test.want {
			t.Errorf("%s: %s, want %s", name, got.Kind, test.want)
		}
	}
}

// TestMeasures has the figures that go with a finding.
func TestMeasures(t *testing.T) {
	for name, test := range map[string]struct {
		question, example string
		want              overlap.Match
	}{
		"same":  {"a b c", "a b c", overlap.Match{Kind: overlap.Verbatim, Coverage: 1, Run: 3, Jaccard: 1}},
		"part":  {numbered(1, 17), numbered(1, 14) + " x", overlap.Match{Kind: overlap.Overlap, Coverage: 0.7, Run: 14, Jaccard: 14. / 18}},
		"twice": {numbered(1, 8) + " w8", numbered(1, 8) + " w8 w8 x x", overlap.Match{Kind: overlap.Overlap, Coverage: 1, Run: 9, Jaccard: 8. / 9}},
		"short": {"Who really invented football", "Who really invented foot ball", overlap.Match{Kind: overlap.Overlap, Run: 3, Jaccard: 3. / 6}},
	} {
		got := look(overlap.Case{Question: test.question, Answer: "y"}, overlap.Case{Question: test.example, Answer: "y"})
		if diff := cmp.Diff(test.want, got.Match); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestBestFinding lets rows pass by in an order in which the best is neither first nor last.
func TestBestFinding(t *testing.T) {
	f := overlap.New([]overlap.Case{
		{Question: numbered(1, 20), Answer: "a"},
		{Question: numbered(1, 20), Answer: "b"}, // the same question, whose copy is another row
		{Question: numbered(1, 20)},
		{Question: "never"},
	})
	l := f.Looker()
	for _, r := range []struct {
		row              int
		question, answer string
	}{
		{1, numbered(1, 15), ""}, {2, numbered(1, 18), ""}, {3, numbered(1, 20), "c"}, {4, numbered(1, 20), "b"}, {4, numbered(1, 20), "b"},
		{5, numbered(1, 20), "a"}, {6, numbered(1, 20), "a"}, {7, "other", "a"}, {8, numbered(2, 20), ""},
	} {
		l.Look(overlap.Place{Source: "d", Row: r.row, Line: r.row + 1}, r.question, r.answer)
	}
	same := overlap.Match{Kind: overlap.Verbatim, Coverage: 1, Run: 20, Jaccard: 1}
	question := same
	question.Kind = overlap.Question
	want := []overlap.Finding{
		{Case: 0, Place: overlap.Place{Source: "d", Row: 5, Line: 6}, Match: same, Question: numbered(1, 20), More: 6},
		{Case: 1, Place: overlap.Place{Source: "d", Row: 4, Line: 5}, Match: same, Question: numbered(1, 20), More: 6},
		{Case: 2, Place: overlap.Place{Source: "d", Row: 3, Line: 4}, Match: question, Question: numbered(1, 20), More: 6},
	}
	if diff := cmp.Diff(want, f.Findings(l)); diff != "" {
		t.Error(diff)
	}
}

// TestInstruction has cases that begin with the same long instruction, as the training rows do: it is no overlap.
func TestInstruction(t *testing.T) {
	const instruction = "Classify the sentiment of the following review as positive, negative or neutral, and answer with that word alone. Review: "
	var cases []overlap.Case
	for i := range 20 {
		cases = append(cases, overlap.Case{Question: instruction + fmt.Sprintf("the film number %d was %d times too long for %d people", i, i+3, i+9)})
	}
	f := overlap.New(cases)
	l := f.Looker()
	for row := 1; row < 1000; row++ {
		l.Look(overlap.Place{Row: row}, instruction+fmt.Sprintf("I liked book %d", row), "positive")
	}
	if found := f.Findings(l); len(found) > 0 {
		t.Errorf("%d of %d cases are found by what all of them begin with: %+v", len(found), len(cases), found[0])
	}
	l.Look(overlap.Place{Row: 1000}, cases[7].Question, "negative")
	l.Look(overlap.Place{Row: 1001}, "Do it well. "+cases[8].Question, "negative")
	if found := f.Findings(l); len(found) != 2 || found[0].Case != 7 || found[0].Kind != overlap.Question || found[1].Case != 8 {
		t.Errorf("found %+v", found)
	}
}

func TestLongExampleIsShortened(t *testing.T) {
	question := strings.Repeat("größer ", 1000)
	got := look(overlap.Case{Question: question}, overlap.Case{Question: question}).Question
	if len(got) > 210 || !strings.HasSuffix(got, "…") || !strings.HasPrefix(question, strings.TrimSuffix(got, "…")) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}
