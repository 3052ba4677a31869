package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
)

// chatRoles are the roles of a message; "function" is the deprecated one.
func chatRoles() []string {
	return []string{"system", "developer", "user", "assistant", "tool", "function"}
}

// messageKeys are the keys of a message, in the order in which they are written.
var messageKeys = [...]string{"role", "content", "name", "refusal", "tool_calls", "tool_call_id", "function_call", "audio", "weight"}

// readMessages appends the messages of an array to list, each read by itself. path names the array in what is reported.
func readMessages(list []message, path string, array node, r *report) []message {
	if array.kind() != '[' {
		r.addf(kindType, array, "%s is %s: want an array", path, rows.KindName(array.kind()))
		return list
	}
	return readList(list, path, array.elements(), r)
}

// readList appends messages, the elements of the array that path names, to list.
func readList(list []message, path string, elements []node, r *report) []message {
	for i, value := range elements {
		c := &messageReader{node: value, report: r, array: path, index: i}
		list = append(list, c.read())
	}
	return list
}

// A messageReader reads one message and reports every reason against it.
type messageReader struct {
	node
	report *report
	array  string
	index  int
	found  [len(messageKeys)]node // values, in the order of messageKeys
}

func (c *messageReader) path(key string) string {
	path := fmt.Sprintf("%s[%d]", c.array, c.index)
	if key != "" {
		path += "." + key
	}
	return path
}

// fault reports what is wrong with a key, or with the whole message where that is "".
func (c *messageReader) fault(kind, key, format string, args ...any) {
	at := c.node
	if v := c.get(key); v.value != nil {
		at = v
	}
	c.report.addf(kind, at, c.path(key)+" "+format, args...)
}

// get returns the value of a key that the message has.
func (c *messageReader) get(key string) node {
	if i := slices.Index(messageKeys[:], key); i >= 0 {
		return c.found[i]
	}
	return node{}
}

func (c *messageReader) read() message {
	m := message{spot: c.node}
	if c.kind() != '{' {
		c.fault(kindType, "", "is %s: want an object", rows.KindName(c.kind()))
		return m
	}
	for _, k := range c.keys() {
		i := slices.Index(messageKeys[:], k.name)
		if i < 0 {
			c.unknownKey(k)
			continue
		}
		if c.says(k) {
			c.found[i] = k.node
		}
	}
	m.role = c.role()
	c.content(&m)
	c.others(&m)
	for i, key := range messageKeys[2:] {
		if v := c.found[i+2]; v.present() {
			m.members = append(m.members, member{key, compact(v.value)})
		}
	}
	return m
}

// weightOf returns a weight as the service wants it, 0 or 1; programs with numbers of one kind write 1.0.
func weightOf(v jsontext.Value) (weight string, ok bool) {
	if v.Kind() != '0' {
		return string(v), false
	}
	switch n, err := strconv.ParseFloat(string(v), 64); {
	case err == nil && n == 0:
		return "0", true
	case err == nil && n == 1:
		return "1", true
	default:
		return string(v), false
	}
}

// says reports whether a key says anything. Programs write a refusal of no words and a list of no calls beside what is said.
func (c *messageReader) says(k key) bool {
	switch k.name {
	case "refusal":
		return !k.blank()
	case "tool_calls":
		return k.kind() != '[' || len(k.elements()) > 0
	default:
		return true
	}
}

func (c *messageReader) unknownKey(k key) {
	message := fmt.Sprintf("%s has the unknown key %s", c.path(""), quote(k.name))
	if guess := diag.Suggest(k.name, messageKeys[:]); guess != "" {
		c.report.addf(kindUnknownKey, k.node, "%s, did you mean %q?", message, guess)
		return
	}
	c.report.addf(kindUnknownKey, k.node, "%s: want %s", message, strings.Join(messageKeys[:], ", "))
}

func (c *messageReader) role() string {
	v := c.get("role")
	switch {
	case v.value == nil:
		c.fault(kindMissing, "", "has no role: want %s", strings.Join(chatRoles(), ", "))
		return ""
	case v.kind() != '"':
		c.fault(kindType, "role", "is %s: want %s", rows.KindName(v.kind()), strings.Join(chatRoles(), ", "))
		return ""
	}
	role := v.text()
	if !slices.Contains(chatRoles(), role) {
		c.fault(kindRole, "role", "is %s: want %s", quote(role), strings.Join(chatRoles(), ", "))
	}
	return role
}

// content reads text or content parts. Only an assistant that calls a tool, or refuses, may have none.
func (c *messageReader) content(m *message) {
	v := c.get("content")
	switch {
	case !v.present():
		switch {
		case c.speaksOtherwise(m):
		case m.role == "function" && v.value != nil: // the API wants the key, and takes null
			m.members = append(m.members, member{"content", jsontext.Value("null")})
		default:
			c.fault(kindMissing, "content", "is missing")
		}
	case v.kind() == '"':
		m.text, m.quoted, m.source = v.text(), asWritten(v.value), v
		if strings.TrimSpace(m.text) == "" && !c.speaksOtherwise(m) && m.role != "tool" && m.role != "function" { // tools may have nothing to say
			c.fault(kindBlank, "content", "is blank")
		}
		checkText(m.text, v, func() string { return c.path("content") }, c.report)
	case v.kind() == '[':
		m.members = append(m.members, member{"content", compact(v.value)})
		c.parts(m.role, v)
	default:
		c.fault(kindType, "content", "is %s: want text, or an array of content parts", rows.KindName(v.kind()))
	}
}

// speaksOtherwise reports whether an assistant says something that is not its content.
func (c *messageReader) speaksOtherwise(m *message) bool {
	return m.role == "assistant" && slices.ContainsFunc([]string{"tool_calls", "function_call", "refusal", "audio"}, func(key string) bool {
		return c.get(key).present()
	})
}

// others checks the keys beside role and content.
func (c *messageReader) others(m *message) {
	for _, key := range []string{"name", "tool_call_id", "refusal"} {
		switch v := c.get(key); {
		case !v.present():
		case v.kind() != '"':
			c.fault(kindType, key, "is %s: want text", rows.KindName(v.kind()))
		case v.blank():
			c.fault(kindBlank, key, "is blank: want text")
		}
	}
	for _, key := range []string{"tool_calls", "function_call", "refusal", "weight"} {
		if c.get(key).present() && m.role != "assistant" && slices.Contains(chatRoles(), m.role) {
			c.fault(kindOrder, key, "is for assistant messages, and this one is of role %s", quote(m.role))
		}
	}
	c.calls(m)
	if m.role == "tool" && !c.get("tool_call_id").present() {
		c.fault(kindTools, "tool_call_id", "is missing: it says which call this answers")
	} else if id := c.get("tool_call_id"); id.kind() == '"' {
		m.answers = id.text()
	}
	if m.role == "function" && !c.get("name").present() {
		c.fault(kindTools, "name", "is missing: it says which function this answers for")
	}
	if v := c.get("weight"); v.present() {
		weight, ok := weightOf(v.value)
		if !ok {
			c.fault(kindWeight, "weight", "is %s: want 0 or 1", bounded(withoutSecrets(string(v.value)), maxQuoted))
		}
		m.weightless = weight == "0"
		c.found[len(c.found)-1].value = jsontext.Value(weight)
	}
}
