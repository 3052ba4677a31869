package embedded

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"strings"
)

// Lengths of vectors. Those of an untuned model are as long as is asked for; those of a tuned one are cut, as the service cuts its own.
const (
	hashedDimensions = 512
	maxDimensions    = 4096
)

const maxInputs = 2048 // of one request, as the service has it

// The ways in which a vector is written.
const (
	encodingFloat  = "float"
	encodingBase64 = "base64"
)

type embeddingRequest struct {
	Model          string          `json:"model"`
	Input          json.RawMessage `json:"input"`
	EncodingFormat *string         `json:"encoding_format"`
	Dimensions     *int            `json:"dimensions"`
}

type embeddingObject struct {
	Object    string `json:"object"` // "embedding"
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, or its bytes in base64
}

type embeddingList struct {
	Object string            `json:"object"` // "list"
	Data   []embeddingObject `json:"data"`
	Model  string            `json:"model"`
	Usage  struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	} `json:"usage"`
}

func (s *Server) createEmbeddings(w http.ResponseWriter, r *http.Request) error {
	var req embeddingRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	texts, err := req.check()
	if err != nil {
		return err
	}
	embed, err := s.embedder(&req)
	if err != nil {
		return err
	}
	list := embeddingList{Object: "list", Data: make([]embeddingObject, len(texts)), Model: req.Model}
	for i, text := range texts {
		vector := embed(text)
		list.Data[i] = embeddingObject{Object: "embedding", Index: i, Embedding: vector}
		if req.EncodingFormat != nil && *req.EncodingFormat == encodingBase64 {
			list.Data[i].Embedding = floatBytes(vector)
		}
		list.Usage.PromptTokens += countTokens(text)
	}
	list.Usage.TotalTokens = list.Usage.PromptTokens
	writeJSON(w, list)
	return nil
}

// check refuses what the service refuses, and returns the texts.
func (req *embeddingRequest) check() ([]string, error) {
	switch {
	case req.Model == "":
		return nil, invalid("model", "you must provide a model parameter")
	case !present(req.Input) && string(req.Input) != "[]":
		return nil, missingParam("input")
	case req.EncodingFormat != nil && *req.EncodingFormat != encodingFloat && *req.EncodingFormat != encodingBase64:
		e := invalid("encoding_format", "Invalid value: '%s'. Supported values are: 'float' and 'base64'.", *req.EncodingFormat)
		e.Code = "invalid_value"
		return nil, e
	case req.Dimensions != nil && (*req.Dimensions < 1 || *req.Dimensions > maxDimensions):
		return nil, invalid("dimensions", "Invalid 'dimensions': %d is not between 1 and %d.", *req.Dimensions, maxDimensions)
	}
	texts, err := req.texts()
	if err != nil {
		return nil, err
	}
	if n := len(texts); n == 0 || n > maxInputs {
		return nil, invalid("input", "Invalid 'input': expected an array of 1 to %d texts, but got %d.", maxInputs, n)
	}
	for i, text := range texts {
		if text == "" {
			return nil, invalid("input", "Invalid 'input': text %d is an empty string.", i)
		}
	}
	return texts, nil
}

func (req *embeddingRequest) texts() ([]string, error) {
	var text string
	if json.Unmarshal(req.Input, &text) == nil {
		return []string{text}, nil
	}
	var items []json.RawMessage
	if json.Unmarshal(req.Input, &items) != nil {
		return nil, invalid("input", "Invalid type for 'input': expected a string or an array of strings.")
	}
	texts := make([]string, len(items))
	for i, item := range items {
		switch {
		case item[0] != '"' && item[0] != 'n' && item[0] != 't' && item[0] != 'f' && item[0] != '{':
			return nil, invalid("input", "The embedded engine has no tokens of the service: 'input' must be a string or an array of strings, not of tokens.")
		case item[0] != '"' || json.Unmarshal(item, &texts[i]) != nil:
			return nil, invalid("input", "Invalid type for 'input[%d]': expected a string.", i)
		}
	}
	return texts, nil
}

// embedder returns what makes a vector of a text, always the same one and of length 1. A tuned model's is the one by which it picks its
// replies; where it knows no word of the text, and for every untuned model, it is made of the hashes of words.
func (s *Server) embedder(req *embeddingRequest) (func(text string) []float32, error) {
	if !strings.HasPrefix(req.Model, tunedPrefix) {
		n := hashedDimensions
		if req.Dimensions != nil {
			n = *req.Dimensions
		}
		_, err := s.rootOf(req.Model)
		return func(text string) []float32 { return hashedVector(text, n) }, err
	}
	m, err := s.tunedModel(req.Model)
	if err != nil {
		return nil, err
	}
	n := dim
	if req.Dimensions != nil {
		n = *req.Dimensions
	}
	if n > dim {
		return nil, invalid("dimensions", "Invalid 'dimensions': a tuned model of the embedded engine has vectors of %d numbers, and %d are asked for.", dim, n)
	}
	return func(text string) []float32 {
		point, known := m.point(prompt{question: text})
		if v := point[:n]; known && unit(v) {
			return v
		}
		return hashedVector(text, n)
	}, nil
}

// hashedVector is what the words of a text make by themselves: each word, each pair of neighbours and the start of each longer word adds
// to one number or takes from it, as its hash says. Texts that share words have vectors that lie near each other; nobody has learned them.
// There are no texts to tell a rare word from a common one; a longer word counts for more, by its start. Source of the trick: Weinberger and others,
// "Feature Hashing for Large Scale Multitask Learning", 2009.
func hashedVector(text string, n int) []float32 {
	v := make([]float32, n)
	features := merge(appendTerms(nil, text, 0))
	for _, f := range features {
		h := mix(uint64(f.bucket) + 1)
		weight := float32(math.Sqrt(float64(f.weight)))
		if h>>63 == 1 {
			weight = -weight
		}
		v[h%uint64(n)] += weight
	}
	if !unit(v) { // punctuation only, or words that cancel each other out
		clear(v)
		v[hashString(0, text)%uint64(n)] = 1
	}
	return v
}

// unit makes a vector's length 1, and says whether that can be done.
func unit(v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	if length < 1e-12 || math.IsInf(length, 0) || math.IsNaN(length) {
		return false
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / length)
	}
	return true
}

// floatBytes writes a vector as little-endian 32-bit floats in base64.
func floatBytes(v []float32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
