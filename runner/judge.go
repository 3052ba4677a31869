package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sync/singleflight"

	"ftrun/runner/grade"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// A judge is the model whose verdicts some graders are.
type judge struct {
	*asker
	settings spec.Judge
	under    string // the model under test, which may not judge itself
	spent    *purse // what it cost in this run; without a limit

	asking singleflight.Group // verdicts that are on their way: the same words are judged once, whoever waits for it
}

// judgeTokens is the longest verdict, reasons included: a judge that goes on for ever costs no more than this.
const judgeTokens = 2048

// judgeFor returns who judges: the spec's judge or, for graders that name a model of their own, whoever that is, asked once for a verdict.
func (q *inquiry) judgeFor(service *Service, under string) *judge {
	settings := spec.Judge{Samples: 1}
	if j := q.Pipeline.Test.Judge; j != nil {
		settings = *j
	}
	return &judge{asker: q.asker(service), settings: settings, under: under, spent: newPurse(nil)}
}

// trusted returns why the judge's verdicts do not count.
func (j *judge) trusted() error { return j.doubt }

// ask is [grade.Services.Ask]. The samples are kept and paid for as answers are, so that the same words are judged once in a run.
func (j *judge) ask(ctx context.Context, q grade.Question) ([]string, error) {
	model := j.judgeName(q.Model)
	if model == j.under && !j.settings.AllowSelf {
		return nil, &endError{&stuckError{
			Code: "judge_is_tested", Message: fmt.Sprintf("judge %s is the model under test", model),
			Way: "name another judge, or set test.judge.allow_self to true",
		}}
	}
	req := provider.CompletionRequest{
		Model: model, Temperature: &j.settings.Temperature, MaxCompletionTokens: judgeTokens,
		ResponseFormat: &provider.ResponseFormat{Name: q.Name, Schema: json.RawMessage(q.Schema)},
	}
	for _, t := range q.Messages {
		req.Messages = append(req.Messages, provider.Message{Role: t.Role, Content: t.Content})
	}
	samples := q.Samples
	if samples == 0 {
		samples = max(j.settings.Samples, 1)
	}
	texts := make([]string, 0, samples)
	for n := range samples {
		verdict, err, _ := j.asking.Do(answerKey(j.service.Endpoint, req, n), func() (any, error) { return j.verdict(ctx, req, n, q.Fits) })
		if err != nil {
			return nil, err
		}
		texts = append(texts, verdict.(string))
	}
	return texts, nil
}

// verdict asks for one verdict and pays for it.
func (j *judge) verdict(ctx context.Context, req provider.CompletionRequest, n int, fits func(string) error) (string, error) {
	reply, err := j.asker.ask(ctx, req, n, func(c provider.Completion) error { return noVerdict(c, fits) })
	if err != nil {
		return "", judgeError(err)
	}
	if reply.keptAt == nil {
		j.spent.settle(0, reply.cost)
	}
	return reply.Text, noVerdict(reply.Completion, nil)
}

// noVerdict says why a judge's reply is none: it refused, it was cut off, or it does not fit what was asked for; nil: it is one.
func noVerdict(c provider.Completion, fits func(string) error) error {
	switch {
	case c.Refusal != "":
		return fmt.Errorf("the judge refused: %.200q", c.Refusal)
	case c.FinishReason == finishLength:
		return fmt.Errorf("the judge's reply was cut off after %d tokens", judgeTokens)
	case fits != nil:
		return fits(c.Text)
	}
	return nil
}

// judgeError says that it was the judge who was asked, and whether there is a point in asking again.
func judgeError(err error) error {
	wrapped := fmt.Errorf("judge: %w", err)
	var limit *limitError
	for _, kind := range []provider.Kind{provider.KindAuth, provider.KindQuota, provider.KindForbidden, provider.KindNotFound} {
		if isKind(err, kind) {
			return &endError{wrapped}
		}
	}
	if errors.As(err, &limit) {
		return &endError{wrapped}
	}
	return wrapped
}

// embed is [grade.Services.Embed]: vectors come from the service that judges.
func (j *judge) embed(ctx context.Context, model string, texts []string) ([][]float64, error) {
	if j.service.Embedder == nil {
		return nil, errors.New("the provider makes no embeddings")
	}
	worst, err := j.tariff.worstEmbedding(model, texts)
	if err != nil {
		return nil, err
	}
	if err := j.purse.reserve(ctx, worst); err != nil {
		return nil, judgeError(err)
	}
	made, err := j.sendTexts(ctx, model, texts)
	if err != nil {
		j.purse.settleError(worst, err, j.tariff.isFree(model))
		return nil, judgeError(err)
	}
	cost := j.tariff.cost(model, made.Usage)
	j.purse.settle(worst, cost)
	j.spent.settle(0, cost)
	j.worth.settle(0, cost)
	return made.Vectors, nil
}

// sendTexts waits for its turn, and then asks for embeddings within the time that a question may take.
func (j *judge) sendTexts(ctx context.Context, model string, texts []string) (provider.Embeddings, error) {
	var size int64
	for _, text := range texts {
		size += int64(len(text)) // a token has a byte at least
	}
	turn, err := j.pacer.begin(ctx, size)
	if err != nil {
		return provider.Embeddings{}, err
	}
	limit := j.Pipeline.Test.Timeout
	timed, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("embed with %s: no answer within test.timeout %v", model, limit))
	defer cancel()
	made, err := j.service.Embedder.Embed(turn.observe(timed), model, texts)
	turn.end(usedTokens(made.Usage), err == nil)
	return made, err
}

// calibrate puts to the judge what it is known how to decide. Where one of these comes out otherwise, none of its verdicts counts: the error
// is kept, and every one of them becomes an error with its words.
func (j *judge) calibrate(ctx context.Context, services grade.Services) error {
	for i, c := range j.settings.Calibration {
		g := grading{services: services, judge: j}
		got := result.Answer{Assertions: []result.Assertion{}}
		err := g.assert(ctx, &got, c.Case, grade.Sample{Output: c.Output, Reference: c.Case.Answer, Question: c.Case.Question, Vars: c.Case.Vars})
		if err != nil {
			return err
		}
		wanted := result.CaseFailed
		if c.Pass {
			wanted = result.CasePassed
		}
		if got.Status == wanted {
			continue
		}
		why := fmt.Sprintf("it came out %s, and it is known to have %s", got.Status, wanted)
		if got.Error != "" {
			why = "it could not be decided: " + got.Error
		}
		j.doubt = fmt.Errorf("the judge is not calibrated: test.judge.calibration[%d] (line %d): %s", i, c.Pos.Line, why)
		j.warn(stageTest, j.doubt.Error()+"; none of its verdicts counts")
		return nil
	}
	return nil
}
