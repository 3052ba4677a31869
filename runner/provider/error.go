package provider

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// A Kind says what sort of no the service gave, and so what can be done about it.
type Kind int

// The kinds of refusal and failure.
const (
	KindUnknown     Kind = iota
	KindUnreachable      // no connection was made: the request never left
	KindBroken           // the connection broke after the request left, or the answer can't be read
	KindInvalid          // 400, 413, 422, 501, other 4xx and 3xx: the request itself is refused
	KindAuth             // 401: the key is refused
	KindForbidden        // 403: the key is good, the act is not allowed
	KindNotEligible      // 403 training_not_available: the organisation may not train
	KindNotFound         // 404
	KindConflict         // 409
	KindRateLimited      // 429 that passes
	KindQuota            // 402, 429 insufficient_quota or a daily limit: waiting does not help
	KindUnavailable      // 5xx but 501, 408 and 425
)

// An Error is the service's refusal of one operation, or the failure to reach it. It never holds a secret.
type Error struct {
	Op         string // operation and object, such as "create job"
	Kind       Kind
	Status     int    // HTTP status, 0 where there was no answer
	Type       string // error.type of the answer
	Code       string // error.code of the answer
	Param      string // error.param of the answer
	Message    string // error.message of the answer, or the start of a body that is no JSON
	RequestID  string
	RetryAfter time.Duration // that the service asked for; 0: it did not say
	Question   bool          // a model was asked: of these operations alone many run at once
	Attempts   int
	Lost       int   // of the attempts, those that may have been answered, and billed: they were sent, and no answer came whole
	Permanent  bool  // the same request would meet the same end: a certificate that is not trusted, an answer past all bounds
	Err        error // what the transport said
}

// Error returns one line: operation, status, code, message, request id, cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	var said []string
	if e.Status != 0 {
		said = append(said, fmt.Sprint(e.Status))
	}
	if e.Code != "" {
		said = append(said, e.Code)
	} else if e.Type != "" {
		said = append(said, e.Type)
	}
	if len(said) > 0 {
		b.WriteString(": " + strings.Join(said, " "))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Param != "" {
		fmt.Fprintf(&b, " (param %q)", e.Param)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (%d attempts)", e.Attempts)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns what the transport said.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether the same request may succeed later.
func (e *Error) Temporary() bool {
	if e.Permanent {
		return false
	}
	switch e.Kind {
	case KindUnreachable, KindBroken, KindRateLimited, KindUnavailable:
		return true
	default:
		return false
	}
}

// Definite reports whether the service certainly did not act on the request, so that sending it again can't buy anything twice.
// An answer is judged by its status alone: what stands in its body is the service's word, and a status outside the list may come
// from something between here and a service that did act.
func (e *Error) Definite() bool {
	if e.Status == 0 {
		return e.unsent()
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests:
		return true
	default:
		return false
	}
}

// unsent reports whether an error without a status is one of a request that never left.
func (e *Error) unsent() bool {
	switch e.Kind {
	case KindUnreachable, KindInvalid, KindAuth, KindForbidden, KindNotEligible, KindNotFound, KindRateLimited, KindQuota:
		return true
	default:
		return false
	}
}

// Hint returns the way out, where there is one.
func (e *Error) Hint() string {
	switch e.Kind {
	case KindInvalid:
		return e.invalidHint()
	case KindAuth:
		return "check the key in the environment; --provider embedded needs none"
	case KindForbidden:
		return "the key is known and may not do this: check its permissions and its project, and for a proxy or firewall on the way"
	case KindNotEligible:
		return "the organisation may not create fine-tuning jobs; another provider in the spec can take the same pipeline"
	case KindNotFound:
		return "check the names in the spec, the provider's base_url, and whose key it is: what belongs to another project is not found"
	case KindRateLimited, KindUnavailable:
		return e.laterHint()
	case KindQuota:
		return e.quotaHint()
	case KindUnreachable:
		return e.unreachableHint()
	default:
		return ""
	}
}

// Patience is how long the attempts of one request may take in all. A service that asks for a longer wait is not waited for.
const Patience = 5 * time.Minute

func (e *Error) laterHint() string {
	switch {
	case e.RetryAfter > Patience:
		return fmt.Sprintf("the service asks for a wait of %s, which is longer than a request waits: run the same command again after that",
			e.RetryAfter.Round(time.Second))
	case e.Kind == KindUnavailable:
		return "the service is in trouble: run the same command again later"
	case e.Question:
		return "lower test.concurrency, or run the same command again later"
	default:
		return "run the same command again later"
	}
}

func (e *Error) invalidHint() string {
	switch {
	case e.Status >= 300 && e.Status < 400:
		return "set the provider's base_url to the address that the service answers at; the key never follows a redirect"
	case e.Status == http.StatusProxyAuthRequired:
		return proxyHint
	case e.Status == http.StatusMethodNotAllowed, e.Status == http.StatusNotImplemented, e.Status == http.StatusGone:
		return "the service has no such operation: check the provider's kind and base_url"
	case e.Status == http.StatusRequestEntityTooLarge:
		return "the service takes no file as large as this: make the dataset smaller"
	default:
		return ""
	}
}

func (e *Error) quotaHint() string {
	if said := strings.ToLower(e.Code + " " + e.Message); strings.Contains(said, "daily") || strings.Contains(said, "per day") {
		return "the limit is one per day: run the same command again when it has passed, or ask the service for a higher one"
	}
	return "add credit or raise the budget at the service, then run the same command again"
}

// proxyHint is the way out where something between here and the service refuses.
const proxyHint = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY in the environment, and the name and password for the proxy"

func (e *Error) unreachableHint() string {
	var way *net.OpError
	if errors.As(e.Err, &way) && way.Op == "proxyconnect" {
		return proxyHint
	}
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(e.Err, &untrusted):
		return "check the provider's base_url and the certificates that this machine trusts; SSL_CERT_FILE may name those of a network that looks into traffic"
	case e.Permanent:
		return "check the provider's base_url, its scheme too, and the certificates that this machine trusts"
	default:
		return "check the network and the provider's base_url, then run the same command again"
	}
}
