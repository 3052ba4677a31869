package openai

import (
	"context"

	goopenai "github.com/sashabaranov/go-openai"

	"ftrun/runner/provider"
)

// maxChat bounds one answer of a model: many are asked at once.
const maxChat = 4 << 20

// Complete asks a model. go-openai drops a temperature of 0, so sampling goes beside it.
func (c *Client) Complete(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	call := &call{op: "ask " + req.Model, model: req.Model, replay: replayAlways, maxAnswer: maxChat, extra: map[string]any{}}
	if req.Temperature != nil {
		call.extra["temperature"] = *req.Temperature
	}
	if req.MaxCompletionTokens > 0 {
		call.extra["max_completion_tokens"] = req.MaxCompletionTokens
	}
	var completion provider.Completion
	call.read = func(body []byte) (err error) {
		completion, err = decodeCompletion(body)
		return err
	}
	messages := make([]goopenai.ChatCompletionMessage, len(req.Messages))
	for i, m := range req.Messages {
		messages[i] = goopenai.ChatCompletionMessage{Role: m.Role, Content: m.Content}
	}
	_, libraryErr := c.api.CreateChatCompletion(call.context(ctx), goopenai.ChatCompletionRequest{Model: req.Model, Messages: messages})
	if err := call.finish(ctx, libraryErr); err != nil {
		return provider.Completion{}, err
	}
	completion.Latency, completion.Attempts = call.latency, call.attempts
	return completion, nil
}
