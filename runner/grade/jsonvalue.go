package grade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of JSON that a model may write. What is beyond them is refused, because code that comes after grows with depth, or computes
// with numbers exactly.
const (
	maxJSONDepth   = 200
	maxNumberBytes = 400
)

// A badJSON says why a text is not JSON, or not JSON that anything should be computed with.
type badJSON struct {
	message string
	offset  int  // of where it goes wrong
	tokens  int  // read before
	broken  bool // no JSON at all, rather than JSON that is refused
	cutOff  bool // it ends before it is closed
}

func (e *badJSON) Error() string { return e.message }

// parseJSON reads a text that is one JSON value and nothing else, as RFC 8259 has it: valid UTF-8, no name twice in an object. The value is
// nil, bool, [json.Number], string, []any or map[string]any. Numbers stay as they are written and fit a float64.
func parseJSON(text string) (any, *badJSON) {
	value, end, bad := parseJSONPrefix(text)
	if bad != nil {
		return nil, bad
	}
	if rest := strings.TrimLeft(text[end:], " \t\r\n"); rest != "" {
		return nil, &badJSON{message: "more text after the JSON: " + quoteHead(rest, excerptRunes), offset: end, broken: true}
	}
	return value, nil
}

// parseJSONPrefix reads the JSON value that a text begins with, and returns where it ends.
func parseJSONPrefix(text string) (value any, end int, bad *badJSON) {
	r := jsonReader{dec: jsontext.NewDecoder(strings.NewReader(text))}
	value, err := r.value(0)
	if err == nil {
		return value, int(r.dec.InputOffset()), nil
	}
	if bad, ok := errors.AsType[*badJSON](err); ok {
		return nil, 0, bad
	}
	return nil, 0, r.explain(err)
}

// A jsonReader builds values out of tokens.
type jsonReader struct {
	dec    *jsontext.Decoder
	tokens int
}

func (r *jsonReader) token() (jsontext.Token, error) {
	token, err := r.dec.ReadToken()
	if err == nil {
		r.tokens++
	}
	return token, err
}

func (r *jsonReader) value(depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, &badJSON{message: fmt.Sprintf("JSON nested more than %d deep", maxJSONDepth), offset: int(r.dec.InputOffset())}
	}
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '0':
		return r.number(token.String())
	case '"':
		return token.String(), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

func (r *jsonReader) object(depth int) (any, error) {
	object := map[string]any{}
	for {
		token, err := r.token()
		if err != nil {
			return nil, err
		}
		if token.Kind() == '}' {
			return object, nil
		}
		name := token.String()
		if object[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
}

func (r *jsonReader) array(depth int) (any, error) {
	list := []any{}
	for r.dec.PeekKind() != ']' {
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := r.token()
	return list, err
}

// number refuses what no float64 holds: to compute with 1e999999999 exactly takes all memory there is.
func (r *jsonReader) number(text string) (any, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || len(text) > maxNumberBytes {
		return nil, &badJSON{message: "a number beyond what a float64 holds: " + quoteHead(text, excerptRunes), offset: int(r.dec.InputOffset())}
	}
	if x == 0 { // as 0e999999999 and 1e-999999999 are
		return json.Number("0"), nil
	}
	return json.Number(text), nil
}

// explain puts an error of jsontext into words.
func (r *jsonReader) explain(err error) *badJSON {
	bad := &badJSON{offset: int(r.dec.InputOffset()), tokens: r.tokens, broken: true}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if ok {
		bad.offset = int(syntax.ByteOffset)
	}
	switch {
	case r.tokens == 0 && errors.Is(err, io.EOF):
		bad.message = "no JSON"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		bad.message, bad.cutOff = "the JSON is cut off: it ends before it is closed", true
	case ok && errors.Is(syntax.Err, jsontext.ErrDuplicateName):
		bad.message, bad.broken = "a name occurs twice in an object: "+quoteHead(syntax.JSONPointer.LastToken(), excerptRunes), false
	case ok:
		bad.message = "not JSON: " + plainText(strings.TrimPrefix(syntax.Err.Error(), "jsontext: "))
	default:
		bad.message = "not JSON: " + plainText(err.Error())
	}
	return bad
}

// plainText is a message of a library with whatever could act on a terminal, a log or a report escaped.
func plainText(message string) string {
	quoted := quoteHead(message, nameRunes)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// equalJSON reports whether two values are the same: numbers by value, objects whatever the order of their names, arrays in order.
func equalJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equalJSON)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equalJSON)
	case json.Number:
		b, ok := b.(json.Number)
		return ok && (a == b || rat(a).Cmp(rat(b)) == 0)
	default:
		return a == b // nil, bool, string
	}
}

// includesJSON reports whether got has all of want: of objects at least these members, everything else as [equalJSON].
func includesJSON(got, want any) bool {
	object, ok := want.(map[string]any)
	if !ok {
		return equalJSON(got, want)
	}
	members, ok := got.(map[string]any)
	if !ok {
		return false
	}
	for name, value := range object {
		if member, ok := members[name]; !ok || !includesJSON(member, value) {
			return false
		}
	}
	return true
}

// rat is a number exactly. It is small enough for that: it passed a jsonReader, or the spec.
func rat(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return new(big.Rat)
	}
	return r
}

// toFloat is the float64 nearest to a number.
func toFloat(n json.Number) float64 {
	x, err := n.Float64()
	if err != nil || math.IsNaN(x) {
		return 0
	}
	return x
}

// describeJSON shows a value in a reason.
func describeJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "a value that can't be shown"
	}
	if s, ok := value.(string); ok {
		return quoteHead(s, excerptRunes)
	}
	return plainText(string(text[:runeOffset(string(text), excerptRunes)]) + ellipsis(string(text), excerptRunes))
}

func ellipsis(text string, runes int) string {
	if runeOffset(text, runes) < len(text) {
		return "…"
	}
	return ""
}
