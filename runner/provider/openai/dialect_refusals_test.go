package openai_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestDialectsRefuse shows that the servers are as hard to please as the providers are: what the client does right before them, a
// client without manners does wrong.
func TestDialectsRefuse(t *testing.T) {
	const (
		fine   = `{"model":"m","training_file":"f","suffix":"s","hyperparameters":{"n_epochs":3}}`
		method = `{"model":"m","training_file":"f","suffix":"s","method":{"type":"supervised","supervised":{"hyperparameters":{"n_epochs":3}}}}`
		auto   = `{"model":"m","training_file":"f","suffix":"s","hyperparameters":{"n_epochs":"auto"}}`
		jobs   = "/fine_tuning/jobs"
	)
	bearer := http.Header{"Authorization": {"Bearer " + benchKey}}
	apiKey := http.Header{"Api-Key": {benchKey}}
	for _, test := range []struct {
		name    string
		service string
		header  http.Header
		method  string
		target  string
		body    string
		status  int
		says    string
	}{
		{"no key", "openai", nil, "GET", jobs, "", 401, "error"},
		{"another key", "openai", http.Header{"Authorization": {"Bearer x"}}, "GET", jobs, "", 401, "error"},
		{"the key twice", "openai", http.Header{"Authorization": {"Bearer " + benchKey}, "Api-Key": {benchKey}}, "GET", jobs, "", 401, "error"},
		{"a bearer at Azure", "azure", bearer, "GET", jobs, "", 401, "Access denied"},
		{"a file that is not processed", "azure", apiKey, "POST", jobs, fine, 400, "not processed"},
		{"a model without a deployment", "azure", apiKey, "POST", "/chat/completions", `{"model":"m"}`, 404, "DeploymentNotFound"},
		{"no api-version", "azure, older form", apiKey, "GET", jobs, "", 404, "Resource not found"},
		{"a model beside the path", "azure, older form", apiKey, "POST", "/chat/completions?api-version=2024-10-21", `{"model":"m"}`, 404, "Resource not found"},
		{"method at Nebius", "nebius", bearer, "POST", jobs, method, 400, "method is not supported"},
		{"auto at Nebius", "nebius", bearer, "POST", jobs, auto, 422, "valid number"},
		{"too many epochs", "nebius", bearer, "POST", jobs, strings.Replace(fine, "3", "21", 1), 422, "from 1 to 20"},
		{"method at Crusoe", "crusoe", bearer, "POST", jobs, method, 400, "method is not supported"},
		{"a question to Crusoe", "crusoe", bearer, "POST", "/chat/completions", `{"model":"m"}`, 404, "no such endpoint"},
		{"no provider behind the proxy", "litellm", bearer, "GET", jobs, "", 422, "custom_llm_provider"},
		{"nor in the body", "litellm", bearer, "POST", jobs, fine, 500, "custom_llm_provider"},
		{"a model that is not configured", "litellm", bearer, "POST", "/chat/completions", `{"model":"m"}`, 400, "Invalid model name"},
		{"no suffix", "llmariner", bearer, "POST", jobs, strings.Replace(fine, `"s"`, `""`, 1), 400, "suffix is required"},
		{"a long suffix", "llmariner", bearer, "POST", jobs, strings.Replace(fine, `"s"`, `"nineteen-characters"`, 1), 400, "suffix is too long"},
		{"auto at LLMariner", "llmariner", bearer, "POST", jobs, auto, 422, `"details":[]`},
		{"events at LLMariner", "llmariner", bearer, "GET", jobs + "/j/events", "", 404, `"details":[]`},
		{"models of a small server", "compatible", bearer, "GET", "/models/m", "", 404, `{"error":"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := dialects()
			d := all[slices.IndexFunc(all, func(d dialect) bool { return d.name == test.service })]
			server := httptest.NewServer(newService(t, d, benchKey))
			defer server.Close()
			req, err := http.NewRequestWithContext(t.Context(), test.method, server.URL+d.path+test.target, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.header != nil {
				req.Header = test.header
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != test.status || !strings.Contains(string(body), test.says) {
				t.Errorf("answer %d %s, %v, want %d and %q", resp.StatusCode, body, err, test.status, test.says)
			}
		})
	}
}
