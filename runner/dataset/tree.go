package dataset

import (
	"bytes"
	"strings"
	"sync"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
)

// A node is a JSON value inside a field of a row. It knows where it stands, for findings.
type node struct {
	value  jsontext.Value
	field  *rows.Field
	offset int         // of value in the field's, in bytes
	outer  *rows.Field // of a value whose JSON stood in a text: where that stands; then there is no field
}

func nodeOf(f *rows.Field) node { return node{value: f.Value, field: f} }

func (n node) kind() jsontext.Kind { return n.value.Kind() }

// present reports whether there is a value, other than null.
func (n node) present() bool { return n.value != nil && n.value.Kind() != 'n' }

// at returns where the value stands; of no value, nowhere. It takes a time that grows with the text before the value.
func (n node) at() place {
	switch {
	case n.outer != nil:
		return place{n.outer.Line, n.outer.Col}
	case n.field == nil:
		return place{}
	}
	line, col := n.field.At(n.offset)
	return place{line, col}
}

// spotAt returns a node that stands at a place, such as that of a column's name, and has no value.
func spotAt(p rows.Place) node { return node{outer: &rows.Field{Line: p.Line, Col: p.Col}} }

// structured returns the array or object whose JSON a text holds, as tables have them in their cells; other values as they are.
func (n node) structured() node {
	if n.kind() != '"' {
		return n
	}
	text := jsontext.Value(strings.TrimSpace(n.text()))
	if len(text) == 0 || text[0] != '[' && text[0] != '{' || !text.IsValid() {
		return n
	}
	return node{value: text, outer: n.field}
}

// within returns where a part of the text of a JSON string stands, by its offset in the text, as a node without a value; of another value,
// where that stands.
func (n node) within(offset int) node {
	if n.field == nil || n.kind() != '"' { // so is JSON in a text
		return n
	}
	at := 1 // the quote
	for at < len(n.value)-1 && offset > 0 {
		size, length := 1, 1 // in the value and in the text
		if n.value[at] == '\\' {
			size = 2
			if n.value[at+1] == 'u' {
				size = escapeLen(n.value[at:])
				length = len(unquote(append(append(jsontext.Value{'"'}, n.value[at:at+size]...), '"')))
			}
		}
		at, offset = at+size, offset-length
	}
	return node{field: n.field, offset: n.offset + at}
}

// escapeLen returns the length of the \u escape that text begins with: one, or a pair of surrogates.
func escapeLen(text jsontext.Value) int {
	const one = len(`\u0000`)
	if len(text) >= 2*one && (text[2] == 'd' || text[2] == 'D') && text[3] >= '8' && text[one] == '\\' { // D800 to DBFF, and its other half
		return 2 * one
	}
	return one
}

// text returns the text of a JSON string.
func (n node) text() string { return unquote(n.value) }

// blank reports whether the value is text with nothing but white space in it.
func (n node) blank() bool { return n.kind() == '"' && strings.TrimSpace(n.text()) == "" }

// A key is a member of an object.
type key struct {
	name string
	node
}

// elements returns the elements of a JSON array; of another value, none.
func (n node) elements() []node {
	if n.kind() != '[' {
		return nil
	}
	var list []node
	walk(n.value, func(dec *jsontext.Decoder) bool {
		value, err := dec.ReadValue()
		if err == nil {
			list = append(list, n.part(dec, len(value)))
		}
		return err == nil
	})
	return list
}

// keys returns the members of a JSON object; of another value, none.
func (n node) keys() []key {
	if n.kind() != '{' {
		return nil
	}
	list := make([]key, 0, 4)
	walk(n.value, func(dec *jsontext.Decoder) bool {
		name, err := dec.ReadToken()
		if err != nil {
			return false
		}
		k := key{name: name.String()}
		value, err := dec.ReadValue()
		if err == nil {
			k.node = n.part(dec, len(value))
			list = append(list, k)
		}
		return err == nil
	})
	return list
}

// get returns a member of an object; the zero node where it has none of that name.
func (n node) get(name string) node {
	for _, k := range n.keys() {
		if k.name == name {
			return k.node
		}
	}
	return node{}
}

// part returns the n bytes that dec has just read.
func (n node) part(dec *jsontext.Decoder, size int) node {
	end := int(dec.InputOffset())
	return node{value: n.value[end-size : end : end], field: n.field, offset: n.offset + end - size, outer: n.outer}
}

// A walker is a decoder and what it reads from, to be used again.
type walker struct {
	dec jsontext.Decoder
	in  bytes.Buffer
}

var walkers = sync.Pool{New: func() any { return new(walker) }}

// texts calls each with the text of every string in the value, however deep; keys are none.
func (n node) texts(each func(text string)) {
	w := walkers.Get().(*walker)
	defer walkers.Put(w)
	w.in = *bytes.NewBuffer(n.value)
	w.dec.Reset(&w.in)
	for {
		token, err := w.dec.ReadToken()
		if err != nil {
			return
		}
		kind, length := w.dec.StackIndex(w.dec.StackDepth())
		if token.Kind() == '"' && (kind != '{' || length%2 == 0) { // of the tokens in an object the first, third … are keys
			each(token.String())
		}
	}
}

// walk enters an array or object and calls read for each part of it.
func walk(value jsontext.Value, read func(*jsontext.Decoder) bool) {
	w := walkers.Get().(*walker)
	defer walkers.Put(w)
	w.in = *bytes.NewBuffer(value)
	w.dec.Reset(&w.in)
	if _, err := w.dec.ReadToken(); err != nil {
		return
	}
	for kind := w.dec.PeekKind(); kind != ']' && kind != '}'; kind = w.dec.PeekKind() {
		if !read(&w.dec) {
			return
		}
	}
}

// compact returns the value without white space; strings, numbers and the order of keys stay as they are written.
func compact(v jsontext.Value) jsontext.Value {
	v = v.Clone()
	_ = v.Compact() // fails on what is not JSON, which rows refuses
	return v
}

// unquote returns the text of a JSON string that is known to be valid. Text without escapes, most of the data, is not copied: nobody changes
// the bytes of a row.
func unquote(v jsontext.Value) string {
	if text := v[1 : len(v)-1]; bytes.IndexByte(text, '\\') < 0 {
		return unsafe.String(unsafe.SliceData(text), len(text))
	}
	text, _ := jsontext.AppendUnquote(make([]byte, 0, len(v)), v) // rows checks every value
	return unsafe.String(unsafe.SliceData(text), len(text))
}
