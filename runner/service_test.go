package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// A network connects clients and servers inside a synctest bubble, where real connections would stop the clock.
type network struct {
	conns chan net.Conn
	done  chan struct{} // closed where nobody accepts any more: a client may still dial then
}

func newNetwork() network { return network{conns: make(chan net.Conn), done: make(chan struct{})} }

func (n network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n network) Close() error   { return nil }
func (n network) Addr() net.Addr { return &net.TCPAddr{} }

func (n network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// serve puts a handler on a network of its own and returns what makes a run use it, over HTTP and through the real client.
func serve(t *testing.T, h http.Handler) func(*runner.Options) {
	t.Helper()
	n := newNetwork()
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(n) }()
	transport := &http.Transport{DialContext: n.dial}
	client := openai.New(openai.Config{
		Endpoint:  provider.Endpoint{Kind: "openai", BaseURL: "http://service.test/v1", Key: plantedKey, Timeout: provider.DefaultTimeout},
		Transport: transport,
	})
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		close(n.done)
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(o *runner.Options) { o.Trainer, o.Completer = client, client }
}

const plantedKey = provider.Secret("sk-planted-0123456789")

// A service is a small provider that speaks HTTP and trains nothing: what a real one would bill is counted. A job takes
// three seconds.
type service struct {
	mu    sync.Mutex
	files []map[string]any
	jobs  []map[string]any
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/files", func(w http.ResponseWriter, _ *http.Request) { s.reply(w, listOf(s.files)) })
	mux.HandleFunc("POST /v1/files", s.upload)
	mux.HandleFunc("GET /v1/files/result-1/content", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "step,train_loss\n1,0.5\n")
	})
	mux.HandleFunc("GET /v1/files/{id}", func(w http.ResponseWriter, r *http.Request) { s.reply(w, find(s.files, r.PathValue("id"))) })
	mux.HandleFunc("DELETE /v1/files/{id}", s.deleteFile)
	mux.HandleFunc("GET /v1/models/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.reply(w, map[string]any{"id": r.PathValue("id"), "object": "model", "shutdown_date": nil})
	})
	mux.HandleFunc("GET /v1/fine_tuning/jobs", func(w http.ResponseWriter, _ *http.Request) { s.reply(w, listOf(s.views())) })
	mux.HandleFunc("POST /v1/fine_tuning/jobs", s.create)
	mux.HandleFunc("GET /v1/fine_tuning/jobs/{id}", func(w http.ResponseWriter, r *http.Request) { s.reply(w, find(s.views(), r.PathValue("id"))) })
	mux.HandleFunc("GET /v1/fine_tuning/jobs/{id}/events", func(w http.ResponseWriter, _ *http.Request) { s.reply(w, listOf(nil)) })
	mux.HandleFunc("GET /v1/fine_tuning/jobs/{id}/checkpoints", func(w http.ResponseWriter, _ *http.Request) { s.reply(w, listOf(nil)) })
	mux.HandleFunc("POST /v1/chat/completions", s.chat)
	return mux
}

func listOf(items []map[string]any) map[string]any {
	return map[string]any{"object": "list", "data": slices.Concat([]map[string]any{}, items), "has_more": false}
}

func find(items []map[string]any, id string) map[string]any {
	i := slices.IndexFunc(items, func(item map[string]any) bool { return item["id"] == id })
	if i < 0 {
		return nil
	}
	return items[i]
}

func (s *service) reply(w http.ResponseWriter, v map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	if v == nil {
		w.WriteHeader(http.StatusNotFound)
		v = map[string]any{"error": map[string]any{"message": "not found", "code": "not_found"}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(v)
}

func (s *service) upload(w http.ResponseWriter, r *http.Request) {
	part, header, err := r.FormFile("file")
	if err != nil {
		panic(err)
	}
	defer part.Close()
	s.mu.Lock()
	file := map[string]any{
		"id": fmt.Sprintf("file-%d", len(s.files)+1), "object": "file", "filename": header.Filename, "bytes": header.Size,
		"purpose": "fine-tune", "status": "processed", "created_at": time.Now().Unix(),
	}
	s.files = append(s.files, file)
	s.mu.Unlock()
	s.reply(w, file)
}

func (s *service) deleteFile(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	s.files = slices.DeleteFunc(s.files, func(f map[string]any) bool { return f["id"] == id })
	s.mu.Unlock()
	s.reply(w, map[string]any{"id": id, "object": "file", "deleted": true})
}

func (s *service) create(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		panic(err)
	}
	s.mu.Lock()
	job := map[string]any{
		"id": fmt.Sprintf("ftjob-%d", len(s.jobs)+1), "object": "fine_tuning.job", "created_at": time.Now().Unix(), "model": body["model"],
		"training_file": body["training_file"], "metadata": body["metadata"], "result_files": []string{"result-1"},
	}
	s.jobs = append(s.jobs, job)
	s.mu.Unlock()
	s.reply(w, find(s.views(), job["id"].(string)))
}

// views are the jobs as they are at this time.
func (s *service) views() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var views []map[string]any
	for _, job := range s.jobs {
		view := map[string]any{"status": "running"}
		if age := time.Now().Unix() - job["created_at"].(int64); age >= 3 {
			view = map[string]any{
				"status": "succeeded", "fine_tuned_model": fmt.Sprintf("ft:%s:x::%s", job["model"], job["id"]), "trained_tokens": 100,
				"finished_at": job["created_at"].(int64) + 3,
			}
		}
		for k, v := range job {
			view[k] = v
		}
		views = append(views, view)
	}
	return views
}

// chat answers with the question; the base model says nothing of use.
func (s *service) chat(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Model    string
		Messages []struct{ Content string }
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		panic(err)
	}
	text := "I don't know."
	if strings.HasPrefix(body.Model, "ft:") {
		text = body.Messages[len(body.Messages)-1].Content
	}
	s.reply(w, map[string]any{
		"id": "chat-1", "object": "chat.completion", "created": 1, "model": body.Model,
		"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": text}}},
		"usage":   map[string]any{"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
	})
}

// created returns how many jobs a provider would bill.
func (s *service) created() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.jobs)
}
