// Package spec is the pipeline file: its types, strict parsing with positions, defaults, validation and thresholds.
package spec

import (
	"encoding/json"
	"iter"
	"math"
	"slices"
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
	Thresholds       []Threshold // never empty after Load
	Prices           Prices
	Budget           Budget
	Reports          Reports

	Warnings diag.List // what is allowed and may not be meant, sorted
}

// The methods of training.
const (
	MethodSupervised = "supervised" // from answers
	MethodDPO        = "dpo"        // from pairs of a better and a worse answer
)

// Train says how to train.
type Train struct {
	Off             bool
	Method          string         // supervised or dpo
	Hyperparameters map[string]any // only what differs from auto: n_epochs int, batch_size int, learning_rate_multiplier and beta float64
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

// The kinds of baseline.
const (
	BaselineBase    = "base"    // the base model
	BaselineModel   = "model"   // another model, maybe of another provider
	BaselineResults = "results" // an earlier run's results.json, graded anew
	BaselineOff     = "off"
)

// A Baseline is what the tested model is compared with, on the same cases.
type Baseline struct {
	Kind     string             // one of the constants above
	Model    string             // of BaselineModel
	Provider *provider.Settings // of BaselineModel; nil: the pipeline's
	Results  string             // of BaselineResults: the file as the spec has it, relative to the spec
	Pos      diag.Position
}

// The choices of test.reuse: which answers that are recorded already count again.
const (
	ReuseResume = "resume" // those of an unfinished run of the same pipeline
	ReuseAlways = "always" // those of any run
	ReuseNever  = "never"
)

// Test says what to ask and how.
type Test struct {
	Cases       []Case             // never empty after Load
	CaseFiles   []string           // whose cases Load has put among Cases, as the spec names them
	Model       string             // asked instead of the fine-tuned model; empty: the fine-tuned model
	Provider    *provider.Settings // of the tested model; nil: the pipeline's
	Baseline    Baseline
	Judge       *Judge        // nil: no grader asks a model
	Concurrency int           // questions at the same time, at most
	Timeout     time.Duration // of one question, its retries included
	Sampling    Sampling
	MaxErrors   Amount
	MinCases    int
	Reuse       string // resume, always or never

	RequestsPerMinute int // to each provider, at most; 0: no limit
	TokensPerMinute   int // the same in tokens of questions and answers

	ResponseFormat *provider.ResponseFormat // that every answer is bound to; nil: free text
}

// A Judge is the model that graders such as score_model ask.
type Judge struct {
	Model       string
	Provider    *provider.Settings // nil: the pipeline's
	Samples     int                // independent verdicts on one answer; their majority, or the median of their scores, counts
	Temperature float64
	AllowSelf   bool // the judge may be the model under test
	Calibration []Calibration
	Pos         diag.Position
}

// A Calibration is an answer of which it is known how a judge must decide. Where one comes out otherwise, no verdict of the judge counts.
type Calibration struct {
	Case   Case   // its question, answer, vars, and the assertions of judges that are held to it
	Output string // what a model is supposed to have said
	Pass   bool   // whether the assertions must hold
	Pos    diag.Position
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

// Of returns how many of n cases the amount stands for; a share is not rounded, but for what binary fractions add: 29% of 100 are 29.
func (a Amount) Of(n int) float64 {
	if a.Percent {
		return math.Round(a.Value*float64(n)*1e9) / 1e9
	}
	return a.Value
}

// A Case is one test case. It has assertions, or an answer to be scored against, or both.
type Case struct {
	ID           string             // declared, else a hash of its content
	Question     string             // the last thing that the user says
	Messages     []provider.Message // the conversation up to the answer, its own system message included; nil: the question alone
	SystemPrompt *string            // sent in place of the pipeline's; "" for none; nil: the pipeline's
	Answer       string
	Tags         []string
	Vars         map[string]string // for the templates of graders
	Tools        []json.RawMessage // tool objects that are sent with the question, test.tools first
	MustPass     bool
	Repeat       Repeat
	Assertions   []Assertion // those of test.assert first
	Pos          diag.Position
}

// Repeat says how often a case is asked, and how many of its answers must pass for the case to pass.
type Repeat struct {
	Times int // 1 or more
	Need  int // 1 to Times
}

// An Assertion is a condition on one answer.
type Assertion struct {
	Name   string // declared, else made of the grader and its argument
	Kind   string // the grader's key, with not_ where it is negated
	Not    bool
	Judge  bool     // a model decides
	Judges []string // the models that do, "" for the pipeline's judge
	Embeds []string // the models whose embeddings it compares
	Exec   bool     // a command of the user's decides
	Weight float64  // 0: reported only
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

// Command returns the first assertion for which a command of the user's decides, in a case or in one that calibrates the judge.
func (p *Pipeline) Command() (Assertion, bool) {
	for a := range p.Assertions() {
		if a.Exec {
			return a, true
		}
	}
	return Assertion{}, false
}

// Assertions yields those of all cases, and of those that calibrate the judge.
func (p *Pipeline) Assertions() iter.Seq[Assertion] {
	return func(yield func(Assertion) bool) {
		cases := p.Test.Cases
		if j := p.Test.Judge; j != nil {
			for _, c := range j.Calibration {
				cases = append(slices.Clip(cases), c.Case)
			}
		}
		for _, c := range cases {
			for _, a := range c.Assertions {
				if !yield(a) {
					return
				}
			}
		}
	}
}
