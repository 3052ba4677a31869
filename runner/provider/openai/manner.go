package openai

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"

	"ftrun/runner/provider"
)

// The fields of a question that some models refuse.
const (
	fieldTemperature = "temperature"
	fieldLimit       = "max_completion_tokens"
	fieldOldLimit    = "max_tokens"
)

// A manner is how a model wants to be asked. Models that reason take no temperature, or none but their own; services that are behind
// the API know the limit on an answer by its older name only.
type manner struct {
	noTemperature bool
	oldLimit      bool
}

// manners are those of the models that want another manner than the API's. What one request found out, later ones begin with.
type manners struct {
	mu    sync.RWMutex
	known map[string]manner
}

func (s *manners) of(model string) manner {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.known[model]
}

// learn notes the manner in which a model has answered. Requests that were under way at once may each have found out a part.
func (s *manners) learn(model string, m manner) {
	known := s.of(model)
	both := manner{known.noTemperature || m.noTemperature, known.oldLimit || m.oldLimit}
	if both == known {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]manner{}
	}
	s.known[model] = both
}

// fields are those of a question that a manner decides on.
func (m manner) fields(req provider.CompletionRequest) map[string]any {
	fields := map[string]any{}
	if req.Temperature != nil && !m.noTemperature {
		fields[fieldTemperature] = *req.Temperature
	}
	switch {
	case req.MaxCompletionTokens > 0 && m.oldLimit:
		fields[fieldOldLimit] = req.MaxCompletionTokens
	case req.MaxCompletionTokens > 0:
		fields[fieldLimit] = req.MaxCompletionTokens
	}
	return fields
}

// after returns the manner to try after a question was refused in this one; ok is false where the refusal is about something else.
func (m manner) after(c *call, req provider.CompletionRequest) (next manner, ok bool) {
	if c.err != nil || c.status != http.StatusBadRequest && c.status != http.StatusUnprocessableEntity {
		return m, false
	}
	switch {
	case req.Temperature != nil && !m.noTemperature && refuses(c.body, fieldTemperature):
		m.noTemperature = true
	case req.MaxCompletionTokens > 0 && !m.oldLimit && refuses(c.body, fieldLimit):
		m.oldLimit = true
	default:
		return m, false
	}
	return m, true
}

// The codes of a field that a model does not take at all, or not with this value.
var fieldCodes = []string{"unsupported_value", "unsupported_parameter", "unknown_parameter", "unrecognized_parameter", "extra_forbidden"}

// fieldWords are what services say of such a field. Sources: OpenAI and Azure ("does not support 0 with this model", "is not supported
// with this model", "unrecognized request argument supplied"), LiteLLM ("don't support temperature=0.0", "does not support parameters"),
// Anthropic and Bedrock ("is deprecated for this model", "may only be set to 1", "extraneous key"), Moonshot ("only 1 is allowed"), and
// the checks of pydantic ("extra inputs are not permitted"), JSON Schema ("additional properties"), protocol buffers ("unknown name")
// and Go ("unknown field").
var fieldWords = []string{
	"not support", "n't support", "unsupported", "deprecated", "unrecognized", "unknown", "not permitted", "not allowed", "extra_forbidden",
	"extraneous", "additional propert", "may only be", "only 1 is", "must be 1", "only the default",
}

// vagueWords say as much only where no range is spoken of: a value may be invalid for one model, or for all of them. They are those of
// gateways to several vendors' models ("should be 1 for thinking models", "is invalid for reasoning models").
var vagueWords = []string{"should be 1", "should be set to 1", "invalid for", "not valid for"}

// rangeWords tell a value out of the API's own range, which no model takes: whoever asked for it should hear of it.
var rangeWords = []string{"_max_value", "_min_value", "less than", "greater than", "at most", "at least", "between", "maximum", "minimum", "<=", ">="}

// near is how many bytes may lie between a field's name and what is said of it.
const near = 100

// refuses reports whether a refusal says that the model does not take a field: by its param and its code, or in words beside its name.
// Services put one refusal into the other, as text, so words are looked for in the whole of it, and a question that it repeats may have
// the same words: what they are believed for must do no harm.
func refuses(body []byte, field string) bool {
	r := parseRefusal(body)
	if r.param == field {
		said := strings.ToLower(r.code + " " + r.message)
		return slices.Contains(fieldCodes, r.code) || !says(said, rangeWords)
	}
	text := bytes.ToLower(body)
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(field))
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(field)
		from = end
		if !isWhole(text, start, end) {
			continue
		}
		around := string(text[max(start-near, 0):min(end+near, len(text))])
		if says(around, fieldWords) || says(around, vagueWords) && !says(around, rangeWords) {
			return true
		}
	}
}

// says reports whether one of the words is in a text.
func says(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}

// isWhole reports whether a name in a text is not part of a longer one.
func isWhole(text []byte, start, end int) bool {
	inName := func(i int) bool {
		return i >= 0 && i < len(text) && (text[i] == '_' || text[i] >= 'a' && text[i] <= 'z' || text[i] >= '0' && text[i] <= '9')
	}
	return !inName(start-1) && !inName(end)
}
