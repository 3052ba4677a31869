// Package spec is the pipeline file: its types, strict parsing with positions, defaults, validation and thresholds.
package spec

import (
	"time"

	"ftrun/runner/grade"
	"ftrun/runner/provider"
	"ftrun/spec/diag"
)

// A Pipeline is a checked pipeline file with its defaults filled in.
type Pipeline struct {
	File   string // as it was named
	Dir    string // its folder: relative paths start here
	SHA256 string // of the file's bytes, hex

	Name             string
	Provider         provider.Settings
	BaseModel        string // empty only with Train.Off
	BaseModelPos     diag.Position
	Dataset          *Dataset // nil only with Train.Off
	SystemPrompt     string   // the text, read from its file where the spec names one
	SystemPromptFile string   // as the spec has it, relative to the spec; empty where the text stands in the spec
	TokenLimit       int      // tokens per example; 0: the base model's documented limit
	Train            Train
	Wait             Wait
	Test             Test
	Thresholds       []Threshold // never empty
	Prices           Prices
	Budget           Budget
	Reports          Reports
}

// A Dataset says which rows to train on.
type Dataset struct {
	Path    string            // as the spec has it, relative to the spec
	Format  string            // auto, qa or chat
	Fields  map[string]string // role (question, answer, system) to column; nil: the usual synonyms
	TooLong string            // error or drop
	Pos     diag.Position
}

// Train says how to train.
type Train struct {
	Off             bool
	Method          string         // supervised
	Hyperparameters map[string]any // only what differs from auto: n_epochs int, batch_size int, learning_rate_multiplier float64
	Suffix          string
	Seed            *int
	Metadata        map[string]string
	ExpiresAfter    time.Duration // how long the provider keeps the uploaded files, in whole seconds; 0: until they are deleted
}

// The choices of wait.on_timeout and wait.on_interrupt.
const (
	Leave  = "leave"
	Cancel = "cancel"
)

// Wait says how long to wait, and what becomes of the job when the waiting ends first.
type Wait struct {
	Timeout     time.Duration
	OnTimeout   string // leave or cancel
	OnInterrupt string // leave or cancel
}

// The choices of test.baseline.
const (
	BaselineBase = "base"
	BaselineOff  = "off"
)

// The choices of test.reuse: which answers that are recorded already count again.
const (
	ReuseResume = "resume" // those of an unfinished run of the same pipeline
	ReuseAlways = "always" // those of any run
	ReuseNever  = "never"
)

// Test says what to ask and how.
type Test struct {
	Cases       []Case // never empty
	Model       string // asked instead of the fine-tuned model; empty: the fine-tuned model
	Baseline    string // base or off
	Concurrency int
	Timeout     time.Duration // of one question, its retries included
	Sampling    Sampling
	MaxErrors   Amount
	MinCases    int
	Reuse       string // resume, always or never
}

// Sampling is how answers are drawn.
type Sampling struct {
	Temperature         float64
	MaxCompletionTokens int // 0: the service's default
}

// An Amount is a count of cases, or a share of them.
type Amount struct {
	Value   float64 // 5 cases, or 0.05 for 5%
	Percent bool
	Text    string // as written
}

// Of returns how many of n cases the amount stands for; a share is not rounded.
func (a Amount) Of(n int) float64 {
	if a.Percent {
		return a.Value * float64(n)
	}
	return a.Value
}

// A Case is one test case. It has assertions, or an answer to be scored against, or both.
type Case struct {
	ID         string // declared, else a hash of its content
	Question   string
	Answer     string
	Tags       []string
	MustPass   bool
	Assertions []Assertion // those of test.assert first
	Pos        diag.Position
}

// An Assertion is a condition on one answer.
type Assertion struct {
	Name   string // declared, else made of the grader and its argument
	Kind   string // the grader's key, with not_ where it is negated
	Not    bool
	Weight float64 // 0: reported only
	Grader grade.Grader
}

// Prices are what the file says that tokens cost, in USD per 1M tokens, 0 included; nil: it says nothing.
type Prices struct {
	Training *float64
	Input    *float64 // of questions
	Output   *float64 // of answers
}

// A Budget is the most that may be spent, in USD; at 0 only what is free may happen, and nil is no limit. A cap on testing holds only where
// one answer can't cost any amount: Test.Sampling.MaxCompletionTokens bounds it, and so does a price of 0.
type Budget struct {
	TrainingUSD *float64
	TestingUSD  *float64
}

// Reports says which reports to write beside results.json.
type Reports struct {
	JUnit    bool
	Markdown bool
}
