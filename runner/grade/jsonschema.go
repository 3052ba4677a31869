package grade

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// schemaURL is what an inline schema calls itself where it needs a name.
const schemaURL = "inline:///schema"

// nowhere loads no schema: a spec may come from a stranger, and what it refers to is fetched from nowhere.
type nowhere struct{}

func (nowhere) Load(string) (any, error) { return nil, errElsewhere }

var errElsewhere = errors.New("a schema elsewhere is never fetched")

// compileSchema compiles a schema, or returns the problem with it, its key that of the part that it is in.
func compileSchema(schema any) (*jsonschema.Schema, *Problem) {
	switch schema.(type) {
	case map[string]any, bool:
	default:
		return nil, &Problem{Key: "schema", Message: "want a JSON Schema, that is a mapping such as {type: object, required: [name]}"}
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(nowhere{})
	c.AssertFormat()
	if err := c.AddResource(schemaURL, schema); err != nil {
		return nil, &Problem{Key: "schema", Message: plainText(err.Error())}
	}
	compiled, err := c.Compile(schemaURL)
	if err != nil {
		return nil, schemaProblem(err)
	}
	return compiled, nil
}

// schemaProblem says what is wrong with a schema, and where in it.
func schemaProblem(err error) *Problem {
	if elsewhere, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		return &Problem{Key: "schema", Message: fmt.Sprintf("%s is not in the schema, and %v; put it under $defs", quoteHead(strings.TrimPrefix(elsewhere.URL, "inline:///"), nameRunes), errElsewhere)}
	}
	if bad, ok := errors.AsType[*jsonschema.InvalidRegexError](err); ok {
		return &Problem{Key: "schema", Message: fmt.Sprintf("pattern %s: %s", quoteHead(bad.Regex, excerptRunes), plainText(bad.Err.Error()))}
	}
	if wrapped, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		err = wrapped.Err
	}
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		leaf := firstLeaf(invalid)
		return &Problem{Key: keyInside("schema", leaf.InstanceLocation), Message: "not a JSON Schema: " + kindMessage(leaf)}
	}
	return &Problem{Key: "schema", Message: plainText(strings.ReplaceAll(err.Error(), schemaURL, ""))}
}

// validateJSON returns the first thing that keeps a value from fitting a schema, or "".
func validateJSON(schema *jsonschema.Schema, value any) string {
	err := schema.Validate(value)
	if err == nil {
		return ""
	}
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return plainText(err.Error())
	}
	leaf := firstLeaf(invalid)
	at := "the whole"
	if len(leaf.InstanceLocation) > 0 {
		at = plainText(strings.TrimPrefix(keyInside("", leaf.InstanceLocation), "."))
	}
	return fmt.Sprintf("does not fit the schema: %s: %s", at, kindMessage(leaf))
}

// firstLeaf returns one of the innermost causes, which an author can mend: the first by its place and its words, since the library finds them in the
// order of a map.
func firstLeaf(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return e
	}
	first := firstLeaf(e.Causes[0])
	for _, cause := range e.Causes[1:] {
		if leaf := firstLeaf(cause); before(leaf, first) {
			first = leaf
		}
	}
	return first
}

func before(a, b *jsonschema.ValidationError) bool {
	if order := slices.Compare(a.InstanceLocation, b.InstanceLocation); order != 0 {
		return order < 0
	}
	_, typeOfA := a.ErrorKind.(*kind.Type)
	_, typeOfB := b.ErrorKind.(*kind.Type)
	if typeOfA != typeOfB { // of alternatives, the one that got further says more than that a type is another's
		return typeOfB
	}
	return kindMessage(a) < kindMessage(b)
}

func kindMessage(e *jsonschema.ValidationError) string {
	if k, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		slices.Sort(k.Properties) // found in the order of a map, too
	}
	return plainText(e.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
}

// keyInside appends the steps of a location to a key, as key paths are written.
func keyInside(key string, location []string) string {
	for _, step := range location {
		if _, err := strconv.Atoi(step); err == nil {
			key += "[" + step + "]"
		} else {
			key += "." + step
		}
	}
	return key
}
