package dataset

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What two examples have in common does not go by their bytes: the same question may stand in other letters, and the same answer with another
// weight. These functions make of an example what decides.

// appendAsked appends what an example asks: what everybody but the assistant says, in small letters and with single blanks, and the pictures
// that are shown. It is what examples are held out by, so the bytes are a promise as those of the training file are.
func (e *example) appendAsked(dst []byte) []byte {
	messages := e.messages
	if len(e.outputs) == 0 && len(messages) > 0 && messages[len(messages)-1].role == "assistant" {
		messages = messages[:len(messages)-1]
	}
	for i := range messages {
		m := &messages[i]
		if m.role == "assistant" {
			continue
		}
		dst = append(append(dst, m.role...), 0)
		dst = appendFolded(dst, m.text)
		for _, member := range m.members {
			if member.name == "content" {
				dst = appendParts(dst, node{value: member.value})
			}
		}
		dst = append(dst, 0)
	}
	return dst
}

// appendParts appends content parts: texts folded, and others as they are.
func appendParts(dst []byte, content node) []byte {
	for _, part := range content.elements() {
		if text := part.get("text"); text.kind() == '"' {
			dst = appendFolded(dst, text.text())
		} else {
			dst = append(dst, part.value...)
		}
		dst = append(dst, '\n')
	}
	return dst
}

// appendLearnt appends what an example teaches: the text of the last message, or of both outputs, and the calls in it.
func (e *example) appendLearnt(dst []byte) []byte {
	if len(e.outputs) > 0 {
		dst = e.outputs[0].appendSaid(dst)
		return e.outputs[1].appendSaid(dst)
	}
	if n := len(e.messages); n > 0 {
		dst = e.messages[n-1].appendSaid(dst)
	}
	return dst
}

// appendSaid appends the text of a message, whether it is one or in parts, and its calls.
func (m *message) appendSaid(dst []byte) []byte {
	if m.text != "" {
		dst = append(dst, m.text...)
	} else {
		dst = append(dst, m.plain()...)
	}
	for _, member := range m.members {
		switch member.name {
		case "tool_calls", "function_call", "refusal":
			dst = append(append(dst, 0), member.value...)
		}
	}
	return append(dst, 0)
}

// appendFolded appends text in small letters, without blanks at its ends, and with one blank in place of several.
func appendFolded(dst []byte, text string) []byte {
	blank, start := false, len(dst)
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			if i += size; unicode.IsSpace(r) {
				blank = true
				continue
			}
			dst = appendBlank(dst, &blank, start)
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
			continue
		}
		i++
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			blank = true
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(appendBlank(dst, &blank, start), c)
	}
	return dst
}

// appendBlank appends the blank that is due, unless the text that began at start has nothing yet.
func appendBlank(dst []byte, due *bool, start int) []byte {
	if *due && len(dst) > start {
		dst = append(dst, ' ')
	}
	*due = false
	return dst
}

// sameSaid reports whether two messages say the same.
func sameSaid(a, b *message) bool {
	return strings.TrimSpace(string(a.appendSaid(nil))) == strings.TrimSpace(string(b.appendSaid(nil)))
}
