package dataset

import (
	"bytes"
	"fmt"
	"slices"

	"ftrun/runner/dataset/rows"
)

// The roles of preference rows.
const (
	rolePreferred    = "preferred_output"
	roleNotPreferred = "non_preferred_output"
)

// preferenceShape is a question with two answers, of which one is better: what the method dpo learns from. The names are OpenAI's, and prompt,
// chosen and rejected those of TRL, where both answers may have the whole conversation before them.
func preferenceShape() shape {
	return shape{
		name:  "preference",
		title: "preference rows",
		roles: []role{
			{name: roleInput, columns: []string{"input", "prompt", "question"}}, // as far as the outputs don't hold it
			{name: rolePreferred, columns: []string{"preferred_output", "chosen"}, required: true},
			{name: roleNotPreferred, columns: []string{"non_preferred_output", "rejected"}, required: true},
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
	system := optionalText(c.get(s, roleSystem), roleSystem, r)
	good, bad := newAnswer(c.get(s, rolePreferred)), newAnswer(c.get(s, roleNotPreferred))
	switch input := c.get(s, roleInput); {
	case len(good.before) > 0 || len(bad.before) > 0:
		ex.readShared(input, good, bad, r)
	case input == nil:
		r.add(kindShape, node{}, fmt.Sprintf("no input: want a column named input or prompt, or the conversation before both answers in %s and %s", good.name, bad.name),
			"name the column in the spec, as in dataset.fields: {input: i, preferred_output: p, non_preferred_output: n}")
	default:
		ex.readInput(input.Name, conversationIn(input), r)
	}
	ex.outputs = append(ex.outputs, good.read(r), bad.read(r))
	if a, b := &ex.outputs[0], &ex.outputs[1]; !r.refused && sameSaid(a, b) {
		r.add(kindSamePair, nodeOf(c.get(s, roleNotPreferred)), "both outputs are the same: there is nothing to prefer", "")
	}
	ex.fillSystem(system)
	return ex
}

// An answer is one of the two outputs of a row.
type answer struct {
	name   string // of its column
	node          // the whole value
	before []node // messages of the conversation that it answers, where they stand with it
	last   node   // its own message; none where the value is a text, or has no message
}

// conversationIn returns a field's value, or, of a text that holds the JSON of messages, as tables have them, these. Other JSON in a text is text:
// models learn to write it.
func conversationIn(f *rows.Field) node {
	n := nodeOf(f).structured()
	if n.outer == nil {
		return n
	}
	list := n
	if n.kind() == '{' {
		list = n.get(roleMessages)
	}
	if elements := list.elements(); len(elements) > 0 && elements[0].get("role").present() {
		return n
	}
	return nodeOf(f)
}

func newAnswer(f *rows.Field) answer {
	a := answer{name: f.Name, node: conversationIn(f)}
	if list := a.elements(); len(list) > 0 {
		a.before, a.last = list[:len(list)-1], list[len(list)-1]
	}
	return a
}

// readShared reads the conversation that stands before both answers. A question beside it says the same once more.
func (e *example) readShared(input *rows.Field, good, bad answer, r *report) {
	if input != nil && conversationIn(input).kind() != '"' {
		r.addf(kindShape, nodeOf(input), "%s has messages, and %s has the conversation too: want one message, of the assistant", input.Name, good.name)
		return
	}
	same := len(good.before) == len(bad.before)
	for i := 0; same && i < len(good.before); i++ {
		same = bytes.Equal(compact(good.before[i].value), compact(bad.before[i].value))
	}
	if !same {
		r.addf(kindShape, bad.node, "%s and %s answer different conversations: only their last messages may differ", good.name, bad.name)
		return
	}
	start := len(e.messages)
	e.messages = readList(e.messages, good.name, good.before, r)
	checkInput(good.name, e.messages[start:], good.node, r)
	if input == nil {
		return
	}
	asked := string(appendFolded(nil, nodeOf(input).text()))
	if !slices.ContainsFunc(e.messages[start:], func(m message) bool { return m.role == "user" && string(appendFolded(nil, m.plain())) == asked }) {
		r.warn(kindColumns, nodeOf(input), fmt.Sprintf("%s is not what the user says in %s, which is what is learnt from", input.Name, good.name), "")
	}
}

// readInput reads what both outputs answer: an object with messages as the API has it, an array of messages, or the text of a question.
func (e *example) readInput(name string, input node, r *report) {
	array, path := input, name
	switch input.kind() {
	case '"':
		if input.blank() {
			r.addf(kindBlank, input, "%s is blank", name)
		}
		checkText(input.text(), input, func() string { return name }, r)
		e.messages = append(e.messages, message{role: "user", text: input.text(), spot: input, source: input})
		return
	case '[':
	case '{':
		array, path = node{}, name+".messages"
		for _, k := range input.keys() {
			switch k.name {
			case roleMessages:
				array = k.node
			case "tools", "parallel_tool_calls":
				e.takeExtra(k.name, k.node, r)
			default:
				r.addf(kindUnknownKey, k.node, "%s has the unknown key %s: want messages, tools, parallel_tool_calls", name, quote(k.name))
			}
		}
		if array.value == nil {
			r.addf(kindMissing, input, "%s has no messages", name)
			return
		}
	default:
		r.addf(kindType, input, "%s is %s: want an object with messages, or text", name, rows.KindName(input.kind()))
		return
	}
	before := len(e.messages)
	e.messages = readMessages(e.messages, path, array, r)
	checkInput(path, e.messages[before:], array, r)
}

// checkInput checks what concerns the messages of an input together. Source: OpenAI's guide to preference fine-tuning.
func checkInput(path string, list []message, array node, r *report) {
	switch {
	case array.kind() != '[':
		return // reported
	case len(list) == 0:
		r.addf(kindBlank, array, "%s is empty", path)
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
		r.addf(kindLast, last.spot, "the last message of %s is of role %q: the outputs are what comes after it", path, last.role)
	case !asked:
		r.addf(kindNoUser, array, "no user message: there is nothing to answer")
	}
}

// read reads the answer itself: the last assistant message of an array as the API has it, or a text.
func (a answer) read(r *report) message {
	switch a.kind() {
	case '"':
		if a.blank() {
			r.addf(kindBlank, a.node, "%s is blank", a.name)
		}
		checkText(a.text(), a.node, func() string { return a.name }, r)
		return message{role: "assistant", text: a.text(), spot: a.node, source: a.node}
	case '[':
	default:
		r.addf(kindType, a.node, "%s is %s: want an array of one assistant message, or text", a.name, rows.KindName(a.kind()))
		return message{}
	}
	if a.last.value == nil {
		r.addf(kindBlank, a.node, "%s has no message: want one, of the assistant", a.name)
		return message{}
	}
	path := fmt.Sprintf("%s[%d]", a.name, len(a.before))
	m := (&messageReader{node: a.last, report: r, array: a.name, index: len(a.before)}).read()
	if m.role != "assistant" && m.role != "" {
		r.addf(kindOrder, m.spot, "%s is of role %s: want assistant", path, quote(m.role))
	}
	if m.weightless {
		r.addf(kindWeight, m.spot, "%s has weight 0: dpo learns from both outputs", path)
	}
	textOnly(path, m, r)
	return m
}

// textOnly refuses content that the service does not learn preferences from.
func textOnly(path string, m message, r *report) {
	for _, member := range m.members {
		if member.name != "content" {
			continue
		}
		for _, part := range (node{value: member.value}).elements() {
			if kind := part.get("type"); kind.kind() == '"' && kind.text() != "text" {
				r.addf(kindImage, m.spot, "%s has content of type %s: preferences are learnt from text only", path, quote(kind.text()))
			}
		}
	}
}
