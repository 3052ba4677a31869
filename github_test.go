package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ftrun/reporters"
	"ftrun/runner/result"
)

// TestLocate names a file from several working folders; GitHub knows it from the root of the repository.
func TestLocate(t *testing.T) {
	root := t.TempDir()
	inner := filepath.Join(root, "repo", "models", "science")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(root, "link")
	if err := os.Symlink(filepath.Join(root, "repo"), link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	outside := filepath.ToSlash(filepath.Join(realPath(root), "elsewhere.yaml"))
	for name, test := range map[string]struct{ workspace, dir, file, want string }{
		"at the root":             {filepath.Join(root, "repo"), "repo", "pipeline.yaml", "pipeline.yaml"},
		"below it":                {filepath.Join(root, "repo"), "repo", "models/science/pipeline.yaml", "models/science/pipeline.yaml"},
		"from a folder":           {filepath.Join(root, "repo"), "repo/models/science", "../rows.jsonl", "models/rows.jsonl"},
		"whole path":              {filepath.Join(root, "repo"), "repo/models", filepath.Join(inner, "p.yaml"), "models/science/p.yaml"},
		"through a link":          {link, "repo/models", "science/p.yaml", "models/science/p.yaml"},
		"a folder that is not":    {filepath.Join(root, "repo"), "repo", "none/p.yaml", "none/p.yaml"},
		"dots in the name":        {filepath.Join(root, "repo"), "repo", "..p.yaml", "..p.yaml"},
		"outside":                 {filepath.Join(root, "repo"), "repo", "../elsewhere.yaml", outside},
		"no workspace":            {"", "repo", "./p.yaml", "./p.yaml"},
		"the workspace is no way": {filepath.Join(root, "none"), ".", "elsewhere.yaml", outside},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(filepath.Join(root, filepath.FromSlash(test.dir)))
			if got := (github{Workspace: test.workspace}).locate(test.file); got != test.want {
				t.Errorf("%s in %s is %q, want %q", test.file, test.dir, got, test.want)
			}
		})
	}
}

// TestSummaryFitsBehindOthers fills the file of a step's summary nearly, and more than that, before ftrun adds its own.
func TestSummaryFitsBehindOthers(t *testing.T) {
	t.Parallel()
	run := result.Begin("pipeline.yaml", "0.1.0", time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC))
	run.Warnings = []string{strings.Repeat("a long warning ", 100)}
	for _, test := range []struct {
		name   string
		taken  int
		room   bool
		wanted string // in what is added
	}{
		{"nothing there", 0, true, "a long warning"},
		{"a little there", 10, true, "a long warning"},
		{"little room", reporters.SummaryLimit - 600, true, "left out for lack of room"},
		{"room for the verdict", reporters.SummaryLimit - 40, true, "## ! UNFINISHED (exit 5)"},
		{"no room", reporters.SummaryLimit - 5, false, ""},
		{"full", reporters.SummaryLimit, false, ""},
		{"too full", reporters.SummaryLimit + 100, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "summary.md")
			before := strings.Repeat("x", test.taken)
			if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
			err := github{Actions: "true", Summary: path}.summarize(run)
			if (err == nil) != test.room {
				t.Errorf("error %v", err)
			}
			data, readErr := os.ReadFile(path)
			if readErr != nil {
				t.Fatal(readErr)
			}
			added, ok := strings.CutPrefix(string(data), before)
			if !ok || len(data) > max(reporters.SummaryLimit, test.taken) || !strings.Contains(added, test.wanted) || !test.room && added != "" {
				t.Errorf("%d bytes, added %q", len(data), added)
			}
		})
	}
}

// TestAppendLeavesNoHalf fails inside an addition. What stood there before stands there after.
func TestAppendLeavesNoHalf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "outputs")
	if err := os.WriteFile(path, []byte("mine=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := appendTo("GITHUB_OUTPUT", path, func(w *os.File, size int64) error {
		if size != 7 {
			t.Errorf("size %d", size)
		}
		_, err := w.WriteString("verdict<<x\npass")
		return errors.Join(err, broken)
	})
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "GITHUB_OUTPUT: ") {
		t.Errorf("got error %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "mine=1\n" {
		t.Errorf("the file has %q, %v", data, err)
	}
}

// TestOutputsBeginALine adds the outputs to those of an earlier step, which may have left its last line open.
func TestOutputsBeginALine(t *testing.T) {
	t.Parallel()
	run := result.Begin("pipeline.yaml", "0.1.0", time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC))
	for before, want := range map[string]string{"": "verdict<<ftrun-", "x=1\n": "x=1\nverdict<<ftrun-", "x=1": "x=1\nverdict<<ftrun-", "\n": "\nverdict<<ftrun-"} {
		path := filepath.Join(t.TempDir(), "outputs")
		if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (github{Actions: "true", Output: path}).writeOutputs(run, "results.json"); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(data), want) {
			t.Errorf("after %q the file has %q, %v", before, data, err)
		}
	}
}

// TestOutputsAreDocumented compares the list of outputs in README.md with what is written.
func TestOutputsAreDocumented(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(readme), "- **outputs** of the step:")
	list, _, _ = strings.Cut(list, ". `delta`")
	var documented, written []string
	for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(list, -1) {
		documented = append(documented, m[1])
	}
	documented = slices.DeleteFunc(documented, func(name string) bool { return name == "pass" }) // a verdict
	var buf bytes.Buffer
	run := result.Begin("pipeline.yaml", "0.1.0", time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC))
	if err := reporters.Outputs(&buf, run, "results.json", func() string { return "end" }); err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(buf.String()) {
		if name, _, ok := strings.Cut(l, "<<"); ok {
			written = append(written, name)
		}
	}
	slices.Sort(documented)
	slices.Sort(written)
	if !slices.Equal(documented, written) {
		t.Errorf("README.md lists %q, and %q are written", documented, written)
	}
}
