package dataset

import (
	"fmt"
	"slices"

	"ftrun/spec/diag"
)

// A report collects what is found in one row, and holds what the row is made into meanwhile. A goroutine has one for all its rows.
type report struct {
	file    string // path
	name    string // of the file, as the spec has it
	row     rowRef
	list    diag.List
	refused bool // the row can't be trained on
	ignored []string
	told    map[string]bool // names that were ignored before

	images  int // of the row
	columns columns
	unread  []int // columns of the row without a role
	ex      example
}

// begin makes the report one of another row.
func (r *report) begin(file File, row rowRef) {
	r.file, r.name, r.row, r.list, r.refused, r.ignored, r.images = file.Path, file.Name, row, nil, false, nil, 0
}

// example returns an example with nothing in it yet, valid until the next row.
func (r *report) example() *example {
	r.ex = example{messages: r.ex.messages[:0], extra: r.ex.extra[:0], outputs: r.ex.outputs[:0]}
	return &r.ex
}

// A rowRef is where a row stands.
type rowRef struct{ number, line, col int }

// A place is where in a file something stands.
type place struct{ line, col int }

// add reports why the row can't be trained on.
func (r *report) add(kind string, at node, message, hint string) {
	r.refused = true
	r.tell(diag.Error, kind, at, message, hint)
}

func (r *report) addf(kind string, at node, format string, args ...any) {
	r.add(kind, at, fmt.Sprintf(format, args...), "")
}

// warn reports what does not keep the row from being trained on.
func (r *report) warn(kind string, at node, message, hint string) {
	r.tell(diag.Warning, kind, at, message, hint)
}

// note reports what is worth knowing.
func (r *report) note(kind string, at node, message, hint string) {
	r.tell(diag.Note, kind, at, message, hint)
}

// maxOfARow is how many findings of a row are told. To say where one stands takes a walk through the row.
const maxOfARow = 100

func (r *report) tell(severity diag.Severity, kind string, at node, message, hint string) {
	if n := len(r.list); n > maxOfARow {
		r.list[n-1].Severity = min(r.list[n-1].Severity, severity) // the last stands for all that are not told
		return
	}
	if len(r.list) == maxOfARow {
		at, message, hint = node{}, "and more of the same row", ""
	}
	pos := diag.Position{File: r.file, Line: r.row.line, Col: r.row.col}
	if p := at.at(); p.line > 0 {
		pos.Line, pos.Col = p.line, p.col
	}
	r.list.Add(diag.Diagnostic{
		Severity: severity, Kind: kind, Pos: pos, Path: fmt.Sprintf("row %d", r.row.number), Message: message, Hint: hint,
	})
}

// soften turns the errors of a row that is dropped into warnings, and leaves out what else was found in it.
func (r *report) soften() {
	r.list = slices.DeleteFunc(r.list, func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	for i := range r.list {
		r.list[i].Severity = diag.Warning
	}
}

// ignore notes a column that is not read, once. Ids and tags are for people.
func (r *report) ignore(name string) {
	if name == "id" || name == "tags" || name == "" || r.told[name] {
		return
	}
	if r.told == nil {
		r.told = map[string]bool{}
	}
	if len(r.told) < maxIgnored {
		r.told[name] = true
	}
	r.ignored = append(r.ignored, name)
}
