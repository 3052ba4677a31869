package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
)

// A fate is what becomes of a row.
type fate int

const (
	fateRefused fate = iota // it is at fault, and the run ends for that
	fateInvalid             // it is at fault, and left out
	fateDropped             // it is too long, and left out
	fateUsed
)

// An outcome is what came of a row.
type outcome struct {
	row          int // number
	rowLine, col int // where it stands
	fate         fate
	fatal        bool   // no row was read after it
	line         []byte // of the training file
	start, end   int    // of line, in the lines of the batch
	tally        tally
	identity     identity
	held         bool // out of the training
	findings     diag.List
	ignored      []string
}

// A worker turns rows into lines of the training file. Each goroutine has its own.
type worker struct {
	run   *run
	meter *meter       // nil: rows are only looked at
	look  func(Lesson) // nil: nobody looks

	report report
	fields []rows.Field // of the row before
	asked  []byte       // of the row
}

func (r *run) newWorker() *worker {
	w := &worker{run: r}
	if r.training != nil {
		w.meter = newMeter(r.counting.counter)
	}
	if r.look != nil {
		w.look = r.look()
	}
	return w
}

// results is what came of a batch. Its memory is used again.
type results struct {
	outcomes []outcome
	lines    []byte // of the training file; outcomes have parts of it
}

var freeResults = sync.Pool{New: func() any { return new(results) }}

// free hands the memory on.
func (r *results) free() {
	clear(r.outcomes)
	r.outcomes, r.lines = r.outcomes[:0], r.lines[:0]
	freeResults.Put(r)
}

// process makes the results of a batch. Once ctx is done it leaves the rest out.
func (w *worker) process(ctx context.Context, b *batch) {
	defer close(b.done)
	r := freeResults.Get().(*results)
	r.outcomes = slices.Grow(r.outcomes, len(b.items))[:len(b.items)]
	b.results = r
	for i := range b.items {
		if ctx.Err() != nil {
			return
		}
		o := &r.outcomes[i]
		o.start = len(r.lines)
		r.lines = w.convert(b.source, &b.items[i], o, r.lines)
		o.end = len(r.lines)
	}
	for i := range r.outcomes { // now that lines will not move any more
		o := &r.outcomes[i]
		o.line = r.lines[o.start:o.end]
	}
	items := b.items
	clear(items) // the rows' memory is free before the batch is collected
	freeItems.Put(&items)
}

// convert makes an outcome of an item, and appends the line of the training file to dst.
func (w *worker) convert(s *source, it *item, o *outcome, dst []byte) []byte {
	row, problem := it.parse(w.fields)
	if problem != nil {
		w.unreadable(s, problem, o)
		return dst
	}
	w.fields = row.Fields
	report := &w.report
	report.begin(s.file, rowRef{row.Number, row.Line, row.Col})
	o.row, o.rowLine, o.col = row.Number, row.Line, row.Col
	ex := w.run.mapper.example(row, *it.layout, report)
	if !report.refused && w.meter != nil {
		w.checkSecrets(ex, report)
	}
	if report.refused {
		w.refuse(report, o)
		return dst
	}
	w.asked = ex.appendAsked(w.asked[:0])
	o.held = s.use == useValidation || w.run.split.draws(w.asked)
	ex.fillSystem(w.run.config.SystemPrompt)
	if w.look != nil && !o.held {
		w.teach(s, row, ex)
	}
	if w.meter == nil {
		return dst
	}
	var longest int
	o.tally, longest = w.meter.example(ex)
	if limit := w.run.counting.limit; limit > 0 && longest > limit {
		w.tooLong(longest, report, o)
		return dst
	}
	o.fate, o.findings, o.ignored = fateUsed, report.list, report.ignored
	start := len(dst)
	dst = ex.appendJSON(dst)
	o.identity = identity{line: maphash.Bytes(w.run.hash, dst[start:]), asked: maphash.Bytes(w.run.hash, w.asked)}
	w.asked = ex.appendLearnt(w.asked[:0])
	o.identity.learnt = maphash.Bytes(w.run.hash, w.asked)
	return dst
}

// parse takes the row of an item apart, over the fields of an earlier row.
func (it *item) parse(over []rows.Field) (rows.Row, *rows.Problem) {
	if it.problem != nil {
		return rows.Row{}, it.problem
	}
	row, err := it.raw.ParseOver(over)
	if err == nil {
		return row, nil
	}
	if problem, ok := errors.AsType[*rows.Problem](err); ok {
		return row, problem
	}
	return row, &rows.Problem{Row: it.raw.Number, Line: it.raw.Line, Col: it.raw.Col, Message: err.Error()}
}

// unreadable reports a row, or a file, that its container does not hold as it should.
func (w *worker) unreadable(s *source, problem *rows.Problem, o *outcome) {
	d := problem.Diagnostic(s.file.Path)
	d.Kind = kindUnreadable
	o.row, o.findings, o.fatal = problem.Row, diag.List{d}, problem.Fatal
	if !problem.Fatal && problem.Row > 0 && w.run.config.Dataset.Invalid == InvalidDrop {
		o.fate = fateInvalid
		o.findings[0].Severity = diag.Warning
	}
}

// refuse takes over what is wrong with a row.
func (w *worker) refuse(report *report, o *outcome) {
	leaked := slices.ContainsFunc(report.list, func(d diag.Diagnostic) bool { return d.Kind == kindSecret && d.Severity == diag.Error })
	if w.run.config.Dataset.Invalid == InvalidDrop && !leaked { // a leaked key is no fault of a row
		report.soften()
		o.fate = fateInvalid
	}
	o.findings, o.ignored = report.list, report.ignored
}

// tooLong reports an example that the service would cut off.
func (w *worker) tooLong(tokens int, report *report, o *outcome) {
	limit := w.run.counting.limit
	message := fmt.Sprintf("the example has %d tokens, and the limit is %d", tokens, limit)
	if w.run.config.Dataset.TooLong == TooLongDrop {
		report.list = nil // nothing else matters of a row that is left out
		report.note(kindLong, node{}, message+": dropped", "")
		o.fate = fateDropped
	} else {
		report.add(kindLong, node{}, message, "shorten it, raise token_limit, or set dataset.too_long: drop")
	}
	o.findings, o.ignored = report.list, report.ignored
}
