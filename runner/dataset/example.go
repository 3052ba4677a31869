package dataset

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An example is one line of the training file.
type example struct {
	messages []message // of a preference: what both outputs answer
	extra    []member  // tools and the like, in their fixed order
	outputs  []message // of a preference: the preferred one, and the other; else empty
}

// A message is one turn. Its content is text, or else what members hold.
type message struct {
	role    string
	text    string
	quoted  jsontext.Value // the text as JSON, where the data has it as it is written; else nil
	members []member       // further keys, in their fixed order; "content" among them where it is not text

	spot       node     // where it stands
	source     node     // what text was read from
	calls      []string // ids of the calls that it makes
	answers    string   // id of the call that it answers
	weightless bool     // it is not learnt
}

// A member is a key with its value as it was written, without white space.
type member struct {
	name  string
	value jsontext.Value
}

// fillSystem puts the prompt in front of an example that has no system or developer message.
func (e *example) fillSystem(prompt string) {
	if prompt == "" {
		return
	}
	for _, m := range e.messages {
		if m.role == "system" || m.role == "developer" {
			return
		}
	}
	e.messages = slices.Insert(e.messages, 0, message{role: "system", text: prompt})
}

// appendJSON appends the example and a line feed. The order of keys and the way strings are quoted (RFC 8785: as few escapes as possible, no
// HTML escapes) are part of the promise that FormatVersion stands for.
func (e *example) appendJSON(dst []byte) []byte {
	if len(e.outputs) > 0 {
		return e.appendPreference(dst)
	}
	dst = append(dst, `{"messages":[`...)
	for i, m := range e.messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.appendJSON(dst)
	}
	dst = append(dst, ']')
	dst = appendMembers(dst, e.extra)
	return append(dst, "}\n"...)
}

// appendPreference is appendJSON for an example with two outputs.
func (e *example) appendPreference(dst []byte) []byte {
	dst = append(dst, `{"input":{"messages":[`...)
	for i, m := range e.messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.appendJSON(dst)
	}
	dst = append(dst, ']')
	dst = appendMembers(dst, e.extra)
	dst = append(dst, `},"preferred_output":[`...)
	dst = e.outputs[0].appendJSON(dst)
	dst = append(dst, `],"non_preferred_output":[`...)
	dst = e.outputs[1].appendJSON(dst)
	return append(dst, "]}\n"...)
}

func (m message) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"role":"`...)
	dst = append(dst, m.role...)
	dst = append(dst, '"')
	if m.text != "" || m.quoted != nil {
		dst = append(dst, `,"content":`...)
		if m.quoted != nil {
			dst = append(dst, m.quoted...)
		} else {
			dst = appendQuoted(dst, m.text)
		}
	}
	dst = appendMembers(dst, m.members)
	return append(dst, '}')
}

func appendMembers(dst []byte, members []member) []byte {
	for _, m := range members {
		dst = append(dst, ',')
		dst = appendQuoted(dst, m.name)
		dst = append(dst, ':')
		dst = append(dst, m.value...)
	}
	return dst
}

// asWritten returns a JSON string that stands in the data as [appendQuoted] would write its text; of another value, nil. That is so where only
// the short escapes stand in it, because a JSON string needs no other for what can be read as text but control characters.
func asWritten(v jsontext.Value) jsontext.Value {
	if v.Kind() != '"' {
		return nil
	}
	for rest := v[1 : len(v)-1]; ; {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 {
			return v
		}
		switch rest[i+1] {
		case 'n', '"', '\\', 't', 'r', 'b', 'f':
			rest = rest[i+2:]
		default:
			return nil
		}
	}
}

// appendQuoted appends text as a JSON string.
func appendQuoted(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // fails on what is not UTF-8, which rows refuses
	return dst
}

// plain returns the text of a message, or of its content parts, a line each.
func (m message) plain() string {
	if m.text != "" {
		return m.text
	}
	var lines []string
	for _, member := range m.members {
		if member.name != "content" {
			continue
		}
		for _, part := range (node{value: member.value}).elements() {
			if text := part.get("text"); text.kind() == '"' {
				lines = append(lines, text.text())
			}
		}
	}
	return strings.Join(lines, "\n")
}
