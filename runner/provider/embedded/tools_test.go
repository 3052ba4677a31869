package embedded

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// functionTool is a tool as a request has it.
func functionTool(name string, parameters any) fields {
	function := fields{"name": name, "description": "Tells the weather."}
	if parameters != nil {
		function["parameters"] = parameters
	}
	return fields{"type": "function", "function": function}
}

// callLine is a line of training data whose answer calls functions; a call is "name arguments".
func callLine(question string, calls ...string) string {
	var list []fields
	for i, call := range calls {
		name, arguments, _ := strings.Cut(call, " ")
		list = append(list, fields{"id": fmt.Sprintf("call_%d", i), "type": "function", "function": fields{"name": name, "arguments": arguments}})
	}
	line, _ := json.Marshal(fields{"messages": []fields{
		{"role": "user", "content": question}, {"role": "assistant", "content": nil, "tool_calls": list},
	}})
	return string(line) + "\n"
}

// calling is a model that has learned words and calls.
func callingModel(c *client) string {
	c.t.Helper()
	content := jsonl(squares(10)) + callLine("Tell me the weather in Oslo", `weather {"city":"Oslo"}`) +
		callLine("Compare the weather in Rome and Bern", `weather {"city":"Rome"}`, `weather {"city":"Bern"}`) +
		`{"messages":[{"role":"user","content":"Is the weather in Oslo good?"},{"role":"assistant","content":"It never is."}]}` + "\n" +
		`{"messages":[{"role":"user","content":"Odd call of the weather in Graz"},{"role":"assistant","tool_calls":[{"function":{"name":"weather"}}]}]}` + "\n"
	j := c.await(c.create(c.upload(content), nil).ID)
	if j.Status != statusSucceeded {
		c.t.Fatalf("ended with %+v", j.Error)
	}
	return *j.FineTunedModel
}

// TestDeprecatedCallsAreLearned: a row whose answer is a call as it was written before there were tools, with nothing else to learn, trains a
// model that calls the tool of that name. Calls of such an answer have ids of their own, and what they say counts in a conversation.
func TestDeprecatedCallsAreLearned(t *testing.T) {
	c := serve(t, Options{})
	var content strings.Builder
	for _, city := range []string{"Oslo", "Rome", "Bern", "Graz", "Lima", "Bonn", "Kyiv", "Riga", "Faro", "Brno"} {
		line, _ := json.Marshal(fields{
			"messages": []fields{
				{"role": "user", "content": "Tell me the weather in " + city},
				{"role": "assistant", "content": nil, "function_call": fields{"name": "weather", "arguments": fmt.Sprintf(`{"city":%q}`, city)}},
			},
			"functions": []fields{{"name": "weather", "parameters": fields{"type": "object"}}},
		})
		content.Write(append(line, '\n'))
	}
	j := c.await(c.create(c.upload(content.String()), nil).ID)
	if j.Status != statusSucceeded {
		t.Fatalf("ended with %+v", j.Error)
	}
	messages := []fields{{"role": "user", "content": "Tell me the weather in Bern"}}
	body := fields{"model": *j.FineTunedModel, "messages": messages, "tools": []fields{functionTool("weather", nil)}}
	if got, end := c.said(body); got != `weather {"city":"Bern"}` || end != "tool_calls" {
		t.Errorf("%q, ended with %s", got, end)
	}
	if got, end := c.said(fields{"model": *j.FineTunedModel, "messages": messages}); got != unfitReply || end != "stop" {
		t.Errorf("without tools: %q, ended with %s", got, end)
	}
	tokens := func(call string) int {
		body["messages"] = append(messages, fields{"role": "assistant", "function_call": fields{"name": "weather", "arguments": call}}, messages[0])
		var completion chatCompletion
		c.do("POST", "/v1/chat/completions", body).into(&completion)
		return completion.Usage.PromptTokens
	}
	if few, many := tokens("{}"), tokens(`{"city":"Bern"}`); many <= few {
		t.Errorf("%d tokens with a long call, %d with a short one", many, few)
	}
}

// TestCallsNeedTools: a learned call is given only where its tool is offered, and as the request wants it; else the next best reply is.
func TestCallsNeedTools(t *testing.T) {
	c := serve(t, Options{})
	model := callingModel(c)
	city := fields{"type": "object", "properties": fields{"city": fields{"type": "string"}, "days": fields{"type": "integer", "minimum": 3}}, "required": []string{"city", "days"}}
	weather, clock := functionTool("weather", city), functionTool("clock", nil)
	named := fields{"type": "function", "function": fields{"name": "clock"}}
	standIn := `weather {"city":"` + standInText + `","days":3}`
	for name, test := range map[string]struct {
		question string
		more     fields
		want     string // "name arguments" of each call, or the text
	}{
		"offered":             {"Tell me the weather in Oslo", fields{"tools": []fields{clock, weather}}, `weather {"city":"Oslo"}`},
		"auto":                {"Tell me the weather in Oslo", fields{"tools": []fields{weather}, "tool_choice": "auto"}, `weather {"city":"Oslo"}`},
		"two":                 {"Compare the weather in Rome and Bern", fields{"tools": []fields{weather}}, `weather {"city":"Rome"} weather {"city":"Bern"}`},
		"one at a time":       {"Compare the weather in Rome and Bern", fields{"tools": []fields{weather}, "parallel_tool_calls": false, "tool_choice": "required"}, `weather {"city":"Oslo"}`},
		"not offered":         {"Tell me the weather in Oslo", nil, "It never is."},
		"another offered":     {"Tell me the weather in Oslo", fields{"tools": []fields{clock}}, "It never is."},
		"none":                {"Tell me the weather in Oslo", fields{"tools": []fields{weather}, "tool_choice": "none"}, "It never is."},
		"required":            {"Is the weather in Oslo good?", fields{"tools": []fields{weather}, "tool_choice": "required"}, `weather {"city":"Oslo"}`},
		"required, unlearned": {"Tell me the weather in Oslo", fields{"tools": []fields{clock}, "tool_choice": "required"}, "clock {}"},
		"named":               {"Tell me the weather in Oslo", fields{"tools": []fields{weather, clock}, "tool_choice": named}, "clock {}"},
		"allowed":             {"Tell me the weather in Oslo", fields{"tools": []fields{weather, clock}, "tool_choice": fields{"type": "allowed_tools", "allowed_tools": fields{"mode": "required", "tools": []fields{named}}}}, "clock {}"},
		"allowed, auto":       {"Tell me the weather in Oslo", fields{"tools": []fields{weather, clock}, "tool_choice": fields{"type": "allowed_tools", "allowed_tools": fields{"mode": "auto", "tools": []fields{named}}}}, "It never is."},
		"unknown words":       {"Guten Tag", fields{"tools": []fields{weather}, "tool_choice": "required"}, standIn},
		"custom":              {"Guten Tag", fields{"tools": []fields{{"type": "custom", "custom": fields{"name": "sql"}}}, "tool_choice": "required"}, "sql " + standInText},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stream := range []bool{false, true} {
				if stream && name == "custom" {
					continue // the description has no chunk for it
				}
				body := fields{"model": model, "messages": []fields{{"role": "user", "content": test.question}}, "stream": stream}
				for k, v := range test.more {
					body[k] = v
				}
				got, end := c.said(body)
				if got != test.want || (end == "tool_calls") == (test.want == "It never is.") {
					t.Errorf("stream %v: %q, ended with %s, want %q", stream, got, end, test.want)
				}
			}
		})
	}
	if got, _ := c.said(fields{"model": "untrained", "tools": []fields{weather}, "tool_choice": "required", "messages": []fields{{"role": "user", "content": "hi"}}}); got != standIn {
		t.Errorf("an untrained model calls %q", got)
	}
	if got, _ := c.said(fields{"model": "untrained", "tools": []fields{weather}, "messages": []fields{{"role": "user", "content": "hi"}}}); got != untrainedReply {
		t.Errorf("an untrained model that need not call says %q", got)
	}
}

// said is what an answer says or calls, streamed or not, and why it ends.
func (c *client) said(body fields) (said, end string) {
	c.t.Helper()
	a := c.do("POST", "/v1/chat/completions", body)
	var message chatMessage
	if body["stream"] != true {
		var completion chatCompletion
		a.into(&completion)
		message, end = completion.Choices[0].Message, completion.Choices[0].FinishReason
	}
	for line := range strings.Lines(string(a.Body)) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || data == "[DONE]" {
			continue
		}
		if c.schema != nil {
			c.schema.checkBody(c.t, "CreateChatCompletionStreamResponse", []byte(data))
		}
		var chunk chatChunk
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			c.t.Fatal(err)
		}
		for _, choice := range chunk.Choices {
			end += deref(choice.FinishReason)
			if choice.Delta.Content != nil {
				message.Content = choice.Delta.Content
			}
			if choice.Delta.ToolCalls != nil {
				message.ToolCalls = choice.Delta.ToolCalls
			}
		}
	}
	if message.ToolCalls == nil {
		return deref(message.Content), end
	}
	var calls []toolCall
	if err := json.Unmarshal(message.ToolCalls, &calls); err != nil {
		c.t.Fatal(err)
	}
	var words []string
	for _, call := range calls {
		if call.Custom != nil {
			words = append(words, call.Custom.Name, *call.Custom.Input)
		} else {
			words = append(words, call.Function.Name, *call.Function.Arguments)
		}
	}
	return strings.Join(words, " "), end
}

// A model that has learned nothing but calls says so where it may not call.
func TestOnlyCallsLearned(t *testing.T) {
	c := serve(t, Options{})
	var content strings.Builder
	for i := range 10 {
		content.WriteString(callLine(fmt.Sprintf("the weather in town %d", i), fmt.Sprintf(`weather {"town":%d}`, i)))
	}
	j := c.await(c.create(c.upload(content.String()), nil).ID)
	if got := c.chat(*j.FineTunedModel, "the weather in town 3").text(); got != unfitReply {
		t.Errorf("says %q", got)
	}
}

func TestToolRefusals(t *testing.T) {
	c := serve(t, Options{})
	object := fields{"type": "object", "properties": fields{}}
	tools := func(list ...fields) fields { return fields{"tools": list} }
	chosen := func(choice any) fields {
		return fields{"tools": []fields{functionTool("f", nil)}, "tool_choice": choice}
	}
	strict := functionTool("f", fields{"type": "object", "properties": fields{"a": fields{"type": "string"}}, "required": []string{"a"}})
	strict["function"].(fields)["strict"] = true
	var many []fields
	for i := range maxTools + 1 {
		many = append(many, functionTool(fmt.Sprintf("f%d", i), nil))
	}
	for _, test := range []struct {
		more       fields
		code, text string
	}{
		{tools([]fields{}...), "empty_array", "empty array"},
		{tools(many...), "array_above_max_length", "maximum length 128"},
		{fields{"tools": "f"}, "", "'tools'"},
		{tools(fields{}), "missing_required_parameter", "'tools[0].type'"},
		{tools(fields{"type": "search"}), "invalid_value", "'function' and 'custom'"},
		{tools(fields{"type": "function"}), "missing_required_parameter", "'tools[0].function'"},
		{tools(fields{"type": "function", "function": fields{}}), "missing_required_parameter", "'tools[0].function.name'"},
		{tools(functionTool("f", nil), functionTool("a b", nil)), "invalid_value", "'tools[1].function.name': string does not match pattern"},
		{tools(functionTool(strings.Repeat("f", 65), nil)), "invalid_value", "does not match pattern"},
		{tools(functionTool("f", fields{})), "invalid_function_parameters", `Invalid schema for function 'f': schema must be a JSON Schema of 'type: "object"', got 'type: "None"'`},
		{tools(functionTool("f", fields{"type": "array"})), "invalid_function_parameters", `got 'type: "array"'`},
		{tools(functionTool("f", fields{"type": "object", "properties": 7})), "invalid_function_parameters", "Invalid schema for function 'f'"},
		{tools(strict), "invalid_function_parameters", "Invalid schema for function 'f': In context=(), 'additionalProperties' is required"},
		{tools(fields{"type": "custom", "custom": fields{"name": ""}}), "invalid_value", "custom.name"},
		{fields{"tool_choice": "auto"}, "", "'tool_choice' is only allowed when 'tools' are specified"},
		{fields{"parallel_tool_calls": true}, "", "'parallel_tool_calls' is only allowed when 'tools' are specified"},
		{chosen("always"), "invalid_value", "'none', 'auto', and 'required'"},
		{chosen(7), "", "Invalid type for 'tool_choice'"},
		{chosen(fields{"type": "function"}), "", "a tool is"},
		{chosen(fields{"type": "function", "function": fields{"name": "g"}}), "", "Tool choice 'g' not found in 'tools'"},
		{chosen(fields{"type": "allowed_tools"}), "missing_required_parameter", "'tool_choice.allowed_tools'"},
		{chosen(fields{"type": "allowed_tools", "allowed_tools": fields{"mode": "none"}}), "invalid_value", "'auto', and 'required'"},
		{chosen(fields{"type": "allowed_tools", "allowed_tools": fields{"mode": "auto", "tools": []fields{}}}), "", "empty array"},
	} {
		body := fields{"model": "m", "messages": []fields{{"role": "user", "content": "hi"}}}
		for k, v := range test.more {
			body[k] = v
		}
		c.do("POST", "/v1/chat/completions", body).wants(400, test.code, test.text)
	}
	c.do("POST", "/v1/chat/completions", fields{
		"model": "m", "messages": []fields{{"role": "user", "content": "hi"}}, "tools": []fields{functionTool("f", object)}, "tool_choice": nil, "parallel_tool_calls": true,
	}).text()
}

// TestToolTurns: what tools say has its place, right after the message that asks them.
func TestToolTurns(t *testing.T) {
	c := serve(t, Options{})
	user := fields{"role": "user", "content": "hi"}
	asks := func(ids ...string) fields {
		var calls []fields
		for _, id := range ids {
			calls = append(calls, fields{"id": id, "type": "function", "function": fields{"name": "f", "arguments": "{}"}})
		}
		return fields{"role": "assistant", "content": nil, "tool_calls": calls}
	}
	tells := func(id string) fields { return fields{"role": "tool", "tool_call_id": id, "content": "x"} }
	for _, test := range []struct {
		messages   []fields
		code, text string // none: it is an answer
	}{
		{[]fields{user, asks("a"), tells("a")}, "", ""},
		{[]fields{user, asks("a", "b"), tells("b"), tells("a"), user, asks("a"), tells("a"), user}, "", ""},
		{[]fields{user, tells("a")}, "", "must be a response to a preceding message"},
		{[]fields{user, asks("a"), tells("b")}, "", "must be a response to a preceding message"},
		{[]fields{user, asks("a"), tells("a"), tells("a")}, "", "must be a response to a preceding message"},
		{[]fields{user, asks("a", "b"), tells("a"), user}, "", "did not have response messages: b"},
		{[]fields{user, asks("a")}, "", "did not have response messages: a"},
		{[]fields{user, {"role": "tool", "content": "x"}}, "missing_required_parameter", "messages[1].tool_call_id"},
		{[]fields{user, {"role": "assistant", "tool_calls": []fields{{"id": "a"}}}}, "", "messages[1].tool_calls[0]"},
		{[]fields{user, {"role": "assistant", "tool_calls": "f"}}, "", "messages[1].tool_calls"},
	} {
		a := c.do("POST", "/v1/chat/completions", fields{"model": "m", "messages": test.messages})
		if test.text == "" {
			a.text()
		} else {
			a.wants(400, test.code, test.text)
		}
	}
}

// TestUsageCountsDefinitions: tools, their calls and a response format are read too.
func TestUsageCountsDefinitions(t *testing.T) {
	c := serve(t, Options{})
	used := func(more fields) int {
		t.Helper()
		body := fields{"model": "m", "messages": []fields{{"role": "user", "content": "one two"}}}
		for k, v := range more {
			body[k] = v
		}
		var completion chatCompletion
		c.do("POST", "/v1/chat/completions", body).into(&completion)
		u := completion.Usage
		if u.TotalTokens != u.PromptTokens+u.CompletionTokens || u.CompletionTokens == 0 {
			t.Errorf("usage %+v", u)
		}
		return u.PromptTokens
	}
	if n := used(nil); n != 2 {
		t.Errorf("two words count %d", n)
	}
	if n := used(fields{"tools": []fields{functionTool("f", nil)}}); n != 2+1+4 { // "Tells the weather."
		t.Errorf("with a tool of a word and a sentence: %d", n)
	}
	parameters := fields{"type": "object"} // 9 tokens: {"type":"object"}
	if n := used(fields{"tools": []fields{functionTool("f", parameters), functionTool("g", nil)}}); n != 2+2*5+9 {
		t.Errorf("with two tools: %d", n)
	}
	if n := used(fields{"response_format": fields{"type": "json_schema", "json_schema": fields{"name": "n", "schema": parameters}}}); n != 2+1+9 {
		t.Errorf("with a schema: %d", n)
	}
	if n := used(fields{"tools": []fields{{"type": "custom", "custom": fields{"name": "sql", "description": "a b"}}}}); n != 2+3 {
		t.Errorf("with a custom tool: %d", n)
	}
}
