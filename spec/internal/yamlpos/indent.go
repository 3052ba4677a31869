package yamlpos

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"ftrun/spec/diag"
)

// aboutIndentation are the parser's messages where a key or an item may stand in a column of its own.
var aboutIndentation = []string{
	"did not find expected key",
	"did not find expected '-' indicator",
	"did not find expected <document start>", // the first line is indented, and this one less
	inValue,
}

const inValue = "mapping values are not allowed in this context"

// An opening is a key or an item whose mapping or list is not closed yet.
type opening struct {
	col  int // from 0
	item bool
	name string
	line int // from 0
}

// An outline follows the indentation of block style, line by line.
type outline struct {
	open  []opening // their columns increase, except for the items of a list that stand below the very key that holds it
	opens bool      // the last one has no value on its line, so that it takes a mapping or a list below
	text  int       // lines beyond this column continue a block of text; -1: none
}

var (
	itemPattern = regexp.MustCompile(`^- +`)
	keyPattern  = regexp.MustCompile(`^("[^"]*"|'[^']*'|[A-Za-z_][A-Za-z0-9_.-]*) *:(?: +|$)`)
	textPattern = regexp.MustCompile(`^[|>][-+0-9]*(?: +#.*)?$`)
	barePattern = regexp.MustCompile(`^(?:[&!]\S* *)*(?:#.*)?$`)
)

// misplaced finds the first line, from one to another, with a key or an item that stands in no column where one may stand.
func misplaced(lines []string, first, last int) (diag.Diagnostic, bool) {
	o := outline{text: -1}
	for i := 0; i <= last && i < len(lines); i++ {
		marks, value := o.read(lines[i], i)
		if len(marks) == 0 {
			continue
		}
		if !o.fits(marks[0]) {
			if i >= first {
				return o.problem(marks[0]), true
			}
			continue // the parser took it, as part of a text
		}
		o.add(marks, value)
	}
	return diag.Diagnostic{}, false
}

// read returns the items and the key that a line begins with, and what follows.
func (o *outline) read(line string, at int) (marks []opening, value string) {
	rest := strings.TrimLeft(line, " ")
	col := len(line) - len(rest)
	if rest == "" || rest[0] == '#' {
		return nil, ""
	}
	if o.text >= 0 && col > o.text {
		return nil, ""
	}
	o.text = -1
	for len(marks) <= maxDepth {
		item := itemPattern.FindString(rest)
		if item == "" && rest != "-" {
			break
		}
		marks = append(marks, opening{col, true, rest, at})
		if item == "" {
			return marks, ""
		}
		rest = rest[len(item):]
		col += len(item)
	}
	if m := keyPattern.FindStringSubmatch(rest); m != nil {
		marks = append(marks, opening{col, false, m[1], at})
		rest = rest[len(m[0]):]
	}
	return marks, strings.TrimRight(rest, " ")
}

// fits reports whether a key or an item may stand in its column.
func (o *outline) fits(m opening) bool {
	open := o.around(m)
	if len(open) == 0 {
		return len(o.open) == 0
	}
	top := open[len(open)-1]
	if top.col == m.col && top.item == m.item {
		return true
	}
	below := o.opens && len(open) == len(o.open)
	return below && (m.col > top.col || m.col == top.col && m.item)
}

// around returns what stays open before a key or an item.
func (o *outline) around(m opening) []opening {
	return o.open[:sort.Search(len(o.open), func(i int) bool {
		n := o.open[i]
		return n.col > m.col || n.col == m.col && n.item && !m.item
	})]
}

func (o *outline) add(marks []opening, value string) {
	o.open = o.around(marks[0])
	if n := len(o.open); n > 0 && o.open[n-1].col == marks[0].col && o.open[n-1].item == marks[0].item {
		o.open = o.open[:n-1]
	}
	o.open = append(o.open, marks...)
	o.opens = barePattern.MatchString(value)
	if textPattern.MatchString(value) {
		o.text = marks[len(marks)-1].col
	}
}

// problem says where the neighbours of a misplaced key or item begin.
func (o *outline) problem(m opening) diag.Diagnostic {
	kind := "key"
	if m.item {
		kind = "item"
	}
	var ways []string
	for _, n := range o.neighbours(m) {
		ways = append(ways, fmt.Sprintf("in column %d like %s in line %d", n.col+1, Quote(n.name), n.line+1))
	}
	hint := "check the indentation of this line and of the one before"
	if len(ways) > 0 {
		hint = "begin it " + strings.Join(ways, ", or ")
	}
	return diag.Diagnostic{
		Pos:     diag.Position{Line: m.line + 1, Col: m.col + 1},
		Message: fmt.Sprintf("the %s %s may be indented differently from its siblings", kind, Quote(m.name)),
		Hint:    hint,
	}
}

// neighbours returns what is open in the next columns to the left and to the right: of the same kind, or of any where there is none.
func (o *outline) neighbours(m opening) []opening {
	for _, either := range []bool{false, true} {
		var found []opening
		for _, n := range o.open {
			switch {
			case n.item != m.item && (!either || n.col == m.col):
			case n.col <= m.col:
				found = []opening{n}
			case len(found) == 0 || found[len(found)-1].col <= m.col:
				found = append(found, n)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}
