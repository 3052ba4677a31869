package reporters

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// block returns text of any origin in a form that is safe as lines of a log, on a terminal, and in XML.
//
//   - Control characters, invalid UTF-8 and what XML forbids become U+FFFD, ANSI escapes among them. CR LF becomes LF, and a tab
//     four blanks.
//   - What ends or turns a line unseen is shown: a bare CR, the Unicode line separators and the controls of writing direction
//     become escapes such as \r and \u202e.
//   - No line is a command to a CI system that reads the log: a backslash is put before a "::" that begins a line and into
//     "##[" and "##vso[" anywhere.
//
// Applying it twice changes nothing more.
func block(s string) string {
	s = disarmBrackets(visible(s))
	if !strings.Contains(s, "::") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = disarmColons(l)
	}
	return strings.Join(lines, "\n")
}

// Line returns text of any origin in a form that is safe as one line of a log or on a terminal; see [block].
func Line(s string) string { return line(s) }

// line is [block] for a place that has one line: line ends are shown as \n.
func line(s string) string {
	return block(strings.ReplaceAll(visible(s), "\n", `\n`))
}

// visible replaces or shows every character that is not plainly printed, except LF.
func visible(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i, r := range s {
		switch {
		case r == '\n':
			b.WriteByte('\n')
		case r == '\t':
			b.WriteString("    ")
		case r == '\r':
			if !strings.HasPrefix(s[i+1:], "\n") {
				b.WriteString(`\r`)
			}
		case isUnseen(r):
			const hex = "0123456789abcdef"
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&0xf])
			}
		case unicode.IsControl(r) || isNoncharacter(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r) // U+FFFD for each byte of invalid UTF-8
		}
	}
	return b.String()
}

// isPlain reports whether s is printable ASCII and line feeds.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '\n' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}

// isUnseen reports whether r breaks a line or changes the direction of the text around it without being seen.
func isUnseen(r rune) bool {
	switch r {
	case 0x2028, 0x2029, // line and paragraph separator
		0x061C, 0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069,
		0x180E, 0xFEFF: // blanks to some readers and nothing to others
		return true
	}
	return false
}

func isNoncharacter(r rune) bool {
	return r&0xFFFE == 0xFFFE || 0xFDD0 <= r && r <= 0xFDEF
}

// disarmBrackets breaks up "##[" and "##word[", which GitHub, Azure and others obey wherever they stand in a line.
func disarmBrackets(s string) string {
	if !strings.Contains(s, "##") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if i >= 2 && s[i-2:i] == "##" {
			word := strings.TrimLeftFunc(s[i:], func(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) })
			if strings.HasPrefix(word, "[") {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// disarmColons puts a backslash before "::" at the start of a line. The blanks before it don't protect: GitHub trims them.
func disarmColons(l string) string {
	rest := strings.TrimLeftFunc(l, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if !strings.HasPrefix(rest, "::") {
		return l
	}
	return l[:len(l)-len(rest)] + `\` + rest
}

// brief returns s on one line without the blanks around it, cut to the given number of columns.
func brief(s string, columns int) string {
	// A model may answer with a megabyte, of which one line needs only the beginning.
	if most := 16 * max(columns, 1); len(s) > most {
		s = cutBytes(strings.TrimSpace(s), most)
	}
	return fit(strings.TrimSpace(line(strings.TrimSpace(s))), columns)
}

// sentence returns s on one line, cut only where no sentence would be so long.
func sentence(s string) string { return brief(s, 2000) }

// fit cuts clean text so that it takes no more than the given number of columns, and marks the cut.
func fit(s string, columns int) string {
	if len(s) <= columns {
		return s
	}
	used, keep := 0, 0 // keep: where to cut so that the mark fits
	for i, r := range s {
		if used <= columns-3 {
			keep = i
		}
		used += columnsOf(r)
		if used > columns {
			return s[:keep] + "..."[:min(3, max(columns, 0))]
		}
	}
	return s
}

// textWidth returns how many columns clean text takes.
func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// cutBytes returns the first bytes of s, no more than limit, without splitting a character.
func cutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// cut returns the beginning of s, and says so where there is more.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	kept := cutBytes(s, limit)
	return fmt.Sprintf("%s\n[cut: these are the first %s of %s; results.json has all]", kept, thousands(int64(len(kept))), count(len(s), "byte"))
}
