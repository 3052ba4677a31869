package runner

import (
	"context"
	"fmt"
	"slices"

	"ftrun/runner/provider"
)

// A Cancellation is what became of one job of a pipeline.
type Cancellation struct {
	JobID string
	Text  string // a sentence
	Ended bool   // the job is cancelled, and the next run may start another: to be recorded
	key   string
}

// Cancel cancels the jobs of a pipeline that have not ended, and tells what became of each that it looked at; none: there was nothing
// to cancel. It reads o.Ledger and writes nothing to it: see [RecordCancelled]. Where it returns an error, what it tells is done
// all the same.
func Cancel(ctx context.Context, o Options) ([]Cancellation, error) {
	if o.Pipeline.Train.Off {
		return nil, nil
	}
	order, err := standing(ctx, o)
	if err != nil {
		return nil, err
	}
	jobs, err := order.cancellable(ctx)
	var told []Cancellation
	for _, job := range jobs {
		c, cancelErr := order.cancelJob(ctx, job)
		if cancelErr != nil {
			return told, cancelErr
		}
		c.key = order.key
		told = append(told, c)
	}
	return told, err
}

// RecordCancelled writes down that the job is cancelled, so that the next run starts another at once. Without it that run would end
// with the cancelled job, once. It does nothing where something else was recorded meanwhile.
func RecordCancelled(o Options, c Cancellation) error {
	order := order{runState: &runState{Options: o}, key: c.key}
	known, err := order.recordedState()
	if err != nil || known.State != stateCreated || known.ID != c.JobID {
		return err
	}
	return order.recordState(order.key, stateCancelled, c.JobID)
}

// cancellable returns the recorded job and every listed one that has not ended. Where nothing lives, the recorded one, or else the
// last one listed, tells how it ended. With an error come those that are known all the same.
func (o order) cancellable(ctx context.Context) ([]provider.Job, error) {
	var jobs []provider.Job
	known, err := o.recordedState()
	if err != nil {
		return nil, err
	}
	if known.State == stateCreated {
		job, err := o.Trainer.Job(ctx, known.ID)
		if isGone(err) {
			return nil, &stuckError{
				Code:    "job_gone",
				Message: fmt.Sprintf("recorded job %s is unknown to the provider", known.ID),
				Way:     "run the same command again in a minute: a new job may not be known at once; or look at the provider's list of jobs",
				Err:     err,
			}
		}
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	listed, err := o.listedForCancel(ctx, known.State == stateIntent)
	for _, job := range listed {
		if !slices.ContainsFunc(jobs, func(j provider.Job) bool { return j.ID == job.ID }) {
			jobs = append(jobs, job)
		}
	}
	if alive := living(jobs); len(alive) > 0 {
		for _, job := range alive {
			if wrong := o.check(ctx, job); wrong != nil {
				return nil, wrong
			}
		}
		return alive, err
	}
	return jobs[:min(len(jobs), 1)], err
}

// listedForCancel returns the listed jobs, newest first. Where a run may just have created one it looks for as long as a list may lag.
func (o order) listedForCancel(ctx context.Context, inDoubt bool) ([]provider.Job, error) {
	for i, delay := range lookAgain() {
		if i > 0 && !inDoubt {
			break
		}
		if err := pause(ctx, delay); err != nil {
			return nil, err
		}
		jobs, err := o.jobs(ctx)
		if err != nil || len(jobs) > 0 {
			slices.Reverse(jobs)
			return jobs, err
		}
	}
	return nil, nil
}

// cancelJob cancels one job, unless it has ended.
func (o order) cancelJob(ctx context.Context, job provider.Job) (Cancellation, error) {
	if job.Status.Terminal() {
		return ended(job, "nothing to cancel"), nil
	}
	id, before := job.ID, job.Status
	job, err := o.Trainer.CancelJob(ctx, id)
	if isKind(err, provider.KindInvalid) || isKind(err, provider.KindConflict) { // it may just have ended
		again, lookErr := o.Trainer.Job(ctx, id)
		if lookErr == nil && again.Status.Terminal() {
			return ended(again, "too late to cancel"), nil
		}
	}
	if err != nil {
		return Cancellation{}, err
	}
	if job.Status != provider.StatusCancelled {
		return Cancellation{JobID: job.ID, Text: fmt.Sprintf("job %s: asked the provider to cancel it, and it is still %s", job.ID, job.Status)}, nil
	}
	return Cancellation{JobID: job.ID, Ended: true, Text: fmt.Sprintf("job %s, %s until now, is cancelled", job.ID, before)}, nil
}

// ended tells of a job that can't be cancelled any more.
func ended(job provider.Job, why string) Cancellation {
	c := Cancellation{JobID: job.ID, Ended: job.Status == provider.StatusCancelled}
	switch job.Status {
	case provider.StatusCancelled:
		c.Text = fmt.Sprintf("%s: job %s was cancelled before", why, job.ID)
	case provider.StatusSucceeded:
		c.Text = fmt.Sprintf("%s: job %s succeeded with model %s", why, job.ID, job.FineTunedModel)
	default:
		c.Text = fmt.Sprintf("%s: job %s %s", why, job.ID, job.Status)
	}
	return c
}
