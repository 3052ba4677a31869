package runner

import (
	"context"
	"errors"
	"slices"
	"sync"

	"ftrun/runner/gate"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// A baseline answers for what the tested model is compared with: a model that is asked, or the answers of an earlier run, which are graded
// anew with today's graders.
type baseline struct {
	told       gate.Baseline
	respondent respondent // of a model
	earlier    *pastRun   // of an earlier run; nil: a model is asked
	strange    bool       // the model is another service's, so that what keeps it from answering keeps nothing else

	mu   sync.Mutex
	gone error // why nothing is to be had of it any more; nil: it answers
}

// baselineFor opens what the spec compares with, or returns nil where it compares with nothing. One that can't be had is no error: it says so
// in every report, and thresholds that need it can't be decided.
func (q *inquiry) baselineFor(service *Service) *baseline {
	b := &baseline{told: gate.Baseline{Kind: q.Pipeline.Test.Baseline.Kind}}
	switch want := q.Pipeline.Test.Baseline; want.Kind {
	case spec.BaselineBase:
		b.told.Model = q.Pipeline.BaseModel
		b.respondent = respondent{b.told.Model, q.asker(nil)}
	case spec.BaselineModel:
		b.told.Model = want.Model
		b.respondent = respondent{want.Model, q.asker(service)}
		if service != nil {
			b.strange = true
			b.gone = service.Err
			b.told.Provider = &result.Provider{Kind: service.Endpoint.Kind, BaseURL: service.Endpoint.BaseURL}
		}
	case spec.BaselineResults:
		b.told.Results = want.Results
		if b.earlier, b.gone = readPast(q.Pipeline); b.gone == nil {
			b.told.Model = b.earlier.model
		}
	default:
		return nil
	}
	return b
}

// answer is the baseline's answer to a case. Where it is not to be had for a reason that will not pass, nobody asks for the rest.
func (b *baseline) answer(ctx context.Context, e *examiner, s *sheet, n int) (result.Answer, error) {
	if b.unavailable() != nil {
		return skippedAnswer(), nil
	}
	if b.earlier != nil {
		return b.past(ctx, e, s, n)
	}
	reply, err := b.respondent.ask(ctx, e.question(b.respondent.model, s.spec), e.nth[s.index]+n, nil)
	if err == nil {
		return e.grading.grade(ctx, s.spec, reply)
	}
	if ctx.Err() == nil && b.lost(err) {
		b.mu.Lock()
		b.gone = err
		b.mu.Unlock()
		return skippedAnswer(), nil
	}
	return e.unanswered(ctx, err)
}

// lost reports whether no further question has a point. What is wrong with the service of the tested model ends the test instead.
func (b *baseline) lost(err error) bool {
	if isKind(err, provider.KindNotFound) || isKind(err, provider.KindForbidden) {
		return true
	}
	return b.strange && (isKind(err, provider.KindAuth) || isKind(err, provider.KindQuota) || isKind(err, provider.KindUnreachable))
}

func (b *baseline) unavailable() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gone
}

// past grades what an earlier run got to a case. A case that it did not have, or that asks something else today, is absent; one that it got no
// answer to may have come out either way.
func (b *baseline) past(ctx context.Context, e *examiner, s *sheet, n int) (result.Answer, error) {
	past := b.earlier.answers[s.spec.ID]
	switch {
	case b.absent(s.spec):
		return skippedAnswer(), nil
	case past.replies[n%len(past.replies)] == nil:
		return erroredAnswer(errors.New("the earlier run got no answer to this case")), nil
	}
	return e.grading.grade(ctx, s.spec, *past.replies[n%len(past.replies)])
}

// absent reports whether the earlier run says nothing of a case.
func (b *baseline) absent(c spec.Case) bool {
	if b.earlier == nil {
		return false
	}
	past, ok := b.earlier.answers[c.ID]
	return !ok || !past.isOf(c)
}

// baselineOutcome is what judging keeps of the baseline's answers to a case.
func (e *examiner) baselineOutcome(s *sheet) gate.Outcome {
	o := e.outcomeOf(s.spec, summarizeAnswers(s.spec, s.baseline), s.baseline)
	o.Absent = e.baseline.absent(s.spec)
	return o
}

// NeedsBaseline reports whether a threshold can't be decided without something to compare with.
func NeedsBaseline(thresholds []spec.Threshold) bool {
	return slices.ContainsFunc(thresholds, spec.Threshold.NeedsBaseline)
}
