package openapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
)

// Proxy returns a handler that hands every request on, unchanged, and reports what in it, and in its answer, the description does not
// allow. report is called from many goroutines, before the handler returns.
func (d *Description) Proxy(next http.Handler, report func(error)) http.Handler {
	return d.ProxyRequests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copied := &answerCopy{ResponseWriter: w}
		next.ServeHTTP(copied, r) // an answer that ends in a panic is cut off: there is nothing to check
		if copied.hijacked {
			return
		}
		if err := d.CheckAnswer(r.Method, r.URL.EscapedPath(), copied.statusCode(), w.Header(), copied.body.Bytes()); err != nil {
			report(err)
		}
	}), report)
}

// ProxyRequests is Proxy for a server that is told to answer wrongly: only requests are checked.
func (d *Description) ProxyRequests(next http.Handler, report func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body []byte
		var err error
		if r.Body != nil { // a server's requests have one; a handler that is called without a server may see none
			body, err = io.ReadAll(r.Body)
		}
		if err == nil { // else the client has gone away amid its request
			if err := d.CheckRequest(r.Method, r.URL.EscapedPath(), r.URL.Query(), r.Header, body); err != nil {
				report(err)
			}
		}
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
		next.ServeHTTP(w, again)
	})
}

// failing is the end of a body: whole, or broken off as the original was.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// An answerCopy keeps a copy of the answer that passes through.
type answerCopy struct {
	http.ResponseWriter
	status   int
	body     bytes.Buffer
	hijacked bool
}

// WriteHeader notes the status.
func (a *answerCopy) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write notes what is written.
func (a *answerCopy) Write(b []byte) (int, error) {
	a.body.Write(b)
	return a.ResponseWriter.Write(b)
}

// Hijack gives the connection away, as a server does that cuts it.
func (a *answerCopy) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.hijacked = true
	return http.NewResponseController(a.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answerCopy) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answerCopy) statusCode() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// Guard puts ProxyRequests in front of a handler. Where the description is absent, the handler is left as it is, and logf is told why.
func Guard(next http.Handler, report func(error), logf func(format string, args ...any)) http.Handler {
	d, err := Open()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		logf("requests are not held to the description: %v", err)
		return next
	case err != nil:
		report(err)
		return next
	}
	return d.ProxyRequests(next, report)
}

// Findings gathers what a Proxy reports. It is safe for concurrent use.
type Findings struct {
	mu   sync.Mutex
	errs []error
}

// Add takes in a finding.
func (f *Findings) Add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

// Err returns all findings as one error, or nil.
func (f *Findings) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.errs...)
}
