package yamlpos

import (
	"bytes"
	"encoding/json"
	"slices"

	"gopkg.in/yaml.v3"
)

// JSON returns the value as JSON, its keys in the order in which they are written, because a model answers in the order of a schema. As in an
// interface value, quotes decide what is text. It reports what JSON does not have, and then returns false.
func (v Value) JSON() (json.RawMessage, bool) {
	before := v.doc.found
	var b bytes.Buffer
	v.doc.appendJSON(&b, v.node, v.path)
	if v.doc.found > before {
		return nil, false
	}
	return slices.Clip(b.Bytes()), true
}

func (d *Document) appendJSON(b *bytes.Buffer, n *yaml.Node, path string) {
	n = resolve(n)
	d.positions[path] = d.pos(n)
	n, ok := d.expand(n, path)
	if !ok {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i, e := range d.entries(n, path) {
			if i > 0 {
				b.WriteByte(',')
			}
			appendText(b, e.key)
			b.WriteByte(':')
			d.appendJSON(b, e.value, Join(path, e.key))
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			d.appendJSON(b, c, item(path, i))
		}
		b.WriteByte(']')
	default:
		switch plain := d.decodeAny(n, path).(type) {
		case string:
			appendText(b, plain)
		case json.Number:
			b.WriteString(plain.String())
		case bool:
			if plain {
				b.WriteString("true")
			} else {
				b.WriteString("false")
			}
		default:
			b.WriteString("null")
		}
	}
}

// appendText writes a JSON string that escapes only what JSON demands.
func appendText(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) == nil { // text always has a form in JSON
		b.Truncate(b.Len() - 1) // the line's end
	}
}
