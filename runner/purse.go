package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ftrun/runner/provider"
)

// A purse pays for questions. What a call may cost at worst is set aside before it is sent, so that no answer passes the cap.
type purse struct {
	limit *float64 // USD; nil: none

	mu       sync.Mutex
	spent    float64
	reserved float64 // for calls in flight
	unknown  bool    // something was bought whose price or amount nobody knows
	freed    chan struct{}
}

func newPurse(limit *float64) *purse { return &purse{limit: limit, freed: make(chan struct{})} }

// reserve sets the worst cost of a call aside. While calls in flight may yet turn out cheaper it waits for them; it returns a
// *limitError where the cap leaves no room.
func (p *purse) reserve(ctx context.Context, worst float64) error {
	for {
		p.mu.Lock()
		freed, spent := p.freed, p.spent
		room := p.limit == nil || p.spent+p.reserved+worst <= *p.limit
		waiting := p.reserved > 0 && p.limit != nil && p.spent+worst <= *p.limit
		if room {
			p.reserved += worst
		}
		p.mu.Unlock()
		switch {
		case room:
			return nil
		case !waiting:
			return &limitError{
				Code:    "testing_budget",
				Message: fmt.Sprintf("asking stopped: %s spent, the next answer may cost %s, and budget.testing_usd is %s", dollars(spent), dollars(worst), dollars(*p.limit)),
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
	p.reserved -= worst
	if actual == nil {
		p.unknown = true
		actual = &worst
	}
	p.spent += *actual
	close(p.freed)
	p.freed = make(chan struct{})
}

// settleError books a call that ended with an error. What was certainly refused costs nothing; of anything else each attempt may have been
// answered, and billed.
func (p *purse) settleError(worst float64, err error) {
	var refusal *provider.Error
	switch {
	case !errors.As(err, &refusal):
		p.settleLost(worst, worst)
	case refusal.Definite():
		p.settle(worst, new(float64))
	default:
		p.settleLost(worst, worst*float64(max(refusal.Attempts, 1)))
	}
}

// settleLost books a call that was not answered: nobody knows what it cost, and the given amount counts against the cap.
func (p *purse) settleLost(worst, amount float64) {
	p.settle(worst, &amount)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unknown = p.unknown || amount > 0
}

// total returns what was spent, or nil where that is not known.
func (p *purse) total() *float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unknown {
		return nil
	}
	return &p.spent
}
