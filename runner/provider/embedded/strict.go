package embedded

import (
	"fmt"
	"slices"
	"strings"
)

// notStrict are the keywords that structured outputs do not permit.
var notStrict = []string{"allOf", "oneOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else"}

// checkStrict says what the service refuses in a schema of which it promises that every answer fits: an object that may have more than it
// lists, a property that may be missing, keywords outside the subset; it is empty where there is nothing to refuse. The words are the
// service's. Source: the guide to structured outputs, and the refusals that its users report.
func checkStrict(schema any, context []string) (problem string) {
	object, ok := schema.(map[string]any)
	if !ok {
		return "" // the compiler has had its say
	}
	for _, keyword := range notStrict {
		if _, ok := object[keyword]; ok {
			return inContext(context, "'%s' is not permitted.", keyword)
		}
	}
	if isObject(object) {
		if problem := checkStrictObject(object, context); problem != "" {
			return problem
		}
	}
	for _, keyword := range []string{"properties", "$defs", "definitions"} {
		named, _ := object[keyword].(map[string]any)
		for _, name := range sortedKeys(named) {
			if problem := checkStrict(named[name], extended(context, keyword, name)); problem != "" {
				return problem
			}
		}
	}
	branches, _ := object["anyOf"].([]any)
	for i, branch := range branches {
		if problem := checkStrict(branch, extended(context, "anyOf", fmt.Sprint(i))); problem != "" {
			return problem
		}
	}
	return checkStrict(object["items"], extended(context, "items"))
}

func checkStrictObject(object map[string]any, context []string) (problem string) {
	if object["additionalProperties"] != false {
		return inContext(context, "'additionalProperties' is required to be supplied and to be false.")
	}
	properties, _ := object["properties"].(map[string]any)
	required, _ := object["required"].([]any)
	for _, name := range sortedKeys(properties) {
		if !slices.Contains(required, any(name)) {
			return inContext(context, "'required' is required to be supplied and to be an array including every key in properties. Missing '%s'.", name)
		}
	}
	for _, name := range required {
		if name, ok := name.(string); ok && properties[name] == nil {
			return inContext(context, "'required' is required to be supplied and to be an array including every key in properties. Extra required key '%s' supplied.", name)
		}
	}
	return ""
}

// isObject says whether a schema is of objects, by its type or by what it says of them.
func isObject(schema map[string]any) bool {
	switch kind := schema["type"].(type) {
	case string:
		return kind == "object"
	case []any:
		return slices.Contains(kind, any("object"))
	default:
		return schema["properties"] != nil
	}
}

// checkRoot says what the service refuses in any schema of a function's parameters, and in a strict one of an answer.
func checkRoot(schema any) (problem string) {
	object, _ := schema.(map[string]any)
	if kind := object["type"]; kind != "object" {
		shown := "None"
		if kind != nil {
			shown = fmt.Sprint(kind)
		}
		return fmt.Sprintf("schema must be a JSON Schema of 'type: \"object\"', got 'type: \"%s\"'.", shown)
	}
	return ""
}

func extended(context []string, more ...string) []string { return slices.Concat(context, more) }

// inContext words a refusal as the service does, which shows a place as a tuple of Python's.
func inContext(context []string, format string, args ...any) string {
	var quoted []string
	for _, part := range context {
		quoted = append(quoted, "'"+part+"'")
	}
	tuple := strings.Join(quoted, ", ")
	if len(quoted) == 1 {
		tuple += ","
	}
	return fmt.Sprintf("In context=(%s), %s", tuple, fmt.Sprintf(format, args...))
}
