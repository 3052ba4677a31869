// Package provider is the remote service as ftrun sees it: files, fine-tuning jobs, models, completions, errors, and the
// table of services it knows. It holds no client library; package runner/provider/openai speaks the wire.
package provider

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"time"
)

// A Status is a fine-tuning job's status, spelt as on the wire. Services add their own: an unknown status is progress.
type Status string

// The statuses of the published API, and paused, which services report without listing it.
const (
	StatusValidatingFiles Status = "validating_files"
	StatusQueued          Status = "queued"
	StatusRunning         Status = "running"
	StatusPaused          Status = "paused"
	StatusSucceeded       Status = "succeeded"
	StatusFailed          Status = "failed"
	StatusCancelled       Status = "cancelled"
)

// Terminal reports whether a job in this status will never change again.
func (s Status) Terminal() bool {
	return s == StatusSucceeded || s == StatusFailed || s == StatusCancelled
}

// HasRun reports whether a job in this status has begun to train, and may have cost something.
func (s Status) HasRun() bool {
	return s == StatusRunning || s == StatusPaused || s.Terminal()
}

// Known reports whether the status is one of those declared above.
func (s Status) Known() bool {
	switch s {
	case StatusValidatingFiles, StatusQueued, StatusRunning, StatusPaused, StatusSucceeded, StatusFailed, StatusCancelled:
		return true
	default:
		return false
	}
}

// A File is an uploaded file.
type File struct {
	ID        string
	Name      string
	Purpose   string
	Bytes     int64
	Status    FileStatus
	Details   string // why its status is what it is, in the service's words
	CreatedAt time.Time
}

// A FileStatus is deprecated on the wire, and yet some services use a file only once it is processed.
type FileStatus string

// The statuses of a file; pending and deleted are additions of services.
const (
	FilePending   FileStatus = "pending"
	FileUploaded  FileStatus = "uploaded"
	FileProcessed FileStatus = "processed"
	FileError     FileStatus = "error"
	FileDeleted   FileStatus = "deleted"
)

// An Upload is a file to send. Open may be called several times: a retry reads from the start again.
type Upload struct {
	Name string
	Size int64 // bytes
	Open func() (io.ReadCloser, error)

	ExpiresAfter time.Duration // how long the service keeps the file, in whole seconds; 0: until it is deleted
}

// A JobRequest asks for a fine-tuning job.
type JobRequest struct {
	Model           string
	TrainingFile    string // file id
	ValidationFile  string // file id, or empty
	Method          string // "supervised" or "dpo"
	Hyperparameters map[string]any
	Suffix          string
	Seed            *int
	Metadata        map[string]string
}

// A Job is a fine-tuning job as the service reports it. Zero times and nil pointers mean that it did not say.
type Job struct {
	ID              string
	Status          Status
	Model           string
	FineTunedModel  string
	TrainingFile    string
	ValidationFile  string
	CreatedAt       time.Time
	FinishedAt      time.Time
	EstimatedFinish time.Time
	TrainedTokens   *int64
	Seed            *int
	Method          string
	Hyperparameters map[string]any // numbers, or "auto"
	Metadata        map[string]string
	ResultFiles     []string
	Error           *JobFailure
	Raw             json.RawMessage // the whole reply, so that nothing the service said is lost
}

// A JobFailure is the service's reason for a failed job.
type JobFailure struct {
	Code    string
	Message string
	Param   string
}

// ServiceFault reports whether the code of a failed job says that the service broke it. What is not known to say so does not.
// Sources: the published error codes, and the spellings that Azure uses for the same.
func ServiceFault(code string) bool {
	switch strings.ToLower(code) {
	case "server_error", "internal_error", "internal_server_error", "internalerror", "internalservererror", "service_unavailable", "serviceunavailable":
		return true
	default:
		return false
	}
}

// A JobEvent is one line of the service's log of a job.
type JobEvent struct {
	ID        string
	CreatedAt time.Time
	Level     string // info, warn or error
	Type      string // message, metrics, or what the service adds
	Message   string
	Data      map[string]any
}

// A CurvePoint is what the service measured at one training step. Nil was not measured.
type CurvePoint struct {
	Step          int
	TrainLoss     *float64
	TrainAccuracy *float64 // mean token accuracy, 0..1
	ValidLoss     *float64 // over the whole validation file where the service says so, else over a part of it
	ValidAccuracy *float64 // likewise
}

// A Model is what the service says of a model.
type Model struct {
	ID           string
	OwnedBy      string
	ShutdownDate string // YYYY-MM-DD, or empty where the service does not say
}

// A Checkpoint is a model that a job left on its way.
type Checkpoint struct {
	ID    string
	Model string // the name that it answers to; the last one's may be that of the job's own model
}

// A Message is one turn of a conversation. Its JSON names kept answers, so what was not there from the first is left out where empty.
type Message struct {
	Role       string
	Content    string
	Name       string     `json:",omitempty"`
	ToolCalls  []ToolCall `json:",omitempty"` // of an assistant's turn
	ToolCallID string     `json:",omitempty"` // of a tool's turn: the call that it answers
}

// A ToolCall is a function that a model wants called.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // JSON, as the model wrote it: it may be broken
}

// A ResponseFormat binds an answer to a JSON Schema, strictly.
type ResponseFormat struct {
	Name   string          // [a-zA-Z0-9_-]{1,64}
	Schema json.RawMessage // a JSON Schema
}

// A CompletionRequest asks a model for one answer.
type CompletionRequest struct {
	Model               string
	Messages            []Message
	Temperature         *float64          // nil leaves the service's default; 0 is sent as 0. A model that refuses it is asked without it
	MaxCompletionTokens int               // 0 leaves the service's default
	Tools               []json.RawMessage // tool objects as the API has them: {type: function, function: {name, …}}
	ResponseFormat      *ResponseFormat   // nil: free text
}

// A Completion is a model's answer.
type Completion struct {
	Text         string
	Refusal      string
	ToolCalls    []ToolCall
	FinishReason string
	Model        string
	Usage        *Usage
	Latency      time.Duration // of the attempt that was answered; earlier attempts and waits between them are left out
	Attempts     int
	Lost         int // of the attempts, those that may have been answered too, and billed: they were sent, and no answer came whole
}

// Usage is what the service bills for a completion, in tokens.
type Usage struct {
	PromptTokens     int64
	CompletionTokens int64
}

// A Trainer runs fine-tuning jobs. Every error is an *Error or a context's.
type Trainer interface {
	// Upload sends a training file. It is retried only where the service certainly did not keep it.
	Upload(ctx context.Context, u Upload) (File, error)
	// Files lists every uploaded file of purpose "fine-tune".
	Files(ctx context.Context) ([]File, error)
	// File asks for an uploaded file.
	File(ctx context.Context, id string) (File, error)
	// DeleteFile removes an uploaded file. One that is not there is removed already.
	DeleteFile(ctx context.Context, id string) error
	// CreateJob starts a job and is what costs money: it is sent again only where the service certainly did not act.
	// The error's Definite method tells a certain no from one after which a job may exist.
	CreateJob(ctx context.Context, req JobRequest) (Job, error)
	Job(ctx context.Context, id string) (Job, error)
	// Jobs lists the jobs that carry all of metadata, oldest first. A service may ignore the filter, so callers check again.
	// What can't be read is left out, unless it may be one of those asked for: that is an error.
	Jobs(ctx context.Context, metadata map[string]string) ([]Job, error)
	// Events returns the events that are not at or before the one with the given id, oldest first and none twice; every event
	// where the id is empty or unknown. Each has an id, made up where the service gives none. Times are whole seconds: while the
	// order within one is in doubt, an event may come later than its turn or again in a later call, so callers remember ids.
	Events(ctx context.Context, jobID, after string) ([]JobEvent, error)
	CancelJob(ctx context.Context, id string) (Job, error)
	// Curve returns what the service measured while a finished job trained, by step, each step once. It is empty where the service
	// has nothing to show, and an error where it has something that can't be read.
	Curve(ctx context.Context, job Job) ([]CurvePoint, error)
	// Checkpoints lists the checkpoints of a job. A service without any has none.
	Checkpoints(ctx context.Context, jobID string) ([]Checkpoint, error)
	Model(ctx context.Context, id string) (Model, error)
	// DeleteModel removes a fine-tuned model, for good. One that is not there is removed already.
	DeleteModel(ctx context.Context, id string) error
}

// A Completer asks models. Implementations are safe for concurrent use and retry what passes; every error is an *Error or a context's.
type Completer interface {
	Complete(ctx context.Context, req CompletionRequest) (Completion, error)
}

// An Embeddings is what a service makes of texts: a vector for each, in their order, all of one length.
type Embeddings struct {
	Vectors [][]float64
	Usage   *Usage // nil: the service did not say
}

// An Embedder turns texts into vectors. Implementations are safe for concurrent use; every error is an *Error or a context's.
type Embedder interface {
	Embed(ctx context.Context, model string, texts []string) (Embeddings, error)
}

type throttledKey struct{}

// OnThrottled returns a context whose requests call observe each time that the service pleads for patience (429, and 503 or 529 with a time to
// wait), before it is asked again, with how long the service wants to be left alone; 0: it did not say. observe must not block.
func OnThrottled(ctx context.Context, observe func(wait time.Duration)) context.Context {
	return context.WithValue(ctx, throttledKey{}, observe)
}

// Throttled tells whoever observes ctx by [OnThrottled].
func Throttled(ctx context.Context, wait time.Duration) {
	if observe, ok := ctx.Value(throttledKey{}).(func(time.Duration)); ok {
		observe(wait)
	}
}

type againKey struct{}

// OnAgain returns a context whose requests call observe each time before one is sent again, for whatever reason, and wait as long as it says at
// least. observe must not block.
func OnAgain(ctx context.Context, observe func() time.Duration) context.Context {
	return context.WithValue(ctx, againKey{}, observe)
}

// Again tells whoever observes ctx by [OnAgain], and returns how long to wait at least.
func Again(ctx context.Context) time.Duration {
	if observe, ok := ctx.Value(againKey{}).(func() time.Duration); ok {
		return observe()
	}
	return 0
}
