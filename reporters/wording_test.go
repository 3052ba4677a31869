package reporters

import (
	"slices"
	"strings"
	"testing"

	"ftrun/runner/result"
)

// finish returns what a console writes at the end of a run.
func finish(t *testing.T, run *result.Run, opts ConsoleOptions) string {
	t.Helper()
	var b strings.Builder
	if err := NewConsole(&b, opts).Finish(run); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestBecause keeps what was measured where a line is too short, and has a line for each failed assertion.
func TestBecause(t *testing.T) {
	t.Parallel()
	similar := result.Assertion{Name: "text_similarity rouge_1 >= 0.3", Weight: 1, Reason: "rouge_1 is 0.222, below 0.3"}
	judged := result.Assertion{Name: `score_model "Does it answer the question, and in words that a child of ten would know?" >= 0.5`, Weight: 1, Reason: "score is 0.2, below 0.5"}
	for _, test := range []struct {
		failed []result.Assertion
		want   []string
	}{
		{[]result.Assertion{judged}, []string{`    because   score_model "Does it answer the questi...: score is 0.2, below 0.5`}},
		{[]result.Assertion{similar, judged, {Name: "passed", Passed: true, Weight: 1}}, []string{
			"    because   text_similarity rouge_1 >= 0.3: rouge_1 is 0.222, below 0.3",
			`              score_model "Does it answer the questi...: score is 0.2, below 0.5`,
		}},
		{[]result.Assertion{similar, similar, similar, similar, similar}, []string{
			"    because   text_similarity rouge_1 >= 0.3: rouge_1 is 0.222, below 0.3",
			"              text_similarity rouge_1 >= 0.3: rouge_1 is 0.222, below 0.3",
			"              text_similarity rouge_1 >= 0.3: rouge_1 is 0.222, below 0.3",
			"              and 2 more",
		}},
		{[]result.Assertion{{Name: "a", Weight: 1, Reason: strings.Repeat("long ", 40)}}, []string{
			"    because   a: long long long long long long long long long long long long ...",
		}},
		{[]result.Assertion{{Name: `icontains "mitochondri"`, Weight: 1, Reason: `not in "The cell is the smallest unit of life. It is\n…"`}}, []string{
			`    because   icontains "mitochondri": not in the answer`,
		}},
		{[]result.Assertion{{Name: "regex x", Weight: 1, Reason: `no match in "The cell"`}}, []string{`    because   regex x: no match in "The cell"`}},
		{[]result.Assertion{{Name: `icontains_all ["cell", "life", "mitochondri", "powerhouse", "x"]`, Weight: 1, Reason: `1 of 5, "mitochondri", not in "The cell…"`}}, []string{
			`    because   icontains_all ["cell"...: 1 of 5, "mitochondri", not in the answer`,
		}},
		{nil, []string{"    because   the case failed"}},
	} {
		run := &result.Run{Summary: result.Summary{Failed: 1}, Cases: result.CaseList{{ID: "x", Answer: result.Answer{Status: result.CaseFailed, Assertions: test.failed, Generated: new("The cell is the smallest unit of life. It is\nmore.")}}}}
		_, got, _ := strings.Cut(finish(t, run, ConsoleOptions{Width: 80}), "more.\n")
		got, _, _ = strings.Cut(got, "\n\n")
		if want := strings.Join(test.want, "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// TestReasonsOfThresholds has the threshold once on its own line and once in the conclusion, and breaks a terminal's lines between words.
func TestReasonsOfThresholds(t *testing.T) {
	t.Parallel()
	const expression = "pass_rate not_worse_than baseline by 10% at 95%"
	run := &result.Run{
		Conclusion: result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown},
		Thresholds: []result.Threshold{{
			Expression: expression, Verdict: result.ThresholdUndecided, Cause: result.CauseNotEnoughEvidence,
			Reason: expression + ": 3 broken, 0 fixed of 30 cases; with 95% confidence it is at most 23.9 points worse: too few cases to tell",
		}},
	}
	run.Reason = run.Thresholds[0].Reason
	want := `
Thresholds
  ≈ pass_rate not_worse_than baseline by 10% at 95%  no data
    not enough evidence: 3 broken, 0 fixed of 30 cases; with 95% confidence it
    is at most 23.9 points worse: too few cases to tell

✗ ERROR  pass_rate not_worse_than baseline by 10% at 95%: 3 broken, 0 fixed of
    30 cases; with 95% confidence it is at most 23.9 points worse: too few cases
    to tell  (exit 3)
`
	if got := finish(t, run, ConsoleOptions{Terminal: true, Width: 80}); got != want {
		t.Errorf("got%s\nwant%s", got, want)
	}
	if log := finish(t, run, ConsoleOptions{Width: 80}); !strings.Contains(log, "ERROR  "+run.Reason+"  (exit 3)\n") {
		t.Errorf("a log breaks lines:\n%s", log)
	}
}

// FuzzWrap holds that no word is lost or cut, and that lines fit where words do.
func FuzzWrap(f *testing.F) {
	f.Add("a sentence of a few words", 10, 8, 3)
	f.Add("", 0, 0, 0)
	f.Add("averyverylongword and  two blanks ", 4, 4, 9)
	f.Fuzz(func(t *testing.T, s string, first, others, behind int) {
		s = line(s)
		first, others, behind = min(max(first, 0), 200), min(max(others, 0), 200), min(max(behind, 0), 200)
		lines := wrap(s, first, others, behind)
		if got := strings.Join(lines, " "); got != s {
			t.Fatalf("%q became %q", s, lines)
		}
		for i, l := range lines {
			room := others
			if i == 0 {
				room = first
			}
			if strings.Contains(l, " ") && textWidth(l) > room {
				t.Errorf("%q has more than %d columns", l, room)
			}
		}
	})
}

func TestServiceName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ kind, url, other, want string }{
		{"azure", "https://x.openai.azure.com", "openai", "azure"},
		{"compatible", "http://127.0.0.1:9000/v1", "compatible", "127.0.0.1:9000"},
		{"compatible", "https://llm.example.com/v1", "openai", "llm.example.com"},
		{"azure", "https://y.openai.azure.com", "azure", "y.openai.azure.com"},
		{"embedded", "http://127.0.0.1:4010/v1", "embedded", "embedded"},
		{"compatible", "", "compatible", "compatible"},
		{"compatible", "::", "compatible", "compatible"},
	} {
		run := &result.Run{Provider: result.Provider{Kind: test.other}, Comparison: &result.Comparison{
			Baseline: "old", Provider: &result.Provider{Kind: test.kind, BaseURL: test.url},
		}}
		if got, want := baselineName(run), "old at "+test.want; got != want {
			t.Errorf("%+v: got %q, want %q", test, got, want)
		}
	}
}

func TestComparedCounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		c    result.Comparison
		want []string
	}{
		{result.Comparison{Cases: 3}, []string{"3 compared by score"}},
		{result.Comparison{Cases: 5, Fixed: 1, Broken: 1, Same: 3}, []string{"1 fixed", "1 broken", "3 same"}},
		{result.Comparison{Cases: 5, Same: 3}, []string{"0 fixed", "0 broken", "3 same", "2 compared by score"}},
		{result.Comparison{}, []string{"0 fixed", "0 broken"}},
	} {
		if got := comparedCounts(&result.Run{Comparison: &test.c}); !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q, want %q", test.c, got, test.want)
		}
	}
}

// TestFilteredRunHasNoRedMarks shows how thresholds came out of which none decides anything.
func TestFilteredRunHasNoRedMarks(t *testing.T) {
	t.Parallel()
	run := &result.Run{
		Conclusion: result.Conclusion{Verdict: result.VerdictUnfinished, ReasonCode: "filtered", Reason: "nothing is gated"},
		Thresholds: []result.Threshold{
			{Expression: "pass_rate == 1", Verdict: result.ThresholdFail, Reason: "pass_rate == 1: 0% over 1 case"},
			{Expression: "errors == 0", Verdict: result.ThresholdPass, Reason: "errors == 0: 0 errored"},
		},
	}
	var markdown strings.Builder
	if err := Markdown(&markdown, run); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{finish(t, run, ConsoleOptions{Color: true}), finish(t, run, ConsoleOptions{Quiet: true}), markdown.String()} {
		if strings.Contains(out, "✗") || strings.Contains(out, "\x1b[31m") || !strings.Contains(out, "would not hold: 0% over 1 case") {
			t.Error(out)
		}
	}
	if out := finish(t, run, ConsoleOptions{}); !strings.Contains(out, "Thresholds (nothing is gated)\n  · pass_rate == 1") {
		t.Error(out)
	}
}

// contaminatedEnd is a run that ended because a case stands in the training data.
func contaminatedEnd() *result.Run {
	return &result.Run{
		Conclusion: result.Conclusion{
			Verdict: result.VerdictError, ExitCode: result.ExitUsage, ReasonCode: "contaminated", Reason: "1 of 2 test cases stands in the training data", Hint: "take the row out",
		},
		Problems: []result.Problem{{File: "p.yaml", Line: 7, Col: 7, Path: `case "three" is row 4 of d.jsonl (d.jsonl:4)`, Message: "question and answer stand in the training data"}},
		Contamination: &result.Contamination{Cases: 1, Verbatim: 1, Findings: []result.Finding{
			{ID: "three", Line: 7, Kind: result.FindingVerbatim, Source: "d.jsonl", Row: 4, SourceLine: 4, Question: "which"},
		}},
		Provenance: result.Provenance{Spec: "p.yaml"},
	}
}

// TestFindingsAreListedOnce has each finding in one place, which is the section where there is one.
func TestFindingsAreListedOnce(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]func(*strings.Builder) error{
		"console": func(b *strings.Builder) error { return NewConsole(b, ConsoleOptions{}).Finish(contaminatedEnd()) },
		"quiet": func(b *strings.Builder) error {
			return NewConsole(b, ConsoleOptions{Quiet: true}).Finish(contaminatedEnd())
		},
		"markdown": func(b *strings.Builder) error { return Markdown(b, contaminatedEnd()) },
		"junit":    func(b *strings.Builder) error { return JUnit(b, contaminatedEnd()) },
		"annotations": func(b *strings.Builder) error {
			return Annotations(b, contaminatedEnd(), func(file string) string { return file })
		},
	} {
		var b strings.Builder
		if err := report(&b); err != nil {
			t.Fatal(err)
		}
		if out := strings.ReplaceAll(b.String(), "%3A", ":"); strings.Count(out, "d.jsonl:4") != 1 || !strings.Contains(out, "three") {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}

// TestCleanColumn shows the figures of the clean cases only where they are not those of all.
func TestCleanColumn(t *testing.T) {
	t.Parallel()
	for cases, want := range map[int]bool{0: false, 1: true} {
		summary := result.Summary{Cases: 2, Passed: 2, PassRate: new(1.0)}
		run := &result.Run{Summary: summary, Contamination: &result.Contamination{Cases: cases, Clean: &summary}}
		var b strings.Builder
		if err := Markdown(&b, run); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "cases not in the training data"); got != want {
			t.Errorf("%d contaminated: the column is there: %v", cases, got)
		}
	}
}
