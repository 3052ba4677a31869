package result_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ftrun/runner/result"
)

// A schemaNode is what this test reads of the JSON Schema.
type schemaNode struct {
	Ref        string                `json:"$ref"`
	Type       any                   `json:"type"`
	Required   []string              `json:"required"`
	Properties map[string]schemaNode `json:"properties"`
	Items      *schemaNode           `json:"items"`
	AnyOf      []schemaNode          `json:"anyOf"`
	Defs       map[string]schemaNode `json:"$defs"`
}

// TestSchemaHasEveryField compares the published schema with the types that are written.
func TestSchemaHasEveryField(t *testing.T) {
	t.Parallel()
	var root schemaNode
	if err := json.Unmarshal(result.ResultsSchema(), &root); err != nil {
		t.Fatal(err)
	}
	// The one field that is written by hand.
	cases := root.Properties["cases"]
	delete(root.Properties, "cases")
	root.Required = slices.DeleteFunc(root.Required, func(s string) bool { return s == "cases" })

	w := schemaWalk{t: t, defs: root.Defs, seen: map[string]bool{}}
	w.object("results", root, reflect.TypeFor[result.Run]())
	w.value("cases", cases, reflect.TypeFor[[]result.Case]())
	for name := range root.Defs {
		if !w.seen[name] {
			t.Errorf("the schema defines %q, which nothing uses", name)
		}
	}
}

// A schemaWalk goes through a schema and a type together.
type schemaWalk struct {
	t    *testing.T
	defs map[string]schemaNode
	seen map[string]bool
}

func (w schemaWalk) object(path string, s schemaNode, typ reflect.Type) {
	var fields, required []string
	for _, f := range reflect.VisibleFields(typ) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "-" {
			continue
		}
		if name == "" || f.Name == "Baseline" && len(f.Index) > 1 {
			w.t.Errorf("%s.%s has no JSON name", path, f.Name)
		}
		fields = append(fields, name)
		if options == "" {
			required = append(required, name)
		}
		property, ok := s.Properties[name]
		if !ok {
			w.t.Errorf("%s.%s is not in the schema", path, name)
			continue
		}
		w.value(path+"."+name, property, f.Type)
		if isNullable := f.Type.Kind() == reflect.Pointer && options == ""; isNullable != w.allowsNull(property) {
			w.t.Errorf("%s.%s: null is allowed: %v in Go, %v in the schema", path, name, isNullable, !isNullable)
		}
	}
	slices.Sort(fields)
	slices.Sort(required)
	if got := slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(got, fields) {
		w.t.Errorf("%s has the properties\n%q in the schema, and\n%q in Go", path, got, fields)
	}
	if got := slices.Sorted(slices.Values(s.Required)); !slices.Equal(got, required) {
		w.t.Errorf("%s requires\n%q in the schema, and writes always\n%q", path, got, required)
	}
}

func (w schemaWalk) value(path string, s schemaNode, typ reflect.Type) {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	for _, one := range s.AnyOf {
		if one.Ref != "" {
			s = one
		}
	}
	switch {
	case s.Ref != "":
		name := strings.TrimPrefix(s.Ref, "#/$defs/")
		if !w.seen[name] {
			w.seen[name] = true
			w.object(name, w.defs[name], typ)
		}
		if len(w.defs[name].Properties) == 0 || typ.Kind() != reflect.Struct {
			w.t.Errorf("%s refers to %s, and is a %s", path, s.Ref, typ)
		}
	case s.Items != nil:
		if typ.Kind() != reflect.Slice {
			w.t.Errorf("%s is an array in the schema, and a %s in Go", path, typ)
			return
		}
		w.value(path+"[]", *s.Items, typ.Elem())
	case s.Type != nil:
		w.scalar(path, s.Type, typ)
	}
}

func (w schemaWalk) scalar(path string, want any, typ reflect.Type) {
	if list, ok := want.([]any); ok {
		want = list[0]
	}
	got := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer", reflect.Float64: "number",
		reflect.Map: "object",
	}[typ.Kind()]
	if typ.String() == "time.Time" {
		got = "string"
	}
	if got != want {
		w.t.Errorf("%s is %v in the schema, and a %s in Go", path, want, typ)
	}
}

func (w schemaWalk) allowsNull(s schemaNode) bool {
	if list, ok := s.Type.([]any); ok {
		return slices.Contains(list, any("null"))
	}
	return slices.ContainsFunc(s.AnyOf, func(one schemaNode) bool { return one.Type == "null" })
}
