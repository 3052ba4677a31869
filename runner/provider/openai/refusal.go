package openai

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"ftrun/runner/provider"
)

// spent are the codes, and the types where a service has no code, of a limit that no waiting helps against within a run: money,
// or so many jobs a day. They come as 429 mostly. Sources: OpenAI's error codes and what its users report, LiteLLM's budgets.
var spent = []string{
	"insufficient_quota", "exceeded_quota", "quota_exceeded", "billing_not_active", "billing_hard_limit_reached",
	"budget_exceeded", "insufficient_balance", "daily_rate_limit_exceeded", "daily_limit_exceeded",
}

// kindOf classifies a refusal. What the service says counts for more than its status.
func kindOf(e *provider.Error) provider.Kind {
	switch {
	case e.Code == "training_not_available":
		return provider.KindNotEligible
	case slices.Contains(spent, e.Code), slices.Contains(spent, e.Type), e.Status == http.StatusPaymentRequired, isDaily(e):
		return provider.KindQuota
	}
	switch e.Status {
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
	case http.StatusNotImplemented: // nothing will implement it by the next attempt
		return provider.KindInvalid
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return provider.KindUnavailable
	}
	if e.Status >= 500 {
		return provider.KindUnavailable
	}
	return provider.KindInvalid
}

// isDaily reports whether a service speaks of a limit per day, without saying that it passes within a run's patience: the limit on
// questions per day of a large account does, one question at a time.
func isDaily(e *provider.Error) bool {
	if e.Status != http.StatusTooManyRequests || e.RetryAfter > 0 && e.RetryAfter <= maxElapsed {
		return false
	}
	message := strings.ToLower(e.Message)
	return strings.Contains(message, "per day") || strings.Contains(message, "daily")
}

// A refusal is what the body of a refusing answer says.
type refusal struct{ kind, code, param, message string }

// parseRefusal reads {"error": {type, code, param, message}}, which is the description's form; the same without its envelope, as
// gateways and some servers send it; {"error": "text"} and {"detail": …}; or what there is.
func parseRefusal(body []byte) refusal {
	var envelope struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &envelope) != nil {
		return refusal{message: describe(body)}
	}
	inner := envelope.Error
	if len(inner) == 0 {
		inner = body
	}
	var object struct {
		Type    any `json:"type"`
		Code    any `json:"code"`
		Param   any `json:"param"`
		Message any `json:"message"`
		Detail  any `json:"detail"`
	}
	var text string
	switch {
	case json.Unmarshal(inner, &text) == nil:
		return refusal{message: excerpt([]byte(text))}
	case json.Unmarshal(inner, &object) != nil:
		return refusal{message: describe(body)}
	}
	r := refusal{plain(object.Type), plain(object.Code), plain(object.Param), cmp.Or(plain(object.Message), plain(object.Detail))}
	if r == (refusal{}) && len(envelope.Error) == 0 {
		r.message = describe(body)
	}
	return r
}

// errorIn returns what an answer with a status of success says of an error, or nothing where it speaks of none.
func errorIn(body []byte) string {
	var envelope struct {
		Error any `json:"error"`
	}
	if json.Unmarshal(body, &envelope) != nil || envelope.Error == nil || envelope.Error == false {
		return ""
	}
	r := parseRefusal(body)
	return cmp.Or(r.message, r.code, r.kind)
}

// plain is a value of any type as text.
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

var pageTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// describe shows a body that is not what was asked for: of a web page, which comes from something between here and the service,
// the title says more than its start.
func describe(body []byte) string {
	start := excerpt(body)
	switch lower := strings.ToLower(start); {
	case start == "":
		return "the answer is empty"
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"):
		if title := pageTitle.FindSubmatch(body); title != nil && len(bytes.TrimSpace(title[1])) > 0 {
			return "a web page, " + excerpt(title[1])
		}
		return "a web page, " + start
	default:
		return start
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
