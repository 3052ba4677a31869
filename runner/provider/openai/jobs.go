package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"ftrun/runner/provider"
)

// pageSize is how much one list request asks for.
const pageSize = 100

// CreateJob sends the request once; see provider.Trainer.
func (c *Client) CreateJob(ctx context.Context, req provider.JobRequest) (provider.Job, error) {
	call := &call{op: "create job", replay: replayDefinite, below: c.endpoint.ExtraBody}
	var err error
	if call.extra, err = c.jobFields(req); err != nil {
		return provider.Job{}, &provider.Error{Op: call.op, Kind: provider.KindInvalid, Err: err}
	}
	_, err = c.api.CreateFineTuningJob(call.context(ctx), goopenai.FineTuningJobRequest{
		TrainingFile:   req.TrainingFile,
		ValidationFile: req.ValidationFile,
		Model:          req.Model,
		Suffix:         req.Suffix,
	})
	return call.job(ctx, err)
}

// jobFields are the fields of a job that go-openai's request lacks.
func (c *Client) jobFields(req provider.JobRequest) (map[string]any, error) {
	fields, err := hyperparameterFields(c.endpoint, req)
	if err != nil {
		return nil, err
	}
	if req.Seed != nil {
		fields["seed"] = *req.Seed
	}
	if len(req.Metadata) > 0 {
		metadata := map[string]any{}
		for name, value := range req.Metadata {
			metadata[name] = value
		}
		fields["metadata"] = metadata
	}
	return fields, nil
}

// hyperparameterFields puts the hyperparameters where the endpoint reads them: at the top, as the API had it before there were
// methods, or below the method. Services refuse a request with both.
func hyperparameterFields(e provider.Endpoint, req provider.JobRequest) (map[string]any, error) {
	mine, other := provider.WireMethod, provider.WireHyperparameters
	if e.Wire == provider.WireHyperparameters {
		mine, other = other, mine
	}
	if _, both := e.ExtraBody[other]; both {
		return nil, fmt.Errorf("extra_body has %s, which does not go with wire: %s", other, mine)
	}
	fields := map[string]any{}
	switch {
	case mine == provider.WireMethod:
		method := map[string]any{"type": req.Method}
		if len(req.Hyperparameters) > 0 {
			method[req.Method] = map[string]any{"hyperparameters": req.Hyperparameters}
		}
		fields["method"] = method
	case req.Method != "" && req.Method != "supervised":
		return nil, fmt.Errorf("wire: %s has no place for the method %s", mine, req.Method)
	case len(req.Hyperparameters) > 0:
		fields["hyperparameters"] = req.Hyperparameters
	}
	return fields, nil
}

// Job asks for a job.
func (c *Client) Job(ctx context.Context, id string) (provider.Job, error) {
	call := &call{op: "get job " + id, replay: replayAlways}
	_, err := c.api.RetrieveFineTuningJob(call.context(ctx), url.PathEscape(id))
	return call.job(ctx, err)
}

// CancelJob asks the service to stop a job.
func (c *Client) CancelJob(ctx context.Context, id string) (provider.Job, error) {
	call := &call{op: "cancel job " + id, replay: replayAlways}
	_, err := c.api.CancelFineTuningJob(call.context(ctx), url.PathEscape(id))
	return call.job(ctx, err)
}

// Jobs lists the jobs with the given metadata, oldest first. A job that can't be read is left out, unless it may be one of those
// asked for: who does not see it would buy another.
func (c *Client) Jobs(ctx context.Context, metadata map[string]string) ([]provider.Job, error) {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for k, v := range metadata {
		query.Set("metadata["+k+"]", v)
	}
	call := &call{op: "list jobs", replay: replayAlways}
	items, err := c.list(ctx, call, "/fine_tuning/jobs", query)
	if err != nil {
		return nil, err
	}
	jobs := make([]provider.Job, 0, len(items))
	for _, item := range items {
		job, err := decodeJob(item)
		switch {
		case err == nil && !hasOddMetadata(item, job, metadata):
			jobs = append(jobs, job)
		case err == nil:
			return nil, call.unreadable(fmt.Errorf("job %s has metadata that can't be read", job.ID))
		case mentionsAny(item, metadata):
			return nil, call.unreadable(err)
		}
	}
	slices.SortStableFunc(jobs, func(a, b provider.Job) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return jobs, nil
}

// hasOddMetadata reports whether a job speaks of the wanted metadata in a way that does not show them as such.
func hasOddMetadata(item []byte, job provider.Job, wanted map[string]string) bool {
	hidden := map[string]string{}
	for k, v := range wanted {
		if _, shown := job.Metadata[k]; !shown {
			hidden[k] = v
		}
	}
	var object struct {
		Metadata json.RawMessage `json:"metadata"`
	}
	return len(hidden) > 0 && json.Unmarshal(item, &object) == nil && len(object.Metadata) > 0 && mentionsAny(object.Metadata, hidden)
}

// mentionsAny reports whether an item speaks of any of the wanted metadata.
func mentionsAny(item []byte, wanted map[string]string) bool {
	for _, v := range wanted {
		if v != "" && mentions(item, v) {
			return true
		}
	}
	return false
}

// job finishes a call whose answer is a job.
func (c *call) job(ctx context.Context, libraryErr error) (provider.Job, error) {
	if err := c.finish(ctx, libraryErr); err != nil {
		return provider.Job{}, err
	}
	job, err := decodeJob(c.body)
	if err != nil {
		return provider.Job{}, c.unreadable(err)
	}
	return job, nil
}
