package reporters

import "strings"

// In Markdown, text of any origin is code. Only there does GitHub read no markup, no HTML, and none of the @names, #numbers, links
// and smileys that it looks for when the escapes of Markdown are gone already.

// span returns text of any origin as a code span: one line of no more than the given number of columns, at most 2,000.
func span(s string, columns int) string {
	s = brief(s, min(columns, 2000))
	if s == "" {
		return "`(empty)`"
	}
	// A span ends at a run of backticks as long as the one that began it. GitHub knows runs of up to 80; the lengths from 1 to 62
	// take more columns than there are.
	taken := map[int]bool{}
	length := 0
	for i := range len(s) {
		if s[i] != '`' {
			length = 0
			continue
		}
		length++
		if i+1 == len(s) || s[i+1] != '`' {
			taken[length] = true
		}
	}
	fence := "`"
	for taken[len(fence)] {
		fence += "`"
	}
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " " // the reader takes these away
	}
	return fence + s + fence
}

// cell is [span] for a table, in which a bar ends the cell even inside code.
func cell(s string, columns int) string {
	return strings.ReplaceAll(span(s, columns), "|", "¦")
}

// indented returns text of any origin as an indented code block, every line of which begins with four blanks. No text can end it, as
// text could a fence, and it may be cut after any line. It must follow a heading or a paragraph and an empty line: after a list,
// it would be no code.
func indented(s string) string {
	return "    " + strings.ReplaceAll(strings.Trim(block(s), "\n"), "\n", "\n    ") + "\n"
}

// labelled returns lines for [indented] that begin with a label; further lines of the text stand below its first.
func labelled(label, s string) string {
	const columns = 10
	return pad(label, columns) + strings.ReplaceAll(strings.Trim(block(s), "\n"), "\n", "\n"+strings.Repeat(" ", columns)) + "\n"
}

// letters returns the ASCII letters and digits of s, which need no care.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
