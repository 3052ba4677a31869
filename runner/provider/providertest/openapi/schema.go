package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// prose is what the description says of schemas and parameters in words only, as keywords. "Both forms" of hyperparameters is no
// sentence of its own there: the old one is deprecated in favour of the new, and services refuse the two together.
var prose = map[string]map[string]any{
	"Metadata": {
		"maxProperties":        16,
		"propertyNames":        map[string]any{"maxLength": 64},
		"additionalProperties": map[string]any{"maxLength": 512},
	},
	"CreateFineTuningJobRequest": {"not": map[string]any{"required": []any{"method", "hyperparameters"}}},
	"GET /files limit":           {"minimum": 1, "maximum": 10000},
}

// live are properties that services answer with though the description does not list them: name and schema, by the schema they
// belong to. The status paused stands in the description's own example of pausing a job, and not in the list of statuses. An embedding
// is described as numbers, and is a text where the request has the encoding_format base64, which is described.
var live = map[string]map[string]any{
	"Embedding": {
		"embedding": map[string]any{"type": []any{"array", "string"}, "items": map[string]any{"type": "number"}},
	},
	"FineTuningJob": {
		"user_provided_suffix": map[string]any{"type": []any{"string", "null"}},
		"status":               map[string]any{"enum": []any{"validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"}},
	},
}

// Schemas are loaded under these addresses. A closed schema refuses what it does not name; an open one is a part of another, which
// names more.
const (
	closedURL = "mem:///closed/"
	openURL   = "mem:///open/"
	inlineURL = "mem:///inline/" // the schema of one parameter or body
	refPrefix = "#/components/schemas/"
)

// A loader gives the compiler each schema as it meets it.
type loader struct{ d *Description }

// Load returns a schema by its address.
func (l loader) Load(url string) (any, error) {
	name, closed := strings.CutPrefix(url, closedURL)
	if !closed {
		name = strings.TrimPrefix(url, openURL)
	}
	section, ok := l.d.schemas[name]
	if !ok {
		return nil, fmt.Errorf("no schema %s", name)
	}
	var doc map[string]map[string]any
	if err := yaml.Unmarshal([]byte(section), &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return jsonSchema(name, doc[name], closed)
}

// jsonSchema turns a schema of the document into one that the validator takes.
func jsonSchema(name string, schema map[string]any, closed bool) (any, error) {
	schema = maps.Clone(schema)
	maps.Copy(schema, prose[name])
	if more := live[name]; more != nil {
		properties, _ := schema["properties"].(map[string]any)
		maps.Copy(properties, more) // the section was parsed for this call alone
	}
	translated, err := translate(schema, closed)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	b, err := json.Marshal(translated) // and back, for the number types that the validator expects
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(b))
}

// schema compiles a named schema, closed.
func (d *Description) schema(name string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.compiler.Compile(closedURL + name)
}

// inline compiles a schema that stands in an operation; what names it, to be found in prose.
func (d *Description) inline(name string, schema map[string]any) (*jsonschema.Schema, error) {
	if ref, ok := schema["$ref"].(string); ok {
		return d.schema(strings.TrimPrefix(ref, refPrefix))
	}
	translated, err := jsonSchema(name, schema, true)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	url := inlineURL + strings.NewReplacer(" ", "/", "{", "", "}", "").Replace(name)
	if err := d.compiler.AddResource(url, translated); err != nil && !isKnown(err) {
		return nil, err
	}
	return d.compiler.Compile(url)
}

func isKnown(err error) bool {
	_, ok := err.(*jsonschema.ResourceExistsError)
	return ok
}

// kept are the keywords that mean the same to the validator. Of the formats it honours date and uri; unixtime, int64 and binary are
// not known to it.
var kept = words("type enum required minimum maximum minLength maxLength minItems maxItems maxProperties format pattern const uniqueItems")

// dropped say nothing that a validator could check, or nothing more than their neighbours: each branch of a oneOf with a
// discriminator fixes the discriminating property by an enum of one.
//
// min_items and max_items, misspelt in one grader that ftrun never sends, are the only ones that should mean something and do not.
var dropped = words("description title default example examples deprecated discriminator readOnly writeOnly externalDocs min_items max_items")

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// translate turns a schema, which still writes some things as in OpenAPI 3.0, into JSON Schema. A keyword that it does not know is
// an error, since a check that is left out shows nowhere.
//
// A closed schema refuses fields that neither it nor its branches name; in place, its branches are then open.
func translate(schema map[string]any, closed bool) (map[string]any, error) {
	_, hasProperties := schema["properties"]
	_, hasAllOf := schema["allOf"]
	_, saysOthers := schema["additionalProperties"]
	names := hasProperties || hasAllOf
	out := map[string]any{}
	if closed && names && !saysOthers {
		out["unevaluatedProperties"] = false
	}
	for key, value := range schema {
		var err error
		switch key {
		case "$ref":
			out[key], err = reference(value, closed && !names)
		case "properties":
			out[key], err = translateEach(value)
		case "items", "additionalProperties", "propertyNames":
			out[key], err = translateAny(value, true)
		case "not":
			out[key], err = translateAny(value, false)
		case "anyOf", "oneOf", "allOf":
			out[key], err = translateBranches(value, closed && !names)
		case "nullable", "exclusiveMinimum", "exclusiveMaximum": // below
		default:
			if kept[key] {
				out[key] = value
			} else if !dropped[key] && !strings.HasPrefix(key, "x-") {
				err = fmt.Errorf("unknown keyword")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	exclude(schema, out, "exclusiveMinimum", "minimum")
	exclude(schema, out, "exclusiveMaximum", "maximum")
	if schema["nullable"] == true {
		return map[string]any{"anyOf": []any{out, map[string]any{"type": "null"}}}, nil
	}
	return out, nil
}

// exclude writes a bound that is excluded by a boolean beside it, as in OpenAPI 3.0, or is a bound itself.
func exclude(schema, out map[string]any, key, bound string) {
	switch v := schema[key].(type) {
	case nil:
	case bool:
		if v {
			out[key] = schema[bound]
			delete(out, bound)
		}
	default:
		out[key] = v
	}
}

func reference(value any, closed bool) (string, error) {
	ref, _ := value.(string)
	name, ok := strings.CutPrefix(ref, refPrefix)
	if !ok {
		return "", fmt.Errorf("%v is no schema of the document", value)
	}
	if closed {
		return closedURL + name, nil
	}
	return openURL + name, nil
}

func translateAny(value any, closed bool) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case map[string]any:
		return translate(v, closed)
	default:
		return nil, fmt.Errorf("%v is no schema", value)
	}
}

func translateEach(value any) (map[string]any, error) {
	properties, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%v is no mapping", value)
	}
	out := map[string]any{}
	for name, schema := range properties {
		translated, err := translateAny(schema, true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = translated
	}
	return out, nil
}

func translateBranches(value any, closed bool) ([]any, error) {
	branches, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%v is no list", value)
	}
	out := make([]any, len(branches))
	for i, schema := range branches {
		translated, err := translateAny(schema, closed)
		if err != nil {
			return nil, err
		}
		out[i] = translated
	}
	return out, nil
}
