package result

import (
	"iter"
	"slices"
	"time"
)

// The statuses of a case.
const (
	CasePassed  = "passed"
	CaseFailed  = "failed"
	CaseErrored = "errored" // no usable answer, or no verdict on it
	CaseScored  = "scored"  // a score without pass or fail
	CaseSkipped = "skipped"
)

// A Case is one test case with what the tested model, and the baseline, made of it.
type Case struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Tags     []string `json:"tags"`
	Line     int      `json:"line,omitempty"` // of the spec, or of File
	File     string   `json:"file,omitempty"` // of cases, as the spec has it; empty: the spec itself
	MustPass bool     `json:"must_pass,omitempty"`
	Question string   `json:"question"`
	Asked    string   `json:"asked_sha256,omitempty"` // digest of conversation and tools, where the case has more than its question
	Expected string   `json:"expected"`
	Answer
	Baseline *Answer `json:"baseline"` // null: no baseline was asked
}

// An Answer is a model's answer to a case, and the judgement on it. Where the case is asked several times, status, score and passed are of all
// its answers together, the rest is of the one that speaks for them, and Repeats has them all.
type Answer struct {
	Status       string      `json:"status"`
	Generated    *string     `json:"generated"` // null: none came
	ToolCalls    []ToolCall  `json:"tool_calls,omitempty"`
	Refused      bool        `json:"refused,omitempty"` // the model declined to answer
	Score        *float64    `json:"score"`             // null: not scored
	Passed       *bool       `json:"passed"`            // null: no assertions, or no answer
	Assertions   []Assertion `json:"assertions"`
	Error        string      `json:"error,omitempty"`
	FinishReason string      `json:"finish_reason,omitempty"`
	LatencyMS    float64     `json:"latency_ms"`
	Attempts     int         `json:"attempts,omitempty"`
	Usage        *Usage      `json:"usage,omitempty"`
	ReusedFrom   *time.Time  `json:"reused_from,omitempty"` // when an earlier run got this answer; its latency counts nowhere
	CostUSD      *float64    `json:"cost_usd,omitempty"`
	Repeats      []Answer    `json:"repeats,omitempty"`
}

// A ToolCall is a function that the model wanted called.
type ToolCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // as the model wrote it
}

// An Assertion is one condition on an answer, and how it came out.
type Assertion struct {
	Name   string  `json:"name"`
	Grader string  `json:"grader"`
	Weight float64 `json:"weight"`
	Score  float64 `json:"score"`
	Passed bool    `json:"passed"`
	Reason string  `json:"reason,omitempty"`
	Error  string  `json:"error,omitempty"` // why the grader could not decide; Score and Passed say nothing then
}

// Usage is what the service bills for an answer, in tokens.
type Usage struct {
	PromptTokens     int64 `json:"prompt_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
}

// Cases is a sequence of cases in the order of the spec. It may be read several times; an implementation on disk yields the error
// that ended the reading.
type Cases interface {
	Len() int
	All() iter.Seq2[Case, error]
}

// A CaseList is Cases in memory.
type CaseList []Case

// Len returns the number of cases.
func (l CaseList) Len() int { return len(l) }

// All yields the cases in order.
func (l CaseList) All() iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for c := range slices.Values(l) {
			if !yield(c, nil) {
				return
			}
		}
	}
}
