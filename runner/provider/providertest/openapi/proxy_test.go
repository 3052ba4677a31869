package openapi

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const oneFile = `{"id":"file-1","object":"file","bytes":1,"created_at":1,"filename":"a.jsonl","purpose":"fine-tune","status":"processed"}`

func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", typeJSON)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	conn.Close()
}

func TestProxyReports(t *testing.T) {
	d := Load(t)
	for name, test := range map[string]struct {
		path         string
		next         http.HandlerFunc
		requestsOnly bool
		want         []string // the start of each finding
	}{
		"nothing":                         {path: "/v1/files/file-1", next: answerWith(200, oneFile)},
		"nothing, with an escaped slash":  {path: "/v1/files/file%2F1", next: answerWith(200, oneFile)},
		"a wrong request":                 {path: "/v1/files/file-1?x=1", next: answerWith(200, oneFile), want: []string{"request GET /v1/files/file-1: "}},
		"a wrong answer":                  {path: "/v1/files/file-1", next: answerWith(200, "{}"), want: []string{"answer 200 to GET /v1/files/file-1: "}},
		"both":                            {path: "/v1/files/file-1?x=1", next: answerWith(500, "{}"), want: []string{"request GET ", "answer 500 to GET "}},
		"of both only the request":        {path: "/v1/files/file-1?x=1", next: answerWith(500, "{}"), requestsOnly: true, want: []string{"request GET "}},
		"no answer at all":                {path: "/v1/files/file-1", next: func(http.ResponseWriter, *http.Request) {}, want: []string{"answer 200 to GET "}},
		"nothing, where there is no more": {path: "/v1/files/file-1", next: cutOff},
		"nothing, where it broke off":     {path: "/v1/files/file-1", next: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(name, func(t *testing.T) {
			var found []string
			proxy := d.Proxy
			if test.requestsOnly {
				proxy = d.ProxyRequests
			}
			server := httptest.NewServer(proxy(test.next, func(err error) { found = append(found, err.Error()) }))
			if resp, err := http.Get(server.URL + test.path); err == nil {
				resp.Body.Close()
			}
			server.Close() // waits for the handler, and so for its findings
			if len(found) != len(test.want) {
				t.Fatalf("found %q, want %q", found, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(found[i], want) {
					t.Errorf("found %q, want %q", found[i], want)
				}
			}
		})
	}
}

// TestProxyChangesNothing sends an odd request through and looks at what arrives on either side.
func TestProxyChangesNothing(t *testing.T) {
	d := Load(t)
	var got *http.Request
	var body string
	server := httptest.NewServer(d.Proxy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		body = string(b)
		w.Header().Set("X-Odd", "yes")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "half a ")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		io.WriteString(w, "word")
	}), func(error) {}))
	defer server.Close()
	resp, err := http.Post(server.URL+"/odd%2Fpath?a=%20b", "text/odd", strings.NewReader("odd body"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || string(answer) != "half a word" || resp.StatusCode != http.StatusTeapot || resp.Header.Get("X-Odd") != "yes" {
		t.Errorf("answer %d %q, %v", resp.StatusCode, answer, err)
	}
	if got.RequestURI != "/odd%2Fpath?a=%20b" || got.URL.EscapedPath() != "/odd%2Fpath" || got.ContentLength != 8 || got.Header.Get("Content-Type") != "text/odd" || body != "odd body" {
		t.Errorf("request %+v with %q", got, body)
	}
}

// TestProxyPassesABrokenBodyOn: a client that goes away amid its request is no wrong request, and the handler sees it go.
func TestProxyPassesABrokenBodyOn(t *testing.T) {
	d := Load(t)
	gone := errors.New("gone")
	var err error
	proxy := d.ProxyRequests(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, err = io.ReadAll(r.Body) }), func(err error) { t.Error(err) })
	r := httptest.NewRequest("POST", "/v1/fine_tuning/jobs", io.MultiReader(strings.NewReader(`{"mod`), failing{gone}))
	proxy.ServeHTTP(httptest.NewRecorder(), r)
	if !errors.Is(err, gone) {
		t.Errorf("the handler read to %v, want %v", err, gone)
	}
}

func TestGuard(t *testing.T) {
	Load(t)
	var findings Findings
	guarded := Guard(answerWith(200, "not looked at"), findings.Add, t.Logf)
	guarded.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/files", nil))
	if err := findings.Err(); err != nil {
		t.Error(err)
	}
	guarded.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/files?page=1", nil))
	guarded.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v2/files", nil))
	err := findings.Err()
	if err == nil {
		t.Fatal("nothing was found")
	}
	n := 0
	for lines := bufio.NewScanner(strings.NewReader(err.Error())); lines.Scan(); {
		n++
	}
	if n != 2 {
		t.Errorf("found %v, want two findings", err)
	}
}
