package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Key returns the SHA-256, in hex, of v as canonical JSON: that of RFC 8785, no white space, members sorted by UTF-16 code units,
// numbers as JavaScript prints them, strings with as few escapes as JSON allows; except that whole numbers, which RFC 8785 rounds
// to 53 bits, keep all their digits.
//
// What is equal as JSON has an equal key: 1, 1.0 and 1e0 are. A key never changes between versions, for a training job would be
// paid for again; therefore nothing here is left to an encoder that may change. Key panics where v has no JSON form, such as a
// channel or a NaN.
func Key(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ledger: key of %T: %v", v, err))
	}
	d := json.NewDecoder(bytes.NewReader(encoded))
	d.UseNumber()
	var plain any
	if err := d.Decode(&plain); err != nil {
		panic(fmt.Sprintf("ledger: key of %T: %v", v, err))
	}
	sum := sha256.Sum256(appendCanonical(nil, plain))
	return hex.EncodeToString(sum[:])
}

// appendCanonical appends v, as package json decodes into an any with numbers as text.
func appendCanonical(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		return appendObject(b, v)
	case []any:
		b = append(b, '[')
		for i, element := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, element)
		}
		return append(b, ']')
	case string:
		return appendString(b, v)
	case json.Number:
		return appendNumber(b, v.String())
	case bool:
		return strconv.AppendBool(b, v)
	default: // nil: there is nothing else
		return append(b, "null"...)
	}
}

func appendObject(b []byte, object map[string]any) []byte {
	names := slices.SortedFunc(maps.Keys(object), func(x, y string) int {
		return slices.Compare(utf16.Encode([]rune(x)), utf16.Encode([]rune(y)))
	})
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, ':')
		b = appendCanonical(b, object[name])
	}
	return append(b, '}')
}

// appendString escapes what RFC 8785, section 3.2.2.2, says and nothing else.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r >= ' ':
			b = append(b, string(r)...)
		case strings.ContainsRune("\b\t\n\f\r", r):
			b = append(b, '\\', "btn-fr"[r-'\b'])
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return append(b, '"')
}

// appendNumber brings a JSON number into the form of RFC 8785, section 3.2.2.3; a whole one without an exponent keeps its digits.
func appendNumber(b []byte, number string) []byte {
	if !strings.ContainsAny(number, ".eE") && number != "-0" {
		return append(b, number...)
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil { // too large for a double: distinct at least
		return append(b, number...)
	}
	const smallest, largest = 1e-6, 1e21 // beyond these JavaScript prints an exponent
	switch abs := math.Abs(f); {
	case f == 0:
		return append(b, '0')
	case abs >= smallest && abs < largest:
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	default:
		text := strconv.FormatFloat(f, 'e', -1, 64)
		text = strings.Replace(text, "e-0", "e-", 1) // Go has two digits at least
		return append(b, strings.Replace(text, "e+0", "e+", 1)...)
	}
}
