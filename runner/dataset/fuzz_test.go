package dataset_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"ftrun/runner/dataset"
	"ftrun/spec"
)

// FuzzPrepare holds what must be true of any data: every row is in one count, every example is a line of JSON, the same data gives the same
// bytes, and where rows that can't be trained on are left out, only the file as a whole can be refused.
func FuzzPrepare(f *testing.F) {
	for _, seed := range []string{qaPad, chatPad, differing(12), `{"instruction":"i","input":"x","output":"o","history":[["a","b"]]}`,
		`{"conversations":[{"from":"human","value":"q"},{"from":"function_call","value":"{}"},{"from":"observation","value":"x"},{"from":"gpt","value":"a"}]}`,
		`{"input":{"messages":[{"role":"user","content":"q"}]},"preferred_output":[{"role":"assistant","content":"a"}],"non_preferred_output":"b"}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:,"}}]},{"role":"assistant","tool_calls":[{}]}],"tools":[{}]}`,
		"{\"question\":\"\xff\",\"answer\":\"\u0000\"}\n[]\nnull"} {
		f.Add([]byte(seed), ".jsonl", false)
		f.Add([]byte(seed), ".csv", true)
		f.Add([]byte("["+seed+"]"), ".json", true)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, extension string, drop bool) {
		switch extension {
		case ".json", ".jsonl", ".csv":
		default:
			return
		}
		path := filepath.Join(dir, "d"+extension)
		text = append(text, "\n"+differing(10)...)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := config(t, path)
		c.Dataset.Validation.Share = spec.Amount{Value: 0.3, Percent: true, Text: "30%"}
		c.Dataset.Duplicates = dataset.DuplicatesDrop
		if drop {
			c.Dataset.Invalid, c.Dataset.TooLong = dataset.InvalidDrop, dataset.TooLongDrop
		}
		for _, c.Method = range []string{spec.MethodSupervised, spec.MethodDPO} {
			var training, validation bytes.Buffer
			got, err := dataset.PrepareTo(context.Background(), c, &training, &validation, nil)
			if err != nil {
				continue
			}
			s := got.Stats
			if s.Total != s.Training+s.Validation+s.Invalid+s.Dropped+s.Duplicates {
				t.Errorf("the counts do not add up: %+v", s)
			}
			if !drop && s.Invalid+s.Dropped > 0 {
				t.Errorf("rows are left out, and nobody said so: %+v", s)
			}
			if n := bytes.Count(training.Bytes(), []byte("\n")); n != s.Training || int64(training.Len()) != s.TrainingBytes {
				t.Errorf("%d lines of %d bytes, counted %+v", n, training.Len(), s)
			}
			for _, line := range bytes.Split(bytes.TrimSpace(append(training.Bytes(), validation.Bytes()...)), []byte("\n")) {
				if !json.Valid(line) {
					t.Errorf("not JSON: %q", line)
				}
			}
			var again, held bytes.Buffer
			if _, err := dataset.PrepareTo(context.Background(), c, &again, &held, nil); err != nil || !bytes.Equal(again.Bytes(), training.Bytes()) || !bytes.Equal(held.Bytes(), validation.Bytes()) {
				t.Errorf("the same data gives other bytes (%v)", err)
			}
		}
	})
}
