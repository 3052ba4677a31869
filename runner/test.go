package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"ftrun/runner/gate"
	"ftrun/runner/grade"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// test asks the model, and the baseline, every case, and judges.
func (r *runState) test(ctx context.Context, model string) (done[struct{}], error) {
	test := r.Pipeline.Test
	if err := os.MkdirAll(r.StateDir, 0o700); err != nil {
		return done[struct{}]{}, fmt.Errorf("state folder: %w", err)
	}
	spool, err := result.NewSpool(filepath.Join(r.StateDir, "answers.jsonl"))
	if err != nil {
		return done[struct{}]{}, fmt.Errorf("answers: %w", err)
	}
	r.run.Cases = spool
	kept, err := r.openAnswers(ctx)
	if err != nil {
		return done[struct{}]{}, err
	}
	e := &examiner{
		runState: r, model: model, spool: spool, tested: make([]gate.Outcome, len(test.Cases)), nth: nthOfItsKind(test.Cases),
		kept: kept, purse: newPurse(r.Pipeline.Budget.TestingUSD),
	}
	if test.Baseline.Kind == spec.BaselineBase {
		e.baseline = r.Pipeline.BaseModel
		e.base = make([]gate.Outcome, len(test.Cases))
	}
	asked := e.ask(ctx)
	verdict := r.judge(gate.Evidence{
		Cases: test.Cases, Tested: e.tested, Base: e.base, Curve: r.run.TrainingCurve,
		Baseline: gate.Baseline{Kind: test.Baseline.Kind, Model: e.baseline},
	})
	r.run.Cost.TestingUSD = e.purse.total()
	return done[struct{}]{Reason: countCases(len(test.Cases)) + kept.told()}, errors.Join(asked, kept.close(asked == nil && len(verdict.Undecided) == 0))
}

// judge decides, and puts the decision into the report.
func (r *runState) judge(e gate.Evidence) gate.Judgement {
	verdict := gate.Judge(r.Pipeline.Test, r.Pipeline.Thresholds, e)
	r.verdict = &verdict
	r.run.Summary, r.run.Comparison, r.run.Repeats, r.run.Flaky = verdict.Summary, verdict.Comparison, verdict.Repeats, verdict.Flaky
	r.run.Thresholds = verdict.Thresholds
	for _, t := range verdict.Thresholds {
		r.emit(result.Event{Type: result.EventThreshold, Stage: stageTest, Threshold: &t})
	}
	return verdict
}

// outcomeOf is what judging keeps of an answer.
func outcomeOf(a result.Answer) gate.Outcome {
	o := gate.Outcome{Status: a.Status}
	if a.Score != nil {
		o.Score, o.HasScore = *a.Score, true
	}
	return o
}

// An examiner asks models the cases and grades their answers.
type examiner struct {
	*runState
	model    string // tested
	baseline string // empty: none
	spool    *result.Spool
	tested   []gate.Outcome // by case
	base     []gate.Outcome // by case; nil without a baseline
	nth      []int          // by case: which of the cases with the same question it is
	kept     *answerStore
	unkept   sync.Once // tells that answers can't be kept
	purse    *purse
	finished atomic.Int64
}

// ask puts every case to the models, several at a time. A refusal that no waiting cures ends the asking; cases not asked are skipped.
func (e *examiner) ask(ctx context.Context) error {
	group, askCtx := errgroup.WithContext(ctx)
	group.SetLimit(e.Pipeline.Test.Concurrency)
	for i, c := range e.Pipeline.Test.Cases {
		group.Go(func() error { return e.examine(askCtx, i, c) })
	}
	err := group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// examine asks one case of both models, and keeps what came.
func (e *examiner) examine(ctx context.Context, index int, c spec.Case) error {
	answer, err := e.answer(ctx, e.model, c, e.nth[index])
	kept := result.Case{
		ID: c.ID, Name: c.Question, Tags: c.Tags, Line: c.Pos.Line, MustPass: c.MustPass,
		Question: c.Question, Expected: c.Answer, Answer: answer,
	}
	e.tested[index] = outcomeOf(answer)
	if e.baseline != "" {
		var baseline result.Answer
		if err == nil {
			baseline, err = e.answer(ctx, e.baseline, c, e.nth[index])
		} else {
			baseline = skippedAnswer()
		}
		kept.Baseline = &baseline
		e.base[index] = outcomeOf(baseline)
	}
	if spoolErr := e.spool.Put(index, kept); spoolErr != nil {
		return fmt.Errorf("keep answer: %w", spoolErr)
	}
	n := e.finished.Add(1)
	e.emit(result.Event{Type: result.EventCase, Stage: stageTest, Case: &kept, Done: int(n), Total: len(e.tested)})
	return err
}

// answer asks one model one case and grades what it says. The error is one that ends the asking; others are the case's own.
func (e *examiner) answer(ctx context.Context, model string, c spec.Case, nth int) (result.Answer, error) {
	if ctx.Err() != nil {
		return skippedAnswer(), nil
	}
	req := e.question(model, c)
	completion, keptAt, err := e.recall(ctx, req, nth)
	var limit *limitError
	switch {
	case err == nil:
		answer := gradeAnswer(c, completion)
		answer.ReusedFrom = keptAt
		return answer, nil
	case ctx.Err() != nil:
		return skippedAnswer(), nil
	case errors.As(err, &limit):
		return skippedAnswer(), err
	}
	errored := result.Answer{Status: result.CaseErrored, Error: err.Error(), Assertions: []result.Assertion{}}
	var failure *provider.Error
	if errors.As(err, &failure) {
		errored.Attempts = failure.Attempts
	}
	if isKind(err, provider.KindAuth) || isKind(err, provider.KindQuota) {
		return errored, err
	}
	return errored, nil
}

// question is the request that puts a case to a model.
func (e *examiner) question(model string, c spec.Case) provider.CompletionRequest {
	sampling := e.Pipeline.Test.Sampling
	return provider.CompletionRequest{
		Model:               model,
		Messages:            conversation(e.Pipeline.SystemPrompt, c.Question),
		Temperature:         &sampling.Temperature,
		MaxCompletionTokens: sampling.MaxCompletionTokens,
	}
}

// recall returns the answer that is kept of a question, with its date, or asks and keeps what comes.
func (e *examiner) recall(ctx context.Context, req provider.CompletionRequest, nth int) (provider.Completion, *time.Time, error) {
	key := answerKey(e.Endpoint, req, nth)
	if completion, at, found := e.kept.get(key); found {
		return completion, &at, nil
	}
	completion, err := e.pay(ctx, req)
	if err != nil {
		return completion, nil, err
	}
	if err := e.kept.put(key, completion, e.Now()); err != nil {
		e.unkept.Do(func() {
			e.warn(stageTest, fmt.Sprintf("answers are not kept, so that a run which goes on from here would ask again: %v", err))
		})
	}
	return completion, nil, nil
}

// pay asks, within the budget.
func (e *examiner) pay(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	var worst float64
	if e.purse.limit != nil {
		var err error
		if worst, err = e.tariff.worst(req); err != nil {
			return provider.Completion{}, err
		}
	}
	if err := e.purse.reserve(ctx, worst); err != nil {
		return provider.Completion{}, err
	}
	completion, err := e.complete(ctx, req)
	var refusal *provider.Error
	switch {
	case err == nil:
		e.purse.settle(worst, e.tariff.cost(req.Model, completion.Usage))
	case errors.As(err, &refusal) && refusal.Definite():
		e.purse.settle(worst, new(float64))
	default: // each attempt may have been answered, and billed
		attempts := 1.0
		if refusal != nil {
			attempts = float64(max(refusal.Attempts, 1))
		}
		e.purse.settleLost(worst, worst*attempts)
	}
	return completion, err
}

// complete asks within the time that a question may take.
func (e *examiner) complete(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	limit := e.Pipeline.Test.Timeout
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("ask %s: no answer within test.timeout %v", req.Model, limit))
	defer cancel()
	return e.Completer.Complete(ctx, req)
}

// conversation is what a case says to a model: the system prompt that the training rows had too, and the question.
func conversation(system, question string) []provider.Message {
	user := provider.Message{Role: "user", Content: question}
	if system == "" {
		return []provider.Message{user}
	}
	return []provider.Message{{Role: "system", Content: system}, user}
}

func skippedAnswer() result.Answer {
	return result.Answer{Status: result.CaseSkipped, Assertions: []result.Assertion{}}
}

// gradeAnswer judges an answer by the case's assertions, or scores it against the expected answer where there are none.
func gradeAnswer(c spec.Case, completion provider.Completion) result.Answer {
	text := cmp.Or(completion.Text, completion.Refusal)
	a := result.Answer{
		Generated:    &text,
		Assertions:   []result.Assertion{},
		FinishReason: completion.FinishReason,
		LatencyMS:    float64(completion.Latency.Microseconds()) / 1000,
		Attempts:     completion.Attempts,
	}
	if u := completion.Usage; u != nil {
		a.Usage = &result.Usage{PromptTokens: u.PromptTokens, CompletionTokens: u.CompletionTokens}
	}
	if len(c.Assertions) == 0 {
		score := grade.RougeL(text, c.Answer)
		a.Status, a.Score = result.CaseScored, &score
		return a
	}
	assertAnswer(&a, c, text)
	return a
}

// assertAnswer fills in the assertions: the case passes when each of weight > 0 does; its score is Σw·s / Σw.
func assertAnswer(a *result.Answer, c spec.Case, text string) {
	passed := true
	var sum, weights float64
	for _, assertion := range c.Assertions {
		g, err := assertion.Grader.Grade(context.TODO(), grade.Sample{Output: text, Reference: c.Answer}, grade.Services{})
		if err != nil {
			a.Status, a.Error = result.CaseErrored, fmt.Sprintf("grade %s: %v", assertion.Name, err)
			return
		}
		if assertion.Not {
			g = grade.Negate(g)
		}
		a.Assertions = append(a.Assertions, result.Assertion{
			Name: assertion.Name, Grader: assertion.Kind, Weight: assertion.Weight, Score: g.Score, Passed: g.Pass, Reason: g.Reason,
		})
		sum += assertion.Weight * g.Score
		weights += assertion.Weight
		passed = passed && (g.Pass || assertion.Weight == 0)
	}
	score := sum / weights
	a.Score, a.Passed, a.Status = &score, &passed, result.CasePassed
	if !passed {
		a.Status = result.CaseFailed
	}
}

func countCases(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}
