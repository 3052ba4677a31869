// Package diag holds problems that have a position: in the pipeline file or in a row of data.
//
// A [List] is an error. Its text has one problem a line, sorted, each
//
//	file:line:col: path: message
//
// which editors, grep and problem matchers read.
package diag

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Position is a place in a file. Line and Col count from 1; 0 means unknown and is not printed.
type Position struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// String returns file, file:line or file:line:col, as much as is known.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
}

// A Severity says what a problem means for the run.
type Severity int

// The severities, the gravest first.
const (
	Error   Severity = iota // the run can't go on
	Warning                 // it goes on, and somebody should look
	Note                    // worth knowing
)

// String returns error, warning or note.
func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// MarshalText returns the severity as String does.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, known := range []Severity{Error, Warning, Note} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q", text)
}

// A Diagnostic is one problem: where, at which key, what, and how to mend it.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Kind     string   `json:"kind,omitempty"` // of data: a stable name that problems of one kind share

	Pos     Position `json:"pos"`
	Path    string   `json:"path,omitempty"` // key path such as test.cases[2].assert[0], or "row 17"
	Message string   `json:"message"`        // lower case, no full stop
	Hint    string   `json:"hint,omitempty"` // the way out, where the message does not say it
}

// String returns the diagnostic on one line, its hint left out. What is no error says so after the position.
func (d Diagnostic) String() string {
	var b strings.Builder
	if s := d.Pos.String(); s != "" {
		b.WriteString(s + ": ")
	}
	if d.Severity != Error {
		b.WriteString(d.Severity.String() + ": ")
	}
	if d.Path != "" {
		b.WriteString(d.Path + ": ")
	}
	b.WriteString(d.Message)
	return b.String()
}

// A List is every problem found in one pass. The zero List is ready to use.
type List []Diagnostic

// Add appends a problem.
func (l *List) Add(d Diagnostic) { *l = append(*l, d) }

// Addf appends a problem with a formatted message.
func (l *List) Addf(pos Position, path, format string, args ...any) {
	l.Add(Diagnostic{Pos: pos, Path: path, Message: fmt.Sprintf(format, args...)})
}

// Sort orders the problems by file, line, column, severity, path, message and hint, so that output never depends on the order of the checks.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Hint, b.Hint),
		)
	})
}

// Err returns the list, sorted and each problem once, as an error, or nil where it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	l.Sort()
	return slices.Compact(slices.Clone(l))
}

// Fold shortens the list for a reader: of the problems that are alike it keeps the first few, and one problem where the next of them stands
// tells of all the others: in how many rows they are, of those that it has not listed, or in how many places where that is not known or none.
// Alike are those of one kind, severity and file, or, where they have no kind, those that share message and hint. It keeps the order, and never
// folds a single problem.
func (l List) Fold(most int) List {
	most = max(most, 1)
	type likeness struct {
		severity      Severity
		file, kind    string
		message, hint string
	}
	likenessOf := func(d Diagnostic) likeness {
		if d.Kind != "" {
			return likeness{severity: d.Severity, file: d.Pos.File, kind: d.Kind}
		}
		return likeness{severity: d.Severity, file: d.Pos.File, message: d.Message, hint: d.Hint}
	}
	type group struct {
		count, last int
		differ      bool // in their messages
		rows        rowsMet
	}
	groups := map[likeness]*group{}
	for i, d := range l {
		g := groups[likenessOf(d)]
		if g == nil {
			g = &group{last: i}
			groups[likenessOf(d)] = g
		}
		g.count++
		g.differ = g.differ || d.Message != l[g.last].Message
		g.last = i
		g.rows.add(d.Path, g.count > most)
	}
	var folded List
	seen := map[likeness]int{}
	for _, d := range l {
		k := likenessOf(d)
		g := groups[k]
		seen[k]++
		switch more := g.count - most; {
		case seen[k] <= most || more == 1:
			folded.Add(d)
		case seen[k] == most+1:
			what := d.Message
			if g.differ {
				what = strings.ReplaceAll(d.Kind, "_", " ")
			}
			folded.Add(Diagnostic{
				Severity: d.Severity, Kind: d.Kind, Pos: d.Pos, Message: fmt.Sprintf("%s: %s", what, theSame(more, g.rows, l[g.last])),
			})
		}
	}
	return folded
}

// rowsMet counts the rows that problems are in.
type rowsMet struct {
	met       map[string]bool
	more      int  // rows of problems that are not listed, in which none is that is
	elsewhere bool // one that is not listed is in no row
}

// add takes the path of one more problem. folded says that it is not listed.
func (r *rowsMet) add(path string, folded bool) {
	if !strings.HasPrefix(path, "row ") {
		r.elsewhere = r.elsewhere || folded
		return
	}
	if r.met == nil {
		r.met = map[string]bool{}
	}
	if folded && !r.met[path] {
		r.more++
	}
	r.met[path] = true
}

// theSame says how many more problems are like those that were listed, and where the last of them is.
func theSame(more int, rows rowsMet, last Diagnostic) string {
	text := fmt.Sprintf("the same in %d more places", more)
	switch {
	case rows.elsewhere || rows.more == 0:
	case rows.more == 1:
		text = "the same in 1 more row"
	default:
		text = fmt.Sprintf("the same in %d more rows", rows.more)
	}
	if last.Pos.Line > 0 {
		text += fmt.Sprintf(", the last at %s:%d", last.Pos.File, last.Pos.Line)
	}
	return text
}

// Error returns every problem, one a line.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Fprint writes each problem on a line of its own, and its hint on the next.
func Fprint(w io.Writer, l List) error {
	for _, d := range l {
		if _, err := fmt.Fprintln(w, d); err != nil {
			return err
		}
		if d.Hint != "" {
			if _, err := fmt.Fprintf(w, "  hint: %s\n", d.Hint); err != nil {
				return err
			}
		}
	}
	return nil
}
