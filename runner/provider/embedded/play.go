package embedded

import (
	"context"
	"time"
)

// playStatuses shows the statuses that a job's script wants shown, one after the other. They are not written down: after a restart they are
// shown again.
func (s *Server) playStatuses(ctx context.Context, id string, script *jobScript) error {
	if script == nil {
		return nil
	}
	for _, shown := range script.Statuses {
		var before int
		s.jobs.show(ctx, id, func(j *job) {
			j.Job.Status = shown.Status
			before = j.polls
		})
		s.opts.Log("job " + id + " " + shown.Status)
		if err := s.jobs.awaitPolls(ctx, id, before+shown.Polls); err != nil {
			return err
		}
		if err := wait(ctx, time.Duration(shown.For)); err != nil {
			return err
		}
	}
	return nil
}

// awaitPolls waits until clients have looked at the job n times in all.
func (b *board) awaitPolls(ctx context.Context, id string, n int) error {
	for {
		polls, next := b.polls(id)
		if polls >= n {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// polls returns how often clients have looked at the job, and a channel that is closed when the next one does.
func (b *board) polls(id string) (int, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.find(id)
	if err != nil {
		return 0, nil
	}
	return j.polls, j.polled
}

// playDuration waits until the job is as old as its script wants it to be.
func (s *Server) playDuration(ctx context.Context, rec *record) error {
	if rec.Script == nil {
		return nil
	}
	return wait(ctx, rec.Created.Add(time.Duration(rec.Script.MinDuration)).Sub(s.now()))
}

// playOutcome lets a job end as its script wants it to end badly: cancelled, or with the failure that it returns.
func (s *Server) playOutcome(ctx context.Context, id string, rec *record) error {
	if err := s.playDuration(ctx, rec); err != nil {
		return err
	}
	s.jobs.show(ctx, id, func(j *job) { j.Job.TrainedTokens = rec.Script.TrainedTokens })
	if rec.Script.Outcome == statusFailed {
		return rec.Script.Error
	}
	return s.jobs.advance(ctx, id, func(r *record) {
		r.end(statusCancelled, s.now())
		r.tell(s.now(), "info", "The job has been cancelled")
	})
}
