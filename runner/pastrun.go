package runner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"ftrun/runner/gate"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// A pastRun is an earlier run that today's is compared with.
type pastRun struct {
	answers map[string]pastAnswer // by case
	model   string                // that it tested

	missing, changed, silent []string // cases of today, by id, that it does not have, that ask something else today, and that it got no answer to
}

// A pastAnswer is what an earlier run got to a case.
type pastAnswer struct {
	question string
	asked    string   // see askedDigest
	replies  []*reply // by repeat; nil where no answer came
}

// isOf reports whether the answers are to what a case asks today.
func (p pastAnswer) isOf(c spec.Case) bool {
	return p.question == c.Question && p.asked == askedDigest(c)
}

// askedDigest names what a case asks beside its question, so that a later run knows whether it compares like with like: the conversation, a
// system prompt of its own and the tools. It is empty where there is nothing but the question.
func askedDigest(c spec.Case) string {
	if c.Messages == nil && c.Tools == nil && c.SystemPrompt == nil {
		return ""
	}
	return ledger.Key(struct {
		Messages     []provider.Message `json:"messages"`
		Tools        []json.RawMessage  `json:"tools"`
		SystemPrompt *string            `json:"system_prompt"`
	}{c.Messages, c.Tools, c.SystemPrompt})
}

// readPast reads the answers of the earlier run that a pipeline is compared with. Where it has answers to less than half of the cases of today it
// is none to compare with: that is an error too.
func readPast(p *spec.Pipeline) (*pastRun, error) {
	name := p.Test.Baseline.Results
	cases, run, err := result.OpenCases(p.Path(name))
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	defer cases.Close()
	wanted := map[string]bool{}
	for _, c := range p.Test.Cases {
		wanted[c.ID] = true
	}
	past := &pastRun{answers: map[string]pastAnswer{}, model: testedIn(run)}
	for c, err := range cases.All() {
		if err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
		if !wanted[c.ID] {
			continue
		}
		if _, twice := past.answers[c.ID]; twice {
			return nil, fmt.Errorf("baseline %s: case %q is there twice", name, c.ID)
		}
		past.answers[c.ID] = pastOf(c, run.Provenance.StartedAt)
	}
	past.cover(p.Test.Cases)
	useless := len(past.missing) + len(past.changed) + len(past.silent)
	if n := len(p.Test.Cases); 2*useless > n {
		return nil, fmt.Errorf("%s has answers to only %d of %s, and a comparison over so few says nothing of the rest", name, n-useless, gate.CountCases(n))
	}
	return past, nil
}

// cover lists the cases of today that the earlier run says nothing of.
func (p *pastRun) cover(cases []spec.Case) {
	for _, c := range cases {
		switch a, ok := p.answers[c.ID]; {
		case !ok:
			p.missing = append(p.missing, c.ID)
		case !a.isOf(c):
			p.changed = append(p.changed, c.ID)
		case !slices.ContainsFunc(a.replies, func(r *reply) bool { return r != nil }):
			p.silent = append(p.silent, c.ID)
		}
	}
}

// tellGaps warns of the cases that the earlier run says nothing of, because what is compared is not all that is tested.
func (p *pastRun) tellGaps(r *runState) {
	name, all := r.Pipeline.Test.Baseline.Results, gate.CountCases(len(r.Pipeline.Test.Cases))
	for _, gap := range []struct {
		ids  []string
		says string
	}{
		{p.missing, "not in " + name + ", and left out of every comparison with it"},
		{p.changed, "in " + name + " with another question, and left out of every comparison with it"},
		{p.silent, "in " + name + " without an answer, and may have come out either way"},
	} {
		if n := len(gap.ids); n > 0 {
			r.warn(stageTest, fmt.Sprintf("%d of %s: %s (%s)", n, all, gap.says, someOf(gap.ids)))
		}
	}
}

// someOf names the first of some cases, and counts the rest.
func someOf(ids []string) string {
	const shown = 3
	var names []string
	for _, id := range ids[:min(shown, len(ids))] {
		names = append(names, fmt.Sprintf("%q", id))
	}
	if rest := len(ids) - len(names); rest > 0 {
		names = append(names, fmt.Sprintf("%d more", rest))
	}
	return strings.Join(names, ", ")
}

// CheckBaseline refuses, before anything is spent, an earlier run that thresholds are to compare with and that can't serve for it. The error is a
// [diag.List].
func CheckBaseline(p *spec.Pipeline) error {
	if p.Test.Baseline.Kind != spec.BaselineResults || !NeedsBaseline(p.Thresholds) {
		return nil
	}
	if _, err := readPast(p); err != nil {
		return diag.List{{
			Pos: p.Test.Baseline.Pos, Path: "test.baseline.results", Message: err.Error(),
			Hint: "name the results.json of a run that asked these cases, or leave out the thresholds that compare with it",
		}}.Err()
	}
	return nil
}

// pastOf is what a recorded case holds of answers; day is when its run began.
func pastOf(c result.Case, day time.Time) pastAnswer {
	past := pastAnswer{question: c.Question, asked: c.Asked}
	all := c.Repeats
	if len(all) == 0 {
		all = []result.Answer{c.Answer}
	}
	for _, a := range all {
		var r *reply
		if a.Generated != nil {
			r = new(replyOf(a, day))
		}
		past.replies = append(past.replies, r)
	}
	return past
}

// replyOf makes of a recorded answer the reply that it was. It says nothing of its latency: that was another run's.
func replyOf(a result.Answer, day time.Time) reply {
	r := reply{Completion: provider.Completion{Text: *a.Generated, FinishReason: a.FinishReason}, cost: a.CostUSD, keptAt: &day}
	if a.ReusedFrom != nil {
		r.keptAt = a.ReusedFrom
	}
	if a.Refused {
		r.Refusal = *a.Generated
	}
	for _, call := range a.ToolCalls {
		r.ToolCalls = append(r.ToolCalls, provider.ToolCall{Name: call.Name, Arguments: call.Arguments})
	}
	if a.Usage != nil {
		r.Usage = &provider.Usage{PromptTokens: a.Usage.PromptTokens, CompletionTokens: a.Usage.CompletionTokens}
	}
	return r
}

// testedIn is the model that an earlier run tested.
func testedIn(run *result.Run) string {
	if run.TestedModel != "" {
		return run.TestedModel
	}
	return run.FineTunedModel
}
