// Package openai speaks the OpenAI wire to a service: files, fine-tuning jobs, models, chat completions and embeddings over HTTP.
//
// sashabaranov/go-openai makes the requests that it covers; what it lacks (listing jobs, streaming an upload, fields such as
// metadata, method, seed, a temperature of 0 and an empty content, the reason of a failure) is added here over the same transport. Every reply is
// decoded from its raw bytes, because the library's types drop fields.
//
// What concerns every request is a RoundTripper of its own, stacked in [New]: extra fields, the address, retries, watching over
// one exchange and redacting its answer, the key. What one request needs of them, and what they saw of it, travels in a [call].
package openai

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	goopenai "github.com/sashabaranov/go-openai"

	"ftrun/runner/provider"
)

// A Retry is a request about to be sent again.
type Retry struct {
	Op      string
	Attempt int // the attempt that went wrong, from 1
	Delay   time.Duration
	Err     error
}

// Config says whom to ask and how. The zero value of every field but Endpoint is a sensible default.
type Config struct {
	Endpoint  provider.Endpoint
	Transport http.RoundTripper // default: Go's own; of an http.Transport a copy is used
	OnRetry   func(Retry)       // called before each wait; must not block
	UserAgent string
}

// A Client is a provider.Trainer, a provider.Completer and a provider.Embedder. It is safe for concurrent use.
type Client struct {
	api      *goopenai.Client
	http     *http.Client
	idle     http.Client // of the connections alone
	endpoint provider.Endpoint
	baseURL  string
	requests atomic.Int64
	retries  atomic.Int64
	reached  atomic.Bool // a connection was made once
	manners  manners
}

var (
	_ provider.Trainer   = (*Client)(nil)
	_ provider.Completer = (*Client)(nil)
	_ provider.Embedder  = (*Client)(nil)
)

// New returns a client. It sends nothing.
func New(c Config) *Client {
	client := &Client{endpoint: c.Endpoint, baseURL: c.Endpoint.BaseURL}
	transport := network(c.Transport)
	client.idle = http.Client{Transport: transport}
	redact := newRedactor(c.Endpoint, proxySecrets(transport, c.Endpoint.BaseURL))
	timeout := cmp.Or(c.Endpoint.Timeout, provider.DefaultTimeout)
	transport = &authTransport{next: transport, endpoint: c.Endpoint, userAgent: c.UserAgent}
	transport = &answerTransport{next: transport, redact: redact, timeout: timeout, requests: &client.requests, reached: &client.reached}
	transport = &retryTransport{next: transport, onRetry: c.OnRetry, retries: &client.retries, reached: &client.reached}
	transport = &addressTransport{next: transport, endpoint: c.Endpoint}
	transport = &extraTransport{next: transport}
	client.http = &http.Client{Transport: transport, CheckRedirect: refuseRedirect}

	config := goopenai.DefaultConfig("") // the key is authTransport's
	config.BaseURL = c.Endpoint.BaseURL
	config.HTTPClient = client.http
	client.api = goopenai.NewClientWithConfig(config)
	return client
}

// refuseRedirect hands a redirect back as the answer: a key and training data go to the host they were meant for.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Requests returns how many HTTP requests were sent, retries included.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Retries returns how many of the requests were retries.
func (c *Client) Retries() int64 { return c.retries.Load() }

// CloseIdleConnections closes what connections are left open.
func (c *Client) CloseIdleConnections() { c.idle.CloseIdleConnections() }

// A replay says when a request may be sent again.
type replay int

const (
	replayDefinite replay = iota // only where the service certainly did not act
	replayAlways                 // after anything that may pass: asking twice does no harm
)

// A call is one operation: what the transports need to know of it, and what the last of them saw.
type call struct {
	op       string
	replay   replay
	model    string         // that is asked, where a service wants it in the path
	extra    map[string]any // merged into the JSON body
	below    map[string]any // merged under the JSON body and extra, which win
	attempts int
	lost     int // of the attempts that were followed by another: sent, and not answered whole

	maxAnswer int                     // bytes; 0: the bound of every answer
	raw       bool                    // the answer need not be JSON: it is a file, or its status says all
	read      func(body []byte) error // takes in an answer of JSON; one that it can't read is broken and asked for again; nil: all are whole

	// Of the last attempt.
	clientID string // that it was sent with
	status   int
	header   http.Header
	body     []byte
	latency  time.Duration
	sent     bool  // a connection was made
	err      error // what the transport said, without secrets
}

// clientRequestID is the header under which OpenAI can trace a request whose answer never came.
const clientRequestID = "X-Client-Request-Id"

// begin forgets the last attempt and names the next one.
func (c *call) begin() {
	c.attempts++
	c.clientID = "ftrun-" + strings.ToLower(rand.Text()[:16])
	c.status, c.header, c.body, c.sent, c.err = 0, nil, nil, false, nil
}

// isQuestion reports whether the call asks a model.
func (c *call) isQuestion() bool { return c.model != "" }

type callKey struct{}

func (c *call) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf returns the call that a request belongs to; a request from elsewhere gets the careful defaults.
func callOf(r *http.Request) *call {
	if c, ok := r.Context().Value(callKey{}).(*call); ok {
		return c
	}
	return &call{op: r.Method + " " + r.URL.Path}
}
