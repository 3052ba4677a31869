package dataset

import (
	"ftrun/runner/dataset/rows"
)

// The roles of question and answer rows.
const (
	roleQuestion = "question"
	roleAnswer   = "answer"
	roleSystem   = "system"
)

// systemRole is the column of a row's own system prompt.
func systemRole() role { return role{name: roleSystem, columns: []string{"system", "system_prompt"}} }

// qaShape is a question and its answer. The names of the columns are the usual ones of data for training.
func qaShape() shape {
	return shape{
		name:  "qa",
		title: "question and answer rows",
		roles: []role{
			{name: roleQuestion, columns: []string{"question", "query", "prompt", "input", "instruction", "problem", "q"}, required: true},
			{name: roleAnswer, columns: []string{"answer", "response", "output", "target", "targets", "completion", "solution", "answer_key", "a"},
				required: true, weak: []string{"answers", "text", "content"}},
			systemRole(),
		},
		claims: func(m *mapper, s *shape, row rows.Row) bool { return m.claimedBy(s, row, roleQuestion, roleAnswer) },
		example: func(s *shape, c columns, r *report) *example {
			return turn(c.get(s, roleSystem), c.get(s, roleQuestion), c.get(s, roleAnswer), s, r)
		},
	}
}

// turn makes an example of one question and one answer.
func turn(system, question, answer *rows.Field, s *shape, r *report) *example {
	ex := r.example()
	if text := optionalText(system, roleSystem, r); text != "" {
		ex.messages = append(ex.messages, message{role: "system", text: text})
	}
	ex.messages = append(ex.messages,
		message{role: "user", text: columnText(question, s.roles[0].name, r), quoted: asWritten(question.Value), spot: nodeOf(question), source: nodeOf(question)},
		message{role: "assistant", text: columnText(answer, s.roles[1].name, r), quoted: asWritten(answer.Value), spot: nodeOf(answer), source: nodeOf(answer)})
	return ex
}
