// Package gate decides from what was measured: it holds every threshold against the outcomes of a test, compares the tested model with the
// baseline, and counts.
//
// Everything in it is a function of its arguments. It knows no services, no files and no clock, so that its false alarms can be simulated.
package gate

import (
	"time"

	"ftrun/runner/result"
	"ftrun/spec"
)

// An Outcome is what judging keeps of one model's answers to one case: a few bytes, however long the answers were and however many.
// Its zero value is a case that was never asked.
type Outcome struct {
	Status   string  // a result.Case… constant; "" counts as skipped
	Absent   bool    // the baseline has no such case: it is left out of every comparison
	Score    float64 // the mean over the answers that have one
	HasScore bool
	Missing  float64 // share of the answers without a score, in [0,1]: they may have been anything

	Passed, Failed, Errored int // answers of a case with assertions; Passed + Failed + Errored = the times that it was asked

	Refused   int // answers in which the model declined
	Truncated int // answers that ended at the limit of tokens

	CostUSD   *float64        // of all answers; nil: not known
	Latencies []time.Duration // of the answers that this run got itself
	Untimed   int             // answers that have no latency: they never came, or an earlier run got them
	Graders   []GraderScore   // of the graders that thresholds name
}

// A GraderScore is the mean score of one grader over the answers to a case.
type GraderScore struct {
	Name    string // as thresholds name it: "<name>.mean"
	Score   float64
	Missing float64 // share of the answers that it could not decide on
}

// open reports whether the answer is not known: it errored, or was never asked for. Either way it may have been right or wrong.
func (o Outcome) open() bool {
	return o.Status == result.CaseErrored || o.Status == result.CaseSkipped || o.Status == ""
}

// Evidence is every outcome of a test, by case.
type Evidence struct {
	Cases    []spec.Case
	Tested   []Outcome
	Base     []Outcome // nil without a baseline, and where it is not to be had
	Baseline Baseline
	CostUSD  *float64 // of all answers and verdicts, those that an earlier run paid for too; nil: not known
	Curve    []result.CurvePoint
	Aborted  bool // the asking ended early, for a reason that says nothing of the model
}

// A Baseline says what the tested model is compared with.
type Baseline struct {
	Kind        string // a spec.Baseline… constant
	Model       string
	Provider    *result.Provider // of a model that another service serves
	Results     string           // file, as the spec has it
	Unavailable string           // why there is nothing to compare with; empty: there is
}

// A Judgement is what the thresholds make of the evidence. A certain failure outweighs what could not be found out.
type Judgement struct {
	Summary    result.Summary
	Comparison *result.Comparison
	Repeats    *result.Repeats
	Flaky      []result.Flake
	Thresholds []result.Threshold
	Failures   []string // sentences: the model is not good enough
	Undecided  []string // sentences: could not find out
	Code       string   // reason code of the first undecided

	untimed int // of Undecided: latencies that a part of the answers lacks
}
