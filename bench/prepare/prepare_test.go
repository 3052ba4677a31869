package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ftrun/spec"
)

// TestPipeline: the pipeline is one that ftrun takes, of the rows beside it, with cases to look for.
func TestPipeline(t *testing.T) {
	rows := filepath.Join(t.TempDir(), "rows.json")
	if err := os.WriteFile(rows, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(rows), "pipeline.yaml")
	if err := pipeline(path, rows); err != nil {
		t.Fatal(err)
	}
	p, err := spec.Load(path, spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Dataset.Files[0] != "rows.json" || p.SystemPrompt != systemPrompt || p.TokenLimit != tokenLimit || len(p.Test.Cases) != 5 {
		t.Errorf("%q with %q, %d tokens and %d cases", p.Dataset.Files[0], p.SystemPrompt, p.TokenLimit, len(p.Test.Cases))
	}
}

// TestSameExamples: files that tell the same in other letters are the same, and all else is not.
func TestSameExamples(t *testing.T) {
	const row = `{"messages":[{"role":"user","content":"1 < 2"},{"role":"assistant","content":"yes"}]}` + "\n"
	for name, test := range map[string]struct {
		one, other string
		want       string // in the error; empty: none
	}{
		"the same":         {row + row, row + row, ""},
		"escaped":          {row, strings.ReplaceAll(row, "<", `\u003c`), ""},
		"another word":     {row + row, row + strings.Replace(row, "yes", "no", 1), "row 2"},
		"another role":     {row, strings.Replace(row, "assistant", "system", 1), "row 1"},
		"a row less":       {row + row, row, "row 2"},
		"a row more":       {row, row + row, "row 2"},
		"a message less":   {row, `{"messages":[{"role":"user","content":"1 < 2"}]}`, "row 1"},
		"a field besides":  {row, strings.Replace(row, `{"role"`, `{"weight":0,"role"`, 1), "row 1"},
		"no JSON any more": {row, row[:20], "row 1"},
	} {
		err := sameExamples(strings.NewReader(test.one), strings.NewReader(test.other))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
