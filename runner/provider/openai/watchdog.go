package openai

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"
)

// maxAnswerTime is how many times the limit on standing still an answer may take from its first byte to its last.
const maxAnswerTime = 5

// A watchdog ends an exchange that makes no progress for a while, and one whose answer drips without an end. An upload takes as
// long as it moves: how fast a line is nobody knows.
type watchdog struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration
	still  *time.Timer // runs out where nothing moves
	answer *time.Timer // runs out where the answer is not whole; nil before its first byte
}

// watch begins to watch an exchange, which must use the watchdog's context.
func watch(ctx context.Context, limit time.Duration) *watchdog {
	d := &watchdog{limit: limit}
	d.ctx, d.cancel = context.WithCancelCause(ctx)
	d.still = time.AfterFunc(limit, func() { d.cancel(fmt.Errorf("no progress for %v", limit)) })
	return d
}

// progress notes that something moved. It may come late, from a goroutine that still writes: then it changes nothing.
func (d *watchdog) progress() { d.still.Reset(d.limit) }

// trace notes what only the connection shows.
func (d *watchdog) trace(connected func()) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { connected(); d.progress() },
		WroteRequest:         func(httptrace.WroteRequestInfo) { d.progress() },
		GotFirstResponseByte: d.progress,
	}
}

// request returns the request with every part of its body that is taken counted as progress.
func (d *watchdog) request(r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	watched := *r
	watched.Body = &movingBody{r.Body, d}
	if again := r.GetBody; again != nil { // net/http asks for it where a kept connection was stale
		watched.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return &movingBody{body, d}, nil
		}
	}
	return &watched
}

// response makes every part of the answer that arrives count as progress, and gives the whole of it a bound.
func (d *watchdog) response(resp *http.Response) {
	d.progress()
	bound := maxAnswerTime * d.limit
	d.answer = time.AfterFunc(bound, func() { d.cancel(fmt.Errorf("answer not whole after %v", bound)) })
	resp.Body = &movingBody{resp.Body, d}
}

// stop ends the watch.
func (d *watchdog) stop() {
	d.cancel(nil)
	d.still.Stop()
	if d.answer != nil {
		d.answer.Stop()
	}
}

// cause returns why the exchange ended: the watchdog's own reason where that was it, and not the caller's.
func (d *watchdog) cause(outer context.Context, err error) error {
	if outer.Err() == nil && d.ctx.Err() != nil {
		return context.Cause(d.ctx)
	}
	return err
}

// A movingBody tells its watchdog of every byte that it hands on.
type movingBody struct {
	io.ReadCloser
	dog *watchdog
}

func (b *movingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.dog.progress()
	}
	return n, err
}
