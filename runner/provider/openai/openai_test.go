package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/provider/openai"
	"ftrun/runner/provider/providertest"
)

const testKey = "sk-planted-0123456789"

// deadline bounds a call that waits before its second attempt: whose time ends before that is told at once.
func deadline(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), 200*time.Millisecond)
}

// noContext is for calls that end by themselves.
var noContext = context.Background()

func failureOf(t *testing.T, err error) *provider.Error {
	t.Helper()
	failure, ok := errors.AsType[*provider.Error](err)
	if !ok {
		t.Fatalf("%v, want a provider's error", err)
	}
	return failure
}

// TestConformance holds the client, and with it the embedded engine behind real HTTP, to what ftrun relies on.
func TestConformance(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Provider {
		engine, err := embedded.New(embedded.Options{Faults: coldFaults(t)})
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

// coldFaults make the engine have the model that the conformance suite wants.
func coldFaults(t *testing.T) *embedded.Faults {
	t.Helper()
	faults, err := embedded.ParseFaults(strings.NewReader(`{"fixed_temperature": ["` + providertest.ColdModel + `"]}`))
	if err != nil {
		t.Fatal(err)
	}
	return faults
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
