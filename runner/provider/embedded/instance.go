package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// standInText is what a string says that nobody has learned.
const standInText = "ftrun embedded stand-in, not a GPT"

// Bounds on the search for an instance.
const (
	maxInstanceDepth = 16
	maxTries         = 2000 // of values, at each depth that is tried
	maxFill          = 1000 // items, properties or characters that a minimum may ask for
)

var errNoInstance = errors.New("the embedded engine finds no value that fits it; a simpler schema may help")

// instance builds a small value that fits the schema, the same one every time: the first of an enum, the minimum, the required properties.
// Strings say that they are a stand-in. Of values that nest, it looks for the flattest.
func (s *jsonSchema) instance() (any, error) {
	for depth := range maxInstanceDepth + 1 {
		b := &builder{tries: maxTries}
		v, ok := b.build([]*jsonschema.Schema{s.compiled}, depth, 0)
		if !ok {
			continue
		}
		// Through text and back, so that what is held to the schema is what is sent.
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if decoded, ok := decodeValue(string(text)); ok && s.fits(decoded) {
			return v, nil
		}
	}
	return nil, errNoInstance
}

// instanceText is instance as JSON.
func (s *jsonSchema) instanceText() (string, error) {
	v, err := s.instance()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(v)
	return string(text), err
}

// A builder builds values until its tries are spent.
type builder struct{ tries int }

// build returns a value for all of the schemas at once. Where items have to differ, variant tells them apart.
func (b *builder) build(all []*jsonschema.Schema, depth, variant int) (any, bool) {
	if b.tries--; b.tries < 0 || depth < 0 {
		return nil, false
	}
	parts, choice := expand(all)
	if choice != nil {
		return b.choose(parts, choice, depth, variant)
	}
	for _, p := range parts {
		if p.Bool != nil && !*p.Bool {
			return nil, false
		}
	}
	if v, ok, fixed := fixedValue(parts, variant); fixed {
		return v, ok
	}
	for _, kind := range kindsOf(parts) {
		if v, ok := b.ofKind(kind, parts, depth, variant); ok {
			return v, true
		}
	}
	return nil, false
}

// expand gathers what a value has to fit at the same place. choice is the first list of schemas of which it has to fit one.
func expand(all []*jsonschema.Schema) (parts, choice []*jsonschema.Schema) {
	seen := map[*jsonschema.Schema]bool{}
	for queue := slices.Clone(all); len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at == nil || seen[at] {
			continue
		}
		seen[at] = true
		parts = append(parts, at)
		queue = append(queue, at.Ref, at.RecursiveRef)
		if at.DynamicRef != nil {
			queue = append(queue, at.DynamicRef.Ref)
		}
		queue = append(queue, at.AllOf...)
	}
	for _, p := range parts {
		for _, options := range [][]*jsonschema.Schema{p.AnyOf, p.OneOf} {
			// An option that is among the parts was chosen already.
			if len(options) > 0 && choice == nil && !slices.ContainsFunc(options, func(o *jsonschema.Schema) bool { return seen[o] }) {
				choice = options
			}
		}
	}
	return parts, choice
}

// choose tries one option after the other.
func (b *builder) choose(parts, options []*jsonschema.Schema, depth, variant int) (any, bool) {
	for _, option := range options {
		if v, ok := b.build(append(slices.Clip(parts), option), depth, variant); ok {
			return v, true
		}
	}
	return nil, false
}

// fixedValue is a value that is written in a schema. fixed says that one of them fixes it; ok that all of the others have it too.
func fixedValue(parts []*jsonschema.Schema, variant int) (v any, ok, fixed bool) {
	var values []any
	for _, p := range parts {
		switch {
		case p.Const != nil:
			values, fixed = []any{*p.Const}, true
		case p.Enum != nil && !fixed:
			values, fixed = p.Enum.Values, true
		}
	}
	var fitting []any
	for _, v := range values {
		if !slices.ContainsFunc(parts, func(p *jsonschema.Schema) bool { return !fitsAlone(p, v) }) {
			fitting = append(fitting, v)
		}
	}
	if len(fitting) == 0 {
		return nil, false, fixed
	}
	return fitting[variant%len(fitting)], true, fixed
}

// fitsAlone says whether a value has the type of a schema and is one of its values; the rest is found out once the whole is built.
func fitsAlone(p *jsonschema.Schema, v any) bool {
	alone := jsonschema.Schema{DraftVersion: p.DraftVersion, Types: p.Types, Enum: p.Enum, Const: p.Const}
	return alone.Validate(v) == nil
}

// kindsOf are the types that a value may have, the likeliest first.
func kindsOf(parts []*jsonschema.Schema) []string {
	kinds := []string{"string", "object", "array", "integer", "number", "boolean", "null"}
	hints := map[string]bool{}
	typed := false
	for _, p := range parts {
		if p.Types != nil {
			typed = true
			said := p.Types.ToStrings()
			kinds = slices.DeleteFunc(kinds, func(kind string) bool {
				return !slices.Contains(said, kind) && (kind != "integer" || !slices.Contains(said, "number"))
			})
		}
		hints["object"] = hints["object"] || p.Properties != nil || p.Required != nil || p.MinProperties != nil
		hints["array"] = hints["array"] || p.Items != nil || p.Items2020 != nil || p.PrefixItems != nil || p.MinItems != nil
		hints["integer"] = hints["integer"] || p.Minimum != nil || p.Maximum != nil || p.ExclusiveMinimum != nil || p.ExclusiveMaximum != nil
	}
	if typed && slices.Contains(kinds, "number") { // which an integer is too
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return kind == "integer" })
	}
	hinted := func(kind string) bool { return hints[kind] }
	if likely := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return !hinted(kind) }); len(likely) > 0 {
		if !typed { // what it is of is only said by what it says of it
			return likely
		}
		kinds = append(likely, slices.DeleteFunc(kinds, hinted)...)
	}
	return kinds
}

func (b *builder) ofKind(kind string, parts []*jsonschema.Schema, depth, variant int) (any, bool) {
	switch kind {
	case "object":
		return b.object(parts, depth)
	case "array":
		return b.array(parts, depth)
	case "string":
		return stringFor(parts, variant)
	case "integer", "number":
		return numberFor(parts, kind == "integer", variant)
	case "boolean":
		return variant%2 == 1, true
	default:
		return nil, true
	}
}

func (b *builder) object(parts []*jsonschema.Schema, depth int) (any, bool) {
	names, least := map[string]bool{}, 0
	var optional []string
	for _, p := range parts {
		for _, name := range p.Required {
			names[name] = true
		}
		optional = append(optional, sortedKeys(p.Properties)...)
		if p.MinProperties != nil {
			least = max(least, *p.MinProperties)
		}
	}
	if least > maxFill {
		return nil, false
	}
	for i := 0; len(names) < least; i++ {
		name := fmt.Sprintf("stand_in_%d", i+1)
		if i < len(optional) {
			name = optional[i]
		}
		names[name] = true
	}
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		v, ok := b.build(forProperty(parts, name), depth-1, 0)
		if !ok {
			return nil, false
		}
		object[name] = v
	}
	return object, true
}

// forProperty are the schemas that a property has to fit.
func forProperty(parts []*jsonschema.Schema, name string) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	for _, p := range parts {
		known := false
		if child := p.Properties[name]; child != nil {
			all, known = append(all, child), true
		}
		for pattern, child := range p.PatternProperties {
			if pattern.MatchString(name) {
				all, known = append(all, child), true
			}
		}
		if child := asSchema(p.AdditionalProperties); !known && child != nil {
			all = append(all, child)
		}
	}
	return all
}

// asSchema is a schema that may also stand as a truth value, or as nothing.
func asSchema(v any) *jsonschema.Schema {
	switch v := v.(type) {
	case *jsonschema.Schema:
		return v
	case bool:
		return &jsonschema.Schema{Bool: &v}
	default:
		return nil
	}
}

func (b *builder) array(parts []*jsonschema.Schema, depth int) (any, bool) {
	least := 0
	var contained []*jsonschema.Schema
	for _, p := range parts {
		if p.MinItems != nil {
			least = max(least, *p.MinItems)
		}
		if p.Contains != nil && (p.MinContains == nil || *p.MinContains > 0) {
			contained = append(contained, p.Contains)
			if p.MinContains != nil {
				least = max(least, *p.MinContains)
			}
		}
	}
	least = max(least, min(1, len(contained)))
	if least > maxFill {
		return nil, false
	}
	list := make([]any, least)
	for i := range list {
		v, ok := b.build(append(forItem(parts, i), contained...), depth-1, i)
		if !ok {
			return nil, false
		}
		list[i] = v
	}
	return list, true
}

// forItem are the schemas that an item has to fit.
func forItem(parts []*jsonschema.Schema, i int) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	for _, p := range parts {
		prefix, rest := p.PrefixItems, p.Items2020
		switch items := p.Items.(type) { // as drafts before 2020 have it
		case []*jsonschema.Schema:
			prefix, rest = items, asSchema(p.AdditionalItems)
		default:
			if before := asSchema(items); before != nil {
				rest = before
			}
		}
		if i < len(prefix) {
			all = append(all, prefix[i])
		} else if rest != nil {
			all = append(all, rest)
		}
	}
	return all
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
