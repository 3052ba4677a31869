package spec_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ftrun/runner/grade"
	"ftrun/runner/provider"
	"ftrun/spec"
)

func parse(t *testing.T, src string) *spec.Pipeline {
	t.Helper()
	p, err := spec.Parse("dir/tutor.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDefaults(t *testing.T) {
	p := parse(t, pipeline("a.jsonl", ""))
	p.Dataset.Pos.File, p.SHA256 = "", ""
	if p.Name != "tutor" || p.Dir != "dir" || p.Provider.Kind != "openai" || p.TokenLimit != 0 || p.SystemPrompt != "" {
		t.Errorf("%+v", p)
	}
	if d := *p.Dataset; d.Paths[0] != "a.jsonl" || d.Format != "auto" || d.Fields != nil || d.TooLong != "error" || d.Invalid != "error" || d.Contamination != "warn" ||
		d.Duplicates != "warn" || d.Secrets != "warn" || d.MaxDropped != (spec.Amount{Value: 0.05, Percent: true, Text: "5%"}) || d.Validation.Set() {
		t.Errorf("dataset %+v", d)
	}
	if !reflect.DeepEqual(p.Train, spec.Train{Method: "supervised", Hyperparameters: map[string]any{}}) {
		t.Errorf("train %+v", p.Train)
	}
	if (p.Wait != spec.Wait{Timeout: 5 * time.Hour, OnTimeout: "leave", OnInterrupt: "leave"}) {
		t.Errorf("wait %+v", p.Wait)
	}
	if !p.Reports.JUnit || !p.Reports.Markdown {
		t.Errorf("reports %+v", p.Reports)
	}
	if p.Prices != (spec.Prices{}) || p.Budget != (spec.Budget{}) {
		t.Errorf("prices %+v, budget %+v", p.Prices, p.Budget)
	}
	if !reflect.DeepEqual(p.Provider, provider.Settings{Kind: "openai"}) {
		t.Errorf("provider %+v", p.Provider)
	}
	test := p.Test
	test.Cases = nil
	want := spec.Test{
		Baseline: spec.Baseline{Kind: spec.BaselineBase, Pos: test.Baseline.Pos}, Concurrency: 16, Timeout: time.Minute, MinCases: 1,
		MaxErrors: spec.Amount{Value: 0.05, Percent: true, Text: "5%"}, Reuse: "resume",
	}
	if !reflect.DeepEqual(test, want) {
		t.Errorf("test %+v", test)
	}
}

func TestDefaultThresholds(t *testing.T) {
	const scored, asserted = `{question: a, answer: b}`, `{question: c, assert: [{contains: d}]}`
	const head = "version: 1\nbase_model: m\ndataset: a.jsonl\n"
	for test, want := range map[string]string{
		"[" + scored + "]":                   "mean_score >= baseline, mean_score > 0",
		"[" + asserted + "]":                 "pass_rate == 1",
		"[" + scored + ", " + asserted + "]": "pass_rate == 1, mean_score >= baseline, mean_score > 0",
		"{baseline: off, cases: [" + scored + ", " + asserted + "]}": "pass_rate == 1",
	} {
		var got []string
		for _, threshold := range parse(t, head+"test: "+test+"\n").Thresholds {
			if !threshold.Default || threshold.Pos.Line != 4 || threshold.Expression != threshold.String() {
				t.Errorf("%+v", threshold)
			}
			got = append(got, threshold.Expression)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: got %q, want %s", test, got, want)
		}
	}
}

func TestEverything(t *testing.T) {
	src, err := os.ReadFile("testdata/ok/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := parse(t, string(src))
	settings := provider.Settings{
		Kind: "compatible", BaseURL: "https://tuning.example.com/v1?tenant=a", APIKeyEnv: "MY_API_KEY", Auth: "api-key", Wire: "method",
		Headers: map[string]provider.Secret{"X-Team": "tutoring", "X-Ticket": "010"},
		ExtraBody: map[string]any{
			"priority": json.Number("1"), "notify": false, "note": "1", "tags": []any{"a", nil},
			"method": map[string]any{"supervised": map[string]any{"hyperparameters": map[string]any{"lora_alpha": json.Number("0.5")}}},
		},
		Timeout: 90 * time.Second,
	}
	if !reflect.DeepEqual(p.Provider, settings) {
		t.Errorf("provider %#v", p.Provider)
	}
	if v := p.Dataset.Validation; v.Share != (spec.Amount{Value: 0.1, Percent: true, Text: "10%"}) || v.Seed != 7 || p.Dataset.Secrets != "off" {
		t.Errorf("validation %+v, secrets %s", v, p.Dataset.Secrets)
	}
	if d := p.Dataset; d.Paths[0] != "data/train.jsonl" || d.TooLong != "drop" || !reflect.DeepEqual(d.Fields, map[string]string{"question": "q", "answer": "a", "system": "s"}) {
		t.Errorf("dataset %+v", d)
	}
	if p.SystemPromptFile != "prompts/system.txt" || p.SystemPrompt != "" {
		t.Errorf("prompt %q of %q", p.SystemPrompt, p.SystemPromptFile)
	}
	zero := 0
	want := spec.Train{
		Method:          "supervised",
		Hyperparameters: map[string]any{"n_epochs": 3, "batch_size": 8, "learning_rate_multiplier": 0.5},
		Suffix:          "My_suffix-1",
		Seed:            &zero,
		Metadata:        map[string]string{"team": "tutoring", "ticket": "010"},
		ExpiresAfter:    36 * time.Hour,
	}
	if !reflect.DeepEqual(p.Train, want) {
		t.Errorf("train %+v", p.Train)
	}
	if !reflect.DeepEqual(p.Prices, spec.Prices{Training: new(25.0), Input: new(3.0), Output: new(12.5)}) ||
		!reflect.DeepEqual(p.Budget, spec.Budget{TrainingUSD: new(5.0), TestingUSD: new(0.0)}) || p.Test.Reuse != spec.ReuseNever {
		t.Errorf("prices %+v, budget %+v, reuse %s", p.Prices, p.Budget, p.Test.Reuse)
	}
	if p.Reports.JUnit || p.Reports.Markdown || p.Test.Sampling != (spec.Sampling{Temperature: 0.7, MaxCompletionTokens: 300}) || p.Test.MaxErrors != (spec.Amount{Value: 2, Text: "2"}) {
		t.Errorf("reports %+v, test %+v", p.Reports, p.Test)
	}
	checkEverythingCases(t, p.Test.Cases)
}

func checkEverythingCases(t *testing.T, cases []spec.Case) {
	t.Helper()
	var got []string
	for _, k := range cases {
		for _, a := range k.Assertions {
			got = append(got, strings.Join([]string{k.ID, a.Kind, a.Name}, " | "))
		}
	}
	want := []string{
		`first | not_contains | not_contains "As an AI"`,
		`first | contains | has the sum`,
		`first | text_similarity | text_similarity rouge_l >= 0.5`,
	}
	if !reflect.DeepEqual(got[:3], want) {
		t.Errorf("got %q\nwant %q", got[:3], want)
	}
	a := cases[0].Assertions
	if a[0].Weight != 0.5 || !a[0].Not || a[1].Weight != 2 || a[1].Not || a[2].Weight != 0 {
		t.Errorf("weights or negations: %+v", a)
	}
	if g, err := a[1].Grader.Grade(t.Context(), grade.Sample{Output: "It is 4."}, grade.Services{}); err != nil || !g.Pass {
		t.Errorf("grade %+v, %v", g, err)
	}
	if k := cases[0]; !k.MustPass || k.Answer != "4" || k.Pos.Line != 50 {
		t.Errorf("case %+v", k)
	}
}

func TestStringsAsWritten(t *testing.T) {
	src, err := os.ReadFile("testdata/ok/strings_as_written.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := parse(t, string(src))
	got := []string{p.Name, p.SystemPrompt}
	for _, k := range p.Test.Cases {
		got = append(got, k.ID, k.Question, k.Answer, k.Assertions[0].Name)
	}
	want := []string{
		"2024-01-01", "yes",
		"010", "1e3", "010", `equals "1_000"`,
		".nan", "true", "no", `equals "0x10"`,
		"null", "~", "12:30:45", `contains "#"`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestMergeKeys(t *testing.T) {
	src, err := os.ReadFile("testdata/ok/aliases_and_merge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cases := parse(t, string(src)).Test.Cases
	if second := cases[1]; second.ID != "second" || second.Question != "What is life made of?" || len(second.Assertions) != 3 || second.Tags[0] != "biology" {
		t.Errorf("%+v", second)
	}
	if third := cases[2]; third.ID != "third" || !third.MustPass || third.Answer != "The smallest unit of life." {
		t.Errorf("%+v", third)
	}
}

// TestCaseIDs holds the ids of cases that declare none: a changed id loses a case's history.
func TestCaseIDs(t *testing.T) {
	const head = "version: 1\nbase_model: m\ndataset: a.jsonl\ntest:\n"
	const a, b = "- {question: One and one, answer: two}\n", "- {question: Name a gas, answer: argon, tags: [x], assert: [{contains: r}]}\n"
	first, second := parse(t, head+a+b).Test.Cases, parse(t, head+b+a).Test.Cases
	if first[0].ID != second[1].ID || first[1].ID != second[0].ID {
		t.Error("ids change with the order")
	}
	if want := "case-ae50150b19f0"; first[0].ID != want {
		t.Errorf("id %s, want %s", first[0].ID, want)
	}
	if edited := parse(t, head+"- {question: One and one, answer: 2}\n").Test.Cases[0].ID; edited == first[0].ID {
		t.Error("another answer has the same id")
	}
}

func TestAmount(t *testing.T) {
	if n := (spec.Amount{Value: 5}).Of(100); n != 5 {
		t.Errorf("a count: %v", n)
	}
	if n := (spec.Amount{Value: 0.05, Percent: true}).Of(50); n != 2.5 {
		t.Errorf("a share: %v", n)
	}
}

func TestNameFromFile(t *testing.T) {
	for file, want := range map[string]string{
		"pipeline.yaml": "pipeline", "a/b.c.yml": "b.c", ".yaml": "pipeline", "x": "x", "": "pipeline",
	} {
		p, err := spec.Parse(file, []byte(pipeline("a.jsonl", "")))
		if err != nil || p.Name != want {
			t.Errorf("%q: %v, want name %q", file, p, want)
		}
	}
}

func TestExample(t *testing.T) {
	p, err := spec.Load(filepath.Join("..", "examples", "pipeline.yaml"), spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	checkComplete(t, p)
}

// FuzzParse holds what everyone may rely on: no panic, an error has problems with positions inside the file, an accepted file is complete and
// always means the same.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"ok", "bad"} {
		names, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := spec.Parse("pipeline.yaml", src)
		if err != nil {
			problems(t, src, err)
			return
		}
		checkComplete(t, p)
		again, err := spec.Parse("pipeline.yaml", src)
		if err != nil || !reflect.DeepEqual(names(p), names(again)) {
			t.Fatalf("not the same twice: %v", err)
		}
	})
}

// names returns what can be compared of a pipeline: graders may hold functions.
func names(p *spec.Pipeline) any {
	p = new(*p)
	plain := func(k spec.Case) spec.Case {
		var assertions []spec.Assertion
		for _, a := range k.Assertions {
			a.Grader = nil
			assertions = append(assertions, a)
		}
		k.Assertions = assertions
		return k
	}
	var cases []spec.Case
	for _, k := range p.Test.Cases {
		cases = append(cases, plain(k))
	}
	p.Test.Cases = cases
	if p.Test.Judge != nil {
		p.Test.Judge = new(*p.Test.Judge)
		var calibration []spec.Calibration
		for _, k := range p.Test.Judge.Calibration {
			k.Case = plain(k.Case)
			calibration = append(calibration, k)
		}
		p.Test.Judge.Calibration = calibration
	}
	return p
}
