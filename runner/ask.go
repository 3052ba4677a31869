package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"ftrun/runner/provider"
	"ftrun/spec"
)

// A Service answers questions: the pipeline's own provider, or another one that the spec names for the tested model, the baseline or the judge.
type Service struct {
	Endpoint  provider.Endpoint
	Completer provider.Completer
	Embedder  provider.Embedder // nil: it makes no embeddings
	Err       error             // why it can't be asked, such as a key that is missing; nil: it can
}

// An inquiry is what all questions of a test stage share: the money, the answers that are kept, and each service's pace.
type inquiry struct {
	*runState
	kept   *answerStore
	unkept sync.Once // tells that answers can't be kept
	purse  *purse
	worth  *purse // what all answers cost, those of earlier runs too that are kept; without a limit

	mu     sync.Mutex
	pacers map[string]*pacer // by the address of the service
}

// pacer returns the pace of a service, whoever asks it.
func (q *inquiry) pacer(e provider.Endpoint) *pacer {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := q.pacers[e.Address()]
	if p == nil {
		test := q.Pipeline.Test
		p = newPacer(test.Concurrency, test.RequestsPerMinute, test.TokensPerMinute)
		q.pacers[e.Address()] = p
	}
	return p
}

// An asker puts questions to the models of one service.
type asker struct {
	*inquiry
	service Service
	tariff  tariff
	pacer   *pacer
}

// asker returns who asks a service; nil stands for the pipeline's own.
func (q *inquiry) asker(s *Service) *asker {
	service := q.orOwn(s)
	return &asker{inquiry: q, service: service, tariff: q.tariffOf(service.Endpoint), pacer: q.pacer(service.Endpoint)}
}

// orOwn returns a service, or for nil the pipeline's own.
func (r *runState) orOwn(s *Service) Service {
	if s == nil {
		return Service{Endpoint: r.Endpoint, Completer: r.Completer, Embedder: r.Embedder}
	}
	return *s
}

// testedAt is where the tested model answers.
func (r *runState) testedAt() Service { return r.orOwn(r.Tested) }

// tariffOf returns what a service charges. The spec's prices are those of the pipeline's own.
func (r *runState) tariffOf(e provider.Endpoint) tariff {
	if e.Address() == r.Endpoint.Address() {
		return r.tariff
	}
	return tariff{kind: e.Kind}
}

// A reply is a model's answer to one question, as it came or as it was kept.
type reply struct {
	provider.Completion
	keptAt *time.Time // when an earlier run got it; nil: this one did
	cost   *float64   // nil: not known
}

// ask returns the answer that is kept of a question, or asks and keeps what comes. nth tells equal questions apart. useless says why an answer is
// worth no keeping, because it would be as useless to the next run; nil: every answer is.
func (a *asker) ask(ctx context.Context, req provider.CompletionRequest, nth int, useless func(provider.Completion) error) (reply, error) {
	key := answerKey(a.service.Endpoint, req, nth)
	if completion, at, found := a.kept.get(key); found && (useless == nil || useless(completion) == nil) {
		a.worth.settle(0, a.tariff.cost(req.Model, completion.Usage))
		return reply{Completion: completion, keptAt: &at, cost: a.tariff.cost(req.Model, completion.Usage)}, nil
	}
	completion, err := a.pay(ctx, req)
	if err != nil {
		return reply{}, err
	}
	if useless != nil && useless(completion) != nil {
		return reply{Completion: completion, cost: a.tariff.cost(req.Model, completion.Usage)}, nil
	}
	if err := a.kept.put(key, completion, a.Now()); err != nil {
		a.unkept.Do(func() {
			a.warn(stageTest, fmt.Sprintf("answers are not kept, so that a run which goes on from here would ask again: %v", err))
		})
	}
	return reply{Completion: completion, cost: a.tariff.cost(req.Model, completion.Usage)}, nil
}

// pay asks, within the budget.
func (a *asker) pay(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	var worst float64
	if a.purse.limit != nil {
		var err error
		if worst, err = a.tariff.worst(req); err != nil {
			return provider.Completion{}, err
		}
	}
	if err := a.purse.reserve(ctx, worst); err != nil {
		return provider.Completion{}, err
	}
	completion, err := a.send(ctx, req)
	free := a.tariff.isFree(req.Model)
	if err != nil {
		a.purse.settleError(worst, err, free)
		a.worth.settleError(0, err, free)
		return completion, err
	}
	lost := completion.Lost
	if free {
		lost = 0
	}
	cost := a.tariff.cost(req.Model, completion.Usage)
	a.purse.settleRetried(worst, cost, lost)
	a.worth.settleRetried(0, cost, lost)
	return completion, nil
}

// send waits for its turn, and then asks within the time that a question may take.
func (a *asker) send(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	size, err := a.size(req)
	if err != nil {
		return provider.Completion{}, err
	}
	turn, err := a.pacer.begin(ctx, size)
	if err != nil {
		return provider.Completion{}, err
	}
	limit := a.Pipeline.Test.Timeout
	timed, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("ask %s: no answer within test.timeout %v", req.Model, limit))
	defer cancel()
	completion, err := a.service.Completer.Complete(turn.observe(timed), req)
	turn.end(usedTokens(completion.Usage), err == nil)
	return completion, err
}

// size is about how many tokens a question and its answer have, where that matters. An answer without a bound counts once it is there.
func (a *asker) size(req provider.CompletionRequest) (int64, error) {
	if a.Pipeline.Test.TokensPerMinute == 0 {
		return 0, nil
	}
	count, err := promptTokens(req)
	return count + int64(req.MaxCompletionTokens), err
}

func usedTokens(u *provider.Usage) int64 {
	if u == nil {
		return 0
	}
	return u.PromptTokens + u.CompletionTokens
}

// question is the request that puts a case to a model.
func (r *runState) question(model string, c spec.Case) provider.CompletionRequest {
	test := r.Pipeline.Test
	return provider.CompletionRequest{
		Model:               model,
		Messages:            r.conversation(c),
		Temperature:         &test.Sampling.Temperature,
		MaxCompletionTokens: test.Sampling.MaxCompletionTokens,
		Tools:               c.Tools,
		ResponseFormat:      test.ResponseFormat,
	}
}

// conversation is what a case says to a model: the system prompt that the training rows had too, and the question. A conversation that
// begins with a system message of its own keeps it.
func (r *runState) conversation(c spec.Case) []provider.Message {
	turns := c.Messages
	if turns == nil {
		turns = []provider.Message{{Role: "user", Content: c.Question}}
	}
	system := r.Pipeline.SystemPrompt
	if c.SystemPrompt != nil {
		system = *c.SystemPrompt
	}
	if system == "" || turns[0].Role == "system" || turns[0].Role == "developer" {
		return turns
	}
	return append([]provider.Message{{Role: "system", Content: system}}, turns...)
}

// nthOfItsKind numbers equal questions: the first answer to case i is the one with number nth[i] among those to the same question. A model
// that is asked twice may answer differently, so each is kept by itself.
func nthOfItsKind(cases []spec.Case) []int {
	seen := map[string]int{}
	nth := make([]int, len(cases))
	for i, c := range cases {
		kind := c.Question
		if c.Messages != nil {
			raw, err := json.Marshal(c.Messages)
			if err == nil { // texts can't fail
				kind = string(raw)
			}
		}
		nth[i] = seen[kind]
		seen[kind] += max(c.Repeat.Times, 1)
	}
	return nth
}
