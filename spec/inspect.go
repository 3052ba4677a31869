package spec

import (
	"fmt"
	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// An inspector has the checks that many keys share. Each is about a value that is written in the file: one that is not was a default, and
// one that could not be decoded has been reported already.
type inspector struct{ *yamlpos.Document }

// sound reports whether there is a value at a path and it was decoded without a problem.
func (c inspector) sound(path string) bool { return c.Has(path) && !c.Troubled(path) }

// choice wants one of the allowed words.
func (c inspector) choice(path, word string, allowed []string) {
	if !c.sound(path) || slices.Contains(allowed, word) {
		return
	}
	message := fmt.Sprintf("want %s, found %s", oneOf(allowed), yamlpos.Quote(word))
	if s := diag.Suggest(word, allowed); s != "" && len(allowed) > 1 {
		message += fmt.Sprintf("; did you mean %q?", s)
	}
	c.Addf(path, "%s", message)
}

// oneOf lists words: "a", "a or b", "a, b or c".
func oneOf(words []string) string { return enumerate(words, " or ") }

// allOf lists words: "a", "a and b", "a, b and c".
func allOf(words []string) string { return enumerate(words, " and ") }

func enumerate(words []string, last string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + last + words[n-1]
}

func (c inspector) blank(path, hint string) {
	if c.sound(path) {
		c.Add(path, "blank", hint)
	}
}

func (c inspector) positive(path string, d time.Duration) {
	if c.sound(path) && d <= 0 {
		c.Addf(path, "want more than 0, found %s", d)
	}
}

// within wants a whole number between two bounds.
func (c inspector) within(path string, n, low, high int) {
	switch {
	case !c.sound(path) || low <= n && n <= high:
	case high == math.MaxInt:
		c.Addf(path, "want %d or more, found %d", low, n)
	default:
		c.Addf(path, "want %d to %d, found %d", low, high, n)
	}
}

// label wants one line of text that reports can show.
func (c inspector) label(path, text string, limit int) {
	switch {
	case !c.sound(path):
	case strings.TrimSpace(text) == "":
		c.blank(path, "")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		c.Addf(path, "want one line without control characters, found %s", yamlpos.Quote(text))
	case utf8.RuneCountInString(text) > limit:
		c.Addf(path, "longer than %d characters", limit)
	}
}

// model wants the name of a model.
func (c inspector) model(path, name string) {
	if c.label(path, name, 256); c.sound(path) && strings.ContainsFunc(name, unicode.IsSpace) {
		c.Addf(path, "want the name of a model, found %s with a blank in it", yamlpos.Quote(name))
	}
}

// path wants the path of one file.
func (c inspector) path(path, name string) {
	if c.location(path, name); c.sound(path) && isPattern(name) {
		c.Addf(path, "a pattern for several files is %s", notSupported)
	}
}

// location wants the path of a file, or a pattern of paths.
func (c inspector) location(path, name string) {
	if c.label(path, name, 4096); !c.sound(path) {
		return
	}
	switch {
	case strings.Contains(name, "://"):
		c.Add(path, fmt.Sprintf("want a file, found the address %s", yamlpos.Quote(name)), "download the file, and name its path")
	case strings.HasSuffix(name, "/"):
		c.Addf(path, "want a file, found the folder %s", yamlpos.Quote(name))
	}
}
