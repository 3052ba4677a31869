package embedded

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What the engine says where it has learned nothing to say.
const (
	untrainedReply = "This is ftrun's embedded stand-in, not a GPT, and it is untrained: it has learned no replies yet."
	unknownReply   = "This is ftrun's embedded stand-in, not a GPT, and no word of this conversation occurs in what it was trained on."
)

// A chatRequest holds the parameters that have an effect. Others are accepted and change nothing: the same conversation always gets the
// same reply, so there is nothing to sample.
type chatRequest struct {
	Model               string    `json:"model"`
	Messages            []message `json:"messages"`
	N                   *int      `json:"n"`
	MaxTokens           *int      `json:"max_tokens"`
	MaxCompletionTokens *int      `json:"max_completion_tokens"`
	Stream              bool      `json:"stream"`
	StreamOptions       struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

type chatMessage struct {
	Role      string          `json:"role"`
	Content   *string         `json:"content"`
	Refusal   *string         `json:"refusal"`
	ToolCalls json.RawMessage `json:"tool_calls,omitempty"`
}

type chatChoice struct {
	Index        int         `json:"index"`
	Message      chatMessage `json:"message"`
	Logprobs     *struct{}   `json:"logprobs"`
	FinishReason string      `json:"finish_reason"`
}

// usage counts in the engine's tokens.
type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

type chatCompletion struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"` // "chat.completion"
	Created           int64        `json:"created"`
	Model             string       `json:"model"`
	SystemFingerprint string       `json:"system_fingerprint"`
	Choices           []chatChoice `json:"choices"`
	Usage             usage        `json:"usage"`
}

func (s *Server) complete(w http.ResponseWriter, r *http.Request) error {
	var req chatRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if err := req.check(); err != nil {
		return err
	}
	answer, err := s.answer(&req)
	if err != nil {
		return err
	}
	c := s.newCompletion(&req, answer)
	if req.Stream {
		return stream(w, c, req.StreamOptions.IncludeUsage)
	}
	writeJSON(w, c)
	return nil
}

// check refuses what the service refuses, as far as it has a meaning here.
func (req *chatRequest) check() error {
	switch {
	case req.Model == "":
		return invalid("model", "you must provide a model parameter")
	case req.Messages == nil:
		return missingParam("messages")
	case len(req.Messages) == 0:
		return invalid("messages", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	case req.N != nil && *req.N != 1:
		return invalid("n", "The embedded engine gives one choice: 'n' must be 1.")
	}
	for i := range req.Messages {
		m := &req.Messages[i]
		if err := m.check(); err != nil {
			return &apiError{
				Status: http.StatusBadRequest, Type: typeInvalid, Param: fmt.Sprintf("messages[%d]", i), Code: "invalid_value",
				Message: fmt.Sprintf("Invalid value: 'messages[%d]' %v.", i, err),
			}
		}
	}
	if limit := req.limit(); limit != nil && *limit < 1 {
		return invalid("max_completion_tokens", "Invalid 'max_completion_tokens': %d is less than 1.", *limit)
	}
	return nil
}

// limit is the most tokens the answer may have, or nil.
func (req *chatRequest) limit() *int {
	if req.MaxCompletionTokens != nil {
		return req.MaxCompletionTokens
	}
	return req.MaxTokens
}

// answer lets the model answer.
func (s *Server) answer(req *chatRequest) (reply, error) {
	if !strings.HasPrefix(req.Model, tunedPrefix) {
		_, err := s.rootOf(req.Model)
		return reply{Content: untrainedReply}, err
	}
	tuned, err := s.jobs.tuned(req.Model)
	if err != nil {
		return reply{}, err
	}
	if err := s.jobs.notReady(&tuned); err != nil {
		return reply{}, err
	}
	m, err := s.models.get(tuned.blob)
	if err != nil {
		return reply{}, err
	}
	answer, ok := m.answer(promptOf(req.Messages))
	if !ok {
		return reply{Content: unknownReply}, nil
	}
	return answer, nil
}

func (s *Server) newCompletion(req *chatRequest, answer reply) chatCompletion {
	choice := chatChoice{FinishReason: "stop", Message: chatMessage{Role: "assistant", ToolCalls: answer.ToolCalls}}
	if answer.Content != "" || answer.ToolCalls == nil {
		choice.Message.Content = &answer.Content
	}
	if answer.ToolCalls != nil {
		choice.FinishReason = "tool_calls"
	}
	if limit := req.limit(); limit != nil {
		short, cut := firstTokens(answer.Content, *limit)
		if cut {
			choice.Message.Content, choice.FinishReason = &short, "length"
		}
	}
	return chatCompletion{
		ID: "chatcmpl-" + rand.Text(), Object: "chat.completion", Created: s.now().Unix(), Model: req.Model,
		SystemFingerprint: fingerprint, Choices: []chatChoice{choice}, Usage: count(req.Messages, choice.Message),
	}
}

func count(asked []message, answer chatMessage) usage {
	var u usage
	for _, m := range asked {
		u.PromptTokens += countTokens(m.Content.text)
	}
	u.CompletionTokens = countTokens(deref(answer.Content)) + countTokens(string(answer.ToolCalls))
	u.TotalTokens = u.PromptTokens + u.CompletionTokens
	return u
}

// notReady says, for as many calls as the job's script wants, that the model can't be used yet.
func (b *board) notReady(m *tunedModel) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.find(m.job)
	if err != nil {
		return err
	}
	if j.refuse == 0 {
		return nil
	}
	j.refuse--
	return &apiError{
		Status: j.Script.NotReady.Status, Type: typeInvalid, Param: "model", Code: cmp.Or(j.Script.NotReady.Code, "model_not_ready"),
		Message: fmt.Sprintf("The model `%s` is not ready yet.", m.name),
	}
}

type chunkDelta struct {
	Role      string          `json:"role,omitempty"`
	Content   *string         `json:"content,omitempty"`
	ToolCalls json.RawMessage `json:"tool_calls,omitempty"`
}

type chunkChoice struct {
	Index        int        `json:"index"`
	Delta        chunkDelta `json:"delta"`
	Logprobs     *struct{}  `json:"logprobs"`
	FinishReason *string    `json:"finish_reason"`
}

type chatChunk struct {
	ID                string        `json:"id"`
	Object            string        `json:"object"` // "chat.completion.chunk"
	Created           int64         `json:"created"`
	Model             string        `json:"model"`
	SystemFingerprint string        `json:"system_fingerprint"`
	Choices           []chunkChoice `json:"choices"`
	Usage             *usage        `json:"usage,omitempty"`
}

// stream sends a completion as server-sent events: who speaks, what is said, why it ends and, if wanted, the usage. The reply is known
// as a whole, so it comes in one piece.
func stream(w http.ResponseWriter, c chatCompletion, withUsage bool) error {
	choice := c.Choices[0]
	deltas := []chunkChoice{
		{Delta: chunkDelta{Role: choice.Message.Role}},
		{Delta: chunkDelta{Content: choice.Message.Content, ToolCalls: indexed(choice.Message.ToolCalls)}},
		{FinishReason: &choice.FinishReason},
	}
	chunk := chatChunk{ID: c.ID, Object: "chat.completion.chunk", Created: c.Created, Model: c.Model, SystemFingerprint: c.SystemFingerprint}
	var chunks []chatChunk
	for _, d := range deltas {
		chunk.Choices = []chunkChoice{d}
		chunks = append(chunks, chunk)
	}
	if withUsage {
		chunk.Choices, chunk.Usage = []chunkChoice{}, &c.Usage
		chunks = append(chunks, chunk)
	}

	w.Header().Set("Content-Type", "text/event-stream")
	for _, chunk := range chunks {
		b, err := json.Marshal(chunk)
		if err != nil {
			return brokenAnswer(err)
		}
		if err := sendEvent(w, b); err != nil {
			return err
		}
	}
	return sendEvent(w, []byte("[DONE]"))
}

func sendEvent(w http.ResponseWriter, data []byte) error {
	if _, err := w.Write(slices.Concat([]byte("data: "), data, []byte("\n\n"))); err != nil {
		return brokenAnswer(err)
	}
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return brokenAnswer(err)
	}
	return nil
}

// indexed adds to each tool call its place in the list, which a stream has and a whole message lacks.
func indexed(calls json.RawMessage) json.RawMessage {
	var list []map[string]any
	if json.Unmarshal(calls, &list) != nil {
		return nil
	}
	for i := range list {
		list[i]["index"] = i
	}
	b, err := json.Marshal(list)
	if err != nil {
		return nil
	}
	return b
}
