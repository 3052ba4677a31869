package dataset

import (
	"fmt"

	"ftrun/runner/dataset/rows"
)

// The roles of preference rows.
const (
	rolePreferred    = "preferred_output"
	roleNotPreferred = "non_preferred_output"
)

// preferenceShape is a question with two answers, of which one is better: what the method dpo learns from. The names are OpenAI's, and prompt,
// chosen and rejected those of TRL.
func preferenceShape() shape {
	return shape{
		name:  "preference",
		title: "preference rows",
		roles: []role{
			{roleInput, []string{"input", "prompt"}, true},
			{rolePreferred, []string{"preferred_output", "chosen"}, true},
			{roleNotPreferred, []string{"non_preferred_output", "rejected"}, true},
			systemRole(),
		},
		claims: func(m *mapper, s *shape, row rows.Row) bool {
			return m.claimedBy(s, row, rolePreferred, roleNotPreferred)
		},
		example: preferenceExample,
	}
}

func preferenceExample(s *shape, c columns, r *report) *example {
	ex := r.example()
	if text := optionalText(c.get(s, roleSystem), roleSystem, r); text != "" {
		ex.messages = append(ex.messages, message{role: "system", text: text})
	}
	ex.readInput(nodeOf(c.get(s, roleInput)), r)
	for _, name := range []string{rolePreferred, roleNotPreferred} {
		ex.outputs = append(ex.outputs, readOutput(name, nodeOf(c.get(s, name)), r))
	}
	if a, b := ex.outputs[0], ex.outputs[1]; a.text != "" && a.text == b.text {
		r.add(kindSamePair, placeOf(c.get(s, roleNotPreferred)), "both outputs are the same: there is nothing to prefer", "")
	}
	return ex
}

// readInput reads what both outputs answer: an object with messages as the API has it, an array of messages, or the text of a question.
func (e *example) readInput(input node, r *report) {
	array, path := input, "input"
	switch input.kind() {
	case '"':
		if input.blank() {
			r.addf(kindBlank, input.at(), "input is blank")
		}
		checkText(input.text(), input, func() string { return roleInput }, r)
		e.messages = append(e.messages, message{role: "user", text: input.text()})
		return
	case '[':
	case '{':
		array, path = node{}, "input.messages"
		for _, k := range input.keys() {
			switch k.name {
			case roleMessages:
				array = k.node
			case "tools", "parallel_tool_calls":
				e.takeExtra(k.name, k.node, r)
			default:
				r.addf(kindUnknownKey, k.at(), "input has the unknown key %q: want messages, tools, parallel_tool_calls", k.name)
			}
		}
		if array.value == nil {
			r.addf(kindMissing, input.at(), "input has no messages")
			return
		}
	default:
		r.addf(kindType, input.at(), "input is %s: want an object with messages, or text", kindName(input.kind()))
		return
	}
	before := len(e.messages)
	e.messages = readMessages(e.messages, path, array, r)
	list := e.messages[before:]
	checkInput(path, list, array, r)
}

// checkInput checks what concerns the messages of an input together. Source: OpenAI's guide to preference fine-tuning.
func checkInput(path string, list []message, array node, r *report) {
	switch {
	case array.kind() != '[':
		return // reported
	case len(list) == 0:
		r.addf(kindBlank, array.at(), "%s is empty", path)
		return
	}
	checkOrder(path, list, r)
	asked := false
	for i, m := range list {
		asked = asked || m.role == "user"
		textOnly(fmt.Sprintf("%s[%d]", path, i), m, r)
	}
	switch last := list[len(list)-1]; {
	case last.role == "assistant":
		r.addf(kindLast, last.place, "the last message of %s is of role %q: the outputs are what comes after it", path, last.role)
	case !asked:
		r.addf(kindNoUser, array.at(), "no user message: there is nothing to answer")
	}
}

// readOutput reads an answer: an array of one assistant message as the API has it, or its text.
func readOutput(name string, output node, r *report) message {
	switch output.kind() {
	case '"':
		if output.blank() {
			r.addf(kindBlank, output.at(), "%s is blank", name)
		}
		checkText(output.text(), output, func() string { return name }, r)
		return message{role: "assistant", text: output.text(), place: output.at()}
	case '[':
	default:
		r.addf(kindType, output.at(), "%s is %s: want an array of one assistant message, or text", name, kindName(output.kind()))
		return message{}
	}
	list := readMessages(nil, name, output, r)
	if len(list) != 1 {
		r.addf(kindOrder, output.at(), "%s has %s: want one, of the assistant", name, plural(len(list), "message"))
		return message{}
	}
	if list[0].role != "assistant" && list[0].role != "" {
		r.addf(kindOrder, list[0].place, "%s[0] is of role %q: want assistant", name, list[0].role)
	}
	if list[0].weightless {
		r.addf(kindWeight, list[0].place, "%s[0] has weight 0: dpo learns from both outputs", name)
	}
	textOnly(name+"[0]", list[0], r)
	return list[0]
}

// textOnly refuses content that the service does not learn preferences from.
func textOnly(path string, m message, r *report) {
	for _, member := range m.members {
		if member.name != "content" {
			continue
		}
		for _, part := range (node{value: member.value}).elements() {
			if kind := part.get("type"); kind.kind() == '"' && kind.text() != "text" {
				r.addf(kindImage, m.place, "%s has content of type %q: preferences are learnt from text only", path, kind.text())
			}
		}
	}
}
