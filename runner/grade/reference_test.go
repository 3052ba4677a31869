package grade

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// scoreOf is a metric of two texts by its name, that of levenshtein among them.
func scoreOf(t testing.TB, metric string) func(output, reference string) float64 {
	t.Helper()
	if metric == "levenshtein" {
		return func(output, reference string) float64 {
			distance, longer := editDistance(output, reference)
			return 1 - float64(distance)/float64(max(longer, 1))
		}
	}
	score := textMetric(metric)
	if score == nil {
		t.Fatalf("there is no metric %q", metric)
	}
	return score
}

// TestAgainstReferenceValues compares every metric with what the implementations that people know say of the same texts. Each line of the
// file names the origin of its value.
func TestAgainstReferenceValues(t *testing.T) {
	text, err := os.ReadFile("testdata/reference_values.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var v struct {
			Metric, Output, Reference, Origin string
			Score, Within                     float64
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		counts[v.Metric]++
		if v.Origin == "" {
			t.Errorf("no origin: %s", line)
		}
		if got := scoreOf(t, v.Metric)(v.Output, v.Reference); math.Abs(got-v.Score) > v.Within {
			t.Errorf("%s of %q against %q = %v, want %v (%s)", v.Metric, v.Output, v.Reference, got, v.Score, v.Origin)
		}
	}
	for _, m := range textMetrics {
		if counts[m.name] < 3 {
			t.Errorf("%s has %d reference values", m.name, counts[m.name])
		}
	}
}

func TestStems(t *testing.T) {
	text, err := os.ReadFile("testdata/porter_stems.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		word, want, ok := strings.Cut(strings.TrimSpace(line), " ")
		if word == "#" || !ok {
			continue
		}
		if got := string(stem(word)); got != want {
			t.Errorf("stem of %s is %s, want %s", word, got, want)
		}
	}
	for _, word := range []string{"", "müde", "cafés", "\xff"} {
		if got := string(stem(word)); got != word {
			t.Errorf("stem of %q is %q", word, got)
		}
	}
}

// TestScoresInDocuments computes the table of docs/graders.md again, whose header has the answers.
func TestScoresInDocuments(t *testing.T) {
	const reference = "The train leaves at 9:40 from platform 2."
	text, err := os.ReadFile("../../docs/graders.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), reference) {
		t.Error("the reference is not in the document")
	}
	_, table, _ := strings.Cut(string(text), "| metric | \"")
	header, rows, _ := strings.Cut(table, "\n|---|---|---|---|---|\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	answers := strings.Split(strings.TrimSuffix(header, "\" |"), "\" | \"")
	seen := 0
	for row := range strings.SplitSeq(rows, "\n") {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		if len(cells) != 1+len(answers) {
			t.Fatalf("the row %q has not a score for each of %q", row, answers)
		}
		seen++
		for i, answer := range answers {
			if got := fmt.Sprintf("%.2f", scoreOf(t, strings.Trim(cells[0], "`"))(answer, reference)); got != cells[i+1] {
				t.Errorf("%s of %q is %s, documented is %s", cells[0], answer, got, cells[i+1])
			}
		}
	}
	if want := len(textMetrics) + 1; seen != want {
		t.Errorf("%d metrics are in the table, there are %d", seen, want)
	}
}
