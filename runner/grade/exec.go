package grade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Exec lets a command of the user's decide. It gets the sample on its standard input, one JSON object:
//
//	{
//	  "question": "…",            the last thing that the user said
//	  "output": "…",              the model's answer
//	  "reference": "…",           the case's answer, "" where it has none
//	  "vars": {"name": "…"},      of the case
//	  "tool_calls": [{"name": "…", "arguments": "…"}],  arguments as the model wrote them: they may be broken
//	  "finish_reason": "stop",
//	  "refusal": "…"              the service's own mark of a refusal, or ""
//	}
//
// and writes its verdict to its standard output, one JSON object and nothing else:
//
//	{"pass": true, "score": 0.9, "reason": "…"}
//
// pass is required; score, in [0,1], is 1 or 0 by pass where it is missing; reason may be missing. A command that ends with another status than 0, takes longer than
// timeout, or writes anything else has decided nothing: that is an error, and never a score.
type Exec struct {
	Command []string      `yaml:"command"` // the program and its arguments; no shell looks at them
	Timeout time.Duration `yaml:"timeout"` // of one verdict
}

// maxExecTimeout bounds the timeout of a command.
const maxExecTimeout = 10 * time.Minute

// String returns the assertion's name.
func (a *Exec) String() string { return "exec " + plainText(strings.Join(a.Command, " ")) }

// Check wants a program.
func (a *Exec) Check() []Problem {
	var problems []Problem
	switch {
	case len(a.Command) == 0:
		problems = append(problems, Problem{Key: "command", Message: "required: the program and its arguments, such as [python3, grade.py]"})
	case strings.TrimSpace(a.Command[0]) == "":
		problems = append(problems, Problem{Key: "command[0]", Message: "empty; want a program"})
	case len(a.Command) == 1 && strings.ContainsAny(a.Command[0], " \t"):
		problems = append(problems, Problem{Key: "command[0]", Message: "no shell splits a command; write each argument as an item of its own, such as [python3, grade.py]"})
	}
	for i, arg := range a.Command {
		if strings.ContainsRune(arg, 0) {
			problems = append(problems, Problem{Key: fmt.Sprintf("command[%d]", i), Message: "has a NUL, which no argument can have"})
		}
	}
	if a.Timeout <= 0 || a.Timeout > maxExecTimeout {
		problems = append(problems, Problem{Key: "timeout", Message: fmt.Sprintf("want a time above 0 and up to %v, found %v", maxExecTimeout, a.Timeout)})
	}
	return problems
}

// NeedsReference returns false.
func (a *Exec) NeedsReference() bool { return false }

// Grader runs the command.
func (a *Exec) Grader() Grader { return execGrader{a.Command, a.Timeout} }

type execGrader struct {
	command []string
	timeout time.Duration
}

// An execInput is what a command gets.
type execInput struct {
	Question     string            `json:"question"`
	Output       string            `json:"output"`
	Reference    string            `json:"reference"`
	Vars         map[string]string `json:"vars"`
	ToolCalls    []execCall        `json:"tool_calls"`
	FinishReason string            `json:"finish_reason"`
	Refusal      string            `json:"refusal"`
}

type execCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Grade runs the command on a sample.
func (g execGrader) Grade(ctx context.Context, s Sample, with Services) (Grade, error) {
	if with.Exec == nil {
		return Grade{}, errors.New("commands are not run without --allow-exec")
	}
	in := execInput{s.Question, s.Output, s.Reference, s.Vars, []execCall{}, s.FinishReason, s.Refusal}
	if in.Vars == nil {
		in.Vars = map[string]string{}
	}
	for _, c := range s.ToolCalls {
		in.ToolCalls = append(in.ToolCalls, execCall(c))
	}
	input, err := json.Marshal(in)
	if err != nil {
		return Grade{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, g.timeout, fmt.Errorf("no verdict within %v", g.timeout))
	defer cancel()
	output, err := with.Exec(ctx, g.command, input)
	if err != nil {
		return Grade{}, err
	}
	grade, err := readVerdict(string(output))
	if err != nil {
		return Grade{}, fmt.Errorf("read the verdict %s of %s: %w", show(string(output)), quoteHead(g.command[0], excerptRunes), err)
	}
	return grade, nil
}

// readVerdict reads what a command wrote. Nothing is guessed.
func readVerdict(text string) (Grade, error) {
	value, bad := parseJSON(text)
	if bad != nil {
		return Grade{}, bad
	}
	object, ok := value.(map[string]any)
	if !ok {
		return Grade{}, errors.New(`want a JSON object such as {"pass": true, "score": 0.9, "reason": "…"}`)
	}
	var grade Grade
	if grade.Pass, ok = object["pass"].(bool); !ok {
		return Grade{}, errors.New(`want true or false as "pass"`)
	}
	if grade.Pass {
		grade.Score = 1
	}
	for _, key := range sortedNames(object) {
		switch value := object[key]; key {
		case "pass":
		case "score":
			n, ok := value.(json.Number)
			if grade.Score = toFloat(n); !ok || grade.Score < 0 || grade.Score > 1 {
				return Grade{}, fmt.Errorf(`want a number from 0 to 1 as "score", found %s`, describeJSON(value))
			}
		case "reason":
			reason, ok := value.(string)
			if !ok {
				return Grade{}, fmt.Errorf(`want a text as "reason", found %s`, describeJSON(value))
			}
			grade.Reason = "the command says " + quoteHead(reason, nameRunes)
		default:
			return Grade{}, fmt.Errorf("unknown key %s; want pass, score and reason", quoteHead(key, excerptRunes))
		}
	}
	if grade.Reason == "" {
		grade.Reason = "the command gave no reason"
	}
	return grade, nil
}
