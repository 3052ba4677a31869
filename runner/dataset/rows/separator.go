package rows

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// announcedIn returns the separator that the first line of a table names, where it is "sep=" and one character. Excel writes and reads such a
// line, which is no header then.
func announcedIn(head []byte) (separator rune, found bool) {
	const key = "sep="
	line, _, _ := bytes.Cut(head, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) <= len(key) || !strings.EqualFold(string(line[:len(key)]), key) {
		return 0, false
	}
	separator, size := utf8.DecodeRune(line[len(key):])
	return separator, size == len(line)-len(key) && separator != utf8.RuneError && !strings.ContainsRune("\"\r\x00", separator)
}

// hasSemicolons reports whether the first record of a table has its cells between semicolons, as Excel writes .csv wherever a comma is what
// decimals have: it has one, and neither a comma nor a tab, outside quotes.
func hasSemicolons(head []byte) bool {
	found, quoted := false, false
	for _, c := range bytes.TrimLeft(head, "\r\n") {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ',', c == '\t':
			return false
		case c == ';':
			found = true
		case c == '\n':
			return found
		}
	}
	return found
}

// peekAll returns what a table begins with, as much as the buffer holds. An error comes again when the rows are read.
func peekAll(in *bufio.Reader) []byte {
	head, _ := in.Peek(in.Size())
	return head
}

// nameOf returns what a separator is called in a sentence, one of it and several.
func nameOf(separator rune) (one, many string) {
	switch separator {
	case ',':
		return "a comma", "commas"
	case '\t':
		return "a tab", "tabs"
	case ';':
		return "a semicolon", "semicolons"
	}
	quoted := strconv.Quote(string(separator))
	return quoted, quoted
}
