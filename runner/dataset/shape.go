package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ftrun/runner/dataset/rows"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// A shape is a way in which rows tell an example.
type shape struct {
	name  string
	title string // names such rows in a sentence
	roles []role
	// claims says whether a row shows the marks of the shape.
	claims func(*mapper, *shape, rows.Row) bool
	// example makes an example of the columns of a row, or reports every reason why it can't.
	example func(s *shape, c columns, r *report) *example
}

// has reports whether rows of the shape have a role.
func (s *shape) has(name string) bool {
	return slices.ContainsFunc(s.roles, func(r role) bool { return r.name == name })
}

// shapes lists the known shapes, in the order in which a row is tried.
func shapes() []shape { return shapeTable }

// shapeTable is set once, and not by an initializer, because the functions in it read it.
var shapeTable []shape

func init() {
	shapeTable = []shape{chatShape(), preferenceShape(), sharegptShape(), alpacaShape(), completionShape(), qaShape()}
}

func shapeNamed(name string) *shape {
	for i := range shapeTable {
		if shapeTable[i].name == name {
			return &shapeTable[i]
		}
	}
	return nil
}

// A mapper knows how rows become examples. What the first rows decide is written by the reading goroutine alone, which hands it on
// as a layout.
type mapper struct {
	fields map[string]string // role to column, as the spec has it
	forced bool              // the spec names the shape
	method string            // supervised or dpo
	layout
}

// A layout is what the first rows decided for all the data.
type layout struct {
	shape      *shape            // nil: nothing yet
	shapeRow   int               // row that decided the shape; 0: the spec
	shapeFile  string            // that has it
	columns    map[string]string // role to column; nil: nothing yet
	columnRow  int               // row that decided the columns
	columnFile string            // that has it
}

// rowOf names a row that decided, with its file where that is not the one that is spoken of.
func rowOf(row int, file, here string) string {
	if file == here {
		return fmt.Sprintf("row %d", row)
	}
	return fmt.Sprintf("row %d of %s", row, file)
}

// decided reports whether no later row decides anything.
func (l layout) decided() bool { return l.shape != nil && l.columns != nil }

// auto is the format where the rows decide.
const auto = "auto"

// newMapper checks the spec's mapping. Its error is a [diag.List].
func newMapper(d spec.Dataset, method string) (*mapper, error) {
	m := &mapper{fields: d.Fields, method: method}
	var list diag.List
	name := d.Shape()
	if name == auto && len(d.Fields) == 0 {
		return m, nil
	}
	s := shapeNamed(name)
	if name == auto {
		s = shapeNamed("qa") // whose roles the fields are held against
	}
	if s == nil {
		list.Addf(d.Pos, "dataset.format", "unknown format %q: want auto, %s", name, strings.Join(shapeNames(), ", "))
		return nil, list.Err()
	}
	taken := map[string]string{} // column to role
	for _, named := range slices.Sorted(maps.Keys(d.Fields)) {
		column := d.Fields[named]
		if !s.has(named) {
			list.Addf(d.Pos, "dataset.fields", "unknown role %q: %s have %s", named, s.title, roleNames(s))
		}
		if other, ok := taken[column]; ok {
			list.Addf(d.Pos, "dataset.fields", "the column %q is named for two roles, %s and %s", column, other, named)
		}
		taken[column] = named
	}
	m.shape, m.forced = s, true
	return m, list.Err()
}

func shapeNames() []string {
	var names []string
	for _, s := range shapes() {
		names = append(names, s.name)
	}
	return names
}

func roleNames(s *shape) string {
	var names []string
	for _, r := range s.roles {
		names = append(names, r.name)
	}
	return strings.Join(names, ", ")
}

// decide returns the layout for a row of a file, which decides what no row before it has.
func (m *mapper) decide(row rows.Row, file string) layout {
	if m.shape == nil {
		if s := m.claimant(row); s != nil {
			m.shape, m.shapeRow, m.shapeFile = s, row.Number, file
		}
	}
	if m.shape != nil && m.columns == nil {
		if found := m.match(m.shape, row, &report{}); found != nil {
			m.columns, m.columnRow, m.columnFile = found.names(m.shape), row.Number, file
		}
	}
	return m.layout
}

// complete reports whether a row has every column that its shape needs.
func (m *mapper) complete(s *shape, row rows.Row) bool {
	needed := 0
	for _, role := range s.roles {
		if role.required {
			needed++
		}
	}
	for _, f := range row.Fields {
		i := m.roleOf(s, f.Name)
		if i < 0 {
			i = slices.IndexFunc(s.roles, func(role role) bool { return oneOf(role.weak, f.Name) })
		}
		if i >= 0 && s.roles[i].required {
			needed--
		}
	}
	return needed <= 0
}

// claimant returns the shape that a row shows the marks of, or nil.
func (m *mapper) claimant(row rows.Row) *shape {
	for i := range shapeTable {
		if s := &shapeTable[i]; s.claims(m, s, row) {
			return s
		}
	}
	return nil
}

// example makes an example of a row, or reports every reason why it can't.
func (m *mapper) example(row rows.Row, l layout, r *report) *example {
	if l.shape == nil {
		r.add(kindShape, node{}, fmt.Sprintf("found %s: want %q, or a question and an answer", columnsOf(row), "messages"), shapeHint(row))
		return nil
	}
	if !m.complete(l.shape, row) {
		if s := m.claimant(row); s != nil && s.name != l.shape.name {
			decided := rowOf(l.shapeRow, l.shapeFile, r.name) + " decided"
			if l.shapeRow == 0 {
				decided = "the spec says"
			}
			r.add(kindShape, node{}, fmt.Sprintf("the row has the shape of %s, and the data holds %s, as %s", s.title, l.shape.title, decided), "")
			return nil
		}
	}
	found := m.match(l.shape, row, r)
	if found == nil {
		return nil
	}
	found.sameColumns(l, r)
	return l.shape.example(l.shape, found, r)
}

// shapeHint tells what to do with rows of no shape. A single text is what language models are trained on from scratch.
func shapeHint(row rows.Row) string {
	if len(row.Fields) == 1 && strings.EqualFold(row.Fields[0].Name, "text") {
		return "a text alone has no question and no answer: fine-tuning for chat needs both"
	}
	return namesHint(shapeNamed("qa"), row)
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
	if len(names) > maxNamed {
		return fmt.Sprintf("%d columns, the first of them %s", len(names), quoteNames(names[:maxNamed]))
	}
	return "the columns " + quoteNames(names)
}

// quoteNames joins names with commas, each in quotes.
func quoteNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", ")
}

// plural returns n with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
