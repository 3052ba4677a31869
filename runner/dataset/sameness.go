package dataset

import (
	"encoding/binary"
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
	for i, part := range content.elements() {
		if i > 0 {
			dst = append(dst, '\n')
		}
		if text := part.get("text"); text.kind() == '"' {
			dst = appendFolded(dst, text.text())
		} else {
			dst = append(dst, part.value...)
		}
	}
	return dst
}

// appendLearnt appends what an example teaches: the texts of the assistant's messages, or of both outputs, and the calls in them.
func (e *example) appendLearnt(dst []byte) []byte {
	if len(e.outputs) > 0 {
		dst = e.outputs[0].appendSaid(dst)
		return e.outputs[1].appendSaid(dst)
	}
	for i := range e.messages {
		if m := &e.messages[i]; m.role == "assistant" && !m.weightless {
			dst = m.appendSaid(dst)
		}
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

// appendFolded appends text in small letters, without blanks at its ends, and with one blank in place of several. Most text is taken eight bytes
// at a time.
func appendFolded(dst []byte, text string) []byte {
	start := len(dst)
	for i := 0; i < len(text); {
		due := len(dst) > start && dst[len(dst)-1] != ' ' // a blank may follow
		if len(text)-i >= 8 && (due || text[i] != ' ') {
			if small, ok := foldEight(text[i : i+8]); ok {
				dst = binary.LittleEndian.AppendUint64(dst, small)
				i += 8
				continue
			}
		}
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		switch {
		case !unicode.IsSpace(r):
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		case due:
			dst = append(dst, ' ')
		}
	}
	if len(dst) > start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// foldEight returns eight bytes of text in small letters, the first in the lowest byte. It is false where they are not all visible ASCII and
// blanks that stand alone.
func foldEight(t string) (small uint64, ok bool) {
	const ones, highs, lows = 0x0101010101010101, 0x8080808080808080, 0x7F7F7F7F7F7F7F7F
	x := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
	below := ^(x&lows + ones*(0x80-' ')) // the high bit of a byte is set where it is below a blank
	blank := ^((x^ones*' ')&lows + lows) // where it is one
	if x&highs != 0 || below&highs != 0 || blank&highs&(blank&highs<<8) != 0 {
		return 0, false
	}
	capital := (x + ones*(0x80-'A')) &^ (x + ones*(0x7F-'Z')) & highs
	return x | capital>>2, true // 0x80 becomes 0x20, which is what a small letter has more
}

// sameSaid reports whether two messages say the same.
func sameSaid(a, b *message) bool {
	return strings.TrimSpace(string(a.appendSaid(nil))) == strings.TrimSpace(string(b.appendSaid(nil)))
}
