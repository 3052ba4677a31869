package dataset_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ftrun/runner/dataset"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// write puts a data file into a fresh folder and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// config prepares a file for a known model, with its training file in a fresh folder.
func config(t testing.TB, path string) dataset.Config {
	t.Helper()
	dir := t.TempDir()
	return dataset.Config{
		Dataset:       spec.Dataset{Pos: diag.Position{File: "pipeline.yaml", Line: 3, Col: 10}},
		Training:      []dataset.File{{Name: filepath.Base(path), Path: path}},
		BaseModel:     "gpt-4.1-mini-2025-04-14",
		Out:           filepath.Join(dir, "train.jsonl"),
		ValidationOut: filepath.Join(dir, "valid.jsonl"),
	}
}

// prepare returns what came of the data, and the text of the training file.
func prepare(t testing.TB, c dataset.Config) (*dataset.Prepared, string) {
	t.Helper()
	prepared, err := dataset.Prepare(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	return prepared, string(text)
}

// problems returns what is wrong, one error a line, without the folder of the file. Hints follow a bar.
func problems(t testing.TB, c dataset.Config) []string {
	t.Helper()
	prepared, err := dataset.Prepare(t.Context(), c, nil)
	list, ok := errors.AsType[diag.List](err)
	if !ok || prepared != nil {
		t.Fatalf("got %v and error %v, want problems", prepared, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(c.Out)); err != nil || len(entries) > 0 {
		t.Errorf("problems leave nothing behind, but there is %v (%v)", entries, err)
	}
	var lines []string
	for _, d := range list {
		if d.Severity != diag.Error {
			continue
		}
		line := strings.ReplaceAll(d.String(), filepath.Dir(c.Training[0].Path)+string(filepath.Separator), "")
		if d.Hint != "" {
			line += " | " + d.Hint
		}
		lines = append(lines, line)
	}
	return lines
}

// Rows that make up for the ten that training needs.
var (
	qaPad   = strings.Repeat(`{"question":"q","answer":"a"}`+"\n", 10)
	chatPad = strings.Repeat(`{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`+"\n", 10)
)

// differing returns n question and answer rows of which no two are the same.
func differing(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"question":"question %d","answer":"a"}`+"\n", i)
	}
	return b.String()
}
