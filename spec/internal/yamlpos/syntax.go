package yamlpos

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"ftrun/spec/diag"
)

// A trap is a way in which YAML reads something else than what stands there.
type trap struct {
	yaml    string         // part of the parser's message; "" for any
	pattern *regexp.Regexp // matches the line; its first group is where the problem is
	message string         // %q is what the group matched
	hint    string
}

const quoteIt = "put the value in quotes, or use block style"

// traps are tried in order on the lines that the parser stumbled over.
var traps = []trap{
	{"", regexp.MustCompile(`^ *(\t)`), "a tab indents this line", "YAML indents with blanks only"},
	{"", regexp.MustCompile(`[\[{,:-] *[^'"#]*[a-z](\{tag:)[^'"]*$`), `inside […] and {…} a "{" begins a mapping`,
		`put the threshold in quotes, or use block style: - 'pass_rate{tag:x} >= 1'`},
	{"", regexp.MustCompile(`[\[{](?:.*?[:,\[{] +)?[^'"\s,][^'",]*?(\$\{)`), `inside […] and {…} a "{" begins a mapping, after "$" too`, quoteIt},
	{"", regexp.MustCompile(`^(?:[^'"]|"[^"]*"|'[^']*')*?[\[{](?:[^'"]|"[^"]*"|'[^']*')*?(\$\{)`), `inside […] and {…} a "{" begins a mapping, after "$" too`, quoteIt},
	{"", regexp.MustCompile(`[\[{].*?[^\s'"{\[](\{[0-9]+(?:,[0-9]*)?\})`), `inside […] and {…} a "{" begins a mapping`, quoteIt},
	{"", regexp.MustCompile(`[\[{][^'"]*(?:[:,\[{]) +(#)`), `a "#" after a blank begins a comment`, quoteIt},
	{"", regexp.MustCompile(`[\[{](?:.*?[:,\[{] +)?[^'"\s,][^'",\[\]{}]*?(\?)`), `inside […] and {…} a "?" ends a value`, quoteIt},
	{"expected ',' or '}'", regexp.MustCompile(`[{,] *[A-Za-z_]+: +[^'",{}\[\]]*?(:) `), `a ": " inside a value makes it a mapping`, quoteIt},
	{"unknown escape", regexp.MustCompile(`"(?:[^"\\]|\\.)*?(\\[^0abtnvfreN_LP "/\\xuU\t])`), `a "\" inside double quotes begins an escape, and this is none`,
		`write the value in single quotes, where "\" is a plain character`},
	{"hexdecimal", regexp.MustCompile(`"(?:[^"\\]|\\.)*?(\\[xuU])`), `a "\" inside double quotes begins an escape, and this one has too few digits`,
		`write the value in single quotes, where "\" is a plain character`},
	{"cannot start any token", regexp.MustCompile("(?:^|: +|- +|[\\[{,] *)([@`%|>])"), "a value can't begin with %q", quoteIt},
	{"unknown anchor", regexp.MustCompile(`(?:: +|- +|[\[{,] *)(\*)`), `a value that begins with "*" is an alias of an anchor, and there is no such anchor`, quoteIt},
	{"mapping values", regexp.MustCompile(`: +[^\s'"].*?(:)(?: |$)`), `a ": " inside a value makes it a mapping`, "put the value in quotes"},
	{"mapping values", regexp.MustCompile(`^\s*[^\s:]+:? +.*?(:)(?: |$)`), "this key is not where a key can be", "check the indentation of this line and of the one before"},
	{"comment or line break", regexp.MustCompile(`[:-] +([|>])`), `a value that begins with ">" or "|" is a block of text on the lines below`, "put the value in quotes"},
	{"", regexp.MustCompile(`(?:: +|- +)([\[{][^\[\]{}]*[\]}])[^\s,\]}#]`), `a value that begins with "[" or "{" is a list or a mapping`, "put the value in quotes"},
	{"", regexp.MustCompile(`(?:: +|- +)("(?:[^"\\]|\\.)*"|'(?:[^']|'')*') *[^\s,\]}#:]`), "there is text after the closing quote", "put the whole value in quotes, and double a quote inside"},
	{"end of stream", regexp.MustCompile(`(?:: +|- +|[\[{,] *)(["'])`), "the quote that opens here is never closed", "close the quote"},
}

// explain turns the parser's error into a problem with a position and, where it is a known trap, the way out.
func explain(file string, src []byte, err error) diag.Diagnostic {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if _, text, ok := strings.Cut(rest, ": "); ok {
			message = text // its line is that of the surrounding context, so it misleads
		}
	}
	lines := splitLines(src)
	first, last := locate(src, lines)
	if slices.Contains(aboutIndentation, message) {
		if problem, ok := misplaced(lines, first, last); ok {
			problem.Pos.File = file
			if message == inValue {
				problem.Hint += "; or put the value above in quotes, if this line is part of it"
			}
			return problem
		}
	}
	for _, t := range traps {
		if !strings.Contains(message, t.yaml) {
			continue
		}
		for i := first; i <= last; i++ {
			if m := t.pattern.FindStringSubmatchIndex(lines[i]); m != nil {
				col := utf8.RuneCountInString(lines[i][:m[2]]) + 1
				message := strings.ReplaceAll(t.message, "%q", strconv.Quote(lines[i][m[2]:m[3]]))
				return diag.Diagnostic{Pos: diag.Position{File: file, Line: i + 1, Col: col}, Message: message, Hint: t.hint}
			}
		}
	}
	return diag.Diagnostic{Pos: diag.Position{File: file, Line: first + 1}, Message: "not valid YAML: " + message, Hint: hints[message]}
}

// hints belong to the parser's commonest messages.
var hints = map[string]string{
	"did not find expected key":              "check the indentation and the quotes of this line and of the one before",
	"did not find expected '-' indicator":    `check the indentation: the items of a list begin with "- " in one column`,
	"did not find expected ',' or ']'":       "a list that opens with \"[\" is not closed, or lacks a comma",
	"did not find expected ',' or '}'":       "a mapping that opens with \"{\" is not closed, or lacks a comma",
	"control characters are not allowed":     `write it as an escape in double quotes, such as "\x07"`,
	"found unexpected end of stream":         "a quote or a bracket that opens here is never closed",
	"could not find expected ':'":            `a key ends with a colon and a blank, as in "name: value"`,
	"did not find expected node content":     "a value is missing",
	"found incompatible YAML document":       `leave the "%YAML" line out`,
	"did not find expected <document start>": "only one document, and nothing after its end",
}

// locate returns the lines, from 0, between which the parser stumbled. Its own line numbers are those of the context, so the
// last line is found by how far it read, and the first by the longest run of whole lines before it that do parse.
func locate(src []byte, lines []string) (first, last int) {
	reader := &byteReader{src: src}
	for decoder := yaml.NewDecoder(reader); ; {
		if err := decode(decoder, new(yaml.Node)); err != nil {
			break
		}
	}
	read := splitLines(src[:reader.read])
	last = min(len(read), len(lines)) - 1
	for last > 0 && strings.TrimSpace(lines[last]) == "" {
		last--
	}
	return firstBad(lines, last), last
}

// firstBad returns the line after the longest run of whole lines that parses, at most last. It steps back from there ever further, because
// the line is near as a rule, and then halves the last step.
func firstBad(lines []string, last int) int {
	budget := 32 << 20 // bytes to parse
	good := func(n int) bool {
		prefix := []byte(strings.Join(lines[:n], "\n") + "\n")
		budget -= len(prefix)
		return n == 0 || budget > 0 && parses(prefix)
	}
	low, high := last, last // lines[:low] parses in the end, lines[:high+1] never did
	for step := 1; !good(low); step *= 2 {
		high, low = low-1, max(low-step, 0)
	}
	for low < high && budget > 0 {
		if middle := (low + high + 1) / 2; good(middle) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	if budget <= 0 {
		return last
	}
	return high
}

func parses(src []byte) bool {
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	for {
		if err := decode(decoder, new(yaml.Node)); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// A byteReader hands out one byte a time, so that read tells how far the parser got.
type byteReader struct {
	src  []byte
	read int
}

func (r *byteReader) Read(p []byte) (int, error) {
	if r.read == len(r.src) {
		return 0, io.EOF
	}
	p[0] = r.src[r.read]
	r.read++
	return 1, nil
}
