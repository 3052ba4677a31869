package reporters_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/reporters"
	"ftrun/runner/result"
)

func validationAnnotations(t *testing.T, v *result.Validation) []command {
	t.Helper()
	var buf bytes.Buffer
	if err := reporters.ValidationAnnotations(&buf, v, inRepository); err != nil {
		t.Fatal(err)
	}
	list := readCommands(t, buf.String())
	if lines := strings.Count(buf.String(), "\n"); lines != len(list) {
		t.Errorf("%d commands in %d lines", len(list), lines)
	}
	return list
}

// summarized returns a line for each annotation: what it is, where, its title and how its message begins and ends.
func summarized(list []command) []string {
	var lines []string
	for _, c := range list {
		first, rest, _ := strings.Cut(c.message, "\n")
		if strings.HasSuffix(rest, " in all") {
			first += " … " + rest[strings.LastIndexByte(rest, '\n')+1:]
		}
		lines = append(lines, fmt.Sprintf("%s %s:%s %s: %s", c.name, c.properties["file"], c.properties["line"], c.properties["title"], first))
	}
	return lines
}

// TestValidationAnnotations wants every problem at its line, by its severity; of data as many as it has, not as many as the problems list.
func TestValidationAnnotations(t *testing.T) {
	t.Parallel()
	v := messyValidation()
	v.OK = false
	want := []string{
		"error repo/tutor/data/a.jsonl: row 0: the data has 9 examples, and training needs at least 10",
		"warning repo/tutor/pipeline.yaml:11 test.assert[0]: counts twice",
		"warning repo/tutor/data/a.jsonl:17 duplicate_row: row 17: the same example as row 3 … 1,204 of this kind in all",
		`warning repo/tutor/data/b.jsonl:8 control_character: row 8: answer "completion" has a control character, U+001B`,
		"warning repo/tutor/data/a.jsonl:18 duplicate_row: row 18: the same example as row 4",
		"warning repo/tutor/data/b.jsonl:2 duplicate_row: row 2: the same example as row 5 of data/a.jsonl",
		"warning : ftrun: and 1,201 more, which ftrun validate --json prints",
		"notice repo/tutor/data/a.jsonl:90 no_user_message: row 90: no message is the user's … 2 of this kind in all",
		"notice repo/tutor/data/a.jsonl:91 no_user_message: row 91: no message is the user's",
	}
	if diff := cmp.Diff(want, summarized(validationAnnotations(t, v))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if list := validationAnnotations(t, &result.Validation{OK: true, Dataset: tutorDataset()}); len(list) != 0 {
		t.Errorf("of nothing: %v", list)
	}
	for _, c := range validationAnnotations(t, hostileValidation()) { // which reads them as GitHub does
		if c.message == "" || len(c.message) > 4096 {
			t.Errorf("a message of %d bytes", len(c.message))
		}
	}
	full := errors.New("no space left")
	if err := reporters.ValidationAnnotations(errorWriter{full}, v, inRepository); !errors.Is(err, full) {
		t.Errorf("got error %v, want %v", err, full)
	}
}

// TestSecretsComeFirst: of a run whose data has more keys than its results list, and other findings before them.
func TestSecretsComeFirst(t *testing.T) {
	t.Parallel()
	run := messyRun()
	secrets := result.DataFinding{Kind: "secret", Severity: "warning", Count: 8, Message: "a key"}
	for line := range 5 {
		secrets.Places = append(secrets.Places, result.DataPlace{File: "d.jsonl", Line: line + 1, Row: line + 1, Message: "a key"})
	}
	run.Warnings = nil
	run.Dataset.Findings = []result.DataFinding{
		{Kind: "blank", Severity: "warning", Count: 2, Places: []result.DataPlace{{File: "d.jsonl", Line: 1, Message: "m"}, {File: "d.jsonl", Line: 2, Message: "m"}}}, secrets,
	}
	want := []string{
		"warning repo/d.jsonl:1 secret: row 1: a key … 8 of this kind in all",
		"warning repo/d.jsonl:2 secret: row 2: a key",
		"warning repo/d.jsonl:3 secret: row 3: a key",
		"warning repo/d.jsonl:4 secret: row 4: a key",
		"warning repo/d.jsonl:5 secret: row 5: a key",
		"warning repo/d.jsonl:1 blank: m … 2 of this kind in all",
		"warning repo/d.jsonl:2 blank: m",
		"warning : ftrun: and 3 more, in results.json",
	}
	if diff := cmp.Diff(want, summarized(annotations(t, run))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestProblemsAreAsGraveAsTheyAre: a run that ended at its data has warnings among its problems, and they are no errors.
func TestProblemsAreAsGraveAsTheyAre(t *testing.T) {
	t.Parallel()
	run := invalidRun()
	run.Problems = []result.Problem{
		{Severity: "error", File: "d.jsonl", Line: 3, Path: "row 3", Message: "is blank"},
		{Severity: "warning", Kind: "duplicate_row", File: "d.jsonl", Line: 4, Path: "row 4", Message: "the same example as row 1"},
		{Severity: "note", Kind: "too_long", File: "d.jsonl", Line: 5, Path: "row 5", Message: "left out"},
	}
	want := []string{
		"error repo/d.jsonl:3 row 3: is blank",
		"warning repo/d.jsonl:4 duplicate_row: row 4: the same example as row 1",
		"notice repo/d.jsonl:5 too_long: row 5: left out",
	}
	if diff := cmp.Diff(want, summarized(annotations(t, run))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
