// Package grade decides on one output: a grader turns an output and a reference into a score in [0,1] and a pass.
//
// Graders are rows of one table, [Kinds]. A grader's arguments are a struct with yaml tags, which package spec decodes, so
// that a mistake in them has a position. Adding a grader is one file with such a struct and one line in the table.
package grade

import (
	"context"
	"time"
)

// A Sample is what a grader looks at: a model's answer to a case, and the case.
type Sample struct {
	Output       string     // the text of the answer, or of the refusal where there is none
	ToolCalls    []ToolCall // that the answer makes
	Refusal      string     // the service's own mark that the model refused, where it gives one
	FinishReason string     // stop, length, content_filter, tool_calls, or what a service says

	Reference string            // the expected answer of the case
	Question  string            // the last thing that the user said
	Vars      map[string]string // of the case

	Latency *time.Duration // of the answer; nil: not measured in this run
	CostUSD *float64       // of the answer; nil: not known
}

// A ToolCall is a function that the model wants called.
type ToolCall struct {
	Name      string
	Arguments string // JSON, as the model wrote it: it may be broken
}

// A Grade is a grader's decision. Score is in [0,1].
type Grade struct {
	Score  float64
	Pass   bool
	Reason string // what was found, of a pass too, so that a negation can say why not; short, lower case, no full stop
}

// A Grader decides on samples. It is safe for concurrent use. An error means that it could not decide, which is never "wrong".
// Most graders need nothing but the sample; those that ask a model or run a command do so through the services.
type Grader interface {
	Grade(ctx context.Context, s Sample, with Services) (Grade, error)
}

// Services are what graders may use beside the sample. A nil one is not to be had: a grader that needs it returns an error.
type Services struct {
	// Ask puts a question to a judge and returns its text. samples independent answers are wanted; an error is one of all of them.
	Ask func(ctx context.Context, q Question) ([]string, error)
	// Embed returns a vector for each text, all of one length.
	Embed func(ctx context.Context, model string, texts []string) ([][]float64, error)
	// Exec runs a command of the user's with the input on its standard input, and returns what it wrote on its standard output.
	Exec func(ctx context.Context, command []string, input []byte) ([]byte, error)
}

// A Question is put to a judge.
type Question struct {
	Model    string // empty: the judge that the pipeline names
	Messages []Turn
	Name     string // of the schema
	Schema   string // JSON Schema that the answer must fit, strictly
	Samples  int    // independent answers wanted; 0: as many as the pipeline says

	Fits func(text string) error // why a text is no verdict: one that is none is worth no keeping. Nil: every text is one
}

// A Turn is one message of a question.
type Turn struct {
	Role    string
	Content string
}

// Args are a grader's arguments: a pointer to a struct with yaml tags, filled by the spec.
// Those in [Kinds] are fmt.Stringers too: their text, such as `icontains "light"`, names an assertion that has no name of its own.
type Args interface {
	// Check returns every problem with the arguments; each names the key it is about, or "" for the whole.
	Check() []Problem
	// Grader returns the grader for checked arguments.
	Grader() Grader
	// NeedsReference reports whether the case must have an answer.
	NeedsReference() bool
}

// A Problem is something wrong with an argument.
type Problem struct {
	Key     string // "" for the whole; of one item of a list, such as values[2]
	Message string // lower case, no full stop
}

// A Kind is a grader as the spec names it.
type Kind struct {
	Name   string      // the key in an assertion
	Scalar string      // the key that a bare scalar stands for: {icontains: light} is {icontains: {value: light}}; "" where there is no such form
	List   string      // the key that a bare list stands for: {contains_any: [a, b]} is {contains_any: {values: [a, b]}}; "" where there is no such form
	New    func() Args // arguments with their defaults

	Judge bool // its verdict is a model's: it needs Services.Ask
	Exec  bool // its verdict is a command's: it needs Services.Exec

	Example string // arguments as they are written in the spec, for messages; where there is no Scalar
}
