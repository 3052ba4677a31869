package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset"
	"ftrun/spec"
	"ftrun/spec/diag"
)

const dataPage = "docs/data.md"

// tableRows returns the cells of the table below a heading of a document.
func tableRows(t *testing.T, file, heading string) [][]string {
	t.Helper()
	_, text, found := strings.Cut(readDocument(t, file), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", file, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var list [][]string
	for _, line := range strings.Split(text, "\n") {
		if cells, ok := strings.CutPrefix(line, "| "); ok {
			list = append(list, strings.Split(strings.TrimSuffix(cells, " |"), " | "))
		}
	}
	if len(list) < 2 {
		t.Fatalf("%s: no table below %q", file, heading)
	}
	return list[1:]
}

// TestKindsAreExplained holds the page about data to the kinds of findings that there are.
func TestKindsAreExplained(t *testing.T) {
	var got []string
	for _, row := range tableRows(t, dataPage, "What is found") {
		got = append(got, strings.Trim(row[0], "`"))
		for _, word := range strings.Split(row[1], ", ") {
			if err := new(diag.Severity).UnmarshalText([]byte(word)); err != nil {
				t.Errorf("%s: %v", row[0], err)
			}
		}
	}
	if diff := cmp.Diff(dataset.Kinds(), got); diff != "" {
		t.Errorf("kinds (-code +page):\n%s", diff)
	}
}

// TestFormatsAreShown prepares the row that the page shows of every format.
func TestFormatsAreShown(t *testing.T) {
	code := regexp.MustCompile("^`(.*)`$")
	for _, row := range tableRows(t, dataPage, "Formats") {
		format, text := strings.Trim(row[0], "`"), code.FindStringSubmatch(row[1])
		if text == nil {
			t.Errorf("%s: no row is shown", format)
			continue
		}
		path := filepath.Join(t.TempDir(), "d.jsonl")
		if err := os.WriteFile(path, []byte(strings.Repeat(text[1]+"\n", dataset.MinExamples)), 0o600); err != nil {
			t.Fatal(err)
		}
		config := dataset.Config{Training: []dataset.File{{Name: "d.jsonl", Path: path}}, BaseModel: "gpt-4.1-mini"}
		if format == "preference" {
			config.Method = spec.MethodDPO
		}
		checked, err := dataset.Check(t.Context(), config, nil)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		if got := checked.Stats.Sources[0].Shape; got != format {
			t.Errorf("the row of %s is taken for %s", format, got)
		}
	}
}
