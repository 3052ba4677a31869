// Package grade decides on one output: a grader turns an output and a reference into a score in [0,1] and a pass.
//
// Graders are rows of one table, [Kinds]. A grader's arguments are a struct with yaml tags, which package spec decodes, so
// that a mistake in them has a position. Adding a grader is one file with such a struct and one line in the table.
package grade

// A Sample is what a grader looks at.
type Sample struct {
	Output    string // the model's answer
	Reference string // the expected answer of the case
}

// A Grade is a grader's decision. Score is in [0,1].
type Grade struct {
	Score  float64
	Pass   bool
	Reason string // what was found, of a pass too, so that a negation can say why not; short, lower case, no full stop
}

// A Grader decides on samples. It is safe for concurrent use. An error means that it could not decide, which is never "wrong".
type Grader interface {
	Grade(s Sample) (Grade, error)
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
	Key     string
	Message string // lower case, no full stop
}

// A Kind is a grader as the spec names it.
type Kind struct {
	Name   string      // the key in an assertion
	Scalar string      // the key that a bare scalar stands for: {icontains: light} is {icontains: {value: light}}; "" where there is no such form
	New    func() Args // arguments with their defaults

	Example string // arguments as they are written in the spec, for messages; where there is no Scalar
}
