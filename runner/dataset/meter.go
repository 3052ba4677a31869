package dataset

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/tokens"
)

// A meter counts the tokens of examples by the published rule (see package tokens): the texts of every message, and what messages
// and examples cost beyond them. The rule says nothing about tools and content parts: a tool call counts with every string in it,
// content parts with their texts and not with their images, and the definitions of tools as the JSON they are. These are estimates.
type meter struct {
	counter *tokens.Counter
	short   map[string]int // roles and the like
	system  string         // the last system message: mostly every example has the same
	count   int            // its tokens
}

// maxShort bounds the length in bytes and the number of texts that are remembered.
const maxShort = 16

func newMeter(counter *tokens.Counter) *meter {
	return &meter{counter: counter, short: map[string]int{}}
}

func (m *meter) example(e *example) int {
	n := tokens.PerExample
	for _, msg := range e.messages {
		n += tokens.PerMessage + m.shortText(msg.role) + m.content(msg)
		for _, member := range msg.members {
			n += m.member(member)
		}
	}
	for _, member := range e.extra {
		n += m.counter.Count(string(member.value))
	}
	return n
}

func (m *meter) content(msg message) int {
	if msg.role != "system" {
		return m.counter.Count(msg.text)
	}
	if m.system != msg.text {
		m.system, m.count = msg.text, m.counter.Count(msg.text)
	}
	return m.count
}

func (m *meter) shortText(text string) int {
	if n, ok := m.short[text]; ok {
		return n
	}
	n := m.counter.Count(text)
	if len(text) <= maxShort && len(m.short) < maxShort {
		m.short[text] = n
	}
	return n
}

func (m *meter) member(member member) int {
	switch member.name {
	case "name":
		return tokens.PerName + m.counter.Count(unquote(member.value))
	case "content":
		return m.parts(member.value)
	default:
		return m.strings(member.value)
	}
}

// parts counts the texts of content parts.
func (m *meter) parts(content jsontext.Value) int {
	n := 0
	if content.Kind() != '[' {
		return 0
	}
	for _, part := range elements(content) {
		for _, member := range members(part) {
			if (member.name == "text" || member.name == "refusal") && member.value.Kind() == '"' {
				n += m.counter.Count(unquote(member.value))
			}
		}
	}
	return n
}

// strings counts every string value inside a JSON value; keys are none.
func (m *meter) strings(value jsontext.Value) int {
	switch value.Kind() {
	case '"':
		return m.counter.Count(unquote(value))
	case '{':
		n := 0
		for _, member := range members(value) {
			n += m.strings(member.value)
		}
		return n
	case '[':
		n := 0
		for _, element := range elements(value) {
			n += m.strings(element)
		}
		return n
	default:
		return 0
	}
}

// elements returns the elements of a valid JSON array.
func elements(array jsontext.Value) []jsontext.Value {
	var list []jsontext.Value
	walk(array, func(dec *jsontext.Decoder) bool {
		value, err := dec.ReadValue()
		if err == nil {
			list = append(list, sliceOf(array, dec, len(value)))
		}
		return err == nil
	})
	return list
}

// members returns the members of a valid JSON object; of another value, none.
func members(object jsontext.Value) []member {
	var list []member
	if object.Kind() != '{' {
		return nil
	}
	walk(object, func(dec *jsontext.Decoder) bool {
		name, err := dec.ReadToken()
		if err != nil {
			return false
		}
		m := member{name: name.String()}
		value, err := dec.ReadValue()
		if err == nil {
			m.value = sliceOf(object, dec, len(value))
			list = append(list, m)
		}
		return err == nil
	})
	return list
}

// walk enters an array or object and calls read for each part of it.
func walk(value jsontext.Value, read func(*jsontext.Decoder) bool) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(value))
	if _, err := dec.ReadToken(); err != nil {
		return
	}
	for kind := dec.PeekKind(); kind != ']' && kind != '}'; kind = dec.PeekKind() {
		if !read(dec) {
			return
		}
	}
}

// sliceOf returns the n bytes of source that dec has just read.
func sliceOf(source jsontext.Value, dec *jsontext.Decoder, n int) jsontext.Value {
	end := int(dec.InputOffset())
	return source[end-n : end : end]
}
