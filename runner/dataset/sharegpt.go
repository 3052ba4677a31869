package dataset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
)

const roleConversations = "conversations"

// sharegptShape is a conversation in which every turn says from whom it is. Source: LLaMA-Factory's and ms-swift's description of the format.
func sharegptShape() shape {
	return shape{
		name:  "sharegpt",
		title: "sharegpt rows",
		roles: []role{
			{name: roleConversations, columns: []string{"conversations", "conversation"}, required: true},
			systemRole(),
			{name: "tools", columns: []string{"tools"}},
		},
		claims: func(m *mapper, s *shape, row rows.Row) bool {
			return m.claimedBy(s, row, roleConversations)
		},
		example: sharegptExample,
	}
}

// speakers are the roles of those who speak, by the names that the format has for them.
var speakers = map[string]string{
	"human": "user", "user": "user",
	"gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "bing": "assistant", "bard": "assistant", "model": "assistant",
	"system":        "system",
	"function_call": "function_call",
	"observation":   "tool", "tool": "tool", "function_response": "tool",
}

func sharegptExample(s *shape, c columns, r *report) *example {
	ex := r.example()
	system := optionalText(c.get(s, roleSystem), roleSystem, r)
	if f := c.get(s, "tools"); f != nil {
		ex.takeTools(nodeOf(f), r)
	}
	turns := nodeOf(c.get(s, roleConversations)).structured()
	if turns.kind() != '[' {
		r.addf(kindType, turns, "conversations is %s: want an array of turns", rows.KindName(turns.kind()))
		return ex
	}
	t := &turnReader{report: r}
	for i, turn := range turns.elements() {
		t.path = fmt.Sprintf("conversations[%d]", i)
		for _, m := range t.read(turn, i) {
			if n := len(ex.messages); n > 0 && ex.messages[n-1].callsAlone() && m.callsAlone() {
				ex.messages[n-1].join(m)
			} else {
				ex.messages = append(ex.messages, m)
			}
		}
	}
	if !r.refused {
		checkConversation("conversations", ex.messages, turns, r)
	}
	ex.fillSystem(system)
	return ex
}

// A turnReader makes messages of turns. Calls have no ids in this format, so it gives them some.
type turnReader struct {
	report *report
	path   string
	calls  int
	open   []string // ids of the calls that wait for an answer
}

// read returns the messages of one turn: one, or two where it holds a question and its answer.
func (t *turnReader) read(turn node, index int) []message {
	if turn.kind() != '{' {
		t.report.addf(kindType, turn, "%s is %s: want an object", t.path, rows.KindName(turn.kind()))
		return nil
	}
	if turn.get("role").present() {
		return []message{(&messageReader{node: turn, report: t.report, array: "conversations", index: index}).read()}
	}
	if human, answer := turn.get("human"), turn.get("assistant"); human.present() && answer.present() {
		return []message{
			{role: "user", text: t.text("human", human), spot: human},
			{role: "assistant", text: t.text("assistant", answer), spot: answer},
		}
	}
	from, value := turn.get("from"), turn.get("value")
	if from.kind() != '"' || value.value == nil {
		t.report.addf(kindMissing, turn, "%s lacks from or value: want who says what", t.path)
		return nil
	}
	role, known := speakers[strings.ToLower(from.text())]
	if !known {
		t.report.addf(kindRole, from, "%s.from is %s: want human, gpt, system, function_call, observation", t.path, quote(from.text()))
		return nil
	}
	m := message{role: role, spot: turn, text: t.text("value", value)}
	switch role {
	case "function_call":
		m = t.call(m, value)
		t.weigh(&m, turn)
		return []message{m}
	case "tool":
		if m.answers = t.answered(); m.answers == "" {
			t.report.addf(kindTools, turn, "%s answers no function_call before it", t.path)
		}
		m.members = []member{{"tool_call_id", quoted(m.answers)}}
	}
	t.weigh(&m, turn)
	return []message{m}
}

// text reads a text that must not be blank.
func (t *turnReader) text(key string, v node) string {
	path := t.path + "." + key
	switch {
	case v.kind() != '"':
		t.report.addf(kindType, v, "%s is %s: want text", path, rows.KindName(v.kind()))
		return ""
	case v.blank():
		t.report.addf(kindBlank, v, "%s is blank", path)
	}
	checkText(v.text(), v, func() string { return path }, t.report)
	return v.text()
}

// weigh reads whether an answer is learnt: weight as the API has it, or loss as ms-swift has.
func (t *turnReader) weigh(m *message, turn node) {
	weight, loss := "", turn.get("loss").kind()
	switch v := turn.get("weight"); {
	case v.present():
		weight, _ = weightOf(v.value)
	case m.role != "assistant": // nobody else is learnt anyway
	case loss == 't':
		weight = "1"
	case loss == 'f':
		weight = "0"
	}
	switch {
	case weight == "":
	case m.role != "assistant":
		t.report.addf(kindOrder, m.spot, "%s has a weight, which is for the assistant's turns", t.path)
	case weight != "0" && weight != "1":
		t.report.addf(kindWeight, m.spot, "%s.weight is %s: want 0 or 1", t.path, bounded(withoutSecrets(weight), maxQuoted))
	default:
		m.weightless = weight == "0"
		m.members = append(m.members, member{"weight", jsontext.Value(weight)})
	}
}

// call makes an assistant's message of a turn whose text is a call: an object with name and arguments, or an array of them.
func (t *turnReader) call(m message, value node) message {
	call := node{value: jsontext.Value(strings.TrimSpace(m.text))}
	if !call.value.IsValid() {
		t.report.addf(kindTools, value, "%s.value is no JSON: want an object with name and arguments", t.path)
		return m
	}
	list := []node{call}
	if call.kind() == '[' {
		list = call.elements()
	}
	if len(list) == 0 {
		t.report.addf(kindTools, value, "%s.value holds no call", t.path)
		return m
	}
	var calls []byte
	for _, c := range list {
		name, arguments := c.get("name"), c.get("arguments")
		if name.kind() != '"' || !arguments.present() {
			t.report.addf(kindTools, value, "%s.value lacks name or arguments", t.path)
			return m
		}
		text := arguments.value
		if arguments.kind() != '"' {
			text = quoted(string(compact(text)))
		}
		t.calls++
		id := fmt.Sprintf("call_%d", t.calls)
		m.calls = append(m.calls, id)
		calls = fmt.Appendf(append(calls, ','), `{"id":%q,"type":"function","function":{"name":%s,"arguments":%s}}`, id, name.value, text)
	}
	t.open = append(t.open, m.calls...)
	m.role, m.text = "assistant", ""
	m.members = []member{{"tool_calls", append(append(jsontext.Value{'['}, calls[min(1, len(calls)):]...), ']')}}
	return m
}

// callsAlone reports whether a message is nothing but calls, all of them learnt or none.
func (m *message) callsAlone() bool {
	return m.role == "assistant" && m.text == "" && len(m.members) == 1 && m.members[0].name == "tool_calls"
}

// join adds the calls of another such message, because the API has those that are answered together in one.
func (m *message) join(other message) {
	first, more := m.members[0].value, other.members[0].value
	m.members[0].value = append(append(slices.Clone(first[:len(first)-1]), ','), more[1:]...)
	m.calls = append(slices.Clip(m.calls), other.calls...)
}

// answered returns the id of the call that the next answer is to.
func (t *turnReader) answered() string {
	if len(t.open) == 0 {
		return ""
	}
	id := t.open[0]
	t.open = t.open[1:]
	return id
}

// takeTools takes over the definitions of tools: an array, or a text that holds one. Functions by themselves become tools of type function.
func (e *example) takeTools(tools node, r *report) {
	value := tools
	if tools.kind() == '"' {
		text := strings.TrimSpace(tools.text())
		if text == "" {
			return
		}
		value = node{value: jsontext.Value(text)}
		if !value.value.IsValid() {
			r.addf(kindTools, tools, "tools is no JSON: want an array of definitions")
			return
		}
	}
	if !value.present() {
		return
	}
	if value.kind() != '[' {
		r.addf(kindType, tools, "tools is %s: want an array", rows.KindName(value.kind()))
		return
	}
	list := jsontext.Value{'['}
	for i, tool := range value.elements() {
		if i > 0 {
			list = append(list, ',')
		}
		if tool.get("type").kind() == '"' && tool.get("function").kind() == '{' {
			list = append(list, compact(tool.value)...)
		} else {
			list = fmt.Appendf(list, `{"type":"function","function":%s}`, compact(tool.value))
		}
	}
	list = append(list, ']')
	checkTools(node{value: list}, r)
	if len(list) > len("[]") {
		e.extra = append(e.extra, member{"tools", list})
	}
}

func quoted(text string) jsontext.Value { return appendQuoted(nil, text) }
