package yamlpos

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"gopkg.in/yaml.v3"

	"ftrun/spec/diag"
)

// A Member is one key of a row of data, and its value.
type Member struct {
	Name      string
	JSON      jsontext.Value // valid JSON
	Line, Col int            // where the value starts, counted from 1

	// Cell says that the value was a cell of a table: its text is in no quotes, and everything in it stands where the cell does.
	Cell bool
}

// NewRows returns a document whose values are rows of data, such as lines of a JSONL file. They are decoded one by one, as strictly as YAML.
func NewRows(file string) *Document {
	d := newDocument(file)
	d.root = &yaml.Node{Kind: yaml.MappingNode}
	return d
}

// Row returns the next row, a mapping at a path. What is known of the values of the row before is forgotten, and its problems stay.
func (d *Document) Row(path string, line, col int, members []Member) Value {
	clear(d.troubled)
	clear(d.positions)
	clear(d.faulty)
	row := &yaml.Node{Kind: yaml.MappingNode, Line: line, Column: col}
	d.root = row
	d.positions[path] = d.pos(row)
	for _, m := range members {
		at := cursor{line: m.Line, col: m.Col, still: m.Cell}
		row.Content = append(row.Content, text(m.Name, m.Line, m.Col, 0), d.fromJSON(path, m.JSON, at, 1))
	}
	return Value{d, row, path}
}

// text returns a scalar that is text.
func text(value string, line, col int, style yaml.Style) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: style, Line: line, Column: col}
}

// fromJSON returns a value as if it had been written in YAML's flow style.
func (d *Document) fromJSON(path string, v jsontext.Value, at cursor, depth int) *yaml.Node {
	v = v[len(v)-len(bytes.TrimLeft(v, " \t\r\n")):]
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: at.line, Column: at.col}
	switch kind := v.Kind(); {
	case depth > maxDepth:
		d.add(diag.Diagnostic{Pos: d.pos(n), Path: path, Message: "nested deeper than 64 levels"})
		n.Tag, n.Value = "!!null", "null"
	case kind == '"':
		style := yaml.DoubleQuotedStyle
		if at.still {
			style = 0
		}
		s, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			d.add(diag.Diagnostic{Pos: d.pos(n), Path: path, Message: "not a string of JSON"})
		}
		return text(string(s), at.line, at.col, style)
	case kind == '{' || kind == '[':
		d.fromComposite(path, n, v, at, depth)
	case kind == 'n':
		n.Tag, n.Value = "!!null", "null"
	case kind == '0':
		n.Tag, n.Value = "!!float", strings.TrimSpace(string(v))
	default:
		n.Tag, n.Value = "!!bool", strings.TrimSpace(string(v))
	}
	return n
}

// fromComposite fills in the content of an object or a list.
func (d *Document) fromComposite(path string, n *yaml.Node, v jsontext.Value, at cursor, depth int) {
	n.Kind = yaml.SequenceNode
	object := v.Kind() == '{'
	if object {
		n.Kind = yaml.MappingNode
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(v))
	if _, err := dec.ReadToken(); err != nil {
		return
	}
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		if object {
			name, err := dec.ReadValue()
			if err != nil {
				return
			}
			at.move(v, int(dec.InputOffset())-len(name))
			key, err := jsontext.AppendUnquote(nil, name)
			if err != nil {
				return
			}
			n.Content = append(n.Content, text(string(key), at.line, at.col, 0))
		}
		child, err := dec.ReadValue()
		if err != nil {
			return // valid JSON ends with its bracket
		}
		end := int(dec.InputOffset())
		start := end - len(child)
		at.move(v, start)
		inside := cursor{line: at.line, col: at.col, still: at.still}
		n.Content = append(n.Content, d.fromJSON(path, v[start:end], inside, depth+1))
	}
}

// A cursor turns growing offsets of a text into lines and columns.
type cursor struct {
	offset    int
	line, col int
	still     bool // everything is where the text begins
}

// move goes on to an offset.
func (c *cursor) move(text []byte, offset int) {
	passed := text[c.offset:offset]
	c.offset = offset
	if c.still {
		return
	}
	if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
		c.line += bytes.Count(passed, []byte("\n"))
		c.col = len(passed) - i
		return
	}
	c.col += len(passed)
}
