package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ftrun/spec"
)

// said returns the text of a completion.
func said(t *testing.T, model, question string) string {
	t.Helper()
	var body struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.Unmarshal(completion(model, question), &body); err != nil {
		t.Fatal(err)
	}
	return body.Choices[0].Message.Content
}

// TestPipelineIsAnswered: the pipeline is one that ftrun takes, the tuned model has every word, and the base model nine of ten.
func TestPipelineIsAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipeline.yaml")
	if err := writeSpec(path, config{cases: 100, concurrency: 7, baseline: true}); err != nil {
		t.Fatal(err)
	}
	p, err := spec.Load(path, spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Test.Cases) != 100 || p.Test.Concurrency != 7 || p.Test.Model != tunedModel || p.BaseModel != baseModel {
		t.Fatalf("%d cases, %d at once, of %q and %q", len(p.Test.Cases), p.Test.Concurrency, p.Test.Model, p.BaseModel)
	}
	base := 0
	for i, c := range p.Test.Cases {
		_, word := ask(i)
		answer := said(t, tunedModel, c.Question)
		if n := len(strings.Fields(answer)); !strings.Contains(answer, word+" ") || n < 95 || n > 105 {
			t.Errorf("%s: %d words: %s", c.ID, n, answer)
		}
		if strings.Contains(said(t, baseModel, c.Question), word) {
			base++
		}
	}
	if base != 90 {
		t.Errorf("the base model has %d words", base)
	}
}

// TestCasesBesideThePipeline: the case file has the cases that would stand in the pipeline, and promptfoo gets the same.
func TestCasesBesideThePipeline(t *testing.T) {
	dir := t.TempDir()
	if err := writeSpec(filepath.Join(dir, "pipeline.yaml"), config{cases: 3, caseFile: true}); err != nil {
		t.Fatal(err)
	}
	if err := writePromptfoo(filepath.Join(dir, "promptfoo.json"), "http://127.0.0.1/v1", config{cases: 3}); err != nil {
		t.Fatal(err)
	}
	cases, err := os.ReadFile(filepath.Join(dir, "cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	rival, err := os.ReadFile(filepath.Join(dir, "promptfoo.json"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(cases)), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		text, word := ask(i)
		if want := fmt.Sprintf(`{"id":"q%d","question":%q,"assert":[{"contains":%q}]}`, i, text, word); line != want {
			t.Errorf("line %d: %s, want %s", i+1, line, want)
		}
		if !strings.Contains(string(rival), fmt.Sprintf(`{"vars":{"question":%q},"assert":[{"type":"contains","value":%q}]}`, text, word)) {
			t.Errorf("promptfoo does not ask %q", text)
		}
	}
}

// TestLimits: a service takes no more than its rate, after the tenth of a second that may come at once, and no more at once than it may.
func TestLimits(t *testing.T) {
	now := time.Unix(0, 0)
	rated := &service{rate: 50, filled: now}
	in := 0
	for range 1000 { // ten seconds of asking twice as often
		now = now.Add(10 * time.Millisecond)
		if rated.begin(now) {
			in++
		}
	}
	if n := rated.take(); in < 500 || in > 505 || n.Refused != 1000-in {
		t.Errorf("%d came in, %+v", in, n)
	}
	narrow := &service{parallel: 2, filled: now}
	for i, want := range []bool{true, true, false} {
		if narrow.begin(now) != want {
			t.Errorf("question %d at once came in: %v", i+1, !want)
		}
	}
	narrow.end()
	if !narrow.begin(now) {
		t.Error("want one in the place of one that left")
	}
	if n := narrow.take(); n.Refused != 1 || n.Answered != 1 || n.MostAtOnce != 2 {
		t.Errorf("%+v", n)
	}
}

func TestIdeal(t *testing.T) {
	for _, tt := range []struct {
		c    config
		want time.Duration
	}{
		{config{cases: 1000, concurrency: 50, latency: 50 * time.Millisecond}, time.Second},
		{config{cases: 10000, concurrency: 200, latency: 100 * time.Millisecond, baseline: true}, 10 * time.Second},
		{config{cases: 1000, concurrency: 50, latency: 50 * time.Millisecond, rate: 500}, 2 * time.Second},
		{config{cases: 1000, concurrency: 50, latency: 50 * time.Millisecond, rate: 5000}, time.Second},
		{config{cases: 1000, concurrency: 50, latency: 50 * time.Millisecond, parallel: 10}, 5 * time.Second},
	} {
		if got := tt.c.ideal(); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.c, got, tt.want)
		}
	}
}
