package runner

import (
	"context"
	"sync"
	"time"

	"ftrun/runner/provider"
)

// A pacer holds questions to one service back, so that they keep to its limits: those that the spec states, and those that the service
// shows by pleading for patience.
//
// Questions at a time begin at the most that the spec allows. A plea halves them, at most once for the questions that were under way by then.
// Answers raise them again: by one each to three quarters of what was under way when the plea came and, where no other comes for a second, by
// one for as many answers as are under way, to one fewer than then. There they stay for a while, because a service that pleads wants to be left
// alone for a second or more, and hearing the plea again and again costs more than the last place is worth. Then they go on as slowly, until
// the next plea. That is additive increase and multiplicative decrease as TCP has it (Chiu and Jain 1989), with its slow start and, as BIC and
// CUBIC have it (Xu, Harfoush and Rhee 2004; Ha, Rhee and Xu 2008), a search below the last loss and a plateau before it.
// Requests and tokens are spread evenly over the minute, because services enforce limits a minute in shorter windows too.
type pacer struct {
	most     float64 // at a time, as the spec has it
	requests *bucket // nil: no limit
	tokens   *bucket // nil: no limit

	mu      sync.Mutex
	allowed float64       // at a time, from 1 to most
	ceiling float64       // how many were under way when the last plea came
	resumed time.Time     // when the first question was answered that began after it; zero: none was
	rest    time.Duration // on the plateau, from then on
	busy    int
	waiting int
	freed   chan struct{} // closed, and made anew, when somebody waits and a place may be free
	cuts    int           // pleas that halved
}

func newPacer(concurrency, requestsPerMinute, tokensPerMinute int) *pacer {
	return &pacer{
		most: float64(concurrency), allowed: float64(concurrency), ceiling: float64(concurrency), freed: make(chan struct{}),
		requests: newBucket(requestsPerMinute), tokens: newBucket(tokensPerMinute),
	}
}

// How long questions stay below where a plea came: twice as long each time, while nothing shows that the service can do more by now.
const (
	settle    = time.Second // at three quarters
	firstRest = 2 * settle
	maxRest   = 10 * time.Second
)

// A turn is a question's leave to be sent. It is given back by end.
type turn struct {
	pacer  *pacer
	cuts   int     // pleas that had halved when it took its place
	booked float64 // tokens
}

// begin waits until a question may be sent of about so many tokens, question and answer together.
func (p *pacer) begin(ctx context.Context, tokens int64) (*turn, error) {
	cuts, err := p.takePlace(ctx)
	if err != nil {
		return nil, err
	}
	t := &turn{pacer: p, cuts: cuts, booked: float64(tokens)}
	wait := max(p.requests.take(1), p.tokens.take(t.booked))
	if wait > 0 {
		if err := pause(ctx, wait); err != nil {
			t.end(0, false)
			return nil, err
		}
	}
	return t, nil
}

// takePlace waits for one of the places that there are at a time. It returns how many pleas had halved them by then.
func (p *pacer) takePlace(ctx context.Context) (cuts int, err error) {
	for {
		p.mu.Lock()
		if p.busy < int(p.allowed) {
			p.busy++
			cuts = p.cuts
			p.mu.Unlock()
			return cuts, nil
		}
		freed := p.freed
		p.waiting++
		p.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
		if err != nil {
			return 0, err
		}
	}
}

// observe returns a context in which a plea of the service slows all questions down.
func (t *turn) observe(ctx context.Context) context.Context {
	ctx = provider.OnAgain(ctx, func() time.Duration { return max(t.pacer.requests.take(1), t.pacer.tokens.take(t.booked)) })
	return provider.OnThrottled(ctx, func(time.Duration) { t.pacer.throttled(t.cuts) })
}

// throttled halves what may be under way, unless the question began before it was halved last.
func (p *pacer) throttled(cuts int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cuts < p.cuts {
		return
	}
	p.cuts++
	p.ceiling = min(p.allowed, float64(p.busy))
	p.resumed, p.rest = time.Time{}, min(max(2*p.rest, firstRest), maxRest)
	p.allowed = max(1, p.allowed/2)
}

// grow takes in that a question was answered which began after the last plea.
func (p *pacer) grow() {
	if p.resumed.IsZero() {
		p.resumed = time.Now()
	}
	calm := time.Since(p.resumed)
	switch slow := p.allowed + 1/p.allowed; {
	case p.allowed+1 <= 0.75*p.ceiling:
		p.allowed++
	case calm < settle, calm < p.rest && slow > p.ceiling-1:
	default:
		p.allowed = min(p.most, slow)
		if p.allowed > p.ceiling+1 { // more than before, and no plea: half as many more may go too
			p.ceiling, p.rest = min(p.most, 1.5*p.allowed), 0
		}
	}
}

// end gives the place back. used is how many tokens the service counted; 0: it did not say. answered tells whether an answer came.
func (t *turn) end(used int64, answered bool) {
	p := t.pacer
	if used > 0 {
		p.tokens.giveBack(t.booked - float64(used))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	if answered && t.cuts == p.cuts { // else it says nothing of what goes now
		p.grow()
	}
	if p.waiting > 0 {
		close(p.freed)
		p.freed = make(chan struct{})
	}
}

// A bucket spreads a limit per minute evenly: what is taken flows back at the limit's rate, and whoever takes more than is there waits until
// it has. A nil bucket has no bottom.
type bucket struct {
	perSecond float64

	mu    sync.Mutex
	level float64 // never above 0: nothing is saved up, or a minute could see more than its limit
	at    time.Time
}

func newBucket(perMinute int) *bucket {
	if perMinute == 0 {
		return nil
	}
	return &bucket{perSecond: float64(perMinute) / 60, at: time.Now()}
}

// take books n and returns how long to wait before they may be used.
func (b *bucket) take(n float64) time.Duration {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flow()
	wait := time.Duration(-b.level / b.perSecond * float64(time.Second))
	b.level -= n
	return wait
}

// giveBack takes back what was booked too much; a negative n books the rest of what was booked too little.
func (b *bucket) giveBack(n float64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flow()
	b.level = min(0, b.level+n)
}

func (b *bucket) flow() {
	now := time.Now()
	b.level = min(0, b.level+now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
}
