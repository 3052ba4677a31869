package dataset

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
)

// Rows travel in batches, so that handing them from one goroutine to another costs little. A batch is full at either bound.
const (
	batchRows  = 64
	batchBytes = 1 << 20
)

// maxIgnored bounds how many unused columns are named.
const maxIgnored = 20

// A run takes the rows of one file to training examples: one goroutine reads, one per core checks and counts, and the caller's
// writes, in the order of the file. Memory is bounded by the batches under way.
type run struct {
	config   Config
	reader   *rows.Reader
	mapper   *mapper
	counting counting

	out      *output
	problems problems
	dropped  int
	ignored  map[string]bool // columns that no role was read from
}

// A batch is some consecutive rows, and what came of them once done is closed.
type batch struct {
	items   []item
	results []outcome
	done    chan struct{}
}

// An item is a row, or a problem in place of one.
type item struct {
	row     rows.Row
	layout  layout
	problem *rows.Problem
}

// An outcome is what came of a row: a line of the training file, or problems, or nothing for a dropped row.
type outcome struct {
	line     []byte
	tokens   int
	dropped  bool
	problems diag.List
	ignored  []string
}

// all takes every row through the stages.
func (r *run) all(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	work := make(chan *batch)
	order := make(chan *batch, 2*workers)

	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			w := r.newWorker()
			for b := range work {
				w.process(ctx, b)
			}
		})
	}
	var readErr error
	group.Go(func() {
		defer close(order)
		defer close(work)
		readErr = r.read(ctx, work, order)
	})
	writeErr := r.collect(ctx, order)
	if writeErr != nil {
		cancel()
	}
	group.Wait()
	if writeErr != nil {
		return writeErr
	}
	return readErr
}

// read fills batches and sends each to be worked on, and in order to be collected.
func (r *run) read(ctx context.Context, work, order chan<- *batch) error {
	for more := true; more; {
		b := &batch{done: make(chan struct{})}
		var err error
		more, err = r.fill(b)
		if err != nil {
			return err
		}
		for _, queue := range []chan<- *batch{order, work} {
			select {
			case queue <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// fill reads rows into b until it is full; more says that the rows go on.
func (r *run) fill(b *batch) (more bool, err error) {
	for size := 0; len(b.items) < batchRows && size < batchBytes; {
		row, err := r.reader.Next()
		problem, isProblem := errors.AsType[*rows.Problem](err)
		switch {
		case err == io.EOF:
			return false, nil
		case isProblem:
			b.items = append(b.items, item{problem: problem})
		case err != nil:
			return false, err
		default:
			b.items = append(b.items, item{row: row, layout: r.mapper.decide(row)})
			size += rowBytes(row)
		}
	}
	return true, nil
}

func rowBytes(row rows.Row) int {
	n := 0
	for _, f := range row.Fields {
		n += len(f.Name) + len(f.Value)
	}
	return n
}

// collect takes in the batches in order.
func (r *run) collect(ctx context.Context, order <-chan *batch) error {
	for b := range order {
		select {
		case <-b.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for i := range b.results {
			if err := r.takeIn(&b.items[i], &b.results[i]); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

func (r *run) takeIn(it *item, o *outcome) error {
	for _, name := range o.ignored {
		if len(r.ignored) < maxIgnored {
			r.ignored[name] = true
		}
	}
	switch {
	case it.problem != nil:
		r.problems.fatal = r.problems.fatal || it.problem.Fatal
		r.problems.add(it.problem.Diagnostic(r.config.Path))
	case len(o.problems) > 0:
		r.problems.add(o.problems...)
	case o.dropped:
		r.dropped++
	default:
		return r.out.write(o.line, o.tokens)
	}
	return nil
}
