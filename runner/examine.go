package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"ftrun/runner/gate"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// An examiner puts every case to the tested model and to the baseline, as often as the spec says, and grades what they answer. What it
// keeps of a case in memory is what judging needs; the answers go to the spool.
type examiner struct {
	*inquiry
	tested   respondent
	baseline *baseline // nil: there is none
	grading  *grading
	spool    *result.Spool
	nth      []int          // by case
	graders  []string       // whose means thresholds are about
	silent   bool           // nobody is asked: no answer could be decided on
	outcomes []gate.Outcome // of the tested model, by case
	base     []gate.Outcome // by case; nil without a baseline

	mu       sync.Mutex
	finished int
}

// A respondent is a model that cases are put to.
type respondent struct {
	model string
	*asker
}

// A sheet collects the answers to one case until the last of them is in.
type sheet struct {
	mu       sync.Mutex
	index    int
	spec     spec.Case
	tested   []result.Answer // by repeat
	baseline []result.Answer // by repeat; nil: nobody is asked
	missing  int             // answers that are not in yet
}

// ask puts all questions, several at a time. A refusal that no waiting cures ends the asking; what was not asked by then is skipped.
func (e *examiner) ask(ctx context.Context) error {
	group, askCtx := errgroup.WithContext(ctx)
	group.SetLimit(e.Pipeline.Test.Concurrency)
	for i, c := range e.Pipeline.Test.Cases {
		times := max(c.Repeat.Times, 1)
		s := &sheet{index: i, spec: c, tested: make([]result.Answer, times), missing: times}
		if e.baseline != nil {
			s.baseline = make([]result.Answer, times)
			s.missing += times
		}
		for n := range times {
			group.Go(func() error { return e.answer(askCtx, s, n, s.tested, e.askTested) })
			if s.baseline != nil {
				group.Go(func() error { return e.answer(askCtx, s, n, s.baseline, e.askBaseline) })
			}
		}
	}
	err := group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// answer gets one answer to a case, and closes its sheet where that was the last. The error is one that ends the asking; others are the
// answer's own.
func (e *examiner) answer(ctx context.Context, s *sheet, n int, into []result.Answer, ask func(context.Context, *sheet, int) (result.Answer, error)) error {
	answer, err := skippedAnswer(), error(nil)
	if ctx.Err() == nil && !e.silent {
		answer, err = ask(ctx, s, n)
	}
	s.mu.Lock()
	into[n] = answer
	s.missing--
	last := s.missing == 0
	s.mu.Unlock()
	if last {
		err = errors.Join(err, e.close(s))
	}
	return err
}

func (e *examiner) askTested(ctx context.Context, s *sheet, n int) (result.Answer, error) {
	return e.examine(ctx, e.tested, s, n)
}

func (e *examiner) askBaseline(ctx context.Context, s *sheet, n int) (result.Answer, error) {
	return e.baseline.answer(ctx, e, s, n)
}

// examine asks one model one case once and grades what it says.
func (e *examiner) examine(ctx context.Context, r respondent, s *sheet, n int) (result.Answer, error) {
	reply, err := r.ask(ctx, e.question(r.model, s.spec), e.nth[s.index]+n, nil)
	if err != nil {
		return e.unanswered(ctx, err)
	}
	return e.grading.grade(ctx, s.spec, reply)
}

// unanswered is the answer that did not come. A budget that is spent, a key or a quota that is refused end the asking.
func (e *examiner) unanswered(ctx context.Context, err error) (result.Answer, error) {
	var limit *limitError
	switch {
	case ctx.Err() != nil:
		return skippedAnswer(), nil
	case errors.As(err, &limit):
		return skippedAnswer(), err
	case isKind(err, provider.KindAuth) || isKind(err, provider.KindQuota):
		return erroredAnswer(err), err
	}
	return erroredAnswer(err), nil
}

func skippedAnswer() result.Answer {
	return result.Answer{Status: result.CaseSkipped, Assertions: []result.Assertion{}}
}

func erroredAnswer(err error) result.Answer {
	a := result.Answer{Status: result.CaseErrored, Error: err.Error(), Assertions: []result.Assertion{}}
	var failure *provider.Error
	if errors.As(err, &failure) {
		a.Attempts = failure.Attempts
	}
	return a
}

// close makes a case of a sheet that is full: for the report, and for the judgement.
func (e *examiner) close(s *sheet) error {
	c := s.spec
	kept := result.Case{
		ID: c.ID, Name: c.Question, Tags: c.Tags, Line: c.Pos.Line, File: caseFile(e.Pipeline, c), MustPass: c.MustPass,
		Question: c.Question, Asked: askedDigest(c), Expected: c.Answer, Answer: summarizeAnswers(c, s.tested),
	}
	e.outcomes[s.index] = e.outcomeOf(c, kept.Answer, s.tested)
	if s.baseline != nil {
		e.base[s.index] = e.baselineOutcome(s)
		if before := summarizeAnswers(c, s.baseline); before.Status != result.CaseSkipped || e.baseline.unavailable() == nil {
			kept.Baseline = &before
		}
	}
	if err := e.spool.Put(s.index, kept); err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	e.mu.Lock()
	e.finished++
	n := e.finished
	e.mu.Unlock()
	e.emit(result.Event{Type: result.EventCase, Stage: stageTest, Case: &kept, Done: n, Total: len(e.outcomes)})
	return nil
}

// caseFile is the file of cases that a case stands in, as the spec names it: from the spec's folder, and with slashes; empty where that is the
// spec. The position of a case has the file as it was opened, which depends on where ftrun was started.
func caseFile(p *spec.Pipeline, c spec.Case) string {
	if c.Pos.File == p.File {
		return ""
	}
	if inside, err := filepath.Rel(p.Dir, c.Pos.File); err == nil {
		return filepath.ToSlash(inside)
	}
	return filepath.ToSlash(c.Pos.File) // an absolute path, and the spec's folder is not
}
