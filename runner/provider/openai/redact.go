package openai

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"ftrun/runner/provider"
)

// Lengths under which a value is no secret and would only tear holes into answers. Variables also hold what is none at all.
const (
	minSecret         = 6
	minVariableSecret = 8
)

// maxNested is how often an escape may be escaped again and still be recognised. It bounds the work on hostile text.
const maxNested = 8

// A redactor takes the key and other secrets out of what a service sends, however they were escaped on the way: a server that
// echoes one must not bring it into a log, a report or an error. The zero value takes nothing out.
type redactor struct {
	secrets []string  // longest first: one may begin with another
	starts  [256]bool // the characters with which a secret may begin, plain or escaped
	wide    bool      // one has characters beyond ASCII
}

// newRedactor returns a redactor of an endpoint's key and secrets, and of what the way to it needs. What else the endpoint's headers
// carry stands in the spec for all to see, and an answer may well have the same word in it.
func newRedactor(e provider.Endpoint, more []string) *redactor {
	r := &redactor{}
	r.add(e.Key.Reveal(), minSecret)
	for _, secret := range more {
		r.add(secret, minSecret)
	}
	for _, value := range e.Secrets {
		r.add(value.Reveal(), minVariableSecret)
		if _, credentials, ok := strings.Cut(value.Reveal(), " "); ok && !strings.Contains(credentials, " ") { // Bearer and such
			r.add(credentials, minVariableSecret)
		}
	}
	slices.SortFunc(r.secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return r
}

// add takes in one secret, unless it is too short to be one.
func (r *redactor) add(secret string, shortest int) {
	secret = strings.TrimSpace(secret)
	if len(secret) < shortest || slices.Contains(r.secrets, secret) {
		return
	}
	r.secrets = append(r.secrets, secret)
	r.wide = r.wide || strings.ContainsFunc(secret, func(c rune) bool { return c > unicode.MaxASCII })
	r.starts[secret[0]], r.starts['\\'], r.starts['%'], r.starts['&'] = true, true, true, true
}

// body takes secrets out of an answer, which stays the JSON that it was. Where there is nothing to take out, it is returned as it is.
func (r *redactor) body(b []byte) []byte {
	out, found := r.bytes(b)
	// An escaped ASCII character may hide another way of escaping, such as & for an entity, which only decoding brings to light.
	if len(r.secrets) == 0 || !r.mayHide(b) && (!found || json.Valid(out)) {
		return out
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		return out
	}
	clean, changed := r.value(v)
	if !changed {
		return out
	}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(clean) != nil {
		return out
	}
	out, _ = r.bytes(encoded.Bytes())
	return out
}

// mayHide reports whether an answer has an escaped character that may belong to a secret. Letters with accents, which some services
// escape in every answer, are in few secrets.
func (r *redactor) mayHide(b []byte) bool {
	mark := []byte(`\u00`)
	for {
		i := bytes.Index(b, mark)
		if i < 0 || i+len(mark) >= len(b) {
			return false
		}
		if b = b[i+len(mark):]; r.wide || b[0] < '8' {
			return true
		}
	}
}

// value takes secrets out of every string of a decoded JSON value.
func (r *redactor) value(v any) (clean any, changed bool) {
	switch v := v.(type) {
	case string:
		return r.string(v)
	case json.Number: // a key of digits only
		if s, changed := r.string(v.String()); changed {
			return s, true
		}
	case []any:
		for i := range v {
			item, c := r.value(v[i])
			v[i], changed = item, changed || c
		}
	case map[string]any:
		for name, item := range v {
			cleanName, n := r.string(name)
			item, c := r.value(item)
			if n {
				delete(v, name)
			}
			v[cleanName], changed = item, changed || c || n
		}
	}
	return v, changed
}

// header takes secrets out of an answer's headers.
func (r *redactor) header(h http.Header) {
	for _, values := range h {
		for i, v := range values {
			values[i], _ = r.string(v)
		}
	}
}

// error returns an error whose text is without secrets; it still is and holds what the given one is and holds.
func (r *redactor) error(err error) error {
	if err == nil {
		return nil
	}
	text, changed := r.string(err.Error())
	if !changed {
		return err
	}
	return &redactedError{text: text, err: err}
}

// A redactedError stands for an error whose text held a secret. It has no Unwrap, which would hand that text out again.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) GoString() string     { return fmt.Sprintf("%q", e.text) }
func (e *redactedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redactedError) As(target any) bool   { return errors.As(e.err, target) }

func (r *redactor) string(s string) (clean string, changed bool) {
	b, changed := r.bytes([]byte(s))
	if !changed {
		return s, false
	}
	return string(b), true
}

// bytes replaces secrets wherever they stand in a text, in whatever mixture of plain and escaped characters.
func (r *redactor) bytes(b []byte) (clean []byte, changed bool) {
	var out []byte
	kept := 0
	for i := 0; i < len(b); {
		if !r.starts[b[i]] {
			i++
			continue
		}
		end := r.match(b, i)
		if end < 0 {
			i++
			continue
		}
		out = append(append(out, b[kept:i]...), provider.Redacted...)
		kept, i = end, end
	}
	if kept == 0 {
		return b, false
	}
	return append(out, b[kept:]...), true
}

// match returns where the secret ends that begins at a place in a text, or -1 where none does.
func (r *redactor) match(b []byte, at int) int {
	for _, secret := range r.secrets {
		if b[at] != secret[0] && !isMark(b[at]) {
			continue
		}
		if end := match(b, at, secret); end >= 0 {
			return end
		}
	}
	return -1
}

// forms are the ways to escape a character. Each returns the length of its form of c that a text begins with, or 0.
var forms = []func(b []byte, c byte) int{backslashed, marked, percented, entity}

// match returns where a key ends that begins at a place in a text, or -1 where none does. Where a text can be read in two ways,
// as a mark of the key's own and as the beginning of an escaped one, it tries both.
func match(b []byte, at int, key string) int {
	for k := range len(key) {
		if at >= len(b) {
			return -1
		}
		if isMark(b[at]) {
			for _, form := range forms {
				n := form(b[at:], key[k])
				if n == 0 && key[k] == ' ' {
					n = form(b[at:], '+')
				}
				if n > 0 {
					if end := match(b, at+n, key[k+1:]); end >= 0 {
						return end
					}
				}
			}
		}
		if b[at] != key[k] && (key[k] != ' ' || b[at] != '+') { // as queries write a space
			return -1
		}
		at++
	}
	return at
}

// isMark reports whether a character begins an escaped one.
func isMark(c byte) bool { return c == '\\' || c == '%' || c == '&' }

// backslashed recognises \c, \u00XX and \xXX, as JSON and Go's %q write them, also where JSON stands in JSON.
func backslashed(b []byte, c byte) int {
	if c == '\\' && bytes.HasPrefix(b, []byte(`\\`)) {
		return 2
	}
	n := 0
	for n < len(b) && n < maxNested && b[n] == '\\' {
		n++
	}
	if n == 0 {
		return 0
	}
	rest := b[n:]
	switch {
	case len(rest) >= 5 && rest[0] == 'u' && isHex(rest[1:5], c):
		return n + 5
	case len(rest) >= 3 && rest[0] == 'x' && isHex(rest[1:3], c):
		return n + 3
	case len(rest) >= 1 && rest[0] == c:
		return n + 1
	default:
		return 0
	}
}

// marked recognises %XX and entities whose own mark stands there as \u0025 or \u0026, as Go's encoder writes it.
func marked(b []byte, c byte) int {
	if n := backslashed(b, '%'); n > 1 {
		if m := percentedRest(b[n-1:], c); m > 0 {
			return n - 1 + m
		}
	}
	if n := backslashed(b, '&'); n > 1 {
		if m := entityRest(b[n-1:], c); m > 0 {
			return n - 1 + m
		}
	}
	return 0
}

// percented recognises %XX, as addresses write it, also where an address stands in an address.
func percented(b []byte, c byte) int {
	if b[0] != '%' {
		return 0
	}
	return percentedRest(b, c)
}

// percentedRest is percented without a look at the mark itself.
func percentedRest(b []byte, c byte) int {
	n := 1
	for range maxNested {
		if !bytes.HasPrefix(b[n:], []byte("25")) || len(b) < n+4 {
			break
		}
		n += 2
	}
	for ; n >= 1; n -= 2 { // a key may hold a % of its own
		if len(b) >= n+2 && isHex(b[n:n+2], c) {
			return n + 2
		}
	}
	return 0
}

// entity recognises &#dd;, &#xXX; and the names that HTML has for ASCII's marks, also where HTML stands in HTML.
func entity(b []byte, c byte) int {
	if b[0] != '&' {
		return 0
	}
	return entityRest(b, c)
}

// entityRest is entity without a look at the mark itself.
func entityRest(b []byte, c byte) int {
	n := 1
	for i := 0; i < maxNested && bytes.HasPrefix(b[n:], []byte("amp;")); i++ {
		n += len("amp;")
	}
	if c == '&' && n > 1 {
		return n
	}
	end := bytes.IndexByte(b[n:min(n+maxEntity, len(b))], ';')
	if end < 1 {
		return 0
	}
	name := string(b[n : n+end])
	if number, ok := strings.CutPrefix(name, "#"); ok {
		if v, err := strconv.ParseUint(hexPrefix(number), 0, 8); err != nil || byte(v) != c {
			return 0
		}
		return n + end + 1
	}
	if named, ok := entityNames[name]; !ok || named != c {
		return 0
	}
	return n + end + 1
}

// maxEntity is the longest name or number of an entity that is looked at.
const maxEntity = 12

// hexPrefix turns HTML's notation of a number into Go's.
func hexPrefix(number string) string {
	if strings.HasPrefix(number, "x") || strings.HasPrefix(number, "X") {
		return "0" + number
	}
	if number = strings.TrimLeft(number, "0"); number == "" {
		return "0"
	}
	return number
}

// entityNames are the names that escapers use for the characters which may stand in a key.
var entityNames = map[string]byte{
	"quot": '"', "apos": '\'', "lt": '<', "gt": '>', "sol": '/', "plus": '+', "equals": '=', "lowbar": '_', "hyphen": '-', "dash": '-', "period": '.',
	"colon": ':',
}

func isHex(digits []byte, c byte) bool {
	v, err := strconv.ParseUint(string(digits), 16, 16)
	return err == nil && v == uint64(c)
}
