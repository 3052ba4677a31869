package dataset

import (
	"slices"

	"ftrun/runner/tokens"
)

// The shares of an example's tokens, by who says them.
var shareNames = [...]string{"system", "developer", "user", "assistant", "tool", "function", "tools", "overhead"}

// The numbers of the shares that no role has.
const (
	shareTools    = 6 // definitions of tools
	shareOverhead = 7 // what messages and examples cost beside their texts
)

// A tally is how many tokens an example has, by share.
type tally [len(shareNames)]int

func (t *tally) total() int {
	n := 0
	for _, share := range t {
		n += share
	}
	return n
}

// A meter counts the tokens of examples by the published rule (see package tokens): the texts of every message, and what messages
// and examples cost beyond them. The rule says nothing about tools and content parts: a tool call counts with every string in it,
// content parts with their texts and not with their images, and the definitions of tools as the JSON they are. Nor does it know
// preferences: both outputs count, and what is held against the limit is the input with the longer one. These are estimates.
type meter struct {
	counter *tokens.Single
	short   map[string]int // roles and the like
	system  string         // the last system message: mostly every example has the same
	count   int            // its tokens
}

// maxShort bounds the length in bytes and the number of texts that are remembered.
const maxShort = 16

func newMeter(counter *tokens.Counter) *meter {
	return &meter{counter: counter.Single(), short: map[string]int{}}
}

// example returns the tokens of an example, and of the longest sequence in it that the service sees at once.
func (m *meter) example(e *example) (t tally, longest int) {
	t[shareOverhead] = tokens.PerExample
	for i := range e.messages {
		m.message(&t, &e.messages[i])
	}
	for _, member := range e.extra {
		t[shareTools] += m.counter.Count(string(member.value))
	}
	if len(e.outputs) == 0 {
		return t, t.total()
	}
	var sizes [2]int
	for i := range e.outputs {
		before := t.total()
		m.message(&t, &e.outputs[i])
		sizes[i] = t.total() - before
	}
	return t, t.total() - min(sizes[0], sizes[1])
}

// message adds the tokens of a message.
func (m *meter) message(t *tally, msg *message) {
	t[shareOverhead] += tokens.PerMessage + m.shortText(msg.role)
	share := slices.Index(shareNames[:shareTools], msg.role)
	t[share] += m.content(msg)
	for _, member := range msg.members {
		switch value := (node{value: member.value}); member.name {
		case "name":
			t[shareOverhead] += tokens.PerName
			t[share] += m.counter.Count(value.text())
		case "content":
			t[share] += m.parts(value)
		default:
			t[share] += m.strings(value)
		}
	}
}

func (m *meter) content(msg *message) int {
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

// parts counts the texts of content parts.
func (m *meter) parts(content node) int {
	n := 0
	for _, part := range content.elements() {
		for _, k := range part.keys() {
			if (k.name == "text" || k.name == "refusal") && k.kind() == '"' {
				n += m.counter.Count(k.text())
			}
		}
	}
	return n
}

// strings counts every string value inside a JSON value; keys are none.
func (m *meter) strings(value node) (n int) {
	value.texts(func(text string) { n += m.counter.Count(text) })
	return n
}
