package embedded

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What the engine says where it has learned nothing to say.
const (
	untrainedReply = "This is ftrun's embedded stand-in, not a GPT, and it is untrained: it has learned no replies yet."
	unknownReply   = "This is ftrun's embedded stand-in, not a GPT, and no word of this conversation occurs in what it was trained on."
	unfitReply     = "This is ftrun's embedded stand-in, not a GPT, and every reply that it has learned calls tools that are not offered here."
)

// A chatRequest holds the parameters that have an effect. Others are accepted and change nothing: the same conversation always gets the
// same reply, so there is nothing to sample.
type chatRequest struct {
	Model               string          `json:"model"`
	Messages            []message       `json:"messages"`
	N                   *int            `json:"n"`
	Temperature         *float64        `json:"temperature"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Tools               *[]tool         `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
	ParallelToolCalls   *bool           `json:"parallel_tool_calls"`
	ResponseFormat      *responseFormat `json:"response_format"`
	Stream              bool            `json:"stream"`
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
	if err := s.checkTemperature(&req); err != nil {
		return err
	}
	want, err := req.wanted()
	if err != nil {
		return err
	}
	answer, err := s.answer(&req, &want)
	if err != nil {
		return err
	}
	if answer.ToolCalls, err = withOwnIDs(answer.ToolCalls, req.Messages); err != nil {
		return err
	}
	c, err := s.newCompletion(&req, answer)
	if err != nil {
		return err
	}
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
	if err := checkTemperatureRange(req.Temperature); err != nil {
		return err
	}
	return checkTurns(req.Messages)
}

// limit is the most tokens the answer may have, or nil.
func (req *chatRequest) limit() *int {
	if req.MaxCompletionTokens != nil {
		return req.MaxCompletionTokens
	}
	return req.MaxTokens
}

// A wanted is what an answer may be.
type wanted struct {
	calling calling
	shape   shape
}

// wanted checks what a request says of its answer.
func (req *chatRequest) wanted() (w wanted, err error) {
	if w.calling, err = req.callingOf(); err != nil {
		return wanted{}, err
	}
	w.shape, err = req.shapeOf()
	return w, err
}

// fits says whether a learned reply may be given.
func (w *wanted) fits(r *reply) bool {
	if r.ToolCalls != nil {
		return w.calling.allows(r.ToolCalls) && (r.Content == "" || w.shape.accepts(r.Content))
	}
	return !w.calling.must && w.shape.accepts(r.Content)
}

// standIn is the answer where no learned reply may be given: a call, where there has to be one, or a text of the shape.
func (w *wanted) standIn(text string) (reply, error) {
	if w.calling.must {
		calls, err := w.calling.standIn()
		return reply{ToolCalls: calls}, err
	}
	content, err := w.shape.standIn(text)
	return reply{Content: content}, err
}

// answer lets the model answer.
func (s *Server) answer(req *chatRequest, w *wanted) (reply, error) {
	if !strings.HasPrefix(req.Model, tunedPrefix) {
		if _, err := s.rootOf(req.Model); err != nil {
			return reply{}, err
		}
		return w.standIn(untrainedReply)
	}
	m, err := s.tunedModel(req.Model)
	if err != nil {
		return reply{}, err
	}
	best, known := m.best(promptOf(req.Messages), w.fits)
	switch {
	case best != nil:
		return *best, nil
	case known:
		return w.standIn(unfitReply)
	default:
		return w.standIn(unknownReply)
	}
}

// tunedModel returns a tuned model that is ready to be asked.
func (s *Server) tunedModel(name string) (*model, error) {
	tuned, err := s.jobs.tuned(name)
	if err != nil {
		return nil, err
	}
	if err := s.jobs.notReady(&tuned); err != nil {
		return nil, err
	}
	return s.models.get(tuned.blob)
}

// maxTemperature is the highest that any model of the service takes; the lowest is 0.
const maxTemperature = 2

func checkTemperatureRange(t *float64) error {
	switch {
	case t == nil || *t >= 0 && *t <= maxTemperature:
		return nil
	case *t < 0:
		e := invalid("temperature", "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, but got %v instead.", *t)
		e.Code = "decimal_below_min_value"
		return e
	default:
		e := invalid("temperature", "Invalid 'temperature': decimal above maximum value. Expected a value <= %d, but got %v instead.", maxTemperature, *t)
		e.Code = "decimal_above_max_value"
		return e
	}
}

// checkTemperature refuses a temperature where the faults say that the model takes none but its own, in the service's words.
func (s *Server) checkTemperature(req *chatRequest) error {
	if req.Temperature == nil || *req.Temperature == 1 {
		return nil
	}
	root, err := s.rootOf(req.Model)
	if err != nil || !slices.Contains(s.faults.dialect().FixedTemperature, root) {
		return err
	}
	e := invalid("temperature", "Unsupported value: 'temperature' does not support %v with this model. Only the default (1) value is supported.", *req.Temperature)
	e.Code = "unsupported_value"
	return e
}

func (s *Server) newCompletion(req *chatRequest, answer reply) (chatCompletion, error) {
	end, err := "stop", error(nil)
	if answer.ToolCalls != nil {
		end = "tool_calls"
	}
	if limit := req.limit(); limit != nil && countTokens(answer.Content)+countCalls(answer.ToolCalls) > *limit {
		end = "length"
		if answer, err = answer.first(*limit); err != nil {
			return chatCompletion{}, err
		}
	}
	choice := chatChoice{FinishReason: end, Message: chatMessage{Role: "assistant", ToolCalls: answer.ToolCalls}}
	if answer.Content != "" || answer.ToolCalls == nil {
		choice.Message.Content = &answer.Content
	}
	return chatCompletion{
		ID: "chatcmpl-" + rand.Text(), Object: "chat.completion", Created: s.now().Unix(), Model: req.Model,
		SystemFingerprint: fingerprint, Choices: []chatChoice{choice}, Usage: count(req, choice.Message),
	}, nil
}

// first cuts a reply after n tokens, its calls too.
func (r reply) first(n int) (reply, error) {
	short, cut := firstTokens(r.Content, n)
	if cut {
		return reply{Content: short}, nil
	}
	calls, err := firstOfCalls(r.ToolCalls, n-countTokens(short))
	return reply{Content: short, ToolCalls: calls}, err
}

// count counts what a request says, its tools and its response format included, and what the answer says.
func count(req *chatRequest, answer chatMessage) usage {
	var u usage
	for _, m := range req.Messages {
		u.PromptTokens += countTokens(m.Content.text)
		if m.calls() {
			u.PromptTokens += countCalls(m.toolCalls())
		}
	}
	if req.Tools != nil {
		for _, t := range *req.Tools {
			u.PromptTokens += t.tokens()
		}
	}
	if f := req.ResponseFormat; f != nil && f.JSONSchema != nil {
		u.PromptTokens += countTokens(deref(f.JSONSchema.Name)) + countTokens(string(f.JSONSchema.Schema))
	}
	u.CompletionTokens = countTokens(deref(answer.Content)) + countCalls(answer.ToolCalls)
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
