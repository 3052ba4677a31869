package runner

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPurseComesOutExactly spends caps to the last digit, in round and in odd prices, with calls at once and with what they really cost: it ends
// with an answer or with a refusal, and never waits for nobody.
func TestPurseComesOutExactly(t *testing.T) {
	for _, worst := range []float64{8e-05, 1e-4, 0.1, 1.0 / 3, 7e-7} {
		for _, calls := range []int{1, 3, 5, 6, 10, 100} {
			synctest.Test(t, func(t *testing.T) {
				limit := worst * float64(calls)
				p := newPurse(&limit)
				bought := 0
				for {
					group := 0
					stopped := false
					for range 4 { // at once
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						err := p.reserve(ctx, worst)
						cancel()
						if errors.Is(err, context.DeadlineExceeded) && group > 0 {
							break // the others decide
						}
						if err != nil {
							var limit *limitError
							if !errors.As(err, &limit) {
								t.Fatalf("%d of %d calls at %v: %v", bought, calls, worst, err)
							}
							stopped = true
							break
						}
						group++
					}
					for range group {
						p.settle(worst, &worst)
						bought++
					}
					if stopped {
						break
					}
				}
				if bought < calls-1 || bought > calls || p.reserved != 0 {
					t.Errorf("%d of %d calls at %v, %v still set aside", bought, calls, worst, p.reserved)
				}
			})
		}
	}
}
