package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

func TestKeyIsRedacted(t *testing.T) {
	c := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req "+r.Header.Get("Authorization"))
		w.WriteHeader(401)
		fmt.Fprintf(w, `{"error":{"message":"Incorrect API key provided: %s","code":"invalid_api_key"}}`, r.Header.Get("Authorization"))
	}, nil)
	_, err := ask(t.Context(), c)
	if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)), testKey) {
		t.Errorf("error %v gives the key away", err)
	}
	if !strings.Contains(err.Error(), provider.Redacted) {
		t.Errorf("error %v does not show that something was taken out", err)
	}
}

// hardKey has what escapers escape.
const hardKey = "sk-PLANTED/key+12<&>='\"x%41_end"

// spellings are the ways in which a service may write the key back, as they stand inside a JSON string.
func spellings(t *testing.T, key string) map[string]string {
	inner := func(s string) string {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[1 : len(b)-1])
	}
	var unicode, percent, decimal, hex, loose strings.Builder
	for i, c := range []byte(key) {
		fmt.Fprintf(&unicode, `\u%04X`, c)
		fmt.Fprintf(&percent, "%%%02x", c)
		fmt.Fprintf(&decimal, "&#%d;", c)
		fmt.Fprintf(&hex, "&#x%02x;", c)
		if i%3 == 0 {
			fmt.Fprintf(&loose, `\u%04x`, c)
		} else {
			loose.WriteString(inner(string(c)))
		}
	}
	return map[string]string{
		"plain":              inner(key),
		"unicode":            unicode.String(),
		"some unicode":       loose.String(),
		"slashes":            strings.ReplaceAll(inner(key), "/", `\/`),
		"query":              url.QueryEscape(key),
		"path":               inner(url.PathEscape(key)),
		"query twice":        url.QueryEscape(url.QueryEscape(key)),
		"percent":            percent.String(),
		"percent in unicode": strings.ReplaceAll(percent.String(), "%", `\u0025`),
		"html":               inner(html.EscapeString(key)),
		"decimal entities":   inner(decimal.String()),
		"plain entities":     decimal.String(),
		"hex entities":       hex.String(),
		"JSON in JSON":       inner(inner(key)),
		"JSON in JSON twice": inner(inner(inner(key))),
		"unicode in JSON":    inner(unicode.String()),
		"quoted by Go":       inner(strings.Trim(fmt.Sprintf("%q", key), `"`)),
	}
}

// revealed reports whether a text gives the key away, or its start, to whoever undoes escapes.
func revealed(s, key string) bool {
	for range 6 {
		if strings.Contains(s, key) || strings.Contains(s, "PLANTED") {
			return true
		}
		s = html.UnescapeString(s)
		if unquoted, err := url.PathUnescape(s); err == nil {
			s = unquoted
		}
		s = unicodeEscape.ReplaceAllStringFunc(s, func(e string) string {
			n, err := strconv.ParseUint(e[len(e)-4:], 16, 16)
			if err != nil {
				return e
			}
			return string(rune(n))
		})
		s = strings.ReplaceAll(s, `\/`, `/`)
	}
	return false
}

var unicodeEscape = regexp.MustCompile(`\\+u[0-9a-fA-F]{4}`)

func TestEscapedKeyIsRedacted(t *testing.T) {
	for name, spelt := range spellings(t, hardKey) {
		t.Run(name, func(t *testing.T) {
			status, body := 200, `{"id":"ftjob-1","status":"failed","error":{"message":"Bearer `+spelt+` is odd"},"x":["`+spelt+`"],"`+spelt+`":1}`
			target := endpoint("http://service.test")
			target.Key = hardKey
			c := openai.New(openai.Config{Endpoint: target, Transport: handlerTransport{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				io.WriteString(w, body)
			})}})
			job, err := c.Job(t.Context(), "ftjob-1")
			if err != nil {
				t.Fatal(err)
			}
			if revealed(string(job.Raw), hardKey) || revealed(job.Error.Message, hardKey) || !json.Valid(job.Raw) {
				t.Errorf("job gives the key away: %s %+v", job.Raw, job.Error)
			}
			if job.Error.Message != "Bearer [redacted] is odd" {
				t.Errorf("message %q", job.Error.Message)
			}
			status, body = 400, `{"error":{"message":"`+spelt+`","code":"`+spelt+`","param":["`+spelt+`"]}}`
			if _, err = c.Job(t.Context(), "ftjob-1"); revealed(fmt.Sprintf("%v %+v", err, err), hardKey) {
				t.Errorf("error gives the key away: %v", err)
			}
			body = "<p>" + spelt + "</p>"
			if _, err = c.Job(t.Context(), "ftjob-1"); revealed(err.Error(), hardKey) {
				t.Errorf("page gives the key away: %v", err)
			}
		})
	}
}

// TestNothingToRedact: an answer without the key stays as it is, to the byte.
func TestNothingToRedact(t *testing.T) {
	const body = `{"id":"ftjob-1", "status":"queued", "x":"50% \u003cb\u003e &amp; \u00e9 \n\nsk-plant \\ sk-planted-012345678", "n":1.50}`
	c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }, nil)
	job, err := c.Job(t.Context(), "ftjob-1")
	if err != nil || string(job.Raw) != body {
		t.Errorf("raw %s, %v", job.Raw, err)
	}
}

// TestTransportErrorsAreRedacted: a server that breaks the protocol is quoted by Go's own client.
func TestTransportErrorsAreRedacted(t *testing.T) {
	for name, raw := range map[string]string{
		"status line":       "HTTP/1.1 @KEY@ OK\r\n\r\n",
		"version":           "@KEY@\r\n\r\n",
		"content length":    "HTTP/1.1 200 OK\r\nContent-Length: @KEY@\r\n\r\n{}",
		"transfer encoding": "HTTP/1.1 200 OK\r\nTransfer-Encoding: @KEY@\r\n\r\n{}",
		"header line":       "HTTP/1.1 200 OK\r\n@KEY@\r\n\r\n{}",
		"body":              "HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\n<@KEY@>",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				io.WriteString(conn, strings.ReplaceAll(raw, "@KEY@", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
			}))
			defer server.Close()
			target := endpoint(server.URL)
			target.Key = hardKey
			_, err := openai.New(openai.Config{Endpoint: target}).CreateJob(t.Context(), provider.JobRequest{Model: "m", Method: "supervised"})
			var failure *provider.Error
			if !errors.As(err, &failure) || failure.Kind != provider.KindBroken || failure.Definite() {
				t.Fatalf("%v, want a broken answer", err)
			}
			if text := fmt.Sprintf("%v %+v %#v %v %#v", err, err, err, failure.Err, failure.Err); revealed(text, hardKey) {
				t.Errorf("error gives the key away: %s", text)
			}
		})
	}
}

// TestRedactedErrorKeepsItsCause: what an error is does not change with its text.
func TestRedactedErrorKeepsItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := &net.OpError{Op: "read", Err: context.DeadlineExceeded}
		c := openai.New(openai.Config{Endpoint: endpoint("http://service.test"), Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("saw %s: %w", testKey, cause)
		})})
		_, err := c.Job(t.Context(), "ftjob-1")
		var op *net.OpError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &op) || strings.Contains(err.Error(), testKey) {
			t.Errorf("error %v", err)
		}
	})
}

// TestEverySecretIsRedacted: beside the key, what variables filled into headers, whichever of them is the longer one.
func TestEverySecretIsRedacted(t *testing.T) {
	secrets := []string{"hdr-PLANTED-1", "hdr-PLANTED-1-and-more", "PLANTED bearer with spaces", "tok-PLANTED/3&%", "basic-PLANTED-4"}
	target := endpoint("http://service.test")
	target.Secrets = []provider.Secret{
		provider.Secret(secrets[0]), provider.Secret(secrets[1]), provider.Secret(secrets[2]), provider.Secret(secrets[3]),
		provider.Secret("Bearer " + secrets[4]), "job", "",
	}
	secrets = append(secrets, testKey)
	var spelt map[string]string
	c := openai.New(openai.Config{Endpoint: target, Transport: handlerTransport{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req "+strings.Join(secrets, " "))
		body := `{"id":"ftjob-1","status":"failed","error":{"message":"saw`
		for _, s := range spelt {
			body += " <" + s + ">"
		}
		io.WriteString(w, body+`"}}`)
	})}})
	for how := range spellings(t, testKey) {
		spelt = map[string]string{}
		for _, secret := range secrets {
			spelt[secret] = spellings(t, secret)[how]
		}
		job, err := c.Job(t.Context(), "ftjob-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if text := string(job.Raw) + job.Error.Message; revealed(text, secret) {
				t.Errorf("%s: %q shows in %s", how, secret, text)
			}
		}
		if n := strings.Count(job.Error.Message, "<[redacted]>"); n != len(secrets) || job.ID != "ftjob-1" {
			t.Errorf("%s: %d of %d taken out whole: %s", how, n, len(secrets), job.Error.Message)
		}
	}
}

// TestHeadersStayInAnswers: what the spec itself writes into headers is no secret, and may be the word that an answer is about.
func TestHeadersStayInAnswers(t *testing.T) {
	target := endpoint("http://service.test")
	target.Headers = map[string]provider.Secret{"X-Team": "photosynthesis", "X-State": "succeeded", "X-Tuned": "ft:base:org::1"}
	body := `{"id":"ftjob-1","status":"succeeded","fine_tuned_model":"ft:base:org::1"}`
	c := openai.New(openai.Config{Endpoint: target, Transport: handlerTransport{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, body)
	})}})
	job, err := c.Job(t.Context(), "ftjob-1")
	if err != nil || job.Status != provider.StatusSucceeded || job.FineTunedModel != "ft:base:org::1" {
		t.Errorf("job %+v, %v", job, err)
	}
	body = strings.Replace(answer, "hello", "It is photosynthesis.", 1)
	if got, err := ask(t.Context(), c); err != nil || got.Text != "It is photosynthesis." {
		t.Errorf("answer %q, %v", got.Text, err)
	}
}

// BenchmarkRedact is what every answer of a model goes through.
func BenchmarkRedact(b *testing.B) {
	target := endpoint("http://service.test")
	target.Secrets = []provider.Secret{"first-secret-1", "second-secret-2", "Bearer third-secret-3"}
	body := strings.Replace(answer, "hello", strings.Repeat(`A model's answer: 50% of \"it\" is\nescaped & odd. `, 80), 1)
	c := openai.New(openai.Config{Endpoint: target, Transport: handlerTransport{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })}})
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := ask(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

// TestKeyAmongAccents: a service that escapes every letter with an accent hides nothing by it.
func TestKeyAmongAccents(t *testing.T) {
	for _, spelt := range []string{testKey, `sk-` + `\u0070` + testKey[4:], `&#x73;` + testKey[1:], `\u0026#x73;` + testKey[1:]} {
		body := strings.Replace(answer, "hello", strings.Repeat(`d\u00e9j\u00e0 vu `, 50)+spelt, 1)
		got, err := ask(t.Context(), bubbleClient(serve(body), nil))
		if err != nil || !strings.HasPrefix(got.Text, "déjà vu") || !strings.HasSuffix(got.Text, "vu "+provider.Redacted) {
			t.Errorf("%s: %.40q … %q, %v", spelt, got.Text, got.Text[max(len(got.Text)-40, 0):], err)
		}
	}
}
