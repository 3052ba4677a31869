package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A schema comes from a client and may be made to cost without end: by its size, by depth, by branches that are looked at again and again.
// All of it is bounded, by numbers that no schema in earnest comes near.
const (
	maxSchema      = 256 << 10 // bytes
	maxSchemaDepth = 100       // of the document
	maxValueDepth  = 64        // of what is held to it
	maxLooks       = 1 << 18   // at subschemas, for one value
	maxAllLooks    = 1 << 22   // for one request, some two seconds
)

// A jsonSchema is a schema that values can be held to.
type jsonSchema struct {
	compiled *jsonschema.Schema
	looks    map[look]float64
	spent    float64 // looks of this request
}

// A look is a subschema at a place of a value that has so many levels below it.
type look struct {
	at     *jsonschema.Schema
	levels int
}

var errRemote = errors.New("it refers to another document, and only references within it are supported")

// localOnly refuses to load anything. What the compiler knows by itself, the meta-schemas, it does not ask for.
type localOnly struct{}

// Load refuses.
func (localOnly) Load(string) (any, error) { return nil, errRemote }

const schemaURL = "mem:///schema"

// compileSchema reads a schema. Its errors complete "Invalid schema for …: ".
func compileSchema(raw json.RawMessage) (*jsonSchema, error) {
	if len(raw) > maxSchema {
		return nil, fmt.Errorf("it is longer than %d bytes", maxSchema)
	}
	var plain any
	if err := json.Unmarshal(raw, &plain); err != nil { // numbers that are none for most of the world too
		return nil, fmt.Errorf("it can't be read: %w", err)
	}
	if depthOf(plain) > maxSchemaDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxSchemaDepth)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("it can't be read: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(localOnly{})
	compiler.AssertFormat()
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(schemaURL)
	switch {
	case errors.Is(err, errRemote):
		return nil, errRemote
	case err != nil:
		return nil, err
	}
	s := &jsonSchema{compiled: compiled, looks: map[look]float64{}}
	if math.IsInf(s.cost(compiled, 0), 1) {
		return nil, errors.New("it refers to itself without an end")
	}
	return s, nil
}

// accepts says whether a text is JSON that fits the schema. What would cost too much to find out does not fit.
func (s *jsonSchema) accepts(text string) bool {
	v, ok := decodeValue(text)
	return ok && s.fits(v)
}

// decodeValue reads a text that is one JSON value, of no more than the usual depth and with numbers of the usual size.
func decodeValue(text string) (any, bool) {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return nil, false
	}
	return v, depthOf(v) <= maxValueDepth
}

func (s *jsonSchema) fits(v any) bool {
	looks := float64(nodesOf(v)) * s.cost(s.compiled, depthOf(v))
	if looks > maxLooks || s.spent+looks > maxAllLooks {
		return false
	}
	s.spent += looks
	return s.compiled.Validate(v) == nil
}

// cost is the most looks at subschemas that one way down a value takes, from a place with so many levels below it. It is infinite where
// a subschema leads back to itself without a step down.
func (s *jsonSchema) cost(at *jsonschema.Schema, levels int) float64 {
	if at == nil {
		return 0
	}
	here := look{at, levels}
	if known, ok := s.looks[here]; ok {
		return known
	}
	s.looks[here] = math.Inf(1) // while it is being found out
	total := 1.0
	if at.Enum != nil {
		total += float64(len(at.Enum.Values)) / 8
	}
	for _, same := range inPlace(at) {
		total += s.cost(same, levels)
	}
	if levels > 0 {
		total += s.costBelow(at, levels-1)
	}
	s.looks[here] = total
	return total
}

// costBelow is the cost of the subschemas for what is one level down. One property has one subschema by its name, and all of the others.
func (s *jsonSchema) costBelow(at *jsonschema.Schema, levels int) float64 {
	named, all := below(at)
	dearest, total := 0.0, 0.0
	for _, child := range named {
		dearest = max(dearest, s.cost(child, levels))
	}
	for _, child := range all {
		total += s.cost(child, levels)
	}
	return dearest + total
}

// inPlace are the subschemas that look at the same value.
func inPlace(at *jsonschema.Schema) []*jsonschema.Schema {
	same := []*jsonschema.Schema{at.Ref, at.RecursiveRef, at.Not, at.If, at.Then, at.Else}
	if at.DynamicRef != nil {
		same = append(same, at.DynamicRef.Ref)
	}
	same = append(same, at.AllOf...)
	same = append(same, at.AnyOf...)
	same = append(same, at.OneOf...)
	for _, child := range at.DependentSchemas {
		same = append(same, child)
	}
	for _, child := range at.Dependencies {
		if child, ok := child.(*jsonschema.Schema); ok {
			same = append(same, child)
		}
	}
	return same
}

// below are the subschemas that look one level down: those for one place each, and those for any.
func below(at *jsonschema.Schema) (named, all []*jsonschema.Schema) {
	for _, child := range at.Properties {
		named = append(named, child)
	}
	named = append(named, at.PrefixItems...)
	all = []*jsonschema.Schema{at.PropertyNames, at.UnevaluatedProperties, at.Contains, at.Items2020, at.UnevaluatedItems}
	for _, child := range at.PatternProperties {
		all = append(all, child)
	}
	for _, other := range []any{at.AdditionalProperties, at.Items, at.AdditionalItems} {
		switch other := other.(type) {
		case *jsonschema.Schema:
			all = append(all, other)
		case []*jsonschema.Schema:
			named = append(named, other...)
		}
	}
	return named, all
}

// depthOf is how many levels a value has below its own.
func depthOf(v any) int {
	deepest := 0
	for _, child := range childrenOf(v) {
		deepest = max(deepest, 1+depthOf(child))
	}
	return deepest
}

// nodesOf counts a value and all that is in it.
func nodesOf(v any) int {
	n := 1
	for _, child := range childrenOf(v) {
		n += nodesOf(child)
	}
	return n
}

func childrenOf(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		children := make([]any, 0, len(v))
		for _, child := range v {
			children = append(children, child)
		}
		return children
	default:
		return nil
	}
}
