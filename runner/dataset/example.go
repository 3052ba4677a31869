package dataset

import (
	"github.com/go-json-experiment/json/jsontext"
)

// An example is one line of the training file.
type example struct {
	messages []message
	extra    []member // tools and the like, in their fixed order
}

// A message is one turn. Its content is text, or else what members hold.
type message struct {
	role    string
	text    string
	members []member // further keys, in their fixed order; "content" among them where it is not text
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
	e.messages = append([]message{{role: "system", text: prompt}}, e.messages...)
}

// appendJSON appends the example and a line feed. The order of keys and the way strings are quoted (RFC 8785: as few escapes as
// possible, no HTML escapes) are part of the promise that FormatVersion stands for.
func (e *example) appendJSON(dst []byte) []byte {
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

func (m message) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"role":"`...)
	dst = append(dst, m.role...)
	dst = append(dst, '"')
	if m.text != "" {
		dst = append(dst, `,"content":`...)
		dst = appendQuoted(dst, m.text)
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

// appendQuoted appends text as a JSON string.
func appendQuoted(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // fails on what is not UTF-8, which rows refuses
	return dst
}
