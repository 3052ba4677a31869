package reporters_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ftrun/reporters"
	"ftrun/runner/result"
)

// TestBrokenCasesComeFirst puts a broken case behind all others that went wrong.
func TestBrokenCasesComeFirst(t *testing.T) {
	t.Parallel()
	run := failRun()
	must, errored, failed := science("must", 1, "q", "a", result.CaseFailed), science("errored", 2, "q", "a", result.CaseErrored), science("failed", 3, "q", "a", result.CaseFailed)
	must.MustPass = true
	broken := science("broken", 4, "q", "a", result.CaseFailed)
	broken.Baseline = &result.Answer{Status: result.CasePassed, Generated: new("right")}
	run.Cases = result.CaseList{errored, must, failed, broken}
	run.Summary = result.Summary{Cases: 4, Failed: 3, Errored: 1}
	var annotations, markdown bytes.Buffer
	if err := reporters.Annotations(&annotations, run, inRepository); err != nil {
		t.Fatal(err)
	}
	if err := reporters.Markdown(&markdown, run); err != nil {
		t.Fatal(err)
	}
	want := []string{"broken", "must", "failed", "errored"}
	for name, test := range map[string]struct{ out, id string }{
		"console":     {show(t, run, reporters.ConsoleOptions{}), `(?m)^  [✗?] (\w+)`},
		"markdown":    {markdown.String(), "(?m)^#### [✗?] `(\\w+)`"},
		"annotations": {annotations.String(), `title=case [^:]*%3A (\w+)`},
	} {
		var got []string
		for _, m := range regexp.MustCompile(test.id).FindAllStringSubmatch(test.out, -1) {
			if slices.Contains(want, m[1]) {
				got = append(got, m[1])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s lists %q, want %q", name, got, want)
		}
	}
	for _, c := range parseJUnit(t, writeJUnit(t, run)).Suites[2].Cases {
		if c.Name == "broken" && !strings.HasPrefix(c.Failure.Message, "broken: passed by the baseline gpt-4.1-mini-2025-04-14; now ") {
			t.Errorf("JUnit says %q", c.Failure.Message)
		}
	}
}

// TestManyBrokenCases has 10,000 cases that were unlearned, and reports that a person can still read.
func TestManyBrokenCases(t *testing.T) {
	t.Parallel()
	broken := map[int]string{}
	for i := range 10_000 {
		broken[i] = result.CaseFailed
	}
	run := gated(numbered(10_000, broken), result.Summary{Cases: 10_000, Failed: 10_000, PassRate: new(0.0), MeanScore: new(0.0)})
	run.Conclusion = dropRun().Conclusion
	run.Comparison = &result.Comparison{Baseline: "base", Kind: result.KindBase, Cases: 10_000, Broken: 10_000}
	run.Contamination = &result.Contamination{Cases: 10_000, Verbatim: 10_000}
	for c := range run.Cases.All() {
		run.Comparison.BrokenCases = append(run.Comparison.BrokenCases, c.ID)
		run.Comparison.FixedCases = append(run.Comparison.FixedCases, c.ID)
		run.Flaky = append(run.Flaky, result.Flake{ID: c.ID, Passed: 1, Failed: 1})
		run.Contamination.Findings = append(run.Contamination.Findings,
			result.Finding{ID: c.ID, Line: c.Line, Kind: result.FindingVerbatim, Source: "science.jsonl", Row: 1, SourceLine: 1, Question: c.Question})
	}
	out := show(t, run, reporters.ConsoleOptions{})
	if lines := strings.Count(out, "\n"); lines > 140 || strings.Count(out, "passed by the baseline") != 10 {
		t.Errorf("the console has %d lines", lines)
	}
	for _, more := range []string{"and 9,990 more, in results.json", "and 9,995 more in results.json", "and 9,995 more; results.json has all"} {
		if !strings.Contains(out, more) {
			t.Errorf("the console does not say %q", more)
		}
	}
	var markdown bytes.Buffer
	if err := reporters.Markdown(&markdown, run); err != nil {
		t.Fatal(err)
	}
	checkMarkdown(t, markdown.String())
	if markdown.Len() > reporters.SummaryLimit || !strings.Contains(markdown.String(), "10,000 broken cases left out") {
		t.Errorf("the summary has %d bytes", markdown.Len())
	}
	checkAnnotations(t, run, annotations(t, run))
	checkJUnit(t, run, writeJUnit(t, run))
}

// TestConsoleStaysCalm follows 10,000 cases and a service that throttles all the while.
func TestConsoleStaysCalm(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts reporters.ConsoleOptions
		most int
	}{
		"log":      {reporters.ConsoleOptions{}, 20},
		"terminal": {reporters.ConsoleOptions{Terminal: true}, 10_000/50 + 40}, // a line stands 50 ms; the cases take a millisecond each
	} {
		var buf bytes.Buffer
		c := reporters.NewConsole(&buf, test.opts)
		now := start
		observe := func(e result.Event) {
			e.Time = now
			c.Observe(e)
		}
		observe(result.Event{Type: result.EventStageStarted, Stage: "test"})
		broken := science("broken", 1, "q", "a", result.CaseFailed)
		for i := range 10_000 {
			now = now.Add(time.Millisecond)
			observe(result.Event{Type: result.EventCase, Case: &broken, Done: i + 1, Total: 10_000})
			if i%100 == 0 {
				observe(result.Event{Type: result.EventNotice, Level: result.LevelInfo, Message: fmt.Sprintf("rate limit: %d questions at once", i)})
				observe(result.Event{Type: result.EventNotice, Level: result.LevelWarn, Message: "the service throttles"})
			}
		}
		observe(result.Event{Type: result.EventStageFinished, Finished: &result.Stage{Name: "test", Status: result.StageDone, Seconds: 10}})
		if writes := strings.Count(buf.String(), "\n") + strings.Count(buf.String(), "\x1b[K"); writes > test.most {
			t.Errorf("%s: %d lines, want no more than %d", name, writes, test.most)
		}
		if got := strings.Count(buf.String(), "the service throttles"); got != 1 {
			t.Errorf("%s: the warning stands there %d times", name, got)
		}
		if !strings.Contains(buf.String(), "> and 90 more notices\n") {
			t.Errorf("%s: it does not say how many more notices there are", name)
		}
	}
}

func TestAnnotationsOfContamination(t *testing.T) {
	t.Parallel()
	run := contaminatedRun()
	run.Warnings = []string{"7 test cases stand in the training data"}
	var got []string
	for _, c := range annotations(t, run) {
		got = append(got, c.name+" "+c.properties["file"]+":"+c.properties["line"])
	}
	want := []string{
		"warning repo/tutor/pipeline.yaml:13", "warning repo/tutor/science.jsonl:18", "warning :", "warning repo/tutor/cases/more.yaml:12",
		"warning repo/data/all.csv:9", "warning repo/tutor/pipeline.yaml:11", "warning repo/tutor/science.jsonl:17", "warning repo/tutor/pipeline.yaml:20",
		"warning repo/tutor/pipeline.yaml:21", "warning :", // and 2 more
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

// TestThresholdMarks tells apart the four ends of a threshold, also where there is neither colour nor anything beyond ASCII.
func TestThresholdMarks(t *testing.T) {
	t.Parallel()
	run := passRun()
	run.Thresholds = []result.Threshold{
		{Expression: "good", Verdict: result.ThresholdPass}, {Expression: "bad", Verdict: result.ThresholdFail},
		{Expression: "few", Verdict: result.ThresholdUndecided, Cause: result.CauseNotEnoughEvidence},
		{Expression: "none", Verdict: result.ThresholdUndecided, Cause: result.CauseNotMeasured},
	}
	for _, test := range []struct {
		opts reporters.ConsoleOptions
		want []string
	}{
		{reporters.ConsoleOptions{}, []string{"✓ good", "✗ bad", "≈ few", "? none", "not enough evidence\n", "could not measure\n"}},
		{reporters.ConsoleOptions{ASCII: true}, []string{"+ good", "x bad", "~ few", "? none"}},
	} {
		out := show(t, run, test.opts)
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
}

// TestJUnitOfRepeats finds every answer in the body of a case that was asked several times.
func TestJUnitOfRepeats(t *testing.T) {
	t.Parallel()
	run := repeatsRun()
	run.ExitCode, run.Verdict = result.ExitFail, result.VerdictFail
	s := parseJUnit(t, writeJUnit(t, run))
	for _, c := range s.Suites[2].Cases {
		if c.Failure == nil {
			continue
		}
		want := "all 5 answers:\n  1  passed  It is light,\\nthat is all.\n  2  failed  Some light.\n  3  passed  It is light,\\nthat is all.\n" +
			"  4  passed  It is light,\\nthat is all.\n  5  errored  no answer within 1m0s\n"
		if !strings.Contains(c.Failure.Body, want) {
			t.Errorf("no\n%s in\n%s", want, c.Failure.Body)
		}
		return
	}
	t.Error("no case is red")
}

// FuzzConsole puts the text in every place of a gate's results that can come from outside.
func FuzzConsole(f *testing.F) {
	for _, s := range []string{"", hostileText, "::error::x", "##[error]", "\r\x1b[2J", "a\n::group::b", "##", "\u2028::x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		run := dropRun()
		c := science(s, 1, s, s, result.CaseFailed)
		c.File, c.ToolCalls, c.Assertions[0].Name, c.Assertions[0].Reason = s, []result.ToolCall{{Name: s, Arguments: s}}, s, s
		c.Repeats = []result.Answer{c.Answer, c.Answer}
		c.Baseline = &result.Answer{Status: result.CasePassed, ToolCalls: c.ToolCalls}
		run.Cases, run.Summary.Failed, run.Summary.Errored = result.CaseList{c}, 1, 0
		run.Thresholds = []result.Threshold{{Expression: s, Unit: s, Verdict: s, Cause: s, Reason: s, Interval: &result.Interval{}}}
		run.Comparison.Baseline, run.Comparison.Kind, run.Comparison.Results, run.Comparison.Provider = s, s, s, &result.Provider{Kind: s}
		run.Flaky = []result.Flake{{ID: s}}
		run.Contamination = &result.Contamination{Verbatim: 1, Cases: 2, Findings: []result.Finding{
			{ID: s, Line: 1, File: s, Kind: s, Source: s, SourceLine: 1, Question: s}, {Kind: result.FindingOverlap, Source: s, Question: s},
		}}
		out := show(t, run, reporters.ConsoleOptions{})
		unavailable := *run.Comparison
		unavailable.Unavailable = s + "x"
		run.Comparison = &unavailable
		for l := range strings.SplitSeq(out+show(t, run, reporters.ConsoleOptions{Quiet: true, ASCII: true}), "\n") {
			checkHarmless(t, l)
		}
		checkJUnit(t, run, writeJUnit(t, run))
	})
}
