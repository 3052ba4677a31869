package embedded

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
)

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

	Usage json.RawMessage `json:"usage,omitempty"` // where it is wanted, null in every chunk but the last
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
	if withUsage {
		chunk.Usage = json.RawMessage("null")
	}
	var chunks []chatChunk
	for _, d := range deltas {
		chunk.Choices = []chunkChoice{d}
		chunks = append(chunks, chunk)
	}
	if withUsage {
		used, err := json.Marshal(c.Usage)
		if err != nil {
			return brokenAnswer(err)
		}
		chunk.Choices, chunk.Usage = []chunkChoice{}, used
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
