package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// onWire returns the body that a question makes.
func onWire(t *testing.T, req provider.CompletionRequest) string {
	t.Helper()
	bodies, url := bodyServer(t)
	c := openai.New(openai.Config{Endpoint: endpoint(url)})
	defer c.CloseIdleConnections()
	if _, err := c.Complete(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	return bodies["POST /chat/completions"]
}

var weatherTool = json.RawMessage(`{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"n": {"type": "number", "maximum": 12345678901234567890}}}}}`)

// TestQuestionOnTheWire: each byte of each question. The first two are what they were before there were tools.
func TestQuestionOnTheWire(t *testing.T) {
	zero, plain := 0.0, []provider.Message{{Role: "system", Content: "Be <brief>."}, {Role: "user", Content: "hi"}}
	for name, test := range map[string]struct {
		req  provider.CompletionRequest
		want string
	}{
		"least": {
			provider.CompletionRequest{Messages: plain},
			`{"model":"m","messages":[{"role":"system","content":"Be \u003cbrief\u003e."},{"role":"user","content":"hi"}],"stream":false}`,
		},
		"sampling": {
			provider.CompletionRequest{Messages: plain, Temperature: &zero, MaxCompletionTokens: 7},
			`{"max_completion_tokens":7,"messages":[{"content":"Be \u003cbrief\u003e.","role":"system"},{"content":"hi","role":"user"}],"model":"m","stream":false,"temperature":0}`,
		},
		"empty contents": {
			provider.CompletionRequest{Messages: []provider.Message{{Role: "system"}, {Role: "user", Content: ""}}},
			`{"messages":[{"content":"","role":"system"},{"content":"","role":"user"}],"model":"m","stream":false}`,
		},
		"a conversation with tools": {
			provider.CompletionRequest{
				Messages: []provider.Message{
					{Role: "user", Content: "hi", Name: "ann"},
					{Role: "assistant", ToolCalls: []provider.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"n":`}, {ID: "call_2", Name: "now"}}},
					{Role: "tool", ToolCallID: "call_1", Content: "rain"},
					{Role: "tool", ToolCallID: "call_2"},
					{Role: "assistant", Content: "wait", ToolCalls: []provider.ToolCall{{ID: "call_3", Name: "now", Arguments: "{}"}}},
				},
				Tools: []json.RawMessage{weatherTool},
			},
			`{"messages":[{"content":"hi","name":"ann","role":"user"},` +
				`{"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":"{\"n\":","name":"weather"},"id":"call_1","type":"function"},{"function":{"arguments":"","name":"now"},"id":"call_2","type":"function"}]},` +
				`{"content":"rain","role":"tool","tool_call_id":"call_1"},{"content":"","role":"tool","tool_call_id":"call_2"},` +
				`{"content":"wait","role":"assistant","tool_calls":[{"function":{"arguments":"{}","name":"now"},"id":"call_3","type":"function"}]}],` +
				`"model":"m","stream":false,"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"n":{"type":"number","maximum":12345678901234567890}}}}}]}`,
		},
		"a response format": {
			provider.CompletionRequest{Messages: plain[1:], ResponseFormat: &provider.ResponseFormat{Name: "verdict", Schema: json.RawMessage(`{"type": "object", "properties": {"z": {}, "a": {}}}`)}},
			`{"messages":[{"content":"hi","role":"user"}],"model":"m","response_format":{"json_schema":{"name":"verdict","schema":{"type":"object","properties":{"z":{},"a":{}}},"strict":true},"type":"json_schema"},"stream":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.req.Model = "m"
			if got := onWire(t, test.req); got != test.want {
				t.Errorf("body\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestBrokenToolIsNotSent: what is no JSON is refused here, for certain.
func TestBrokenToolIsNotSent(t *testing.T) {
	c := bubbleClient(serve(answer), nil)
	_, err := c.Complete(t.Context(), provider.CompletionRequest{Model: "m", Messages: []provider.Message{{Role: "user", Content: "hi"}}, Tools: []json.RawMessage{[]byte(`{"type":`)}})
	if failure := failureOf(t, err); failure.Kind != provider.KindInvalid || !failure.Definite() || c.Requests() != 0 {
		t.Errorf("%v after %d requests", err, c.Requests())
	}
}

// TestAnyModelIsAsked: go-openai refuses models that reason by their names, where they are asked for a temperature, a limit or tools. The
// service is whom to ask.
func TestAnyModelIsAsked(t *testing.T) {
	half := 0.5
	for _, model := range []string{"o1", "o3-mini", "o4-mini", "gpt-5-mini", "gpt-5.2", "gpt-6-astra", "gpt-6-sol", "gpt-6-luna", "ft:o4-mini:org::x"} {
		c := bubbleClient(serve(answer), nil)
		_, err := c.Complete(t.Context(), provider.CompletionRequest{
			Model: model, Temperature: &half, MaxCompletionTokens: 5, Messages: []provider.Message{{Role: "user", Content: "hi"}}, Tools: []json.RawMessage{weatherTool},
		})
		if err != nil || c.Requests() != 1 {
			t.Errorf("%s: %v after %d requests", model, err, c.Requests())
		}
	}
}

// TestCompletionShapes: an answer is read in each of the shapes in which services send it.
func TestCompletionShapes(t *testing.T) {
	weather := provider.ToolCall{ID: "call_1", Name: "weather", Arguments: `{"city":"Oslo"}`}
	unnamed := weather
	unnamed.ID = ""
	for name, test := range map[string]struct {
		message string
		want    provider.Completion // Text, Refusal and ToolCalls
	}{
		"as described":       {`{"content":null,"refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{weather}}},
		"an object":          {`{"content":"","tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":{ "city": "Oslo" }}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{weather}}},
		"no id":              {`{"tool_calls":[{"type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{unnamed}}},
		"a null id":          {`{"tool_calls":[{"id":null,"function":{"name":"weather","arguments":{"city":"Oslo"}}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{unnamed}}},
		"flat":               {`{"tool_calls":[{"id":"call_1","name":"weather","arguments":{"city":"Oslo"}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{weather}}},
		"a custom tool":      {`{"tool_calls":[{"id":"c","type":"custom","custom":{"name":"sql","input":"select 1"}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{{ID: "c", Name: "sql", Arguments: "select 1"}}}},
		"before tools":       {`{"content":null,"function_call":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}`, provider.Completion{ToolCalls: []provider.ToolCall{unnamed}}},
		"both":               {`{"function_call":{"name":"old","arguments":"{}"},"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":{"city":"Oslo"}}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{weather}}},
		"no function called": {`{"content":"x","function_call":{},"tool_calls":[]}`, provider.Completion{Text: "x"}},
		"null calls":         {`{"content":"x","function_call":null,"tool_calls":null}`, provider.Completion{Text: "x"}},
		"broken arguments":   {`{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"city\":"}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{{ID: "a", Name: "f", Arguments: `{"city":`}}}},
		"no arguments":       {`{"tool_calls":[{"id":"a","function":{"name":"f"}},{"id":"b","function":{"name":"g","arguments":null}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{{ID: "a", Name: "f"}, {ID: "b", Name: "g"}}}},
		"odd arguments":      {`{"tool_calls":[{"id":1,"function":{"name":"f","arguments":[1, 2]}}]}`, provider.Completion{ToolCalls: []provider.ToolCall{{ID: "1", Name: "f", Arguments: "[1,2]"}}}},
		"a call unreadable":  {`{"content":"x","tool_calls":["f",{"id":"a","function":{"name":"f","arguments":""}}]}`, provider.Completion{Text: "x", ToolCalls: []provider.ToolCall{{}, {ID: "a", Name: "f"}}}},
		"calls unreadable":   {`{"content":"x","tool_calls":"f"}`, provider.Completion{Text: "x"}},
		"a refusal":          {`{"content":null,"refusal":"I can't"}`, provider.Completion{Refusal: "I can't"}},
		"a refusal's part":   {`{"content":[{"type":"refusal","refusal":"I can't"}]}`, provider.Completion{Refusal: "I can't"}},
		"parts":              {`{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"},7]}`, provider.Completion{Text: "ab"}},
		"a number":           {`{"content":42}`, provider.Completion{Text: "42"}},
		"nothing":            {`{}`, provider.Completion{}},
	} {
		t.Run(name, func(t *testing.T) {
			c := bubbleClient(serve(`{"choices":[{"finish_reason":"stop","message":`+test.message+`}],"usage":{"prompt_tokens":"12","completion_tokens":3.0}}`), nil)
			got, err := ask(t.Context(), c)
			if err != nil || got.FinishReason != "stop" || got.Usage == nil || *got.Usage != (provider.Usage{PromptTokens: 12, CompletionTokens: 3}) {
				t.Fatalf("%+v, %v", got, err)
			}
			shown := provider.Completion{Text: got.Text, Refusal: got.Refusal, ToolCalls: got.ToolCalls}
			if !reflect.DeepEqual(shown, test.want) {
				t.Errorf("read %+v, want %+v", shown, test.want)
			}
		})
	}
}

// Whatever a service answers, it is read or is an error of the provider's kind, and a key in it is taken out.
func FuzzCompletion(f *testing.F) {
	f.Add(answer)
	f.Add(`{"choices":[{"message":{"tool_calls":[{"function":{"name":"` + testKey + `","arguments":{"a":[null]}}}],"content":[{"text":"x"}]}}]}`)
	f.Add(`{"choices":[{"message":{"function_call":{"name":"f"}}}],"usage":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }, nil)
		ctx, cancel := deadline(t)
		defer cancel()
		got, err := ask(ctx, c)
		if errors.Is(err, context.DeadlineExceeded) {
			return // a slow machine
		}
		if err != nil {
			failureOf(t, err)
			return
		}
		shown := got.Text + got.Refusal + got.Model + got.FinishReason
		for _, call := range got.ToolCalls {
			shown += call.ID + call.Name + call.Arguments
		}
		if strings.Contains(shown, testKey) {
			t.Errorf("the key shows in %q", shown)
		}
	})
}
