package provider_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"ftrun/runner/provider"
)

// TestHint: who is refused is told what to do, in words that fit the refusal.
func TestHint(t *testing.T) {
	for name, test := range map[string]struct {
		err  provider.Error
		want string // a part of the hint; empty: there is nothing to say
	}{
		"no credit":          {provider.Error{Kind: provider.KindQuota, Code: "insufficient_quota"}, "add credit"},
		"jobs a day":         {provider.Error{Kind: provider.KindQuota, Code: "daily_rate_limit_exceeded"}, "the limit is one per day"},
		"words of a day":     {provider.Error{Kind: provider.KindQuota, Message: "on Requests Per Day (RPD)"}, "the limit is one per day"},
		"forbidden":          {provider.Error{Kind: provider.KindForbidden, Status: 403}, "permissions"},
		"not eligible":       {provider.Error{Kind: provider.KindNotEligible}, "another provider"},
		"not found":          {provider.Error{Kind: provider.KindNotFound, Status: 404}, "check the names in the spec"},
		"key":                {provider.Error{Kind: provider.KindAuth}, "check the key"},
		"too many questions": {provider.Error{Kind: provider.KindRateLimited, Question: true}, "lower test.concurrency, or run the same command again later"},
		"too many requests":  {provider.Error{Kind: provider.KindRateLimited}, "run the same command again later"},
		"a short wait":       {provider.Error{Kind: provider.KindRateLimited, Question: true, RetryAfter: provider.Patience}, "test.concurrency"},
		"a long wait":        {provider.Error{Kind: provider.KindRateLimited, Question: true, RetryAfter: 90*time.Minute + time.Millisecond}, "asks for a wait of 1h30m0s"},
		"long trouble":       {provider.Error{Kind: provider.KindUnavailable, RetryAfter: time.Hour}, "asks for a wait of 1h0m0s"},
		"trouble":            {provider.Error{Kind: provider.KindUnavailable}, "later"},
		"redirect":           {provider.Error{Kind: provider.KindInvalid, Status: 307}, "base_url"},
		"no such operation":  {provider.Error{Kind: provider.KindInvalid, Status: 501}, "no such operation"},
		"too large":          {provider.Error{Kind: provider.KindInvalid, Status: 413}, "smaller"},
		"the proxy's key":    {provider.Error{Kind: provider.KindInvalid, Status: 407}, "HTTPS_PROXY"},
		"a wrong request":    {provider.Error{Kind: provider.KindInvalid, Status: 400}, ""},
		"no network":         {provider.Error{Kind: provider.KindUnreachable, Err: errors.New("x")}, "check the network"},
		"no proxy":           {provider.Error{Kind: provider.KindUnreachable, Err: fmt.Errorf("x: %w", &net.OpError{Op: "proxyconnect", Err: errors.New("y")})}, "HTTPS_PROXY"},
		"a stranger":         {provider.Error{Kind: provider.KindUnreachable, Permanent: true, Err: &tls.CertificateVerificationError{Err: errors.New("x")}}, "SSL_CERT_FILE"},
		"no TLS there":       {provider.Error{Kind: provider.KindUnreachable, Permanent: true, Err: errors.New("x")}, "its scheme"},
		"a broken answer":    {provider.Error{Kind: provider.KindBroken, Err: errors.New("x")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := test.err.Hint()
			if named := strings.Contains(got, "test.concurrency"); named && !test.err.Question {
				t.Errorf("hint %q speaks of questions", got)
			}
			if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("hint %q, want %q", got, test.want)
			}
		})
	}
}

// TestErrorText is the one line that people and scripts see.
func TestErrorText(t *testing.T) {
	for want, err := range map[string]provider.Error{
		`create job: 400 invalid_value: no such model (param "model") (request req_1)`: {Op: "create job", Status: 400, Type: "t", Code: "invalid_value", Message: "no such model", Param: "model", RequestID: "req_1", Attempts: 1},
		"ask m: 429 requests (3 attempts)":                                             {Op: "ask m", Status: 429, Type: "requests", Attempts: 3},
		"get job j (request ftrun-1) (2 attempts): EOF":                                {Op: "get job j", RequestID: "ftrun-1", Attempts: 2, Err: errors.New("EOF")},
	} {
		if got := err.Error(); got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	}
}
