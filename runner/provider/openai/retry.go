package openai

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"ftrun/runner/provider"
)

const (
	maxAttempts = 8                 // that end in something else than a plea to wait
	maxRefused  = 3                 // at an address that never answered: a wrong one should fail in seconds
	maxElapsed  = provider.Patience // from the first attempt to the start of the last
	firstDelay  = 500 * time.Millisecond
	maxDelay    = 30 * time.Second
	minDelay    = firstDelay / 2 // however soon the service asks to be asked again
)

// A retryTransport sends a request again where that may help and can do no harm, as the call's replay says. It waits as long as
// the service asks, or twice as long each time, with jitter, and gives up where the wait would outlast its patience or the caller's.
// What one request is told to wait, every request of the client waits: in a storm of refusals none runs into the next one.
type retryTransport struct {
	next    http.RoundTripper
	onRetry func(Retry)
	retries *atomic.Int64
	reached *atomic.Bool
	gate    gate
}

func (t *retryTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c := callOf(r)
	start := time.Now()
	if !t.gate.pass(r.Context()) {
		return nil, context.Cause(r.Context())
	}
	failures := 0 // that count against maxAttempts
	for attempt := 1; ; attempt++ {
		resp, err := t.next.RoundTrip(r)
		failure := c.failure()
		if failure == nil || r.Context().Err() != nil || !c.mayReplay(failure) {
			return resp, err
		}
		plea := pleaToWait(failure)
		if !plea {
			failures++
		}
		if failures >= t.bound(failure) {
			return resp, err
		}
		delay := t.delay(failure, attempt)
		if outlasts(r.Context(), delay) || time.Since(start)+delay > maxElapsed {
			return resp, err
		}
		again, ok := rewind(r)
		if !ok {
			return resp, err
		}
		r = again
		t.retries.Add(1)
		if c.sent && failure.Status == 0 {
			c.lost++
		}
		delay = max(delay, provider.Again(r.Context()))
		if plea {
			provider.Throttled(r.Context(), failure.RetryAfter)
		}
		if t.onRetry != nil {
			t.onRetry(Retry{Op: c.op, Attempt: attempt, Delay: delay, Err: failure})
		}
		if !sleep(r.Context(), delay) {
			return resp, err
		}
	}
}

// pleaToWait reports whether the service is there and only asks for patience. Time alone bounds how often it may do so: under
// a crowd of questions each of them is refused many times before its turn comes.
func pleaToWait(e *provider.Error) bool {
	overloaded := e.Status == http.StatusServiceUnavailable || e.Status == statusOverloaded
	return e.Kind == provider.KindRateLimited || overloaded && e.RetryAfter > 0
}

// statusOverloaded is what services answer that have too much to do; no standard lists it.
const statusOverloaded = 529

// bound returns after how many attempts with such a failure the last word is spoken.
func (t *retryTransport) bound(e *provider.Error) int {
	if !t.reached.Load() && isRefusedDial(e.Err) {
		return maxRefused
	}
	return maxAttempts
}

// delay returns how long to wait after a failure, and makes the other requests wait where the service asked for it.
func (t *retryTransport) delay(e *provider.Error, attempt int) time.Duration {
	if e.RetryAfter == 0 {
		return max(backoff(attempt), t.gate.left())
	}
	if e.Kind == provider.KindRateLimited && e.RetryAfter <= maxElapsed {
		t.gate.close(e.RetryAfter)
	}
	return jittered(max(e.RetryAfter, minDelay, t.gate.left()))
}

// mayReplay reports whether sending the call again may help and can do no harm.
func (c *call) mayReplay(failure *provider.Error) bool {
	return failure.Temporary() && (c.replay == replayAlways || failure.Definite())
}

// backoff returns a delay that doubles with each attempt, less up to half of it, so that many callers do not come back at once.
func backoff(attempt int) time.Duration {
	d := min(firstDelay<<min(attempt-1, 10), maxDelay)
	return d - rand.N(d/2)
}

// jittered returns a wait that the service asked for and up to a tenth of it, so that not everyone comes back at once.
func jittered(d time.Duration) time.Duration {
	return d + rand.N(min(max(d/10, time.Millisecond), 2*time.Second))
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
