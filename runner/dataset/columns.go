package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
)

// A role is what a column is read as.
type role struct {
	name     string
	columns  []string // its usual names, the best first; upper and lower case are the same
	required bool
	weak     []string // names that it has where no other column has the role
}

// is reports whether a column's name is one of the role's usual ones.
func (r role) is(column string) bool { return oneOf(r.columns, column) }

func oneOf(names []string, column string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(column, name) })
}

// A columns has the field of a row for each role of its shape; nil: the row has none.
type columns []*rows.Field

// get returns the field of a role, or nil.
func (c columns) get(s *shape, role string) *rows.Field {
	for i := range s.roles {
		if s.roles[i].name == role {
			return c[i]
		}
	}
	return nil
}

// roleOf returns the number of the role that a column has, or -1: what the spec says, else what its name suggests where the spec leaves that
// role open.
func (m *mapper) roleOf(s *shape, column string) int {
	for i, r := range s.roles {
		if name, chosen := m.fields[r.name]; chosen && name == column {
			return i
		}
	}
	for i, r := range s.roles {
		if _, chosen := m.fields[r.name]; !chosen && r.is(column) {
			return i
		}
	}
	return -1
}

// claimedBy reports whether a row has a column for one of the roles.
func (m *mapper) claimedBy(s *shape, row rows.Row, roles ...string) bool {
	return slices.ContainsFunc(row.Fields, func(f rows.Field) bool {
		i := m.roleOf(s, f.Name)
		return i >= 0 && slices.Contains(roles, s.roles[i].name)
	})
}

// match finds the columns of a row. Where one is missing, or two could be meant, it reports so and returns nil.
func (m *mapper) match(s *shape, row rows.Row, r *report) columns {
	found := append(r.columns[:0], make(columns, len(s.roles))...)
	r.columns = found
	sound, unread := true, r.unread[:0]
	for i := range row.Fields {
		f := &row.Fields[i]
		role := m.roleOf(s, f.Name)
		switch {
		case role < 0:
			unread = append(unread, i)
		case found[role] != nil:
			name := s.roles[role].name
			at := nodeOf(f)
			if i < len(row.Header) {
				at = spotAt(row.Header[i])
			}
			r.add(kindColumns, at, fmt.Sprintf("both %s and %s could be the %s", quote(found[role].Name), quote(f.Name), name),
				fmt.Sprintf("say which: dataset.fields: {%s: %s}", name, found[role].Name))
			sound = false
		default:
			found[role] = f
		}
	}
	m.matchWeak(s, row, found, unread, r)
	r.unread = unread
	for i, role := range s.roles {
		if role.required && found[i] == nil {
			at := node{}
			if len(row.Header) > 0 {
				at = spotAt(row.Header[0])
			}
			r.add(kindColumns, at, m.missing(role, row), namesHint(s, row))
			sound = false
		}
	}
	if !sound {
		return nil
	}
	return found
}

// matchWeak gives roles that no column has to those of the unread columns that may have them, and reports the others as not used.
func (m *mapper) matchWeak(s *shape, row rows.Row, found columns, unread []int, r *report) {
	for _, i := range unread {
		f := &row.Fields[i]
		role := slices.IndexFunc(s.roles, func(role role) bool { return oneOf(role.weak, f.Name) })
		if role < 0 || found[role] != nil || m.fields[s.roles[role].name] != "" {
			r.ignore(f.Name)
			continue
		}
		found[role] = f
	}
}

// missing says that a row has no column for a role.
func (m *mapper) missing(role role, row rows.Row) string {
	if name, chosen := m.fields[role.name]; chosen {
		message := fmt.Sprintf("no column %q, which dataset.fields names as the %s: found %s", name, role.name, columnsOf(row))
		if meant := likelyColumn(name, row); meant != "" {
			message += fmt.Sprintf(", did you mean %s?", quote(meant))
		}
		return message
	}
	if len(role.columns) == 1 {
		return fmt.Sprintf("no %q: found %s", role.columns[0], columnsOf(row))
	}
	return fmt.Sprintf("no %s: want a column named %s; found %s", role.name, strings.Join(role.columns, ", "), columnsOf(row))
}

// likelyColumn returns the column of a row whose name is most like another, or "".
func likelyColumn(name string, row rows.Row) string {
	known := map[string]string{} // small letters to column
	for _, f := range row.Fields {
		known[strings.ToLower(f.Name)] = f.Name
	}
	small := strings.ToLower(name)
	if exact, ok := known[small]; ok {
		return exact
	}
	return known[diag.Suggest(small, slices.Sorted(maps.Keys(known)))]
}

// names returns the column of each role that has one.
func (c columns) names(s *shape) map[string]string {
	names := map[string]string{}
	for i, f := range c {
		if f != nil {
			names[s.roles[i].name] = f.Name
		}
	}
	return names
}

// sameColumns makes sure that what must be there stands in the same column in every row.
func (c columns) sameColumns(l layout, r *report) {
	for i, role := range l.shape.roles {
		if !role.required || c[i] == nil {
			continue
		}
		if want := l.columns[role.name]; want != "" && want != c[i].Name {
			r.add(kindShape, nodeOf(c[i]), fmt.Sprintf("the %s stands in column %q here, and in %q in %s", role.name, c[i].Name, want, rowOf(l.columnRow, l.columnFile, r.name)),
				"name the column alike in every row")
		}
	}
}

// namesHint tells how to name the columns of a shape, and of one that looks like a slip of the pen what it may be.
func namesHint(s *shape, row rows.Row) string {
	var known []string
	for _, other := range shapes() {
		for _, role := range other.roles {
			known = append(known, role.columns...)
		}
	}
	for _, f := range row.Fields {
		if len(f.Name) < 4 || slices.ContainsFunc(known, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			continue
		}
		if guess := diag.Suggest(strings.ToLower(f.Name), known); guess != "" && guess != f.Name {
			return fmt.Sprintf("did you mean %q by %q?", guess, f.Name)
		}
	}
	var fields []string
	for _, role := range s.roles {
		if role.required {
			fields = append(fields, role.name+": "+role.name[:1])
		}
	}
	return fmt.Sprintf("name the columns in the spec, as in dataset.fields: {%s}", strings.Join(fields, ", "))
}

// titled names a column by its role, and by its own name where that is another.
func titled(role string, f *rows.Field) string {
	if strings.EqualFold(role, f.Name) {
		return role
	}
	return fmt.Sprintf("%s %q", role, f.Name)
}

// columnText returns a column's text: a string, or a number or boolean as it is written.
func columnText(f *rows.Field, role string, r *report) string {
	text, problem := scalarText(f)
	switch {
	case problem != "":
		r.add(kindType, nodeOf(f), titled(role, f)+" "+problem, "")
	case strings.TrimSpace(text) == "":
		r.add(kindBlank, nodeOf(f), titled(role, f)+" is blank", "")
	default:
		checkText(text, nodeOf(f), func() string { return titled(role, f) }, r)
	}
	return text
}

// optionalText returns the text of a column that may be missing, null or blank, which is none.
func optionalText(f *rows.Field, role string, r *report) string {
	if f == nil || f.Value.Kind() == 'n' {
		return ""
	}
	text, problem := scalarText(f)
	if problem != "" {
		r.add(kindType, nodeOf(f), titled(role, f)+" "+problem, "")
	}
	if strings.TrimSpace(text) == "" {
		return ""
	}
	checkText(text, nodeOf(f), func() string { return titled(role, f) }, r)
	return text
}

func scalarText(f *rows.Field) (text, problem string) {
	switch f.Value.Kind() {
	case '"':
		return unquote(f.Value), ""
	case '0', 't', 'f':
		return string(f.Value), ""
	case 'n':
		return "", "is null: want text"
	case '[':
		return "", "is an array: want text"
	default:
		return "", "is an object: want text"
	}
}
