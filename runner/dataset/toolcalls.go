package dataset

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
)

// calls checks the calls of a message, and notes their ids.
func (c *messageReader) calls(m *message) {
	if v := c.get("function_call"); v.present() {
		if v.kind() != '{' {
			c.fault(kindType, "function_call", "is %s: want an object", rows.KindName(v.kind()))
		} else {
			checkFunction(v, c.path("function_call"), c.report)
		}
	}
	v := c.get("tool_calls")
	if !v.present() {
		return
	}
	list := v.elements()
	if v.kind() != '[' {
		c.fault(kindTools, "tool_calls", "is no list of calls")
		return
	}
	for i, call := range list {
		path := c.path(fmt.Sprintf("tool_calls[%d]", i))
		if call.kind() != '{' {
			c.report.addf(kindTools, call, "%s is %s: want an object", path, rows.KindName(call.kind()))
			continue
		}
		if id := call.get("id"); id.kind() != '"' || id.blank() {
			c.report.addf(kindTools, call, "%s has no id, by which its answer names it", path)
		} else {
			m.calls = append(m.calls, id.text())
		}
		switch kind := call.get("type"); {
		case kind.kind() == '"' && kind.text() == "function":
			checkFunction(call.get("function"), path+".function", c.report)
		case kind.kind() == '"' && kind.text() == "custom":
			if custom := call.get("custom"); custom.get("name").kind() != '"' || custom.get("input").kind() != '"' {
				c.report.addf(kindTools, call, "%s.custom lacks name or input", path)
			}
		default:
			c.report.addf(kindTools, call, `%s has no type: want "function" or "custom"`, path)
		}
	}
}

// checkFunction checks which function is called, and with what.
func checkFunction(f node, path string, r *report) {
	if f.kind() != '{' {
		r.addf(kindTools, f, "%s is missing: want an object with name and arguments", path)
		return
	}
	if name := f.get("name"); name.kind() != '"' || name.blank() {
		r.addf(kindTools, f, "%s has no name", path)
	} else {
		checkName(name, path, r)
	}
	switch arguments := f.get("arguments"); {
	case arguments.kind() != '"':
		r.addf(kindTools, f, "%s has no arguments: want a text that holds JSON", path)
	case !jsontext.Value(arguments.text()).IsValid():
		r.warn(kindTools, arguments, path+".arguments is no JSON, and that is what would be learnt", "")
	}
}

// checkTools checks the definitions of tools.
func checkTools(tools node, r *report) {
	if tools.kind() != '[' {
		r.addf(kindType, tools, "tools is %s: want an array", rows.KindName(tools.kind()))
		return
	}
	for i, tool := range tools.elements() {
		path := fmt.Sprintf("tools[%d]", i)
		if kind := tool.get("type"); kind.kind() != '"' {
			r.addf(kindTools, tool, "%s has no type: want an object with type and function", path)
			continue
		} else if kind.text() != "function" {
			continue // a service's own
		}
		if name := tool.get("function").get("name"); name.kind() != '"' || name.blank() {
			r.addf(kindTools, tool, "%s.function has no name", path)
		} else {
			checkName(name, path+".function", r)
		}
	}
}

// maxName is how long the name of a function may be, by the published API description.
const maxName = 64

// checkName warns of a function's name that OpenAI does not take, by the published API description: letters, digits, _ and - only.
func checkName(name node, path string, r *report) {
	text := name.text()
	if len(text) <= maxName && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == "" {
		return
	}
	r.warn(kindTools, name, fmt.Sprintf("%s has the name %s, and OpenAI takes up to %d of letters, digits, _ and -", path, quote(text), maxName), "")
}
