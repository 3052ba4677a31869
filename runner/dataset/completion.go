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
			{rolePrompt, []string{"prompt"}, true},
			{roleCompletion, []string{"completion"}, true},
			systemRole(),
		},
		claims: func(m *mapper, s *shape, row rows.Row) bool {
			return m.claimedBy(s, row, rolePrompt) && m.claimedBy(s, row, roleCompletion)
		},
		example: func(s *shape, c columns, r *report) *example {
			return turn(c.get(s, roleSystem), c.get(s, rolePrompt), c.get(s, roleCompletion), s, r)
		},
	}
}
