package dataset

import (
	"fmt"
	"strings"

	"ftrun/runner/dataset/rows"
)

// The roles of alpaca rows.
const (
	roleInstruction = "instruction"
	roleInput       = "input"
	roleOutput      = "output"
	roleHistory     = "history"
)

// alpacaShape is an instruction, maybe an input to it, and the output. Source: LLaMA-Factory's and ms-swift's description of the format.
func alpacaShape() shape {
	return shape{
		name:  "alpaca",
		title: "alpaca rows",
		roles: []role{
			{name: roleInstruction, columns: []string{"instruction"}, required: true},
			{name: roleOutput, columns: []string{"output", "response"}, required: true},
			{name: roleInput, columns: []string{"input", "context"}},
			systemRole(),
			{name: roleHistory, columns: []string{"history"}},
		},
		claims: func(m *mapper, s *shape, row rows.Row) bool {
			return m.claimedBy(s, row, roleInstruction) && m.claimedBy(s, row, roleOutput)
		},
		example: alpacaExample,
	}
}

// alpacaExample puts the input on a line below the instruction, and the history, pairs of question and answer, before both.
func alpacaExample(s *shape, c columns, r *report) *example {
	ex := turn(c.get(s, roleSystem), c.get(s, roleInstruction), c.get(s, roleOutput), s, r)
	asked := &ex.messages[len(ex.messages)-2]
	if input := optionalText(c.get(s, roleInput), roleInput, r); input != "" {
		asked.text, asked.quoted = asked.text+"\n"+input, nil
	}
	history := c.get(s, roleHistory)
	if history == nil || history.Value.Kind() == 'n' {
		return ex
	}
	turns := readHistory(nodeOf(history).structured(), r)
	start := len(ex.messages) - 2
	ex.messages = append(ex.messages[:start:start], append(turns, ex.messages[start:]...)...)
	return ex
}

// readHistory reads pairs of question and answer.
func readHistory(history node, r *report) []message {
	if history.kind() == '"' && strings.TrimSpace(history.text()) == "" {
		return nil // the empty cell of a table
	}
	if history.kind() != '[' {
		r.addf(kindType, history, "history is %s: want an array of pairs of question and answer", rows.KindName(history.kind()))
		return nil
	}
	var turns []message
	for i, pair := range history.elements() {
		texts := pair.elements()
		if len(texts) != 2 || texts[0].kind() != '"' || texts[1].kind() != '"' {
			r.addf(kindType, pair, "history[%d] is no pair of question and answer: want an array of two texts", i)
			continue
		}
		for j, text := range texts {
			path := fmt.Sprintf("history[%d][%d]", i, j)
			if text.blank() {
				r.addf(kindBlank, text, "%s is blank", path)
			}
			checkText(text.text(), text, func() string { return path }, r)
			turns = append(turns, message{role: []string{"user", "assistant"}[j], text: text.text()})
		}
	}
	return turns
}
