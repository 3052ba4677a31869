package reporters_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ftrun/reporters"
	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// messyValidation has a problem of the spec and those of the data.
func messyValidation() *result.Validation {
	v := &result.Validation{File: "tutor/pipeline.yaml", OK: true, Dataset: messyDataset(), TestCases: new(24)}
	v.Problems = []result.Problem{{Severity: "warning", File: "tutor/pipeline.yaml", Line: 11, Col: 3, Path: "test.assert[0]", Message: "counts twice", Hint: "take one out"}}
	for _, f := range v.Dataset.Findings {
		for _, p := range f.Places {
			v.Problems = append(v.Problems, result.Problem{
				Severity: f.Severity, Kind: f.Kind, File: p.File, Line: p.Line, Col: p.Col, Path: fmt.Sprintf("row %d", p.Row), Message: p.Message, Hint: f.Hint,
			})
		}
	}
	return v
}

func hostileValidation() *result.Validation {
	v := messyValidation()
	v.File, v.Dataset, v.Contamination = hostileText, hostileDataset(), hostileRun().Contamination
	for i := range v.Problems {
		p := &v.Problems[i]
		p.Kind, p.File, p.Path, p.Message, p.Hint = hostileText, hostileText, hostileText, hostileText, hostileText
	}
	return v
}

func printedValidation(t *testing.T, v *result.Validation, opts reporters.ConsoleOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := reporters.PrintValidation(&b, v, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrintValidation(t *testing.T) {
	t.Parallel()
	clean := &result.Validation{File: "pipeline.yaml", OK: true, Dataset: tutorDataset(), TestCases: new(1)}
	golden(t, "validation_clean", printedValidation(t, clean, reporters.ConsoleOptions{}))
	golden(t, "validation_messy", printedValidation(t, messyValidation(), reporters.ConsoleOptions{}))
	golden(t, "validation_hostile", printedValidation(t, hostileValidation(), reporters.ConsoleOptions{}))
	colour := printedValidation(t, messyValidation(), reporters.ConsoleOptions{Terminal: true, Color: true, Width: 80})
	golden(t, "validation_messy_terminal", strings.ReplaceAll(colour, "\x1b", "<esc>"))

	ascii := printedValidation(t, messyValidation(), reporters.ConsoleOptions{Terminal: true, ASCII: true})
	if strings.ContainsFunc(ascii, func(r rune) bool { return r > unicode.MaxASCII }) || !strings.Contains(ascii, "#####") {
		t.Errorf("for a terminal that shows ASCII only:\n%s", ascii)
	}
	alone := &result.Validation{File: "pipeline.yaml", OK: true, TestCases: new(2)}
	if got, want := printedValidation(t, alone, reporters.ConsoleOptions{}), "pipeline.yaml: ok: 2 test cases, no training\n"; got != want {
		t.Errorf("without training it prints %q, want %q", got, want)
	}
	full := errors.New("no space left")
	for _, v := range []*result.Validation{clean, messyValidation(), alone} {
		if err := reporters.PrintValidation(errorWriter{full}, v, reporters.ConsoleOptions{}); !errors.Is(err, full) {
			t.Errorf("got error %v, want %v", err, full)
		}
	}
}

// TestPriceIsNeverZeroWhereItIsUnknown reads the lines on what training takes.
func TestPriceIsNeverZeroWhereItIsUnknown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		estimate *result.Estimate
		want     []string
	}{
		{&result.Estimate{Epochs: 3, EpochsGuessed: true, BilledTokens: 37035, USD: new(0.185175)}, []string{
			"37,035 tokens billed: 12,345 × 3 epochs (a guess: the service chooses them)\n", "cost      about $0.19\n"}},
		{&result.Estimate{Epochs: 1, BilledTokens: 12345, USD: new(0.002)}, []string{"12,345 tokens billed: 12,345 × 1 epoch\n", "cost      under $0.01\n"}},
		{&result.Estimate{Epochs: 3, BilledTokens: 37035}, []string{"cost      unknown\n"}},
		{&result.Estimate{Epochs: 3, EpochsGuessed: true, BilledTokens: 37035, USD: new(0.0)}, []string{"cost      $0.00\n"}},
	} {
		d := tutorDataset()
		d.Estimate = test.estimate
		out := printedValidation(t, &result.Validation{OK: true, Dataset: d}, reporters.ConsoleOptions{})
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
	d := tutorDataset()
	d.Estimate = nil
	if out := printedValidation(t, &result.Validation{OK: true, Dataset: d}, reporters.ConsoleOptions{}); strings.Contains(out, "cost") {
		t.Errorf("a cost of nothing:\n%s", out)
	}
}

// TestBars draws histograms of any number of ranges at any width.
func TestBars(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 12, 13, 40} {
		for _, width := range []int{1, 50, 80, 200} {
			d := tutorDataset()
			d.TokenStats.Histogram = nil
			sum := 0
			for i := range n {
				sum += i * i
				d.TokenStats.Histogram = append(d.TokenStats.Histogram, result.TokenBucket{From: i * 1000, To: i*1000 + 999, Examples: i * i})
			}
			out := printedValidation(t, &result.Validation{OK: true, Dataset: d}, reporters.ConsoleOptions{Width: width})
			lines, drawn, longest := 0, 0, 0
			for l := range strings.Lines(out) {
				if !strings.Contains(l, "–") {
					continue
				}
				lines++
				fields := strings.Fields(l)
				var examples int
				fmt.Sscan(strings.ReplaceAll(fields[len(fields)-1], ",", ""), &examples)
				bar := strings.Count(l, "█")
				if drawn += examples; (bar > 0) != (examples > 0) {
					t.Errorf("%d ranges, width %d: a bar of %d for %d examples", n, width, bar, examples)
				}
				longest = max(longest, bar)
			}
			if lines > 12 || drawn != sum || lines == 0 && n > 0 || longest > 40 {
				t.Errorf("%d ranges, width %d: %d bars of %d examples, want %d, the longest of %d columns:\n%s", n, width, lines, drawn, sum, longest, out)
			}
		}
	}
}

// TestBarsFoldGaps draws an example far from all others, and a single range with nothing in it.
func TestBarsFoldGaps(t *testing.T) {
	t.Parallel()
	d := tutorDataset()
	d.TokenStats.Histogram = nil
	for i, n := range []int{90, 0, 3, 0, 0, 0, 0, 0, 0, 1} {
		d.TokenStats.Histogram = append(d.TokenStats.Histogram, result.TokenBucket{From: i * 100, To: i*100 + 99, Examples: n})
	}
	var got []string
	for l := range strings.Lines(printedValidation(t, &result.Validation{OK: true, Dataset: d}, reporters.ConsoleOptions{})) {
		if fields := strings.Fields(strings.ReplaceAll(l, "█", "")); len(fields) == 2 && strings.HasPrefix(l, "     ") {
			got = append(got, strings.Join(fields, ": "))
		}
	}
	if diff := cmp.Diff([]string{"0–99: 90", "100–199: 0", "200–299: 3", "300–899: 0", "900–999: 1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestValidationIsHarmless reads both forms as a terminal and a CI system do.
func TestValidationIsHarmless(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := reporters.ValidationJSON(&b, hostileValidation()); err != nil {
		t.Fatal(err)
	}
	for form, out := range map[string]string{
		"text": printedValidation(t, hostileValidation(), reporters.ConsoleOptions{}), "JSON": b.String(),
		"narrow": printedValidation(t, hostileValidation(), reporters.ConsoleOptions{Terminal: true, Width: 30}),
	} {
		for _, l := range strings.Split(out, "\n") {
			if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") || strings.Contains(l, "##vso[") {
				t.Errorf("%s: a line is a command: %q", form, l)
			}
			if strings.ContainsFunc(l, unicode.IsControl) || strings.ContainsAny(l, "\u2028\u202e\ufeff") {
				t.Errorf("%s: a line has control characters: %q", form, l)
			}
		}
	}
}

// TestValidationJSON holds the JSON to its schema, and what is escaped in it to what stood there.
func TestValidationJSON(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(result.ValidationSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("validation.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("validation.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]*result.Validation{
		"empty": {}, "messy": messyValidation(), "hostile": hostileValidation(), "clean": {OK: true, Dataset: tutorDataset(), TestCases: new(3)},
	} {
		var b bytes.Buffer
		if err := reporters.ValidationJSON(&b, v); err != nil {
			t.Fatal(err)
		}
		var back result.Validation
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := strings.ToValidUTF8(v.File, "\ufffd\ufffd"); back.File != want {
			t.Errorf("%s: what was escaped reads otherwise (-want +got):\n%s", name, cmp.Diff(want, back.File))
		}
		value, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProblemsKeepWhatTheySay turns diagnostics into problems and prints them.
func TestProblemsKeepWhatTheySay(t *testing.T) {
	t.Parallel()
	list := diag.List{
		{Severity: diag.Warning, Kind: "secret", Pos: diag.Position{File: "d.jsonl", Line: 3, Col: 9}, Path: "row 3", Message: "looks like a key", Hint: "take it out"},
		{Severity: diag.Note, Pos: diag.Position{File: "d.jsonl"}, Message: "small"},
		{Pos: diag.Position{File: "p.yaml", Line: 1}, Path: "test", Message: "no test cases"},
	}
	want := []result.Problem{
		{Severity: "warning", Kind: "secret", File: "d.jsonl", Line: 3, Col: 9, Path: "row 3", Message: "looks like a key", Hint: "take it out"},
		{Severity: "note", File: "d.jsonl", Message: "small"},
		{Severity: "error", File: "p.yaml", Line: 1, Path: "test", Message: "no test cases"},
	}
	if diff := cmp.Diff(want, reporters.Problems(list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	out := printedValidation(t, &result.Validation{File: "p.yaml", Problems: want}, reporters.ConsoleOptions{})
	if want := "d.jsonl:3:9: warning: row 3: looks like a key\n  hint: take it out\nd.jsonl: note: small\n"; out != want { // the error ends the command
		t.Errorf("printed\n%s\nwant\n%s", out, want)
	}
}

// TestDataAnnotations wants what has a place to be told there, once, and of many kinds each before a second of one.
func TestDataAnnotations(t *testing.T) {
	t.Parallel()
	var got []string
	for _, c := range annotations(t, messyRun()) {
		got = append(got, c.name+" "+c.properties["file"]+":"+c.properties["line"]+" "+c.message)
	}
	want := []string{
		"warning repo/tutor/data/a.jsonl:17 row 17: the same example as row 3\nhint: dataset.duplicates: drop takes them out\n1,204 of this kind in all",
		`warning repo/tutor/data/b.jsonl:8 row 8: answer "completion" has a control character, U+001B`,
		"warning : 1003 of 1318 rows dropped: longer than 4096 tokens",
		`warning : columns not used for training: "topic"`,
		"warning repo/tutor/data/a.jsonl:18 row 18: the same example as row 4\nhint: dataset.duplicates: drop takes them out",
		"warning repo/tutor/data/b.jsonl:2 row 2: the same example as row 5 of data/a.jsonl\nhint: dataset.duplicates: drop takes them out",
		"warning : and 1,201 more, in results.json",
		"notice repo/tutor/data/a.jsonl:90 row 90: no message is the user's\n2 of this kind in all",
		"notice repo/tutor/data/a.jsonl:91 row 91: no message is the user's",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	many := messyRun()
	many.Warnings = nil
	many.Dataset.Findings = nil
	for kind := range 14 {
		f := result.DataFinding{Kind: fmt.Sprintf("kind_%d", kind), Severity: "warning", Count: 9, Message: "m"}
		for row := range 5 {
			f.Places = append(f.Places, result.DataPlace{File: "d.jsonl", Line: row + 1, Message: "m"})
		}
		many.Dataset.Findings = append(many.Dataset.Findings, f)
	}
	list := slices.DeleteFunc(annotations(t, many), func(c command) bool { return c.name != "warning" })
	kinds := map[string]bool{}
	for _, c := range list {
		kinds[c.properties["title"]] = true
	}
	if last := list[len(list)-1].message; len(list) != 10 || len(kinds) != 10 || last != "and 117 more, in results.json" {
		t.Errorf("%d annotations of %d kinds, the last says %q", len(list), len(kinds), last)
	}
}

// TestFindingsAreToldOnce wants no warning beside the finding that says the same.
func TestFindingsAreToldOnce(t *testing.T) {
	t.Parallel()
	out := printed(t, messyPlan(), reporters.ConsoleOptions{})
	for _, once := range []string{"has a control character", "the same example as row 3", "1003 of 1318 rows dropped"} {
		if n := strings.Count(out, once); n != 1 {
			t.Errorf("%q is told %d times:\n%s", once, n, out)
		}
	}
}
