package yamlpos

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strconv"

	"gopkg.in/yaml.v3"
)

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// decodeAny decodes a value of no fixed type into what JSON has: nil, bool, [json.Number], string, []any and map[string]any. Unlike where a type
// is wanted, quotes decide here: in quotes it is text. Numbers that YAML reads and JSON does not have are refused.
func (d *Document) decodeAny(n *yaml.Node, path string) any {
	switch {
	case n.Kind == yaml.MappingNode:
		m := map[string]any{}
		d.decodeMap(n, path, reflect.ValueOf(&m).Elem())
		return m
	case n.Kind == yaml.SequenceNode:
		list := []any{}
		d.decodeList(n, path, reflect.ValueOf(&list).Elem())
		return list
	case isNull(n) && n.Value == "":
		d.addAt(n, path, `write null for JSON's null`, "a key without a value")
		return nil
	case isNull(n):
		return nil
	default:
		return d.plainScalar(n, path)
	}
}

func (d *Document) plainScalar(n *yaml.Node, path string) any {
	if quoted(n) || n.Style&yaml.TaggedStyle != 0 && n.Tag == "!!str" && !d.isFilled(n) {
		return n.Value
	}
	if v, ok := boolean(n, false); ok {
		return v
	}
	if jsonNumber.MatchString(n.Value) {
		if x, err := strconv.ParseFloat(n.Value, 64); err == nil && !math.IsInf(x, 0) {
			return json.Number(n.Value)
		}
	}
	if n.Tag == "!!int" || n.Tag == "!!float" || jsonNumber.MatchString(n.Value) {
		d.addAt(n, path, "write it in decimal, such as 10 or 0.5, or in quotes where it is text", "%s is no number in JSON", Quote(n.Value))
		return nil
	}
	return n.Value
}
