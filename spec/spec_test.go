package spec_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ftrun/spec"
	"ftrun/spec/diag"
)

var update = flag.Bool("update", false, "write the .out files anew")

func files(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files in testdata/%s: %v", dir, err)
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// problems returns what a user reads, and fails where the error is not a list of problems inside the file.
func problems(t *testing.T, src []byte, err error) string {
	t.Helper()
	list, ok := err.(diag.List)
	if !ok || len(list) == 0 {
		t.Fatalf("want a list of problems, got %T: %v", err, err)
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.TrimPrefix(string(src), "\ufeff"))
	lines := strings.Split(text, "\n")
	for _, d := range list {
		switch {
		case d.Message == "" || strings.ContainsAny(d.String()+d.Hint, "\r\n"):
			t.Errorf("not one line of text: %q %q", d, d.Hint)
		case d.Pos.Line < 0 || d.Pos.Line > len(lines):
			t.Errorf("line outside the file of %d lines: %s", len(lines), d)
		case d.Pos.Line > 0 && (d.Pos.Col < 0 || d.Pos.Col > len([]rune(lines[d.Pos.Line-1]))+1):
			t.Errorf("column outside its line: %s", d)
		}
	}
	var b bytes.Buffer
	if err := diag.Fprint(&b, list); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGoodFiles(t *testing.T) {
	for _, name := range files(t, "ok") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			p, err := spec.Parse("pipeline.yaml", read(t, name))
			if err != nil {
				t.Fatal(err)
			}
			checkComplete(t, p)
		})
	}
}

func TestBadFiles(t *testing.T) {
	for _, name := range files(t, "bad") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src := read(t, name)
			p, err := spec.Parse("pipeline.yaml", src)
			if err == nil || p != nil {
				t.Fatalf("accepted: %v", p)
			}
			got := problems(t, src, err)
			golden := strings.TrimSuffix(name, ".yaml") + ".out"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(read(t, golden)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// checkComplete looks for what an accepted file must never leave empty.
func checkComplete(t *testing.T, p *spec.Pipeline) {
	t.Helper()
	switch {
	case p.Name == "", p.SHA256 == "", p.Provider.Kind == "", len(p.Thresholds) == 0, len(p.Test.Cases) == 0:
		t.Errorf("something is empty: %+v", p)
	case !p.Train.Off && (p.BaseModel == "" || p.Dataset == nil || p.Dataset.Path == ""):
		t.Errorf("nothing to train: %+v", p)
	case p.Train.Off && p.Test.Model == "":
		t.Errorf("nothing to ask: %+v", p)
	case p.Wait.Timeout <= 0, p.Test.Timeout <= 0, p.Test.Concurrency < 1, p.Test.MinCases < 1, p.Test.MaxErrors.Text == "", p.Test.Reuse == "":
		t.Errorf("a default is missing: %+v", p)
	case p.Test.Baseline.Kind != spec.BaselineBase && p.Test.Baseline.Kind != spec.BaselineOff:
		t.Errorf("baseline %q", p.Test.Baseline.Kind)
	}
	ids := map[string]bool{}
	for _, k := range p.Test.Cases {
		if k.ID == "" || ids[k.ID] || strings.TrimSpace(k.Question) == "" || len(k.Assertions) == 0 && k.Answer == "" {
			t.Errorf("case %+v", k)
		}
		ids[k.ID] = true
		for _, a := range k.Assertions {
			if a.Name == "" || a.Kind == "" || a.Grader == nil || a.Not != strings.HasPrefix(a.Kind, "not_") {
				t.Errorf("assertion %+v", a)
			}
		}
	}
	for _, threshold := range p.Thresholds {
		if threshold.Expression == "" || threshold.Pos.File == "" {
			t.Errorf("threshold %+v", threshold)
		}
	}
}
