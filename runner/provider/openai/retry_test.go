package openai_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		n := 0
		var retries []openai.Retry
		c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) {
			switch n++; n {
			case 1:
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(429)
			case 2:
				w.Header().Set("Retry-After", time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat))
				w.WriteHeader(503)
			default:
				io.WriteString(w, answer)
			}
		}, func(r openai.Retry) { retries = append(retries, r) })
		got, err := ask(t.Context(), c)
		if err != nil || got.Attempts != 3 || got.Latency != 0 {
			t.Fatalf("got %+v, %v, want an answer to the third attempt that took no time itself", got, err)
		}
		if d := time.Since(start); d < 26*time.Second || d > 30*time.Second {
			t.Errorf("took %v, want the 7 s and 20 s that the service asked for, and a tenth at most", d)
		}
		if len(retries) != 2 || retries[0].Delay < 7*time.Second || retries[0].Delay > 8*time.Second || retries[0].Op != "ask m" {
			t.Errorf("retries %+v", retries)
		}
	})
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(429)
		}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := ask(ctx, c)
		var failure *provider.Error
		if !errors.As(err, &failure) || failure.RetryAfter != 2*time.Minute {
			t.Fatalf("%v, want the service's refusal and not the context's", err)
		}
		if time.Since(start) != 0 {
			t.Errorf("waited %v for nothing", time.Since(start))
		}
		start = time.Now()
		if _, err = ask(t.Context(), c); err == nil || time.Since(start) > 5*time.Minute {
			t.Errorf("gave up after %v with %v", time.Since(start), err)
		}
	})
}

func TestUnreachableIsDefinite(t *testing.T) {
	server := httptest.NewServer(nil)
	url := server.URL
	server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := openai.New(openai.Config{Endpoint: endpoint(url)}).CreateJob(ctx, provider.JobRequest{Model: "m", TrainingFile: "f", Method: "supervised"})
	var failure *provider.Error
	if !errors.As(err, &failure) || failure.Kind != provider.KindUnreachable || !failure.Definite() {
		t.Errorf("%v, want unreachable", err)
	}
}

// TestStorm asks more at once than the service takes: each question is refused many times, and all are answered in time.
func TestStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(1, 2))
		c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			refused := random.IntN(100) < 75
			mu.Unlock()
			if refused {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			io.WriteString(w, answer)
		}, nil)
		start := time.Now()
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				if _, err := ask(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if d := time.Since(start); d > time.Minute {
			t.Errorf("took %v, want at most a minute", d)
		}
	})
}

// TestGate is the pause that one request's 429 means for the others of the client.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		start := time.Now()
		c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) {
			if times = append(times, time.Since(start)); len(times) == 1 {
				w.Header().Set("Retry-After", "10")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			io.WriteString(w, answer)
		}, nil)
		var group sync.WaitGroup
		group.Go(func() { ask(t.Context(), c) })
		synctest.Wait()
		group.Go(func() {
			if got, err := ask(t.Context(), c); err != nil || got.Attempts != 1 {
				t.Errorf("%+v, %v, want an answer to the first attempt", got, err)
			}
		})
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		group.Go(func() {
			if _, err := ask(ctx, c); !errors.Is(err, cause) {
				t.Errorf("%v, want the reason why the wait ended", err)
			}
		})
		synctest.Wait()
		cancel(cause)
		group.Wait()
		if len(times) != 3 || times[1] < 10*time.Second || times[2] < 10*time.Second || times[2] > 12*time.Second {
			t.Errorf("requests at %v, want both after the pause", times)
		}
	})
}

// TestRetryAfterValues: whatever a service asks for, the wait is neither negative nor forgotten.
func TestRetryAfterValues(t *testing.T) {
	for _, test := range []struct {
		name, value string
		requests    int // within a second; 1: gave up at once
	}{
		{"Retry-After", "9223372036854775807", 1},
		{"Retry-After", "1e400", 1},
		{"Retry-After", "Inf", 1},
		{"Retry-After", "400", 1},
		{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT", 1},
		{"Retry-After-Ms", "1e300", 1},
		{"Retry-After-Ms", "99999999999999999999", 1},
		{"Retry-After", "NaN", 2},
		{"Retry-After", "-5", 2},
		{"Retry-After", "soon", 2},
		{"Retry-After-Ms", "900", 2},
		{"Retry-After-Ms", "0.001", 2},
		{"Retry-After", "1e-300", 2},
	} {
		t.Run(test.name+" "+test.value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, start := 0, time.Now()
				c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) {
					if n++; n == 2 {
						io.WriteString(w, answer)
						return
					}
					w.Header().Set(test.name, test.value)
					w.WriteHeader(http.StatusTooManyRequests)
				}, nil)
				_, err := ask(t.Context(), c)
				took := time.Since(start)
				if n != test.requests || (err == nil) != (n == 2) || took > time.Second || n == 2 && took < 200*time.Millisecond {
					t.Errorf("%d requests in %v, %v, want %d", n, took, err, test.requests)
				}
			})
		})
	}
}

// TestWrongAddress is a client whose service was never there: it gives up within seconds.
func TestWrongAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		there := false
		c := openai.New(openai.Config{Endpoint: endpoint("http://service.test"), Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			if there {
				w := httptest.NewRecorder()
				io.WriteString(w, answer)
				return w.Result(), nil
			}
			return nil, refused
		})})
		for _, step := range []struct {
			there    bool
			requests int64
		}{{false, 3}, {true, 1}, {false, 8}} {
			there = step.there
			before := c.Requests()
			_, err := ask(t.Context(), c)
			if n := c.Requests() - before; n != step.requests || (err == nil) != there {
				t.Errorf("%+v: %d requests, %v", step, n, err)
			}
			if !there && !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%v hides its cause", err)
			}
		}
	})
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestLongAnswer: what is past all bounds is not asked for again, and not taken for a refusal.
func TestLongAnswer(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%q", long) }, nil)
	_, err := ask(t.Context(), c)
	var failure *provider.Error
	if !errors.As(err, &failure) || failure.Kind != provider.KindBroken || failure.Temporary() || failure.Definite() || c.Requests() != 1 {
		t.Errorf("%v after %d requests, want one and a permanent error", err, c.Requests())
	}
	if !strings.Contains(err.Error(), "answer is longer than 4194304 bytes") {
		t.Errorf("error %v", err)
	}
	c = bubbleClient(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400); io.WriteString(w, long) }, nil)
	if _, err = ask(t.Context(), c); !errors.As(err, &failure) || failure.Status != 400 || len(err.Error()) > 1000 {
		t.Errorf("%.200v, want a short refusal", err)
	}
}
