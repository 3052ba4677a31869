package runner

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"ftrun/runner/provider"
	"ftrun/runner/result"
)

// standing returns the order that a run of the pipeline would work on, found out without writing anything. Problems in the data are
// its error: without them there is no key.
func standing(ctx context.Context, o Options) (order, error) {
	r := &runState{Options: o, run: &result.Run{}}
	prepared, _, err := r.lookPrepared(ctx, nil)
	if err != nil {
		return order{}, err
	}
	return r.order(prepared), nil
}

// recordedState returns what was last recorded of the order's job.
func (o order) recordedState() (jobRecord, error) { return (&trainer{order: o}).state() }

// A manageError says what could not be done about a pipeline that is not running here, and the way out.
type manageError struct {
	message string
	way     string
}

func (e *manageError) Error() string { return e.message }

// Hint returns the way out.
func (e *manageError) Hint() string { return e.way }

var (
	trainKeyPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	uploadPattern   = regexp.MustCompile(`^ftrun-([0-9a-f]{16})-(?:train|valid)\.jsonl$`)
)

// keyOf returns the train key that a job carries; empty: it is not known to be ftrun's.
func keyOf(j provider.Job) string {
	if key := j.Metadata[metadataKey]; trainKeyPattern.MatchString(key) {
		return key
	}
	return ""
}

// uploadKey returns the beginning of the train key that an uploaded file is named after; empty: it is not ftrun's.
func uploadKey(f provider.File) string {
	if m := uploadPattern.FindStringSubmatch(f.Name); m != nil && (f.Purpose == "" || f.Purpose == "fine-tune") {
		return m[1]
	}
	return ""
}

// uses reports whether a job was given a file.
func uses(j provider.Job, file string) bool {
	return j.TrainingFile == file || j.ValidationFile == file
}

// living returns the jobs that have not ended.
func living(jobs []provider.Job) []provider.Job {
	return slices.DeleteFunc(slices.Clone(jobs), func(j provider.Job) bool { return j.Status.Terminal() })
}

// isGone reports whether the service says that it has no such thing.
func isGone(err error) bool {
	var refusal *provider.Error
	return errors.As(err, &refusal) && refusal.Kind == provider.KindNotFound
}
