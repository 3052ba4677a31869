package dataset

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
)

// The roles that a column of a question and answer row can have.
const (
	roleQuestion = "question"
	roleAnswer   = "answer"
	roleSystem   = "system"
)

func roles() []string { return []string{roleQuestion, roleAnswer, roleSystem} }

// synonyms lists the usual names of a role's column, the best first. Upper and lower case are the same.
func synonyms(role string) []string {
	switch role {
	case roleQuestion:
		return []string{"question", "query", "prompt", "input", "instruction", "problem", "q"}
	case roleAnswer:
		return []string{"answer", "response", "output", "target", "targets", "completion", "solution", "answer_key", "a"}
	default:
		return []string{"system", "system_prompt"}
	}
}

// roleOf returns the role that a column's name suggests, or "".
func roleOf(column string) string {
	for _, role := range roles() {
		for _, name := range synonyms(role) {
			if strings.EqualFold(column, name) {
				return role
			}
		}
	}
	return ""
}

func claimsQA(m *mapper, row rows.Row) bool {
	for _, f := range row.Fields {
		if role := m.role(f.Name); role == roleQuestion || role == roleAnswer {
			return true
		}
	}
	return false
}

// role returns the role of a column: what the spec says, else what its name suggests where the spec leaves that role open.
func (m *mapper) role(column string) string {
	for role, name := range m.fields {
		if name == column {
			return role
		}
	}
	role := roleOf(column)
	if _, chosen := m.fields[role]; chosen {
		return ""
	}
	return role
}

// A match says which column of a row has which role; system may be nil.
type match struct {
	question, answer, system *rows.Field
}

func (c *match) names() map[string]string {
	names := map[string]string{roleQuestion: c.question.Name, roleAnswer: c.answer.Name}
	if c.system != nil {
		names[roleSystem] = c.system.Name
	}
	return names
}

// match finds the columns of a row. Where one is missing, or two could be meant, it reports so and returns nil.
func (m *mapper) match(row rows.Row, r *report) *match {
	var found match
	slots := map[string]**rows.Field{roleQuestion: &found.question, roleAnswer: &found.answer, roleSystem: &found.system}
	sound := true
	for i := range row.Fields {
		f := &row.Fields[i]
		role := m.role(f.Name)
		switch slot := slots[role]; {
		case slot == nil:
			r.ignore(f.Name)
		case *slot != nil:
			r.add(f, fmt.Sprintf("both %q and %q could be the %s", (*slot).Name, f.Name, role),
				fmt.Sprintf("say which: dataset.fields: {%s: %s}", role, (*slot).Name))
			sound = false
		default:
			*slot = f
		}
	}
	for _, role := range []string{roleQuestion, roleAnswer} {
		if *slots[role] == nil {
			r.add(nil, m.missing(role, row), namesHint(row))
			sound = false
		}
	}
	if !sound {
		return nil
	}
	return &found
}

// missing says that a row has no column for a role.
func (m *mapper) missing(role string, row rows.Row) string {
	if name, chosen := m.fields[role]; chosen {
		return fmt.Sprintf("no column %q, which dataset.fields names as the %s: found %s", name, role, columnsOf(row))
	}
	return fmt.Sprintf("no %s: want a column named %s; found %s", role, strings.Join(synonyms(role), ", "), columnsOf(row))
}

// namesHint tells how to name columns, and of one that looks like a slip of the pen what it may be.
func namesHint(row rows.Row) string {
	var known []string
	for _, role := range roles() {
		known = append(known, synonyms(role)...)
	}
	known = append(known, "messages")
	for _, f := range row.Fields {
		if roleOf(f.Name) != "" || len(f.Name) < 4 {
			continue
		}
		if guess := diag.Suggest(strings.ToLower(f.Name), known); guess != "" && guess != f.Name {
			return fmt.Sprintf("is %q meant to be %q", f.Name, guess)
		}
	}
	return "name the columns in the spec, as in dataset.fields: {question: q, answer: a}"
}

func qaExample(m *mapper, row rows.Row, l layout, r *report) *example {
	found := m.match(row, r)
	if found == nil {
		return nil
	}
	sameColumns(found, l, r)
	question := qaText(found.question, roleQuestion, r)
	answer := qaText(found.answer, roleAnswer, r)
	ex := &example{}
	if system := systemText(found.system, r); system != "" {
		ex.messages = append(ex.messages, message{role: "system", text: system})
	}
	ex.messages = append(ex.messages, message{role: "user", text: question}, message{role: "assistant", text: answer})
	return ex
}

// sameColumns makes sure that a role stands in the same column in every row.
func sameColumns(found *match, l layout, r *report) {
	for _, f := range []struct {
		role  string
		field *rows.Field
	}{{roleQuestion, found.question}, {roleAnswer, found.answer}} {
		if want := l.columns[f.role]; want != f.field.Name {
			r.add(f.field, fmt.Sprintf("the %s stands in column %q here, and in %q in row %d", f.role, f.field.Name, want, l.columnRow),
				"name the column alike in every row")
		}
	}
}

// qaText returns a column's text: a string, or a number or boolean as it is written.
func qaText(f *rows.Field, role string, r *report) string {
	text, problem := scalarText(f)
	switch {
	case problem != "":
		r.add(f, fmt.Sprintf("%s %q %s", role, f.Name, problem), "")
	case strings.TrimSpace(text) == "":
		r.add(f, fmt.Sprintf("%s %q is blank", role, f.Name), "")
	}
	return text
}

// systemText returns the row's own system prompt. A missing, null or blank one is none.
func systemText(f *rows.Field, r *report) string {
	if f == nil || f.Value.Kind() == 'n' {
		return ""
	}
	text, problem := scalarText(f)
	if problem != "" {
		r.add(f, fmt.Sprintf("%s %q %s", roleSystem, f.Name, problem), "")
	}
	if strings.TrimSpace(text) == "" {
		return ""
	}
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

// unquote returns the text of a JSON string that is known to be valid.
func unquote(v jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, v) // rows checks every value
	return string(text)
}
