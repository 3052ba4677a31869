package grade

import (
	"context"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The choices of json's answer: how the case's answer, read as JSON, is compared with.
const (
	answerEquals = "equals"
	answerDiff   = "diff"
)

// JSON holds where the output is JSON (RFC 8259, with no name twice in an object) and everything that the arguments say is true of it. It scores 1 or 0, but
// with diff the [JSONDiff] of output and expectation, in [0,1], which must reach pass_threshold.
//
// Numbers are equal by value (1 is 1.0), objects whatever the order of their names. Output nested more than 200 deep, or with a number that
// no float64 holds, fails. What is no JSON fails the negation too, where more than JSON is asked for.
type JSON struct {
	Valid         bool    `yaml:"valid"`          // asks for JSON and nothing more
	Within        bool    `yaml:"within"`         // looks for the first object or array inside prose, or in a block fenced by ```json
	Schema        any     `yaml:"schema"`         // JSON Schema, 2020-12 where it does not say; formats count; no schema elsewhere is ever fetched
	Path          string  `yaml:"path"`           // such as items[0].name: the rest is about the value there
	Equals        *any    `yaml:"equals"`         // a value
	Diff          *any    `yaml:"diff"`           // a value
	Answer        string  `yaml:"answer"`         // equals or diff: the case's answer, read as JSON, is that value
	PassThreshold float64 `yaml:"pass_threshold"` // of diff: above 0, up to 1
}

// String returns the assertion's name.
func (a *JSON) String() string {
	name := "json"
	if a.Within {
		name += " within"
	}
	if a.Path != "" {
		name += " " + plainText(a.Path)
	}
	if a.Schema != nil {
		name += " schema"
	}
	switch {
	case a.Equals != nil:
		name += " equals " + describeJSON(*a.Equals)
	case a.Diff != nil:
		name += fmt.Sprintf(" diff >= %v", a.PassThreshold)
	case a.Answer == answerDiff:
		name += fmt.Sprintf(" diff answer >= %v", a.PassThreshold)
	case a.Answer != "":
		name += " equals answer"
	}
	return name
}

// Check wants something to hold, and a schema and a path that can be read.
func (a *JSON) Check() []Problem {
	var problems []Problem
	add := func(key, message string) { problems = append(problems, Problem{Key: key, Message: message}) }
	if !a.Valid && !a.Within && a.Schema == nil && a.Path == "" && a.expectations() == 0 {
		add("valid", "want true, or what must hold: within, schema, path, equals, diff or answer")
	}
	if a.Path != "" {
		if _, err := parsePath(a.Path); err != nil {
			add("path", err.Error())
		}
	}
	if a.Schema != nil {
		if _, problem := compileSchema(a.Schema); problem != nil {
			problems = append(problems, *problem)
		}
	}
	if a.Answer != "" && a.Answer != answerEquals && a.Answer != answerDiff {
		add("answer", "want equals or diff, found "+quoteHead(a.Answer, excerptRunes))
	}
	if a.expectations() > 1 {
		add("", "want one of equals, diff and answer; write an assertion for each")
	}
	switch {
	case a.diffs() && !(a.PassThreshold > 0 && a.PassThreshold <= 1):
		add("pass_threshold", "required with diff: a score above 0 and up to 1, such as 0.8")
	case !a.diffs() && a.PassThreshold != 0:
		add("pass_threshold", "only diff has degrees; leave the key out")
	}
	return problems
}

func (a *JSON) diffs() bool { return a.Diff != nil || a.Answer == answerDiff }

// expectations returns how many values the output is compared with.
func (a *JSON) expectations() int {
	n := 0
	for _, there := range []bool{a.Equals != nil, a.Diff != nil, a.Answer != ""} {
		if there {
			n++
		}
	}
	return n
}

// NeedsReference reports whether the output is compared with the case's answer.
func (a *JSON) NeedsReference() bool { return a.Answer != "" }

// Grader reads outputs as JSON and holds the arguments against them.
func (a *JSON) Grader() Grader { return a.grader(false) }

// Negated fails outputs without JSON too, where more than JSON is asked for.
func (a *JSON) Negated() Grader { return a.grader(true) }

func (a *JSON) grader(negated bool) Grader {
	g := jsonGrader{JSON: *a, negated: negated}
	if a.Path != "" {
		g.path, g.err = parsePath(a.Path)
	}
	if a.Schema != nil {
		schema, problem := compileSchema(a.Schema)
		if g.schema = schema; problem != nil {
			g.err = fmt.Errorf("schema: %s", problem.Message)
		}
	}
	return g
}

type jsonGrader struct {
	JSON
	path    jsonPath
	schema  *jsonschema.Schema
	negated bool
	err     error // of arguments that nobody checked
}

// Grade decides on the JSON in the output.
func (g jsonGrader) Grade(_ context.Context, s Sample, _ Services) (Grade, error) {
	if g.err != nil {
		return Grade{}, g.err
	}
	expected, compares, err := g.expected(s)
	if err != nil {
		return Grade{}, err
	}
	f := g.find(s.Output, expected, compares)
	return f.of(g.negated), nil
}

// expected returns the value that the output is compared with, if any.
func (g jsonGrader) expected(s Sample) (value any, compares bool, err error) {
	switch {
	case g.Equals != nil:
		return *g.Equals, true, nil
	case g.Diff != nil:
		return *g.Diff, true, nil
	case g.Answer == "":
		return nil, false, nil
	}
	value, bad := parseJSON(s.Reference)
	if bad != nil {
		return nil, false, fmt.Errorf("read the case's answer as JSON: %w", bad)
	}
	return value, true, nil
}

func (g jsonGrader) find(output string, expected any, compares bool) finding {
	parse := parseJSON
	if g.Within {
		parse = findJSON
	}
	value, bad := parse(output)
	if bad != nil {
		f := found(bad.message+" in "+show(output), false)
		f.void = g.schema != nil || g.path != nil || compares
		return f
	}
	if g.path != nil {
		var missing string
		if value, missing = g.path.in(value); missing != "" {
			return found(missing, false)
		}
	}
	if g.schema != nil {
		if problem := validateJSON(g.schema, value); problem != "" {
			return found(problem, false)
		}
	}
	switch {
	case g.diffs():
		return g.score(value, expected)
	case compares && equalJSON(value, expected):
		return found("equals "+describeJSON(expected), true)
	case compares:
		return found(describeJSON(value)+" is not "+describeJSON(expected), false)
	default:
		return found("JSON: "+describeJSON(value), true)
	}
}

func (g jsonGrader) score(value, expected any) finding {
	score := JSONDiff(value, expected)
	if score >= g.PassThreshold {
		return finding{Grade: Grade{Score: score, Pass: true, Reason: fmt.Sprintf("diff is %s, at least %v", roundDown(score), g.PassThreshold)}}
	}
	return finding{Grade: Grade{Score: score, Reason: fmt.Sprintf("diff is %s, below %v", roundDown(score), g.PassThreshold)}}
}
