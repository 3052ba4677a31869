package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// bodyServer keeps the bodies that it is sent, by path.
func bodyServer(t *testing.T) (bodies map[string]string, url string) {
	t.Helper()
	bodies = map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.ContentLength != int64(len(body)) {
			t.Errorf("content length %d of %d bytes", r.ContentLength, len(body))
		}
		bodies[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1")] = string(body)
		io.WriteString(w, `{"id":"ftjob-1","status":"queued","error":{},"choices":[{"message":{"content":"x"}}]}`)
	}))
	t.Cleanup(server.Close)
	return bodies, server.URL
}

// TestCreateOnTheWire: one form of the hyperparameters and never both, whatever the extra body says.
func TestCreateOnTheWire(t *testing.T) {
	seed := 0
	full := provider.JobRequest{
		Model: "base", TrainingFile: "file-1", ValidationFile: "file-2", Method: "supervised", Suffix: "s", Seed: &seed,
		Hyperparameters: map[string]any{"n_epochs": 3, "learning_rate_multiplier": 0.1}, Metadata: map[string]string{"ftrun_key": "k"},
	}
	least := provider.JobRequest{Model: "base", TrainingFile: "file-1", Method: "supervised", Metadata: map[string]string{}}
	for name, test := range map[string]struct {
		wire  string
		extra map[string]any
		req   provider.JobRequest
		want  string // JSON, or a part of the error
	}{
		"method":                  {provider.WireMethod, nil, full, `{"metadata":{"ftrun_key":"k"},"method":{"supervised":{"hyperparameters":{"learning_rate_multiplier":0.1,"n_epochs":3}},"type":"supervised"},"model":"base","seed":0,"suffix":"s","training_file":"file-1","validation_file":"file-2"}`},
		"method by default":       {"", nil, least, `{"method":{"type":"supervised"},"model":"base","training_file":"file-1"}`},
		"hyperparameters":         {provider.WireHyperparameters, nil, full, `{"hyperparameters":{"learning_rate_multiplier":0.1,"n_epochs":3},"metadata":{"ftrun_key":"k"},"model":"base","seed":0,"suffix":"s","training_file":"file-1","validation_file":"file-2"}`},
		"no hyperparameters":      {provider.WireHyperparameters, nil, least, `{"model":"base","training_file":"file-1"}`},
		"extra body":              {"", map[string]any{"trainingType": "developerTier", "n": 12345678901234567, "list": []any{1, "a"}}, least, `{"list":[1,"a"],"method":{"type":"supervised"},"model":"base","n":12345678901234567,"trainingType":"developerTier","training_file":"file-1"}`},
		"objects into objects":    {"", map[string]any{"method": map[string]any{"supervised": map[string]any{"hyperparameters": map[string]any{"lora": true, "n_epochs": 9}, "more": 1}}, "metadata": map[string]any{"team": "a", "ftrun_key": "evil"}}, full, `{"metadata":{"ftrun_key":"k","team":"a"},"method":{"supervised":{"hyperparameters":{"learning_rate_multiplier":0.1,"lora":true,"n_epochs":3},"more":1},"type":"supervised"},"model":"base","seed":0,"suffix":"s","training_file":"file-1","validation_file":"file-2"}`},
		"objects at the top":      {provider.WireHyperparameters, map[string]any{"hyperparameters": map[string]any{"lora_r": 8, "n_epochs": 9}}, full, `{"hyperparameters":{"learning_rate_multiplier":0.1,"lora_r":8,"n_epochs":3},"metadata":{"ftrun_key":"k"},"model":"base","seed":0,"suffix":"s","training_file":"file-1","validation_file":"file-2"}`},
		"what is checked stays":   {"", map[string]any{"model": "dear", "training_file": "file-9", "seed": 7}, full, `{"metadata":{"ftrun_key":"k"},"method":{"supervised":{"hyperparameters":{"learning_rate_multiplier":0.1,"n_epochs":3}},"type":"supervised"},"model":"base","seed":0,"suffix":"s","training_file":"file-1","validation_file":"file-2"}`},
		"both, by the extra body": {"", map[string]any{"hyperparameters": map[string]any{"x": 1}}, least, "extra_body has hyperparameters, which does not go with wire: method"},
		"both, the other way":     {provider.WireHyperparameters, map[string]any{"method": map[string]any{}}, least, "extra_body has method, which does not go with wire: hyperparameters"},
		"dpo": {provider.WireMethod, nil, provider.JobRequest{
			Model: "m", TrainingFile: "f", ValidationFile: "v", Method: "dpo", Hyperparameters: map[string]any{"n_epochs": 2, "beta": 0.1},
		}, `{"method":{"dpo":{"hyperparameters":{"beta":0.1,"n_epochs":2}},"type":"dpo"},"model":"m","training_file":"f","validation_file":"v"}`},
		"dpo, all auto": {provider.WireMethod, nil, provider.JobRequest{Model: "m", TrainingFile: "f", Method: "dpo"},
			`{"method":{"type":"dpo"},"model":"m","training_file":"f"}`},
		"a method without a place": {provider.WireHyperparameters, nil, provider.JobRequest{Model: "m", Method: "dpo"}, "wire: hyperparameters has no place for the method dpo"},
	} {
		t.Run(name, func(t *testing.T) {
			bodies, url := bodyServer(t)
			c := openai.New(openai.Config{Endpoint: provider.Endpoint{Kind: "compatible", BaseURL: url + "/v1", Wire: test.wire, ExtraBody: test.extra}})
			defer c.CloseIdleConnections()
			_, err := c.CreateJob(t.Context(), test.req)
			if !strings.HasPrefix(test.want, "{") {
				if failure := failureOf(t, err); !failure.Definite() || !strings.Contains(err.Error(), test.want) || c.Requests() != 0 {
					t.Errorf("%v after %d requests, want %q and none", err, c.Requests(), test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := sorted(t, bodies["POST /fine_tuning/jobs"]); got != test.want {
				t.Errorf("body\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// sorted returns a JSON object with its names in order and its numbers as they are.
func sorted(t *testing.T, text string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestExtraBodyIsForJobs: no other request has it.
func TestExtraBodyIsForJobs(t *testing.T) {
	bodies, url := bodyServer(t)
	extra := map[string]any{"planted": map[string]any{"deep": 1}}
	c := openai.New(openai.Config{Endpoint: provider.Endpoint{Kind: "compatible", BaseURL: url + "/v1", ExtraBody: extra}})
	defer c.CloseIdleConnections()
	for _, call := range []func(*openai.Client) error{createJob, chat("m"), cancelJob("ftjob-1"), uploadNothing} {
		if err := call(c); err != nil {
			t.Fatal(err)
		}
	}
	if len(bodies) != 4 {
		t.Fatalf("bodies %v", bodies)
	}
	for path, body := range bodies {
		if strings.Contains(body, "planted") != (path == "POST /fine_tuning/jobs") {
			t.Errorf("%s has the body %s", path, body)
		}
	}
	if text, err := json.Marshal(extra); err != nil || string(text) != `{"planted":{"deep":1}}` {
		t.Errorf("the extra body became %s, %v", text, err)
	}
}
