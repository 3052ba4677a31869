package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
)

// train takes up the job that these inputs already have, or creates it: at most one is ever paid for.
func (r *runState) train(ctx context.Context, o order, prepared *dataset.Prepared) (done[provider.Job], error) {
	t := &trainer{order: o, prepared: prepared, withoutMetadata: o.profile.Metadata == provider.MetadataRejected}
	if err := t.checkLimits(); err != nil {
		return done[provider.Job]{}, err
	}
	outcome, err := t.obtain(ctx)
	if err != nil {
		return outcome, err
	}
	r.noteJob(outcome.Value, t.key)
	r.emit(result.Event{Type: result.EventJob, Stage: stageTrain, Job: r.run.Job, Changed: true})
	if outcome.Status == "" { // a new one: why is what the last one was made from
		outcome.Reason = joinReasons(append([]string{outcome.Reason}, r.changes(prepared)...))
	}
	return outcome, r.noteInputs(t.key, prepared)
}

// A trainer obtains the one job of a train key.
type trainer struct {
	order
	prepared        *dataset.Prepared
	inDoubt         bool // an earlier POST of this key was never answered
	withoutMetadata bool // the service refuses a job that has any
}

// obtain looks in the order of trust: what this machine recorded, what the provider lists, and only then a new job.
func (t *trainer) obtain(ctx context.Context) (done[provider.Job], error) {
	job, found, err := t.recorded(ctx)
	if err != nil {
		return done[provider.Job]{}, err
	}
	if found {
		found, err = t.stands(ctx, job)
	}
	if err != nil {
		return done[provider.Job]{}, err
	}
	if found {
		t.warnOfShutdown(t.baseModel(ctx))
		return done[provider.Job]{Value: job, Status: result.StageReused, Reason: "job " + job.ID + " of an earlier run"}, nil
	}
	job, found, err = t.listed(ctx)
	if err != nil {
		return done[provider.Job]{}, err
	}
	if found {
		t.warnOfShutdown(t.baseModel(ctx))
		return t.adopted(job)
	}
	if err := t.checkTrainingBudget(); err != nil {
		return done[provider.Job]{}, err
	}
	if err := t.checkModel(t.baseModel(ctx)); err != nil {
		return done[provider.Job]{}, err
	}
	return t.buy(ctx)
}

// stands reports whether a recorded job is the last word. One that the service broke is not, as long as the list, which counts such
// jobs, shows it.
func (t *trainer) stands(ctx context.Context, recorded provider.Job) (bool, error) {
	if !failedByService(recorded) {
		return true, nil
	}
	jobs, err := t.jobs(ctx)
	return !slices.ContainsFunc(jobs, func(j provider.Job) bool { return j.ID == recorded.ID }), err
}

// adopted takes up a job that was found at the provider.
func (t *trainer) adopted(job provider.Job) (done[provider.Job], error) {
	return done[provider.Job]{Value: job, Status: result.StageAdopted, Reason: "job " + job.ID + " found at the provider"},
		t.recordState(t.key, stateCreated, job.ID)
}

// buy uploads the files and creates the job.
func (t *trainer) buy(ctx context.Context) (done[provider.Job], error) {
	if err := t.uploadAll(ctx); err != nil {
		return done[provider.Job]{}, err
	}
	job, err := t.create(ctx)
	if err == nil {
		return done[provider.Job]{Value: job, Reason: "job " + job.ID + " created"}, nil
	}
	var refusal *provider.Error
	if !errors.As(err, &refusal) || !refusal.Definite() || t.inDoubt {
		return done[provider.Job]{}, err
	}
	// A machine that started at the same moment may have been quicker; its job needs the files.
	if job, found, lookErr := t.listed(ctx); lookErr == nil && found {
		return t.adopted(job)
	}
	for _, file := range t.files() {
		t.tidyUpload(ctx, *file, isPassing(refusal))
	}
	return done[provider.Job]{}, err
}

// files returns the files that the job is made from.
func (t *trainer) files() []*jobFile {
	if t.validation.name == "" {
		return []*jobFile{&t.training}
	}
	return []*jobFile{&t.training, &t.validation}
}

// recordJob is the kind of the journal records of the train stage. The last one under a train key says how things stand.
const recordJob = "job"

// The states of a key's job.
const (
	stateIntent    = "intent"    // a POST is about to be sent: from here a job may exist
	stateRefused   = "refused"   // the POST certainly bought nothing
	stateCreated   = "created"   // the job exists
	stateCancelled = "cancelled" // the job was cancelled, and a run has said so: the next one starts another
)

type jobRecord struct {
	State string `json:"state"`
	ID    string `json:"id,omitempty"`

	// What the service called these when it created the job. Some have names of their own, which later answers repeat.
	Model  string `json:"model,omitempty"`
	Method string `json:"method,omitempty"`
}

// recordCreated puts a job on disk that this run created.
func (o order) recordCreated(job provider.Job) error {
	return o.journal(recordJob, o.key, jobRecord{State: stateCreated, ID: job.ID, Model: job.Model, Method: job.Method})
}

// recordState puts on disk how things stand with a key's job.
func (r *runState) recordState(key, state, id string) error {
	return r.journal(recordJob, key, jobRecord{State: state, ID: id})
}

// state returns what was last recorded of a key's job.
func (t *trainer) state() (jobRecord, error) {
	var state jobRecord
	record, ok := t.Ledger.Last(recordJob, t.key)
	if !ok {
		return state, nil
	}
	if err := json.Unmarshal(record.Data, &state); err != nil {
		return state, fmt.Errorf("journal record of the job: %w", err)
	}
	return state, nil
}

// journal appends a record that is on disk when it returns.
func (r *runState) journal(kind, key string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("journal %s: %w", kind, err)
	}
	if err := r.Ledger.Append(ledger.Record{Time: r.Now(), Kind: kind, Key: key, Data: raw}); err != nil {
		return fmt.Errorf("journal %s: %w", kind, err)
	}
	return nil
}

// forgetAfter is how long a recorded job may be unknown to the provider before the run gives up.
const forgetAfter = 2 * time.Minute

// recorded returns the job that this machine recorded for the key.
func (t *trainer) recorded(ctx context.Context) (provider.Job, bool, error) {
	known, err := t.state()
	if err != nil || known.State != stateCreated {
		return provider.Job{}, false, err
	}
	job, err := t.knownJob(ctx, known.ID)
	if err := t.checkRecorded(ctx, known, job, err); err != nil {
		return provider.Job{}, false, err
	}
	return job, true, nil
}

// checkRecorded returns why the answer about a recorded job, or its absence, ends the run.
func (t *trainer) checkRecorded(ctx context.Context, known jobRecord, job provider.Job, err error) error {
	if isKind(err, provider.KindNotFound) {
		return &stuckError{
			Code:    "job_gone",
			Message: fmt.Sprintf("recorded job %s is unknown to the provider", known.ID),
			Way:     "check provider.base_url, which often ends in /v1, and the key's project; only if the job is really gone, change train.seed to train again",
			Err:     err,
		}
	}
	if err != nil {
		return err
	}
	if known.Model == job.Model { // as the service called it from the start
		job.Model = ""
	}
	if known.Method == job.Method {
		job.Method = ""
	}
	return t.check(ctx, job)
}

// knownJob asks for a job that is known to exist: a 404 may be a service that is not yet of one mind.
func (t *trainer) knownJob(ctx context.Context, id string) (provider.Job, error) {
	for start, delay := time.Now(), time.Second; ; delay = min(2*delay, 20*time.Second) {
		job, err := t.Trainer.Job(ctx, id)
		if !isKind(err, provider.KindNotFound) || time.Since(start)+delay > forgetAfter {
			return job, err
		}
		if err := pause(ctx, delay); err != nil {
			return provider.Job{}, err
		}
	}
}

// isAmbiguous reports whether the service may have acted although it did not say so.
func isAmbiguous(err error) bool {
	var refusal *provider.Error
	return errors.As(err, &refusal) && !refusal.Definite()
}

func isKind(err error, kind provider.Kind) bool {
	var refusal *provider.Error
	return errors.As(err, &refusal) && refusal.Kind == kind
}

// pause waits, or returns why the context ended first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
