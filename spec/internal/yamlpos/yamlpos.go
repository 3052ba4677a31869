// Package yamlpos decodes YAML strictly into tagged structs and remembers where each value stood.
//
// It reports every problem in one pass, each with file, line, column and key path: unknown and duplicate keys, wrong types,
// missing keys. A struct names its keys with yaml tags; a field tagged "key,required" must be there:
//
//	type file struct {
//		Version int           `yaml:"version,required"`
//		Timeout time.Duration `yaml:"timeout"`
//	}
//	doc, problems := yamlpos.Parse("pipeline.yaml", src, yamlpos.Hints{})
//	if doc != nil {
//		doc.Root().Into(&f)
//		problems = doc.Problems()
//	}
//
// Values are read as people mean them rather than as YAML 1.1 does: a string takes any scalar but null exactly as it is
// written (010 stays "010", yes stays "yes"), numbers are decimal, booleans are true and false, durations have units.
// A key without a value is an error, never a default. A type with several forms implements [Unmarshaler].
package yamlpos

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"ftrun/spec/diag"
)

// A Document is one parsed YAML file. Its functions, where set, are asked while it is decoded.
type Document struct {
	// Later reports whether an unknown key is one of a later version, by its path with every index as [].
	Later func(path string) bool
	// Meant returns the key that an unknown one stands for, or "": path is that of the mapping, with every index as [].
	Meant func(path, key string) string
	// Outermost reports whether an unknown key that stands for no other is one of the document's outermost mapping: path is that of the mapping around it.
	Outermost func(path, key string) bool
	// Expand returns what the text of a scalar stands for at a path, or false where it stands for itself. It is asked for values only, never
	// for keys.
	Expand func(path, text string) (Expansion, bool)
	// Foreign decodes a value into what out points to, where that is a type of a package that can't implement [Unmarshaler], and reports whether it is.
	Foreign func(v Value, out any) bool

	file      string
	lines     []string // nil for rows of data
	root      *yaml.Node
	problems  diag.List
	found     int             // problems, those among them that are beyond the limit of the list
	troubled  map[string]bool // paths with a problem at or inside them
	positions map[string]diag.Position
	faulty    map[*yaml.Node]bool // keys and merges that were reported
	fills     map[*yaml.Node]fill // scalars that stand for what was written
	filled    map[string]fill     // those with variables in them, by path
	hidden    []Variable          // values that no problem shows
}

// An Unmarshaler decodes itself: a type with several forms, or with keys that no struct can list.
type Unmarshaler interface {
	UnmarshalValue(v Value)
}

// Root returns the whole document.
func (d *Document) Root() Value { return Value{d, resolve(d.root), ""} }

// maxProblems is how many problems are listed. Nobody reads more, and a hostile file could have a million.
const maxProblems = 1000

// Problems returns the problems found so far. Beyond a thousand, the last one says how many are left out.
func (d *Document) Problems() diag.List {
	if d.found <= maxProblems {
		return d.problems
	}
	list := slices.Clone(d.problems)
	list.Addf(diag.Position{File: d.file, Line: len(d.lines)}, "", "%d more problems are not listed", d.found-maxProblems)
	return list
}

// Found returns how many problems were found so far.
func (d *Document) Found() int { return d.found }

// Addf adds a problem at a path.
func (d *Document) Addf(path, format string, args ...any) {
	d.Add(path, fmt.Sprintf(format, args...), "")
}

// Add adds a problem with a hint at a path.
func (d *Document) Add(path, message, hint string) {
	d.add(diag.Diagnostic{Pos: d.At(path), Path: path, Message: message, Hint: hint})
}

// Has reports whether the document has a value at a path and it was decoded.
func (d *Document) Has(path string) bool {
	_, ok := d.positions[path]
	return ok
}

// At returns the position of the value at a path, or of the nearest value around it that was decoded.
func (d *Document) At(path string) diag.Position {
	for {
		if pos, ok := d.positions[path]; ok {
			return pos
		}
		if path == "" {
			return d.pos(d.root)
		}
		path = parent(path)
	}
}

func (d *Document) pos(n *yaml.Node) diag.Position {
	return diag.Position{File: d.file, Line: n.Line, Col: n.Column}
}

func (d *Document) addAt(n *yaml.Node, path, hint, format string, args ...any) {
	d.add(diag.Diagnostic{Pos: d.pos(n), Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Report adds a problem that another reader found in the same file.
func (d *Document) Report(problem diag.Diagnostic) { d.add(problem) }

func (d *Document) add(problem diag.Diagnostic) {
	if d.found++; d.found <= maxProblems {
		problem.Message, problem.Hint = d.conceal(problem.Path, problem.Message), d.conceal(problem.Path, problem.Hint)
		d.problems.Add(problem)
	}
	for path := problem.Path; path != "" && !d.troubled[path]; path = parent(path) {
		d.troubled[path] = true
	}
}

// addOnce reports what is wrong with a mapping, however often it is looked at: as a whole and by key, or through aliases.
func (d *Document) addOnce(n *yaml.Node, path, format string, args ...any) {
	if !d.faulty[n] {
		d.faulty[n] = true
		d.addAt(n, path, "", format, args...)
	}
}

// Troubled reports whether the value at a path, or one inside it, has a problem.
func (d *Document) Troubled(path string) bool { return d.troubled[path] }

// parent returns the path of the value around the one at a path.
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// An entry is one key of a mapping and its value.
type entry struct {
	key   string
	at    *yaml.Node // the key
	value *yaml.Node // aliases resolved
}

// entries returns a mapping's own keys in order, then those that "<<" merges in. A key that stands there twice is a problem;
// the first one counts.
func (d *Document) entries(n *yaml.Node, path string) []entry {
	var own []entry
	var merges []*yaml.Node
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		if key.Kind != yaml.ScalarNode {
			d.addOnce(key, path, "want a key, found %s", describe(key))
			continue
		}
		if key.Tag == "!!merge" {
			merges = append(merges, value)
			continue
		}
		if earlier, ok := first[key.Value]; ok {
			d.addOnce(key, Join(path, key.Value), "duplicate key, first at line %d", earlier.Line)
			continue
		}
		first[key.Value] = key
		own = append(own, entry{key.Value, key, value})
	}
	for _, m := range merges {
		for _, e := range d.merged(m, path) {
			if _, ok := first[e.key]; !ok {
				first[e.key] = e.at
				own = append(own, e)
			}
		}
	}
	return own
}

// merged returns the keys that the value of "<<" stands for: a mapping's, or those of a list of mappings.
func (d *Document) merged(n *yaml.Node, path string) []entry {
	switch n.Kind {
	case yaml.MappingNode:
		return d.entries(n, path)
	case yaml.SequenceNode:
		var all []entry
		for _, item := range n.Content {
			if item = resolve(item); item.Kind != yaml.MappingNode {
				d.addOnce(item, path, "\"<<\" merges mappings, found %s", describe(item))
				continue
			}
			all = append(all, d.entries(item, path)...)
		}
		return all
	default:
		d.addOnce(n, path, "\"<<\" merges mappings, found %s", describe(n))
		return nil
	}
}

// unknownKey reports a key that the struct does not have.
func (d *Document) unknownKey(n *yaml.Node, e entry, path string, t reflect.Type) {
	full := Join(path, e.key)
	if d.Later != nil && d.Later(anyIndex(full)) {
		d.addAt(e.at, full, "", "not supported by this version")
		return
	}
	if d.found >= maxProblems {
		d.addAt(e.at, full, "", "unknown key") // spare the search for what will not be listed
		return
	}
	message := "unknown key"
	meant := ""
	if d.Meant != nil {
		meant = d.Meant(anyIndex(path), e.key)
	}
	if meant != "" {
		if _, there := (Value{d, n, path}).Lookup(meant); there {
			meant = ""
		}
	}
	if meant == "" && d.Outermost != nil && d.Outermost(path, e.key) {
		d.addAt(e.at, full, "it belongs to the top level: begin its line in column 1", "unknown key here")
		return
	}
	if meant == "" {
		meant = suggest(e.key, t)
	}
	if meant != "" {
		message += fmt.Sprintf(", did you mean %q?", meant)
	}
	hint := "allowed here: " + strings.Join(keys(t), ", ")
	switch flow := n.Style&yaml.FlowStyle != 0 && isNull(e.value); {
	case flow && len(n.Content) == 2:
		hint = `a value that begins with "{" is a mapping; put it in quotes`
	case flow:
		hint = `inside {…} a comma ends a value; put a value with a comma in quotes, or use block style`
	}
	d.addAt(e.at, full, hint, "%s", message)
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// quoted reports whether a scalar can't be anything but text.
func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// describe says in a few words what a value is.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "nothing"
	case quoted(n):
		return "the text " + Quote(n.Value)
	default:
		return Quote(n.Value)
	}
}

// shortened ends a quotation that goes on.
const shortened = "…"

// Quote quotes user data for a message, shortened where it is long.
func Quote(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit-1]) + shortened
	}
	return strconv.Quote(s)
}

// Join appends a key to a path; a key that could be mistaken for a path or would break a line is quoted.
func Join(path, key string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if key == "" || len(key) > 60 || strings.ContainsFunc(key, func(r rune) bool { return !plain(r) }) {
		key = Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// item appends an index to a path.
func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// anyIndex replaces every index in a path by [].
func anyIndex(path string) string {
	var b strings.Builder
	inside := false
	for _, r := range path {
		switch {
		case r == '[':
			inside = true
			b.WriteRune(r)
		case r == ']':
			inside = false
			b.WriteRune(r)
		case !inside:
			b.WriteRune(r)
		}
	}
	return b.String()
}
