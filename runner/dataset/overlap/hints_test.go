package overlap_test

import (
	"reflect"
	"strings"
	"testing"

	"ftrun/runner/dataset/overlap"
)

// casesOf makes each line of a text a case.
func casesOf(text string) []overlap.Case {
	var cases []overlap.Case
	for line := range strings.SplitSeq(text, "\n") {
		cases = append(cases, overlap.Case{Question: line, Answer: "yes"})
	}
	return cases
}

// FuzzHints holds that a text is passed over at a glance only where a close look finds nothing. Questions are lines.
func FuzzHints(f *testing.F) {
	const capital = "What is the capital of France?"
	f.Add(capital, "What is the CAPITAL of -- France")
	f.Add(capital, "Tell me: what is the capital of france, please?")
	f.Add("Who was Napoleon?\n"+capital, "...Who... was ... Napoleon...?")
	f.Add("C++ or C#?\n7 - 5\n🎉", "c++, or c#")
	f.Add("café au lait is a drink of coffee with hot milk", "cafe\u0301 au lait is a drink of coffee with hot milk")
	f.Add("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty",
		"x three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen y")
	f.Add("aa aa aa aa aa aa aa aa aa aa aa aa aa aa bbb", "aa aa aa aa aa aa aa aa aa aa aa aa aa aa")
	f.Add("aa bb cc dd ee ff longest", "aa bb cc dd ee ff") // 80 % of the 3-grams, without the longest word
	const run = "aa bb cc dd ee ff gg hh ii jj kk ll mm nn"
	f.Add(run+" longera longerb longerc longerd longere longerf", strings.Repeat("so on and on ", 9)+run) // 13 words in a row, without the long ones
	f.Add("Ｗｈａｔ ｉｓ ｔｈｅ name of the river", "What is the name of the river")
	f.Fuzz(func(t *testing.T, questions, text string) {
		finder := overlap.New(casesOf(questions))
		if !finder.RulesOut(text) {
			return
		}
		looker := finder.WithoutHints().Looker()
		looker.Look(overlap.Place{Row: 1}, text, "yes")
		if found := finder.Findings(looker); len(found) > 0 {
			t.Errorf("%q is passed over, but has %+v", text, found)
		}
	})
}

// TestHintsHelp holds that ordinary questions are told at a glance from what is not about them, and leave what is found as it is.
func TestHintsHelp(t *testing.T) {
	rows := gsm8kQuestions(t)
	for name, questions := range map[string]string{
		"one":         "What is the capital of France?",
		"short":       "Who was Napoleon?\nCapital of Peru",
		"long":        "Explain in two or three sentences why the boiling point of water falls the higher one climbs, and what follows for cooking pasta on a mountain.",
		"beyond":      "Wie heißt die Hauptstadt von Österreich, und wann wurde sie gegründet?",
		"of the data": rows[100] + "\nWhat is the capital of France?",
	} {
		finder, plain := overlap.New(casesOf(questions)), overlap.New(casesOf(questions)).WithoutHints()
		looker, close := finder.Looker(), plain.Looker()
		passed := 0
		for i, row := range rows {
			if finder.RulesOut(row) {
				passed++
			}
			looker.Look(overlap.Place{Row: i + 1}, row, "yes")
			close.Look(overlap.Place{Row: i + 1}, row, "yes")
		}
		t.Logf("%s: %d of %d rows are passed over", name, passed, len(rows))
		if got, want := finder.Findings(looker), plain.Findings(close); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: found %+v, want %+v", name, got, want)
		}
		if name != "of the data" && passed < len(rows)*8/10 {
			t.Errorf("%s: only %d of %d rows are passed over", name, passed, len(rows))
		}
	}
}

func gsm8kQuestions(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, c := range gsm8k(t, "train") {
		list = append(list, c.Question)
	}
	return list
}
