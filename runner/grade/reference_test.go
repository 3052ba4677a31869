package grade

import (
	"encoding/json"
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
