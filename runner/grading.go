package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"ftrun/runner/grade"
	"ftrun/runner/result"
	"ftrun/spec"
)

// A grading decides on answers, with whatever graders need beside them.
type grading struct {
	services grade.Services
	judge    *judge
}

// grade judges an answer by the case's assertions, or scores it against the expected answer where there are none. The error is one that ends
// the asking, because no later verdict could be had either.
func (g *grading) grade(ctx context.Context, c spec.Case, r reply) (result.Answer, error) {
	text := cmp.Or(r.Text, r.Refusal)
	s := sampleOf(c, r, text)
	refused, _ := grade.Refused(s)
	a := result.Answer{
		Generated:    &text,
		Refused:      refused,
		Assertions:   []result.Assertion{},
		FinishReason: r.FinishReason,
		LatencyMS:    float64(r.Latency.Microseconds()) / 1000,
		Attempts:     r.Attempts,
		ReusedFrom:   r.keptAt,
		CostUSD:      r.cost,
	}
	for _, call := range r.ToolCalls {
		a.ToolCalls = append(a.ToolCalls, result.ToolCall{Name: call.Name, Arguments: call.Arguments})
	}
	if u := r.Usage; u != nil {
		a.Usage = &result.Usage{PromptTokens: u.PromptTokens, CompletionTokens: u.CompletionTokens}
	}
	if len(c.Assertions) == 0 {
		a.Status, a.Score = result.CaseScored, new(grade.RougeL(text, c.Answer))
		return a, nil
	}
	return a, g.assert(ctx, &a, c, s)
}

// sampleOf is what graders see of an answer.
func sampleOf(c spec.Case, r reply, text string) grade.Sample {
	s := grade.Sample{
		Output: text, Refusal: r.Refusal, FinishReason: r.FinishReason,
		Reference: c.Answer, Question: c.Question, Vars: c.Vars, CostUSD: r.cost,
	}
	for _, call := range r.ToolCalls {
		s.ToolCalls = append(s.ToolCalls, grade.ToolCall{Name: call.Name, Arguments: call.Arguments})
	}
	if r.keptAt == nil {
		s.Latency = new(time.Duration(r.Latency))
	}
	return s
}

// assert fills in the assertions. The answer passes when each of weight > 0 does, and its score is Σw·s / Σw. One that can't be decided on
// leaves the answer without a verdict, unless another has failed it already.
func (g *grading) assert(ctx context.Context, a *result.Answer, c spec.Case, s grade.Sample) error {
	var sum, weights float64
	var undecided string
	failed := false
	for _, assertion := range c.Assertions {
		got, err := g.decide(ctx, assertion, s)
		if fatal, ok := errors.AsType[*endError](err); ok {
			a.Status, a.Error = result.CaseErrored, fatal.Error()
			return fatal.Err
		}
		judged := result.Assertion{Name: assertion.Name, Grader: assertion.Kind, Weight: assertion.Weight}
		if err != nil {
			judged.Error = err.Error()
			if assertion.Weight > 0 {
				undecided = cmp.Or(undecided, fmt.Sprintf("grade %s: %v", assertion.Name, err))
			}
		} else {
			judged.Score, judged.Passed, judged.Reason = got.Score, got.Pass, got.Reason
			failed = failed || !got.Pass && assertion.Weight > 0
		}
		a.Assertions = append(a.Assertions, judged)
		sum += assertion.Weight * judged.Score
		weights += assertion.Weight
	}
	if undecided == "" && weights > 0 {
		a.Score = new(sum / weights)
	}
	switch {
	case failed:
		a.Status, a.Passed = result.CaseFailed, new(false)
	case undecided != "":
		a.Status, a.Error = result.CaseErrored, undecided
	default:
		a.Status, a.Passed = result.CasePassed, new(true)
	}
	return nil
}

// decide lets one assertion decide, turned around where it is negated.
func (g *grading) decide(ctx context.Context, a spec.Assertion, s grade.Sample) (grade.Grade, error) {
	if a.Judge {
		if err := g.judge.trusted(); err != nil {
			return grade.Grade{}, err
		}
	}
	got, err := a.Grader.Grade(ctx, s, g.services)
	if err == nil && a.Not {
		got = grade.Negate(got)
	}
	return got, err
}

// An endError ends the asking: no later question to the same service would be answered.
type endError struct{ Err error }

func (e *endError) Error() string { return e.Err.Error() }
func (e *endError) Unwrap() error { return e.Err }
