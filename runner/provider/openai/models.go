package openai

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"

	"ftrun/runner/provider"
)

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

// DeleteModel removes a fine-tuned model; see provider.Trainer.
func (c *Client) DeleteModel(ctx context.Context, id string) error {
	call := &call{op: "delete model " + id, replay: replayAlways, raw: true}
	_, libraryErr := c.api.DeleteFineTuneModel(call.context(ctx), url.PathEscape(id))
	return goneIsDeleted(call.finish(ctx, libraryErr))
}

// goneIsDeleted takes what is not there for what was to be deleted.
func goneIsDeleted(err error) error {
	var refusal *provider.Error
	if errors.As(err, &refusal) && refusal.Kind == provider.KindNotFound {
		return nil
	}
	return err
}

// Checkpoints lists the checkpoints of a job; see provider.Trainer.
func (c *Client) Checkpoints(ctx context.Context, jobID string) ([]provider.Checkpoint, error) {
	call := &call{op: "list checkpoints of job " + jobID, replay: replayAlways}
	path := "/fine_tuning/jobs/" + url.PathEscape(jobID) + "/checkpoints"
	items, err := c.list(ctx, call, path, url.Values{"limit": {strconv.Itoa(pageSize)}})
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []provider.Checkpoint
	for _, item := range items {
		var w struct {
			ID    text `json:"id"`
			Model text `json:"fine_tuned_model_checkpoint"`
		}
		if json.Unmarshal(item, &w) == nil && w.Model != "" { // one without a name answers to nobody
			list = append(list, provider.Checkpoint{ID: string(w.ID), Model: string(w.Model)})
		}
	}
	return list, nil
}
