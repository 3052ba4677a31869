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

// maxAnswer bounds what is read of one answer.
const maxAnswer = 64 << 20

// An answerTransport reads each answer whole, so that a cut connection shows here and not in a half-read body, takes the key
// out of it, and notes in the call what it saw.
type answerTransport struct {
	next     http.RoundTripper
	key      provider.Secret
	timeout  time.Duration
	requests *atomic.Int64
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
	resp, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		c.err = timeoutCause(r.Context(), ctx, err)
		return nil, c.err
	}
	body, err := readAnswer(resp)
	if err != nil {
		c.err = timeoutCause(r.Context(), ctx, err)
		return nil, c.err
	}
	c.latency = time.Since(start)
	t.redactHeader(resp.Header)
	c.status, c.header, c.body, c.err = resp.StatusCode, resp.Header, t.redact(body), nil
	if c.status < 300 && !c.anyBody && !json.Valid(c.body) {
		c.err = fmt.Errorf("answer is no JSON: %s", excerpt(c.body))
		return nil, c.err
	}
	resp.Body = io.NopCloser(bytes.NewReader(c.body))
	resp.ContentLength = int64(len(c.body))
	return resp, nil
}

// timeoutCause says so where it was the attempt's own time limit that ended it, and not the caller's.
func timeoutCause(outer, inner context.Context, err error) error {
	if outer.Err() == nil && inner.Err() != nil {
		return context.Cause(inner)
	}
	return err
}

func readAnswer(resp *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("read answer: longer than %d bytes", maxAnswer)
	}
	return body, nil
}

// minSecret is the length under which a key is no secret and would only tear holes into answers.
const minSecret = 6

// redact takes the key out of an answer: a server that echoes it must not bring it into a log or a report.
func (t *answerTransport) redact(body []byte) []byte {
	key := t.key.Reveal()
	if len(key) < minSecret {
		return body
	}
	return bytes.ReplaceAll(body, []byte(key), []byte(provider.Redacted))
}

// redactHeader takes the key out of an answer's headers.
func (t *answerTransport) redactHeader(h http.Header) {
	for _, values := range h {
		for i, v := range values {
			values[i] = string(t.redact([]byte(v)))
		}
	}
}
