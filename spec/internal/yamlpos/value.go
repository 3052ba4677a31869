package yamlpos

import (
	"reflect"

	"gopkg.in/yaml.v3"

	"ftrun/spec/diag"
)

// A Kind is the form of a value.
type Kind int

// The forms of a value.
const (
	Null Kind = iota
	Scalar
	List
	Mapping
)

// A Value is a value of a document with its key path.
type Value struct {
	doc  *Document
	node *yaml.Node
	path string
}

// An Entry is one key of a mapping, and its value.
type Entry struct {
	Key   string
	Value Value

	at *yaml.Node
}

// Doc returns the document that the value is part of.
func (v Value) Doc() *Document { return v.doc }

// Path returns the value's key path, such as test.cases[2].question; the root's is empty.
func (v Value) Path() string { return v.path }

// Pos returns where the value stands.
func (v Value) Pos() diag.Position { return v.doc.pos(v.node) }

// Kind returns the value's form.
func (v Value) Kind() Kind {
	switch {
	case v.node.Kind == yaml.MappingNode:
		return Mapping
	case v.node.Kind == yaml.SequenceNode:
		return List
	case isNull(v.node):
		return Null
	default:
		return Scalar
	}
}

// Text returns a scalar as it is written, its quotes left out, and "" for any other form.
func (v Value) Text() string {
	if v.Kind() != Scalar {
		return ""
	}
	return v.node.Value
}

// Quoted reports whether the value is written as a scalar in quotes, or as a block of text.
func (v Value) Quoted() bool { return v.Kind() == Scalar && quoted(v.node) }

// Textual reports whether the value can't be anything but text: it is in quotes, and no variable is the reason for them.
func (v Value) Textual() bool { return v.Kind() == Scalar && v.doc.textual(v.node) }

// Variables returns the text from outside the file that is part of the value, in its order.
func (v Value) Variables() []Variable { return v.doc.fills[v.node].variables }

// Into decodes the value into what out points to.
func (v Value) Into(out any) { v.doc.decode(v.node, v.path, reflect.ValueOf(out).Elem()) }

// IntoKey decodes the value into the field of the struct that out points to whose key is named: a bare scalar that stands
// for a mapping with this one key.
func (v Value) IntoKey(out any, key string) {
	target := reflect.ValueOf(out).Elem()
	for _, f := range fields(target.Type()) {
		if f.key == key {
			v.doc.decode(v.node, v.path, target.FieldByIndex(f.index))
			return
		}
	}
	panic("yamlpos: " + target.Type().String() + " has no key " + key)
}

// Entries returns the keys of a mapping, its own and merged ones, and nil for any other form. Duplicate keys are reported.
func (v Value) Entries() []Entry {
	if v.Kind() != Mapping {
		return nil
	}
	var all []Entry
	for _, e := range v.doc.entries(v.node, v.path) {
		child := Value{v.doc, e.value, Join(v.path, e.key)}
		v.doc.positions[child.path] = child.Pos()
		all = append(all, Entry{e.key, child, e.at})
	}
	return all
}

// Items returns the items of a list, and nil for any other form.
func (v Value) Items() []Value {
	if v.Kind() != List {
		return nil
	}
	var all []Value
	for i, n := range v.node.Content {
		child := Value{v.doc, resolve(n), item(v.path, i)}
		v.doc.positions[child.path] = child.Pos()
		all = append(all, child)
	}
	return all
}

// Lookup returns the value of a mapping's own key.
func (v Value) Lookup(key string) (Value, bool) {
	for i := 0; v.Kind() == Mapping && i+1 < len(v.node.Content); i += 2 {
		if v.node.Content[i].Value == key {
			return Value{v.doc, resolve(v.node.Content[i+1]), Join(v.path, key)}, true
		}
	}
	return Value{}, false
}

// Describe says in a few words what the value is.
func (v Value) Describe() string { return describe(v.node) }

// Want reports that the value should have been something else.
func (v Value) Want(what string) { v.doc.want(v.node, v.path, what) }

// Addf reports a problem with the value.
func (v Value) Addf(format string, args ...any) { v.doc.addAt(v.node, v.path, "", format, args...) }

// Add reports a problem with the value, and how to mend it.
func (v Value) Add(message, hint string) { v.doc.addAt(v.node, v.path, hint, "%s", message) }

// Add reports a problem with the key, and how to mend it.
func (e Entry) Add(message, hint string) {
	e.Value.doc.addAt(e.at, e.Value.path, hint, "%s", message)
}
