package openai

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode"

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
		return &provider.Error{Op: c.op, Kind: provider.KindInvalid, Err: libraryErr}
	}
	return nil
}

// failure returns what went wrong with the last attempt, or nil.
func (c *call) failure() *provider.Error {
	if c.err != nil {
		kind := provider.KindBroken
		if !c.sent {
			kind = provider.KindUnreachable
		}
		return &provider.Error{Op: c.op, Kind: kind, Attempts: c.attempts, Permanent: isPermanent(c.err), Err: c.err}
	}
	if c.status < 300 {
		return nil
	}
	e := &provider.Error{
		Op:         c.op,
		Status:     c.status,
		RequestID:  excerpt([]byte(c.header.Get("X-Request-Id"))),
		RetryAfter: retryAfter(c.header, time.Now()),
		Attempts:   c.attempts,
	}
	e.Type, e.Code, e.Param, e.Message = parseRefusal(c.body)
	if c.status < 400 {
		e.Message = "redirects are not followed: check base_url"
	}
	e.Kind = kindOf(c.status, e.Type, e.Code)
	return e
}

// unreadable is the error for an answer that is JSON but not what the description promises.
func (c *call) unreadable(why error) error {
	return &provider.Error{Op: c.op, Kind: provider.KindBroken, Attempts: c.attempts, Err: why}
}

// kindOf classifies a refusal. Sources: the published error codes; insufficient_quota and the daily job limit come as 429 but
// do not pass by waiting.
func kindOf(status int, kind, code string) provider.Kind {
	switch {
	case code == "training_not_available":
		return provider.KindNotEligible
	case code == "insufficient_quota" || kind == "insufficient_quota" || code == "daily_rate_limit_exceeded" || code == "exceeded_quota":
		return provider.KindQuota
	}
	switch status {
	case http.StatusUnauthorized:
		return provider.KindAuth
	case http.StatusForbidden:
		return provider.KindForbidden
	case http.StatusNotFound:
		return provider.KindNotFound
	case http.StatusConflict:
		return provider.KindConflict
	case http.StatusTooManyRequests:
		return provider.KindRateLimited
	case http.StatusRequestTimeout:
		return provider.KindUnavailable
	}
	switch {
	case status >= 500:
		return provider.KindUnavailable
	case status >= 300:
		return provider.KindInvalid
	default:
		return provider.KindUnknown
	}
}

// parseRefusal reads {"error": {type, code, param, message}}, {"error": "text"}, or what there is.
func parseRefusal(body []byte) (kind, code, param, message string) {
	var envelope struct {
		Error json.RawMessage `json:"error"`
	}
	var detail struct {
		Type    any `json:"type"`
		Code    any `json:"code"`
		Param   any `json:"param"`
		Message any `json:"message"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return "", "", "", excerpt(body)
	}
	if json.Unmarshal(envelope.Error, &detail) != nil {
		var text string
		if json.Unmarshal(envelope.Error, &text) == nil {
			return "", "", "", excerpt([]byte(text))
		}
		return "", "", "", excerpt(body)
	}
	return plain(detail.Type), plain(detail.Code), plain(detail.Param), plain(detail.Message)
}

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return excerpt([]byte(v))
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return excerpt(text)
	}
}

// maxExcerpt is how many runes of a server's text an error repeats.
const maxExcerpt = 300

// excerpt returns the start of a server's text on one line, without control characters.
func excerpt(text []byte) string {
	var b strings.Builder
	n := 0
	space := false
	for _, r := range string(text) {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			space = b.Len() > 0
			continue
		}
		if n++; n > maxExcerpt {
			return b.String() + " …"
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// isPermanent reports whether what the transport said will not pass: the other side is not who it should be, or without bounds.
func isPermanent(err error) bool {
	var (
		long      *longError
		untrusted *tls.CertificateVerificationError
		noTLS     tls.RecordHeaderError
	)
	return errors.As(err, &long) || errors.As(err, &untrusted) || errors.As(err, &noTLS) || errors.Is(err, http.ErrSchemeMismatch)
}

// isRefusedDial reports whether there was nobody at the address: connection refused, no route, no such host.
func isRefusedDial(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial" && !dial.Timeout() && !isPassingDNS(err)
}

// isPassingDNS reports whether the name service itself had trouble.
func isPassingDNS(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && !dns.IsNotFound
}
