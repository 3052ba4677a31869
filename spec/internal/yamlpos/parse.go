package yamlpos

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"ftrun/spec/diag"
)

// MaxBytes is the size of the largest document that Parse reads.
const MaxBytes = 8 << 20

const (
	maxDepth    = 64      // levels of nesting
	maxExpanded = 100_000 // values that aliases may add to those that are written
)

// Hints are the ways out of what is wrong with a file as a whole. They depend on what the file is for.
type Hints struct {
	Empty, Large, Second string // an empty file, one larger than [MaxBytes], one with a second document
}

// Parse reads a file of one YAML document. The document is nil where it can't be decoded at all; otherwise it is there, and
// what the list has belongs to its problems already.
func Parse(file string, src []byte, hints Hints) (*Document, diag.List) {
	var problems diag.List
	if problem := unreadable(src); problem.Message != "" {
		problem.Pos.File = file
		if len(src) > MaxBytes {
			problem.Hint = hints.Large
		}
		problems.Add(problem)
		return nil, problems
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var first, second yaml.Node
	switch err := decode(decoder, &first); {
	case errors.Is(err, io.EOF):
		problems.Add(empty(file, hints))
		return nil, problems
	case err != nil:
		problems.Add(explain(file, src, err))
		return nil, problems
	}
	d := newDocument(file)
	d.lines, d.root = splitLines(src), first.Content[0]
	if isNull(d.root) {
		problems.Add(empty(file, hints))
		return nil, problems
	}
	if !d.survey() {
		return nil, d.Problems()
	}
	switch err := decode(decoder, &second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.add(explain(file, src, err))
	default:
		d.addAt(&second, "", hints.Second, "a second document begins here")
	}
	return d, d.Problems()
}

func newDocument(file string) *Document {
	return &Document{
		file:      file,
		troubled:  map[string]bool{},
		positions: map[string]diag.Position{},
		faulty:    map[*yaml.Node]bool{},
		fills:     map[*yaml.Node]fill{},
		filled:    map[string]fill{},
	}
}

func empty(file string, hints Hints) diag.Diagnostic {
	return diag.Diagnostic{Pos: diag.Position{File: file}, Message: "the file is empty", Hint: hints.Empty}
}

// decode reads the next document. The parser is no longer maintained, so a panic in it is taken for one more way to say that
// the input is not YAML.
func decode(decoder *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("yaml: the parser can't read this")
		}
	}()
	return decoder.Decode(n)
}

// unreadable says what keeps src from being read as text at all.
func unreadable(src []byte) diag.Diagnostic {
	switch {
	case len(src) > MaxBytes:
		return diag.Diagnostic{Message: "the file is larger than 8 MiB"}
	case bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")):
		return diag.Diagnostic{Message: "the file is encoded in UTF-16", Hint: "save it as UTF-8"}
	case !utf8.Valid(src):
		return diag.Diagnostic{Pos: position(src, invalid(src)), Message: "the file is not UTF-8 text", Hint: "save it as UTF-8"}
	default:
		return diag.Diagnostic{}
	}
}

// invalid returns the offset of the first byte that is not UTF-8.
func invalid(src []byte) int {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return len(src)
}

// position turns an offset into a position.
func position(src []byte, offset int) diag.Position {
	lines := splitLines(src[:offset])
	return diag.Position{Line: len(lines), Col: utf8.RuneCountInString(lines[len(lines)-1]) + 1}
}

// splitLines splits where the parser does.
func splitLines(src []byte) []string {
	return strings.Split(lineBreaks.Replace(strings.TrimPrefix(string(src), "\ufeff")), "\n")
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// survey looks at every node once before any is decoded, and refuses what could cost without bound (nesting, aliases of
// aliases, an alias inside itself) or mean something that no key takes (tags).
func (d *Document) survey() bool {
	s := surveyor{doc: d, done: map[*yaml.Node]extent{}, open: map[*yaml.Node]bool{}}
	if whole := s.measure(d.root, 0); d.found == 0 && whole.size > s.written+maxExpanded {
		d.addAt(d.root, "", "write the values out, or use fewer aliases", "aliases expand to more than %d values", maxExpanded)
	}
	return d.found == 0
}

type surveyor struct {
	doc     *Document
	written int
	done    map[*yaml.Node]extent // anchored nodes
	open    map[*yaml.Node]bool   // anchored nodes around the one being measured
}

// An extent is the size of a value with its aliases expanded.
type extent struct{ size, height int }

const endless = 1 << 40

func (s *surveyor) measure(n *yaml.Node, depth int) extent {
	if depth > maxDepth {
		return s.refuse(n, "", "nested deeper than %d levels", maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		s.written++
		if s.open[n.Alias] {
			return s.refuse(n, "", "alias %s stands inside the value that it repeats", Quote("*"+n.Value))
		}
		if e := s.done[n.Alias]; depth+e.height <= maxDepth {
			return e
		}
		return s.refuse(n, "", "nested deeper than %d levels", maxDepth)
	}
	if n.Style&yaml.TaggedStyle != 0 && !slices.Contains(plainTags, n.Tag) {
		return s.refuse(n, `a value that begins with "!" is a tag; put it in quotes`, "the tag %s is not supported", Quote(n.Tag))
	}
	s.written++
	if n.Anchor != "" {
		s.open[n] = true
	}
	e := extent{size: 1}
	for _, c := range n.Content {
		child := s.measure(c, depth+1)
		e.size = min(e.size+child.size, endless)
		e.height = max(e.height, child.height+1)
		if s.doc.found > 0 {
			break
		}
	}
	if n.Anchor != "" {
		delete(s.open, n)
		s.done[n] = e
	}
	return e
}

func (s *surveyor) refuse(n *yaml.Node, hint, format string, args ...any) extent {
	s.doc.addAt(n, "", hint, format, args...)
	return extent{size: 1}
}

var plainTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp"}
