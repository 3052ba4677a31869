package openai

import (
	"context"
	"errors"
	"net/http"
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
	call := &call{op: "create job", replay: replayDefinite, extra: jobFields(req)}
	_, err := c.api.CreateFineTuningJob(call.context(ctx), goopenai.FineTuningJobRequest{
		TrainingFile:   req.TrainingFile,
		ValidationFile: req.ValidationFile,
		Model:          req.Model,
		Suffix:         req.Suffix,
	})
	return call.job(ctx, err)
}

// jobFields are the fields of a job that go-openai's request lacks.
func jobFields(req provider.JobRequest) map[string]any {
	method := map[string]any{"type": req.Method}
	if len(req.Hyperparameters) > 0 {
		method[req.Method] = map[string]any{"hyperparameters": req.Hyperparameters}
	}
	fields := map[string]any{"method": method}
	if req.Seed != nil {
		fields["seed"] = *req.Seed
	}
	if len(req.Metadata) > 0 {
		fields["metadata"] = req.Metadata
	}
	return fields
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

// Jobs lists the jobs with the given metadata, oldest first.
func (c *Client) Jobs(ctx context.Context, metadata map[string]string) ([]provider.Job, error) {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for k, v := range metadata {
		query.Set("metadata["+k+"]", v)
	}
	call := &call{op: "list jobs", replay: replayAlways}
	raw, err := c.list(ctx, call, "/fine_tuning/jobs", query)
	if err != nil {
		return nil, err
	}
	jobs := make([]provider.Job, 0, len(raw))
	for _, item := range raw {
		job, err := decodeJob(item)
		if err != nil {
			return nil, call.unreadable(err)
		}
		jobs = append(jobs, job)
	}
	slices.SortStableFunc(jobs, func(a, b provider.Job) int {
		if n := a.CreatedAt.Compare(b.CreatedAt); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return jobs, nil
}

// Events returns the events after a known one, oldest first. The service lists them newest first, so it reads until it meets it.
func (c *Client) Events(ctx context.Context, jobID, after string) ([]provider.JobEvent, error) {
	var events []provider.JobEvent
	for cursor := ""; ; {
		call := &call{op: "list events of job " + jobID, replay: replayAlways}
		options := []goopenai.ListFineTuningJobEventsParameter{goopenai.ListFineTuningJobEventsWithLimit(pageSize)}
		if cursor != "" {
			options = append(options, goopenai.ListFineTuningJobEventsWithAfter(cursor))
		}
		_, libraryErr := c.api.ListFineTuningJobEvents(call.context(ctx), url.PathEscape(jobID), options...)
		if err := call.finish(ctx, libraryErr); err != nil {
			return nil, err
		}
		page, err := decodePage(call.body)
		if err != nil {
			return nil, call.unreadable(err)
		}
		done := !page.HasMore || len(page.Data) == 0
		for _, item := range page.Data {
			event, err := decodeEvent(item)
			if err != nil {
				return nil, call.unreadable(err)
			}
			if event.ID == after && after != "" {
				done = true
				break
			}
			events = append(events, event)
		}
		if done || len(events) == 0 || events[len(events)-1].ID == cursor {
			slices.Reverse(events)
			return events, nil
		}
		cursor = events[len(events)-1].ID
	}
}

// Model asks for a model.
func (c *Client) Model(ctx context.Context, id string) (provider.Model, error) {
	call := &call{op: "get model " + id, replay: replayAlways}
	_, libraryErr := c.api.GetModel(call.context(ctx), url.PathEscape(id))
	if err := call.finish(ctx, libraryErr); err != nil {
		return provider.Model{}, err
	}
	model, err := decodeModel(call.body)
	if err != nil {
		return provider.Model{}, call.unreadable(err)
	}
	return model, nil
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

// list reads every page of a list endpoint that go-openai lacks.
func (c *Client) list(ctx context.Context, call *call, path string, query url.Values) ([][]byte, error) {
	var all [][]byte
	seen := map[string]bool{}
	for {
		if err := c.get(ctx, call, path, query); err != nil {
			return nil, err
		}
		page, err := decodePage(call.body)
		if err != nil {
			return nil, call.unreadable(err)
		}
		for _, item := range page.Data {
			all = append(all, item)
		}
		if !page.HasMore || len(page.Data) == 0 {
			return all, nil
		}
		last, err := decodeID(page.Data[len(page.Data)-1])
		if err != nil {
			return nil, call.unreadable(err)
		}
		if seen[last] {
			return nil, call.unreadable(errors.New("list does not end: the cursor came back"))
		}
		seen[last] = true
		query.Set("after", last)
	}
}

// get asks an endpoint that go-openai lacks.
func (c *Client) get(ctx context.Context, call *call, path string, query url.Values) error {
	req, err := http.NewRequestWithContext(call.context(ctx), http.MethodGet, c.baseURL+path+"?"+query.Encode(), nil)
	if err != nil {
		return &provider.Error{Op: call.op, Kind: provider.KindInvalid, Err: err}
	}
	return c.send(ctx, call, req)
}

// send sends a request of our own making and finishes its call.
func (c *Client) send(ctx context.Context, call *call, req *http.Request) error {
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err == nil {
		err = resp.Body.Close()
	}
	return call.finish(ctx, err)
}
