package runner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

// TestChangesAreNamed edits a pipeline that has run, and asks why it would be trained again. The run says the same.
func TestChangesAreNamed(t *testing.T) {
	const start = pipeline + "system_prompt: Be brief.\ntrain: {hyperparameters: {n_epochs: 3}, suffix: a}\n"
	edit := func(old, new string) func(*bench) {
		return func(b *bench) { b.spec = strings.Replace(b.spec, old, new, 1) }
	}
	rows := func(change func([]string) []string) func(*bench) {
		return func(b *bench) {
			path := filepath.Join(b.dir, "data.jsonl")
			data, err := os.ReadFile(path)
			if err != nil {
				b.t.Fatal(err)
			}
			lines := change(strings.SplitAfter(string(data), "\n"))
			if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		edits []func(*bench)
		want  []string // empty: it is not trained again
	}{
		"a test":            {[]func(*bench){edit("number 3?", "number 4?"), edit("icontains: number 3", "icontains: number 4")}, nil},
		"a threshold":       {[]func(*bench){edit("version: 1\n", "version: 1\nthresholds: ['pass_rate >= 10%']\n")}, nil},
		"the base model":    {[]func(*bench){edit("gpt-4.1-mini-2025-04-14", "gpt-4o-mini-2024-07-18")}, []string{"base_model changed: gpt-4.1-mini-2025-04-14 → gpt-4o-mini-2024-07-18"}},
		"the prompt":        {[]func(*bench){edit("Be brief.", "Be long.")}, []string{"system_prompt changed"}},
		"a hyperparameter":  {[]func(*bench){edit("n_epochs: 3", "n_epochs: 4, batch_size: 2")}, []string{"train.hyperparameters.batch_size changed: auto → 2", "train.hyperparameters.n_epochs changed: 3 → 4"}},
		"the seed":          {[]func(*bench){edit("suffix: a", "suffix: a, seed: 7")}, []string{"train.seed changed: none → 7"}},
		"the suffix":        {[]func(*bench){edit("suffix: a", "suffix: b")}, []string{"train.suffix changed: a → b"}},
		"a row more":        {[]func(*bench){rows(func(l []string) []string { return append(l, `{"question": "q", "answer": "a"}`+"\n") })}, []string{"training data changed: 12 → 13 rows"}},
		"another row":       {[]func(*bench){rows(func(l []string) []string { l[0] = `{"question": "q", "answer": "a"}` + "\n"; return l })}, []string{"training data changed: 12 rows, as before"}},
		"white space":       {[]func(*bench){rows(func(l []string) []string { l[0] = strings.ReplaceAll(l[0], ":", " : "); return l })}, nil},
		"how rows are read": {[]func(*bench){edit("dataset: data.jsonl", "dataset: {path: data.jsonl, fields: {question: answer, answer: question}}")}, []string{"training data is prepared otherwise: 12 → 12 rows"}},
		"several things": {
			[]func(*bench){edit("gpt-4.1-mini-2025-04-14", "gpt-4o-2024-08-06"), edit("Be brief.", "Be long."), edit("suffix: a", "suffix: a, seed: 7")},
			[]string{"base_model changed: gpt-4.1-mini-2025-04-14 → gpt-4o-2024-08-06", "system_prompt changed", "train.seed changed: none → 7"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				b.spec = start
				b.want(b.run(t.Context()), 0, "passed")
				for _, e := range test.edits {
					e(b)
				}
				plan := b.plan()
				if got := plan.Stages[1].Changes; !slices.Equal(got, test.want) {
					t.Errorf("changes %q, want %q", got, test.want)
				}
				offlinePlan := b.plan(offline)
				if got := offlinePlan.Stages[1].Changes; !slices.Equal(got, test.want) {
					t.Errorf("offline: changes %q, want %q", got, test.want)
				}
				run := b.run(t.Context())
				prepare := "run" // as the run itself found it
				if run.Stages[0].Status == result.StageReused {
					prepare = "reuse"
				}
				if len(test.want) == 0 {
					b.wantPlan(plan, prepare+" reuse reuse run", true)
					b.wantJobs(1)
					return
				}
				b.wantPlan(plan, prepare+" run run run", true, strings.Join(test.want, "; ")+"; no such job is recorded, and the provider lists none")
				b.wantPlan(offlinePlan, prepare+" unknown unknown run", true, strings.Join(test.want, "; "))
				if want := "job ftjob-2 created; " + strings.Join(test.want, "; "); run.Stages[1].Reason != want {
					t.Errorf("the run says %q, want %q", run.Stages[1].Reason, want)
				}
			})
		})
	}
}

// TestInputsHoldNoSecret keeps what an extra field of the request holds out of the journal.
func TestInputsHoldNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		with := func(token string) func(*runner.Options) {
			return func(o *runner.Options) { o.Endpoint.ExtraBody = map[string]any{"token": token} }
		}
		b.run(t.Context(), with("hush-1"))
		run := b.run(t.Context(), with("hush-2"))
		if want := "job ftjob-2 created; provider.extra_body changed"; run.Stages[1].Reason != want {
			t.Errorf("reason %q, want %q", run.Stages[1].Reason, want)
		}
		journal, err := os.ReadFile(filepath.Join(b.dir, ".ftrun", "journal"))
		if err != nil || strings.Contains(string(journal), "hush") {
			t.Errorf("journal (%v):\n%s", err, journal)
		}
	})
}
