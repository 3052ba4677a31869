package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Models that the service has.
const (
	tunedModel = "answers-tuned"
	baseModel  = "answers-base" // gives every tenth word wrong
)

// A service answers each question after a fixed time. A question ends with the word that its answer must have, so that the service needs
// no table, and little of the cores that it shares with what is measured.
type service struct {
	latency  time.Duration
	rate     float64
	parallel int

	mu        sync.Mutex
	counts    counts
	busy      int
	allowance float64 // questions that may come at once, under rate
	filled    time.Time
}

// counts are what a service was asked since they were last taken.
type counts struct {
	Answered, Refused, MostAtOnce int
}

func newService(c config) *service {
	return &service{latency: c.latency, rate: c.rate, parallel: c.parallel, filled: time.Now()}
}

// take returns what was asked since the last time.
func (s *service) take() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.counts
	s.counts = counts{}
	return taken
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.chat)
	mux.HandleFunc("GET /v1/models/{id}", model)
	return mux
}

func model(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if id != tunedModel && id != baseModel {
		refuse(w, http.StatusNotFound, "model_not_found", fmt.Sprintf("no model %q", id))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "object": "model", "created": 0, "owned_by": "answers"})
}

func (s *service) chat(w http.ResponseWriter, r *http.Request) {
	came := time.Now()
	if !s.begin(came) {
		// Whole seconds, as the standard has it and most services send it, though a place may be free sooner.
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, "rate_limit_exceeded", "too many questions")
		return
	}
	defer s.end()
	var question struct {
		Model    string `json:"model"`
		Messages []struct {
			Content string `json:"content"`
		} `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil || len(question.Messages) == 0 {
		refuse(w, http.StatusBadRequest, "invalid_request", "no question")
		return
	}
	body := completion(question.Model, question.Messages[len(question.Messages)-1].Content)
	select {
	case <-time.After(time.Until(came.Add(s.latency))):
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// begin reports whether a question may come in, and counts it. A rate lets a tenth of a second's questions come at once.
func (s *service) begin(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allowance = min(s.allowance+s.rate*now.Sub(s.filled).Seconds(), max(s.rate/10, 1))
	s.filled = now
	if s.parallel > 0 && s.busy >= s.parallel || s.rate > 0 && s.allowance < 1 {
		s.counts.Refused++
		return false
	}
	s.allowance--
	s.busy++
	s.counts.MostAtOnce = max(s.counts.MostAtOnce, s.busy)
	return true
}

func (s *service) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.counts.Answered++
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": code, "code": code}})
}

// before and after stand around the word that an answer must have: a hundred words with it.
var before, after = strings.Repeat("light becomes sugar in a leaf ", 8), strings.Repeat(" and the plant grows by it", 8) + " every single day."

// completion is the answer to a question, of which the last word is the one that it asks for.
func completion(model, question string) []byte {
	words := strings.Fields(question)
	word := strings.TrimRight(words[len(words)-1], ".?")
	if model == baseModel && strings.HasSuffix(word, "0") {
		word = "nothing"
	}
	body, err := json.Marshal(map[string]any{
		"id": "chatcmpl-" + word, "object": "chat.completion", "created": 1790000000, "model": model,
		"choices": []any{map[string]any{
			"index": 0, "finish_reason": "stop",
			"message": map[string]any{"role": "assistant", "content": before + "as the word " + word + after},
		}},
		"usage": map[string]any{"prompt_tokens": len(words), "completion_tokens": 100, "total_tokens": len(words) + 100},
	})
	if err != nil {
		panic(err) // strings and numbers
	}
	return body
}

// listen starts a service. The URL is what a client wants for a base; stop ends the service once what is under way is answered.
func listen(ctx context.Context, c config) (s *service, url string, stop func() error, err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", c.addr)
	if err != nil {
		return nil, "", nil, err
	}
	s = newService(c)
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop = func() error {
		err := errors.Join(server.Close(), <-served)
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	}
	return s, "http://" + listener.Addr().String() + "/v1", stop, nil
}

// serve answers until the context ends.
func serve(ctx context.Context, c config, stdout io.Writer) error {
	s, url, stop, err := listen(ctx, c)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, url)
	<-ctx.Done()
	n := s.take()
	fmt.Fprintf(stdout, "answered %d, refused %d, at most %d at once\n", n.Answered, n.Refused, n.MostAtOnce)
	return stop()
}
