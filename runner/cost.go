package runner

import (
	"fmt"
	"slices"
	"strings"

	"ftrun/runner/dataset"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/runner/tokens"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// A tariff is what tokens cost at a provider. A nil price is not known, which is never 0.
type tariff struct {
	kind  string
	given spec.Prices // the spec's own, which outweigh the table
}

// training returns the price of training a base model, in USD per 1M tokens.
func (t tariff) training(base string) *float64 {
	switch {
	case t.kind == provider.KindEmbedded:
		return new(float64)
	case t.given.Training != nil:
		return t.given.Training
	case t.kind != "openai": // others serve models of the same names at prices of their own
		return nil
	}
	return known(tokens.TrainingPrice(base))
}

// inference returns the prices of a question and of an answer, in USD per 1M tokens.
func (t tariff) inference(model string) (input, output *float64) {
	if t.kind == provider.KindEmbedded {
		return new(float64), new(float64)
	}
	if t.kind == "openai" {
		in, out, ok := tokens.InferencePrice(model)
		input, output = known(in, ok), known(out, ok)
	}
	if t.given.Input != nil {
		input = t.given.Input
	}
	if t.given.Output != nil {
		output = t.given.Output
	}
	return input, output
}

func known(price float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &price
}

// note says where the prices come from.
func (t tariff) note() string {
	switch {
	case t.kind == provider.KindEmbedded:
		return "the embedded engine costs nothing"
	case t.given != (spec.Prices{}):
		return "at the prices of the spec"
	case t.kind == "openai":
		return "at OpenAI's list prices of " + tokens.PricesAsOf
	default:
		return fmt.Sprintf("unknown: no prices of provider %q are known, name them in prices", t.kind)
	}
}

// begin is the cost of a run that has bought nothing yet.
func (t tariff) begin() result.Cost {
	c := result.Cost{Note: t.note()}
	if t.kind == provider.KindEmbedded {
		c.TrainingUSD, c.TestingUSD = new(float64), new(float64)
	}
	return c
}

// usd returns what tokens cost, or nil where the price is not known.
func usd(count int64, price *float64) *float64 {
	if price == nil {
		return nil
	}
	cost := tokens.USD(count, *price)
	return &cost
}

// A quote is what a training job would cost.
type quote struct {
	epochs  int
	guessed bool     // the service chooses the epochs: this is the usual choice
	usd     *float64 // nil: the price is not known
}

// quote prices the training of prepared data. The service bills the training file's tokens once per epoch.
func (r *runState) quote(prepared *dataset.Prepared) quote {
	q := quote{epochs: tokens.Epochs(prepared.Stats.Training), guessed: true}
	if n, ok := r.Pipeline.Train.Hyperparameters["n_epochs"].(int); ok {
		q.epochs, q.guessed = n, false
	}
	q.usd = usd(prepared.Stats.Tokens*int64(q.epochs), r.tariff.training(r.Pipeline.BaseModel))
	return q
}

// checkTrainingBudget refuses a job that costs more than the spec allows, or nobody knows how much.
func (t *trainer) checkTrainingBudget() error {
	limit := t.Pipeline.Budget.TrainingUSD
	if limit == nil {
		return nil
	}
	q := t.quote(t.prepared)
	epochs := fmt.Sprintf("%d epochs", q.epochs)
	if q.guessed {
		epochs += ", the service's usual choice for auto"
	}
	switch {
	case q.usd == nil:
		return unpricedError("budget.training_usd", "training "+t.Pipeline.BaseModel, "prices.training")
	case *q.usd > *limit:
		return &limitError{
			Code:    "over_budget",
			Message: fmt.Sprintf("training would cost about %s (%d tokens, %s), more than budget.training_usd %s", dollars(*q.usd), t.prepared.Stats.Tokens, epochs, dollars(*limit)),
			Way:     "raise the budget, train on fewer rows, or set train.hyperparameters.n_epochs",
		}
	}
	return nil
}

func unpricedError(budget, what, key string) error {
	return &limitError{
		Code:    "price_unknown",
		Message: fmt.Sprintf("%s is set, and the price of %s is not known", budget, what),
		Way:     "name the price in " + key + ", in USD per 1M tokens",
	}
}

// checkTestingBudget refuses, before anything is paid for, a cap on testing that could not be kept.
func (r *runState) checkTestingBudget() error {
	if r.Pipeline.Budget.TestingUSD == nil {
		return nil
	}
	for _, model := range append(r.askedModels(), r.graderModels()...) {
		input, output := model.tariff.inference(model.name)
		switch {
		case (input == nil || output == nil) && model.endpoint.Address() != r.Endpoint.Address():
			return &limitError{
				Code:    "price_unknown",
				Message: fmt.Sprintf("budget.testing_usd is set, and the price of asking %s is not known: prices are those of the pipeline's own provider", model.name),
				Way:     "leave budget.testing_usd out, or ask a model whose price is known",
			}
		case input == nil || output == nil:
			return unpricedError("budget.testing_usd", "asking "+model.name, "prices.input and prices.output")
		case *output > 0 && !model.judge && r.Pipeline.Test.Sampling.MaxCompletionTokens == 0:
			return diag.List{{
				Pos: diag.Position{File: r.Pipeline.File}, Path: "test.sampling.max_completion_tokens",
				Message: "missing, and budget.testing_usd can't be kept where an answer may be of any length",
				Hint:    "set it to the most tokens that an answer needs",
			}}.Err()
		}
	}
	return nil
}

// A pricedModel is a model that is asked, by name or, before it has one, by a name of the same price.
type pricedModel struct {
	name     string
	endpoint provider.Endpoint
	tariff   tariff
	judge    bool
}

// priced is a model of a service; nil stands for the pipeline's own.
func (r *runState) priced(name string, s *Service) pricedModel {
	endpoint := r.orOwn(s).Endpoint
	return pricedModel{name: name, endpoint: endpoint, tariff: r.tariffOf(endpoint)}
}

// askedModels are the models that the cases are put to, the tested one first.
func (r *runState) askedModels() []pricedModel {
	test := r.Pipeline.Test
	name := test.Model
	if name == "" {
		name = "ft:" + strings.TrimPrefix(r.Pipeline.BaseModel, "ft:")
	}
	models := []pricedModel{r.priced(name, r.Tested)}
	switch test.Baseline.Kind {
	case spec.BaselineBase:
		models = append(models, r.priced(r.Pipeline.BaseModel, nil))
	case spec.BaselineModel:
		models = append(models, r.priced(test.Baseline.Model, r.Baseline))
	}
	return models
}

// graderModels are the models that graders ask, for verdicts and for embeddings, each once.
func (r *runState) graderModels() []pricedModel {
	var models []pricedModel
	add := func(name string) {
		if !slices.ContainsFunc(models, func(m pricedModel) bool { return m.name == name }) {
			m := r.priced(name, r.Judge)
			m.judge = true
			models = append(models, m)
		}
	}
	for a := range r.Pipeline.Assertions() {
		for _, name := range a.Judges {
			add(r.judgeName(name))
		}
		for _, name := range a.Embeds {
			add(name)
		}
	}
	return models
}

// judgeName is the model that a grader asks: the one that it names, or the pipeline's judge.
func (r *runState) judgeName(named string) string {
	if named == "" && r.Pipeline.Test.Judge != nil {
		return r.Pipeline.Test.Judge.Model
	}
	return named
}

// noteTrainingCost puts the price of the job into the report of the run that saw it end. A job that had ended before was paid for, and
// reported, by an earlier run.
func (r *runState) noteTrainingCost(job provider.Job, endedBefore bool) {
	if r.tariff.kind == provider.KindEmbedded || endedBefore {
		r.run.Cost.TrainingUSD = new(float64)
		return
	}
	if job.TrainedTokens == nil || *job.TrainedTokens <= 0 { // some services say 0 and mean that they do not say
		return
	}
	cost := usd(*job.TrainedTokens, r.tariff.training(r.Pipeline.BaseModel))
	r.run.Cost.TrainingUSD = cost
	if limit := r.Pipeline.Budget.TrainingUSD; cost != nil && limit != nil && *cost > *limit {
		r.warn(stageWait, fmt.Sprintf("training cost %s, more than budget.training_usd %s: the service chose more epochs than usual; set train.hyperparameters.n_epochs",
			dollars(*cost), dollars(*limit)))
	}
}

// dollars shows an amount so that a small one does not look like none.
func dollars(amount float64) string {
	if amount != 0 && amount < 0.01 {
		return fmt.Sprintf("$%.2g", amount)
	}
	return fmt.Sprintf("$%.2f", amount)
}

// isFree reports whether questions to a model certainly cost nothing.
func (t tariff) isFree(model string) bool {
	input, output := t.inference(model)
	return input != nil && output != nil && *input == 0 && *output == 0
}

// cost returns what an answer cost, or nil where nobody knows.
func (t tariff) cost(model string, u *provider.Usage) *float64 {
	input, output := t.inference(model)
	if t.isFree(model) {
		return new(float64)
	}
	if u == nil || u.PromptTokens <= 0 || u.CompletionTokens < 0 || input == nil || output == nil { // no question has no tokens: some say 0 for unknown
		return nil
	}
	total := tokens.USD(u.PromptTokens, *input) + tokens.USD(u.CompletionTokens, *output)
	return &total
}

// overhead is what a conversation takes beside its texts, in tokens: 3 a message and 3 for the reply's start, by OpenAI's cookbook;
// doubled, since a bound is wanted.
const overhead = 6

// worst returns the most that a call may cost: its texts as they are counted offline, and an answer of full length. 0 where it is free.
func (t tariff) worst(req provider.CompletionRequest) (float64, error) {
	input, output := t.inference(req.Model)
	if input == nil || output == nil || *input == 0 && *output == 0 {
		return 0, nil
	}
	count, err := promptTokens(req)
	if err != nil {
		return 0, err
	}
	return tokens.USD(count, *input) + tokens.USD(int64(req.MaxCompletionTokens), *output), nil
}

// promptTokens returns how many tokens a question has at most.
func promptTokens(req provider.CompletionRequest) (int64, error) {
	encoding, _ := tokens.EncodingFor(req.Model)
	counter, err := tokens.For(encoding)
	if err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	count := overhead
	for _, m := range req.Messages {
		count += counter.Count(m.Content) + overhead
		for _, call := range m.ToolCalls {
			count += counter.Count(call.Name) + counter.Count(call.Arguments) + overhead
		}
	}
	for _, tool := range req.Tools {
		count += counter.Count(string(tool)) + overhead
	}
	if f := req.ResponseFormat; f != nil {
		count += counter.Count(f.Name) + counter.Count(string(f.Schema)) + overhead
	}
	return int64(count), nil
}

// worstEmbedding returns the most that embeddings of texts may cost. 0 where they are free, or nobody knows.
func (t tariff) worstEmbedding(model string, texts []string) (float64, error) {
	var messages []provider.Message
	for _, text := range texts {
		messages = append(messages, provider.Message{Content: text})
	}
	return t.worst(provider.CompletionRequest{Model: model, Messages: messages})
}
