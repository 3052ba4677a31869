package openai_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// A seen is what a server saw of the last request.
type seen struct {
	uri    string // as it came over the wire
	header http.Header
	n      int
}

// watchedServer answers everything with an object that fits whatever was asked, over real HTTP.
func watchedServer(t *testing.T) (*seen, *httptest.Server) {
	t.Helper()
	s := &seen{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.uri, s.header = r.RequestURI, r.Header
		s.n++
		io.WriteString(w, `{"id":"x","object":"x","data":[],"model":"m","choices":[{"message":{"content":"hello"}}]}`)
	}))
	t.Cleanup(server.Close)
	return s, server
}

// TestAddresses is every operation's path, at both of Azure's forms and at a service with a query of its own.
func TestAddresses(t *testing.T) {
	const model = "ft:gpt-4.1-mini:org::x/y z"
	for name, test := range map[string]struct {
		kind, path, query string
		call              func(*openai.Client) error
		want              string
	}{
		"chat":                      {"openai", "/v1", "", chat(model), "/v1/chat/completions"},
		"chat at Azure":             {"azure", "/openai/v1", "", chat(model), "/openai/v1/chat/completions"},
		"chat at Azure's older":     {"azure", "/openai", "api-version=2024-10-21", chat(model), "/openai/deployments/ft:gpt-4.1-mini:org::x%2Fy%20z/chat/completions?api-version=2024-10-21"},
		"a deployment's name":       {"azure", "/openai", "api-version=1", chat("gpt-3.5.turbo"), "/openai/deployments/gpt-3.5.turbo/chat/completions?api-version=1"},
		"another path like Azure's": {"compatible", "/v1beta/openai", "", chat("gemini"), "/v1beta/openai/chat/completions"},
		"job at Azure's older":      {"azure", "/openai", "api-version=1", getJob("ftjob-1"), "/openai/fine_tuning/jobs/ftjob-1?api-version=1"},
		"jobs and a query":          {"compatible", "/v1", "tenant=a%26b&limit=5&after=x", listJobs, "/v1/fine_tuning/jobs?after=x&limit=100&metadata%5Bk%5D=v&tenant=a%26b"},
		"events and a query":        {"compatible", "/v1", "limit=7&t=1", listEvents("j"), "/v1/fine_tuning/jobs/j/events?limit=100&t=1"},
		"a base path with escapes":  {"compatible", "/a%2Fb/v1", "", getJob("j"), "/a%2Fb/v1/fine_tuning/jobs/j"},
		"model":                     {"openai", "/v1", "", getModel("ft:gpt:org::x"), "/v1/models/ft:gpt:org::x"},
		"model of an organisation":  {"litellm", "/v1", "", getModel("org/model-name"), "/v1/models/org%2Fmodel-name"},
		"model with a question":     {"litellm", "/v1", "", getModel("a?b#c%d"), "/v1/models/a%3Fb%23c%25d"},
		"job with a slash":          {"openai", "/v1", "", getJob("../files"), ""},
		"job of dots":               {"openai", "/v1", "", getJob(".."), ""},
		"job without an id":         {"openai", "/v1", "", getJob(""), ""},
		"file of a dot":             {"openai", "/v1", "", getFile("."), ""},
		"deletion of dots":          {"openai", "/v1", "", deleteFile(".."), ""},
		"deletion of nothing":       {"openai", "/v1", "", deleteFile(""), ""},
		"cancelling of dots":        {"openai", "/v1", "", cancelJob(".."), ""},
		"deployment of dots":        {"azure", "/openai", "api-version=1", chat("a/../b"), ""},
		"job with spaces":           {"openai", "/v1", "", getJob("a b/c"), "/v1/fine_tuning/jobs/a%20b%2Fc"},
	} {
		t.Run(name, func(t *testing.T) {
			saw, server := watchedServer(t)
			c := openai.New(openai.Config{Endpoint: provider.Endpoint{Kind: test.kind, BaseURL: server.URL + test.path, Query: test.query}})
			err := test.call(c)
			if saw.uri != test.want || (err == nil) != (test.want != "") {
				t.Fatalf("asked for %q, %v, want %q", saw.uri, err, test.want)
			}
			if test.want != "" {
				return
			}
			if failure := failureOf(t, err); failure.Kind != provider.KindInvalid || !failure.Definite() || failure.Temporary() || !strings.Contains(err.Error(), "can't stand in an address") {
				t.Errorf("%v, want a definite refusal", err)
			}
			if c.Requests() != 0 || strings.Contains(err.Error(), server.URL) {
				t.Errorf("%d requests were sent, error %v", c.Requests(), err)
			}
		})
	}
}

func chat(model string) func(*openai.Client) error {
	return func(c *openai.Client) error {
		_, err := c.Complete(noContext, provider.CompletionRequest{Model: model, Messages: []provider.Message{{Role: "user", Content: "hi"}}})
		return err
	}
}

func getJob(id string) func(*openai.Client) error {
	return func(c *openai.Client) error { _, err := c.Job(noContext, id); return err }
}

func cancelJob(id string) func(*openai.Client) error {
	return func(c *openai.Client) error { _, err := c.CancelJob(noContext, id); return err }
}

func listJobs(c *openai.Client) error {
	_, err := c.Jobs(noContext, map[string]string{"k": "v"})
	return err
}

func listEvents(id string) func(*openai.Client) error {
	return func(c *openai.Client) error { _, err := c.Events(noContext, id, ""); return err }
}

func getModel(id string) func(*openai.Client) error {
	return func(c *openai.Client) error { _, err := c.Model(noContext, id); return err }
}

func getFile(id string) func(*openai.Client) error {
	return func(c *openai.Client) error { _, err := c.File(noContext, id); return err }
}

func deleteFile(id string) func(*openai.Client) error {
	return func(c *openai.Client) error { return c.DeleteFile(noContext, id) }
}

func createJob(c *openai.Client) error {
	_, err := c.CreateJob(noContext, provider.JobRequest{Model: "m", TrainingFile: "f", Method: "supervised"})
	return err
}

// TestHeaders: the key goes where the endpoint wants it, and the endpoint's headers fill gaps and replace nothing.
func TestHeaders(t *testing.T) {
	headers := map[string]provider.Secret{
		"x-team": "gold", "accept": "text/html", "content-type": "text/html", "user-agent": "evil", "Authorization": "Basic abc", "api-key": "other",
		"OpenAI-Organization": "theirs", "X-Client-Request-Id": "fixed",
	}
	for name, test := range map[string]struct {
		auth          string
		key           provider.Secret
		bearer, inKey string
	}{
		"bearer":     {provider.AuthBearer, "sk-12345678", "Bearer sk-12345678", "other"},
		"by default": {"", "sk-12345678", "Bearer sk-12345678", "other"},
		"api-key":    {provider.AuthAPIKey, "sk-12345678", "Basic abc", "sk-12345678"},
		"no key":     {provider.AuthAPIKey, "", "Basic abc", "other"},
	} {
		t.Run(name, func(t *testing.T) {
			saw, server := watchedServer(t)
			c := openai.New(openai.Config{UserAgent: "ftrun/1", Endpoint: provider.Endpoint{
				Kind: "compatible", BaseURL: server.URL + "/v1", Key: test.key, Auth: test.auth, Headers: headers, Organization: "org-1",
			}})
			if err := createJob(c); err != nil {
				t.Fatal(err)
			}
			for field, want := range map[string]string{
				"X-Team": "gold", "Accept": "application/json", "Content-Type": "application/json", "User-Agent": "ftrun/1",
				"Openai-Organization": "org-1", "Authorization": test.bearer, "Api-Key": test.inKey,
			} {
				if got := saw.header.Values(field); len(got) != 1 || got[0] != want {
					t.Errorf("%s: %q, want %q", field, got, want)
				}
			}
			if id := saw.header.Get("X-Client-Request-Id"); !strings.HasPrefix(id, "ftrun-") {
				t.Errorf("request is named %q", id)
			}
		})
	}
}

// TestNothingGoesElsewhere: whatever is not below the base url gets no key, no header and no query.
func TestNothingGoesElsewhere(t *testing.T) {
	saw, server := watchedServer(t)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := openai.New(openai.Config{
		Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			r.URL.Host, r.URL.Scheme = u.Host, u.Scheme
			return http.DefaultTransport.RoundTrip(r)
		}),
		Endpoint: provider.Endpoint{
			Kind: "compatible", BaseURL: "https://service.test/v1", Query: "tenant=1", Key: testKey, Organization: "org-1",
			Headers: map[string]provider.Secret{"X-Team": "gold"},
		},
	})
	for address, own := range map[string]bool{
		"https://service.test/v1/files/x":      true,
		"https://service.test/v2/files/x":      false,
		"https://service.test/v1evil/files/x":  false,
		"http://service.test/v1/files/x":       false,
		"https://service.test:444/v1/files/x":  false,
		"https://service.test.evil.io/v1/x":    false,
		"https://elsewhere.test/v1/files/x":    false,
		"https://service.test@evil.io/v1/file": false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := openai.Transport(c).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got := saw.header.Get("Authorization") != "" && saw.header.Get("X-Team") != "" && saw.header.Get("Openai-Organization") != "" && strings.Contains(saw.uri, "tenant")
		none := saw.header.Get("Authorization") == "" && saw.header.Get("X-Team") == "" && saw.header.Get("Openai-Organization") == "" && !strings.Contains(saw.uri, "tenant")
		if own && !got || !own && !none {
			t.Errorf("%s: asked for %s with %v", address, saw.uri, saw.header)
		}
	}
}

// TestIPv6 asks a server at an address in brackets.
func TestIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: serve(answer)}}
	server.Start()
	defer server.Close()
	endpoint, err := provider.Resolve(provider.Settings{Kind: "openai"}, provider.Environment{Lookup: func(name string) (string, bool) {
		return map[string]string{"OPENAI_API_KEY": testKey, "OPENAI_BASE_URL": server.URL + "/v1/"}[name], true
	}})
	if err != nil || !strings.Contains(endpoint.BaseURL, "[::1]") {
		t.Fatalf("%+v, %v", endpoint, err)
	}
	c := openai.New(openai.Config{Endpoint: endpoint})
	defer c.CloseIdleConnections()
	if got, err := ask(t.Context(), c); err != nil || got.Text != "hello" {
		t.Errorf("%+v, %v", got, err)
	}
}
