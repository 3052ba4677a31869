package grade

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The choices of tool_call's match.
const (
	matchSubset = "subset"
	matchExact  = "exact"
)

// An ExpectedCall is a call of a function that an answer should make.
type ExpectedCall struct {
	Name      string         `yaml:"name"`
	Arguments map[string]any `yaml:"arguments"` // nil: any
}

// CallsTool holds where the answer calls a function, with these arguments. Numbers are equal by value, and the order of calls does not matter.
//
// With one call, the score is 1 or 0. With calls, it is the F1 of the functions' names, 2·common / (expected + made), where each name counts as often as it
// occurs; it must reach pass_threshold, and of every expected name as many calls as are common must have the expected arguments.
//
// A call whose arguments are no JSON object is none: that fails, and what is said about it in a negation fails too. Empty arguments are those
// of a function without any.
type CallsTool struct {
	Name          string         `yaml:"name"`
	Arguments     map[string]any `yaml:"arguments"`
	Match         string         `yaml:"match"` // subset: arguments beyond these are fine, in objects inside them too; exact: they are not
	Count         *int           `yaml:"count"` // how many calls must fit; nil: at least one
	Calls         []ExpectedCall `yaml:"calls"` // in place of name: all of these, and no others where pass_threshold is 1
	PassThreshold float64        `yaml:"pass_threshold"`
}

// String returns the assertion's name.
func (a *CallsTool) String() string {
	name := "tool_call " + plainText(a.Name)
	if a.Calls != nil {
		var names []string
		for _, c := range a.Calls {
			names = append(names, c.Name)
		}
		name = "tool_call " + plainText(strings.Join(names, ", "))
	}
	if len(a.Arguments) > 0 {
		name += " " + describeJSON(a.Arguments)
	}
	if a.Count != nil {
		name += fmt.Sprintf(" %d times", *a.Count)
	}
	return name
}

// Check wants a name, or calls with names.
func (a *CallsTool) Check() []Problem {
	var problems []Problem
	add := func(key, message string) { problems = append(problems, Problem{Key: key, Message: message}) }
	switch {
	case a.Calls == nil && strings.TrimSpace(a.Name) == "":
		add("name", "empty; want the name of a function")
	case a.Calls != nil && (a.Name != "" || a.Arguments != nil || a.Count != nil):
		add("calls", "stands in place of name, arguments and count; leave either out")
	case a.Calls != nil && len(a.Calls) == 0:
		add("calls", "an empty list; to want no call of a function, use not_tool_call with its name")
	}
	for i, c := range a.Calls {
		if strings.TrimSpace(c.Name) == "" {
			add(fmt.Sprintf("calls[%d].name", i), "empty; want the name of a function")
		}
	}
	if a.Match != matchSubset && a.Match != matchExact {
		add("match", "want subset or exact, found "+quoteHead(a.Match, excerptRunes))
	}
	if a.Count != nil && *a.Count < 1 {
		add("count", fmt.Sprintf("want 1 or more, found %d; to want none, use not_tool_call", *a.Count))
	}
	if !(a.PassThreshold > 0 && a.PassThreshold <= 1) {
		add("pass_threshold", "want a score above 0 and up to 1, found "+formatFloat(a.PassThreshold))
	} else if a.Calls == nil && a.PassThreshold != 1 {
		add("pass_threshold", "only a list of calls has degrees; leave the key out")
	}
	return problems
}

// NeedsReference returns false.
func (a *CallsTool) NeedsReference() bool { return false }

// Grader looks for the calls.
func (a *CallsTool) Grader() Grader { return decider{decide: a.decide} }

// Negated fails calls with broken arguments too.
func (a *CallsTool) Negated() Grader { return decider{decide: a.decide, negated: true} }

// A madeCall is a call of an answer, its arguments read.
type madeCall struct {
	name      string
	arguments map[string]any
	broken    string // what is wrong with the arguments, which are no object then
}

func readCalls(calls []ToolCall) []madeCall {
	made := make([]madeCall, len(calls))
	for i, c := range calls {
		made[i].name = c.Name
		if strings.TrimSpace(c.Arguments) == "" {
			made[i].arguments = map[string]any{}
			continue
		}
		value, bad := parseJSON(c.Arguments)
		object, ok := value.(map[string]any)
		switch {
		case bad != nil:
			made[i].broken = "can't be read: " + bad.message
		case !ok:
			made[i].broken = "are no object"
		}
		made[i].arguments = object
	}
	return made
}

func (a *CallsTool) decide(s Sample) (finding, error) {
	expected := a.Calls
	if expected == nil {
		expected = []ExpectedCall{{a.Name, a.Arguments}}
	}
	made := readCalls(s.ToolCalls)
	for i, c := range made {
		if c.broken != "" && slices.ContainsFunc(expected, func(e ExpectedCall) bool { return e.Name == c.name }) {
			return nothing(fmt.Sprintf("the arguments of %s %s: %s", quoteHead(c.name, excerptRunes), c.broken,
				quoteHead(s.ToolCalls[i].Arguments, reasonRunes))), nil
		}
	}
	if a.Calls == nil {
		return a.decideOne(expected[0], made, s), nil
	}
	return a.decideSeveral(made), nil
}

func (a *CallsTool) fits(e ExpectedCall, c madeCall) bool {
	switch {
	case e.Name != c.name:
		return false
	case e.Arguments == nil:
		return true
	case a.Match == matchExact:
		return equalJSON(c.arguments, e.Arguments)
	default:
		return includesJSON(c.arguments, e.Arguments)
	}
}

func (a *CallsTool) decideOne(e ExpectedCall, made []madeCall, s Sample) finding {
	fitting, named := 0, -1
	for i, c := range made {
		if a.fits(e, c) {
			fitting++
		} else if c.name == e.Name {
			named = i
		}
	}
	name := quoteHead(e.Name, excerptRunes)
	switch {
	case a.Count != nil && fitting > 0:
		return found(fmt.Sprintf("%d calls of %s fit, want %d", fitting, name, *a.Count), fitting == *a.Count)
	case fitting > 0:
		return found("calls "+name, true)
	case named >= 0:
		return found(fmt.Sprintf("calls %s with %s", name, quoteHead(s.ToolCalls[named].Arguments, reasonRunes)), false)
	case len(made) > 0:
		return found(fmt.Sprintf("calls %s, not %s", callNames(made), name), false)
	default:
		return found("no call in "+show(s.Output), false)
	}
}

func callNames(made []madeCall) string {
	var names []string
	for _, c := range made[:min(len(made), 10)] {
		names = append(names, c.name)
	}
	return quoteHead(strings.Join(names, ", "), reasonRunes)
}

func (a *CallsTool) decideSeveral(made []madeCall) finding {
	wanted, called := map[string]int{}, map[string]int{}
	for _, e := range a.Calls {
		wanted[e.Name]++
	}
	for _, c := range made {
		called[c.name]++
	}
	common := 0
	wrong := ""
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		n := min(wanted[name], called[name])
		common += n
		if wrong == "" && a.pairs(name, made) < n {
			wrong = name
		}
	}
	score := 2 * float64(common) / float64(len(a.Calls)+len(made))
	reason := fmt.Sprintf("F1 of names is %s: %d of %d expected calls, %d made", roundDown(score), common, len(a.Calls), len(made))
	if wrong != "" {
		reason = fmt.Sprintf("other arguments than expected in calls of %s; %s", quoteHead(wrong, excerptRunes), reason)
	}
	return finding{Grade: Grade{Score: score, Pass: wrong == "" && score >= a.PassThreshold, Reason: reason}}
}

// pairs returns how many expected calls of a name can each have a made call of its own that fits: a maximum matching, by augmenting paths.
func (a *CallsTool) pairs(name string, made []madeCall) int {
	taken := map[int]int{} // made call to the expected one that has it
	var place func(e int, seen map[int]bool) bool
	place = func(e int, seen map[int]bool) bool {
		for i, c := range made {
			if seen[i] || !a.fits(a.Calls[e], c) {
				continue
			}
			seen[i] = true
			if holder, ok := taken[i]; !ok || place(holder, seen) {
				taken[i] = e
				return true
			}
		}
		return false
	}
	n := 0
	for e, expected := range a.Calls {
		if expected.Name == name && place(e, map[int]bool{}) {
			n++
		}
	}
	return n
}
