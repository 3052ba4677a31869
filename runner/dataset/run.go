package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
)

// Rows travel in batches, so that handing them from one goroutine to another costs little. A batch is full at either bound.
const (
	batchRows  = 256
	batchBytes = 256 << 10
)

// maxWorkers is how many goroutines take rows apart at most. More would wait for the one that reads, and hold batches meanwhile.
const maxWorkers = 16

// Bounds of the columns that are named: in one sentence, and as unused in all.
const (
	maxNamed   = 20
	maxIgnored = 10_000
)

// A run takes the rows of the data to examples: one goroutine reads, one per core takes rows apart, checks and counts, and the caller's
// writes, in the order of the files. Memory is bounded by the batches under way, but for what is remembered of each example to find those that
// come again.
type run struct {
	config   Config
	mapper   *mapper
	counting counting
	hash     maphash.Seed
	split    split
	look     Look
	layout   *layout // the last that was handed on; the reading goroutine's

	sources              []*source // those that were opened
	training, validation *output   // nil: rows are only looked at
	seen                 seen
	findings             findings
	invalid, dropped     int
	duplicates           int
	ignored              map[string]bool // columns that no role was read from
}

// A source is one of the files.
type source struct {
	file   File
	use    string // useTraining or useValidation
	index  int
	before int // rows of the sources before it
	rows   int
	sha256 string
	told   map[string]bool // of a table: what is wrong with its header
}

// once leaves out what is wrong with the header of a table, but for the first row that it is told of.
func (s *source) once(list diag.List) diag.List {
	if s.told == nil {
		return list
	}
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		if d.Kind != kindColumns {
			return false
		}
		again := s.told[d.Message]
		s.told[d.Message] = true
		return again
	})
}

// What the rows of a source are for.
const (
	useTraining   = "training"
	useValidation = "validation"
)

func newRun(config Config, look Look) (*run, error) {
	m, err := newMapper(config.Dataset, config.Method)
	if err != nil {
		return nil, err
	}
	v := config.Dataset.Validation
	return &run{
		config: config, mapper: m, look: look, hash: maphash.MakeSeed(),
		split:   split{share: v.Share.Value, seed: v.Seed},
		ignored: map[string]bool{},
	}, nil
}

// A batch is some consecutive rows of a source, and what came of them once done is closed.
type batch struct {
	source  *source
	items   []item
	results *results // once done is closed
	done    chan struct{}
}

// freeItems holds lists of items to be used again.
var freeItems = sync.Pool{New: func() any { return new(make([]item, 0, batchRows)) }}

// An item is a row, or a problem in place of one.
type item struct {
	raw     rows.Raw
	layout  *layout
	problem *rows.Problem
}

// all takes every row through the stages.
func (r *run) all(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	work := make(chan *batch)
	order := make(chan *batch, 2*workers)

	var group sync.WaitGroup
	for range workers {
		w := r.newWorker()
		group.Go(func() {
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

// read goes through the sources, those of training first, and sends batches to be worked on, and in order to be collected.
func (r *run) read(ctx context.Context, work, order chan<- *batch) error {
	send := func(b *batch) error {
		for _, queue := range []chan<- *batch{order, work} {
			select {
			case queue <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	}
	before := 0
	for i, file := range r.config.Files() {
		s := &source{file: file, use: useTraining, index: i, before: before}
		if i >= len(r.config.Training) {
			s.use = useValidation
		}
		if name := rows.Extension(file.Path); strings.HasPrefix(name, ".csv") || strings.HasPrefix(name, ".tsv") {
			s.told = map[string]bool{}
		}
		if err := r.readSource(ctx, s, send); err != nil {
			return err
		}
		before += s.rows
	}
	return nil
}

// readSource reads the rows of a file.
func (r *run) readSource(ctx context.Context, s *source, send func(*batch) error) error {
	reader, err := rows.Open(s.file.Path)
	if problem, ok := errors.AsType[*rows.Problem](err); ok {
		return send(&batch{source: s, items: []item{{problem: problem}}, done: make(chan struct{})})
	} else if err != nil {
		return err
	}
	defer reader.Close()
	reader.Until(ctx)
	for more := true; more; {
		b := &batch{source: s, items: (*freeItems.Get().(*[]item))[:0], done: make(chan struct{})}
		if more, err = r.fill(b, reader); err != nil {
			return err
		}
		if !more {
			s.rows, s.sha256 = reader.Count(), reader.SHA256()
		}
		if err := send(b); err != nil {
			return err
		}
	}
	return nil
}

// fill reads rows into b until it is full; more says that the rows go on.
func (r *run) fill(b *batch, reader *rows.Reader) (more bool, err error) {
	for size := 0; len(b.items) < batchRows && size < batchBytes; {
		raw, err := reader.NextRaw()
		problem, isProblem := errors.AsType[*rows.Problem](err)
		switch {
		case err == io.EOF:
			return false, nil
		case isProblem:
			b.items = append(b.items, item{problem: problem})
		case err != nil:
			return false, err
		default:
			b.items = append(b.items, item{raw: raw, layout: r.decide(raw, b.source.file.Name)})
			size += raw.Size()
		}
	}
	return true, nil
}

// decide returns the layout for a row. Rows are taken apart here only until the layout is decided.
func (r *run) decide(raw rows.Raw, file string) *layout {
	if r.layout == nil || !r.layout.decided() {
		var l layout
		if row, err := raw.Parse(); err == nil {
			l = r.mapper.decide(row, file)
		} else {
			l = r.mapper.layout
		}
		r.layout = &l
	}
	return r.layout
}

// collect takes in the batches in order.
func (r *run) collect(ctx context.Context, order <-chan *batch) error {
	for b := range order {
		select {
		case <-b.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if n := len(r.sources); n == 0 || r.sources[n-1] != b.source {
			r.sources = append(r.sources, b.source)
		}
		for i := range b.results.outcomes {
			if err := r.takeIn(b.source, &b.results.outcomes[i]); err != nil {
				return err
			}
		}
		b.results.free()
	}
	return context.Cause(ctx)
}

func (r *run) flush() error {
	if err := r.training.flush(); err != nil {
		return err
	}
	return r.validation.flush()
}

// takeIn does with a row what is decided about it, row after row.
func (r *run) takeIn(s *source, o *outcome) error {
	for _, name := range o.ignored {
		r.unused(s, o, name)
	}
	r.findings.fatal = r.findings.fatal || o.fatal
	o.findings = s.once(o.findings)
	switch {
	case o.fate == fateInvalid:
		r.invalid++
	case o.fate == fateDropped:
		r.dropped++
	case o.fate == fateUsed && r.training != nil:
		return r.use(s, o)
	}
	r.findings.add(o.row, o.findings, o.fate == fateInvalid || o.fate == fateDropped)
	return nil
}

// backgrounds are the usual names of columns that answers are drawn from.
var backgrounds = []string{"context", "passage", "document", "article", "background", "source"}

// unused reports a column that nothing is made of, where it is met first.
func (r *run) unused(s *source, o *outcome, name string) {
	if r.ignored[name] || len(r.ignored) == maxIgnored {
		return
	}
	r.ignored[name] = true
	message := fmt.Sprintf("column %q is not used for training", name)
	if slices.Contains(backgrounds, strings.ToLower(name)) {
		message += ", and answers that are drawn from it can't be learnt without it"
	}
	r.findings.add(o.row, diag.List{{
		Severity: diag.Warning, Kind: kindUnusedColumn, Pos: diag.Position{File: s.file.Path, Line: o.rowLine, Col: o.col}, Path: fmt.Sprintf("row %d", o.row),
		Message: message, Hint: "name it in dataset.fields if it should be",
	}}, false)
}

// use writes an example, unless it came before.
func (r *run) use(s *source, o *outcome) error {
	out, number := r.training, s.before+o.row
	if o.held {
		out = r.validation
	}
	if found, first := r.seen.meet(o.identity, uint32(number)); found != isNew {
		d, drop := r.again(s, o, found, int(first))
		if drop {
			r.duplicates++
			return nil
		}
		o.findings.Add(d)
	}
	r.findings.add(o.row, o.findings, false)
	if slices.ContainsFunc(o.findings, func(d diag.Diagnostic) bool { return d.Severity == diag.Error }) {
		return nil
	}
	return out.write(o.line, &o.tally)
}
