package spec_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ftrun/spec"
	"ftrun/spec/diag"
)

// TestWarnings holds what is said of files that are accepted and may not mean what they say.
func TestWarnings(t *testing.T) {
	const (
		judged = "version: 1\nbase_model: m\ndataset: d.jsonl\ntest:\n  - question: One?\n    assert: [{contains: one}]\n  - question: Two?\n    assert: [{contains: two}]\n"
		forced = "version: 1\nbase_model: m\ndataset: d.jsonl\ntest:\n  - question: One?\n    must_pass: true\n    assert: [{contains: one}]\n"
		shared = "version: 1\nbase_model: m\ndataset: d.jsonl\ntest:\n  assert: [{icontains: a}]\n  cases:\n    - question: One?\n      assert:\n        - "
	)
	data := func(more string) string { return pipeline("{path: d.jsonl, "+more+"}", "") }
	tests := map[string]struct {
		spec string
		want []string
	}{
		"none": {judged + "thresholds: [pass_rate >= 50%]\n", nil},
		"the only gate always holds": {judged + "thresholds: [pass_rate >= 0]\n",
			[]string{`p.yaml:9:14: "pass_rate >= 0" always holds, and nothing else gates the answers: whatever they are, they pass`}},
		"every gate always holds": {judged + "thresholds: [p_value < 0.05, delta >= -100%]\n",
			[]string{`p.yaml:9:30: "delta >= -100%" always holds, and nothing else gates the answers: whatever they are, they pass`}},
		"a figure beside a gate": {judged + "thresholds: [pass_rate >= 0, delta > 0]\n", nil},
		"a figure and must_pass": {forced + "thresholds: [pass_rate >= 0, errors >= 0]\n", nil},
		"as many broken as there are cases": {judged + "thresholds: [pass_rate > 50%, broken <= 2, broken <= 1]\n",
			[]string{`p.yaml:9:31: "broken <= 2" always holds, so it gates nothing`}},
		"any share": {judged + "thresholds: [pass_rate > 50%, errors <= 100%, refusals < 3, fixed != 3]\n",
			[]string{
				`p.yaml:9:31: "errors <= 100%" always holds, so it gates nothing`, `p.yaml:9:47: "refusals < 3" always holds, so it gates nothing`,
				`p.yaml:9:61: "fixed != 3" always holds, so it gates nothing`,
			}},
		"a twin of all cases' assertion": {shared + "icontains: a\n",
			[]string{"p.yaml:9:11: test.cases[0].assert[0]: the same assertion as test.assert[0], so it counts twice"}},
		"a twin with a name":        {shared + "{icontains: a, name: x}\n", []string{"p.yaml:9:11: test.cases[0].assert[0]: the same assertion as test.assert[0], so it counts twice"}},
		"a twin in the case":        {shared + "icontains: b\n        - icontains: b\n", []string{"p.yaml:10:11: test.cases[0].assert[1]: the same assertion as assert[0] of this case, so it counts twice"}},
		"its negation is no twin":   {shared + "not_icontains: a\n", nil},
		"a weight of 0 counts once": {shared + "{icontains: a, weight: 0}\n", nil},
		"a limit of what is dropped, and nothing is": {data("max_dropped: 5%"),
			[]string{"p.yaml:3:39: nothing is dropped, so dataset.max_dropped limits nothing"}},
		"long rows are dropped":    {data("max_dropped: 5%, too_long: drop"), nil},
		"invalid rows are dropped": {data("max_dropped: 5%, invalid: drop"), nil},
		"half of the rows":         {data("validation: 50%"), nil},
		"more than half of them": {data("validation: {share: 51%}"),
			[]string{"p.yaml:3:46: more rows are held out than trained on: dataset.validation is 51%"}},
		"other arguments": {shared + "icontains: A\n", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := spec.Parse("p.yaml", []byte(test.spec))
			if err != nil {
				t.Fatal(err)
			}
			if got := linesOf(p.Warnings); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestManyWarnings holds that a slip in every row of a file is told a few times and counted.
func TestManyWarnings(t *testing.T) {
	dir := t.TempDir()
	rows := strings.Repeat(`{"question": "q", "id": "N", "assert": [{"icontains": "a"}]}`+"\n", 20)
	for i := range 20 {
		rows = strings.Replace(rows, `"N"`, `"`+string(rune('a'+i))+`"`, 1)
	}
	files := map[string]string{
		"d.jsonl": "{}\n", "cases.jsonl": rows,
		"p.yaml": "version: 1\nbase_model: m\ndataset: d.jsonl\ntest:\n  assert: [{icontains: a}]\n  cases: {file: cases.jsonl}\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := spec.Load(filepath.Join(dir, "p.yaml"), spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings) != 4 || !strings.Contains(p.Warnings[3].Message, "the same in 17 more rows, the last at") {
		t.Errorf("got %q", linesOf(p.Warnings))
	}
}

func linesOf(warnings diag.List) []string {
	var lines []string
	for _, w := range warnings {
		lines = append(lines, w.String())
	}
	return lines
}
