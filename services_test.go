package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A wiretap passes requests on to an embedded engine, and keeps what was sent and with which keys.
type wiretap struct {
	url string

	mu   sync.Mutex
	sent bytes.Buffer // paths and bodies
	keys []string     // each once
}

func tap(t *testing.T) *wiretap {
	t.Helper()
	target, err := url.Parse(provocation{}.engine(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &wiretap{}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: target.Scheme, Host: target.Host})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.note(r, body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL + "/v1"
	return w
}

func (w *wiretap) note(r *http.Request, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent.WriteString(r.URL.Path + "\n")
	w.sent.Write(body)
	if key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); !slices.Contains(w.keys, key) {
		w.keys = append(w.keys, key)
	}
}

// heard reports whether something was sent.
func (w *wiretap) heard(text string) bool { return strings.Contains(w.sent.String(), text) }

// TestExpectedAnswersStayHere looks through all that a run sends for what it has no need to send.
func TestExpectedAnswersStayHere(t *testing.T) {
	service := tap(t)
	p := provocation{
		edit: "answer: Black. => answer: Nobody is told of this.", spec: "        - not_icontains: never-sent\n", env: "OPENAI_BASE_URL=" + service.url,
	}
	if got := p.run(t); got.exit != 0 {
		t.Fatal(got.said)
	}
	for _, secret := range []string{"Nobody is told of this", "never-sent"} {
		if service.heard(secret) {
			t.Errorf("%q was sent", secret)
		}
	}
	if !service.heard("What colour is thing number 3?") {
		t.Error("the question was not sent")
	}
}

// TestEachServiceGetsItsOwn has four services in one pipeline: each is sent its own key and nothing that is another's, and only the judge
// sees what is expected.
func TestEachServiceGetsItsOwn(t *testing.T) {
	pipeline, tested, old, judge := tap(t), tap(t), tap(t), tap(t)
	const spec = `version: 1
train: off
test:
  model: tested-model
  provider: {kind: compatible, base_url: TESTED}
  baseline:
    model: old-model
    provider: {kind: litellm, base_url: OLD}
  judge:
    model: judge-model
    provider: {kind: llmariner, base_url: JUDGE}
  cases:
    - question: What is asked?
      answer: What is expected.
      assert:
        - not_icontains: never-sent
        - score_model: {rubric: What a good answer is., pass_threshold: 0.5}
        - text_similarity: {evaluation_metric: cosine, embedding_model: vectors, pass_threshold: 0.1}
          weight: 0
thresholds:
  - errors == 0
  - pass_rate >= 0%
`
	hosts := make([]string, 0, 3)
	for _, w := range []*wiretap{tested, old, judge} {
		hosts = append(hosts, strings.TrimSuffix(strings.TrimPrefix(w.url, "http://"), "/v1"))
	}
	got := provocation{
		spec: strings.NewReplacer("TESTED", tested.url, "OLD", old.url, "JUDGE", judge.url).Replace(spec),
		env: "OPENAI_BASE_URL=" + pipeline.url + "\nFTRUN_API_KEY=key-of-the-tested\nLITELLM_API_KEY=key-of-the-old\nLLMARINER_API_KEY=key-of-the-judge\n" +
			"FTRUN_ALLOW_HOSTS=" + strings.Join(hosts, ","),
	}.run(t)
	if got.exit != 0 {
		t.Fatal(got.said)
	}
	const asked, expected, rubric, said = "What is asked?", "What is expected.", "What a good answer is.", "embedded stand-in"
	for name, c := range map[string]struct {
		service *wiretap
		key     string
		sees    []string
	}{
		"the pipeline's": {pipeline, "", nil},
		"the tested":     {tested, "key-of-the-tested", []string{asked, "tested-model"}},
		"the old":        {old, "key-of-the-old", []string{asked, "old-model"}},
		"the judge":      {judge, "key-of-the-judge", []string{asked, "judge-model", expected, rubric, said, "/v1/embeddings"}},
	} {
		if len(c.sees) > 0 && !slices.Equal(c.service.keys, []string{c.key}) || len(c.sees) == 0 && len(c.service.keys) > 0 {
			t.Errorf("%s service got the keys %q", name, c.service.keys)
		}
		for _, text := range []string{asked, "tested-model", "old-model", "judge-model", expected, rubric, said, "/v1/embeddings", "never-sent"} {
			if c.service.heard(text) != slices.Contains(c.sees, text) {
				t.Errorf("%s service is sent %q: %v", name, text, c.service.heard(text))
			}
		}
	}
}
