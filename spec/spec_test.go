package spec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ftrun/runner/provider"
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
	unread := len(p.Test.CaseFiles) > 0 // by Parse
	switch {
	case p.Name == "", p.SHA256 == "", p.Provider.Kind == "":
		t.Errorf("something is empty: %+v", p)
	case (len(p.Thresholds) == 0 || len(p.Test.Cases) == 0) && !unread:
		t.Errorf("nothing is tested: %+v", p)
	case !p.Train.Off && (p.BaseModel == "" || p.Dataset == nil || len(p.Dataset.Paths) == 0):
		t.Errorf("nothing to train: %+v", p)
	case p.Train.Off && p.Test.Model == "":
		t.Errorf("nothing to ask: %+v", p)
	case p.Wait.Timeout <= 0, p.Test.Timeout <= 0, p.Test.Concurrency < 1, p.Test.MinCases < 1, p.Test.MaxErrors.Text == "", p.Test.Reuse == "":
		t.Errorf("a default is missing: %+v", p)
	}
	checkDataset(t, p.Dataset)
	checkServices(t, p.Test)
	ids := map[string]bool{}
	for _, k := range p.Test.Cases {
		if k.ID == "" || ids[k.ID] {
			t.Errorf("id of case %+v", k)
		}
		ids[k.ID] = true
		checkCase(t, k)
	}
	for _, threshold := range p.Thresholds {
		if threshold.Expression == "" || threshold.Pos.File == "" {
			t.Errorf("threshold %+v", threshold)
		}
		if threshold.NeedsBaseline() && p.Test.Baseline.Kind == spec.BaselineOff {
			t.Errorf("threshold %+v without a baseline", threshold)
		}
	}
}

// checkDataset wants policies that are all set, and rows that are held out in one way.
func checkDataset(t *testing.T, d *spec.Dataset) {
	t.Helper()
	if d == nil {
		return
	}
	if slices.Contains([]string{d.Format, d.TooLong, d.Invalid, d.Duplicates, d.Contamination, d.Secrets, d.MaxDropped.Text}, "") {
		t.Errorf("a default is missing: %+v", d)
	}
	if len(d.Fields) > 0 && d.Shape() == "auto" {
		t.Errorf("the columns %v are of no format", d.Fields)
	}
	v := d.Validation
	if share := v.Share; share.Text != "" && (!share.Percent || share.Value <= 0 || share.Value >= 1 || len(v.Paths) > 0) || v.Set() == (v.Pos == diag.Position{}) {
		t.Errorf("validation %+v", v)
	}
	for _, file := range append(slices.Clone(v.Files), d.Files...) {
		if slices.Contains(v.Files, file) && slices.Contains(d.Files, file) {
			t.Errorf("%q is trained on and held out", file)
		}
	}
}

// checkServices wants a model wherever one is asked.
func checkServices(t *testing.T, test spec.Test) {
	t.Helper()
	settings := []*provider.Settings{test.Provider, test.Baseline.Provider}
	switch b := test.Baseline; b.Kind {
	case spec.BaselineBase, spec.BaselineOff:
	case spec.BaselineModel:
		if strings.TrimSpace(b.Model) == "" {
			t.Errorf("baseline %+v", b)
		}
	case spec.BaselineResults:
		if strings.TrimSpace(b.Results) == "" {
			t.Errorf("baseline %+v", b)
		}
	default:
		t.Errorf("baseline %+v", b)
	}
	if j := test.Judge; j != nil {
		if j.Model == "" || j.Samples%2 != 1 {
			t.Errorf("judge %+v", j)
		}
		settings = append(settings, j.Provider)
		for _, k := range j.Calibration {
			checkCase(t, k.Case)
			for _, a := range k.Case.Assertions {
				if !a.Judge {
					t.Errorf("calibration %+v", k)
				}
			}
		}
	}
	for _, s := range settings {
		if s != nil && (s.Kind == "" || s.Wire != "" || s.ExtraBody != nil) {
			t.Errorf("settings %+v", s)
		}
	}
	if f := test.ResponseFormat; f != nil && (f.Name == "" || !json.Valid(f.Schema)) {
		t.Errorf("response format %+v", f)
	}
}

// checkCase wants a case that can be asked and decided.
func checkCase(t *testing.T, k spec.Case) {
	t.Helper()
	if strings.TrimSpace(k.Question) == "" || len(k.Assertions) == 0 && k.Answer == "" || k.Pos.File == "" {
		t.Errorf("case %+v", k)
	}
	if k.Repeat.Times < 1 || k.Repeat.Need < 1 || k.Repeat.Need > k.Repeat.Times {
		t.Errorf("repeat of case %+v", k)
	}
	for i, m := range k.Messages {
		if last := i == len(k.Messages)-1; last && m.Role != "user" && m.Role != "tool" || m.Content == "" && len(m.ToolCalls) == 0 && m.Role != "tool" {
			t.Errorf("messages of case %+v", k)
		}
	}
	for _, tool := range k.Tools {
		if !json.Valid(tool) {
			t.Errorf("tool %s", tool)
		}
	}
	for _, a := range k.Assertions {
		if a.Name == "" || a.Kind == "" || a.Grader == nil || a.Not != strings.HasPrefix(a.Kind, "not_") {
			t.Errorf("assertion %+v", a)
		}
	}
}
