package openai

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	goopenai "github.com/sashabaranov/go-openai"

	"ftrun/runner/provider"
)

// Bounds on one request for embeddings. The API takes 2,048 texts of 300,000 tokens in all; services beside it take fewer. No
// tokeniser makes more than one token of a byte.
const (
	maxEmbedTexts = 128
	maxEmbedBytes = 128 << 10 // where it is not one text alone
	maxEmbedding  = 32 << 20  // of an answer: 128 vectors of 3,072 numbers are some 10 MB as JSON
)

// Embed turns texts into vectors, in as many requests as they need; see provider.Embedder. An empty text has no vector at any service
// and is refused before anything is sent. No texts make no request.
func (c *Client) Embed(ctx context.Context, model string, texts []string) (provider.Embeddings, error) {
	op := "embed with " + model
	for i, text := range texts {
		if text == "" {
			err := fmt.Errorf("text %d of %d is empty", i+1, len(texts))
			return provider.Embeddings{}, &provider.Error{Op: op, Kind: provider.KindInvalid, Question: true, Err: err}
		}
	}
	all := provider.Embeddings{Usage: &provider.Usage{}}
	for rest := texts; len(rest) > 0; {
		n := batchOf(rest)
		call := &call{op: op, model: model, replay: replayAlways, maxAnswer: maxEmbedding}
		vectors, usage, err := c.embed(ctx, call, rest[:n])
		if err != nil {
			return provider.Embeddings{}, err
		}
		all.Vectors = append(all.Vectors, vectors...)
		if len(all.Vectors[0]) != len(vectors[0]) {
			return provider.Embeddings{}, call.unreadable(fmt.Errorf("vectors of %d and of %d numbers", len(all.Vectors[0]), len(vectors[0])))
		}
		if usage == nil {
			all.Usage = nil
		} else if all.Usage != nil {
			all.Usage.PromptTokens += usage.PromptTokens
		}
		rest = rest[n:]
	}
	if len(texts) == 0 {
		all.Usage = nil
	}
	return all, nil
}

// batchOf returns how many of the texts go into the next request.
func batchOf(texts []string) int {
	size := 0
	for i, text := range texts[:min(len(texts), maxEmbedTexts)] {
		if size += len(text); size > maxEmbedBytes && i > 0 {
			return i
		}
	}
	return min(len(texts), maxEmbedTexts)
}

// embed sends one batch.
func (c *Client) embed(ctx context.Context, call *call, texts []string) (vectors [][]float64, usage *provider.Usage, err error) {
	call.read = func(body []byte) (err error) {
		vectors, usage, err = decodeEmbeddings(body, len(texts))
		return err
	}
	_, libraryErr := c.api.CreateEmbeddings(call.context(ctx), goopenai.EmbeddingRequest{Input: texts, Model: goopenai.EmbeddingModel(call.model)})
	if err := call.finish(ctx, libraryErr); err != nil {
		return nil, nil, err
	}
	return vectors, usage, nil
}

// decodeEmbeddings reads n vectors of one length, in the order of their indexes. Where none has an index, they are in order.
func decodeEmbeddings(body []byte, n int) ([][]float64, *provider.Usage, error) {
	var w struct {
		Data lenient[[]struct {
			Index     whole  `json:"index"`
			Embedding vector `json:"embedding"`
		}] `json:"data"`
		Usage lenient[*wireUsage] `json:"usage"`
	}
	if err := decode(body, "list of embeddings", &w); err != nil {
		return nil, nil, err
	}
	if len(w.Data.v) != n {
		return nil, nil, fmt.Errorf("%d embeddings of %d texts", len(w.Data.v), n)
	}
	vectors := make([][]float64, n)
	for i, item := range w.Data.v {
		at := i
		if said := item.Index.int(); said != nil {
			at = *said
		}
		switch {
		case item.Embedding.err != nil:
			return nil, nil, fmt.Errorf("embedding %d %w", i, item.Embedding.err)
		case len(item.Embedding.v) == 0:
			return nil, nil, fmt.Errorf("embedding %d %w", i, errNoVector)
		case at < 0 || at >= n || vectors[at] != nil:
			return nil, nil, fmt.Errorf("embedding %d has the index %d, of %d texts, or another has it too", i, at, n)
		case len(item.Embedding.v) != len(w.Data.v[0].Embedding.v):
			return nil, nil, fmt.Errorf("embeddings of %d and of %d numbers", len(w.Data.v[0].Embedding.v), len(item.Embedding.v))
		}
		vectors[at] = item.Embedding.v
	}
	if u := w.Usage.v; u != nil && u.PromptTokens.v != nil {
		return vectors, &provider.Usage{PromptTokens: *u.PromptTokens.v}, nil
	}
	return vectors, nil, nil
}

// A vector is a list of numbers, or little-endian 32-bit floats in base64, as services send them that prefer it. err says why there is
// none.
type vector struct {
	v   []float64
	err error
}

var (
	errNoVector  = errors.New("is no list of numbers")
	errNotFinite = errors.New("has something that is no finite number")
)

func (v *vector) UnmarshalJSON(b []byte) error {
	*v = vector{}
	switch {
	case b[0] == '"':
		v.v, v.err = decodeFloats(b)
	case b[0] != '[' || json.Unmarshal(b, &v.v) != nil:
		v.err = errNoVector
	case bytes.Contains(b, []byte("null")): // which encoding/json takes for a 0
		v.err = errNotFinite
	}
	return nil
}

func decodeFloats(quoted []byte) ([]float64, error) {
	var raw []byte // which encoding/json reads from base64
	if json.Unmarshal(quoted, &raw) != nil || len(raw)%4 != 0 {
		return nil, errNoVector
	}
	floats := make([]float64, len(raw)/4)
	for i := range floats {
		floats[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
		if math.IsNaN(floats[i]) || math.IsInf(floats[i], 0) {
			return nil, errNotFinite
		}
	}
	return floats, nil
}
