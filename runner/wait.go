package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

const (
	pollFirst     = 500 * time.Millisecond // a job that finishes at once is noticed at once
	pollMax       = 30 * time.Second
	pollShare     = 50               // a finished job is noticed within 1/50 of its duration
	pollPatience  = 10 * time.Minute // how long the service may stay unreachable
	cancelGrace   = 4 * time.Second  // an interrupted run ends within 5 s
	curvePatience = time.Minute      // of everything that is read for the training curve
	logPatience   = 5 * time.Second  // of one question for the log, its retries included: the job's end is not to be noticed late for it
	logMisses     = 3                // after which a missing log is not asked for again; a new job may be unknown to it for a moment
	maxLogMisses  = 10               // the same, whatever was amiss
)

// wait follows the job to its end and returns the model that the cases are put to, once it answers.
func (r *runState) wait(ctx context.Context, o order, job provider.Job) (done[string], error) {
	w := &waiter{order: o, job: job, lastAnswer: time.Now(), noLog: job.Status.Terminal(), shown: map[string]bool{}}
	taken := r.run.Stages[len(r.run.Stages)-1].Status // of the train stage
	endedBefore := job.Status.Terminal() && (taken == result.StageReused || taken == result.StageAdopted)
	if err := w.follow(ctx); err != nil {
		return done[string]{}, err
	}
	if err := w.judgeEnd(ctx); err != nil {
		return done[string]{}, err
	}
	r.run.FineTunedModel = w.job.FineTunedModel
	w.nameTwins(ctx)
	r.noteTrainingCost(w.job, endedBefore)
	w.readCurve(ctx)
	model := cmp.Or(r.Pipeline.Test.Model, w.job.FineTunedModel)
	if model != w.job.FineTunedModel {
		w.warn(stageWait, fmt.Sprintf("the questions go to %s, as test.model says: whether the model of job %s stands behind it, nobody here knows", model, w.job.ID))
	}
	if err := w.probe(ctx, model); err != nil {
		return done[string]{}, err
	}
	return done[string]{Value: model, Reason: "model " + model}, nil
}

// A waiter follows one job.
type waiter struct {
	order
	job        provider.Job
	lastEvent  string
	shown      map[string]bool // ids of events: a service may ignore the cursor
	lastAnswer time.Time
	hasRun     bool   // too late to give way to a twin
	doomed     string // id of a job that gave way and has not ended
	warnedOf   provider.Status
	misses     int  // questions for the log that failed
	noLog      bool // the job had ended before this run: its log would read like a second training; or the service keeps none
}

// follow polls until the job is terminal: at once, then at growing intervals.
func (w *waiter) follow(ctx context.Context) error {
	deadline := w.Pipeline.Wait.Timeout
	ctx, cancel := context.WithTimeoutCause(ctx, deadline, &timeoutError{After: deadline, JobID: w.job.ID, Status: w.job.Status})
	defer cancel()
	for start := time.Now(); ; {
		if err := w.poll(ctx); err != nil {
			return w.leave(ctx, err)
		}
		if w.job.Status.Terminal() {
			return nil
		}
		if err := pause(ctx, w.interval(time.Since(start))); err != nil {
			return w.leave(ctx, err)
		}
	}
}

// poll asks for the job and its new events once. A passing failure is not an error until it has lasted.
func (w *waiter) poll(ctx context.Context) error {
	job, err := w.Trainer.Job(ctx, w.job.ID)
	if err != nil {
		return w.tolerate(ctx, err)
	}
	w.lastAnswer = time.Now()
	changed := job.Status != w.job.Status
	w.job = job
	w.noteJob(job, w.key)
	w.warnOfStatus(job.Status)
	w.emit(result.Event{Type: result.EventJob, Stage: stageWait, Job: w.run.Job, Changed: changed})
	if !w.noLog {
		w.showEvents(ctx)
	}
	return w.giveWay(ctx)
}

// giveWay looks for an older twin, which another machine created at about the same time while neither saw the other. Until a job has
// run it costs nothing: ours is cancelled, and the run goes on with the twin.
func (w *waiter) giveWay(ctx context.Context) error {
	w.endDoomed(ctx)
	if w.hasRun {
		return nil
	}
	w.hasRun = w.job.Status.HasRun() // looked at once more when it has just begun to run
	if w.job.Status.Terminal() {
		return nil
	}
	jobs, err := w.jobs(ctx)
	if err != nil {
		w.emit(result.Event{Type: result.EventRetry, Stage: stageWait, Message: err.Error()})
		return nil // looked for again with the next poll
	}
	twin, found := oldestAlive(jobs)
	if !found || twin.ID == w.job.ID {
		return nil
	}
	ours := slices.IndexFunc(jobs, func(j provider.Job) bool { return j.ID == w.job.ID })
	if ours < 0 || byAge(twin, jobs[ours]) >= 0 || w.check(ctx, twin) != nil { // listed beside listed: one answer may round a date another way
		return nil
	}
	ending, stop := context.WithTimeout(ctx, cancelGrace)
	defer stop()
	ended, err := w.end(ending, w.job.ID)
	fate := fmt.Sprintf("ours, %s, is %s", w.job.ID, ended.Status)
	if err != nil {
		fate = fmt.Sprintf("ours, %s, could not be cancelled: %v", w.job.ID, err)
	}
	if err != nil || !ended.Status.Terminal() {
		w.doomed = w.job.ID
	}
	w.warn(stageWait, fmt.Sprintf("job %s of another run has the same inputs and is older: going on with it; %s", twin.ID, fate))
	w.job, w.lastEvent, w.hasRun = twin, "", false
	w.noteJob(twin, w.key)
	return w.recordState(w.key, stateCreated, twin.ID)
}

// endDoomed tries again to cancel a job that gave way and did not end.
func (w *waiter) endDoomed(ctx context.Context) {
	if w.doomed == "" {
		return
	}
	asking, stop := context.WithTimeout(ctx, cancelGrace) // the end of the job that counts is not to be noticed late for it
	defer stop()
	job, err := w.Trainer.CancelJob(asking, w.doomed)
	switch {
	case err == nil && job.Status == provider.StatusCancelled:
		w.warn(stageWait, fmt.Sprintf("job %s, which gave way, is cancelled now", w.doomed))
		w.doomed = ""
	case isKind(err, provider.KindInvalid), isKind(err, provider.KindNotFound), isKind(err, provider.KindForbidden), job.Status.Terminal():
		if now, lookErr := w.Trainer.Job(ctx, w.doomed); lookErr != nil || now.Status.Terminal() || now.Status.HasRun() {
			w.doomed = "" // it has ended or trains; its id is in the report
		}
	}
}

// nameTwins names the other jobs of the same inputs that trained or may have: who trained twice is to know it.
func (w *waiter) nameTwins(ctx context.Context) {
	jobs, err := w.jobs(ctx)
	if err != nil {
		return // the run has its model
	}
	for _, j := range jobs {
		if j.ID != w.job.ID && j.Status != provider.StatusCancelled && j.Status != provider.StatusFailed {
			w.warn(stageWait, fmt.Sprintf("job %s has the same inputs and is %s: it was created beside %s, and may have been billed too", j.ID, j.Status, w.job.ID))
		}
	}
}

// tolerate returns nil while a failure may pass and has not lasted too long.
func (w *waiter) tolerate(ctx context.Context, err error) error {
	var failure *provider.Error
	passing := errors.As(err, &failure) && (failure.Temporary() || failure.Kind == provider.KindNotFound)
	silence := time.Since(w.lastAnswer)
	if ctx.Err() != nil || !passing || silence > pollPatience {
		return err
	}
	w.emit(result.Event{Type: result.EventRetry, Stage: stageWait, Message: fmt.Sprintf("no answer for %v, still trying: %v", silence.Round(time.Second), err)})
	return nil
}

// warnOfStatus says once what a person should know of a status.
func (w *waiter) warnOfStatus(s provider.Status) {
	switch {
	case s == w.warnedOf:
		return
	case s == provider.StatusPaused:
		w.warn(stageWait, fmt.Sprintf("job %s is paused: resume it at the provider, or it will wait until wait.timeout", w.job.ID))
	case !s.Known():
		w.inform(stageWait, fmt.Sprintf("unknown job status %q is taken for progress", s))
	default:
		return
	}
	w.warnedOf = s
}

// showEvents passes on what is new in the service's log of the job. That log is a courtesy: where it fails, the job still counts.
func (w *waiter) showEvents(ctx context.Context) {
	asking, cancel := context.WithTimeoutCause(ctx, logPatience, fmt.Errorf("list events of job %s: no answer within %v", w.job.ID, logPatience))
	defer cancel()
	events, err := w.Trainer.Events(asking, w.job.ID, w.lastEvent)
	if err != nil {
		w.misses++
		w.noLog = isMissing(err) && w.misses >= logMisses || w.misses >= maxLogMisses
		w.emit(result.Event{Type: result.EventRetry, Stage: stageWait, Message: err.Error()})
		return
	}
	for _, e := range events {
		w.lastEvent = e.ID
		if w.shown[e.ID] {
			continue
		}
		w.shown[e.ID] = true
		level := e.Level
		if level == "" {
			level = result.LevelInfo
		}
		w.emit(result.Event{Type: result.EventJobEvent, Stage: stageWait, Level: level, Message: e.Message})
	}
}

// interval returns how long to wait before the next poll: a share of the job's age, so that the end is noticed within
// max(2 s, min(2 % of its duration, 30 s)), sooner where the service says when it will end.
func (w *waiter) interval(waited time.Duration) time.Duration {
	age := waited
	if !w.job.CreatedAt.IsZero() {
		age = max(waited, time.Since(w.job.CreatedAt))
	}
	d := min(max(age/pollShare, pollFirst), pollMax)
	if left := time.Until(w.job.EstimatedFinish); left > 0 && left < d {
		d = max(left, pollFirst)
	}
	return d - rand.N(d/10)
}

// leave ends the waiting before the job's end: the job is left to go on, or cancelled where the spec asks for it.
func (w *waiter) leave(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if timeout, ok := errors.AsType[*timeoutError](err); ok {
		left := &timeoutError{After: timeout.After, JobID: w.job.ID, Status: w.job.Status}
		if w.Pipeline.Wait.OnTimeout == spec.Cancel {
			left.Cancelled, left.Failed = w.cancelled()
		}
		return left
	}
	if ctx.Err() == nil {
		return err
	}
	left := &interruptError{JobID: w.job.ID, Err: err}
	if w.Pipeline.Wait.OnInterrupt == spec.Cancel {
		left.Cancelled, left.Failed = w.cancelled()
	}
	return left
}

// cancelled cancels the job, and reports whether that worked or why it did not.
func (w *waiter) cancelled() (bool, error) {
	err := w.cancel()
	return err == nil, err
}

// cancel stops the job at the provider, soon, though the run's own context has ended. What the provider does not show as cancelled is
// not: the journal keeps the job.
func (w *waiter) cancel() error {
	ctx, stop := context.WithTimeout(context.Background(), cancelGrace)
	defer stop()
	job, err := w.end(ctx, w.job.ID)
	if err != nil {
		return err
	}
	w.job = job
	w.noteJob(job, w.key)
	w.emit(result.Event{Type: result.EventJob, Stage: stageWait, Job: w.run.Job, Changed: true})
	if job.Status != provider.StatusCancelled {
		return fmt.Errorf("the provider shows it as %s", job.Status)
	}
	return w.recordState(w.key, stateCancelled, job.ID)
}

// end asks the provider to cancel a job, and looks until the job has ended or the context has.
func (w *waiter) end(ctx context.Context, id string) (provider.Job, error) {
	job, err := w.Trainer.CancelJob(ctx, id)
	for err == nil && !job.Status.Terminal() {
		if pause(ctx, time.Second) != nil {
			return job, nil
		}
		next, lookErr := w.Trainer.Job(ctx, id)
		if lookErr == nil {
			job = next
		}
	}
	return job, err
}

// replaceable reports whether the next run starts a job in place of this one, which the service broke.
func (w *waiter) replaceable(ctx context.Context) bool {
	jobs, err := w.jobs(ctx)
	broken := slices.DeleteFunc(jobs, func(j provider.Job) bool { return !failedByService(j) })
	return err == nil && len(broken) > 0 && len(broken) <= maxReplacements
}

// judgeEnd returns why a terminal job has no model.
func (w *waiter) judgeEnd(ctx context.Context) error {
	failure := &JobError{ID: w.job.ID, Status: w.job.Status, Reason: w.job.Error}
	switch w.job.Status {
	case provider.StatusFailed:
		failure.Way = "mend what the reason names; to train the same inputs once more, change train.seed"
		if failedByService(w.job) && w.replaceable(ctx) {
			failure.Way = fmt.Sprintf("the fault was the service's and nothing was billed: run the same command again, which starts another job (at most %d of these inputs in all)", maxReplacements+1)
		}
		return failure
	case provider.StatusCancelled:
		failure.Way = "run the same command again to start a new job"
		if err := w.recordState(w.key, stateCancelled, w.job.ID); err != nil {
			return errors.Join(failure, err)
		}
		return failure
	}
	if w.job.FineTunedModel == "" && w.Pipeline.Test.Model == "" {
		if w.profile.Deploy != "" {
			return &deployError{Model: "of job " + w.job.ID, Way: w.profile.Deploy}
		}
		return &stuckError{
			Code:    "model_missing",
			Message: fmt.Sprintf("job %s succeeded without naming a model", w.job.ID),
			Way:     "look at the job at the provider; to train once more, change train.seed",
		}
	}
	return nil
}

// readCurve asks what the service measured while it trained. That is a courtesy too: what is not known is no data.
func (w *waiter) readCurve(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(ctx, curvePatience, fmt.Errorf("not read within %v", curvePatience))
	defer cancel()
	points, err := w.Trainer.Curve(ctx, w.job)
	if err != nil && !errors.Is(context.Cause(ctx), ErrInterrupted) {
		w.warn(stageWait, fmt.Sprintf("training curve: %v", err))
	}
	w.run.TrainingCurve = make([]result.CurvePoint, len(points))
	for i, p := range points {
		w.run.TrainingCurve[i] = result.CurvePoint(p)
	}
}

// isMissing reports whether the service has no such endpoint.
func isMissing(err error) bool {
	var failure *provider.Error
	return errors.As(err, &failure) &&
		(failure.Status == http.StatusNotFound || failure.Status == http.StatusMethodNotAllowed || failure.Status == http.StatusNotImplemented)
}

// noteJob puts what the service last said of the job into the report.
func (r *runState) noteJob(job provider.Job, key string) {
	r.run.Job = &result.Job{
		ID:              job.ID,
		Status:          string(job.Status),
		CreatedAt:       timeOrNil(job.CreatedAt),
		FinishedAt:      timeOrNil(job.FinishedAt),
		TrainedTokens:   job.TrainedTokens,
		Hyperparameters: job.Hyperparameters,
		TrainingFile:    job.TrainingFile,
		ValidationFile:  job.ValidationFile,
		Key:             key,
		Raw:             job.Raw,
	}
	if f := job.Error; f != nil {
		r.run.Job.Error = &result.JobFailure{Code: f.Code, Message: f.Message, Param: f.Param}
	}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
