package secrets_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"ftrun/runner/dataset/secrets"
)

// gsm8k returns the examples of a half of GSM8K, each as one text, or skips where it is not there.
func gsm8k(t testing.TB, half string) []string {
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
	var texts []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var row struct{ Question, Answer string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, row.Question+"\n"+row.Answer)
	}
	return texts
}

func TestNoFalseAlarmOnGSM8K(t *testing.T) {
	for _, half := range []string{"train", "test"} {
		for i, text := range gsm8k(t, half) {
			if found := secrets.Find(text); len(found) > 0 {
				t.Errorf("%s %d: %v", half, i, found)
			}
			if found := secrets.Find(text + " It is AKIAQ5RT7MWZ2LKX4NP6."); len(found) != 1 {
				t.Errorf("%s %d: a planted key is not found", half, i)
			}
		}
	}
}
