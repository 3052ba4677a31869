package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlain: examples are written as they are, counted by the formula, and refused beyond the limit.
func TestPlain(t *testing.T) {
	dir := t.TempDir()
	rows, training := filepath.Join(dir, "rows.json"), filepath.Join(dir, "train.jsonl")
	if err := os.WriteFile(rows, []byte(`[{"question": "What is DNA?", "answer": "yes"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run([]string{"-system", "Be brief.", rows, training}, &out); err != nil {
		t.Fatal(err)
	}
	// 3 for the reply, 3 a message, 1 a role, and the texts: Be, brief and a stop; What, is, DNA and a question mark; yes.
	if out.String() != "1 examples, 23 tokens\n" {
		t.Errorf("it prints %q", &out)
	}
	got, err := os.ReadFile(training)
	const want = `{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"What is DNA?"},{"role":"assistant","content":"yes"}]}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("it writes %s, %v", got, err)
	}
	if err := run([]string{"-system", "Be brief.", "-limit", "22", rows, training}, &out); err == nil || !strings.Contains(err.Error(), "row 1 has 23 tokens") {
		t.Errorf("beyond the limit: %v", err)
	}
}
