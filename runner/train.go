package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
)

// metadataKey is the job's metadata entry that carries the train key, so that any machine finds the job again.
const metadataKey = "ftrun_key"

// train takes up the job that these inputs already have, or creates it: at most one is ever paid for.
func (r *runState) train(ctx context.Context, prepared *dataset.Prepared, key string) (done[provider.Job], error) {
	t := &trainer{
		runState: r,
		key:      key,
		prepared: prepared,
	}
	outcome, err := t.obtain(ctx)
	if err != nil {
		return outcome, err
	}
	r.noteJob(outcome.Value, t.key)
	r.emit(result.Event{Type: result.EventJob, Stage: stageTrain, Job: r.run.Job, Changed: true})
	return outcome, nil
}

// A trainer obtains the one job of a train key.
type trainer struct {
	*runState
	key      string
	prepared *dataset.Prepared
	inDoubt  bool // an earlier POST of this key was never answered
}

// obtain looks in the order of trust: what this machine recorded, what the provider lists, and only then a new job.
func (t *trainer) obtain(ctx context.Context) (done[provider.Job], error) {
	job, found, err := t.recorded(ctx)
	if err != nil {
		return done[provider.Job]{}, err
	}
	if found {
		return done[provider.Job]{Value: job, Status: result.StageReused, Reason: "job " + job.ID + " of an earlier run"}, nil
	}
	job, found, err = t.listed(ctx)
	if err != nil {
		return done[provider.Job]{}, err
	}
	if found {
		return done[provider.Job]{Value: job, Status: result.StageAdopted, Reason: "job " + job.ID + " found at the provider"},
			t.recordState(t.key, stateCreated, job.ID)
	}
	file, err := t.upload(ctx)
	if err != nil {
		return done[provider.Job]{}, err
	}
	job, err = t.create(ctx, file)
	if err != nil {
		return done[provider.Job]{}, err
	}
	return done[provider.Job]{Value: job, Reason: "job " + job.ID + " created"}, nil
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
	if isKind(err, provider.KindNotFound) {
		return provider.Job{}, false, &stuckError{
			Code:    "job_gone",
			Message: fmt.Sprintf("recorded job %s is unknown to the provider", known.ID),
			Way:     "if it is really gone, change train.seed to train again",
			Err:     err,
		}
	}
	if err != nil {
		return provider.Job{}, false, err
	}
	if carried := job.Metadata[metadataKey]; carried != "" && carried != t.key {
		return provider.Job{}, false, &stuckError{
			Code:    "job_mismatch",
			Message: fmt.Sprintf("recorded job %s belongs to other inputs", job.ID),
			Way:     "the state folder is not of this pipeline: remove it, and the job is looked for at the provider",
		}
	}
	return job, true, nil
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

// listed returns the job at the provider that these inputs already have: the oldest that lives or succeeded, else the oldest that
// failed, which ends the run without buying another. A cancelled job counts no more.
func (t *trainer) listed(ctx context.Context) (provider.Job, bool, error) {
	jobs, err := t.Trainer.Jobs(ctx, map[string]string{metadataKey: t.key})
	if err != nil {
		return provider.Job{}, false, err
	}
	jobs = slices.DeleteFunc(jobs, func(j provider.Job) bool { return j.Metadata[metadataKey] != t.key }) // some services ignore the filter
	if len(jobs) == 0 {
		if jobs, err = t.listedByFile(ctx); err != nil {
			return provider.Job{}, false, err
		}
	}
	jobs = slices.DeleteFunc(jobs, func(j provider.Job) bool { return j.Status == provider.StatusCancelled })
	if len(jobs) == 0 {
		return provider.Job{}, false, nil
	}
	if i := slices.IndexFunc(jobs, func(j provider.Job) bool { return j.Status != provider.StatusFailed }); i >= 0 {
		return jobs[i], true, nil // jobs are sorted, oldest first
	}
	return jobs[0], true, nil
}

// listedByFile finds jobs at a service that drops metadata: those of the training file, whose name carries the key. Where that file
// was never uploaded there is no such job.
func (t *trainer) listedByFile(ctx context.Context) ([]provider.Job, error) {
	file, found, err := t.uploaded(ctx)
	if err != nil || !found {
		return nil, err
	}
	jobs, err := t.Trainer.Jobs(ctx, nil)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(jobs, func(j provider.Job) bool { return j.TrainingFile != file.ID || j.Metadata[metadataKey] != "" }), nil
}

// upload returns the training file at the provider, sending it only where it is not there yet: its name carries the key.
func (t *trainer) upload(ctx context.Context) (provider.File, error) {
	if file, found, err := t.uploaded(ctx); err != nil || found {
		return file, err
	}
	file, err := t.Trainer.Upload(ctx, provider.Upload{
		Name: trainingFileName(t.key),
		Size: t.prepared.Bytes,
		Open: func() (io.ReadCloser, error) { return os.Open(t.prepared.Path) },
	})
	if !isAmbiguous(err) {
		return file, err
	}
	// The answer is lost, the file may be there: look before sending it again with the next run.
	for _, delay := range lookAgain() {
		if err := pause(ctx, delay); err != nil {
			return provider.File{}, err
		}
		if file, found, lookErr := t.uploaded(ctx); lookErr == nil && found {
			return file, nil
		}
	}
	return provider.File{}, err
}

func (t *trainer) uploaded(ctx context.Context) (provider.File, bool, error) {
	files, err := t.Trainer.Files(ctx)
	if err != nil {
		return provider.File{}, false, err
	}
	for _, f := range files {
		if f.Name == trainingFileName(t.key) && f.Bytes == t.prepared.Bytes && f.Status != provider.FileError && f.Status != provider.FileDeleted {
			return f, true, nil
		}
	}
	return provider.File{}, false, nil
}

// lookAgain returns the waits between looks for something whose creation was not answered; lists lag behind.
func lookAgain() []time.Duration {
	return []time.Duration{0, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second}
}

// create buys the job: an intent on disk, one POST, and after an answer that never came a long look before one more.
func (t *trainer) create(ctx context.Context, file provider.File) (provider.Job, error) {
	before, err := t.state()
	if err != nil {
		return provider.Job{}, err
	}
	if before.State == stateIntent {
		t.inform(stageTrain, "an earlier run may have created the job: looking for it")
		t.inDoubt = true
		if job, found, err := t.search(ctx); err != nil || found {
			return job, err
		}
	}
	job, first := t.createOnce(ctx, file)
	if !isAmbiguous(first) {
		return job, first
	}
	if job, found, err := t.searchAfterLoss(ctx); err != nil || found {
		return job, err
	}
	job, second := t.createOnce(ctx, file)
	if !isAmbiguous(second) {
		return job, second
	}
	if job, found, err := t.searchAfterLoss(ctx); err != nil || found {
		return job, err
	}
	return provider.Job{}, &stuckError{
		Code:    "create_ambiguous",
		Message: fmt.Sprintf("job creation was not answered twice, and no such job is listed (first: %v)", first),
		Way:     "look at the provider's list of jobs before running again; the same command adopts a job that turns up",
		Err:     second,
	}
}

// searchAfterLoss looks for the job of a POST whose answer is lost.
func (t *trainer) searchAfterLoss(ctx context.Context) (provider.Job, bool, error) {
	t.inDoubt = true
	t.inform(stageTrain, "the answer to the job's creation is lost: looking for the job")
	return t.search(ctx)
}

// createOnce sends one POST between two records.
func (t *trainer) createOnce(ctx context.Context, file provider.File) (provider.Job, error) {
	if err := t.recordState(t.key, stateIntent, ""); err != nil {
		return provider.Job{}, err
	}
	metadata := maps.Clone(t.Pipeline.Train.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	metadata[metadataKey] = t.key
	ctx, cancel := outlive(ctx, answerGrace)
	defer cancel()
	job, err := t.Trainer.CreateJob(ctx, provider.JobRequest{
		Model:           t.Pipeline.BaseModel,
		TrainingFile:    file.ID,
		Method:          t.Pipeline.Train.Method,
		Hyperparameters: t.Pipeline.Train.Hyperparameters,
		Suffix:          t.Pipeline.Train.Suffix,
		Seed:            t.Pipeline.Train.Seed,
		Metadata:        metadata,
	})
	var refusal *provider.Error
	switch {
	case err == nil:
		return job, t.recordState(t.key, stateCreated, job.ID)
	case errors.As(err, &refusal) && refusal.Definite() && !t.inDoubt: // a no to this POST says nothing of an earlier one
		if recordErr := t.recordState(t.key, stateRefused, ""); recordErr != nil {
			return provider.Job{}, errors.Join(err, recordErr)
		}
	}
	return provider.Job{}, err
}

// answerGrace is how long an interrupted run still waits for the answer to a request that costs money.
const answerGrace = 4 * time.Second

// outlive returns a context that ends a while after its parent does.
func outlive(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		if pause(ctx, grace) == nil {
			cancel(context.Cause(parent))
		}
	})
	return ctx, func() { stop(); cancel(nil) }
}

// search looks for a job that may have been created, for as long as a list may lag.
func (t *trainer) search(ctx context.Context) (provider.Job, bool, error) {
	for _, delay := range lookAgain() {
		if err := pause(ctx, delay); err != nil {
			return provider.Job{}, false, err
		}
		job, found, err := t.listed(ctx)
		if err != nil {
			return provider.Job{}, false, err
		}
		if found {
			return job, true, t.recordState(t.key, stateCreated, job.ID)
		}
	}
	return provider.Job{}, false, nil
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
