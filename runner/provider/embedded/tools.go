package embedded

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

const maxTools = 128 // of a request, as the service has it

// The types of tools.
const (
	toolFunction = "function"
	toolCustom   = "custom"
)

// A tool is one that a request offers.
type tool struct {
	Type     string `json:"type"`
	Function *struct {
		Name        *string         `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
		Strict      *bool           `json:"strict"`
	} `json:"function"`
	Custom *struct {
		Name        *string         `json:"name"`
		Description string          `json:"description"`
		Format      json.RawMessage `json:"format"`
	} `json:"custom"`

	parameters *jsonSchema // nil: none
}

// A toolName tells tools apart.
type toolName struct{ kind, name string }

func (t *tool) name() toolName {
	if t.Type == toolCustom {
		return toolName{toolCustom, *t.Custom.Name}
	}
	return toolName{toolFunction, *t.Function.Name}
}

// tokens is what the definition counts for.
func (t *tool) tokens() int {
	if t.Type == toolCustom {
		return countTokens(*t.Custom.Name) + countTokens(t.Custom.Description) + countTokens(string(t.Custom.Format))
	}
	return countTokens(*t.Function.Name) + countTokens(t.Function.Description) + countTokens(string(t.Function.Parameters))
}

// check refuses what the service refuses in a tool.
func (t *tool) check(param string) error {
	switch {
	case t.Type == "":
		return missingParam(param + ".type")
	case t.Type == toolFunction && t.Function == nil, t.Type == toolCustom && t.Custom == nil:
		return missingParam(param + "." + t.Type)
	case t.Type == toolCustom:
		return orNil(checkName(param+".custom.name", t.Custom.Name))
	case t.Type != toolFunction:
		e := invalid(param+".type", "Invalid value: '%s'. Supported values are: 'function' and 'custom'.", t.Type)
		e.Code = "invalid_value"
		return e
	}
	if err := checkName(param+".function.name", t.Function.Name); err != nil {
		return err
	}
	if raw := t.Function.Parameters; len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	strict := t.Function.Strict != nil && *t.Function.Strict
	schema, problem := checkedSchema(t.Function.Parameters, true, strict)
	if problem != "" {
		e := invalid(param+".function.parameters", "Invalid schema for function '%s': %s", *t.Function.Name, problem)
		e.Code = "invalid_function_parameters"
		return e
	}
	t.parameters = schema
	return nil
}

// orNil keeps a nil *apiError from becoming an error that is not nil.
func orNil(e *apiError) error {
	if e == nil {
		return nil
	}
	return e
}

// A calling is which tools an answer may call.
type calling struct {
	offered []tool // in the order of the request
	must    bool   // it has to call one
	single  bool   // and no more than one
}

// callingOf checks the tools of a request and what it says of their use, as the service does.
func (req *chatRequest) callingOf() (calling, error) {
	if req.Tools == nil {
		return calling{}, req.checkNoTools()
	}
	switch n := len(*req.Tools); {
	case n == 0:
		e := invalid("tools", "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.")
		e.Code = "empty_array"
		return calling{}, e
	case n > maxTools:
		e := invalid("tools", "Invalid 'tools': array too long. Expected an array with maximum length %d, but got an array with length %d instead.", maxTools, n)
		e.Code = "array_above_max_length"
		return calling{}, e
	}
	for i := range *req.Tools {
		if err := (*req.Tools)[i].check(fmt.Sprintf("tools[%d]", i)); err != nil {
			return calling{}, err
		}
	}
	c := calling{offered: *req.Tools, single: req.ParallelToolCalls != nil && !*req.ParallelToolCalls}
	return c, c.choose(req.ToolChoice)
}

func (req *chatRequest) checkNoTools() error {
	const only = "Invalid value for '%s': '%[1]s' is only allowed when 'tools' are specified."
	switch {
	case present(req.ToolChoice):
		return invalid("tool_choice", only, "tool_choice")
	case req.ParallelToolCalls != nil:
		return invalid("parallel_tool_calls", only, "parallel_tool_calls")
	default:
		return nil
	}
}

// A namedTool is a tool as a choice names it.
type namedTool struct {
	Type     string `json:"type"`
	Function *struct {
		Name string `json:"name"`
	} `json:"function"`
	Custom *struct {
		Name string `json:"name"`
	} `json:"custom"`
}

func (n *namedTool) name() (toolName, bool) {
	switch {
	case n.Type == toolFunction && n.Function != nil:
		return toolName{toolFunction, n.Function.Name}, true
	case n.Type == toolCustom && n.Custom != nil:
		return toolName{toolCustom, n.Custom.Name}, true
	default:
		return toolName{}, false
	}
}

// choose reads tool_choice: a mode, one tool, or a list of tools with a mode.
func (c *calling) choose(raw json.RawMessage) error {
	if !present(raw) {
		return nil
	}
	var mode string
	if json.Unmarshal(raw, &mode) == nil {
		return c.chooseMode(mode, "none", "auto", "required")
	}
	var choice struct {
		namedTool
		Allowed *struct {
			Mode  string      `json:"mode"`
			Tools []namedTool `json:"tools"`
		} `json:"allowed_tools"`
	}
	if err := json.Unmarshal(raw, &choice); err != nil {
		return invalid("tool_choice", "Invalid type for 'tool_choice': expected a string or an object.")
	}
	if choice.Type != "allowed_tools" {
		c.must, c.single = true, true
		return c.keep([]namedTool{choice.namedTool})
	}
	if choice.Allowed == nil {
		return missingParam("tool_choice.allowed_tools")
	}
	if err := c.chooseMode(choice.Allowed.Mode, "auto", "required"); err != nil {
		return err
	}
	return c.keep(choice.Allowed.Tools)
}

func (c *calling) chooseMode(mode string, known ...string) error {
	if !slices.Contains(known, mode) {
		e := invalid("tool_choice", "Invalid value: '%s'. Supported values are: %s.", mode, quotedList(known))
		e.Code = "invalid_value"
		return e
	}
	c.must = mode == "required"
	if mode == "none" {
		c.offered = nil
	}
	return nil
}

func quotedList(words []string) string {
	var b bytes.Buffer
	for i, word := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		if i > 0 && i == len(words)-1 {
			b.WriteString("and ")
		}
		b.WriteString("'" + word + "'")
	}
	return b.String()
}

// keep leaves only the tools that are named, which must be offered.
func (c *calling) keep(named []namedTool) error {
	names := map[toolName]bool{}
	for _, n := range named {
		name, ok := n.name()
		if !ok {
			return invalid("tool_choice", "Invalid value for 'tool_choice': a tool is {\"type\": \"function\", \"function\": {\"name\": …}}, or of type custom.")
		}
		if !slices.ContainsFunc(c.offered, func(t tool) bool { return t.name() == name }) {
			return invalid("tool_choice", "Tool choice '%s' not found in 'tools' parameter.", name.name)
		}
		names[name] = true
	}
	if len(names) == 0 {
		return invalid("tool_choice", "Invalid 'tool_choice.allowed_tools.tools': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	}
	c.offered = slices.DeleteFunc(slices.Clone(c.offered), func(t tool) bool { return !names[t.name()] })
	return nil
}

// A toolCall is a call in an assistant's message.
type toolCall struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function *struct {
		Name      string  `json:"name"`
		Arguments *string `json:"arguments"`
	} `json:"function,omitempty"`
	Custom *struct {
		Name  string  `json:"name"`
		Input *string `json:"input"`
	} `json:"custom,omitempty"`
}

// name is the tool that is called; ok is false where the call is not one as the API describes it.
func (t *toolCall) name() (toolName, bool) {
	switch {
	case t.ID == "":
		return toolName{}, false
	case t.Type == toolFunction && t.Function != nil && t.Function.Arguments != nil:
		return toolName{toolFunction, t.Function.Name}, true
	case t.Type == toolCustom && t.Custom != nil && t.Custom.Input != nil:
		return toolName{toolCustom, t.Custom.Name}, true
	default:
		return toolName{}, false
	}
}

// allows says whether learned calls may be given: they are such as the API describes, of tools that are offered, and not too many.
func (c *calling) allows(raw json.RawMessage) bool {
	var calls []toolCall
	if json.Unmarshal(raw, &calls) != nil || len(calls) == 0 || c.single && len(calls) > 1 {
		return false
	}
	return !slices.ContainsFunc(calls, func(call toolCall) bool {
		name, ok := call.name()
		return !ok || !slices.ContainsFunc(c.offered, func(t tool) bool { return t.name() == name })
	})
}

// standIn calls the first of the tools, with arguments that fit its parameters and mean nothing.
func (c *calling) standIn() (json.RawMessage, error) {
	t := c.offered[0]
	text := standInText
	call := map[string]any{"id": standInCall, "type": t.Type}
	if t.Type == toolCustom {
		call["custom"] = map[string]any{"name": *t.Custom.Name, "input": text}
		return json.Marshal([]any{call})
	}
	text = "{}"
	if t.parameters != nil {
		var err error
		if text, err = t.parameters.instanceText(); err != nil {
			e := invalid("tools", "Invalid schema for function '%s': %v.", *t.Function.Name, err)
			e.Code = "invalid_function_parameters"
			return nil, e
		}
	}
	call["function"] = map[string]any{"name": *t.Function.Name, "arguments": text}
	return json.Marshal([]any{call})
}
