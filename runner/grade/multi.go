package grade

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Part is a grader inside the arguments of another. Package spec fills it from a mapping with one grader's key, as an assertion has it.
type Part struct {
	Key  string // as the spec has it, with not_ where it is negated
	Not  bool
	Kind Kind
	Args Args
}

// Grader returns the grader, whose grades [Negate] turns around where the part is negated.
func (p Part) Grader() Grader {
	if n, ok := p.Args.(Negatable); ok && p.Not {
		return n.Negated()
	}
	return p.Args.Grader()
}

// Nesting are Args with graders inside them.
type Nesting interface {
	// Parts returns them.
	Parts() []Part
}

// Needs says what a grader needs beside the sample. What is needed inside a grader that has others is needed by it too.
type Needs struct {
	Judges []string // models that are asked for a verdict, "" for the pipeline's judge; each once, sorted
	Embeds []string // models that are asked for embeddings; each once, sorted
	Exec   bool     // a command of the user's is run
}

// NeedsOf returns what a grader with these arguments needs.
func NeedsOf(kind Kind, args Args) Needs {
	needs := Needs{Exec: kind.Exec}
	if kind.Judge {
		model := ""
		if j, ok := args.(interface{ JudgeModel() string }); ok {
			model = j.JudgeModel()
		}
		needs.Judges = []string{model}
	}
	if e, ok := args.(interface{ Embeds() string }); ok && e.Embeds() != "" {
		needs.Embeds = []string{e.Embeds()}
	}
	if n, ok := args.(Nesting); ok {
		for _, p := range n.Parts() {
			inside := NeedsOf(p.Kind, p.Args)
			needs.Judges = append(needs.Judges, inside.Judges...)
			needs.Embeds = append(needs.Embeds, inside.Embeds...)
			needs.Exec = needs.Exec || inside.Exec
		}
	}
	needs.Judges, needs.Embeds = once(needs.Judges), once(needs.Embeds)
	return needs
}

// once sorts names and keeps each of them once.
func once(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// Multi scores the output by a formula of other graders' scores, as OpenAI's multi grader does
// (https://platform.openai.com/docs/guides/graders), and passes from pass_threshold on.
//
// The formula has + - * / ^, parentheses, and the functions min, max, abs, floor, ceil, exp, sqrt and log. A result below 0 counts as 0, and one above 1 as 1. A division by
// zero, a result that is no finite number, and a grader that can't decide are errors. A part of the score that is missing by no more than 1e-9, as
// 0.1 + 0.2 + 0.7 is to 1, is not missing.
type Multi struct {
	Graders         map[string]Part `yaml:"graders"`          // by the name that the formula has for them
	CalculateOutput string          `yaml:"calculate_output"` // the formula, such as 0.7*a + 0.3*b
	PassThreshold   float64         `yaml:"pass_threshold"`   // above 0, up to 1; required
}

// String returns the assertion's name.
func (a *Multi) String() string {
	return "multi " + plainText(a.CalculateOutput) + " >= " + formatFloat(a.PassThreshold)
}

// Parts returns the graders by the order of their names.
func (a *Multi) Parts() []Part {
	var parts []Part
	for _, name := range sortedNames(a.Graders) {
		parts = append(parts, a.Graders[name])
	}
	return parts
}

// Check wants graders, a formula that has each of them and nothing else, and a threshold.
func (a *Multi) Check() []Problem {
	var problems []Problem
	add := func(key, message string) { problems = append(problems, Problem{Key: key, Message: message}) }
	if len(a.Graders) == 0 {
		add("graders", "required: graders by name, such as {words: {contains: light}, form: {json: true}}")
	}
	for _, name := range sortedNames(a.Graders) {
		if !soundName(name) {
			add("graders."+name, "want a name of letters of ASCII, digits and _ that no function has, found "+quoteHead(name, excerptRunes))
		}
	}
	f, err := parseFormula(a.CalculateOutput)
	switch {
	case err != nil:
		add("calculate_output", err.Error())
	case len(problems) == 0:
		for _, message := range a.mismatches(f) {
			add("calculate_output", message)
		}
	}
	if !(a.PassThreshold > 0 && a.PassThreshold <= 1) {
		add("pass_threshold", "required: a score above 0 and up to 1, such as 0.5")
	}
	return problems
}

func soundName(name string) bool {
	_, isFunction := functions[name]
	return name != "" && !isFunction && isNameByte(name[0]) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r > 'z' || !isNameByte(byte(r)) && !isDigit(byte(r)) })
}

// mismatches says which names of the formula are no graders', and which graders the formula leaves out.
func (a *Multi) mismatches(f *formula) []string {
	var messages []string
	names := sortedNames(a.Graders)
	for _, name := range f.names {
		if !slices.Contains(names, name) {
			messages = append(messages, fmt.Sprintf("no grader is named %q; want %s", name, strings.Join(names, ", ")))
		}
	}
	for _, name := range names {
		if !slices.Contains(f.names, name) {
			messages = append(messages, fmt.Sprintf("the grader %q has no part in the formula; leave it out, or let it count", name))
		}
	}
	return messages
}

// NeedsReference reports whether one of the graders needs the case's answer.
func (a *Multi) NeedsReference() bool {
	return slices.ContainsFunc(a.Parts(), func(p Part) bool { return p.Args.NeedsReference() })
}

// Grader asks every grader and computes.
func (a *Multi) Grader() Grader {
	g := multiGrader{threshold: a.PassThreshold}
	g.formula, g.err = parseFormula(a.CalculateOutput)
	for _, name := range sortedNames(a.Graders) {
		p := a.Graders[name]
		g.parts = append(g.parts, namedGrader{name, p.Not, p.Grader()})
	}
	return g
}

type namedGrader struct {
	name   string
	not    bool
	grader Grader
}

type multiGrader struct {
	parts     []namedGrader
	formula   *formula
	threshold float64
	err       error // of arguments that nobody checked
}

// rounding is what a sum of scores may miss by the way that floats are added.
const rounding = 1e-9

// Grade computes the score out of those of the graders.
func (g multiGrader) Grade(ctx context.Context, s Sample, with Services) (Grade, error) {
	if g.err != nil {
		return Grade{}, g.err
	}
	scores := map[string]float64{}
	var shown []string
	for _, p := range g.parts {
		part, err := p.grader.Grade(ctx, s, with)
		if err != nil {
			return Grade{}, fmt.Errorf("%s: %w", p.name, err)
		}
		if p.not {
			part = Negate(part)
		}
		scores[p.name] = part.Score
		shown = append(shown, p.name+" "+roundDown(part.Score))
	}
	result, err := g.formula.compute(scores)
	if err != nil {
		return Grade{}, fmt.Errorf("calculate_output of %s: %w", strings.Join(shown, ", "), err)
	}
	score := min(max(result, 0), 1)
	if 1-score < rounding {
		score = 1
	}
	reason := fmt.Sprintf("%s of %s", roundDown(score), strings.Join(shown, ", "))
	if result < 0 || result > 1+rounding {
		reason = fmt.Sprintf("%s (%s cut off) of %s", roundDown(score), formatFloat(result), strings.Join(shown, ", "))
	}
	if score >= g.threshold-rounding {
		return Grade{Score: score, Pass: true, Reason: fmt.Sprintf("%s, at least %v", reason, g.threshold)}, nil
	}
	return Grade{Score: score, Reason: fmt.Sprintf("%s, below %v", reason, g.threshold)}, nil
}
