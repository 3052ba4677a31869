package openai_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// TestRedirectIsRefused keeps the key and the data with the address that they were meant for, also where another one of the same
// host is named.
func TestRedirectIsRefused(t *testing.T) {
	var followed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, target := range map[string]string{"another host": elsewhere.URL + "/v1/x", "the same host": "/v1/other", "a relative one": "other"} {
			t.Run(fmt.Sprintf("%d to %s", status, name), func(t *testing.T) {
				var asked atomic.Int64
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					w.Header().Set("Location", target)
					w.WriteHeader(status)
				}))
				defer server.Close()
				c := openai.New(openai.Config{Endpoint: endpoint(server.URL)})
				defer c.CloseIdleConnections()
				for _, call := range []func(*openai.Client) error{createJob, getJob("ftjob-1"), deleteFile("file-1"), uploadNothing} {
					asked.Store(0)
					failure := failureOf(t, call(c))
					if failure.Kind != provider.KindInvalid || failure.Definite() || asked.Load() != 1 || followed.Load() != 0 {
						t.Errorf("%v after %d requests, %d elsewhere, want it refused", failure, asked.Load(), followed.Load())
					}
					if !strings.Contains(failure.Hint(), "base_url") {
						t.Errorf("hint %q", failure.Hint())
					}
				}
			})
		}
	}
}

func uploadNothing(c *openai.Client) error {
	_, err := c.Upload(noContext, provider.Upload{Name: "x", Open: func() (io.ReadCloser, error) { return http.NoBody, nil }})
	return err
}

// A certificate is one that a test makes: who signs it, for whom, and until when.
type certificate struct {
	host  string
	until time.Time
}

// issue returns a certificate signed by an authority, and the authority.
func issue(t *testing.T, c certificate) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: c.until, DNSNames: []string{c.host},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestTLS: nobody becomes trustworthy by being asked again, and the error says what to do.
func TestTLS(t *testing.T) {
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	for name, test := range map[string]struct {
		certificate
		trusted bool
		want    string // empty: it works
	}{
		"good":              {certificate{"service.test", tomorrow}, true, ""},
		"unknown authority": {certificate{"service.test", tomorrow}, false, "unknown authority"},
		"another host's":    {certificate{"other.test", tomorrow}, true, "not service.test"},
		"expired":           {certificate{"service.test", yesterday}, true, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(serve(answer))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			signed, pool := issue(t, test.certificate)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{signed}}
			server.StartTLS()
			defer server.Close()
			if !test.trusted {
				pool = x509.NewCertPool()
			}
			c := openai.New(openai.Config{Endpoint: endpoint("https://service.test"), Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: pool},
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
				},
			}})
			defer c.CloseIdleConnections()
			_, err := ask(t.Context(), c)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkStranger(t, c, err, test.want, "SSL_CERT_FILE")
		})
	}
}

// checkStranger holds an error against what there is to say of somebody who can't be spoken to: once, for certain, and with advice.
func checkStranger(t *testing.T, c *openai.Client, err error, says, advice string) {
	t.Helper()
	failure := failureOf(t, err)
	if failure.Kind != provider.KindUnreachable || failure.Temporary() || !failure.Definite() || c.Requests() != 1 {
		t.Errorf("%v after %d requests, want one and a permanent error", err, c.Requests())
	}
	if !strings.Contains(err.Error(), says) || !strings.Contains(failure.Hint(), advice) {
		t.Errorf("%v (%s), want %q and %q", err, failure.Hint(), says, advice)
	}
}

// TestSchemes: plain http where TLS is spoken, and the reverse.
func TestSchemes(t *testing.T) {
	secure := httptest.NewUnstartedServer(serve(answer))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	bare := httptest.NewServer(serve(answer))
	defer bare.Close()

	c := openai.New(openai.Config{Endpoint: endpoint(strings.Replace(bare.URL, "http:", "https:", 1))})
	_, err := ask(t.Context(), c)
	checkStranger(t, c, err, "does not look like a TLS handshake", "scheme")

	c = openai.New(openai.Config{Endpoint: endpoint(strings.Replace(secure.URL, "https:", "http:", 1))})
	_, err = ask(t.Context(), c)
	if failure := failureOf(t, err); failure.Status != 400 || !strings.Contains(err.Error(), "HTTP request to an HTTPS server") {
		t.Error(err)
	}
}

const proxyPassword = "proxy-PLANTED-pw"

// A proxy is one that wants a name and a password, and says what it got to whoever has none.
func newProxy(t *testing.T, status int, target string) *httptest.Server {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("ci:"+proxyPassword))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := r.Header.Get("Proxy-Authorization")
		if status != http.StatusOK || got != want {
			w.WriteHeader(status)
			fmt.Fprintf(w, "<html><title>no %s %s</title></html>", got, proxyPassword)
			return
		}
		if r.Method != http.MethodConnect {
			resp, err := http.Get(target)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			io.Copy(w, resp.Body)
			return
		}
		tunnel(t, w, strings.TrimPrefix(target, "https://"))
	}))
	t.Cleanup(proxy.Close)
	return proxy
}

// tunnel joins a CONNECT request's connection to a host.
func tunnel(t *testing.T, w http.ResponseWriter, host string) {
	far, err := net.Dial("tcp", host)
	if err != nil {
		t.Error(err)
		return
	}
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { io.Copy(far, near); far.Close() }()
	go func() { io.Copy(near, far); near.Close() }()
}

// TestProxy: what the way through a proxy needs shows up nowhere, and a proxy's refusal is not taken for the service's.
func TestProxy(t *testing.T) {
	secure := httptest.NewTLSServer(serve(answer))
	defer secure.Close()
	bare := httptest.NewServer(serve(answer))
	defer bare.Close()
	for name, test := range map[string]struct {
		base, target string
		status       int
		says         string // empty: it works
		kind         provider.Kind
		requests     int64
	}{
		"plain":              {"http://service.test", bare.URL, 200, "", 0, 1},
		"tunnel":             {"https://example.com", secure.URL, 200, "", 0, 1}, // the host that httptest's certificate is for
		"tunnel refused":     {"https://example.com", secure.URL, 407, "proxyconnect tcp: proxy answers 407 Proxy Authentication Required", provider.KindUnreachable, 1},
		"tunnel forbidden":   {"https://example.com", secure.URL, 403, "proxy answers 403 Forbidden", provider.KindUnreachable, 1},
		"plain, refused":     {"http://service.test", bare.URL, 407, "407: a web page, no Basic [redacted] [redacted]", provider.KindInvalid, 1},
		"tunnel, in trouble": {"https://example.com", secure.URL, 502, "proxy answers 502 Bad Gateway", provider.KindUnreachable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			address, err := url.Parse(newProxy(t, test.status, test.target).URL)
			if err != nil {
				t.Fatal(err)
			}
			address.User = url.UserPassword("ci", proxyPassword)
			transport := secure.Client().Transport.(*http.Transport).Clone()
			transport.Proxy, transport.DialContext = http.ProxyURL(address), nil
			c := openai.New(openai.Config{Endpoint: endpoint(test.base), Transport: transport})
			defer c.CloseIdleConnections()
			ctx, cancel := deadline(t) // ends the second attempt of what may pass
			defer cancel()
			got, err := ask(ctx, c)
			if test.says == "" {
				if err != nil || got.Text != "hello" {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			failure := failureOf(t, err)
			if failure.Kind != test.kind || !strings.Contains(err.Error(), test.says) || c.Requests() != test.requests {
				t.Errorf("%v of kind %d after %d requests, want %q", err, failure.Kind, c.Requests(), test.says)
			}
			if !strings.Contains(failure.Hint(), "HTTPS_PROXY") || failure.Temporary() != (test.status == 502) {
				t.Errorf("hint %q, temporary %v", failure.Hint(), failure.Temporary())
			}
			if text := fmt.Sprintf("%v %+v %#v", err, err, failure.Err); revealed(text, proxyPassword) || strings.Contains(text, address.User.String()) {
				t.Errorf("error gives the proxy's password away: %s", text)
			}
		})
	}
}

// TestProxyOfTheEnvironment runs itself with variables as a CI machine has them: net/http reads them once.
func TestProxyOfTheEnvironment(t *testing.T) {
	if base := os.Getenv("FTRUN_TEST_PROXIED"); base != "" {
		c := openai.New(openai.Config{Endpoint: endpoint(base)})
		ctx, cancel := deadline(t)
		defer cancel()
		got, err := ask(ctx, c)
		fmt.Printf("outcome: %s %v\n", got.Text, err)
		return
	}
	bare := httptest.NewServer(serve(answer))
	defer bare.Close()
	good := strings.Replace(newProxy(t, 200, bare.URL).URL, "http://", "http://ci:"+proxyPassword+"@", 1)
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, test := range map[string]struct{ base, variable, want string }{
		"http":       {"http://service.test", "HTTP_PROXY=" + good, "hello <nil>"},
		"not for it": {bare.URL, "HTTP_PROXY=http://" + proxyPassword + ".invalid:1", "hello <nil>"}, // loopback needs no proxy
		"refused":    {"https://service.test", "HTTPS_PROXY=" + strings.Replace(newProxy(t, 407, "").URL, "http://", "http://ci:"+proxyPassword+"@", 1), "proxy answers 407"},
		"nobody":     {"https://service.test", "HTTPS_PROXY=" + closed.URL, "proxyconnect tcp: dial tcp"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyOfTheEnvironment$")
			cmd.Env = append(os.Environ(), "FTRUN_TEST_PROXIED="+test.base, "NO_PROXY=", "HTTP_PROXY=", "HTTPS_PROXY=", test.variable)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.want) {
				t.Errorf("%v:\n%s\nwant %q", err, out, test.want)
			}
			if strings.Contains(string(out), "PLANTED") {
				t.Errorf("the proxy's password is shown:\n%s", out)
			}
		})
	}
}
