package openai

import (
	"context"

	"ftrun/runner/provider"
)

// Embed stub
func (c *Client) Embed(ctx context.Context, model string, texts []string) (provider.Embeddings, error) {
	panic("stub")
}
