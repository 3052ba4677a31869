package runner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"ftrun/runner/dataset"
	"ftrun/runner/provider"
)

// metadataKey is the job's metadata entry that carries the train key, so that any machine finds the job again.
const metadataKey = "ftrun_key"

// An order is the one job that a pipeline asks for: its key, and how the job and its file are found at the provider.
type order struct {
	*runState
	profile provider.Profile
	key     string
	bytes   int64 // of the training file
}

func (r *runState) order(prepared *dataset.Prepared) order {
	key := trainKey(r.Pipeline, prepared, r.Endpoint)
	r.run.Provenance.TrainKey = key
	return order{runState: r, profile: r.Endpoint.Profile(), key: key, bytes: prepared.Bytes}
}

// listed returns the job at the provider that these inputs already have: the oldest that lives or succeeded, else one that failed and
// ends the run without buying another. A cancelled job counts no more, nor do the first ones that the service itself broke.
func (o order) listed(ctx context.Context) (provider.Job, bool, error) {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return provider.Job{}, false, err
	}
	if job, found := oldestAlive(jobs); found {
		return job, true, nil
	}
	failed := slices.DeleteFunc(jobs, func(j provider.Job) bool { return j.Status != provider.StatusFailed })
	if i := slices.IndexFunc(failed, func(j provider.Job) bool { return !failedByService(j) }); i >= 0 {
		return failed[i], true, nil
	}
	if len(failed) > maxReplacements {
		return failed[len(failed)-1], true, nil
	}
	if len(failed) > 0 {
		o.inform(stageTrain, fmt.Sprintf("the service broke %d of this pipeline's jobs and billed nothing: a new one takes its place", len(failed)))
	}
	return provider.Job{}, false, nil
}

// maxReplacements is how many jobs may be created in place of those that the service broke.
const maxReplacements = 2

// failedByService reports whether a job certainly failed by no fault of its inputs, and certainly cost nothing.
func failedByService(j provider.Job) bool {
	return j.Status == provider.StatusFailed && j.Error != nil && provider.ServiceFault(j.Error.Code) && j.TrainedTokens != nil && *j.TrainedTokens == 0
}

// oldestAlive returns the oldest job that lives or succeeded. Whoever looks finds the same one: where two machines started at once,
// it is the one that both go on with.
func oldestAlive(jobs []provider.Job) (provider.Job, bool) {
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j provider.Job) bool {
		return j.Status == provider.StatusCancelled || j.Status == provider.StatusFailed
	})
	if len(jobs) == 0 {
		return provider.Job{}, false
	}
	return slices.MinFunc(jobs, byAge), true
}

func byAge(a, b provider.Job) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
}

// jobs returns every job of the order that the provider lists, oldest first.
func (o order) jobs(ctx context.Context) ([]provider.Job, error) {
	jobs, err := o.jobsByKey(ctx)
	if err != nil || len(jobs) > 0 {
		return jobs, err
	}
	return o.jobsByFile(ctx)
}

// jobsByKey finds the jobs that carry the train key in their metadata.
func (o order) jobsByKey(ctx context.Context) ([]provider.Job, error) {
	wanted := map[string]string{metadataKey: o.key}
	if o.profile.Metadata != provider.MetadataFilter { // one that is not known to filter may refuse to
		wanted = nil
	}
	jobs, err := o.Trainer.Jobs(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(jobs, func(j provider.Job) bool { return j.Metadata[metadataKey] != o.key }), nil // some ignore the filter
}

// jobsByFile finds jobs at a service that drops metadata: those of the training file, whose name carries the key. Where that file was
// never uploaded there is no such job.
func (o order) jobsByFile(ctx context.Context) ([]provider.Job, error) {
	files, err := o.uploads(ctx)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	jobs, err := o.Trainer.Jobs(ctx, nil)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(jobs, func(j provider.Job) bool {
		return j.Metadata[metadataKey] != "" || !slices.ContainsFunc(files, func(f provider.File) bool { return f.ID == j.TrainingFile })
	}), nil
}

// uploads returns the training files of the order at the provider. There can be several: of two machines, or of an upload whose answer
// was lost.
func (o order) uploads(ctx context.Context) ([]provider.File, error) {
	files, err := o.Trainer.Files(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(files, func(f provider.File) bool {
		return f.Name != trainingFileName(o.key) || f.Bytes != o.bytes
	}), nil
}

// uploaded returns the training file at the provider, where it is there and can be used.
func (o order) uploaded(ctx context.Context) (provider.File, bool, error) {
	files, err := o.uploads(ctx)
	if err != nil {
		return provider.File{}, false, err
	}
	i := slices.IndexFunc(files, func(f provider.File) bool { return f.Status != provider.FileError && f.Status != provider.FileDeleted })
	if i < 0 {
		return provider.File{}, false, nil
	}
	return files[i], true, nil
}
