package embedded_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"ftrun/runner/provider/embedded"
)

// A server works wherever an http.Handler does. Without a training it has nothing to say.
func Example() {
	server, err := embedded.New(embedded.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ts := httptest.NewServer(server)
	defer ts.Close()

	const question = `{"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Hello?"}], "stream": true}`
	resp, err := http.Post(ts.URL+"/v1/chat/completions", "application/json", strings.NewReader(question))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	_, said, _ := strings.Cut(string(body), `"content":"`)
	said, _, _ = strings.Cut(said, `"`)
	fmt.Println(said)
	fmt.Println(server.Requests())
	// Output:
	// This is ftrun's embedded stand-in, not a GPT, and it is untrained: it has learned no replies yet.
	// [{POST /v1/chat/completions 1 1}]
}

// A script of faults makes the first attempt at a chat completion fail.
func ExampleParseFaults() {
	faults, err := embedded.ParseFaults(strings.NewReader(`{"rules": [
		{"method": "POST", "path": "/v1/chat/completions", "fault": "status", "status": 429, "headers": {"Retry-After": "1"}}
	]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := embedded.New(embedded.Options{Faults: faults})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	for range 2 {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest("POST", "/v1/chat/completions", strings.NewReader(`{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}`)))
		fmt.Println(w.Code, w.Header().Get("Retry-After"))
	}
	// Output:
	// 429 1
	// 200
}
