package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ftrun/runner/provider"
)

// The kinds of a Leftover.
const (
	LeftoverFile  = "file"
	LeftoverModel = "model"
)

// A Leftover is something that ftrun made at the provider.
type Leftover struct {
	Kind      string
	ID        string    // of a model its name
	Name      string    // of a file
	Bytes     int64     // of a file
	CreatedAt time.Time // zero: unknown
	Of        string    // the jobs that it belongs to
	Keep      string    // why it is to stay; empty: it may be removed
	Loss      string    // what removing it takes away
}

// CleanOptions say what may be removed.
type CleanOptions struct {
	Models bool // the fine-tuned models too
	All    bool // the pipeline's own too, and what a job is found by
}

// settling is how long a file that no job uses is left to a run that may be about to use it.
const settling = time.Hour

// Survey returns what ftrun made at the provider, by any pipeline whose runs the key can see, oldest first. What is to stay says why.
func Survey(ctx context.Context, o Options, clean CleanOptions) ([]Leftover, error) {
	c := &cleaner{Options: o, CleanOptions: clean, profile: o.Endpoint.Profile()}
	if !o.Pipeline.Train.Off {
		order, err := standing(ctx, o)
		if err != nil {
			return nil, err
		}
		c.key = order.key
	}
	files, err := o.Trainer.Files(ctx)
	if err != nil {
		return nil, err
	}
	// The jobs are asked for after the files: a job that was created in between is seen, and keeps its file.
	if c.jobs, err = o.Trainer.Jobs(ctx, nil); err != nil {
		return nil, err
	}
	var all []Leftover
	for _, f := range files {
		if key := uploadKey(f); key != "" {
			all = append(all, c.file(f, key))
		}
	}
	if clean.Models {
		models, err := c.models(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, models...)
	}
	slices.SortStableFunc(all, func(a, b Leftover) int {
		if a.Kind != b.Kind {
			return strings.Compare(a.Kind, b.Kind)
		}
		return a.CreatedAt.Compare(b.CreatedAt)
	})
	return all, nil
}

// A cleaner tells what may be removed.
type cleaner struct {
	Options
	CleanOptions
	profile provider.Profile
	key     string // of the pipeline; empty: it trains nothing
	jobs    []provider.Job
}

// The reasons to keep what --all takes.
const (
	keepOwn  = "of this pipeline as it is now"
	keepSign = "the only sign by which %s is found again: without it the same inputs would be paid for once more"
)

// file judges an uploaded file by the jobs that use it.
func (c *cleaner) file(f provider.File, key string) Leftover {
	users := slices.DeleteFunc(slices.Clone(c.jobs), func(j provider.Job) bool { return !uses(j, f.ID) })
	l := Leftover{Kind: LeftoverFile, ID: f.ID, Name: f.Name, Bytes: f.Bytes, CreatedAt: f.CreatedAt, Of: listJobs(users)}
	alive := living(users)
	signs := slices.DeleteFunc(slices.Clone(users), func(j provider.Job) bool {
		return keyOf(j) != "" || j.TrainingFile != f.ID || j.Status != provider.StatusSucceeded && j.Status != provider.StatusFailed
	})
	switch {
	case len(alive) > 0:
		l.Keep = "in use"
	case len(users) == 0 && !c.All && f.CreatedAt.IsZero():
		l.Keep = "no job uses it, and the provider does not say how old it is: a run may be about to"
	case len(users) == 0 && c.Now().Sub(f.CreatedAt) < settling:
		l.Keep = fmt.Sprintf("no job uses it, and it is less than %v old: a run may be about to", settling)
	case !c.All && c.isOwn(key):
		l.Keep = keepOwn
	case !c.All && len(signs) > 0:
		l.Keep = fmt.Sprintf(keepSign, listJobs(signs))
	case len(signs) > 0:
		l.Loss = fmt.Sprintf("%s is not found again", listJobs(signs))
	}
	return l
}

// isOwn reports whether a key, or its beginning, is that of the pipeline as it is now.
func (c *cleaner) isOwn(key string) bool { return c.key != "" && strings.HasPrefix(c.key, key) }

// models judges the models of the jobs that carry a train key, and their checkpoints, as far as they are still there.
func (c *cleaner) models(ctx context.Context) ([]Leftover, error) {
	var all []Leftover
	for _, job := range c.jobs {
		if keyOf(job) == "" || job.FineTunedModel == "" {
			continue
		}
		names := []string{job.FineTunedModel}
		checkpoints, err := c.Trainer.Checkpoints(ctx, job.ID)
		if err != nil {
			return nil, err
		}
		for _, checkpoint := range checkpoints {
			if !slices.Contains(names, checkpoint.Model) {
				names = append(names, checkpoint.Model)
			}
		}
		for _, name := range names {
			_, err := c.Trainer.Model(ctx, name)
			if isGone(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			all = append(all, c.model(job, name))
		}
	}
	return all, nil
}

// model judges a model of a job.
func (c *cleaner) model(job provider.Job, name string) Leftover {
	l := Leftover{Kind: LeftoverModel, ID: name, CreatedAt: job.FinishedAt, Of: listJobs([]provider.Job{job})}
	trains := slices.DeleteFunc(living(c.jobs), func(j provider.Job) bool { return j.Model != name })
	switch {
	case len(trains) > 0:
		l.Keep = listJobs(trains) + " trains on from it"
	case name == c.Pipeline.Test.Model || name == c.Pipeline.BaseModel:
		l.Keep = "the pipeline file names it"
	case c.isOwn(keyOf(job)) && !c.All:
		l.Keep = keepOwn
	case c.isOwn(keyOf(job)) && name == job.FineTunedModel:
		l.Loss = "this pipeline then has a job without a model, and trains again only with another train.seed"
	}
	return l
}

// listJobs names jobs and their statuses.
func listJobs(jobs []provider.Job) string {
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = fmt.Sprintf("job %s (%s)", j.ID, j.Status)
	}
	return strings.Join(names, ", ")
}

// Remove removes leftovers at the provider, and calls done after each with what went wrong. It looks first, as [Survey] does, and
// leaves what has come into use since the leftovers were listed. It goes on after a failure; the error tells how many were left.
func Remove(ctx context.Context, o Options, clean CleanOptions, chosen []Leftover, done func(Leftover, error)) error {
	fresh, err := Survey(ctx, o, clean)
	if err != nil {
		return err
	}
	left := 0
	for _, l := range chosen {
		err := context.Cause(ctx)
		if err == nil {
			err = removeOne(ctx, o.Trainer, l, fresh)
		}
		if err != nil {
			left++
		}
		done(l, err)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if left > 0 {
		return &manageError{message: fmt.Sprintf("%d of %d could not be removed", left, len(chosen)), way: "run the same command again: what is gone is not missed"}
	}
	return nil
}

// removeOne removes a leftover, unless it is to stay by now. One that is not listed any more is gone.
func removeOne(ctx context.Context, t provider.Trainer, l Leftover, fresh []Leftover) error {
	i := slices.IndexFunc(fresh, func(f Leftover) bool { return f.Kind == l.Kind && f.ID == l.ID })
	switch {
	case i < 0:
		return nil
	case fresh[i].Keep != "":
		return errors.New("kept: " + fresh[i].Keep)
	case l.Kind == LeftoverFile:
		return t.DeleteFile(ctx, l.ID)
	}
	err := t.DeleteModel(ctx, l.ID)
	if isKind(err, provider.KindForbidden) {
		return fmt.Errorf("%w: deleting a model needs the Owner role of the organisation", err)
	}
	return err
}
