package dataset_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"ftrun/runner/dataset"
	"ftrun/spec"
)

// splitOf returns which lines are trained on and which are held out.
func splitOf(t *testing.T, rows []string, share float64, seed int) (training, validation []string) {
	t.Helper()
	c := config(t, write(t, "d.jsonl", strings.Join(rows, "\n")))
	c.Dataset.Validation = spec.Validation{Share: spec.Amount{Value: share, Percent: true, Text: fmt.Sprintf("%g%%", 100*share)}, Seed: seed}
	_, text := prepare(t, c)
	held, err := os.ReadFile(c.ValidationOut)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(text), "\n"), strings.Split(strings.TrimSpace(string(held)), "\n")
}

// TestSplit holds out a share: every row on one side, the same rows whatever their order and whoever is added, and those that ask the same,
// in other letters or with another answer, on the same side.
func TestSplit(t *testing.T) {
	var rows []string
	for i := range 1_000 {
		rows = append(rows, fmt.Sprintf(`{"question":"What is %d?","answer":"a"}`, i))
	}
	training, validation := splitOf(t, rows, 0.2, 0)
	if n := len(validation); len(training)+n != len(rows) || math.Abs(float64(n)-200) > 50 { // four standard deviations
		t.Fatalf("%d rows are trained on and %d held out, of %d", len(training), n, len(rows))
	}

	shuffled := slices.Clone(rows)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for i := range 500 {
		shuffled = append(shuffled, fmt.Sprintf(`{"question":"Who is %d?","answer":"a"}`, i))
	}
	_, again := splitOf(t, shuffled, 0.2, 0)
	for _, line := range validation {
		if !slices.Contains(again, line) {
			t.Errorf("after rows were moved and added, this one is trained on: %s", line)
		}
	}
	for _, line := range training {
		if slices.Contains(again, line) {
			t.Errorf("after rows were moved and added, this one is held out: %s", line)
		}
	}

	doubled := slices.Clone(rows)
	for i := range 1_000 {
		doubled = append(doubled, fmt.Sprintf(`{"question":"  WHAT is\n%d? ","answer":"b"}`, i))
	}
	_, both := splitOf(t, doubled, 0.2, 0)
	if len(both) != 2*len(validation) {
		t.Errorf("%d of the rows that ask the same are held out, want %d", len(both), 2*len(validation))
	}

	_, other := splitOf(t, rows, 0.2, 1)
	if slices.Equal(other, validation) {
		t.Error("another seed draws the same rows")
	}
}

func TestSplitDrawsNone(t *testing.T) {
	c := config(t, write(t, "d.jsonl", differing(12)))
	c.Dataset.Validation.Share = spec.Amount{Value: 0.0001, Percent: true, Text: "0.01%"}
	_, err := dataset.Check(t.Context(), c, nil)
	if err == nil || !strings.Contains(err.Error(), "dataset.validation holds out 0.01% of the rows, and that draws none of 12") {
		t.Errorf("error is %v", err)
	}
}

// TestSplitSeesPictures draws by what is shown too: the same words stand under many pictures.
func TestSplitSeesPictures(t *testing.T) {
	var rows []string
	for i := range 200 {
		rows = append(rows, fmt.Sprintf(`{"messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},`+
			`{"type":"image_url","image_url":{"url":"https://example.com/%d.png"}}]},{"role":"assistant","content":"a"}]}`, i))
	}
	training, validation := splitOf(t, rows, 0.2, 0)
	if n := len(validation); n < 15 || len(training)+n != 200 {
		t.Errorf("%d rows of 200 are held out, %d trained on", n, len(training))
	}
}

// TestNothingToValidateWith wants rows where the spec names a file of them.
func TestNothingToValidateWith(t *testing.T) {
	c := config(t, write(t, "d.jsonl", differing(12)))
	c.Dataset.Invalid, c.Dataset.Validation.Paths = dataset.InvalidDrop, []string{"v.jsonl"}
	c.Validation = []dataset.File{{Name: "v.jsonl", Path: write(t, "v.jsonl", `{"question":"q","answer":""}`)}}
	if got := problems(t, c); len(got) != 1 || !strings.Contains(got[0], "none of the rows to validate with is left") {
		t.Errorf("problems %q", got)
	}
}
