package openai

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"ftrun/runner/provider"
)

const (
	maxAttempts = 8
	maxElapsed  = 5 * time.Minute // from the first attempt to the start of the last
	firstDelay  = 500 * time.Millisecond
	maxDelay    = 30 * time.Second
)

// A retryTransport sends a request again where that may help and can do no harm, as the call's replay says. It waits as long as
// the service asks, or twice as long each time, with jitter, and gives up where the wait would outlast its patience or the caller's.
type retryTransport struct {
	next    http.RoundTripper
	onRetry func(Retry)
	retries *atomic.Int64
}

func (t *retryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := callOf(r)
	start := time.Now()
	for attempt := 1; ; attempt++ {
		resp, err := t.next.RoundTrip(r)
		failure := c.failure()
		if failure == nil || r.Context().Err() != nil || !c.mayReplay(failure) || attempt == maxAttempts {
			return resp, err
		}
		delay := failure.RetryAfter
		if delay == 0 {
			delay = backoff(attempt)
		}
		if outlasts(r.Context(), delay) || time.Since(start)+delay > maxElapsed {
			return resp, err
		}
		again, ok := rewind(r)
		if !ok {
			return resp, err
		}
		r = again
		t.retries.Add(1)
		if t.onRetry != nil {
			t.onRetry(Retry{Op: c.op, Attempt: attempt, Delay: delay, Err: failure})
		}
		if !sleep(r.Context(), delay) {
			return resp, err
		}
	}
}

// mayReplay reports whether sending the call again may help and can do no harm.
func (c *call) mayReplay(failure *provider.Error) bool {
	return failure.Temporary() && (c.replay == replayAlways || failure.Definite())
}

// backoff returns a delay that doubles with each attempt, less up to half of it, so that many callers do not come back at once.
func backoff(attempt int) time.Duration {
	d := min(firstDelay<<(attempt-1), maxDelay)
	return d - rand.N(d/2)
}

func outlasts(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ok && time.Until(deadline) < d
}

// sleep reports whether the time passed before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// rewind returns the request with its body at the start again.
func rewind(r *http.Request) (*http.Request, bool) {
	if r.Body == nil {
		return r, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, false
	}
	again := r.Clone(r.Context())
	again.Body = body
	return again, true
}

// retryAfter reads how long the service asks to wait: Retry-After in seconds or as a date, or Retry-After-Ms. 0: it did not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	value := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(value, 64); err == nil && s > 0 && s < maxElapsed.Seconds()*1000 {
		return time.Duration(s * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
