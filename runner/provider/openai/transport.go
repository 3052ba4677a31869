package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"ftrun/runner/provider"
)

// An extraTransport merges a call's extra fields into its JSON body: the fields that go-openai's types lack or drop.
type extraTransport struct{ next http.RoundTripper }

func (t *extraTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	extra := callOf(r).extra
	if len(extra) == 0 || r.Body == nil {
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
	maps.Copy(fields, extra)
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("request body: %w", err)
	}
	r = r.Clone(r.Context())
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return t.next.RoundTrip(r)
}

// An authTransport adds the key and the organisation, to the endpoint's own host and to no other.
type authTransport struct {
	next      http.RoundTripper
	endpoint  provider.Endpoint
	userAgent string
}

func (t *authTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Authorization")
	if t.userAgent != "" {
		r.Header.Set("User-Agent", t.userAgent)
	}
	if strings.HasPrefix(r.URL.String(), t.endpoint.BaseURL+"/") {
		setIfAny(r.Header, "OpenAI-Organization", t.endpoint.Organization)
		setIfAny(r.Header, "OpenAI-Project", t.endpoint.Project)
		if t.endpoint.Key != "" {
			r.Header.Set("Authorization", "Bearer "+t.endpoint.Key.Reveal())
		}
	}
	return t.next.RoundTrip(r)
}

func setIfAny(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// Bounds on what is read of one answer, where the call sets none.
const (
	maxAnswer  = 64 << 20
	maxRefusal = 1 << 20 // of which only the start is ever shown
)

// An answerTransport reads each answer whole, so that a cut connection shows here and not in a half-read body, takes the key
// out of it and out of what the transport says, and notes in the call what it saw.
type answerTransport struct {
	next     http.RoundTripper
	redact   redactor
	timeout  time.Duration
	requests *atomic.Int64
	reached  *atomic.Bool
}

func (t *answerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := callOf(r)
	c.attempts++
	c.status, c.header, c.body, c.sent = 0, nil, nil, false
	ctx := r.Context()
	if t.timeout > 0 && !c.untimed {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.timeout, fmt.Errorf("no answer within %v", t.timeout))
		defer cancel()
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { c.sent = true }})

	t.requests.Add(1)
	start := time.Now()
	resp, err := t.exchange(r.WithContext(ctx), c)
	if c.sent {
		t.reached.Store(true)
	}
	if err != nil {
		c.err = t.redact.error(timeoutCause(r.Context(), ctx, err))
		return nil, c.err
	}
	c.latency, c.err = time.Since(start), nil
	return resp, nil
}

// exchange sends a request once and reads the answer.
func (t *answerTransport) exchange(r *http.Request, c *call) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	c.sent = true
	body, err := readAnswer(resp, c.maxAnswer)
	if err != nil {
		return nil, err
	}
	body = t.redact.body(body)
	if resp.StatusCode < 300 && !json.Valid(body) {
		return nil, fmt.Errorf("answer is no JSON: %s", excerpt(body))
	}
	t.redact.header(resp.Header)
	c.status, c.header, c.body = resp.StatusCode, resp.Header, body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

// timeoutCause says so where it was the attempt's own time limit that ended it, and not the caller's.
func timeoutCause(outer, inner context.Context, err error) error {
	if outer.Err() == nil && inner.Err() != nil {
		return context.Cause(inner)
	}
	return err
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
