package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/provider/openai"
	"ftrun/runner/provider/providertest"
	"ftrun/runner/provider/providertest/openapi"
)

// A target is what there is to ask about.
type target struct{ file, job, model string }

// An asking is one thing that the client can be asked for.
type asking struct {
	method, variant string
	do              func(ctx context.Context, c *openai.Client, on target) error
}

// askings are all of them: each method, with every optional field and with none.
var askings = []asking{
	{"Upload", "", func(ctx context.Context, c *openai.Client, _ target) error {
		_, err := uploadSmall(ctx, c, "ftrun-0123456789abcdef-train.jsonl")
		return err
	}},
	{"Upload", "odd name", func(ctx context.Context, c *openai.Client, _ target) error {
		_, err := uploadSmall(ctx, c, `a "quoted" näme;.jsonl`)
		return err
	}},
	{"Files", "", func(ctx context.Context, c *openai.Client, _ target) error { _, err := c.Files(ctx); return err }},
	{"File", "", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.File(ctx, on.file)
		return err
	}},
	{"CreateJob", "least", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.CreateJob(ctx, provider.JobRequest{Model: "base", TrainingFile: on.file, Method: "supervised"})
		return err
	}},
	{"CreateJob", "whole", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.CreateJob(ctx, wholeJob(on))
		return err
	}},
	{"CreateJob", "auto and zero", func(ctx context.Context, c *openai.Client, on target) error {
		job, zero := wholeJob(on), 0
		job.Seed, job.Hyperparameters = &zero, map[string]any{"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
		_, err := c.CreateJob(ctx, job)
		return err
	}},
	{"CreateJob", "preferences", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.CreateJob(ctx, provider.JobRequest{
			Model: "base", TrainingFile: on.file, ValidationFile: on.file, Method: "dpo",
			Hyperparameters: map[string]any{"n_epochs": 3, "batch_size": 8, "learning_rate_multiplier": 0.5, "beta": 0.1},
		})
		if failure, ok := errors.AsType[*provider.Error](err); ok && failure.Status == 0 {
			return nil // the wire has no place for the method: nothing was sent
		}
		return err
	}},
	{"Job", "", func(ctx context.Context, c *openai.Client, on target) error { _, err := c.Job(ctx, on.job); return err }},
	{"Jobs", "all", func(ctx context.Context, c *openai.Client, _ target) error { _, err := c.Jobs(ctx, nil); return err }},
	{"Jobs", "of some metadata", func(ctx context.Context, c *openai.Client, _ target) error {
		_, err := c.Jobs(ctx, map[string]string{"ftrun_key": "k", "odd & key": "a=b]"})
		return err
	}},
	{"Events", "all", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Events(ctx, on.job, "")
		return err
	}},
	{"Events", "after one", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Events(ctx, on.job, "ftevent-1")
		return err
	}},
	{"CancelJob", "", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.CancelJob(ctx, on.job)
		if failure, ok := errors.AsType[*provider.Error](err); ok && failure.Kind == provider.KindInvalid {
			return nil // it has ended
		}
		return err
	}},
	{"Curve", "", func(ctx context.Context, c *openai.Client, on target) error {
		job, err := c.Job(ctx, on.job)
		if err == nil {
			_, err = c.Curve(ctx, job)
		}
		return err
	}},
	{"Model", "base", func(ctx context.Context, c *openai.Client, _ target) error {
		_, err := c.Model(ctx, "base")
		return err
	}},
	{"Model", "tuned", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Model(ctx, on.model)
		return err
	}},
	{"Model", "with a slash", func(ctx context.Context, c *openai.Client, _ target) error {
		_, err := c.Model(ctx, "org/base")
		return err
	}},
	{"Complete", "least", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Complete(ctx, provider.CompletionRequest{Model: on.model, Messages: []provider.Message{{Role: "user", Content: "hi"}}})
		return err
	}},
	{"Complete", "whole", func(ctx context.Context, c *openai.Client, on target) error {
		hot := 2.0
		_, err := c.Complete(ctx, provider.CompletionRequest{
			Model: on.model, Temperature: &hot, MaxCompletionTokens: 50,
			Messages: []provider.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "hi"}, {Role: "assistant", Content: "hello"}, {Role: "user", Content: "\u2028"}},
		})
		return err
	}},
	{"Complete", "tools", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Complete(ctx, provider.CompletionRequest{
			Model: on.model, Tools: []json.RawMessage{weatherTool},
			Messages: []provider.Message{
				{Role: "user", Content: "hi", Name: "ann"}, {Role: "assistant", ToolCalls: []provider.ToolCall{{ID: "call_1", Name: "weather"}}},
				{Role: "tool", ToolCallID: "call_1"}, {Role: "assistant", Content: ""}, {Role: "user"},
			},
		})
		return err
	}},
	{"Complete", "format", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Complete(ctx, provider.CompletionRequest{
			Model: on.model, Messages: []provider.Message{{Role: "user", Content: "hi"}},
			ResponseFormat: &provider.ResponseFormat{Name: "verdict", Schema: json.RawMessage(`{"type":"object","properties":{},"required":[],"additionalProperties":false}`)},
		})
		return err
	}},
	{"Embed", "one", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Embed(ctx, on.model, []string{"hi"})
		return err
	}},
	{"Complete", "cold", func(ctx context.Context, c *openai.Client, _ target) error { _, err := ask(ctx, c); return err }},
	{"Checkpoints", "", func(ctx context.Context, c *openai.Client, on target) error {
		_, err := c.Checkpoints(ctx, on.job)
		return err
	}},
	{"DeleteFile", "", func(ctx context.Context, c *openai.Client, on target) error { return c.DeleteFile(ctx, on.file) }},
	{"DeleteModel", "", func(ctx context.Context, c *openai.Client, on target) error { return c.DeleteModel(ctx, on.model) }},
}

func wholeJob(on target) provider.JobRequest {
	seed := 2147483647
	return provider.JobRequest{
		Model: "base", TrainingFile: on.file, ValidationFile: on.file, Method: "supervised", Suffix: "a-suffix", Seed: &seed,
		Hyperparameters: map[string]any{"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 0.5},
		Metadata:        map[string]string{"ftrun_key": "k", "odd & key": "a=b]"},
	}
}

func uploadSmall(ctx context.Context, c *openai.Client, name string) (provider.File, error) {
	data := strings.Repeat(`{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello"}]}`+"\n", 12)
	return c.Upload(ctx, provider.Upload{
		Name: name, Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil },
	})
}

func TestEveryMethodIsAsked(t *testing.T) {
	for _, of := range []reflect.Type{reflect.TypeFor[provider.Trainer](), reflect.TypeFor[provider.Completer](), reflect.TypeFor[provider.Embedder]()} {
		for i := range of.NumMethod() {
			name := of.Method(i).Name
			if !slices.ContainsFunc(askings, func(o asking) bool { return o.method == name }) {
				t.Errorf("nothing asks for %s", name)
			}
		}
	}
}

// guardedEngine serves an embedded engine behind a proxy that holds every request, and every answer, to the published description.
func guardedEngine(t *testing.T, d *openapi.Description, log func(string)) (url string) {
	t.Helper()
	engine, err := embedded.New(embedded.Options{Log: log, Faults: coldFaults(t)})
	if err != nil {
		t.Fatal(err)
	}
	var findings openapi.Findings
	server := httptest.NewServer(d.Proxy(engine, findings.Add))
	t.Cleanup(func() {
		server.Close()
		if err := errors.Join(engine.Close(), findings.Err()); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// TestRequestsFitTheDescription asks a real engine everything, with the hyperparameters in either place. The old place is deprecated,
// and described.
func TestRequestsFitTheDescription(t *testing.T) {
	d := openapi.Load(t)
	for _, wire := range []string{provider.WireMethod, provider.WireHyperparameters} {
		t.Run(wire, func(t *testing.T) {
			ended := make(chan struct{}, 1)
			url := guardedEngine(t, d, func(line string) {
				if strings.HasPrefix(line, "job ") && strings.Contains(line, " succeeded") {
					select {
					case ended <- struct{}{}:
					default: // of the jobs, the first is waited for
					}
				}
			})
			to := endpoint(url)
			to.Wire = wire
			c := openai.New(openai.Config{Endpoint: to, UserAgent: "ftrun/test"})
			on := trained(t, c, ended)
			for _, o := range askings {
				if err := o.do(t.Context(), c, on); err != nil {
					t.Errorf("%s %s: %v", o.method, o.variant, err)
				}
			}
		})
	}
}

// trained returns a file, and the job and the model that came of it.
func trained(t *testing.T, c *openai.Client, ended <-chan struct{}) target {
	t.Helper()
	file, err := uploadSmall(t.Context(), c, "train.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	job, err := c.CreateJob(t.Context(), provider.JobRequest{Model: "base", TrainingFile: file.ID, Method: "supervised"})
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	if job, err = c.Job(t.Context(), job.ID); err != nil || job.FineTunedModel == "" {
		t.Fatalf("job %+v, %v, want it with a model", job, err)
	}
	return target{file: file.ID, job: job.ID, model: job.FineTunedModel}
}

// TestConformanceFitsTheDescription is the conformance suite with every request and answer checked.
func TestConformanceFitsTheDescription(t *testing.T) {
	d := openapi.Load(t)
	providertest.Run(t, func(t *testing.T) providertest.Provider {
		return openai.New(openai.Config{Endpoint: endpoint(guardedEngine(t, d, nil))})
	})
}

// A reluctant service refuses each request the first time, and answers lists in two pages. It notes what it was asked.
type reluctant struct{ asked map[string]int }

func (s *reluctant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Method + " " + r.URL.RequestURI()
	s.asked[id]++
	if s.asked[id]%2 == 1 {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	switch last := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; {
	case last == "content":
		io.WriteString(w, "step,train_loss\n1,0.5\n")
	case r.Method == http.MethodGet && slices.Contains([]string{"files", "jobs", "events", "checkpoints"}, last):
		first := r.URL.Query().Get("after") == ""
		item := map[bool]int{true: 2, false: 1}[first] // the newest comes first
		fmt.Fprintf(w, `{"data":[{"id":"%s-%d","created_at":%d}],"has_more":%v}`, last, item, item, first)
	default:
		io.WriteString(w, `{"id":"x-1","status":"succeeded","result_files":["file-2"],"choices":[{"finish_reason":"stop","message":{"content":"a"}}],"data":[{"embedding":[1]}]}`)
	}
}

// TestRepeatedRequestsFitTheDescription is what is sent again after a refusal, and what asks for the next page.
func TestRepeatedRequestsFitTheDescription(t *testing.T) {
	d := openapi.Load(t)
	synctest.Test(t, func(t *testing.T) {
		var findings openapi.Findings
		service := &reluctant{asked: map[string]int{}}
		c := bubbleClient(d.ProxyRequests(service, findings.Add).ServeHTTP, nil)
		on := target{file: "file-1", job: "ftjob-1", model: "ft:base:org::1"}
		for _, o := range askings {
			if err := o.do(t.Context(), c, on); err != nil {
				t.Errorf("%s %s: %v", o.method, o.variant, err)
			}
		}
		if err := findings.Err(); err != nil {
			t.Error(err)
		}
		asked := slices.Sorted(maps.Keys(service.asked))
		for _, want := range []string{
			"GET /v1/files?after=files-2&", "GET /v1/fine_tuning/jobs?after=jobs-2&", "GET /v1/fine_tuning/jobs/ftjob-1/events?after=events-2&",
			"GET /v1/fine_tuning/jobs/x-1/checkpoints?after=checkpoints-2&", "POST /v1/files", "DELETE /v1/files/file-1", "GET /v1/files/file-2/content",
			"POST /v1/fine_tuning/jobs/ftjob-1/cancel", "POST /v1/chat/completions", "GET /v1/models/org%2Fbase",
		} {
			if !slices.ContainsFunc(asked, func(a string) bool { return strings.HasPrefix(a, want) && service.asked[a] >= 2 }) {
				t.Errorf("%s was not asked for twice: %q", want, asked)
			}
		}
	})
}

// TestExceptionsToTheDescription lists all in which a request leaves the description, each by the will of the user.
func TestExceptionsToTheDescription(t *testing.T) {
	d := openapi.Load(t)
	for _, test := range []struct {
		name   string
		change func(*provider.Endpoint)
		only   string // what every finding says
	}{
		{"an address with a version, as of Azure, puts it into every query", func(e *provider.Endpoint) { e.Query = "api-version=v1" }, `: unknown query parameter "api-version"`},
		{"extra_body holds whatever a service wants", func(e *provider.Endpoint) { e.ExtraBody = map[string]any{"region": "eu"} }, "\n- at '/region': not described"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var found []error
				to := endpoint("http://service.test")
				test.change(&to)
				handler := d.ProxyRequests(&reluctant{asked: map[string]int{}}, func(err error) { found = append(found, err) })
				c := openai.New(openai.Config{Endpoint: to, Transport: handlerTransport{handler}})
				for _, o := range askings {
					if err := o.do(t.Context(), c, target{"file-1", "ftjob-1", "m"}); err != nil {
						t.Errorf("%s %s: %v", o.method, o.variant, err)
					}
				}
				if len(found) == 0 {
					t.Error("nothing was found: is the exception still one?")
				}
				for _, err := range found {
					if rest := strings.SplitN(err.Error(), test.only, 2); len(rest) != 2 || strings.Contains(rest[1], "\n") {
						t.Errorf("also found: %v", err)
					}
				}
			})
		})
	}
}
