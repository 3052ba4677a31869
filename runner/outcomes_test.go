package runner_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider/providertest"
	"ftrun/runner/result"
)

var update = flag.Bool("update", false, "rewrite the tables in docs/")

// An answer is what a service, or something between here and it, may do to a request.
type answer struct {
	name string
	give func(w http.ResponseWriter, r *http.Request, act http.Handler)
}

// refusal answers with a status instead of acting.
func refusal(name string, status int, body string, header ...string) answer {
	return answer{name, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for i := 0; i < len(header); i += 2 {
			value := header[i+1]
			if value == "DATE" {
				value = time.Now().Add(3 * time.Second).UTC().Format(http.TimeFormat)
			}
			w.Header().Set(header[i], value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}}
}

// coded is an error in the API's own form.
func coded(code, param string) string {
	return fmt.Sprintf(`{"error": {"message": "The service says no.", "type": "invalid_request_error", "code": %q, "param": %q}}`, code, param)
}

// acted lets the service act, and then does something else with its answer.
func acted(name string, give func(w http.ResponseWriter, body []byte)) answer {
	return answer{name, func(w http.ResponseWriter, r *http.Request, act http.Handler) {
		record := httptest.NewRecorder()
		act.ServeHTTP(record, r)
		give(w, record.Body.Bytes())
	}}
}

// answers are those of issue trackers and status pages: each has been seen from a real service.
func answers() []answer {
	return []answer{
		refusal("400", 400, coded("invalid_value", "model")),
		refusal("401", 401, coded("invalid_api_key", "")),
		refusal("403", 403, coded("permission_denied", "")),
		refusal("403 training_not_available", 403, coded("training_not_available", "")),
		refusal("404", 404, coded("model_not_found", "")),
		refusal("405", 405, ""),
		refusal("409", 409, coded("conflict", "")),
		refusal("413", 413, "<html>too large</html>"),
		refusal("422", 422, `{"detail": [{"loc": ["body", "model"], "msg": "field required"}]}`),
		refusal("429", 429, coded("rate_limit_exceeded", "")),
		refusal("429, Retry-After: 2", 429, coded("rate_limit_exceeded", ""), "Retry-After", "2"),
		refusal("429, Retry-After: a date", 429, coded("rate_limit_exceeded", ""), "Retry-After", "DATE"),
		refusal("429, Retry-After: 1 h", 429, coded("rate_limit_exceeded", ""), "Retry-After", "3600"),
		refusal("429 insufficient_quota", 429, coded("insufficient_quota", "")),
		refusal("429 daily_rate_limit_exceeded", 429, coded("daily_rate_limit_exceeded", "")),
		refusal("500", 500, coded("server_error", "")),
		refusal("502, HTML", 502, "<html><h1>Bad Gateway</h1></html>"),
		refusal("503, Retry-After: 2", 503, "", "Retry-After", "2"),
		refusal("529", 529, coded("overloaded_error", "")),
		refusal("302 to another host", 302, "", "Location", "http://elsewhere.test/v1"),
		refusal("307 to itself", 307, "", "Location", "/v1/again"),
		refusal("200, HTML", 200, "<html>Sign in</html>"),
		refusal("200, empty", 200, ""),
		refusal("200, {}", 200, "{}"),
		refusal("200, []", 200, "[]"),
		acted("200, half of the JSON", func(w http.ResponseWriter, body []byte) { _, _ = w.Write(body[:len(body)/2]) }),
		acted("answer cut inside", func(w http.ResponseWriter, body []byte) {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			_, _ = w.Write(body[:len(body)/2])
			panic(http.ErrAbortHandler)
		}),
		acted("answer lost", func(http.ResponseWriter, []byte) { panic(http.ErrAbortHandler) }),
		{"connection cut before", func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }},
		{"no answer", func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body) // before that the server does not notice that the client has gone
			<-r.Context().Done()
		}},
		{"a byte a minute", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, _ = io.Copy(io.Discard, r.Body)
			tick := time.NewTicker(time.Minute)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					_, _ = w.Write([]byte(" "))
					w.(http.Flusher).Flush()
				}
			}
		}},
	}
}

// endpoints are the requests of a run, in its order.
func endpoints() []endpoint {
	return []endpoint{
		{"list jobs", "GET /v1/fine_tuning/jobs"},
		{"list files", "GET /v1/files"},
		{"get model", "GET /v1/models/{id}"},
		{"upload", "POST /v1/files"},
		{"create job", "POST /v1/fine_tuning/jobs"},
		{"get job", "GET /v1/fine_tuning/jobs/{id}"},
		{"events", "GET /v1/fine_tuning/jobs/{id}/events"},
		{"result file", "GET /v1/files/result-1/content"},
		{"ask", "POST /v1/chat/completions"},
	}
}

type endpoint struct{ name, pattern string }

// spoil gives an answer to the first n requests of an endpoint.
func spoil(e endpoint, a answer, n int, act http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", act)
	var mu sync.Mutex
	mux.HandleFunc(e.pattern, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n--
		spoiled := n >= 0
		mu.Unlock()
		if spoiled {
			a.give(w, r, act)
			return
		}
		act.ServeHTTP(w, r)
	})
	return mux
}

// TestEveryAnswerOfEveryEndpoint is every answer to every request, once and for ever: what the run makes of it. Its table stands in
// docs/answers.md.
func TestEveryAnswerOfEveryEndpoint(t *testing.T) {
	for _, table := range []struct {
		name string
		n    int
	}{{"once", 1}, {"always", 1 << 30}} {
		var out bytes.Buffer
		fmt.Fprint(&out, "| answer |")
		for _, e := range endpoints() {
			fmt.Fprintf(&out, " %s |", e.name)
		}
		fmt.Fprintf(&out, "\n|---|%s\n", strings.Repeat("---|", len(endpoints())))
		for _, a := range answers() {
			fmt.Fprintf(&out, "| %s |", a.name)
			for _, e := range endpoints() {
				t.Run(table.name+"/"+e.name+"/"+a.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { fmt.Fprintf(&out, " %s |", outcomeOf(t, e, a, table.n)) })
				})
			}
			out.WriteString("\n")
		}
		keepTable(t, table.name, out.String())
	}
}

// outcomeOf runs a pipeline at a service that gives that answer, and then, if the run did not pass, once more at one that is well.
func outcomeOf(t *testing.T, e endpoint, a answer, n int) string {
	var s service
	b := newBench(t, &providertest.Fake{})
	run := b.run(t.Context(), serve(t, spoil(e, a, n, s.handler())))
	if run.ReasonCode == "" || run.Reason == "" || strings.Contains(run.Reason+run.Hint, plantedKey.Reveal()) {
		t.Errorf("reason %q %q, hint %q", run.ReasonCode, run.Reason, run.Hint)
	}
	if run.ExitCode == result.ExitPass && run.Summary.Passed != 1 {
		t.Errorf("passed with %+v", run.Summary)
	}
	if n := s.created(); n > 1 {
		t.Errorf("%d jobs were created", n)
	}
	cell := fmt.Sprintf("%d", run.ExitCode)
	if run.ExitCode != result.ExitPass {
		cell += " `" + run.ReasonCode + "`"
		if again := b.run(t.Context(), serve(t, s.handler())); again.ExitCode != result.ExitPass {
			t.Errorf("the service is well again, and the run says %d: %s", again.ExitCode, again.Reason)
		}
	}
	if n := s.created(); n != 1 {
		t.Errorf("%d jobs were created in the end, want 1", n)
	}
	return cell
}

// keepTable holds a table against the one of that name in docs/answers.md, or writes it there.
func keepTable(t *testing.T, name, table string) {
	t.Helper()
	path := filepath.Join("..", "docs", "answers.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(string(page), begin)
	old, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for the table %q", path, name)
	}
	switch {
	case old == table:
	case *update:
		if err := os.WriteFile(path, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s: the table %q is not what happens (go test ./runner -run TestEveryAnswer -update rewrites it); it is\n%s", path, name, table)
	}
}
