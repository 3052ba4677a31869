package openai_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// answerWith answers with a status, a body and headers in pairs.
func answerWith(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// coded is a refusal as the API describes it.
func coded(status int, code, message string, headers ...string) http.HandlerFunc {
	return answerWith(status, fmt.Sprintf(`{"error":{"message":%q,"type":"t","param":null,"code":%q}}`, message, code), headers...)
}

// cutAfter writes raw bytes to the connection and closes it.
func cutAfter(t *testing.T, raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, raw)
	}
}

const page = "<!DOCTYPE html>\n<html><head><title> 502\tBad Gateway </title></head><body>nginx</body></html>"

// An outcome is what becomes of an answer that every attempt gets.
type outcome struct {
	name     string
	handler  http.HandlerFunc
	kind     provider.Kind
	asks     int // requests that a question makes
	creates  int // requests that the creation of a job makes
	definite bool
	passing  bool   // temporary
	says     string // in the error
}

// patient stands for as many requests as fit into the time that a retry may take.
const patient = -1

// outcomes are the answers that services give, and what stands before them.
func outcomes(t *testing.T) []outcome {
	return []outcome{
		{"400 with a param", answerWith(400, `{"error":{"message":"bad\nmodel","param":"model"}}`, "X-Request-Id", "req_1"), provider.KindInvalid, 1, 1, true, false, `400: bad model (param "model") (request req_1)`},
		{"400 without an envelope", answerWith(400, `{"object":"error","message":"too long","type":"BadRequestError","code":400}`), provider.KindInvalid, 1, 1, true, false, "400 400: too long"},
		{"400 with a text", answerWith(400, `{"error":"no such thing"}`), provider.KindInvalid, 1, 1, true, false, "400: no such thing"},
		{"400 plain http at TLS", answerWith(400, "Client sent an HTTP request to an HTTPS server.\n"), provider.KindInvalid, 1, 1, true, false, "HTTP request to an HTTPS server"},
		{"401", coded(401, "invalid_api_key", "wrong"), provider.KindAuth, 1, 1, true, false, "401 invalid_api_key: wrong"},
		{"401 of a gateway", answerWith(401, `{"statusCode":401,"message":"Access denied due to invalid subscription key"}`), provider.KindAuth, 1, 1, true, false, "Access denied"},
		{"402", answerWith(402, ""), provider.KindQuota, 1, 1, false, false, "402: the answer is empty"},
		{"403", coded(403, "nope", "no"), provider.KindForbidden, 1, 1, true, false, "403 nope"},
		{"403 not eligible", coded(403, "training_not_available", "no"), provider.KindNotEligible, 1, 1, true, false, "training_not_available"},
		{"404", coded(404, "model_not_found", "no"), provider.KindNotFound, 1, 1, true, false, "model_not_found"},
		{"404 with a detail", answerWith(404, `{"detail":"Not Found"}`), provider.KindNotFound, 1, 1, true, false, "404: Not Found"},
		{"405", answerWith(405, ""), provider.KindInvalid, 1, 1, false, false, "405"},
		{"407", answerWith(407, ""), provider.KindInvalid, 1, 1, false, false, "407"},
		{"408", coded(408, "", "slow"), provider.KindUnavailable, 8, 1, false, true, "408"},
		{"409", coded(409, "", "busy"), provider.KindConflict, 1, 1, false, false, "409"},
		{"410", coded(410, "model_not_found", "gone"), provider.KindInvalid, 1, 1, false, false, "410"},
		{"413", answerWith(413, page), provider.KindInvalid, 1, 1, true, false, "413: a web page, 502 Bad Gateway"},
		{"422 with details", answerWith(422, `{"detail":[{"loc":["body","model"],"msg":"field required"}]}`), provider.KindInvalid, 1, 1, true, false, "field required"},
		{"425", coded(425, "", "early"), provider.KindUnavailable, 8, 1, false, true, "425"},
		{"429", coded(429, "rate_limit_exceeded", "slow down"), provider.KindRateLimited, patient, patient, true, true, "429 rate_limit_exceeded"},
		{"429 seconds", coded(429, "rate_limit_exceeded", "x", "Retry-After", "60"), provider.KindRateLimited, 5, 5, true, true, "(5 attempts)"},
		{"429 milliseconds", coded(429, "", "x", "Retry-After-Ms", "90000", "Retry-After", "1"), provider.KindRateLimited, 4, 4, true, true, "(4 attempts)"},
		{"429 too long", coded(429, "", "x", "Retry-After", "301"), provider.KindRateLimited, 1, 1, true, true, "429"},
		{"429 of a date", func(w http.ResponseWriter, r *http.Request) {
			coded(429, "", "x", "Retry-After", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat))(w, r)
		}, provider.KindRateLimited, 4, 4, true, true, "429"},
		{"429 quota", coded(429, "insufficient_quota", "You exceeded your current quota", "Retry-After", "1"), provider.KindQuota, 1, 1, true, false, "429 insufficient_quota: You exceeded"},
		{"429 quota as type", answerWith(429, `{"error":{"type":"insufficient_quota","message":"x"}}`), provider.KindQuota, 1, 1, true, false, "insufficient_quota"},
		{"429 exceeded quota", coded(429, "exceeded_quota", "x"), provider.KindQuota, 1, 1, true, false, "exceeded_quota"},
		{"429 billing", coded(429, "billing_not_active", "x"), provider.KindQuota, 1, 1, true, false, "billing_not_active"},
		{"429 jobs a day", coded(429, "daily_rate_limit_exceeded", "12 requests per day", "Retry-After", "1"), provider.KindQuota, 1, 1, true, false, "daily_rate_limit_exceeded"},
		{"429 a day, by its words", coded(429, "rate_limit_exceeded", "on requests per day (RPD): Limit 200"), provider.KindQuota, 1, 1, true, false, "per day"},
		{"429 a day that passes soon", coded(429, "rate_limit_exceeded", "on requests per day (RPD): Limit 10000", "Retry-After", "90"), provider.KindRateLimited, 4, 4, true, true, "per day"},
		{"400 of a budget", answerWith(400, `{"error":{"message":"Budget has been exceeded!","type":"budget_exceeded","param":null,"code":"400"}}`), provider.KindQuota, 1, 1, true, false, "Budget has been exceeded"},
		{"499", coded(499, "training_not_available", "x"), provider.KindNotEligible, 1, 1, false, false, "499"},
		{"500", answerWith(500, "{}", "Apim-Request-Id", "apim-1"), provider.KindUnavailable, 8, 1, false, true, "(request apim-1)"},
		{"501", answerWith(501, ""), provider.KindInvalid, 1, 1, false, false, "501"},
		{"502 page", answerWith(502, page, "Cf-Ray", "ray-1"), provider.KindUnavailable, 8, 1, false, true, "502: a web page, 502 Bad Gateway (request ray-1)"},
		{"502 page without a title", answerWith(502, "<html><body>Bad\tGateway</body></html>"), provider.KindUnavailable, 8, 1, false, true, "a web page, <html><body>Bad Gateway"},
		{"503 empty", answerWith(503, ""), provider.KindUnavailable, 8, 1, false, true, "503: the answer is empty"},
		{"503 with a time", answerWith(503, "", "Retry-After", "60"), provider.KindUnavailable, 5, 1, false, true, "503"},
		{"503 truncated", answerWith(503, `{"error":{"mess`), provider.KindUnavailable, 8, 1, false, true, `{"error":{"mess`},
		{"504", answerWith(504, ""), provider.KindUnavailable, 8, 1, false, true, "504"},
		{"529", coded(529, "overloaded_error", "busy"), provider.KindUnavailable, 8, 1, false, true, "overloaded_error"},
		{"529 with a time", coded(529, "", "busy", "Retry-After", "60"), provider.KindUnavailable, 5, 1, false, true, "529"},
		{"302", answerWith(302, "", "Location", "https://elsewhere.test/login"), provider.KindInvalid, 1, 1, false, false, "not followed, here to https://elsewhere.test/login"},
		{"307 without a location", answerWith(307, ""), provider.KindInvalid, 1, 1, false, false, "redirects are not followed: check base_url"},
		{"308 with an odd location", answerWith(308, "", "Location", "http://[::1:x/"), provider.KindInvalid, 1, 1, false, false, "redirects are not followed"},
		{"304", answerWith(304, ""), provider.KindInvalid, 1, 1, false, false, "304"},
		{"200 page", answerWith(200, page), provider.KindBroken, 8, 1, false, true, "no JSON: a web page, 502 Bad Gateway"},
		{"200 empty", answerWith(200, "", "X-Request-Id", "req_2"), provider.KindBroken, 8, 1, false, true, "(request req_2)"},
		{"200 truncated", answerWith(200, answer[:60]), provider.KindBroken, 8, 1, false, true, "answer is no JSON"},
		{"200 garbage", answerWith(200, "\x00\x01garbage"), provider.KindBroken, 8, 1, false, true, "answer is no JSON: garbage"},
		{"200 null", answerWith(200, "null"), provider.KindBroken, 8, 1, false, true, "is no object: null"},
		{"200 list", answerWith(200, "[]"), provider.KindBroken, 8, 1, false, true, "is no object"},
		{"200 nothing in it", answerWith(200, "{}", "X-Request-Id", "req_3"), provider.KindBroken, 8, 1, false, true, "(request req_3)"},
		{"200 of an error", answerWith(200, `{"error":{"message":"try\nlater","code":"busy"}}`), provider.KindBroken, 8, 1, false, true, ", and the service says: try later"},
		{"200 of an error's text", answerWith(200, `{"error":"boom"}`), provider.KindBroken, 8, 1, false, true, ", and the service says: boom"},
		{"200 of an error's code", answerWith(200, `{"error":{"code":"busy"}}`), provider.KindBroken, 8, 1, false, true, ", and the service says: busy"},
		{"200 of no error", answerWith(200, `{"error":false,"ok":true}`), provider.KindBroken, 8, 1, false, true, "has no"},
		{"204", answerWith(204, ""), provider.KindBroken, 8, 1, false, true, "the answer is empty"},
		{"cut before the answer", cutAfter(t, ""), provider.KindBroken, 8, 1, false, true, "EOF"},
		{"cut inside the header", cutAfter(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), provider.KindBroken, 8, 1, false, true, "unexpected EOF"},
		{"cut inside the answer", cutAfter(t, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\":"), provider.KindBroken, 8, 1, false, true, "read answer: unexpected EOF"},
		{"cut inside a chunk", cutAfter(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\""), provider.KindBroken, 8, 1, false, true, "unexpected EOF"},
		{"cut before the last chunk", cutAfter(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), provider.KindBroken, 8, 1, false, true, "unexpected EOF"},
		{"TLS at a plain address", cutAfter(t, "\x15\x03\x01\x00\x02\x02\x46"), provider.KindBroken, 1, 1, false, false, "malformed HTTP response"},
	}
}

// TestOutcomes: every answer that a real service gives has one outcome, for what may be asked twice and for what may not.
func TestOutcomes(t *testing.T) {
	for _, test := range outcomes(t) {
		t.Run(test.name, func(t *testing.T) {
			for op, call := range map[string]func(*openai.Client) error{"ask": chat("m"), "create": createJob} {
				synctest.Test(t, func(t *testing.T) {
					n, start := 0, time.Now()
					c, end := pipeClient(t, func(w http.ResponseWriter, r *http.Request) { n++; test.handler(w, r) }, time.Minute)
					defer end()
					failure := failureOf(t, call(c))
					if failure.Kind != test.kind || failure.Definite() != test.definite || failure.Temporary() != test.passing {
						t.Errorf("%s: %v of kind %d, definite %v, temporary %v", op, failure, failure.Kind, failure.Definite(), failure.Temporary())
					}
					if !strings.Contains(failure.Error(), test.says) {
						t.Errorf("%s: %v does not say %q", op, failure, test.says)
					}
					want := map[string]int{"ask": test.asks, "create": test.creates}[op]
					if took := time.Since(start); want == patient && n > 8 && n < 40 && took > 4*time.Minute && took <= 5*time.Minute {
						want = n
					}
					if n != want || c.Requests() != int64(want) || c.Retries() != int64(want-1) || failure.Attempts != want {
						t.Errorf("%s: %d requests, %d counted, %d retries, %d attempts, want %d", op, n, c.Requests(), c.Retries(), failure.Attempts, want)
					}
				})
			}
		})
	}
}

// TestWholeAnswers are answers that look odd and lack nothing.
func TestWholeAnswers(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"closed after the answer": cutAfter(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)),
		"ended by the connection": cutAfter(t, "HTTP/1.0 200 OK\r\n\r\n"+answer),
		"slow bytes":              func(w http.ResponseWriter, r *http.Request) { drip(w, r, answer, time.Second) },
		"another type":            answerWith(200, answer, "Content-Type", "text/html"),
		"201":                     answerWith(201, answer),
		"spaces around":           answerWith(200, "\r\n "+answer+"\n"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, end := pipeClient(t, handler, time.Minute)
				defer end()
				if got, err := ask(t.Context(), c); err != nil || got.Text != "hello" || got.Attempts != 1 {
					t.Errorf("%+v, %v", got, err)
				}
			})
		})
	}
}

// TestErrorsOfSuccess: what a service says of an error under a status of success is told, whatever was asked for, and bounded.
func TestErrorsOfSuccess(t *testing.T) {
	long := strings.Repeat("x", 400)
	key := `{"error":{"message":"` + testKey + ` is ` + long + `"}}`
	for name, get := range map[string]func(*openai.Client) error{
		"job":     func(c *openai.Client) error { _, err := c.Job(t.Context(), "ftjob-1"); return err },
		"jobs":    func(c *openai.Client) error { _, err := c.Jobs(t.Context(), nil); return err },
		"file":    func(c *openai.Client) error { _, err := c.File(t.Context(), "file-1"); return err },
		"files":   func(c *openai.Client) error { _, err := c.Files(t.Context()); return err },
		"events":  func(c *openai.Client) error { _, err := c.Events(t.Context(), "ftjob-1", ""); return err },
		"model":   func(c *openai.Client) error { _, err := c.Model(t.Context(), "m"); return err },
		"created": createJob,
	} {
		failure := failureOf(t, get(bubbleClient(serve(key), nil)))
		text := failure.Error()
		if failure.Kind != provider.KindBroken || !strings.HasSuffix(text, ", and the service says: [redacted] is "+strings.Repeat("x", 288)+" …") ||
			strings.Count(text, "xxxx") > 100 {
			t.Errorf("%s: %v of kind %d", name, text, failure.Kind)
		}
	}
}

// TestQuestionIsAskedAgain: an answer that can't be read is asked for once more, and the next one counts.
func TestQuestionIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c, end := pipeClient(t, func(w http.ResponseWriter, r *http.Request) {
			if n++; n < 3 {
				answerWith(200, `{"ok":true}`)(w, r)
				return
			}
			answerWith(200, answer)(w, r)
		}, time.Minute)
		defer end()
		if got, err := ask(t.Context(), c); err != nil || got.Text != "hello" || got.Attempts != 3 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestWaitThatIsTooLong: the hint of a refusal names the wait that nobody waited for, and says what was asked.
func TestWaitThatIsTooLong(t *testing.T) {
	for name, test := range map[string]struct {
		get  func(*openai.Client) error
		wait string
		want string
	}{
		"a question, long": {chat("m"), "301", "a wait of 5m1s"},
		"a job, long":      {createJob, "7200", "a wait of 2h0m0s"},
		"a question":       {chat("m"), "60", "lower test.concurrency"},
		"a job":            {createJob, "60", "run the same command again later"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, end := pipeClient(t, coded(429, "", "x", "Retry-After", test.wait), time.Minute)
			defer end()
			if hint := failureOf(t, test.get(c)).Hint(); !strings.Contains(hint, test.want) {
				t.Errorf("%s: hint %q, want %q", name, hint, test.want)
			}
		})
	}
}

// TestRequestID: an error names its request as the service does, whoever the service is.
func TestRequestID(t *testing.T) {
	for want, headers := range map[string][]string{
		"req_1":   {"X-Request-Id", "req_1", "Apim-Request-Id", "a", "Cf-Ray", "c"},
		"apim-1":  {"Apim-Request-Id", "apim-1", "X-Ms-Request-Id", "m", "Cf-Ray", "c"},
		"ms-1":    {"X-Ms-Request-Id", "ms-1"},
		"lite-1":  {"X-Litellm-Call-Id", "lite-1"},
		"ray-1":   {"Cf-Ray", "ray-1"},
		"a b":     {"X-Request-Id", "a\t b"},
		"":        {},
		"shown …": {"X-Request-Id", strings.Repeat("x", 299) + "y" + strings.Repeat("z", 300)},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, end := pipeClient(t, answerWith(400, "{}", headers...), time.Minute)
			defer end()
			failure := failureOf(t, createJob(c))
			if want == "shown …" {
				want = strings.Repeat("x", 299) + "y …"
			}
			if failure.RequestID != want {
				t.Errorf("request %q, want %q", failure.RequestID, want)
			}
		})
	}
}

// TestEveryAttemptHasItsName: a request is traced by a name of its own, also one that is sent again.
func TestEveryAttemptHasItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := map[string]bool{}
		c, end := pipeClient(t, func(w http.ResponseWriter, r *http.Request) {
			names[r.Header.Get("X-Client-Request-Id")] = true
			cutAfter(t, "")(w, r)
		}, time.Minute)
		defer end()
		failure := failureOf(t, chat("m")(c))
		if len(names) != 8 || !names[failure.RequestID] {
			t.Errorf("8 attempts had the names %v, and the error says %q", names, failure.RequestID)
		}
	})
	gone := openai.New(openai.Config{Endpoint: endpoint("http://service.test"), Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("nobody there")
	})})
	if failure := failureOf(t, createJobOnce(t, gone)); failure.RequestID != "" {
		t.Errorf("a request that never left is named %s", failure.RequestID)
	}
}

// createJobOnce creates a job without waiting for a second attempt.
func createJobOnce(t *testing.T, c *openai.Client) (err error) {
	synctest.Test(t, func(*testing.T) { err = createJob(c) })
	return err
}
