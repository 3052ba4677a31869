package runner_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

// TestPreparedDataIsReused changes one thing between two runs: the data is read anew only where it matters.
func TestPreparedDataIsReused(t *testing.T) {
	rewrite := func(path string, change func([]byte) []byte) func(*testing.T, *bench) {
		return func(t *testing.T, b *bench) {
			t.Helper()
			path := filepath.Join(b.dir, path)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	edit := func(old, replacement string) func(*testing.T, *bench) {
		return func(_ *testing.T, b *bench) { b.spec = strings.Replace(b.spec, old, replacement, 1) }
	}
	for name, test := range map[string]struct {
		change func(*testing.T, *bench)
		want   string
	}{
		"nothing":                       {func(*testing.T, *bench) {}, result.StageReused},
		"a test":                        {edit("icontains: number 3", "icontains: number"), result.StageReused},
		"hyperparameters":               {edit("test:", "train: {seed: 3}\ntest:"), result.StageReused},
		"the data":                      {rewrite("data.jsonl", func(b []byte) []byte { return bytes.Replace(b, []byte("Number 1."), []byte("One."), 1) }), result.StageDone},
		"the system prompt":             {edit("test:", "system_prompt: Be brief.\ntest:"), result.StageDone},
		"the token limit":               {edit("test:", "token_limit: 100\ntest:"), result.StageDone},
		"the base model":                {edit("gpt-4.1-mini-2025-04-14", "gpt-4o-mini-2024-07-18"), result.StageDone},
		"how rows are read":             {edit("dataset: data.jsonl", "dataset: {path: data.jsonl, format: qa}"), result.StageDone},
		"long rows":                     {edit("dataset: data.jsonl", "dataset: {path: data.jsonl, too_long: drop}"), result.StageDone},
		"rows that can't be trained on": {edit("dataset: data.jsonl", "dataset: {path: data.jsonl, invalid: drop}"), result.StageDone},
		"how many rows may go":          {edit("dataset: data.jsonl", "dataset: {path: data.jsonl, too_long: drop, max_dropped: 7}"), result.StageDone},
		"rows that come again":          {edit("dataset: data.jsonl", "dataset: {path: data.jsonl, duplicates: drop}"), result.StageDone},
		"leaked keys":                   {edit("dataset: data.jsonl", "dataset: {path: data.jsonl, secrets: \"off\"}"), result.StageDone},
		"a share to validate with":      {edit("dataset: data.jsonl", "dataset: {path: data.jsonl, validation: {share: 10%, seed: 4}}"), result.StageDone},
		"the training file is cut":      {rewrite(".ftrun/prepared/train.jsonl", func(b []byte) []byte { return b[:len(b)-1] }), result.StageDone},
		"the training file is edited":   {rewrite(".ftrun/prepared/train.jsonl", func(b []byte) []byte { return bytes.ToUpper(b) }), result.StageDone},
		"the training file is gone": {func(t *testing.T, b *bench) {
			if err := os.Remove(filepath.Join(b.dir, ".ftrun", "prepared", "train.jsonl")); err != nil {
				t.Fatal(err)
			}
		}, result.StageDone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, &providertest.Fake{})
				first := b.run(t.Context())
				b.want(first, 0, "passed")
				test.change(t, b)
				second := b.run(t.Context())
				b.want(second, 0, "passed")
				if got := second.Stages[0].Status; got != test.want {
					t.Errorf("prepare: %s, want %s", got, test.want)
				}
				if test.want == result.StageReused && (second.Dataset.TrainingSHA256 != first.Dataset.TrainingSHA256 || second.Dataset.Tokens != first.Dataset.Tokens ||
					len(second.Dataset.Sources) != 1 || second.Dataset.Sources[0] != first.Dataset.Sources[0] || !reflect.DeepEqual(second.Dataset.TokenStats, first.Dataset.TokenStats)) {
					t.Errorf("dataset %+v, before %+v", second.Dataset, first.Dataset)
				}
			})
		})
	}
}

// TestLeftoversAreSwept is what a killed run left half written: the next one takes it away, and nothing else.
func TestLeftoversAreSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &providertest.Fake{})
		dir := filepath.Join(b.dir, ".ftrun", "prepared")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".train.jsonl.tmp-123", "mine.jsonl"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b.want(b.run(t.Context()), 0, "passed")
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 2 || left[0].Name() != "mine.jsonl" || left[1].Name() != "train.jsonl" {
			t.Errorf("%v, %v: want mine.jsonl and train.jsonl", left, err)
		}
	})
}
