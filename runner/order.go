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

	training, validation jobFile // validation has no name where there is none
}

func (r *runState) order(prepared *dataset.Prepared) order {
	key := trainKey(r.Pipeline, prepared, r.Endpoint)
	r.run.Provenance.TrainKey = key
	training, validation := filesOf(key, prepared)
	return order{runState: r, profile: r.Endpoint.Profile(), key: key, training: training, validation: validation}
}

// listed returns the job at the provider that these inputs already have: the oldest that lives or succeeded, else one that failed and
// ends the run without buying another. A cancelled job counts no more, nor do the first ones that the service itself broke.
func (o order) listed(ctx context.Context) (provider.Job, bool, error) {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return provider.Job{}, false, err
	}
	if job, found := oldestAlive(jobs); found {
		return job, true, o.check(ctx, job)
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

// check returns why a job that is found for the order can't be its job: a key in the metadata is a claim, and so is a line in a state
// folder that came from somewhere. What the service does not say is no contradiction.
func (o order) check(ctx context.Context, j provider.Job) error {
	wrong := ""
	switch {
	case o.carriesOther(j):
		wrong = "it carries the key of other inputs"
	case !sameModel(j.Model, o.Pipeline.BaseModel):
		wrong = fmt.Sprintf("it trains %q, not %q", j.Model, o.Pipeline.BaseModel)
	case j.Method != o.Pipeline.Train.Method && (j.Method == "supervised" || j.Method == "dpo" || j.Method == "reinforcement"): // others are names of a service
		wrong = fmt.Sprintf("its method is %q, not %q", j.Method, o.Pipeline.Train.Method)
	default:
		wrong = o.otherFile(ctx, j)
	}
	if wrong == "" {
		return nil
	}
	return &stuckError{
		Code:    "job_mismatch",
		Message: fmt.Sprintf("job %s stands for this pipeline and is not its job: %s", j.ID, wrong),
		Way:     "if the state folder is not of this pipeline, remove it; if the provider's list shows the job with this pipeline's key, somebody put it there",
	}
}

// otherFile says that a job was made from a file that is certainly not the order's, or nothing. A name proves that only of ftrun's own
// files, or where the order's file is listed too: some services rename what they are sent, and files expire.
func (o order) otherFile(ctx context.Context, j provider.Job) string {
	if isUnsaidOr(j.TrainingFile, o.training.id) && isUnsaidOr(j.ValidationFile, o.validation.id) {
		return ""
	}
	files, err := o.Trainer.Files(ctx)
	if err != nil {
		return "" // the job itself is what was asked for
	}
	if name := otherName(files, j.TrainingFile, o.training); name != "" {
		return fmt.Sprintf("it was made from the file %q", name)
	}
	if name := otherName(files, j.ValidationFile, o.validation); name != "" {
		return fmt.Sprintf("it was validated with the file %q", name)
	}
	return ""
}

// isUnsaidOr reports whether a job does not name a file, or the one that is known to be its own.
func isUnsaidOr(id, own string) bool { return id == "" || id == own }

// otherName returns the name of a file that is certainly not the one that it stands for, or nothing.
func otherName(files []provider.File, id string, own jobFile) string {
	if isUnsaidOr(id, own.id) {
		return ""
	}
	i := slices.IndexFunc(files, func(f provider.File) bool { return f.ID == id })
	if i < 0 || files[i].Name == own.name {
		return ""
	}
	isOwn := func(f provider.File) bool { return own.name != "" && f.Name == own.name }
	if strings.HasPrefix(files[i].Name, ownPrefix) || files[i].Name != "" && slices.ContainsFunc(files, isOwn) {
		return files[i].Name
	}
	return ""
}

// sameModel reports whether a job's model may be the one that was asked for: services answer an alias with its snapshot, and some put
// a prefix before the name.
func sameModel(got, asked string) bool {
	if got == "" {
		return true
	}
	bare := func(name string) string { return strings.ToLower(name[strings.LastIndexByte(name, '/')+1:]) }
	a, b := bare(got), bare(asked)
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
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

// byAge sorts by what a list says; a job without a date is younger than any with one.
func byAge(a, b provider.Job) int {
	if a.CreatedAt.IsZero() != b.CreatedAt.IsZero() {
		if a.CreatedAt.IsZero() {
			return 1
		}
		return -1
	}
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
	return slices.DeleteFunc(jobs, func(j provider.Job) bool { return !o.carries(j) }), nil // some ignore the filter
}

// carries reports whether a job carries the order's key; some services cut long values off, and as much of the key as stands in file
// names is enough.
func (o order) carries(j provider.Job) bool {
	carried := j.Metadata[metadataKey]
	return len(carried) >= keyLength && strings.HasPrefix(o.key, carried)
}

// carriesOther reports whether a job carries the key of another order.
func (o order) carriesOther(j provider.Job) bool {
	return j.Metadata[metadataKey] != "" && !o.carries(j)
}

// jobsByFile finds jobs at a service that drops metadata: those of the training file, whose name carries the key. Where that file was
// never uploaded there is no such job.
func (o order) jobsByFile(ctx context.Context) ([]provider.Job, error) {
	files, err := o.uploads(ctx, o.training)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, f := range files {
		ids[f.ID] = true
	}
	if o.training.id != "" {
		ids[o.training.id] = true
	}
	if len(ids) == 0 {
		return nil, nil
	}
	jobs, err := o.Trainer.Jobs(ctx, nil)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(jobs, func(j provider.Job) bool { return o.carriesOther(j) || !ids[j.TrainingFile] }), nil
}

// uploads returns the copies of a file at the provider. There can be several: of two machines, or of an upload whose answer was lost.
func (o order) uploads(ctx context.Context, own jobFile) ([]provider.File, error) {
	files, err := o.Trainer.Files(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(files, func(f provider.File) bool {
		return f.Name != own.name || f.Bytes != own.bytes && f.Bytes != 0 // some services do not say the size
	}), nil
}

// uploaded returns a file at the provider, where it is there and can be used.
func (o order) uploaded(ctx context.Context, own jobFile) (provider.File, bool, error) {
	files, err := o.uploads(ctx, own)
	if err != nil {
		return provider.File{}, false, err
	}
	i := slices.IndexFunc(files, func(f provider.File) bool { return f.Status != provider.FileError && f.Status != provider.FileDeleted })
	if i < 0 {
		return provider.File{}, false, nil
	}
	return files[i], true, nil
}
