package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"ftrun/runner/provider"
)

// A purse pays for questions. What a call may cost at worst is set aside before it is sent, so that no answer passes the cap.
type purse struct {
	limit *float64 // USD; nil: none

	mu       sync.Mutex
	spent    pico
	reserved pico // for calls in flight
	unknown  bool // something was bought whose price or amount nobody knows
	freed    chan struct{}
}

// A pico is a millionth of a millionth of a USD. Sums of whole numbers are exact: what was set aside and given back leaves nothing behind.
type pico int64

func picoOf(usd float64) pico { return pico(math.Round(usd * 1e12)) }

func (p pico) usd() float64 { return float64(p) / 1e12 }

func newPurse(limit *float64) *purse { return &purse{limit: limit, freed: make(chan struct{})} }

// reserve sets the worst cost of a call aside. While calls in flight may yet turn out cheaper it waits for them; it returns a
// *limitError where the cap leaves no room.
func (p *purse) reserve(ctx context.Context, worst float64) error {
	for {
		p.mu.Lock()
		freed, spent, need := p.freed, p.spent, picoOf(worst)
		room, waiting := true, false
		if p.limit != nil {
			left := picoOf(*p.limit) - spent - need
			room, waiting = p.reserved <= left, p.reserved > 0 && left >= 0
		}
		if room {
			p.reserved += need
		}
		p.mu.Unlock()
		switch {
		case room:
			return nil
		case !waiting:
			return &limitError{
				Code:    "testing_budget",
				Message: fmt.Sprintf("asking stopped: %s spent, the next answer may cost %s, and budget.testing_usd is %s", dollars(spent.usd()), dollars(worst), dollars(*p.limit)),
				Way:     "raise the budget, ask fewer cases, or lower test.sampling.max_completion_tokens",
			}
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settle books what a call cost in place of what was set aside for it; nil: nobody knows, and the worst counts against the cap.
func (p *purse) settle(worst float64, actual *float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved -= picoOf(worst)
	if actual == nil {
		p.unknown = true
		actual = &worst
	}
	p.spent += picoOf(*actual)
	close(p.freed)
	p.freed = make(chan struct{})
}

// settleRetried is settle for an answer that came after attempts of which nobody knows whether they were answered too, and billed.
func (p *purse) settleRetried(worst float64, actual *float64, lost int) {
	p.settle(worst, actual)
	if lost > 0 {
		p.settleLost(0, worst*float64(lost))
	}
}

// settleError books a call that ended with an error. What was certainly refused costs nothing; of anything else each attempt may have been
// answered, and billed. free says that the model costs nothing, whatever became of the call.
func (p *purse) settleError(worst float64, err error, free bool) {
	var refusal *provider.Error
	switch {
	case free:
		p.settle(worst, new(float64))
	case !errors.As(err, &refusal):
		p.settleLost(worst, worst)
	case refusal.Definite() && refusal.Lost == 0:
		p.settle(worst, new(float64))
	case refusal.Definite():
		p.settleLost(worst, worst*float64(refusal.Lost))
	case refusal.Status != 0 && refusal.Lost == 0: // the service said that it failed: the cap holds even if it bills that, and reports believe that it does not
		p.settle(worst, new(worst*float64(max(refusal.Attempts, 1))))
	default:
		p.settleLost(worst, worst*float64(max(refusal.Attempts, 1)))
	}
}

// settleLost books a call that was not answered: nobody knows what it cost, and the given amount counts against the cap.
func (p *purse) settleLost(worst, amount float64) {
	p.settle(worst, &amount)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unknown = true
}

// total returns what was spent, or nil where that is not known.
func (p *purse) total() *float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unknown {
		return nil
	}
	return new(p.spent.usd())
}
