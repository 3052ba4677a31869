package dataset

import "ftrun/runner/dataset/rows"

// The roles of prompt and completion rows.
const (
	rolePrompt     = "prompt"
	roleCompletion = "completion"
)

// completionShape is a prompt and its completion, as the models before chat were trained on. The prompt becomes the user's message.
func completionShape() shape {
	return shape{
		name:  "completion",
		title: "prompt and completion rows",
		roles: []role{
			{name: rolePrompt, columns: []string{"prompt"}, required: true},
			{name: roleCompletion, columns: []string{"completion"}, required: true},
			systemRole(),
		},
		claims: func(m *mapper, s *shape, row rows.Row) bool {
			return m.claimedBy(s, row, rolePrompt) && m.claimedBy(s, row, roleCompletion)
		},
		example: completionExample,
	}
}

// completionExample makes an example of two texts, or, as TRL has it, of two lists of messages.
func completionExample(s *shape, c columns, r *report) *example {
	prompt, completion := c.get(s, rolePrompt), c.get(s, roleCompletion)
	if prompt.Value.Kind() != '[' || completion.Value.Kind() != '[' {
		return turn(c.get(s, roleSystem), prompt, completion, s, r)
	}
	ex := r.example()
	system := optionalText(c.get(s, roleSystem), roleSystem, r)
	ex.messages = readMessages(ex.messages, prompt.Name, nodeOf(prompt), r)
	ex.messages = readMessages(ex.messages, completion.Name, nodeOf(completion), r)
	checkConversation(prompt.Name, ex.messages, nodeOf(prompt), r)
	ex.fillSystem(system)
	return ex
}
