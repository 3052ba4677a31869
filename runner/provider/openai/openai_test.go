package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/provider/openai"
	"ftrun/runner/provider/providertest"
)

const testKey = "sk-planted-0123456789"

// TestConformance holds the client, and with it the embedded engine behind real HTTP, to what ftrun relies on.
func TestConformance(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Provider {
		engine, err := embedded.New(embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(engine)
		t.Cleanup(func() {
			server.Close()
			if err := engine.Close(); err != nil {
				t.Error(err)
			}
		})
		return openai.New(openai.Config{Endpoint: endpoint(server.URL)})
	})
}

func endpoint(url string) provider.Endpoint {
	return provider.Endpoint{Kind: "openai", BaseURL: url + "/v1", Key: testKey, Organization: "org-1", Project: "proj-1", Timeout: time.Minute}
}

// A handlerTransport hands requests to a handler without a socket, so that a synctest bubble's clock goes on.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r)
	return w.Result(), r.Context().Err()
}

func bubbleClient(handler http.HandlerFunc, onRetry func(openai.Retry)) *openai.Client {
	return openai.New(openai.Config{
		Endpoint: endpoint("http://service.test"), Transport: handlerTransport{handler}, OnRetry: onRetry,
	})
}

func ask(ctx context.Context, c *openai.Client) (provider.Completion, error) {
	zero := 0.0
	return c.Complete(ctx, provider.CompletionRequest{Model: "m", Temperature: &zero, Messages: []provider.Message{{Role: "user", Content: "hi"}}})
}

const answer = `{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}`

func TestRequestOnTheWire(t *testing.T) {
	var body map[string]any
	var header http.Header
	c := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		io.WriteString(w, answer)
	}, nil)
	got, err := ask(t.Context(), c)
	if err != nil || got.Text != "hello" || got.Usage.PromptTokens != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if temperature, ok := body["temperature"]; !ok || temperature != 0.0 {
		t.Errorf("temperature on the wire: %v, want 0", body)
	}
	if header.Get("Authorization") != "Bearer "+testKey || header.Get("OpenAI-Organization") != "org-1" || header.Get("OpenAI-Project") != "proj-1" {
		t.Errorf("headers %v", header)
	}
}

func TestCreateOnTheWire(t *testing.T) {
	var body map[string]any
	c := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		io.WriteString(w, `{"id":"ftjob-1","status":"queued","error":{}}`)
	}, nil)
	seed := 0
	_, err := c.CreateJob(t.Context(), provider.JobRequest{
		Model: "base", TrainingFile: "file-1", Method: "supervised", Suffix: "s", Seed: &seed,
		Hyperparameters: map[string]any{"n_epochs": 3}, Metadata: map[string]string{"ftrun_key": "k"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{"ftrun_key":"k"},"method":{"supervised":{"hyperparameters":{"n_epochs":3}},"type":"supervised"},"model":"base","seed":0,"suffix":"s","training_file":"file-1"}`
	if got, _ := json.Marshal(body); string(got) != want {
		t.Errorf("body\n%s\nwant\n%s", got, want)
	}
}

func TestFailedJobKeepsItsReason(t *testing.T) {
	c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"id":"ftjob-1","status":"failed","created_at":1.7e9,"trained_tokens":null,"metadata":null,"hyperparameters":{"n_epochs":"auto"},
			"error":{"code":"invalid_training_file","message":"line 3 is bad","param":"training_file"},"x_reason":"more"}`)
	}, nil)
	job, err := c.Job(t.Context(), "ftjob-1")
	if err != nil {
		t.Fatal(err)
	}
	if job.Error == nil || job.Error.Message != "line 3 is bad" || !strings.Contains(string(job.Raw), "x_reason") {
		t.Errorf("job %+v lost its reason", job)
	}
}

func TestAnswers(t *testing.T) {
	refuse := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", "req_1")
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	envelope := func(code string) string {
		return fmt.Sprintf(`{"error":{"message":"no","type":"t","param":null,"code":%q}}`, code)
	}
	for _, test := range []struct {
		name     string
		handler  http.HandlerFunc
		kind     provider.Kind
		requests int // of a question; 0: as many as fit into the time
		creates  int // of a job
		definite bool
	}{
		{"400", refuse(400, `{"error":{"message":"bad","param":"model"}}`), provider.KindInvalid, 1, 1, true},
		{"401", refuse(401, envelope("invalid_api_key")), provider.KindAuth, 1, 1, true},
		{"403", refuse(403, envelope("nope")), provider.KindForbidden, 1, 1, true},
		{"403 not eligible", refuse(403, envelope("training_not_available")), provider.KindNotEligible, 1, 1, true},
		{"404", refuse(404, envelope("model_not_found")), provider.KindNotFound, 1, 1, true},
		{"409", refuse(409, envelope("")), provider.KindConflict, 1, 1, false},
		{"429", refuse(429, envelope("rate_limit_exceeded")), provider.KindRateLimited, 0, 0, true}, // time alone bounds it: see TestStorm
		{"429 quota", refuse(429, envelope("insufficient_quota")), provider.KindQuota, 1, 1, true},
		{"429 daily", refuse(429, envelope("daily_rate_limit_exceeded")), provider.KindQuota, 1, 1, true},
		{"402 quota", refuse(402, envelope("insufficient_quota")), provider.KindQuota, 1, 1, false},
		{"405", refuse(405, envelope("")), provider.KindInvalid, 1, 1, false},
		{"410", refuse(410, envelope("model_not_found")), provider.KindInvalid, 1, 1, false},
		{"413", refuse(413, envelope("")), provider.KindInvalid, 1, 1, true},
		{"422", refuse(422, envelope("")), provider.KindInvalid, 1, 1, true},
		{"499", refuse(499, envelope("training_not_available")), provider.KindNotEligible, 1, 1, false},
		{"408", refuse(408, envelope("")), provider.KindUnavailable, 8, 1, false},
		{"500", refuse(500, "{}"), provider.KindUnavailable, 8, 1, false},
		{"502 html", refuse(502, "<html><body>Bad\tGateway</body></html>"), provider.KindUnavailable, 8, 1, false},
		{"503 empty", refuse(503, ""), provider.KindUnavailable, 8, 1, false},
		{"redirect", refuse(307, ""), provider.KindInvalid, 1, 1, false},
		{"garbage on 200", refuse(200, "<html>"), provider.KindBroken, 8, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, op := range []string{"ask", "create"} {
					n, start := 0, time.Now()
					c := bubbleClient(func(w http.ResponseWriter, r *http.Request) { n++; test.handler(w, r) }, nil)
					want := test.requests
					var err error
					if op == "ask" {
						_, err = ask(t.Context(), c)
					} else {
						want = test.creates
						_, err = c.CreateJob(t.Context(), provider.JobRequest{Model: "m", TrainingFile: "f", Method: "supervised"})
					}
					var failure *provider.Error
					if !errors.As(err, &failure) || failure.Kind != test.kind || failure.Definite() != test.definite {
						t.Fatalf("%s: %v, kind %v, want kind %v and definite %v", op, err, failure, test.kind, test.definite)
					}
					if took := time.Since(start); want == 0 && n > 8 && n < 40 && took > 4*time.Minute && took <= 5*time.Minute {
						want = n
					}
					if n != want || c.Requests() != int64(want) || c.Retries() != int64(want-1) {
						t.Errorf("%s: %d requests, %d counted, %d retries, want %d", op, n, c.Requests(), c.Retries(), want)
					}
				}
			})
		})
	}
}

// TestSockets is what only a real connection shows: whether a broken request may have been acted on.
func TestSockets(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"cut before the answer": func(w http.ResponseWriter, _ *http.Request) { cut(t, w) },
		"cut inside the answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"id":`)
			w.(http.Flusher).Flush()
			cut(t, w)
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>hello") },
		"no id":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}") },
	} {
		t.Run(name, func(t *testing.T) {
			var hits atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				hits.Add(1)
				io.Copy(io.Discard, r.Body)
				answer(w, r)
			}))
			defer server.Close()
			c := openai.New(openai.Config{Endpoint: endpoint(server.URL)})
			_, err := c.CreateJob(t.Context(), provider.JobRequest{Model: "m", TrainingFile: "f", Method: "supervised"})
			var failure *provider.Error
			if !errors.As(err, &failure) || failure.Kind != provider.KindBroken || failure.Definite() || hits.Load() != 1 {
				t.Errorf("%v after %d requests, want one request and an ambiguous error", err, hits.Load())
			}
		})
	}
}

func cut(t *testing.T, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	conn.Close()
}

// TestRedirectIsRefused keeps the key and the data with the host that they were meant for.
func TestRedirectIsRefused(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("redirect was followed to %s", r.URL) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	_, err := openai.New(openai.Config{Endpoint: endpoint(server.URL)}).Job(t.Context(), "ftjob-1")
	var failure *provider.Error
	if !errors.As(err, &failure) || failure.Kind != provider.KindInvalid {
		t.Errorf("redirect: %v, want it refused", err)
	}
}
