package grade

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ftrun/spec/diag"
)

// The operations of [StringCheck].
const (
	opEqual    = "eq"
	opNotEqual = "ne"
	opLike     = "like"
	opILike    = "ilike"
)

var operations = []string{opEqual, opNotEqual, opLike, opILike}

// StringCheck is OpenAI's grader of that name: it compares the input with the reference,
//
//	eq     they are equal
//	ne     they are not equal
//	like   the reference occurs in the input; nothing in it stands for other text, as % would in SQL
//	ilike  like, without regard to upper and lower case, as [IContains] has it
//
// byte for byte, the white space around them included. The score is 1 where that holds, else 0. [Equals] is the forgiving form of eq.
// Source: GraderStringCheck of the published OpenAI API description for the operations, OpenAI's guide to graders for their meaning.
type StringCheck struct {
	Texts     `yaml:",inline"`
	Operation string `yaml:"operation"` // required
}

// String returns the assertion's name.
func (a *StringCheck) String() string { return "string_check " + a.Operation + a.named() }

// Check wants a known operation and templates, and text to look for.
func (a *StringCheck) Check() []Problem {
	problems := a.check()
	if !slices.Contains(operations, a.Operation) {
		problems = append(problems, Problem{Key: "operation", Message: unknownOperation(a.Operation)})
	}
	if a.Operation == opLike || a.Operation == opILike { // every text has the empty one in it; to be equal to it is a wish like any other
		problems = append(problems, a.checkReference()...)
	}
	return problems
}

// unknownOperation says what is wrong with the name of an operation.
func unknownOperation(name string) string {
	want := "want " + strings.Join(operations, ", ")
	other := map[string]string{
		"equals": opEqual, "equal": opEqual, "==": opEqual, "=": opEqual, "!=": opNotEqual, "neq": opNotEqual, "not_equals": opNotEqual,
		"contains": opLike, "icontains": opILike, "in": opLike,
	}
	meant := other[strings.ToLower(name)]
	if meant == "" {
		meant = diag.Suggest(strings.ToLower(name), operations)
	}
	switch {
	case name == "":
		return "required: " + strings.Join(operations, ", ")
	case meant != "":
		return fmt.Sprintf("unknown operation %s, did you mean %q?", quoteHead(name, excerptRunes), meant)
	default:
		return fmt.Sprintf("unknown operation %s; %s", quoteHead(name, excerptRunes), want)
	}
}

// Grader compares the texts of samples.
func (a *StringCheck) Grader() Grader { return stringCheck{a.comparison(), a.Operation} }

type stringCheck struct {
	comparison
	operation string
}

// Grade scores 1 or 0.
func (g stringCheck) Grade(_ context.Context, s Sample, _ Services) (Grade, error) {
	input, reference, err := g.render(s)
	if err != nil {
		return notRendered(err)
	}
	var found string
	var holds bool
	switch g.operation {
	case opEqual, opNotEqual:
		if holds = input == reference; holds {
			found = "equals " + quoteHead(reference, reasonRunes)
		} else {
			found = difference(input, reference)
		}
		holds = holds == (g.operation == opEqual)
	case opLike:
		found, holds = occurrence(input, reference, asWritten)
	case opILike:
		found, holds = occurrence(input, reference, fold)
	}
	if holds {
		return Grade{Score: 1, Pass: true, Reason: found}, nil
	}
	return Grade{Reason: found}, nil
}
