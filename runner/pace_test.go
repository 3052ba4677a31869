package runner

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
)

// A throttledService answers so many questions at a time, each in about the latency, and pleads for patience with every other. No two take
// the same time, as in life: at one instant nobody could say how many there are.
type throttledService struct {
	places, busy, most atomic.Int64
	pleas              atomic.Int64
}

// ask returns false where the service pleaded, which it does at once, instead of answering.
func (s *throttledService) ask(t *turn, latency time.Duration) bool {
	now := s.busy.Add(1)
	defer s.busy.Add(-1)
	if now > s.places.Load() {
		s.pleas.Add(1)
		t.pacer.throttled(t.cuts)
		return false
	}
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	time.Sleep(latency*9/10 + rand.N(latency/5)) // of a bubble
	return true
}

// pour puts n questions through a pacer, of which some have to be asked again, and returns how long that took.
func pour(t *testing.T, p *pacer, s *throttledService, n int, latency time.Duration, goroutines int) time.Duration {
	t.Helper()
	start := time.Now()
	var left atomic.Int64
	left.Store(int64(n))
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				for answered := false; !answered; {
					turn, err := p.begin(t.Context(), 0)
					if err != nil {
						t.Error(err)
						return
					}
					answered = s.ask(turn, latency)
					turn.end(0, answered)
				}
			}
		})
	}
	group.Wait()
	return time.Since(start)
}

// TestPaceAdapts is a service that takes a quarter of what the spec allows: pleas are few, and most of what it can do is used. Once it takes
// more, so does the pacer.
func TestPaceAdapts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(64, 0, 0)
		s := &throttledService{}
		s.places.Store(16)
		const n, latency = 4000, 100 * time.Millisecond
		took := pour(t, p, s, n, latency, 64)
		ideal := n * latency / 16
		if took > ideal*115/100 {
			t.Errorf("took %v, want at most 1.15 times the %v that the service needs", took, ideal)
		}
		if pleas := s.pleas.Load(); pleas > n/20 {
			t.Errorf("%d pleas for patience on %d questions", pleas, n)
		}

		s.places.Store(64)
		start := time.Now()
		for time.Since(start) < maxRest+2*time.Second { // it may rest that long before it looks
			pour(t, p, s, 64, latency, 64)
		}
		if took, ideal := pour(t, p, s, n, latency, 64), n*latency/64; took > ideal*11/10 || s.most.Load() != 64 {
			t.Errorf("took %v with %d at a time once the service takes 64, want at most 1.1 times %v", took, s.most.Load(), ideal)
		}
	})
}

// TestPaceHalvesOnce is a storm in which everybody who is under way gets a plea: that is one bad moment, and not as many as there are questions.
func TestPaceHalvesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(32, 0, 0)
		var turns []*turn
		for range 32 {
			turn, err := p.begin(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			turns = append(turns, turn)
		}
		time.Sleep(time.Second)
		for _, turn := range turns {
			p.throttled(turn.cuts)
			turn.end(0, false)
		}
		if p.allowed != 16 {
			t.Errorf("%v at a time after one storm, want 16", p.allowed)
		}
		for range 20 { // and never less than one
			time.Sleep(time.Second)
			p.throttled(p.cuts)
		}
		if p.allowed != 1 {
			t.Errorf("%v at a time, want 1", p.allowed)
		}
	})
}

// TestLimitsPerMinute looks at every window of a minute: none has more requests, or more tokens, than the spec allows.
func TestLimitsPerMinute(t *testing.T) {
	for name, test := range map[string]struct {
		requests, tokens int
		booked, used     int64
		perMinute        float64 // questions that the tighter limit lets through
	}{
		"requests":                      {120, 0, 0, 0, 120},
		"tokens":                        {0, 6000, 100, 100, 60},
		"the tighter one":               {600, 6000, 100, 100, 60},
		"answers longer than foreseen":  {0, 6000, 100, 300, 20},
		"answers shorter than foreseen": {0, 6000, 1000, 100, 60},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPacer(8, test.requests, test.tokens)
				const n = 400
				var mu sync.Mutex
				var sent []time.Time
				var group sync.WaitGroup
				start := time.Now()
				for range 8 {
					group.Go(func() {
						for range n / 8 {
							turn, err := p.begin(t.Context(), test.booked)
							if err != nil {
								t.Error(err)
								return
							}
							mu.Lock()
							sent = append(sent, time.Now())
							mu.Unlock()
							time.Sleep(10 * time.Millisecond)
							turn.end(test.used, true)
						}
					})
				}
				group.Wait()
				for i, from := range sent {
					in := 0
					for _, at := range sent[i:] {
						if at.Sub(from) < time.Minute {
							in++
						}
					}
					// What is on its way is not known yet to be longer than foreseen.
					if slack := 9.0; float64(in) > test.perMinute+slack {
						t.Fatalf("%d questions in the minute from %v on, want at most %v", in, from.Sub(start), test.perMinute)
					}
				}
				if rate := n / time.Since(start).Minutes(); rate < 0.85*test.perMinute {
					t.Errorf("%.1f questions a minute, want nearly %v", rate, test.perMinute)
				}
			})
		})
	}
}

// TestPaceIsInterrupted waits for a place, and for a limit, until the run ends.
func TestPaceIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(1, 1, 0)
		first, err := p.begin(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(ErrInterrupted) })
		if _, err := p.begin(ctx, 0); !errors.Is(err, ErrInterrupted) {
			t.Errorf("waiting for a place: %v", err)
		}
		first.end(0, true)
		ctx, cancel = context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(ErrInterrupted) })
		if _, err := p.begin(ctx, 0); !errors.Is(err, ErrInterrupted) {
			t.Errorf("waiting for the limit: %v", err)
		}
		if p.busy != 0 {
			t.Errorf("%d places are still taken", p.busy)
		}
	})
}

// TestWhatIsSentAgainCounts is a question that had to be sent three times: the limit is of requests, whatever became of them.
func TestWhatIsSentAgainCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(4, 60, 0)
		first, err := p.begin(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx := first.observe(t.Context())
		start := time.Now()
		for want := time.Second; want <= 2*time.Second; want += time.Second {
			if wait := provider.Again(ctx); wait != want {
				t.Errorf("what is sent again waits %v, want %v", wait, want)
			}
		}
		first.end(0, true)
		if _, err := p.begin(t.Context(), 0); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("the next question waited %v (%v), want 3 s after three requests in a second", time.Since(start), err)
		}
	})
}
