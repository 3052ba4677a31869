package tokens

import "slices"

// PricesAsOf is the month of OpenAI's price page that the table repeats. The page has had no training prices since 2026-09-30, so these
// are the last that were published.
const PricesAsOf = "2025-11"

// A rate is what tokens cost at inference, in USD per 1M tokens; 0: not known.
type rate struct{ input, output float64 }

// A price is what one base model costs, in USD per 1M tokens; 0: not known.
type price struct {
	names    []string // in full: a snapshot that is not here may cost something else
	training float64
	tuned    rate // of models tuned from it
	untuned  rate
}

// prices holds what OpenAI charges, without the discounts for cached input and for batches. Azure's lists have much the same prices per
// token, and a fee for each hour of a deployment beside them.
var prices = []price{
	{[]string{"gpt-4.1", "gpt-4.1-2025-04-14"}, 25, rate{3, 12}, rate{2, 8}},
	{[]string{"gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"}, 5, rate{0.80, 3.20}, rate{0.40, 1.60}},
	{[]string{"gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"}, 1.50, rate{0.20, 0.80}, rate{0.10, 0.40}},
	{[]string{"gpt-4o", "gpt-4o-2024-08-06"}, 25, rate{3.75, 15}, rate{2.50, 10}},
	{[]string{"gpt-4o-mini", "gpt-4o-mini-2024-07-18"}, 3, rate{0.30, 1.20}, rate{0.15, 0.60}},
	{[]string{"gpt-3.5-turbo", "gpt-3.5-turbo-0125", "gpt-35-turbo", "gpt-35-turbo-0125"}, 8, rate{3, 6}, rate{0.50, 1.50}},
}

// TrainingPrice returns what OpenAI charges to train on 1M tokens, in USD, for a base model or one that was tuned from it before. It is
// false where the price is not known, which never means free. Who serves a model sets its price: the names alone do not say that.
func TrainingPrice(base string) (usd float64, ok bool) {
	p, _ := priceOf(base)
	return p.training, p.training > 0
}

// InferencePrice returns what OpenAI charges for 1M tokens of questions and of answers, in USD. A tuned model, by the name that OpenAI or
// Azure gave it, costs more than its base. It is false where the prices are not known, which never means free.
func InferencePrice(model string) (input, output float64, ok bool) {
	p, tuned := priceOf(model)
	r := p.untuned
	if tuned {
		r = p.tuned
	}
	return r.input, r.output, r.input > 0 && r.output > 0
}

// priceOf returns the prices of a model's base, and whether the model is tuned; none of a base that is not in the table.
func priceOf(model string) (p price, tuned bool) {
	base, tuned := splitName(model)
	if i := slices.IndexFunc(prices, func(p price) bool { return slices.Contains(p.names, base) }); i >= 0 {
		p = prices[i]
	}
	return p, tuned
}

// USD returns what tokens cost at a price in USD per 1M tokens.
func USD(tokens int64, perMillion float64) float64 {
	return float64(tokens) / 1e6 * perMillion
}

// MaxEpochs is the most epochs that a job may have, by OpenAI's published API description. Nothing says that the service chooses fewer for
// n_epochs: auto, so a cost that is never passed counts with it, where [Epochs] gives a likely one.
const MaxEpochs = 50

// The rule by which OpenAI's cookbook guesses epochs ("Data preparation and analysis for chat model fine-tuning"): three, unless the job
// would then see fewer than minSeen or more than maxSeen examples, each counted once in every epoch.
const (
	usualEpochs = 3
	mostGuessed = 25
	minSeen     = 100
	maxSeen     = 25_000
)

// Epochs guesses how many epochs the service chooses for n_epochs: auto, from the number of training examples. It is the guess of OpenAI's
// cookbook and no promise: the service does not publish its rule, and other services have others. [MaxEpochs] is the bound that holds.
func Epochs(examples int) int {
	switch {
	case examples < 1:
		return mostGuessed
	case examples <= minSeen/usualEpochs:
		return min(mostGuessed, minSeen/examples)
	case examples > maxSeen/usualEpochs:
		return max(1, maxSeen/examples)
	default:
		return usualEpochs
	}
}
