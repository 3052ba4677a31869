package dataset

import (
	"fmt"
	"slices"
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
func messageKeys() []string {
	return []string{"role", "content", "name", "refusal", "tool_calls", "tool_call_id", "function_call", "audio", "weight"}
}

// extraKeys are the keys of a chat row beside messages, in the order in which they are written.
func extraKeys() []string { return []string{"tools", "parallel_tool_calls", "functions"} }

func claimsChat(_ *mapper, row rows.Row) bool {
	return slices.ContainsFunc(row.Fields, func(f rows.Field) bool { return f.Name == "messages" })
}

func chatExample(_ *mapper, row rows.Row, _ layout, r *report) *example {
	ex := &example{}
	var messages *rows.Field
	for i := range row.Fields {
		f := &row.Fields[i]
		switch {
		case f.Name == "messages":
			messages = f
		case slices.Contains(extraKeys(), f.Name):
			checkExtra(f, r)
			ex.extra = append(ex.extra, member{f.Name, compact(f.Value)})
		default:
			r.ignore(f.Name)
		}
	}
	sortMembers(ex.extra, extraKeys())
	if messages == nil {
		r.add(nil, fmt.Sprintf("no %q: found %s", "messages", columnsOf(row)), namesHint(row))
		return ex
	}
	ex.messages = readMessages(messages, r)
	return ex
}

// checkExtra checks the type of a key beside messages; what is inside is for the service to judge.
func checkExtra(f *rows.Field, r *report) {
	kind := f.Value.Kind()
	if f.Name == "parallel_tool_calls" {
		if kind != 't' && kind != 'f' {
			r.add(f, fmt.Sprintf("%s is %s: want true or false", f.Name, kindName(kind)), "")
		}
		return
	}
	if kind != '[' {
		r.add(f, fmt.Sprintf("%s is %s: want an array", f.Name, kindName(kind)), "")
	}
}

// readMessages reads the messages and checks what concerns them all.
func readMessages(f *rows.Field, r *report) []message {
	if f.Value.Kind() != '[' {
		r.add(f, fmt.Sprintf("messages is %s: want an array", kindName(f.Value.Kind())), "")
		return nil
	}
	var list []message
	weighed, silent := 0, 0
	for i, value := range elements(f.Value) {
		c := &messageCheck{field: f, report: r, path: fmt.Sprintf("messages[%d]", i)}
		m := c.read(value)
		list = append(list, m)
		if m.role == "assistant" {
			weighed++
			if c.weightless {
				silent++
			}
		}
	}
	switch {
	case len(list) == 0:
		r.add(f, "messages is empty", "")
	case list[len(list)-1].role != "assistant":
		r.add(f, fmt.Sprintf("the last message is of role %q: want assistant, whose text is what is learnt", list[len(list)-1].role), "")
	case weighed == silent:
		r.add(f, "every assistant message has weight 0, so there is nothing to learn", "")
	case !slices.ContainsFunc(list, func(m message) bool { return m.role != "system" && m.role != "developer" && m.role != "assistant" }):
		r.add(f, "no user message: there is nothing to answer", "")
	}
	return list
}

// A messageCheck reads one message and reports every reason against it.
type messageCheck struct {
	field      *rows.Field
	report     *report
	path       string
	weightless bool
}

func (c *messageCheck) fault(key, format string, args ...any) {
	path := c.path
	if key != "" {
		path += "." + key
	}
	c.report.add(c.field, path+" "+fmt.Sprintf(format, args...), "")
}

func (c *messageCheck) read(value jsontext.Value) message {
	if value.Kind() != '{' {
		c.fault("", "is %s: want an object", kindName(value.Kind()))
		return message{}
	}
	var m message
	found := map[string]jsontext.Value{}
	for _, k := range members(value) {
		if !slices.Contains(messageKeys(), k.name) {
			c.unknownKey(k.name)
			continue
		}
		found[k.name] = k.value
	}
	m.role = c.role(found["role"])
	c.content(&m, found)
	c.others(&m, found)
	for _, key := range messageKeys()[2:] {
		if v := found[key]; v != nil && v.Kind() != 'n' {
			m.members = append(m.members, member{key, compact(v)})
		}
	}
	return m
}

func (c *messageCheck) unknownKey(name string) {
	if guess := diag.Suggest(name, messageKeys()); guess != "" {
		c.fault("", "has the unknown key %q: is %q meant", name, guess)
		return
	}
	c.fault("", "has the unknown key %q: want %s", name, strings.Join(messageKeys(), ", "))
}

func (c *messageCheck) role(v jsontext.Value) string {
	switch {
	case v == nil:
		c.fault("", "has no role: want %s", strings.Join(chatRoles(), ", "))
		return ""
	case v.Kind() != '"':
		c.fault("role", "is %s: want %s", kindName(v.Kind()), strings.Join(chatRoles(), ", "))
		return ""
	}
	role := unquote(v)
	if !slices.Contains(chatRoles(), role) {
		c.fault("role", "is %q: want %s", role, strings.Join(chatRoles(), ", "))
	}
	return role
}

// content reads text or content parts. Only an assistant that calls a tool, or refuses, may have none.
func (c *messageCheck) content(m *message, found map[string]jsontext.Value) {
	v := found["content"]
	switch {
	case v == nil || v.Kind() == 'n':
		if m.role == "assistant" && (present(found["tool_calls"]) || present(found["function_call"]) || present(found["refusal"])) {
			return
		}
		c.fault("content", "is missing")
	case v.Kind() == '"':
		m.text = unquote(v)
		if strings.TrimSpace(m.text) == "" {
			c.fault("content", "is blank")
		}
	case v.Kind() == '[':
		m.members = append(m.members, member{"content", compact(v)})
		c.parts(v)
	default:
		c.fault("content", "is %s: want text, or an array of content parts", kindName(v.Kind()))
	}
}

func (c *messageCheck) parts(array jsontext.Value) {
	parts := elements(array)
	if len(parts) == 0 {
		c.fault("content", "is an empty array")
	}
	for i, part := range parts {
		key := fmt.Sprintf("content[%d]", i)
		var kind, text jsontext.Value
		for _, k := range members(part) {
			switch k.name {
			case "type":
				kind = k.value
			case "text":
				text = k.value
			}
		}
		switch {
		case kind.Kind() != '"':
			c.fault(key, "is no content part: want an object with a type")
		case unquote(kind) == "text" && (text.Kind() != '"' || strings.TrimSpace(unquote(text)) == ""):
			c.fault(key+".text", "is missing or blank")
		}
	}
}

// others checks the keys beside role and content.
func (c *messageCheck) others(m *message, found map[string]jsontext.Value) {
	for _, key := range []string{"name", "tool_call_id", "refusal"} {
		if v := found[key]; present(v) && (v.Kind() != '"' || strings.TrimSpace(unquote(v)) == "") {
			c.fault(key, "is %s: want text", blankOr(v))
		}
	}
	if v := found["tool_calls"]; present(v) && (v.Kind() != '[' || len(elements(v)) == 0) {
		c.fault("tool_calls", "is no list of calls")
	}
	if v := found["function_call"]; present(v) && v.Kind() != '{' {
		c.fault("function_call", "is %s: want an object", kindName(v.Kind()))
	}
	for _, key := range []string{"tool_calls", "function_call", "refusal", "weight"} {
		if present(found[key]) && m.role != "assistant" && slices.Contains(chatRoles(), m.role) {
			c.fault(key, "is for assistant messages, and this one is of role %q", m.role)
		}
	}
	if m.role == "tool" && !present(found["tool_call_id"]) {
		c.fault("tool_call_id", "is missing: it says which call this answers")
	}
	if m.role == "function" && !present(found["name"]) {
		c.fault("name", "is missing: it says which function this answers for")
	}
	if v := found["weight"]; present(v) {
		c.weightless = string(v) == "0"
		if s := string(v); s != "0" && s != "1" {
			c.fault("weight", "is %s: want 0 or 1", s)
		}
	}
}

// present reports whether a key has a value other than null.
func present(v jsontext.Value) bool { return v != nil && v.Kind() != 'n' }

func blankOr(v jsontext.Value) string {
	if v.Kind() == '"' {
		return "blank"
	}
	return kindName(v.Kind())
}

// compact returns the value without white space; strings, numbers and the order of keys stay as they are written.
func compact(v jsontext.Value) jsontext.Value {
	v = v.Clone()
	_ = v.Compact() // fails on what is not JSON, which rows refuses
	return v
}

func sortMembers(list []member, order []string) {
	slices.SortFunc(list, func(a, b member) int { return slices.Index(order, a.name) - slices.Index(order, b.name) })
}

// kindName names a kind of JSON value in a sentence.
func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "text"
	case '0':
		return "a number"
	case 'n':
		return "null"
	default:
		return "true or false"
	}
}
