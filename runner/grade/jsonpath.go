package grade

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A jsonPath leads to a value inside another: names of objects and indices of arrays.
type jsonPath []pathStep

// A pathStep is a name, or where that is empty and named is false, an index.
type pathStep struct {
	name  string
	named bool
	index int
}

// parsePath reads a path such as items[0].name. A name that has dots or brackets of its own stands quoted in brackets: ["a.b"][2].
func parsePath(text string) (jsonPath, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("empty; want a path such as items[0].name")
	}
	if strings.HasPrefix(text, "$") || strings.HasPrefix(text, "/") {
		return nil, fmt.Errorf("want a path such as items[0].name, without %q before it", text[:1])
	}
	var path jsonPath
	rest := text
	for rest != "" {
		step, after, err := nextPathStep(rest, len(path) == 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", quoteHead(text, excerptRunes), err)
		}
		path, rest = append(path, step), after
	}
	return path, nil
}

func nextPathStep(text string, first bool) (step pathStep, rest string, err error) {
	if strings.HasPrefix(text, "[") {
		return bracketStep(text[1:])
	}
	dotted := strings.HasPrefix(text, ".")
	if dotted == first {
		return pathStep{}, "", errors.New("want names with dots between them, as in items[0].name")
	}
	text = strings.TrimPrefix(text, ".")
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	if name := text[:end]; name == "" || strings.ContainsAny(name, `]"`) {
		return pathStep{}, "", errors.New("a name is missing between two dots or brackets")
	}
	return pathStep{name: text[:end], named: true}, text[end:], nil
}

// bracketStep reads an index, or a name in quotes, and the bracket after it.
func bracketStep(text string) (step pathStep, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return pathStep{}, "", errors.New(`the quotes after [ are not closed`)
		}
		name, err := strconv.Unquote(quoted)
		rest, closed := strings.CutPrefix(text[len(quoted):], "]")
		if err != nil || !closed {
			return pathStep{}, "", errors.New(`want ["name"], with ] after the quotes`)
		}
		return pathStep{name: name, named: true}, rest, nil
	}
	digits, rest, closed := strings.Cut(text, "]")
	index, err := strconv.Atoi(digits)
	if !closed || err != nil || index < 0 || digits[0] == '+' {
		return pathStep{}, "", errors.New(`want an index from 0 on in brackets, such as [0], or a name in quotes, such as ["a.b"]`)
	}
	return pathStep{index: index}, rest, nil
}

// String returns the path as it is written.
func (p jsonPath) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case !s.named:
			fmt.Fprintf(&b, "[%d]", s.index)
		case s.name == "" || strings.ContainsAny(s.name, `.[]"`) || strings.ContainsFunc(s.name, func(r rune) bool { return !strconv.IsPrint(r) }):
			fmt.Fprintf(&b, "[%q]", s.name)
		case i > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// in returns the value at the path, or says what is missing.
func (p jsonPath) in(value any) (found any, missing string) {
	for i, s := range p {
		at := "the whole"
		if i > 0 {
			at = p[:i].String()
		}
		object, isObject := value.(map[string]any)
		list, isList := value.([]any)
		switch {
		case s.named && !isObject:
			return nil, fmt.Sprintf("nothing at %s: %s is no object", p, at)
		case s.named:
			var ok bool
			if value, ok = object[s.name]; !ok {
				return nil, fmt.Sprintf("nothing at %s: %s has no %s", p, at, quoteHead(s.name, excerptRunes))
			}
		case !isList:
			return nil, fmt.Sprintf("nothing at %s: %s is no array", p, at)
		case s.index >= len(list):
			return nil, fmt.Sprintf("nothing at %s: %s has %d elements", p, at, len(list))
		default:
			value = list[s.index]
		}
	}
	return value, ""
}
