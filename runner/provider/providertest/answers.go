package providertest

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"ftrun/runner/provider"
)

// question asks a model one thing.
func question(model, text string) provider.CompletionRequest {
	return provider.CompletionRequest{Model: model, Messages: []provider.Message{{Role: "user", Content: text}}}
}

func complete(t *testing.T, p Provider, req provider.CompletionRequest) provider.Completion {
	t.Helper()
	answer, err := p.Complete(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func testTemperature(t *testing.T, p Provider) {
	zero := 0.0
	req := question(ColdModel, "hello")
	req.Temperature, req.MaxCompletionTokens = &zero, 50
	for i, attempts := range []int{2, 1, 1} {
		if answer := complete(t, p, req); strings.TrimSpace(answer.Text) == "" || answer.Attempts != attempts {
			t.Errorf("answer %d: %+v, want a text after %d requests", i, answer, attempts)
		}
	}
}

const (
	toolName   = "count"
	toolAnswer = `{"type":"function","function":{"name":"count","parameters":{"type":"object","properties":{"of":{"type":"string"}},"required":["of"]}}}`
)

// callingData is a training file whose answers call a tool.
func callingData() []byte {
	line := `{"messages":[{"role":"user","content":"Count the apples"},{"role":"assistant","content":null,` +
		`"tool_calls":[{"id":"call_1","type":"function","function":{"name":"count","arguments":"{\"of\":\"apples\"}"}}]}]}` + "\n"
	return []byte(strings.Repeat(line, 12))
}

// testTools asks a model that has learned to call a tool, and goes on with the tool's answer.
func testTools(t *testing.T, p Provider) {
	job := finish(t, p, create(t, p, uploadBytes(t, p, "train.jsonl", callingData()).ID, "key"))
	req := question(job.FineTunedModel, "Count the apples")
	if answer := complete(t, p, req); len(answer.ToolCalls) != 0 {
		t.Errorf("without a tool, %+v calls one", answer)
	}
	req.Tools = []json.RawMessage{json.RawMessage(toolAnswer)}
	answer := complete(t, p, req)
	if len(answer.ToolCalls) != 1 || answer.FinishReason != "tool_calls" || answer.Usage == nil {
		t.Fatalf("with a tool: %+v", answer)
	}
	call := answer.ToolCalls[0]
	var arguments struct{ Of string }
	if err := json.Unmarshal([]byte(call.Arguments), &arguments); err != nil || call.Name != toolName || call.ID == "" || arguments.Of == "" {
		t.Errorf("call %+v, %v", call, err)
	}
	req.Messages = append(req.Messages,
		provider.Message{Role: "assistant", ToolCalls: answer.ToolCalls},
		provider.Message{Role: "tool", ToolCallID: call.ID, Content: ""},
		provider.Message{Role: "user", Name: "ann", Content: "And now?"})
	complete(t, p, req)
}

func testFormat(t *testing.T, p Provider) {
	req := question(baseModel, "Is it right?")
	req.ResponseFormat = &provider.ResponseFormat{
		Name:   "verdict",
		Schema: json.RawMessage(`{"type":"object","properties":{"verdict":{"type":"string","enum":["right","wrong"]}},"required":["verdict"],"additionalProperties":false}`),
	}
	answer := complete(t, p, req)
	var v map[string]string
	if err := json.Unmarshal([]byte(answer.Text), &v); err != nil || len(v) != 1 || v["verdict"] != "right" && v["verdict"] != "wrong" {
		t.Errorf("answer %q, %v", answer.Text, err)
	}
	req.ResponseFormat = &provider.ResponseFormat{Name: "a b", Schema: json.RawMessage(`{}`)}
	if _, err := p.Complete(t.Context(), req); !isKind(err, provider.KindInvalid) {
		t.Errorf("a format with a bad name: %v, want it refused", err)
	}
}

func testEmbed(t *testing.T, p Provider) {
	texts := []string{"Plants need light.", "Light is what plants need.", "The train leaves at nine."}
	got, err := p.Embed(t.Context(), "text-embedding-3-small", texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Vectors) != len(texts) || got.Usage == nil || got.Usage.PromptTokens <= 0 {
		t.Fatalf("%d vectors, usage %+v", len(got.Vectors), got.Usage)
	}
	near, far := cosine(got.Vectors[0], got.Vectors[1]), cosine(got.Vectors[0], got.Vectors[2])
	if !(near > far) { // nor is either of them no number
		t.Errorf("alike %v, unlike %v", near, far)
	}
	again, err := p.Embed(t.Context(), "text-embedding-3-small", texts[:1])
	if err != nil || !slices.Equal(again.Vectors[0], got.Vectors[0]) {
		t.Errorf("the same text again: %v", err)
	}
	if none, err := p.Embed(t.Context(), "text-embedding-3-small", nil); err != nil || len(none.Vectors) != 0 {
		t.Errorf("of no texts: %v, %v", none, err)
	}
	if _, err := p.Embed(t.Context(), "text-embedding-3-small", []string{"a", ""}); !isKind(err, provider.KindInvalid) {
		t.Errorf("of an empty text: %v, want it refused", err)
	}
	if _, err := p.Embed(t.Context(), "ft:"+baseModel+":none::none", texts); !isKind(err, provider.KindNotFound) {
		t.Errorf("of a model that is not there: %v, want not found", err)
	}
}

func cosine(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	return ab / math.Sqrt(aa*bb)
}
