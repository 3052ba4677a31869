package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"
)

// A wrongAnswer is what a client gets instead of the right one.
type wrongAnswer struct {
	name   string
	acts   bool // the service carries the request out all the same
	vague  bool // says neither that it acted nor that it did not
	long   bool // only in the long form
	answer func(w http.ResponseWriter, right *httptest.ResponseRecorder)
}

// wrongAnswers are those that any request may get.
var wrongAnswers = []wrongAnswer{
	{name: "lost after it was carried out", acts: true, vague: true, answer: lose},
	{name: "truncated", acts: true, vague: true, answer: truncate},
	{name: "garbage after it was carried out", acts: true, vague: true, answer: say(200, "", "{\"id\": \x00<<<this is not JSON")},
	{name: "500 after it was carried out", acts: true, vague: true, answer: say(500, "", envelope("server_error"))},
	{name: "502 page after it was carried out", acts: true, vague: true, answer: say(502, "", badGateway)},
	{name: "slow", acts: true, answer: trickle},
	{name: "429", answer: say(429, "", envelope("rate_limit_exceeded"))},
	{name: "429 with a time", answer: say(429, "0.3", envelope("rate_limit_exceeded"))},
	{name: "429 with a second", long: true, answer: say(429, "1", envelope("rate_limit_exceeded"))},
	{name: "reset", vague: true, answer: lose},
	{name: "garbage", vague: true, answer: say(200, "", "<<<this is not JSON")},
	{name: otherJSON, vague: true, long: true, answer: say(200, "", `{"ok": true}`)},
	{name: "500", vague: true, answer: say(500, "", envelope("server_error"))},
	{name: "502 page", vague: true, answer: say(502, "", badGateway)},
}

const otherJSON = "other JSON"

// notFoundYet is what a service says that is not yet of one mind about something new.
var notFoundYet = wrongAnswer{name: "404 after it was made", acts: true, answer: say(404, "", envelope("not_found"))}

const badGateway = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"

func envelope(code string) string {
	return fmt.Sprintf(`{"error": {"message": "Out of order.", "type": "server_error", "param": null, "code": %q}}`, code)
}

// drawWrong draws a fault for a request. After a vague answer to a creation or an upload that was not carried out, ftrun looks for a
// minute before it asks again: only the long form has the time.
func drawWrong(rng *rand.Rand, route string, long bool) *wrongAnswer {
	buys := route == routeCreate || route == routeUpload
	fitting := slices.DeleteFunc(slices.Clone(wrongAnswers), func(f wrongAnswer) bool {
		if f.name == otherJSON && route == routeChat { // an answer without a choice: the case is errored, and the gate may stand all the same
			return true
		}
		return !long && (f.long || buys && f.vague && !f.acts)
	})
	return &fitting[rng.IntN(len(fitting))]
}

func say(status int, retryAfter, body string) func(http.ResponseWriter, *httptest.ResponseRecorder) {
	return func(w http.ResponseWriter, _ *httptest.ResponseRecorder) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be dead
		_ = http.NewResponseController(w).Flush()
	}
}

func lose(w http.ResponseWriter, _ *httptest.ResponseRecorder) { cut(w) }

// truncate promises the whole answer and sends half of it.
func truncate(w http.ResponseWriter, right *httptest.ResponseRecorder) {
	w.Header().Set("Content-Length", fmt.Sprint(right.Body.Len()))
	w.WriteHeader(right.Code)
	_, _ = w.Write(right.Body.Bytes()[:right.Body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	cut(w)
}

// trickle sends the answer in pieces.
func trickle(w http.ResponseWriter, right *httptest.ResponseRecorder) {
	w.WriteHeader(right.Code)
	for piece := right.Body.Next(64); len(piece) > 0; piece = right.Body.Next(64) {
		_, _ = w.Write(piece)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(5 * time.Millisecond) // this is the fault
	}
}

// send passes the right answer on.
func send(w http.ResponseWriter, right *httptest.ResponseRecorder) {
	for name, values := range right.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(right.Body.Len())) // so that a flushed answer is a whole one
	w.WriteHeader(right.Code)
	_, _ = w.Write(right.Body.Bytes())
	_ = http.NewResponseController(w).Flush()
}

// cut resets the connection instead of answering.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
