package reporters

import "strings"

// A style is how a piece of a line looks where there is colour.
type style string

const (
	normal style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// A piece is part of a line. Its text is clean.
type piece struct {
	style style
	text  string
}

func text(s string) piece           { return piece{normal, s} }
func in(s style, text string) piece { return piece{s, text} }

// pad returns s with blanks after it up to the given number of columns.
func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(0, columns-textWidth(s)))
}

// padLeft returns s with blanks before it up to the given number of columns.
func padLeft(s string, columns int) string {
	return strings.Repeat(" ", max(0, columns-textWidth(s))) + s
}

func widthOf(pieces []piece) int {
	n := 0
	for _, p := range pieces {
		n += textWidth(p.text)
	}
	return n
}

// wrap breaks a clean text between words into lines of so many columns: the first, the others, and on the last so many less for what follows
// it. A word that is longer than a line stays whole.
func wrap(s string, first, others, behind int) []string {
	words := strings.Split(s, " ")
	lines := []string{words[0]}
	room := first - textWidth(words[0])
	for i, word := range words[1:] {
		need := 1 + textWidth(word)
		taken := need
		if i == len(words)-2 {
			taken += behind
		}
		if taken > room {
			lines = append(lines, word)
			room = others - textWidth(word)
			continue
		}
		lines[len(lines)-1] += " " + word
		room -= need
	}
	return lines
}

// render returns a line of pieces, with colour or without.
func render(colour bool, pieces []piece) string {
	var plain, styled strings.Builder
	for _, p := range pieces {
		plain.WriteString(p.text)
		if p.style == normal || p.text == "" {
			styled.WriteString(p.text)
			continue
		}
		styled.WriteString("\x1b[" + string(p.style) + "m" + p.text + "\x1b[0m")
	}
	out := strings.TrimRight(plain.String(), " ")
	// Two harmless pieces can make a command together. Such a line is worth no colour.
	if clean := line(out); clean != out || !colour {
		return clean
	}
	return styled.String()
}

// A glyph is a sign with a form for terminals that know ASCII only.
type glyph struct {
	sign  string
	ascii string
	style style
}

var (
	glyphOK      = glyph{"✓", "+", green}
	glyphFailed  = glyph{"✗", "x", red}
	glyphWarning = glyph{"!", "!", yellow}
	glyphUnknown = glyph{"?", "?", yellow} // could not measure
	glyphTooFew  = glyph{"≈", "~", yellow} // measured, and not enough evidence
	glyphCopied  = glyph{"!!", "!!", red}
	glyphSkipped = glyph{"-", "-", dim}
	glyphBusy    = glyph{"·", ".", dim}
)
