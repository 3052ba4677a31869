package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ftrun/runner/provider"
	"ftrun/spec/internal/yamlpos"
)

// The roles of a message.
const (
	roleSystem    = "system"
	roleDeveloper = "developer"
	roleUser      = "user"
	roleAssistant = "assistant"
	roleTool      = "tool"
)

// ask fills in what a case says to the model: a question, or messages that end with one.
func (c inspector) ask(f *caseForm, k *Case) {
	path := f.value.Path()
	hasQuestion, hasMessages := c.Has(path+".question"), c.Has(path+".messages")
	switch {
	case hasQuestion && hasMessages:
		c.Add(path+".messages", "question and messages exclude each other", "keep one: the last message of the user is the question")
	case hasMessages:
		c.converse(path+".messages", f, k)
	case !hasQuestion:
		c.Addf(path, `missing key "question"`)
	}
	if f.Question != nil {
		k.Question = *f.Question
		if strings.TrimSpace(k.Question) == "" {
			c.blank(path+".question", "write what to ask the model")
		}
	}
}

// converse fills in a conversation that a service would take.
func (c inspector) converse(path string, f *caseForm, k *Case) {
	if !c.sound(path) {
		return
	}
	if len(f.Messages) == 0 {
		c.Add(path, "an empty list", "the last message is what the model answers")
		return
	}
	talk := conversation{inspector: c, path: path, ownPrompt: f.SystemPrompt.text != nil}
	for i, m := range f.Messages {
		talk.add(i, m)
	}
	talk.end(len(f.Messages) - 1)
	k.Messages, k.Question = talk.messages, talk.question
}

// A conversation holds the messages to the rules of the API, which refuses a request that breaks one.
type conversation struct {
	inspector
	path      string
	ownPrompt bool // the case has a system_prompt

	messages []provider.Message
	question string   // the last text of the user
	asked    []string // ids of calls that no tool has answered yet
}

func (t *conversation) add(i int, m messageForm) {
	at := fmt.Sprintf("%s[%d]", t.path, i)
	before := t.Found()
	t.choice(at+".role", m.Role, []string{roleSystem, roleDeveloper, roleUser, roleAssistant, roleTool})
	if t.Found() > before {
		return
	}
	out := provider.Message{Role: m.Role, Name: m.Name, ToolCallID: m.ToolCallID}
	if m.Content.text != nil {
		out.Content = *m.Content.text
	}
	if m.Role != roleTool && len(t.asked) > 0 {
		t.Add(at, fmt.Sprintf("the call %s of a tool has no answer before this message", yamlpos.Quote(t.asked[0])), "add a message of role tool with its tool_call_id")
		t.asked = nil
	}
	t.content(at, i, m)
	if t.Has(at+".name") && (strings.TrimSpace(m.Name) == "" || strings.ContainsAny(m.Name, " \t\r\n<|\\/>") || len(m.Name) > 64) {
		t.Addf(at+".name", "want 1 to 64 letters without blanks, found %s", yamlpos.Quote(m.Name))
	}
	t.calls(at, m, &out)
	t.answer(at, m)
	if m.Role == roleUser {
		t.question = out.Content
	}
	t.messages = append(t.messages, out)
}

// content wants a text wherever the API does.
func (t *conversation) content(at string, i int, m messageForm) {
	blank := m.Content.text == nil || strings.TrimSpace(*m.Content.text) == ""
	switch {
	case (m.Role == roleSystem || m.Role == roleDeveloper) && i > 0:
		t.Addf(at+".role", "a message of role %s comes first", m.Role)
	case (m.Role == roleSystem || m.Role == roleDeveloper) && t.ownPrompt:
		t.Addf(at, "the case has a system_prompt too; keep one of the two")
	}
	switch {
	case m.Content.text == nil && (m.Role != roleAssistant || len(m.ToolCalls) == 0):
		t.Addf(at, `missing key "content"`)
	case blank && m.Role != roleTool && len(m.ToolCalls) == 0:
		t.blank(at+".content", "write the text of the message")
	}
}

// calls checks the calls of an assistant.
func (t *conversation) calls(at string, m messageForm, out *provider.Message) {
	if !t.Has(at + ".tool_calls") {
		return
	}
	switch {
	case m.Role != roleAssistant:
		t.Addf(at+".tool_calls", "only a message of role assistant calls tools, and this is of role %s", m.Role)
	case len(m.ToolCalls) == 0:
		t.Addf(at+".tool_calls", "an empty list; leave the key out")
	}
	for i, call := range m.ToolCalls {
		in := fmt.Sprintf("%s.tool_calls[%d]", at, i)
		t.choice(in+".type", call.Type, []string{"function"})
		if t.sound(in+".function.name") && !functionPattern.MatchString(call.Function.Name) {
			t.Addf(in+".function.name", "want a name of %s, found %s", functionLetters, yamlpos.Quote(call.Function.Name))
		}
		t.label(in+".id", call.ID, 200)
		if slices.Contains(t.asked, call.ID) {
			t.Addf(in+".id", "%s is the id of a call before it already", yamlpos.Quote(call.ID))
			continue
		}
		t.asked = append(t.asked, call.ID)
		arguments := string(call.Function.Arguments)
		if arguments == "" {
			arguments = "{}"
		}
		out.ToolCalls = append(out.ToolCalls, provider.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: arguments})
	}
}

// answer checks that a tool answers a call.
func (t *conversation) answer(at string, m messageForm) {
	has := t.Has(at + ".tool_call_id")
	switch i := slices.Index(t.asked, m.ToolCallID); {
	case m.Role != roleTool && has:
		t.Addf(at+".tool_call_id", "only a message of role tool answers a call, and this is of role %s", m.Role)
	case m.Role != roleTool:
	case !has:
		t.Add(at, `missing key "tool_call_id"`, "a message of role tool answers a call of the assistant before it")
	case i < 0:
		t.Add(at+".tool_call_id", fmt.Sprintf("no call %s is waiting for an answer", yamlpos.Quote(m.ToolCallID)), "a message of role tool answers a call of the assistant before it")
	default:
		t.asked = slices.Delete(t.asked, i, i+1)
	}
}

// end wants something for the model to answer.
func (t *conversation) end(last int) {
	at := fmt.Sprintf("%s[%d]", t.path, last)
	if t.Troubled(t.path) {
		return
	}
	switch role := t.messages[last].Role; {
	case role != roleUser && role != roleTool:
		t.Add(at, "the last message is what the model answers: want role user or tool, found "+role, "an expected answer stands in answer")
	case len(t.asked) > 0:
		t.Addf(at, "the call %s of a tool has no answer", yamlpos.Quote(t.asked[0]))
	case t.question == "":
		t.Addf(t.path, "there is no message of role user, so nothing is asked")
	}
}

// contentID is the id of a case that declares none: "case-" and the first 12 hex digits of a SHA-256. It stays when cases are reordered or
// assertions change, so that history keeps together. What is hashed is the question, a zero byte and the answer; for a case with messages or a
// system prompt of its own a zero byte, JSON of these, a zero byte and the answer. A conversation of one question has the id of that question.
func contentID(k Case) string {
	head := k.Question
	alone := len(k.Messages) == 1 && k.Messages[0].Name == "" // of the user
	if k.SystemPrompt != nil || k.Messages != nil && !alone {
		head = "\x00" + talkJSON(k)
	}
	sum := sha256.Sum256([]byte(head + "\x00" + k.Answer))
	return "case-" + hex.EncodeToString(sum[:])[:12]
}

// talkJSON is the canonical form of what a case says, which never changes.
func talkJSON(k Case) string {
	type call struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Args string `json:"arguments"`
	}
	type turn struct {
		Role    string `json:"role"`
		Content string `json:"content"`
		Name    string `json:"name,omitempty"`
		Calls   []call `json:"tool_calls,omitempty"`
		Answers string `json:"tool_call_id,omitempty"`
	}
	talk := struct {
		System *string `json:"system,omitempty"`
		Turns  []turn  `json:"messages"`
	}{System: k.SystemPrompt}
	messages := k.Messages
	if messages == nil {
		messages = []provider.Message{{Role: roleUser, Content: k.Question}}
	}
	for _, m := range messages {
		t := turn{Role: m.Role, Content: m.Content, Name: m.Name, Answers: m.ToolCallID}
		for _, c := range m.ToolCalls {
			t.Calls = append(t.Calls, call{c.ID, c.Name, c.Arguments})
		}
		talk.Turns = append(talk.Turns, t)
	}
	text, err := json.Marshal(talk)
	if err != nil { // text always has a form in JSON
		return ""
	}
	return string(text)
}
