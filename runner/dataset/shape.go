package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ftrun/runner/dataset/rows"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// A shape is a way in which rows tell an example.
type shape struct {
	name  string
	title string // names such rows in a sentence
	// claims says whether a row shows the marks of the shape.
	claims func(*mapper, rows.Row) bool
	// example makes an example of a row, or reports every reason why it can't.
	example func(*mapper, rows.Row, layout, *report) *example
}

// shapes lists the known shapes, in the order in which a row is tried.
func shapes() []shape {
	return []shape{
		{name: "chat", title: "chat rows", claims: claimsChat, example: chatExample},
		{name: "qa", title: "question and answer rows", claims: claimsQA, example: qaExample},
	}
}

// A mapper knows how rows become examples. What the first rows decide is written by the reading goroutine alone, which hands it on
// as a layout.
type mapper struct {
	fields map[string]string // role to column, as the spec has it
	forced bool              // the spec names the shape
	layout
}

// A layout is what the first rows decided for the file.
type layout struct {
	shape     *shape            // nil: nothing yet
	shapeRow  int               // row that decided the shape; 0: the spec
	columns   map[string]string // role to column, of question and answer rows; nil: nothing yet
	columnRow int               // row that decided the columns
}

// newMapper checks the spec's mapping. Its error is a [diag.List].
func newMapper(d spec.Dataset) (*mapper, error) {
	m := &mapper{fields: d.Fields}
	var list diag.List
	taken := map[string]string{} // column to role
	for _, role := range slices.Sorted(maps.Keys(d.Fields)) {
		column := d.Fields[role]
		if !slices.Contains(roles(), role) {
			list.Addf(d.Pos, "dataset.fields", "unknown role %q: want question, answer or system", role)
		}
		if other, ok := taken[column]; ok {
			list.Addf(d.Pos, "dataset.fields", "the column %q is named for two roles, %s and %s", column, other, role)
		}
		taken[column] = role
	}
	name := d.Format
	if (name == "" || name == "auto") && len(d.Fields) > 0 {
		name = "qa" // only its columns have names to choose
	}
	switch {
	case name == "" || name == "auto":
		return m, list.Err()
	case name == "chat" && len(d.Fields) > 0:
		list.Addf(d.Pos, "dataset.fields", "fields name the columns of question and answer rows, and the format is chat")
	}
	for _, s := range shapes() {
		if s.name == name {
			m.shape, m.forced = &s, true
			return m, list.Err()
		}
	}
	list.Addf(d.Pos, "dataset.format", "unknown format %q: want auto, qa or chat", name)
	return nil, list.Err()
}

// decide returns the layout for a row, which decides what no row before it has.
func (m *mapper) decide(row rows.Row) layout {
	if m.shape == nil {
		if s := m.claimant(row); s != nil {
			m.shape, m.shapeRow = s, row.Number
		}
	}
	if m.shape != nil && m.shape.name == "qa" && m.columns == nil {
		if columns := m.match(row, &report{}); columns != nil {
			m.columns, m.columnRow = columns.names(), row.Number
		}
	}
	return m.layout
}

// claimant returns the shape that a row shows the marks of, or nil.
func (m *mapper) claimant(row rows.Row) *shape {
	for _, s := range shapes() {
		if s.claims(m, row) {
			return &s
		}
	}
	return nil
}

// example makes an example of a row, or reports every reason why it can't.
func (m *mapper) example(row rows.Row, l layout, r *report) *example {
	if l.shape == nil {
		r.add(nil, fmt.Sprintf("found %s: want %q, or a question and an answer", columnsOf(row), "messages"), namesHint(row))
		return nil
	}
	if s := m.claimant(row); s != nil && s.name != l.shape.name && !l.shape.claims(m, row) {
		decided := fmt.Sprintf("row %d decided", l.shapeRow)
		if l.shapeRow == 0 {
			decided = "the spec says"
		}
		r.add(nil, fmt.Sprintf("the row has the shape of %s, and the file holds %s, as %s", s.title, l.shape.title, decided), "")
		return nil
	}
	return l.shape.example(m, row, l, r)
}

// columnsOf names a row's columns in a sentence.
func columnsOf(row rows.Row) string {
	if len(row.Fields) == 0 {
		return "no columns"
	}
	names := make([]string, 0, len(row.Fields))
	for _, f := range row.Fields {
		names = append(names, f.Name)
	}
	if len(names) > maxIgnored {
		return fmt.Sprintf("%d columns, the first of them %s", len(names), quoteNames(names[:maxIgnored]))
	}
	return "the columns " + quoteNames(names)
}

// quoteNames joins names with commas, each in quotes.
func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", ")
}

func sortedNames(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// plural returns n with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
