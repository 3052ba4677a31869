package embedded

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A message of a conversation, in training data and in requests alike.
type message struct {
	Role       string          `json:"role"`
	Content    content         `json:"content"`
	ToolCalls  json.RawMessage `json:"tool_calls"`
	ToolCallID string          `json:"tool_call_id"`
	Call       json.RawMessage `json:"function_call"`
	Weight     *float64        `json:"weight"`
}

// content is the text of a message. Parts that are not text (images, sound) are not seen by the model and leave nothing.
type content struct {
	text  string
	given bool   // false: absent or null
	other string // the type of the first part that is not text; empty: there is none
}

// UnmarshalJSON reads a string, null, or a list of parts.
func (c *content) UnmarshalJSON(b []byte) error {
	*c = content{}
	switch {
	case string(b) == "null":
		return nil
	case b[0] == '"':
		c.given = true
		return json.Unmarshal(b, &c.text)
	}
	var parts []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return errors.New("content is neither a string nor a list of parts")
	}
	var texts []string
	for _, p := range parts {
		if p.Type == "" {
			return errors.New("a content part has no type")
		}
		if p.Type != "text" && p.Type != "refusal" {
			c.other = cmp.Or(c.other, p.Type)
		}
		if t := p.Text + p.Refusal; t != "" {
			texts = append(texts, t)
		}
	}
	c.given, c.text = true, strings.Join(texts, "\n")
	return nil
}

var roles = [...]string{"system", "developer", "user", "assistant", "tool", "function"}

// check says what the service would refuse in a message.
func (m *message) check() error {
	switch {
	case m.Role == "":
		return errors.New("has no role")
	case !slices.Contains(roles[:], m.Role):
		return fmt.Errorf("has the unknown role %q; known are %s", m.Role, strings.Join(roles[:], ", "))
	case !m.Content.given && !m.calls():
		return errors.New("has no content")
	}
	return nil
}

// calls says whether the message calls a tool, which may stand instead of content.
func (m *message) calls() bool {
	return m.Role == "assistant" && (present(m.ToolCalls) || present(m.Call))
}

func present(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null" && string(raw) != "[]"
}

// toolCalls returns the calls of the message, or nil. One in the deprecated form, which has no id, comes as the call that it is called today: requests
// offer tools, and an answer calls those.
func (m *message) toolCalls() json.RawMessage {
	var b bytes.Buffer
	switch {
	case present(m.ToolCalls):
		if json.Compact(&b, m.ToolCalls) != nil {
			return nil
		}
	case present(m.Call):
		b.WriteString(`[{"id":"` + standInCall + `","type":"` + toolFunction + `","function":`)
		if json.Compact(&b, m.Call) != nil {
			return nil
		}
		b.WriteString(`}]`)
	}
	return b.Bytes()
}

// learnable says whether the model should learn to say this: an assistant's message whose weight is not 0.
func (m *message) learnable() bool {
	return m.Role == "assistant" && (m.Weight == nil || *m.Weight != 0)
}

func (m *message) reply() reply { return reply{Content: m.Content.text, ToolCalls: m.toolCalls()} }

// promptOf reads a conversation: the question is the last thing the user said.
func promptOf(messages []message) prompt {
	last := -1
	for i, m := range messages {
		if m.Role == "user" {
			last = i
		}
	}
	var p prompt
	var history, system []string
	for i, m := range messages {
		switch {
		case i == last:
			p.question = m.Content.text
		case m.Role == "system" || m.Role == "developer":
			system = append(system, m.Content.text)
		default:
			history = append(history, m.Content.text)
		}
	}
	p.history, p.system = strings.Join(history, "\n"), strings.Join(system, "\n")
	return p
}
