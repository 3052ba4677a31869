package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"ftrun/runner/provider"
)

// A content is a message's text, or the texts of its parts, of which some may be those of a refusal.
type content struct{ text, refusal string }

func (c *content) UnmarshalJSON(b []byte) error {
	*c = content{}
	if b[0] != '[' {
		var t text
		err := t.UnmarshalJSON(b)
		c.text = string(t)
		return err
	}
	var parts []lenient[struct {
		Text    lenient[string] `json:"text"`
		Refusal lenient[string] `json:"refusal"`
	}]
	if json.Unmarshal(b, &parts) != nil {
		return nil
	}
	var texts, refusals strings.Builder
	for _, p := range parts {
		texts.WriteString(p.v.Text.v)
		refusals.WriteString(p.v.Refusal.v)
	}
	c.text, c.refusal = texts.String(), refusals.String()
	return nil
}

// An arguments is what a function is called with: JSON as a text, which is the description's form, or as an object. What can't be
// read stays as it is: whether it is any good is not for the client to say.
type arguments string

func (a *arguments) UnmarshalJSON(b []byte) error {
	*a = ""
	var s string
	var compact bytes.Buffer
	switch {
	case string(b) == "null":
	case b[0] == '"' && json.Unmarshal(b, &s) == nil:
		*a = arguments(s)
	case json.Compact(&compact, b) == nil:
		*a = arguments(compact.String())
	}
	return nil
}

// A wireFunction is a function and what it is called with.
type wireFunction struct {
	Name      text      `json:"name"`
	Arguments arguments `json:"arguments"`
}

// A wireToolCall is {id, type: function, function: {name, arguments}}; without an id, or with name and arguments at the top, as some
// servers have it; or the call of a custom tool, {id, type: custom, custom: {name, input}}.
type wireToolCall struct {
	ID       text                   `json:"id"`
	Function lenient[*wireFunction] `json:"function"`
	Custom   lenient[*struct {
		Name  text      `json:"name"`
		Input arguments `json:"input"`
	}] `json:"custom"`
	wireFunction
}

func (w *wireToolCall) call() provider.ToolCall {
	call := provider.ToolCall{ID: string(w.ID), Name: string(w.Name), Arguments: string(w.Arguments)}
	if f := w.Function.v; f != nil {
		call.Name, call.Arguments = string(f.Name), string(f.Arguments)
	} else if c := w.Custom.v; c != nil {
		call.Name, call.Arguments = string(c.Name), string(c.Input)
	}
	return call
}

type wireChoice struct {
	FinishReason text `json:"finish_reason"`
	Message      *struct {
		Content   content                          `json:"content"`
		Refusal   text                             `json:"refusal"`
		ToolCalls lenient[[]lenient[wireToolCall]] `json:"tool_calls"`
		Call      lenient[*wireFunction]           `json:"function_call"` // as the API had it before there were tools
	} `json:"message"`
}

// toolCalls are the calls of a choice. One that can't be read has neither name nor arguments: a call was made, and nobody knows of what.
func (c *wireChoice) toolCalls() []provider.ToolCall {
	var calls []provider.ToolCall
	for _, w := range c.Message.ToolCalls.v {
		calls = append(calls, w.v.call())
	}
	if f := c.Message.Call.v; len(calls) == 0 && f != nil && f.Name != "" {
		calls = []provider.ToolCall{{Name: string(f.Name), Arguments: string(f.Arguments)}}
	}
	return calls
}

// A wireUsage is what an answer says of its tokens. Embeddings have no completion.
type wireUsage struct {
	PromptTokens     whole `json:"prompt_tokens"`
	CompletionTokens whole `json:"completion_tokens"`
}

func decodeCompletion(body []byte) (provider.Completion, error) {
	var w struct {
		Model   text                  `json:"model"`
		Choices lenient[[]wireChoice] `json:"choices"`
		Usage   lenient[*wireUsage]   `json:"usage"`
	}
	if err := decode(body, "completion", &w); err != nil {
		return provider.Completion{}, err
	}
	if len(w.Choices.v) == 0 || w.Choices.v[0].Message == nil {
		return provider.Completion{}, errors.New("completion has no choices")
	}
	choice := &w.Choices.v[0]
	content := choice.Message.Content
	completion := provider.Completion{
		Model: string(w.Model), FinishReason: string(choice.FinishReason), Text: content.text,
		Refusal: string(choice.Message.Refusal) + content.refusal, ToolCalls: choice.toolCalls(),
	}
	if u := w.Usage.v; u != nil && u.PromptTokens.v != nil && u.CompletionTokens.v != nil {
		completion.Usage = &provider.Usage{PromptTokens: *u.PromptTokens.v, CompletionTokens: *u.CompletionTokens.v}
	}
	return completion, nil
}
