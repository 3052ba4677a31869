package yamlpos

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// An Expansion is what the text of a scalar stands for. It is never read as YAML again.
type Expansion struct {
	Text      string
	Variables []Variable // what the text was made of; no problem shows their values
	Problems  []Problem  // why the text stands for nothing
}

// A Variable is a name for text from outside the file.
type Variable struct{ Name, Value string }

// A Problem is what is wrong, and how to mend it.
type Problem struct{ Message, Hint string }

// A fill is a scalar that was expanded.
type fill struct {
	written   string
	text      string
	variables []Variable // what the text was made of, beside the file's own
}

// expand returns a scalar as it is meant at a path. An alias may lead to it from several paths, so the scalar itself stays as it is. False says
// that the problem has been reported.
func (d *Document) expand(n *yaml.Node, path string) (*yaml.Node, bool) {
	if d.Expand == nil || n.Kind != yaml.ScalarNode || isNull(n) || d.isFilled(n) {
		return n, true
	}
	e, ok := d.Expand(path, n.Value)
	if !ok {
		return n, true
	}
	for _, p := range e.Problems {
		d.addAt(n, path, p.Hint, "%s", p.Message)
	}
	if len(e.Problems) > 0 {
		return n, false
	}
	meant := *n
	meant.Value, meant.Tag = e.Text, "!!str"
	f := fill{written: n.Value, text: e.Text, variables: e.Variables}
	d.fills[&meant] = f
	if len(f.variables) > 0 {
		d.filled[path] = f
		d.hide(e.Variables)
	}
	return &meant, true
}

func (d *Document) isFilled(n *yaml.Node) bool {
	_, ok := d.fills[n]
	return ok
}

// textual reports whether a scalar can't be anything but text. Quotes around a variable do not say so: inside {…} it needs them.
func (d *Document) textual(n *yaml.Node) bool { return quoted(n) && !d.isFilled(n) }

// leastHidden is the length from which a value is hidden wherever it shows up. A shorter one is no secret, and part of many words.
const leastHidden = 4

// hide keeps the values of variables out of every problem from now on. The longest come first, because one may hold another.
func (d *Document) hide(variables []Variable) {
	for _, v := range variables {
		if len(v.Value) >= leastHidden && !slices.Contains(d.hidden, v) {
			d.hidden = append(d.hidden, v)
		}
	}
	slices.SortFunc(d.hidden, func(a, b Variable) int {
		return cmp.Or(cmp.Compare(len(b.Value), len(a.Value)), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Name, b.Name))
	})
}

var (
	quotedPattern = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	foundPattern  = regexp.MustCompile(`, found [-+.0-9][^\s";,]*`)
)

// conceal shows what stands in the file where a message about the value at a path would show what a variable holds.
func (d *Document) conceal(path, message string) string {
	if len(d.filled) == 0 {
		return message
	}
	at, here := d.filled[path]
	if here {
		message = foundPattern.ReplaceAllLiteralString(message, ", found "+Quote(at.written))
	}
	var b strings.Builder
	end := 0
	for _, m := range quotedPattern.FindAllStringIndex(message, -1) {
		before, piece := message[end:m[0]], message[m[0]:m[1]]
		b.WriteString(before)
		end = m[1]
		text, err := strconv.Unquote(piece)
		switch {
		case err != nil || strings.HasSuffix(before, "did you mean "): // a word of ours
			b.WriteString(piece)
		case here && at.holds(text):
			b.WriteString(Quote(at.written))
		default:
			b.WriteString(d.concealIn(piece, text))
		}
	}
	b.WriteString(message[end:])
	return b.String()
}

// holds reports whether a piece of a message, perhaps shortened, is of the expanded text and not of the written one.
func (f fill) holds(piece string) bool {
	piece = strings.TrimSuffix(piece, shortened)
	return piece != "" && strings.Contains(f.text, piece) && !strings.Contains(f.written, piece)
}

// concealIn puts the names of variables where a quoted piece of a message has their values, or the beginning of one at its shortened end.
func (d *Document) concealIn(piece, text string) string {
	shown := text
	for _, v := range d.hidden {
		shown = strings.ReplaceAll(shown, v.Value, "${"+v.Name+"}")
		if start, cut := strings.CutSuffix(shown, shortened); cut {
			if n := overlap(start, v.Value); n > 0 {
				shown = start[:len(start)-n] + "${" + v.Name + "}" + shortened
			}
		}
	}
	if shown == text {
		return piece
	}
	return strconv.Quote(shown)
}

// overlap returns how many bytes of a value's beginning a text ends with, where they are enough to tell.
func overlap(text, value string) int {
	for n := min(len(text), len(value)-1); n >= leastHidden; n-- {
		if strings.HasSuffix(text, value[:n]) && utf8.ValidString(value[:n]) {
			return n
		}
	}
	return 0
}
