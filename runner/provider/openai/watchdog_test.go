package openai_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// A pipeNet is a network in memory, on which a synctest bubble's clock goes on: every connection is a pipe to one server.
type pipeNet struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (n *pipeNet) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *pipeNet) Close() error   { n.once.Do(func() { close(n.done) }); return nil }
func (n *pipeNet) Addr() net.Addr { return &net.TCPAddr{} }

func (n *pipeNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case n.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pipeClient returns a client of a server at the other end of a pipe, and a function that ends both.
func pipeClient(t *testing.T, handler http.HandlerFunc, timeout time.Duration) (c *openai.Client, end func()) {
	network := &pipeNet{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: handler}
	served := make(chan error, 1)
	go func() { served <- server.Serve(network) }()
	target := endpoint("http://service.test")
	target.Timeout = timeout
	c = openai.New(openai.Config{Endpoint: target, Transport: &http.Transport{DialContext: network.dial}})
	return c, func() {
		c.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		time.Sleep(time.Second) // in which the server lets go of connections that broke
	}
}

// drip sends a text bit by bit, for as long as somebody listens.
func drip(w http.ResponseWriter, r *http.Request, text string, pause time.Duration) {
	for _, b := range []byte(text) {
		if !rest(r.Context(), pause) {
			return
		}
		w.Write([]byte{b})
		w.(http.Flusher).Flush()
	}
}

// rest waits, and reports whether the client still listens.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// TestWatchdog: an exchange may take its time as long as it moves, and an answer has an end.
func TestWatchdog(t *testing.T) {
	const limit = 2 * time.Minute
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		after   time.Duration
		want    string // in the error; empty: none
	}{
		"never answers": {func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, limit, "no progress for 2m0s"},
		"answers late": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			rest(r.Context(), limit-time.Second)
			io.WriteString(w, `{"id":"ftjob-1"}`)
		}, limit - time.Second, ""},
		"stops inside the answer": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			drip(w, r, `{"id":`, time.Second)
			<-r.Context().Done()
		}, 6*time.Second + limit, "no progress for 2m0s"},
		"drips to its end": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			drip(w, r, `{"id":"ftjob-1"}`, 30*time.Second)
		}, 16 * 30 * time.Second, ""},
		"drips for ever": {func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			drip(w, r, strings.Repeat(" ", 1e6), time.Minute)
		}, time.Minute + 5*limit, "answer not whole after 10m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, end := pipeClient(t, test.handler, limit)
				defer end()
				start := time.Now()
				err := createJob(c)
				if took := time.Since(start); took != test.after {
					t.Errorf("took %v, want %v", took, test.after)
				}
				if test.want == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				failure := failureOf(t, err)
				if failure.Kind != provider.KindBroken || failure.Definite() || !failure.Temporary() || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, want an ambiguous %q", err, test.want)
				}
				if name == "never answers" && !strings.Contains(err.Error(), "(request ftrun-") {
					t.Errorf("%v does not name the request, of which nothing else is known", err)
				}
			})
		})
	}
}

// TestUploadWatchdog: an upload takes as long as it moves, and no longer.
func TestUploadWatchdog(t *testing.T) {
	const size, limit = 8 << 20, 30 * time.Second
	for name, test := range map[string]struct {
		handler  func(w http.ResponseWriter, r *http.Request, over <-chan struct{}) // a server that does not read sees no client go
		from, to time.Duration
		want     string
	}{
		"slow but moving": {func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
			part := make([]byte, 64<<10)
			for {
				_, err := io.ReadFull(r.Body, part)
				if err != nil {
					break
				}
				rest(r.Context(), 20*time.Second)
			}
			io.WriteString(w, `{"id":"file-1"}`)
		}, 128 * 20 * time.Second, 129 * 20 * time.Second, ""},
		"half of it and no more": {func(_ http.ResponseWriter, r *http.Request, over <-chan struct{}) {
			io.CopyN(io.Discard, r.Body, size/2)
			<-over
		}, limit, limit, "no progress for 30s"},
		"no answer to it": {func(_ http.ResponseWriter, r *http.Request, over <-chan struct{}) {
			io.Copy(io.Discard, r.Body)
			<-over
		}, limit, limit, "no progress for 30s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan struct{})
				c, end := pipeClient(t, func(w http.ResponseWriter, r *http.Request) { test.handler(w, r, over) }, limit)
				defer end()
				defer close(over)
				start := time.Now()
				file, err := c.Upload(t.Context(), provider.Upload{Name: "train.jsonl", Size: size, Open: func() (io.ReadCloser, error) {
					return io.NopCloser(io.LimitReader(zeros{}, size)), nil
				}})
				if took := time.Since(start); took < test.from || took > test.to {
					t.Errorf("took %v, want %v", took, test.from)
				}
				if test.want == "" {
					if err != nil || file.ID != "file-1" {
						t.Errorf("%+v, %v", file, err)
					}
					return
				}
				failure := failureOf(t, err)
				if failure.Kind != provider.KindBroken || failure.Definite() || c.Requests() != 1 || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v after %d requests, want one and %q", err, c.Requests(), test.want)
				}
			})
		})
	}
}

// TestWatchdogAndCaller: what the caller ends is the caller's to explain.
func TestWatchdogAndCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, end := pipeClient(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, time.Minute)
		defer end()
		why := fmt.Errorf("interrupted")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
		defer cancel()
		if _, err := c.Job(ctx, "ftjob-1"); !errors.Is(err, why) {
			t.Errorf("%v, want the caller's reason", err)
		}
	})
}

// TestStaleConnection: where net/http itself starts an exchange over, on a connection that the server had closed, the new body is
// watched like the first one.
func TestStaleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries int
		c := openai.New(openai.Config{
			Endpoint: provider.Endpoint{Kind: "openai", BaseURL: "http://service.test/v1", Timeout: 30 * time.Second},
			Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
				tries++
				body, err := r.GetBody()
				if err != nil {
					return nil, err
				}
				for part := make([]byte, 1<<20); ; time.Sleep(20 * time.Second) {
					if _, err := io.ReadFull(body, part); err != nil {
						break
					}
					if err := context.Cause(r.Context()); err != nil {
						return nil, err
					}
				}
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"id":"file-1"}`))}, nil
			}),
		})
		_, err := c.Upload(t.Context(), provider.Upload{Name: "x", Size: 8 << 20, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeros{}, 8<<20)), nil
		}})
		if err != nil || tries != 1 {
			t.Errorf("%v after %d tries", err, tries)
		}
	})
}
