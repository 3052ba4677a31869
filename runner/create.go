package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"ftrun/runner/provider"
)

// lookAgain returns the waits between looks for something whose creation was not answered; lists lag behind.
func lookAgain() []time.Duration {
	return []time.Duration{0, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second}
}

// create buys the job: an intent on disk, one POST, and after an answer that never came a long look before one more.
func (t *trainer) create(ctx context.Context) (provider.Job, error) {
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
	job, first := t.createOnce(ctx)
	for delay := time.Second; t.unseenFile(first) != "" && delay <= unseenPatience; delay *= 2 {
		t.inform(stageTrain, fmt.Sprintf("the provider does not see file %s yet: asking again", t.unseenFile(first)))
		if err := pause(ctx, delay); err != nil {
			return provider.Job{}, err
		}
		job, first = t.createOnce(ctx)
	}
	if t.refusesMetadata(first) {
		t.withoutMetadata = true
		t.warn(stageTrain, "the provider refuses a job's metadata: the job carries none, and is found again by its training file")
		job, first = t.createOnce(ctx)
	}
	if !isAmbiguous(first) {
		return job, first
	}
	if job, found, err := t.searchAfterLoss(ctx); err != nil || found {
		return job, err
	}
	job, second := t.createOnce(ctx)
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
func (t *trainer) createOnce(ctx context.Context) (provider.Job, error) {
	if err := t.recordState(t.key, stateIntent, ""); err != nil {
		return provider.Job{}, err
	}
	ctx, cancel := outlive(ctx, answerGrace)
	defer cancel()
	job, err := t.Trainer.CreateJob(ctx, provider.JobRequest{
		Model:           t.Pipeline.BaseModel,
		TrainingFile:    t.training.id,
		ValidationFile:  t.validation.id,
		Method:          t.Pipeline.Train.Method,
		Hyperparameters: t.Pipeline.Train.Hyperparameters,
		Suffix:          t.Pipeline.Train.Suffix,
		Seed:            t.Pipeline.Train.Seed,
		Metadata:        t.metadata(),
	})
	var refusal *provider.Error
	switch {
	case err == nil:
		return job, t.recordCreated(job)
	case errors.As(err, &refusal) && refusal.Definite() && !t.inDoubt: // a no to this POST says nothing of an earlier one
		if recordErr := t.recordState(t.key, stateRefused, ""); recordErr != nil {
			return provider.Job{}, errors.Join(err, recordErr)
		}
	}
	return provider.Job{}, err
}

// metadata is what the job carries: the user's, and the key by which any machine finds it again.
func (t *trainer) metadata() map[string]string {
	if t.withoutMetadata {
		return nil
	}
	metadata := map[string]string{metadataKey: t.key}
	maps.Copy(metadata, t.Pipeline.Train.Metadata)
	return metadata
}

// refusesMetadata reports whether a service certainly refused a job, and its metadata is why.
func (t *trainer) refusesMetadata(err error) bool {
	var refusal *provider.Error
	if t.withoutMetadata || !errors.As(err, &refusal) || refusal.Kind != provider.KindInvalid || !refusal.Definite() {
		return false
	}
	return strings.Contains(strings.ToLower(refusal.Param+" "+refusal.Message), "metadata")
}

// unseenPatience is the longest wait before a job is asked for once more whose file the service does not see: some are not yet of one
// mind about a new file. The refusal is certain, so nothing is bought twice.
const unseenPatience = 8 * time.Second

// unseenFile returns the file for want of which a service certainly refused a job, or nothing: where the service does not say which of what
// the job names is missing, it may be the training file.
func (t *trainer) unseenFile(err error) string {
	var refusal *provider.Error
	switch {
	case !errors.As(err, &refusal) || !refusal.Definite():
		return ""
	case refusal.Param == "validation_file":
		return t.validation.id
	case refusal.Param == "training_file", refusal.Kind == provider.KindNotFound && refusal.Param != "model" && refusal.Code != "model_not_found":
		return t.training.id
	default:
		return ""
	}
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
