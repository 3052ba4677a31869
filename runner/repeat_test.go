package runner_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
	"ftrun/spec"
)

// repeating asks every case several times.
func repeating(times, need int) func(*runner.Options) {
	return func(o *runner.Options) {
		for i := range o.Pipeline.Test.Cases {
			o.Pipeline.Test.Cases[i].Repeat = spec.Repeat{Times: times, Need: need}
		}
	}
}

// scripted answers each question by its next word: right, wrong, or an error for "lost".
func scripted(words map[string][]string) func(provider.CompletionRequest) (provider.Completion, error) {
	var mu sync.Mutex
	asked := map[string]int{}
	return answering(func(_, question string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		script, ok := words[question]
		if !ok {
			return "right", nil
		}
		n := asked[question]
		asked[question]++
		word := script[n%len(script)]
		if word == "lost" {
			return "", &provider.Error{Op: "ask", Kind: provider.KindUnavailable, Status: 500}
		}
		return word, nil
	})
}

func caseOf(t *testing.T, run *result.Run, id string) result.Case {
	t.Helper()
	for c, err := range run.Cases.All() {
		if err != nil {
			t.Fatal(err)
		}
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no case %s", id)
	return result.Case{}
}

// TestRepeats asks cases several times: k of n decide, one case is one case in every count, and a case that came out both ways is named.
func TestRepeats(t *testing.T) {
	for name, test := range map[string]struct {
		script      []string
		times, need int
		status      string
		score       float64
		flaky       bool
	}{
		"all":                        {[]string{"right"}, 3, 3, result.CasePassed, 1, false},
		"one short of all":           {[]string{"right", "right", "wrong"}, 3, 3, result.CaseFailed, 2.0 / 3, true},
		"two of three":               {[]string{"right", "wrong", "right"}, 3, 2, result.CasePassed, 2.0 / 3, true},
		"none":                       {[]string{"wrong"}, 3, 1, result.CaseFailed, 0, false},
		"lost, and enough all same":  {[]string{"right", "lost", "right"}, 3, 2, result.CasePassed, 1, false},
		"lost, and it may decide":    {[]string{"right", "lost", "wrong"}, 3, 2, result.CaseErrored, 0.5, true},
		"lost, and it can't help":    {[]string{"wrong", "lost", "wrong"}, 3, 2, result.CaseFailed, 0, false},
		"lost, the last that needed": {[]string{"right", "lost"}, 2, 2, result.CaseErrored, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = suite(4, "  baseline: off\n  concurrency: 1\n  max_errors: 100%\n")
				b.fake.Answer = scripted(map[string][]string{"Question 2?": test.script})
				run := b.run(t.Context(), repeating(test.times, test.need))
				if n := b.cases(); n != 4*test.times {
					t.Errorf("%d questions, want %d", n, 4*test.times)
				}
				c := caseOf(t, run, "c2")
				if c.Status != test.status || len(c.Repeats) != test.times || c.Score == nil || *c.Score != test.score {
					t.Errorf("case %s with %d answers, score %v; want %s, %v", c.Status, len(c.Repeats), c.Score, test.status, test.score)
				}
				if s := run.Summary; s.Cases != 4 || s.Passed+s.Failed+s.Errored != 4 {
					t.Errorf("summary %+v counts answers, not cases", s)
				}
				if got := len(run.Flaky) == 1 && run.Flaky[0].ID == "c2"; got != test.flaky || len(run.Flaky) > 1 {
					t.Errorf("flaky %+v, want c2: %v", run.Flaky, test.flaky)
				}
				wantExit := map[string]int{result.CasePassed: 0, result.CaseFailed: 1, result.CaseErrored: 3}[test.status]
				if run.ExitCode != wantExit {
					t.Errorf("exit %d (%s), want %d", run.ExitCode, run.Reason, wantExit)
				}
			})
		})
	}
}

// TestRepeatsAreAskedSideBySide is one case asked a hundred times: its answers do not wait for each other.
func TestRepeatsAreAskedSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(1, "  baseline: off\n  concurrency: 20\n")
		b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
		slow := &slowCompleter{Fake: b.fake}
		run := b.run(t.Context(), slow.use, repeating(100, 100))
		b.want(run, 0, "passed")
		if most := slow.most.Load(); most != 20 {
			t.Errorf("%d at once, want 20", most)
		}
	})
}

// TestRepeatsAreKeptApart is an interrupted run of repeated cases: each answer that was kept counts once, and only the rest is asked.
func TestRepeatsAreKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		b.spec = suite(3, "  baseline: off\n  concurrency: 1\n  max_errors: 100%\n")
		lost := map[string][]string{}
		for i := range 3 {
			lost[fmt.Sprintf("Question %d?", i)] = []string{"right", "lost", "right", "lost"}
		}
		b.fake.Answer = scripted(lost)
		b.want(b.run(t.Context(), repeating(4, 4)), 3, "too_few_cases")
		before := b.cases()
		b.fake.Answer = answering(func(string, string) (string, error) { return "right", nil })
		run := b.run(t.Context(), repeating(4, 4))
		b.want(run, 0, "passed")
		if n := b.cases() - before; n != 6 {
			t.Errorf("%d questions were asked again, want the 6 that were lost", n)
		}
		for _, a := range caseOf(t, run, "c1").Repeats {
			if a.Status != result.CasePassed {
				t.Errorf("answer %+v", a)
			}
		}
	})
}
