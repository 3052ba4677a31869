package grade

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
)

// Regex holds where the pattern matches somewhere in the output: it is a search, so ^ and $ anchor it to the whole output,
// (?m) to its lines, (?i) ignores case, and (?s) lets a dot match line breaks too.
//
// The syntax is RE2, https://github.com/google/re2/wiki/Syntax: time grows with the length of the output only, whatever the
// pattern, and in return there are no lookarounds and no backreferences.
type Regex struct {
	Value string `yaml:"value"`
}

// String returns the assertion's name.
func (a *Regex) String() string { return "regex " + plainBackslashes(quoteHead(a.Value, nameRunes)) }

// Check wants a pattern that compiles.
func (a *Regex) Check() []Problem {
	if problems := needValue(a.Value, "a pattern"); problems != nil {
		return problems
	}
	if message := controlCharacter(a.Value); message != "" {
		return []Problem{{Key: "value", Message: message}}
	}
	_, err := regexp.Compile(a.Value)
	if err == nil {
		return nil
	}
	message := err.Error()
	if bad, ok := errors.AsType[*syntax.Error](err); ok {
		message = explain(bad)
	}
	return []Problem{{Key: "value", Message: message}}
}

// NeedsReference returns false.
func (a *Regex) NeedsReference() bool { return false }

// Grader searches outputs for the pattern.
func (a *Regex) Grader() Grader {
	pattern := regexp.MustCompile(a.Value)
	return condition(func(output string) (string, bool) {
		at := pattern.FindStringIndex(output)
		if at == nil {
			return "no match in " + show(output), false
		}
		return "matched " + quoteHead(output[at[0]:at[1]], reasonRunes), true
	})
}

// doubleQuoted are the escapes of YAML's double quotes that leave a character which no one means to look for.
var doubleQuoted = map[rune]string{
	0: `\0 into a NUL`, '\a': `\a into a bell`, '\b': `\b into a backspace`, '\v': `\v into a vertical tab`, '\f': `\f into a form feed`,
	0x1b: `\e into an escape character`, 0x85: `\N into a line break`, 0x2028: `\L into a line break`, 0x2029: `\P into a line break`,
}

// controlCharacter says how a control character came into a pattern, where it could never match what was meant, or returns "". Only double
// quotes let one through YAML; the pattern's own escapes, such as \x07, are two characters or more.
func controlCharacter(pattern string) string {
	for _, r := range pattern {
		switch became, known := doubleQuoted[r]; {
		case r == '\t' || r == '\n' || r == '\r':
		case known:
			return "double quotes turn " + became + ": write the pattern in single quotes"
		case unicode.IsControl(r):
			return fmt.Sprintf(`a control character: write it as \x{%02X}, and the pattern in single quotes`, r)
		}
	}
	return ""
}

// explain says what is wrong with a pattern and, where it is a habit from another engine, what to write instead.
func explain(bad *syntax.Error) string {
	expr := plainBackslashes(quoteHead(bad.Expr, excerptRunes))
	for _, h := range []struct{ prefix, message string }{
		{"(?=", "RE2 has no lookahead; use one assertion for each part, all of which must hold"},
		{"(?!", "RE2 has no lookahead; put what must not occur into a not_regex of its own"},
		{"(?<=", "RE2 has no lookbehind; write what stands before into the pattern, as a search needs no captures"},
		{"(?<!", "RE2 has no lookbehind; put what must not occur into a not_regex of its own"},
		{"(?>", "RE2 has no atomic groups, and needs none: it never backtracks; write (?:"},
		{"(?#", "RE2 has no comments; put it into a comment of the spec"},
		{"(?x", "RE2 has no extended mode; write the pattern without spaces"},
		{"(?P=", "RE2 has no backreferences; write the alternatives out"},
		{`\k`, "RE2 has no backreferences; write the alternatives out"},
		{`\u`, `RE2 writes it \x{20AC}, or as the character itself`},
		{`\Z`, `RE2 writes the end of the text \z, or $`},
		{`\h`, `RE2 writes it [ \t]`},
		{`\R`, `RE2 writes it \r?\n`},
	} {
		if strings.HasPrefix(bad.Expr, h.prefix) {
			return fmt.Sprintf("%s: %s", expr, h.message)
		}
	}
	switch {
	case bad.Code == syntax.ErrInvalidEscape && len(bad.Expr) == 2 && '1' <= bad.Expr[1] && bad.Expr[1] <= '9':
		return expr + ": RE2 has no backreferences; write the alternatives out"
	case bad.Code == syntax.ErrInvalidRepeatOp && strings.HasSuffix(bad.Expr, "+"):
		return expr + ": RE2 has no possessive quantifiers, and needs none: it never backtracks; drop the last +"
	case bad.Code == syntax.ErrInvalidRepeatSize:
		return expr + ": a repeat count goes up to 1000, nested ones multiplied"
	case bad.Expr == "":
		return bad.Code.String()
	default:
		return fmt.Sprintf("%s: %s", expr, bad.Code)
	}
}

// plainBackslashes makes a quoted pattern readable again: \d, not \\d.
func plainBackslashes(quoted string) string { return strings.ReplaceAll(quoted, `\\`, `\`) }
