package openai

import (
	"context"

	"ftrun/runner/provider"
)

// Curve returns the job's training curve; see provider.Trainer.
func (c *Client) Curve(ctx context.Context, job provider.Job) ([]provider.CurvePoint, error) {
	return nil, nil
}
