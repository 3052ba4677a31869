package grade

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The texts that stand for a grader's input and reference where none is written.
const (
	outputTemplate = "{{sample.output_text}}"
	answerTemplate = "{{item.answer}}"
)

// A template is a text with names in double braces, as OpenAI's graders have them:
//
//	{{sample.output_text}}       the text of the answer
//	{{sample.output_json}}       the answer read as JSON, without the white space between its parts
//	{{sample.output_json.a.0.b}} a part of it: keys of objects and indices of arrays. Text stands without quotes, everything else as JSON
//	{{item.question}}            what the user said last
//	{{item.answer}}              the expected answer of the case
//	{{item.NAME}}                a variable of the case
//
// What takes the place of a name is text and never a template again, whatever a model or a case puts there.
type template struct {
	pieces []piece
}

// A piece is a text as it is, or a name.
type piece struct {
	text string                         // of a literal
	name string                         // "" for a literal
	take func(s Sample) (string, error) // what a name stands for
}

// A noJSONError says that an answer has no such JSON as a template asks for. That is the model's doing: the grader's decision is a fail.
type noJSONError struct {
	found string
}

func (e noJSONError) Error() string { return e.found }

// parseTemplate reads a template. The error says what is wrong with a name in it.
func parseTemplate(text string) (*template, error) {
	t := new(template)
	for text != "" {
		before, rest, found := strings.Cut(text, "{{")
		if before != "" {
			t.pieces = append(t.pieces, piece{text: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, fmt.Errorf("%s has no end; close it with }}", quoteHead("{{"+rest, excerptRunes))
		}
		p, err := parsePiece(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		t.pieces = append(t.pieces, p)
		text = after
	}
	return t, nil
}

// parsePiece returns what a name stands for.
func parsePiece(name string) (piece, error) {
	p := piece{name: name}
	variable, isItem := strings.CutPrefix(name, "item.")
	path, isJSON := strings.CutPrefix(name, "sample.output_json")
	switch {
	case name == "sample.output_text":
		p.take = func(s Sample) (string, error) { return s.Output, nil }
	case name == "item.question":
		p.take = func(s Sample) (string, error) { return s.Question, nil }
	case name == "item.answer":
		p.take = takeAnswer
	case isItem && variable != "" && !strings.ContainsAny(variable, "{}"):
		p.take = func(s Sample) (string, error) { return takeVariable(s, variable) }
	case isJSON && (path == "" || soundPath(path)):
		p.take = func(s Sample) (string, error) { return takeJSON(s.Output, path) }
	default:
		return piece{}, fmt.Errorf("unknown name %s; want sample.output_text, sample.output_json.PATH, item.question, item.answer or "+
			"item.VARIABLE; braces that are meant as text can stand in an answer or a variable of the case", quoteHead("{{"+name+"}}", excerptRunes))
	}
	return p, nil
}

// soundPath reports whether every step of .a.b.0 has a name.
func soundPath(path string) bool {
	return path[0] == '.' && !strings.HasSuffix(path, ".") && !strings.Contains(path, "..") && !strings.ContainsAny(path, "{}")
}

// render fills in a template. A [noJSONError] means that the answer has no such JSON; every other error, that the case lacks something.
func (t *template) render(s Sample) (string, error) {
	if len(t.pieces) == 1 && t.pieces[0].name != "" { // most of them, without a copy
		return t.pieces[0].take(s)
	}
	var b strings.Builder
	for _, p := range t.pieces {
		text := p.text
		if p.name != "" {
			var err error
			if text, err = p.take(s); err != nil {
				return "", err
			}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// needsAnswer reports whether the case must have an answer for the template to be filled in.
func (t *template) needsAnswer() bool {
	for _, p := range t.pieces {
		if p.name == "item.answer" {
			return true
		}
	}
	return false
}

// notRendered is the grade of a sample that a template could not be made of: a fail where the output is to blame, else the error.
func notRendered(err error) (Grade, error) {
	if missing, ok := errors.AsType[noJSONError](err); ok {
		return Grade{Reason: missing.found}, nil
	}
	return Grade{}, err
}

func takeAnswer(s Sample) (string, error) {
	if s.Reference == "" {
		return "", errors.New("the case has no answer, which {{item.answer}} stands for")
	}
	return s.Reference, nil
}

func takeVariable(s Sample, name string) (string, error) {
	value, ok := s.Vars[name]
	if !ok {
		return "", fmt.Errorf("the case has no variable %s, which the template has", quoteHead(name, excerptRunes))
	}
	return value, nil
}

// takeJSON returns the part of an output at a path such as .a.0.b, or all of it at "".
func takeJSON(output, path string) (string, error) {
	if !json.Valid([]byte(output)) {
		return "", noJSONError{"no JSON: " + show(output)}
	}
	value := json.RawMessage(output)
	for walked := ""; path != ""; {
		var step string
		step, path = nextStep(path)
		walked += "." + step
		var ok bool
		if value, ok = stepInto(value, step); !ok {
			return "", noJSONError{fmt.Sprintf("nothing at %s in %s", quoteHead(walked[1:], excerptRunes), show(output))}
		}
	}
	var text string
	if value = bytes.TrimSpace(value); value[0] == '"' {
		if err := json.Unmarshal(value, &text); err != nil {
			return "", noJSONError{"no JSON: " + show(output)}
		}
		return text, nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, value); err != nil {
		return "", noJSONError{"no JSON: " + show(output)}
	}
	return compact.String(), nil
}

// nextStep splits .a.b into a and .b.
func nextStep(path string) (step, rest string) {
	path = path[1:]
	if dot := strings.IndexByte(path, '.'); dot >= 0 {
		return path[:dot], path[dot:]
	}
	return path, ""
}

// stepInto returns the member of an object or the element of an array. Numbers in it stay as they were written.
func stepInto(value json.RawMessage, step string) (json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) == nil {
		member, ok := members[step]
		return member, ok
	}
	var elements []json.RawMessage
	if json.Unmarshal(value, &elements) == nil {
		if i, err := strconv.Atoi(step); err == nil && 0 <= i && i < len(elements) {
			return elements[i], true
		}
	}
	return nil, false
}
