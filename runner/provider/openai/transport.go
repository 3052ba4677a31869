package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// An extraTransport merges a call's fields into its JSON body: those that go-openai's types lack or drop, and those of the endpoint.
type extraTransport struct{ next http.RoundTripper }

func (t *extraTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := callOf(r)
	if len(c.extra)+len(c.below) == 0 || r.Body == nil {
		return t.next.RoundTrip(r)
	}
	old, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	fields := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(old))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return nil, fmt.Errorf("request body: %w", err)
	}
	body, err := json.Marshal(merged(merged(c.below, fields), c.extra))
	if err != nil {
		return nil, fmt.Errorf("request body: %w", err)
	}
	r = r.WithContext(r.Context()) // a copy; its header stays as it is
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return t.next.RoundTrip(r)
}

// merged returns the fields of two objects, objects among them merged likewise. Of anything else the one above hides the one below.
func merged(below, above map[string]any) map[string]any {
	all := maps.Clone(below)
	if all == nil {
		all = map[string]any{}
	}
	for name, value := range above {
		lower, isObject := all[name].(map[string]any)
		if upper, ok := value.(map[string]any); ok && isObject {
			value = merged(lower, upper)
		}
		all[name] = value
	}
	return all
}

// Bounds on what is read of one answer, where the call sets none.
const (
	maxAnswer  = 64 << 20
	maxRefusal = 1 << 20 // of which only the start is ever shown
)

// An answerTransport watches over one exchange. It reads the answer whole, so that a cut connection shows here and not in a
// half-read body, takes secrets out of it and out of what the transport says, and notes in the call what it saw.
type answerTransport struct {
	next     http.RoundTripper
	redact   *redactor
	timeout  time.Duration // how long nothing may move
	requests *atomic.Int64
	reached  *atomic.Bool
}

func (t *answerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := callOf(r)
	c.begin()
	dog := watch(r.Context(), t.timeout)
	defer dog.stop()
	sent := r.Clone(httptrace.WithClientTrace(dog.ctx, dog.trace(func() { c.sent = true })))
	sent.Header.Set(clientRequestID, c.clientID)

	t.requests.Add(1)
	start := time.Now()
	resp, err := t.exchange(dog.request(sent), c, dog)
	if c.sent {
		t.reached.Store(true)
	}
	if err != nil {
		c.err = t.redact.error(dog.cause(r.Context(), err))
		return nil, c.err
	}
	c.latency, c.err = time.Since(start), nil
	return resp, nil
}

// exchange sends a request once and reads the answer.
func (t *answerTransport) exchange(r *http.Request, c *call, dog *watchdog) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	c.sent = true
	dog.response(resp)
	body, err := readAnswer(resp, c.maxAnswer)
	t.redact.header(resp.Header)
	c.header = resp.Header
	if err != nil {
		return nil, err
	}
	body = t.redact.body(body)
	handed := body
	if resp.StatusCode < 300 {
		if err := c.take(body); err != nil {
			return nil, err
		}
		if c.read != nil { // all is taken in: go-openai need not read it once more
			handed = []byte("{}")
		}
	}
	c.status, c.body = resp.StatusCode, body
	resp.Body = io.NopCloser(bytes.NewReader(handed))
	resp.ContentLength = int64(len(handed))
	return resp, nil
}

// take takes in an answer of success. Whether it is JSON, its reader finds out by reading it.
func (c *call) take(body []byte) error {
	var err error
	if c.read != nil {
		if err = c.read(body); err == nil {
			return nil
		}
	}
	if !c.raw && !json.Valid(body) {
		return fmt.Errorf("answer is no JSON: %s", describe(body))
	}
	if err != nil {
		return withReason(err, body)
	}
	return nil
}

// A longError is an answer past its bound: asked again, it would be as long.
type longError struct{ bound int }

func (e *longError) Error() string { return fmt.Sprintf("answer is longer than %d bytes", e.bound) }

// readAnswer reads a body up to a bound. Of a refusal, whose text is only shown, it reads no more than the start.
func readAnswer(resp *http.Response, bound int) ([]byte, error) {
	if bound == 0 {
		bound = maxAnswer
	}
	if resp.StatusCode >= 300 {
		bound = min(bound, maxRefusal)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(bound)+1))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	switch {
	case len(body) <= bound:
		return body, nil
	case resp.StatusCode >= 300:
		return body[:bound], nil
	default:
		return nil, &longError{bound}
	}
}
