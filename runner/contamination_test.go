package runner_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner"
	"ftrun/runner/dataset/overlap"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

const leaky = `version: 1
base_model: gpt-4.1-mini-2025-04-14
dataset: data.jsonl
test:
  cases:
    - id: copy
      question: which is NUMBER 3
      answer: Number 3.
      assert: [{icontains: number 3}]
    - id: question
      question: Which is number 5?
      answer: Five.
      assert: [{icontains: number 5}]
    - id: clean
      question: What do you know of 7?
      assert: [{icontains: seven}]
thresholds:
  - pass_rate > 0%
`

func contamination(mode string) func(*runner.Options) {
	return func(o *runner.Options) { o.Pipeline.Dataset.Contamination = mode }
}

// TestContaminationWarns lets a run go on, and counts the clean cases beside all: the copies alone make the model look good. What was prepared
// before is looked through as well.
func TestContaminationWarns(t *testing.T) {
	for _, mode := range []string{"", "warn"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, &providertest.Fake{})
			b.spec = leaky
			for _, status := range []string{result.StageDone, result.StageReused} {
				run := b.run(t.Context(), contamination(mode))
				b.want(run, 0, "passed")
				if run.Stages[0].Status != status {
					t.Errorf("prepare is %s, want %s", run.Stages[0].Status, status)
				}
				want := fmt.Sprintf(`2 of 3 test cases stand in the training data, 1 of them word for word with its answer: `+
					`case "copy" (%s:6) is row 4 of data.jsonl; case "question" (%[1]s:10) has the question of row 6 of data.jsonl`, run.Provenance.Spec)
				if !slices.Contains(run.Warnings, want) {
					t.Errorf("warnings %q, want %q", run.Warnings, want)
				}
				checkReport(t, run)
			}
		})
	}
}

func checkReport(t *testing.T, run *result.Run) {
	t.Helper()
	half, none := 2./3, 0.
	if diff := cmp.Diff(&half, run.Summary.PassRate); diff != "" {
		t.Error(diff)
	}
	want := &result.Contamination{
		Cases: 2, Verbatim: 1,
		Findings: []result.Finding{
			{ID: "copy", Line: 6, Kind: result.FindingVerbatim, Source: "data.jsonl", Row: 4, SourceLine: 4, Coverage: 1, LongestRun: 4, Jaccard: 1, Asked: "which is NUMBER 3", Question: "Which is number 3?"},
			{ID: "question", Line: 10, Kind: result.FindingQuestion, Source: "data.jsonl", Row: 6, SourceLine: 6, Coverage: 1, LongestRun: 4, Jaccard: 1, Asked: "Which is number 5?", Question: "Which is number 5?"},
		},
		Clean: &result.Summary{Cases: 1, Failed: 1, PassRate: &none, MeanScore: &none},
	}
	if diff := cmp.Diff(want, run.Contamination); diff != "" {
		t.Error(diff)
	}
}

// TestContaminationStops ends a run before anything is sent, with both places of every finding; a plan says the same.
func TestContaminationStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = leaky
		run := b.run(t.Context(), contamination("error"))
		b.want(run, 2, "contaminated")
		b.wantJobs(0)
		if n := b.paid(); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
		if run.Verdict != result.VerdictError || !strings.Contains(run.Reason, "2 of 3 test cases stand in the training data") || run.Hint == "" {
			t.Errorf("%+v", run.Conclusion)
		}
		if s := run.Stages[0]; s.Name != "prepare" || s.Status != result.StageFailed {
			t.Errorf("stage %+v", s)
		}
		if run.Contamination == nil || run.Contamination.Cases != 2 || run.Contamination.Clean != nil {
			t.Errorf("contamination %+v", run.Contamination)
		}
		if len(run.Problems) != 2 {
			t.Fatalf("problems %+v", run.Problems)
		}
		data := filepath.Join(b.dir, "data.jsonl")
		first := run.Problems[0]
		if first.Line != 6 || first.Col != 7 || first.Path != fmt.Sprintf("case %q is row 4 of data.jsonl (%s:4)", "copy", data) || first.Message == "" || first.Hint == "" {
			t.Errorf("problem %+v", first)
		}

		_, err := b.tryPlan(func(o *runner.PlanOptions) { o.Pipeline.Dataset.Contamination = "error" })
		problems, ok := errors.AsType[diag.List](err)
		if c := runner.ConclusionOf(err); !ok || len(problems) != 2 || c.ExitCode != 2 || c.ReasonCode != "contaminated" {
			t.Errorf("the plan ends with %v", err)
		}
		plan := b.plan()
		if !slices.ContainsFunc(plan.Warnings, func(w string) bool { return strings.HasPrefix(w, "2 of 3 test cases") }) {
			t.Errorf("the plan warns of %q", plan.Warnings)
		}
	})
}

// TestContaminationIsNotLookedFor has nothing to look for, or is told not to.
func TestContaminationIsNotLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = leaky
		run := b.run(t.Context(), contamination("off"))
		b.want(run, 0, "passed")
		if run.Contamination != nil || len(run.Warnings) > 0 {
			t.Errorf("off: %+v, warnings %q", run.Contamination, run.Warnings)
		}
		off := strings.Replace(leaky, "test:\n", "train: off\ntest:\n  model: base\n  baseline: off\n", 1)
		b.spec = strings.Replace(off, "base_model: gpt-4.1-mini-2025-04-14\ndataset: data.jsonl\n", "", 1)
		run = b.run(t.Context())
		if run.Contamination != nil {
			t.Errorf("train: off: %+v, warnings %q", run.Contamination, run.Warnings)
		}
	})
}

// TestNothingIsContaminated says that somebody looked.
func TestNothingIsContaminated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		run := b.run(t.Context(), contamination("error"))
		b.want(run, 0, "passed")
		c := run.Contamination
		if c == nil || c.Cases != 0 || c.Findings == nil || c.Clean == nil || c.Clean.Passed != 1 || len(run.Warnings) > 0 {
			t.Errorf("%+v, warnings %q", c, run.Warnings)
		}
	})
}

// TestAllContaminated has no case left for a clean summary; the sentence names a few and counts the rest.
func TestAllContaminated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = "version: 1\nbase_model: gpt-4.1-mini-2025-04-14\ndataset: data.jsonl\ntest:\n  baseline: off\n  cases:\n"
		for i := range 5 {
			b.spec += fmt.Sprintf("    - {id: c%d, question: \"Which is number %d?\", answer: Number %d., assert: [{icontains: number}]}\n", i, i, i)
		}
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		if c := run.Contamination; c == nil || c.Cases != 5 || c.Verbatim != 5 || c.Clean != nil {
			t.Errorf("%+v", c)
		}
		w := strings.Join(run.Warnings, "\n")
		if !strings.HasPrefix(w, "5 of 5 test cases stand in the training data, 5 of them word for word with their answers: case \"c0\"") ||
			!strings.HasSuffix(w, "is row 3 of data.jsonl; and 2 more") {
			t.Errorf("warning %q", w)
		}
	})
}

// TestContaminationNamesTheFileOfCases has a case that stands in another file than the spec, and a row with several turns.
func TestContaminationNamesTheFileOfCases(t *testing.T) {
	dir := t.TempDir()
	row := `{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Which is it?"}, ` +
		`{"role": "assistant", "content": "That."}]}`
	if err := os.WriteFile(filepath.Join(dir, "chat.jsonl"), []byte(row+strings.Repeat("\n"+`{"messages": [{"role": "user", "content": "Filler"}, {"role": "assistant", "content": "Filler"}]}`, 9)), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(dir, "more", "cases.csv")
	p := &spec.Pipeline{
		File: filepath.Join(dir, "p.yaml"), Dir: dir, Dataset: &spec.Dataset{Files: []string{"chat.jsonl"}},
		Test: spec.Test{Cases: []spec.Case{{ID: "a", Question: "Which is it?", Answer: "that", Pos: diag.Position{File: cases, Line: 7}}}},
	}
	_, found, err := runner.CheckData(t.Context(), p)
	if err != nil || found == nil {
		t.Fatal(found, err)
	}
	if f := found.Report.Findings[0]; f.File != "more/cases.csv" || f.Line != 7 || f.Kind != result.FindingVerbatim || f.Row != 1 {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(found.Summary, `case "a" (`+cases+`:7) is row 1 of chat.jsonl`) {
		t.Errorf("%q", found.Summary)
	}
}

// TestKindsOfFindings holds the names of the search to those of the results.
func TestKindsOfFindings(t *testing.T) {
	for kind, want := range map[overlap.Kind]string{
		overlap.Verbatim: result.FindingVerbatim, overlap.Question: result.FindingQuestion, overlap.Overlap: result.FindingOverlap,
	} {
		if kind.String() != want {
			t.Errorf("%q, want %q", kind, want)
		}
	}
}

// TestContaminationKeepsTheGate holds that thresholds are over all cases, whatever is found.
func TestContaminationKeepsTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{Answer: func(provider.CompletionRequest) (provider.Completion, error) {
			return provider.Completion{Text: "number 3, number 5"}, nil
		}})
		b.spec = strings.Replace(leaky, "> 0%", ">= 60%", 1)
		run := b.run(t.Context())
		b.want(run, 0, "passed")
		if c := run.Contamination.Clean; c == nil || *c.PassRate != 0 {
			t.Errorf("clean %+v", c)
		}
	})
}

// TestContaminationOfConversations: a "yes" at the end of two conversations makes them no copies, and the same conversation is one.
func TestContaminationOfConversations(t *testing.T) {
	dir := t.TempDir()
	row := `{"messages": [{"role": "user", "content": "Is Andorra a country in Europe?"}, {"role": "assistant", "content": "Yes. Shall I go on?"}, ` +
		`{"role": "user", "content": "yes"}, {"role": "assistant", "content": "Its capital is Andorra la Vella."}]}`
	if err := os.WriteFile(filepath.Join(dir, "chat.jsonl"), []byte(row+strings.Repeat("\n"+`{"messages": [{"role": "user", "content": "Filler"}, {"role": "assistant", "content": "Filler"}]}`, 9)), 0o600); err != nil {
		t.Fatal(err)
	}
	conversation := func(id, first string) spec.Case {
		return spec.Case{ID: id, Question: "yes", Answer: "Its capital is Andorra la Vella.", Messages: []provider.Message{
			{Role: "user", Content: first}, {Role: "assistant", Content: "Go on?"}, {Role: "user", Content: "yes"},
		}}
	}
	p := &spec.Pipeline{File: filepath.Join(dir, "p.yaml"), Dir: dir, Dataset: &spec.Dataset{Files: []string{"chat.jsonl"}}, Test: spec.Test{Cases: []spec.Case{
		conversation("cats", "Do cats land on their feet when they fall?"), conversation("copy", "is andorra a country in europe"),
	}}}
	_, found, err := runner.CheckData(t.Context(), p)
	if err != nil || found == nil || len(found.Report.Findings) != 1 || found.Report.Findings[0].ID != "copy" || found.Report.Findings[0].Kind != result.FindingVerbatim {
		t.Errorf("%+v, %v", found, err)
	}
}
