package yamlpos

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"ftrun/spec/diag"
)

var durationType = reflect.TypeFor[time.Duration]()

// decode fills out from a value and reports what does not fit; out keeps what it held where the value is refused.
func (d *Document) decode(n *yaml.Node, path string, out reflect.Value) {
	n = resolve(n)
	d.positions[path] = d.pos(n)
	n, ok := d.expand(n, path)
	if !ok {
		return
	}
	if u, ok := out.Addr().Interface().(Unmarshaler); ok {
		u.UnmarshalValue(Value{d, n, path})
		return
	}
	if d.Foreign != nil && d.Foreign(Value{d, n, path}, out.Addr().Interface()) {
		return
	}
	switch {
	case out.Kind() == reflect.Pointer:
		if out.IsNil() {
			out.Set(reflect.New(out.Type().Elem()))
		}
		d.decode(n, path, out.Elem())
	case out.Kind() == reflect.Struct:
		d.decodeStruct(n, path, out)
	case out.Kind() == reflect.Slice:
		d.decodeList(n, path, out)
	case out.Kind() == reflect.Map:
		d.decodeMap(n, path, out)
	case out.Kind() == reflect.Interface:
		if v := d.decodeAny(n, path); v != nil {
			out.Set(reflect.ValueOf(v))
		}
	default:
		d.decodeScalar(n, path, out)
	}
}

func (d *Document) decodeStruct(n *yaml.Node, path string, out reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.want(n, path, "a mapping")
		return
	}
	all := fields(out.Type())
	missing := map[string]bool{}
	for _, f := range all {
		missing[f.key] = f.required
	}
	for _, e := range d.entries(n, path) {
		i := slices.IndexFunc(all, func(f field) bool { return f.key == e.key })
		if i < 0 {
			d.unknownKey(n, e, path, out.Type())
			continue
		}
		missing[e.key] = false
		d.decode(e.value, Join(path, e.key), out.FieldByIndex(all[i].index))
	}
	for _, f := range all {
		if missing[f.key] {
			d.addAt(n, path, "", "missing key %q", f.key)
		}
	}
}

func (d *Document) decodeList(n *yaml.Node, path string, out reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.want(n, path, "a list")
		return
	}
	list := reflect.MakeSlice(out.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		d.decode(c, item(path, i), list.Index(i))
	}
	out.Set(list)
}

func (d *Document) decodeMap(n *yaml.Node, path string, out reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.want(n, path, "a mapping")
		return
	}
	m := reflect.MakeMap(out.Type())
	for _, e := range d.entries(n, path) {
		v := reflect.New(out.Type().Elem()).Elem()
		d.decode(e.value, Join(path, e.key), v)
		m.SetMapIndex(reflect.ValueOf(e.key), v)
	}
	out.Set(m)
}

func (d *Document) decodeScalar(n *yaml.Node, path string, out reflect.Value) {
	switch {
	case out.Type() == durationType:
		if v, ok := duration(n); ok {
			out.SetInt(int64(v))
		} else {
			d.want(n, path, "a duration such as 90s, 30m or 5h")
		}
	case out.Kind() == reflect.String:
		if n.Kind == yaml.ScalarNode && !isNull(n) {
			out.SetString(n.Value)
		} else {
			d.want(n, path, "text")
		}
	case out.Kind() == reflect.Bool:
		if v, ok := boolean(n, d.textual(n)); ok {
			out.SetBool(v)
		} else {
			d.want(n, path, "true or false")
		}
	case out.CanInt():
		if v, ok := whole(n, d.textual(n), out.Type().Bits()); ok {
			out.SetInt(v)
		} else {
			d.want(n, path, "a whole number")
		}
	case out.CanFloat():
		if v, ok := number(n, d.textual(n)); ok {
			out.SetFloat(v)
		} else {
			d.want(n, path, "a number")
		}
	default:
		panic(fmt.Sprintf("yamlpos: can't decode into %s", out.Type()))
	}
}

func duration(n *yaml.Node) (time.Duration, bool) {
	if n.Kind != yaml.ScalarNode || !strings.ContainsAny(n.Value, "hmsuµn") {
		return 0, false // a bare 0 is a duration to the standard library
	}
	v, err := time.ParseDuration(n.Value)
	return v, err == nil
}

func boolean(n *yaml.Node, textual bool) (value, ok bool) {
	if n.Kind != yaml.ScalarNode || textual {
		return false, false
	}
	switch n.Value {
	case "true", "True", "TRUE":
		return true, true
	case "false", "False", "FALSE":
		return false, true
	default:
		return false, false
	}
}

var (
	wholePattern  = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`) // no 010, which YAML 1.1 takes for 8
	numberPattern = regexp.MustCompile(`^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
)

func whole(n *yaml.Node, textual bool, bits int) (int64, bool) {
	if n.Kind != yaml.ScalarNode || textual || !wholePattern.MatchString(n.Value) {
		return 0, false
	}
	v, err := strconv.ParseInt(n.Value, 10, bits)
	return v, err == nil
}

func number(n *yaml.Node, textual bool) (float64, bool) {
	if n.Kind != yaml.ScalarNode || textual || !numberPattern.MatchString(n.Value) {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.Value, 64)
	return v, err == nil && !math.IsInf(v, 0)
}

// want reports a value of the wrong type, with the reason where YAML's own rules made it one.
func (d *Document) want(n *yaml.Node, path, what string) {
	d.addAt(n, path, d.whyNot(n, what), "want %s, found %s", what, describe(n))
}

func (d *Document) whyNot(n *yaml.Node, what string) string {
	flow := n.Style&yaml.FlowStyle != 0
	switch {
	case isNull(n) && strings.Contains(d.after(n), "#"):
		return `a "#" after a blank begins a comment; put the value in quotes`
	case isNull(n):
		return "a key without a value is not a default; leave the key out, or give it a value"
	case what != "text" && !strings.Contains(what, "mapping") && what != "a list" && n.Kind == yaml.ScalarNode && d.textual(n):
		return "take the quotes away"
	case what != "text" || d.lines == nil:
		return ""
	case n.Kind == yaml.SequenceNode && flow:
		return `a value that begins with "[" is a list; put it in quotes`
	case n.Kind == yaml.MappingNode && d.startsWith(n, '{'):
		return `a value that begins with "{" is a mapping; put it in quotes`
	case n.Kind == yaml.MappingNode:
		return `a ": " inside a value makes it a mapping; put it in quotes`
	default:
		return ""
	}
}

// after returns the rest of the line that a value stands on.
func (d *Document) after(n *yaml.Node) string {
	if n.Line < 1 || n.Line > len(d.lines) {
		return ""
	}
	line := []rune(d.lines[n.Line-1])
	return string(line[min(max(n.Column-1, 0), len(line)):])
}

func (d *Document) startsWith(n *yaml.Node, r rune) bool {
	return strings.HasPrefix(d.after(n), string(r))
}

// Keys lists the keys of the struct that out points to, sorted.
func Keys(out any) []string { return keys(reflect.TypeOf(out).Elem()) }

// keys lists the keys of a struct, sorted.
func keys(t reflect.Type) []string {
	var all []string
	for _, f := range fields(t) {
		all = append(all, f.key)
	}
	slices.Sort(all)
	return all
}

// suggest returns the key that was meant: one of the struct's own, or one of a struct inside it that has that very name.
func suggest(word string, t reflect.Type) string {
	if s := diag.Suggest(word, keys(t)); s != "" {
		return s
	}
	for _, f := range fields(t) {
		inner := t.FieldByIndex(f.index).Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && slices.Contains(keys(inner), word) {
			return f.key + "." + word
		}
	}
	return ""
}

// A field is a struct field that has a key.
type field struct {
	key      string
	index    []int
	required bool
}

// known has the fields of every struct that was decoded: a test may have many thousand cases.
var known sync.Map // reflect.Type to []field

// fields lists the keys of a struct, those of embedded and inlined structs among them.
func fields(t reflect.Type) []field {
	if all, ok := known.Load(t); ok {
		return all.([]field)
	}
	var all []field
	for _, f := range reflect.VisibleFields(t) {
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || key == "" || key == "-" {
			continue
		}
		all = append(all, field{key, f.Index, options == "required"})
	}
	known.Store(t, all)
	return all
}
