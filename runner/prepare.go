package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"ftrun/runner/dataset"
	"ftrun/runner/result"
	"ftrun/spec"
)

// prepare turns the dataset into the training file.
func (r *runState) prepare(ctx context.Context) (done[*dataset.Prepared], error) {
	if err := os.MkdirAll(r.preparedDir(), 0o700); err != nil {
		return done[*dataset.Prepared]{}, fmt.Errorf("state folder: %w", err)
	}
	prepared, err := dataset.Prepare(ctx, DatasetConfig(r.Pipeline, filepath.Join(r.preparedDir(), "train.jsonl")))
	if err != nil {
		return done[*dataset.Prepared]{}, err
	}
	for _, w := range prepared.Warnings {
		r.warn(stagePrepare, w)
	}
	r.run.Dataset = &prepared.Stats
	r.emit(result.Event{Type: result.EventDataset, Stage: stagePrepare, Dataset: &prepared.Stats})
	return done[*dataset.Prepared]{Value: prepared}, nil
}

// DatasetConfig says how a pipeline's dataset is prepared, into the file at out.
func DatasetConfig(p *spec.Pipeline, out string) dataset.Config {
	return dataset.Config{
		Dataset:      *p.Dataset,
		Path:         p.DatasetPath(),
		SystemPrompt: p.SystemPrompt,
		BaseModel:    p.BaseModel,
		TokenLimit:   p.TokenLimit,
		Out:          out,
	}
}
