// Package providertest holds what tests of providers share: one conformance suite for every implementation of the provider's
// interfaces, and a small fake that passes it. Only tests import it.
package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"ftrun/runner/provider"
)

// A Fake is a provider in memory. Jobs take time by the clock, which a synctest bubble makes fast. Its fields may be set before
// use; it is safe for concurrent use after that.
type Fake struct {
	Queued   time.Duration                                                     // before a job runs
	Running  time.Duration                                                     // before a running job ends
	Outcome  provider.Status                                                   // how jobs end; default succeeded
	Failure  *provider.JobFailure                                              // why jobs fail
	Billed   *int64                                                            // trained tokens of jobs that fail
	Passing  []provider.Status                                                 // statuses that share the running time, in turn; default running
	NoEcho   bool                                                              // metadata is dropped
	NoMeta   bool                                                              // a job with metadata is refused
	Settling time.Duration                                                     // before an uploaded file is processed
	Curves   []provider.CurvePoint                                             // of every job that succeeds
	Shutdown string                                                            // shutdown_date of every model
	ListLag  time.Duration                                                     // before a created job is listed
	NotReady time.Duration                                                     // before a new model answers
	Answer   func(req provider.CompletionRequest) (provider.Completion, error) // default: echoes the question, or does as its tools and its format want it
	Vector   func(text string) []float64                                       // of a text; default: its words, each counted at a place of its own
	Fail     func(op string, n int) (err error, acted bool)                    // an error for the n-th call of op (from 1), and whether it acted all the same

	mu    sync.Mutex
	calls map[string]int
	files []fakeFile
	jobs  []*fakeJob
	gone  []string // models that were deleted
	cold  bool     // ColdModel has refused a temperature
	asked []provider.CompletionRequest
}

type fakeFile struct {
	provider.File
	uploaded time.Time
}

type fakeJob struct {
	provider.Job
	started   time.Time // CreatedAt, without the wire's rounding
	cancelled time.Time
}

var (
	_ provider.Trainer   = (*Fake)(nil)
	_ provider.Completer = (*Fake)(nil)
	_ provider.Embedder  = (*Fake)(nil)
)

// Calls returns how often an operation was called: upload, files, file, delete, create, job, jobs, events, cancel, curve,
// checkpoints, model, delete model, complete, embed.
func (f *Fake) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// Created returns how many jobs exist, whatever became of them: what a provider would bill.
func (f *Fake) Created() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.jobs)
}

// Asked returns every completion that was asked for.
func (f *Fake) Asked() []provider.CompletionRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// begin counts a call and returns the error that is scripted for it. Its caller holds the lock.
func (f *Fake) begin(ctx context.Context, op string) (err error, act bool) {
	if err := context.Cause(ctx); err != nil {
		return err, false
	}
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[op]++
	if f.Fail == nil {
		return nil, true
	}
	err, acted := f.Fail(op, f.calls[op])
	return err, err == nil || acted
}

// Upload keeps the file's name and size.
func (f *Fake) Upload(ctx context.Context, u provider.Upload) (provider.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	failure, act := f.begin(ctx, "upload")
	if !act {
		return provider.File{}, failure
	}
	body, err := u.Open()
	if err != nil {
		return provider.File{}, &provider.Error{Op: "upload", Kind: provider.KindInvalid, Err: err}
	}
	defer body.Close()
	n, err := io.Copy(io.Discard, body)
	if err != nil {
		return provider.File{}, &provider.Error{Op: "upload", Kind: provider.KindBroken, Err: err}
	}
	file := provider.File{
		ID: fmt.Sprintf("file-%d", len(f.files)+1), Name: u.Name, Purpose: "fine-tune", Bytes: n, CreatedAt: now(),
	}
	f.files = append(f.files, fakeFile{file, time.Now()})
	return f.viewFile(f.files[len(f.files)-1]), failure
}

// Files lists the files.
func (f *Fake) Files(ctx context.Context) ([]provider.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	err, _ := f.begin(ctx, "files")
	files := make([]provider.File, len(f.files))
	for i, file := range f.files {
		files[i] = f.viewFile(file)
	}
	return files, err
}

// File returns a file as it is at this time.
func (f *Fake) File(ctx context.Context, id string) (provider.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "file"); err != nil {
		return provider.File{}, err
	}
	i := slices.IndexFunc(f.files, func(file fakeFile) bool { return file.ID == id })
	if i < 0 {
		return provider.File{}, &provider.Error{Op: "get file " + id, Kind: provider.KindNotFound, Status: 404}
	}
	return f.viewFile(f.files[i]), nil
}

// viewFile is the file at this time.
func (f *Fake) viewFile(file fakeFile) provider.File {
	out := file.File
	out.Status = provider.FileProcessed
	if time.Since(file.uploaded) < f.Settling {
		out.Status = provider.FilePending
	}
	return out
}

// DeleteFile removes a file.
func (f *Fake) DeleteFile(ctx context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "delete"); err != nil {
		return err
	}
	f.files = slices.DeleteFunc(f.files, func(file fakeFile) bool { return file.ID == id })
	return nil
}

// CreateJob starts a job.
func (f *Fake) CreateJob(ctx context.Context, req provider.JobRequest) (provider.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	failure, act := f.begin(ctx, "create")
	if !act {
		return provider.Job{}, failure
	}
	for param, id := range map[string]string{"training_file": req.TrainingFile, "validation_file": req.ValidationFile} {
		if !slices.ContainsFunc(f.files, func(file fakeFile) bool { return file.ID == id }) && (id != "" || param == "training_file") {
			return provider.Job{}, &provider.Error{Op: "create job", Kind: provider.KindInvalid, Status: 400, Message: "no such file", Param: param}
		}
	}
	if f.NoMeta && len(req.Metadata) > 0 {
		return provider.Job{}, &provider.Error{Op: "create job", Kind: provider.KindInvalid, Status: 400, Message: "unknown field", Param: "metadata"}
	}
	job := &fakeJob{started: time.Now(), Job: provider.Job{
		ID: fmt.Sprintf("ftjob-%d", len(f.jobs)+1), Model: req.Model, TrainingFile: req.TrainingFile, ValidationFile: req.ValidationFile, Seed: req.Seed,
		Method: req.Method, Hyperparameters: req.Hyperparameters, Metadata: maps.Clone(req.Metadata), CreatedAt: now(),
	}}
	if f.NoEcho {
		job.Metadata = nil
	}
	f.jobs = append(f.jobs, job)
	return f.view(job), failure
}

// Job returns a job as it is at this time.
func (f *Fake) Job(ctx context.Context, id string) (provider.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "job"); err != nil {
		return provider.Job{}, err
	}
	job, err := f.find(id)
	if err != nil {
		return provider.Job{}, err
	}
	return f.view(job), nil
}

// Jobs lists the jobs that carry the metadata, once the lag has passed.
func (f *Fake) Jobs(ctx context.Context, metadata map[string]string) ([]provider.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "jobs"); err != nil {
		return nil, err
	}
	var jobs []provider.Job
	for _, job := range f.jobs {
		if time.Since(job.started) < f.ListLag {
			continue
		}
		if carries(job.Metadata, metadata) {
			jobs = append(jobs, f.view(job))
		}
	}
	return jobs, nil
}

func carries(have, want map[string]string) bool {
	for k, v := range want {
		if have[k] != v {
			return false
		}
	}
	return true
}

// Events returns two events a job: that it was created, and how it ended.
func (f *Fake) Events(ctx context.Context, jobID, after string) ([]provider.JobEvent, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "events"); err != nil {
		return nil, err
	}
	job, err := f.find(jobID)
	if err != nil {
		return nil, err
	}
	events := []provider.JobEvent{{ID: jobID + "-1", CreatedAt: job.CreatedAt, Level: "info", Type: "message", Message: "created"}}
	if view := f.view(job); view.Status.Terminal() {
		events = append(events, provider.JobEvent{ID: jobID + "-2", CreatedAt: view.FinishedAt, Level: "info", Type: "message", Message: string(view.Status)})
	}
	i := slices.IndexFunc(events, func(e provider.JobEvent) bool { return e.ID == after })
	return events[i+1:], nil
}

// CancelJob ends a job that has not ended.
func (f *Fake) CancelJob(ctx context.Context, id string) (provider.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "cancel"); err != nil {
		return provider.Job{}, err
	}
	job, err := f.find(id)
	if err != nil {
		return provider.Job{}, err
	}
	if f.view(job).Status.Terminal() {
		return provider.Job{}, &provider.Error{Op: "cancel job " + id, Kind: provider.KindInvalid, Status: 400, Message: "job has ended"}
	}
	job.cancelled = now()
	return f.view(job), nil
}

// Curve returns the curve of a job that succeeded.
func (f *Fake) Curve(ctx context.Context, job provider.Job) ([]provider.CurvePoint, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "curve"); err != nil {
		return nil, err
	}
	if job.Status != provider.StatusSucceeded {
		return nil, nil
	}
	return slices.Clone(f.Curves), nil
}

// Checkpoints returns one checkpoint of a job that succeeded, beside its model.
func (f *Fake) Checkpoints(ctx context.Context, jobID string) ([]provider.Checkpoint, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "checkpoints"); err != nil {
		return nil, err
	}
	job, err := f.find(jobID)
	if err != nil {
		return nil, err
	}
	view := f.view(job)
	if view.FineTunedModel == "" {
		return nil, nil
	}
	return []provider.Checkpoint{
		{ID: jobID + "-ckpt-2", Model: view.FineTunedModel},
		{ID: jobID + "-ckpt-1", Model: view.FineTunedModel + checkpointSuffix},
	}, nil
}

const checkpointSuffix = ":ckpt-step-1"

// Model knows every base model, and the fine-tuned models that exist.
func (f *Fake) Model(ctx context.Context, id string) (provider.Model, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, _ := f.begin(ctx, "model"); err != nil {
		return provider.Model{}, err
	}
	if err := f.findModel(id); err != nil {
		return provider.Model{}, err
	}
	return provider.Model{ID: id, OwnedBy: "providertest", ShutdownDate: f.Shutdown}, nil
}

// DeleteModel removes a fine-tuned model.
func (f *Fake) DeleteModel(ctx context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err, act := f.begin(ctx, "delete model")
	if act {
		f.gone = append(f.gone, id)
	}
	return err
}

func (f *Fake) find(id string) (*fakeJob, error) {
	i := slices.IndexFunc(f.jobs, func(j *fakeJob) bool { return j.ID == id })
	if i < 0 {
		return nil, &provider.Error{Op: "get job " + id, Kind: provider.KindNotFound, Status: 404, Code: "fine_tune_not_found"}
	}
	return f.jobs[i], nil
}

// findModel returns nil for a model that would answer.
func (f *Fake) findModel(id string) error {
	if !strings.HasPrefix(id, "ft:") {
		return nil
	}
	for _, job := range f.jobs {
		view := f.view(job)
		named := view.FineTunedModel != "" && view.FineTunedModel == strings.TrimSuffix(id, checkpointSuffix)
		if named && time.Since(view.FinishedAt) >= f.NotReady && !slices.Contains(f.gone, id) {
			return nil
		}
	}
	return &provider.Error{Op: "ask " + id, Kind: provider.KindNotFound, Status: 404, Code: "model_not_found"}
}

// view is the job at this time.
func (f *Fake) view(job *fakeJob) provider.Job {
	out := job.Job
	out.Metadata = maps.Clone(job.Metadata)
	age := time.Since(job.started)
	passing := f.Passing
	if len(passing) == 0 {
		passing = []provider.Status{provider.StatusRunning}
	}
	switch {
	case !job.cancelled.IsZero():
		out.Status, out.FinishedAt = provider.StatusCancelled, job.cancelled
	case age < f.Queued:
		out.Status = provider.StatusQueued
	case age < f.Queued+f.Running:
		out.Status = passing[int(age-f.Queued)*len(passing)/int(f.Running)]
	default:
		f.end(&out)
	}
	out.Raw, _ = json.Marshal(map[string]any{"id": out.ID, "status": out.Status})
	return out
}

func (f *Fake) end(job *provider.Job) {
	job.FinishedAt = job.CreatedAt.Add(f.Queued + f.Running)
	job.Status = f.Outcome
	if job.Status == "" {
		job.Status = provider.StatusSucceeded
	}
	switch job.Status {
	case provider.StatusSucceeded:
		tokens := int64(1000)
		job.TrainedTokens, job.FineTunedModel = &tokens, "ft:"+job.Model+":fake::"+job.ID
	case provider.StatusFailed:
		job.Error, job.TrainedTokens = f.Failure, f.Billed
	}
}

// now has the wire's precision: whole seconds.
func now() time.Time { return time.Now().Truncate(time.Second) }
