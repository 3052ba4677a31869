package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ftrun/runner/gate"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// A baseline answers for what the tested model is compared with: a model that is asked, or the answers of an earlier run, which are graded
// anew with today's graders.
type baseline struct {
	told       gate.Baseline
	respondent respondent            // of a model
	earlier    map[string]pastAnswer // of an earlier run, by case
	strange    bool                  // the model is another service's, so that what keeps it from answering keeps nothing else

	mu   sync.Mutex
	gone error // why nothing is to be had of it any more; nil: it answers
}

// A pastAnswer is what an earlier run got to a case.
type pastAnswer struct {
	question string
	asked    string   // see askedDigest
	replies  []*reply // by repeat; nil where no answer came
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
		var err error
		if b.earlier, b.told.Model, err = q.readBaseline(want.Results); err != nil {
			b.gone = fmt.Errorf("baseline %s: %w", want.Results, err)
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
	past := b.earlier[s.spec.ID]
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
	past, ok := b.earlier[c.ID]
	return !ok || !past.isOf(c)
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

// tellAbsent warns of the cases that an earlier run says nothing of, because what is compared is not all that is tested. Where that is most of
// them, there is no baseline.
func (b *baseline) tellAbsent(r *runState) {
	missing, changed, silent := 0, 0, 0
	for _, c := range r.Pipeline.Test.Cases {
		switch past, ok := b.earlier[c.ID]; {
		case !ok:
			missing++
		case !past.isOf(c):
			changed++
		case !slices.ContainsFunc(past.replies, func(r *reply) bool { return r != nil }):
			silent++
		}
	}
	all := countCases(len(r.Pipeline.Test.Cases))
	if n := len(r.Pipeline.Test.Cases); 2*(missing+changed+silent) > n {
		b.gone = fmt.Errorf("%s has answers to only %d of %s, and a comparison over so few says nothing of the rest", b.told.Results, n-missing-changed-silent, all)
		return
	}
	if missing > 0 {
		r.warn(stageTest, fmt.Sprintf("%d of %s are not in %s, and are left out of every comparison with it", missing, all, b.told.Results))
	}
	if changed > 0 {
		r.warn(stageTest, fmt.Sprintf("%d of %s have the id of one in %s that asked something else, and are left out of every comparison with it", changed, all, b.told.Results))
	}
	if silent > 0 {
		r.warn(stageTest, fmt.Sprintf("%s has no answer to %d of %s: they may have come out either way", b.told.Results, silent, all))
	}
}

// baselineOutcome is what judging keeps of the baseline's answers to a case.
func (e *examiner) baselineOutcome(s *sheet) gate.Outcome {
	o := e.outcomeOf(s.spec, summarizeAnswers(s.spec, s.baseline), s.baseline)
	o.Absent = e.baseline.absent(s.spec)
	return o
}

// readBaseline reads the answers of an earlier run that cases of today may be compared with.
func (q *inquiry) readBaseline(name string) (answers map[string]pastAnswer, model string, err error) {
	cases, run, err := result.OpenCases(q.Pipeline.Path(name))
	if err != nil {
		return nil, "", err
	}
	defer cases.Close()
	wanted := map[string]bool{}
	for _, c := range q.Pipeline.Test.Cases {
		wanted[c.ID] = true
	}
	answers = map[string]pastAnswer{}
	for c, err := range cases.All() {
		if err != nil {
			return nil, "", err
		}
		if !wanted[c.ID] {
			continue
		}
		if _, twice := answers[c.ID]; twice {
			return nil, "", fmt.Errorf("case %q is there twice", c.ID)
		}
		answers[c.ID] = pastOf(c, run.Provenance.StartedAt)
	}
	return answers, testedIn(run), nil
}

// pastOf is what a recorded case holds of answers; day is when its run began.
func pastOf(c result.Case, day time.Time) pastAnswer {
	past := pastAnswer{question: c.Question, asked: c.Asked}
	all := c.Repeats
	if all == nil {
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

// NeedsBaseline reports whether a threshold can't be decided without something to compare with.
func NeedsBaseline(thresholds []spec.Threshold) bool {
	return slices.ContainsFunc(thresholds, needsBaseline)
}

func needsBaseline(t spec.Threshold) bool { return t.NeedsBaseline() }
