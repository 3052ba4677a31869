package openai

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A gate is closed for as long as the service asks to be left alone. Its zero value is open.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

// close keeps the gate closed for at least so long.
func (g *gate) close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// left returns how long the gate stays closed. Whoever waited that long goes through, even if it closed again meanwhile: to look
// again would let one request through at a time.
func (g *gate) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(time.Until(g.until), 0)
}

// pass waits until the gate is open and reports whether the context lived to see it. A caller whose time ends before that is let
// through at once: the service's own refusal tells more than a time limit that passed in silence.
func (g *gate) pass(ctx context.Context) bool {
	d := g.left()
	if d == 0 {
		return true
	}
	d = jittered(d)
	return outlasts(ctx, d) || sleep(ctx, d)
}

// tooLong is what a wait counts for that nobody would wait: longer than any patience, and far from overflowing.
const tooLong = 24 * time.Hour

// retryAfter reads how long the service asks to wait: Retry-After-Ms, or Retry-After in seconds or as a date. 0: it did not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if d := wait(h.Get("Retry-After-Ms"), time.Millisecond); d > 0 {
		return d
	}
	value := h.Get("Retry-After")
	if d := wait(value, time.Second); d > 0 {
		return d
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return min(at.Sub(now), tooLong)
	}
	return 0
}

// wait reads a number of units.
func wait(value string, unit time.Duration) time.Duration {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(n) || n <= 0 {
		return 0
	}
	if n >= float64(tooLong/unit) {
		return tooLong
	}
	return max(time.Duration(n*float64(unit)), 1) // a plea, however short
}
