package embedded

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"
)

// An injector decides, for one server, which requests and jobs the faults hit.
type injector struct {
	faults *Faults

	mu       sync.Mutex
	requests []int // how many requests each rule was meant for so far
	jobs     int   // how many jobs were created so far
	files    int   // how many files were uploaded so far
}

func newInjector(f *Faults) *injector {
	if f == nil {
		f = new(Faults)
	}
	return &injector{faults: f, requests: make([]int, len(f.rules))}
}

// next returns the rule that a request falls under, or nil: the first that is meant for it and has its turn. Every rule that is meant
// for it counts it, whichever gets it.
func (in *injector) next(method, urlPath string) *rule {
	in.mu.Lock()
	defer in.mu.Unlock()
	var first *rule
	for i := range in.faults.rules {
		r := &in.faults.rules[i]
		if !r.meant(method, urlPath) {
			continue
		}
		if r.hit(in.requests[i]) && first == nil {
			first = r
		}
		in.requests[i]++
	}
	return first
}

func (r *rule) meant(method, urlPath string) bool {
	if r.Method != "" && r.Method != method {
		return false
	}
	ok, _ := path.Match(r.Path, urlPath) // the pattern was checked
	return ok || r.Path == ""
}

// nextScript returns the script of the job that is being created, or nil.
func (in *injector) nextScript() *jobScript {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.jobs++
	for i := range in.faults.scripts {
		if s := &in.faults.scripts[i]; s.hit(in.jobs - 1) {
			return s
		}
	}
	return nil
}

// nextUpload returns the script of the file that is being uploaded, or nil.
func (in *injector) nextUpload() *fileScript {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.files++
	for i := range in.faults.uploads {
		if s := &in.faults.uploads[i]; s.hit(in.files - 1) {
			return s
		}
	}
	return nil
}

func (in *injector) refusesTraining() bool  { return in.faults.refuseTraining }
func (in *injector) listLag() time.Duration { return in.faults.listLag }
func (in *injector) dialect() *dialect      { return &in.faults.dialect }

// serve answers a request the way the rule says; do carries it out.
func (r *rule) serve(w http.ResponseWriter, req *http.Request, do http.Handler) {
	switch {
	case r.Fault == faultSlow:
		r.serveSlowly(w, req, do)
		return
	case r.Fault == faultReset:
		cutConnection(w)
		return
	}
	var real recorder
	if r.Execute || r.Fault == faultLost || r.Fault == faultTruncate {
		do.ServeHTTP(&real, req)
	} else {
		// A client that is still sending would take an early answer for a broken connection.
		io.Copy(io.Discard, req.Body)
	}
	switch r.Fault {
	case faultLost:
		cutConnection(w)
	case faultTruncate:
		real.sendHalf(w)
	case faultGarbage:
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{\"id\": \x00<<<this is not JSON")
	case faultHTML:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n")
	case faultStatus:
		r.sendStatus(w)
	}
}

func (r *rule) sendStatus(w http.ResponseWriter) {
	for name, value := range r.Headers {
		w.Header().Set(name, value)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(r.Status)
	if r.Body != nil {
		io.WriteString(w, *r.Body)
		return
	}
	e := &apiError{Type: r.Type, Code: r.Code, Message: r.Message}
	if e.Type == "" {
		e.Type = typeInvalid
		if r.Status >= 500 {
			e.Type = typeServer
		}
	}
	if e.Message == "" {
		e.Message = "Scripted fault: " + strconv.Itoa(r.Status) + " " + http.StatusText(r.Status)
	}
	w.Write(e.body())
}

// cutConnection ends the connection without another byte. A TCP connection is reset.
//
// Go's own client repeats a GET by itself, once, where that happens on a connection which it had used before.
func cutConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the server's way to cut a connection that can't be taken over
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// A recorder keeps an answer that the client is not to get, or not whole.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the headers to be sent.
func (r *recorder) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps a part of the body.
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// sendHalf announces the whole answer, sends the first half of it, and cuts the connection.
func (r *recorder) sendHalf(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(r.body.Len()))
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
	w.Write(r.body.Bytes()[:r.body.Len()/2])
	http.NewResponseController(w).Flush()
	cutConnection(w)
}

// trickleBytes is how much a trickling answer sends at a time.
const trickleBytes = 64

// serveSlowly waits before it carries a request out, and between the pieces of the answer.
func (r *rule) serveSlowly(w http.ResponseWriter, req *http.Request, do http.Handler) {
	ctx := req.Context()
	if wait(ctx, time.Duration(r.Delay)) != nil {
		return
	}
	if r.Trickle == 0 {
		do.ServeHTTP(w, req)
		return
	}
	var real recorder
	do.ServeHTTP(&real, req)
	for name, values := range real.header {
		w.Header()[name] = values
	}
	if real.status != 0 {
		w.WriteHeader(real.status)
	}
	flush := http.NewResponseController(w).Flush
	for real.body.Len() > 0 {
		w.Write(real.body.Next(trickleBytes))
		flush()
		if wait(ctx, time.Duration(r.Trickle)) != nil {
			return
		}
	}
}

// wait sleeps for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
