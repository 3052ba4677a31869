package openai

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ftrun/runner/provider"
)

// finish turns how a call went into its error: the context's where the caller gave up, a *provider.Error otherwise.
// The library's own error adds nothing: the call holds the whole answer.
func (c *call) finish(ctx context.Context, libraryErr error) error {
	if failure := c.failure(); failure != nil {
		if err := context.Cause(ctx); err != nil && failure.Status == 0 {
			return err
		}
		return failure
	}
	if c.attempts == 0 { // given up or refused before anything was sent
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if wrapped, ok := errors.AsType[*url.Error](libraryErr); ok { // its text has the whole address
			libraryErr = wrapped.Err
		}
		return &provider.Error{Op: c.op, Kind: provider.KindInvalid, Err: libraryErr}
	}
	return nil
}

// failure returns what went wrong with the last attempt, or nil.
func (c *call) failure() *provider.Error {
	if c.err != nil {
		e := &provider.Error{Op: c.op, Kind: provider.KindUnreachable, Attempts: c.attempts, Lost: c.lost, Question: c.isQuestion(), Permanent: isPermanent(c.err), Err: c.err}
		if c.sent {
			e.Kind, e.RequestID = provider.KindBroken, c.requestID()
		}
		return e
	}
	if c.status < 300 {
		return nil
	}
	r := parseRefusal(c.body)
	e := &provider.Error{
		Op: c.op, Status: c.status, Type: r.kind, Code: r.code, Param: r.param, Message: r.message,
		RequestID: c.requestID(), RetryAfter: retryAfter(c.header, time.Now()), Attempts: c.attempts, Lost: c.lost, Question: c.isQuestion(),
	}
	if c.status < 400 {
		e.Message = "redirects are not followed: check base_url"
		if to := c.header.Get("Location"); to != "" {
			e.Message = fmt.Sprintf("redirects are not followed, here to %s: check base_url", excerpt([]byte(to)))
		}
	}
	e.Kind = kindOf(e)
	return e
}

// requestIDs are the headers in which services and what stands before them name a request, the service's own name first: OpenAI and
// most, Azure's two, LiteLLM, Cloudflare.
var requestIDs = []string{"X-Request-Id", "Apim-Request-Id", "X-Ms-Request-Id", "X-Litellm-Call-Id", "Cf-Ray"}

// requestID returns the name under which the service knows the last attempt. Where no answer brought one, it is the name that the
// request itself carried.
func (c *call) requestID() string {
	for _, name := range requestIDs {
		if id := excerpt([]byte(c.header.Get(name))); id != "" {
			return id
		}
	}
	if c.header != nil {
		return ""
	}
	return c.clientID
}

// unreadable is the error for an answer that is JSON but not what the description promises.
func (c *call) unreadable(why error) error {
	return &provider.Error{Op: c.op, Kind: provider.KindBroken, RequestID: c.requestID(), Attempts: c.attempts, Lost: c.lost, Err: withReason(why, c.body)}
}

// withReason adds to why an answer can't be read what the service says in it: some send {"error": …} with a status of success.
func withReason(why error, body []byte) error {
	if reason := errorIn(body); reason != "" {
		return fmt.Errorf("%w, and the service says: %s", why, reason)
	}
	return why
}

// isPermanent reports whether what the transport said will not pass: the other side is not who it should be, does not speak what it
// should, or has no bounds.
func isPermanent(err error) bool {
	var (
		long      *longError
		untrusted *tls.CertificateVerificationError
		noTLS     tls.RecordHeaderError
		proxy     *proxyError
	)
	return errors.As(err, &long) || errors.As(err, &untrusted) || errors.As(err, &noTLS) || errors.Is(err, http.ErrSchemeMismatch) ||
		errors.As(err, &proxy) && proxy.permanent || strings.Contains(err.Error(), tlsAlert)
}

// tlsAlert is how net/http shows the alert of a server that wants TLS and got plain http.
const tlsAlert = `malformed HTTP response "\x15\x03`
