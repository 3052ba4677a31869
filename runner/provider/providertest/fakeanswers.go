package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"

	"ftrun/runner/provider"
)

// Complete answers as Answer says. Without it a tool that is offered is called, a format is filled in, and else the last message comes back.
// [ColdModel] refuses the first temperature, as a model does that takes none.
func (f *Fake) Complete(ctx context.Context, req provider.CompletionRequest) (provider.Completion, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "complete"); err != nil {
		return provider.Completion{}, err
	}
	if err := f.findModel(req.Model); err != nil {
		return provider.Completion{}, err
	}
	f.asked = append(f.asked, req)
	if f.Answer != nil {
		return f.Answer(req)
	}
	completion, err := echo(req)
	if req.Model == ColdModel && req.Temperature != nil && !f.cold {
		f.cold, completion.Attempts = true, 2
	}
	return completion, err
}

var formatName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// echo is the answer of a model that has nothing to say.
func echo(req provider.CompletionRequest) (provider.Completion, error) {
	last := req.Messages[len(req.Messages)-1].Content
	completion := provider.Completion{
		Text: last, FinishReason: "stop", Model: req.Model, Attempts: 1, Usage: &provider.Usage{PromptTokens: 1, CompletionTokens: 1},
	}
	switch {
	case len(req.Tools) > 0:
		var tool struct {
			Function struct {
				Name       string
				Parameters json.RawMessage
			}
		}
		if err := json.Unmarshal(req.Tools[0], &tool); err != nil {
			return provider.Completion{}, refused(req, err)
		}
		arguments, err := fill(tool.Function.Parameters, last)
		if err != nil {
			return provider.Completion{}, refused(req, err)
		}
		completion.Text, completion.FinishReason = "", "tool_calls"
		completion.ToolCalls = []provider.ToolCall{{ID: "call_fake", Name: tool.Function.Name, Arguments: arguments}}
	case req.ResponseFormat != nil:
		if name := req.ResponseFormat.Name; !formatName.MatchString(name) {
			return provider.Completion{}, refused(req, fmt.Errorf("bad name %q of a format", name))
		}
		var err error
		if completion.Text, err = fill(req.ResponseFormat.Schema, last); err != nil {
			return provider.Completion{}, refused(req, err)
		}
	}
	return completion, nil
}

func refused(req provider.CompletionRequest, err error) error {
	return &provider.Error{Op: "ask " + req.Model, Kind: provider.KindInvalid, Status: 400, Question: true, Attempts: 1, Message: err.Error()}
}

// fill makes an object of a flat schema: of each required property the first of its enum, a 0, a false or the text.
func fill(schema json.RawMessage, text string) (string, error) {
	var object struct {
		Properties map[string]struct {
			Type any
			Enum []any
		}
		Required []string
	}
	if len(schema) > 0 {
		if err := json.Unmarshal(schema, &object); err != nil {
			return "", err
		}
	}
	filled := map[string]any{}
	for _, name := range object.Required {
		switch p := object.Properties[name]; {
		case len(p.Enum) > 0:
			filled[name] = p.Enum[0]
		case p.Type == "number" || p.Type == "integer":
			filled[name] = 0
		case p.Type == "boolean":
			filled[name] = false
		default:
			filled[name] = text
		}
	}
	out, err := json.Marshal(filled)
	return string(out), err
}

// fakeDimensions are the numbers of a vector, where there is no Vector.
const fakeDimensions = 64

// Embed makes a vector of each text, as Vector says.
func (f *Fake) Embed(ctx context.Context, model string, texts []string) (provider.Embeddings, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "embed"); err != nil {
		return provider.Embeddings{}, err
	}
	if err := f.findModel(model); err != nil {
		return provider.Embeddings{}, err
	}
	if i := slices.Index(texts, ""); i >= 0 {
		return provider.Embeddings{}, &provider.Error{Op: "embed with " + model, Kind: provider.KindInvalid, Question: true, Err: fmt.Errorf("text %d is empty", i+1)}
	}
	vector := f.Vector
	if vector == nil {
		vector = wordCounts
	}
	var all provider.Embeddings
	for _, text := range texts {
		all.Vectors = append(all.Vectors, vector(text))
	}
	if len(texts) > 0 {
		all.Usage = &provider.Usage{PromptTokens: int64(len(texts))}
	}
	return all, nil
}

func wordCounts(text string) []float64 {
	v := make([]float64, fakeDimensions)
	for _, word := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New32a()
		h.Write([]byte(strings.Trim(word, ".,;:!?")))
		v[h.Sum32()%fakeDimensions]++
	}
	return v
}
