package openai

import (
	"context"
	"slices"

	goopenai "github.com/sashabaranov/go-openai"

	"ftrun/runner/provider"
)

// maxChat bounds one answer of a model: many are asked at once.
const maxChat = 4 << 20

// Complete asks a model. A field that the model refuses, and that can be done without, is left out of a second request, and of every
// later one for that model; see [manner]. Attempts counts the requests of both.
func (c *Client) Complete(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	m := c.manners.of(req.Model)
	attempts, lost := 0, 0
	for {
		call := &call{op: "ask " + req.Model, model: req.Model, replay: replayAlways, maxAnswer: maxChat}
		completion, err := c.complete(ctx, call, req, m)
		attempts += call.attempts
		lost += call.lost
		completion.Attempts, completion.Lost = attempts, lost
		if err == nil {
			c.manners.learn(req.Model, m)
			return completion, nil
		}
		next, ok := m.after(call, req)
		if !ok {
			return provider.Completion{}, err
		}
		m = next
		if !sleep(ctx, provider.Again(ctx)) {
			return provider.Completion{}, context.Cause(ctx)
		}
	}
}

// complete asks a model in one manner. go-openai drops a temperature of 0 and refuses others by the model's name, so sampling goes
// beside it, as does all that its types lack.
func (c *Client) complete(ctx context.Context, call *call, req provider.CompletionRequest, m manner) (provider.Completion, error) {
	call.extra = m.fields(req)
	if len(req.Tools) > 0 {
		call.extra["tools"] = req.Tools
	}
	if f := req.ResponseFormat; f != nil {
		call.extra["response_format"] = map[string]any{
			"type": "json_schema", "json_schema": map[string]any{"name": f.Name, "strict": true, "schema": f.Schema},
		}
	}
	library := goopenai.ChatCompletionRequest{Model: req.Model}
	if len(call.extra) > 0 || slices.ContainsFunc(req.Messages, isOdd) {
		call.extra["messages"] = wireMessages(req.Messages) // beside the others they are not encoded twice
	} else {
		for _, m := range req.Messages {
			library.Messages = append(library.Messages, goopenai.ChatCompletionMessage{Role: m.Role, Content: m.Content})
		}
	}
	var completion provider.Completion
	call.read = func(body []byte) (err error) {
		completion, err = decodeCompletion(body)
		return err
	}
	_, libraryErr := c.api.CreateChatCompletion(call.context(ctx), library)
	if err := call.finish(ctx, libraryErr); err != nil {
		return provider.Completion{}, err
	}
	completion.Latency = call.latency
	return completion, nil
}

// isOdd reports whether go-openai would lose something of a message: it drops contents and arguments that are empty.
func isOdd(m provider.Message) bool {
	return m.Content == "" || m.Name != "" || m.ToolCallID != "" || len(m.ToolCalls) > 0
}

// A wireMessage is a message as the API has it. Its content is always sent; it is null where an assistant only calls tools, since some
// services refuse an empty text there.
type wireMessage struct {
	Content    *string           `json:"content"`
	Name       string            `json:"name,omitempty"`
	Role       string            `json:"role"`
	ToolCallID string            `json:"tool_call_id,omitempty"`
	ToolCalls  []wireMessageCall `json:"tool_calls,omitempty"`
}

type wireMessageCall struct {
	Function struct {
		Arguments string `json:"arguments"`
		Name      string `json:"name"`
	} `json:"function"`
	ID   string `json:"id"`
	Type string `json:"type"`
}

func wireMessages(messages []provider.Message) []wireMessage {
	list := make([]wireMessage, len(messages))
	for i := range messages {
		m := &messages[i]
		list[i] = wireMessage{Content: &m.Content, Name: m.Name, Role: m.Role, ToolCallID: m.ToolCallID}
		if len(m.ToolCalls) > 0 && m.Content == "" {
			list[i].Content = nil
		}
		for _, call := range m.ToolCalls {
			w := wireMessageCall{ID: call.ID, Type: "function"}
			w.Function.Name, w.Function.Arguments = call.Name, call.Arguments
			list[i].ToolCalls = append(list[i].ToolCalls, w)
		}
	}
	return list
}
