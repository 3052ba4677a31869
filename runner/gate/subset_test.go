package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/gate"
	"ftrun/runner/result"
	"ftrun/spec"
)

func TestSummarizeSubset(t *testing.T) {
	asserted := []spec.Assertion{{Weight: 1}}
	cases := []spec.Case{{ID: "a", Assertions: asserted}, {ID: "b", Assertions: asserted}, {ID: "c"}, {ID: "d", Assertions: asserted}}
	outcomes := []gate.Outcome{
		{Status: result.CasePassed, Score: 1, HasScore: true, Passed: 1},
		{Status: result.CaseFailed, Score: 0, HasScore: true, Failed: 1},
		{Status: result.CaseScored, Score: 0.5, HasScore: true},
		{Status: result.CaseErrored, Missing: 1, Errored: 1},
	}
	rate, score, all := 0., 0.25, 0.5
	for name, test := range map[string]struct {
		keep func(int) bool
		want result.Summary
	}{
		"none":       {func(int) bool { return false }, result.Summary{}},
		"b, c and d": {func(i int) bool { return i > 0 }, result.Summary{Cases: 3, Failed: 1, Errored: 1, Scored: 1, PassRate: &rate, MeanScore: &score}},
		"c":          {func(i int) bool { return i == 2 }, result.Summary{Cases: 1, Scored: 1, MeanScore: &all}},
	} {
		if diff := cmp.Diff(test.want, gate.Summarize(cases, outcomes, test.keep)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
