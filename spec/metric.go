package spec

import (
	"math"
	"strings"
)

// A Metric is a number over all cases, or over the training.
type Metric string

// The metrics, beside the mean of a grader: "<grader>.mean". Those of training are what the service reports; where it reports none there is no
// data.
const (
	PassRate  Metric = "pass_rate"  // over the cases with assertions
	MeanScore Metric = "mean_score" // over the cases with a score

	Fixed  Metric = "fixed"   // cases that the baseline failed and the tested model passed
	Broken Metric = "broken"  // cases that the baseline passed and the tested model failed
	Delta  Metric = "delta"   // the pass rate less the baseline's; where no case has assertions, the mean score's difference
	PValue Metric = "p_value" // two-sided, of that difference

	Errors    Metric = "errors"    // cases without an answer
	Refusals  Metric = "refusals"  // cases in which the model declined
	Truncated Metric = "truncated" // cases whose answer ended at the limit of tokens

	P50Latency Metric = "p50_latency" // of the answers that this run got itself
	P95Latency Metric = "p95_latency"
	Cost       Metric = "cost" // of the test stage; with a tag, of both models' answers to its cases

	TrainLoss     Metric = "train_loss"     // as the service reported it last
	ValidLoss     Metric = "valid_loss"     // as the service reported it last
	ValidAccuracy Metric = "valid_accuracy" // as the service reported it last, from 0 to 1
)

// meanOf ends the name of a grader's mean.
const meanOf = ".mean"

// metrics are the names of all metrics, in the order in which messages list them.
var metrics = []string{
	string(PassRate), string(MeanScore), "<grader>" + meanOf, string(Fixed), string(Broken), string(Delta), string(PValue),
	string(Errors), string(Refusals), string(Truncated), string(P50Latency), string(P95Latency), string(Cost),
	string(TrainLoss), string(ValidLoss), string(ValidAccuracy),
}

// Grader returns the name of the grader whose mean the metric is, or "". [Assertion.Feeds] says which assertions that means.
func (m Metric) Grader() string {
	name, ok := strings.CutSuffix(string(m), meanOf)
	if !ok {
		return ""
	}
	return name
}

// OfTraining reports whether the metric is about the training rather than about the answers: it has no cases, so no tag, and no
// baseline, because the base model was not trained here.
func (m Metric) OfTraining() bool { return m == TrainLoss || m == ValidLoss || m == ValidAccuracy }

// OfBoth reports whether the metric sets the tested model beside the baseline, so that there is none without one.
func (m Metric) OfBoth() bool { return m == Fixed || m == Broken || m == Delta || m == PValue }

// share reports whether the metric is a rate or a mean over cases: what has an interval, and a baseline to compare with.
func (m Metric) share() bool { return m == PassRate || m == MeanScore || m.Grader() != "" }

// ofAnswers reports whether the metric says how good the answers are. A p-value does not: it is as small where a model got far worse as where it got
// far better.
func (m Metric) ofAnswers() bool { return m.share() || m.OfBoth() && m != PValue }

// A measureKind is what a metric's values are.
type measureKind struct {
	low, high float64  // the values that there can be
	units     []string // in which they are written
	whole     bool     // a number without a unit is a count
	want      string   // what a threshold compares them with
	slip      string   // the unit that was meant where there is none
}

// kind returns what the values of a known metric are. A share of cases that is counted lies between 0 and 1 too: bounds says so.
func (m Metric) kind() measureKind {
	switch m {
	case Fixed, Broken:
		return measureKind{high: math.Inf(1), units: []string{""}, whole: true, want: "a count such as 2"}
	case Delta:
		return measureKind{low: -1, high: 1, units: []string{"", "%"}, want: "a difference such as -2%, or a number from -1 to 1", slip: "%"}
	case PValue:
		return measureKind{high: 1, units: []string{""}, want: "a number from 0 to 1"}
	case Errors, Refusals, Truncated:
		return measureKind{high: math.Inf(1), units: []string{"", "%"}, whole: true, want: "a count or a percentage"}
	case P50Latency, P95Latency:
		return measureKind{high: math.Inf(1), units: []string{"ms", "s"}, want: "a time such as 800ms or 2s", slip: "ms"}
	case Cost:
		return measureKind{high: math.Inf(1), units: []string{"USD"}, want: "an amount such as 2 USD", slip: " USD"}
	case TrainLoss, ValidLoss:
		return measureKind{high: math.Inf(1), units: []string{""}, want: "a number such as 0.5"}
	case ValidAccuracy:
		return measureKind{high: 1, units: []string{"", "%"}, want: "a number from 0 to 1 or a percentage", slip: "%"}
	default:
		return measureKind{high: 1, units: []string{"", "%"}, want: "a number from 0 to 1, a percentage or baseline", slip: "%"}
	}
}

// bounds returns the least and the most that a value with a unit can be.
func (k measureKind) bounds(unit string) (low, high float64) {
	if unit == "%" {
		return k.low, 1
	}
	return k.low, k.high
}

// Feeds reports whether "<name>.mean" is about the assertion: the name is its grader's key, with not_ where it is negated, or its own.
func (a Assertion) Feeds(name string) bool { return a.Kind == name || a.Name == name }

// otherMetrics are what other tools, and people, call a metric of ours.
var otherMetrics = map[string]Metric{
	"accuracy": PassRate, "pass": PassRate, "passed": PassRate, "pass_percentage": PassRate, "success_rate": PassRate,
	"score": MeanScore, "mean": MeanScore, "average_score": MeanScore, "avg_score": MeanScore,
	"regressions": Broken, "regressed": Broken, "improvements": Fixed, "improved": Fixed,
	"difference": Delta, "diff": Delta, "p": PValue, "pvalue": PValue,
	"error_rate": Errors, "errored": Errors, "refused": Refusals, "refusal_rate": Refusals, "truncations": Truncated,
	"latency": P95Latency, "p95": P95Latency, "p50": P50Latency, "p99_latency": P95Latency, "median_latency": P50Latency, "cost_usd": Cost, "loss": TrainLoss,
}
