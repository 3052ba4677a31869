package embedded

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A client talks to a server over real HTTP, and holds every answer against the published description where that is at hand.
type client struct {
	t      testing.TB
	url    string
	http   *http.Client
	server *Server
	schema *descriptions // nil: answers are not checked
	log    *logBook
}

// serve opens a server and a client to it, both closed with the test.
func serve(t testing.TB, opts Options) *client {
	t.Helper()
	log := newLogBook()
	opts.Log = log.add
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s)
	t.Cleanup(func() {
		ts.Close()
		s.Close()
	})
	return &client{t: t, url: ts.URL, http: ts.Client(), server: s, schema: describe(t), log: log}
}

// inBubble opens a server and a client for a synctest bubble, where time passes as soon as nothing else can happen. Sockets do not work
// there; requests are handed to the handler.
func inBubble(t testing.TB, opts Options) *client {
	t.Helper()
	schema := describe(t) // outside of what the bubble may block on
	log := newLogBook()
	opts.Log = log.add
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &client{t: t, url: "http://bubble", http: &http.Client{Transport: direct{s}}, server: s, schema: schema, log: log}
}

// direct is a transport that calls a handler.
type direct struct{ http.Handler }

// RoundTrip returns what the handler writes.
func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, req)
	return w.Result(), nil
}

func faults(t testing.TB, document string) *Faults {
	t.Helper()
	f, err := ParseFaults(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A logBook keeps the lines of a server's log and lets a test wait for one, so that no test has to sleep.
type logBook struct {
	mu    sync.Mutex
	more  *sync.Cond
	lines []string
}

func newLogBook() *logBook {
	b := new(logBook)
	b.more = sync.NewCond(&b.mu)
	return b
}

func (b *logBook) add(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
	b.more.Broadcast()
}

// await returns when a line has begun with one of the prefixes.
func (b *logBook) await(prefixes ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for seen := 0; ; seen++ {
		for seen == len(b.lines) {
			b.more.Wait()
		}
		for _, p := range prefixes {
			if strings.HasPrefix(b.lines[seen], p) {
				return
			}
		}
	}
}

// An answer is what came back.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   []byte
}

// into decodes the answer, which must be a success.
func (a answer) into(v any) {
	a.t.Helper()
	if a.Status != http.StatusOK {
		a.t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		a.t.Fatalf("%v in %s", err, a.Body)
	}
}

// wants checks for an error of this status and code, whose message holds a text.
func (a answer) wants(status int, code, text string) {
	a.t.Helper()
	var env envelope
	if err := json.Unmarshal(a.Body, &env); err != nil {
		a.t.Fatalf("%v in %s", err, a.Body)
	}
	if a.Status != status || deref(env.Error.Code) != code || !strings.Contains(env.Error.Message, text) {
		a.t.Errorf("status %d: %s\nwant %d, code %q, message with %q", a.Status, a.Body, status, code, text)
	}
	if a.Header.Get("X-Request-Id") == "" {
		a.t.Error("an answer without x-request-id")
	}
}

// send makes a request and returns the answer, or the error of a broken connection.
func (c *client) send(req *http.Request) (answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{c.t, resp.StatusCode, resp.Header, body}, err
}

func (c *client) request(method, path string, body any) *http.Request {
	c.t.Helper()
	var r io.Reader
	if text, ok := body.(string); ok {
		r = strings.NewReader(text)
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, r)
	if err != nil {
		c.t.Fatal(err)
	}
	return req
}

// do makes a request with a JSON body (a string goes as it is) and checks the answer against its description.
func (c *client) do(method, path string, body any) answer {
	c.t.Helper()
	return c.checked(c.request(method, path, body))
}

func (c *client) checked(req *http.Request) answer {
	c.t.Helper()
	a, err := c.send(req)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.schema != nil && !strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream") {
		c.schema.check(c.t, req.Method, req.URL.Path, a)
	}
	return a
}

// form makes an upload of the fields, given as name and value in turn, with the file after them. An empty filename leaves the file out.
func (c *client) form(filename, content string, fields ...string) *http.Request {
	c.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		w.WriteField(fields[i], fields[i+1])
	}
	if filename != "" {
		part, err := w.CreateFormFile("file", filename)
		if err != nil {
			c.t.Fatal(err)
		}
		io.WriteString(part, content)
	}
	w.Close()
	req := c.request("POST", "/v1/files", b.String())
	req.Header.Set("Content-Type", w.FormDataContentType())
	return req
}

// upload stores a training file and returns its id.
func (c *client) upload(content string) string {
	c.t.Helper()
	var f fileObject
	c.checked(c.form("train.jsonl", content, "purpose", "fine-tune")).into(&f)
	return f.ID
}

// fields are the fields of a request.
type fields map[string]any

// create starts a job on a training file; more fields may be given.
func (c *client) create(file string, more fields) jobObject {
	c.t.Helper()
	body := fields{"model": "base-1", "training_file": file}
	for k, v := range more {
		body[k] = v
	}
	var j jobObject
	c.do("POST", "/v1/fine_tuning/jobs", body).into(&j)
	return j
}

func (c *client) job(id string) jobObject {
	c.t.Helper()
	var j jobObject
	c.do("GET", "/v1/fine_tuning/jobs/"+id, nil).into(&j)
	return j
}

// await returns a job when it has ended.
func (c *client) await(id string) jobObject {
	c.t.Helper()
	c.log.await("job "+id+" succeeded", "job "+id+" failed", "job "+id+" cancelled")
	return c.job(id)
}

// tune trains on turns and returns the job, which must succeed.
func (c *client) tune(turns []turn, more fields) jobObject {
	c.t.Helper()
	j := c.await(c.create(c.upload(jsonl(turns)), more).ID)
	if j.Status != statusSucceeded {
		c.t.Fatalf("job %s: %+v", j.Status, j.Error)
	}
	return j
}

// events returns all events of a job, oldest first.
func (c *client) events(id string) []eventObject {
	c.t.Helper()
	var p page[eventObject]
	c.do("GET", "/v1/fine_tuning/jobs/"+id+"/events?limit=1000", nil).into(&p)
	var out []eventObject
	for i := range p.Data {
		out = append(out, p.Data[len(p.Data)-1-i])
	}
	return out
}

// chat asks a model one question; more messages may come before it.
func (c *client) chat(model, question string, before ...fields) answer {
	c.t.Helper()
	return c.do("POST", "/v1/chat/completions", fields{
		"model": model, "messages": append(before, fields{"role": "user", "content": question}),
	})
}

// text returns what a completion says.
func (a answer) text() string {
	a.t.Helper()
	var completion chatCompletion
	a.into(&completion)
	return deref(completion.Choices[0].Message.Content)
}
