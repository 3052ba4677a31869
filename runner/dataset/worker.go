package dataset

import (
	"context"
	"fmt"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
)

// A worker turns rows into lines of the training file. Each goroutine has its own.
type worker struct {
	run   *run
	meter *meter
}

func (r *run) newWorker() *worker {
	return &worker{run: r, meter: newMeter(r.counting.counter)}
}

// process fills in the outcomes of a batch. Once ctx is done it leaves the rest out.
func (w *worker) process(ctx context.Context, b *batch) {
	defer close(b.done)
	b.results = make([]outcome, len(b.items))
	for i, it := range b.items {
		if ctx.Err() != nil {
			return
		}
		if it.problem == nil {
			b.results[i] = w.convert(it)
		}
		b.items[i].row.Fields = nil // its memory is free before the batch is collected
	}
}

func (w *worker) convert(it item) outcome {
	report := &report{file: w.run.config.Path, row: it.row}
	ex := w.run.mapper.example(it.row, it.layout, report)
	if len(report.list) > 0 {
		return outcome{problems: report.list}
	}
	ex.fillSystem(w.run.config.SystemPrompt)
	o := outcome{tokens: w.meter.example(ex), ignored: report.ignored}
	if limit := w.run.counting.limit; limit > 0 && o.tokens > limit {
		if w.run.config.Dataset.TooLong == TooLongDrop {
			o.dropped = true
			return o
		}
		report.add(nil, fmt.Sprintf("the example has %d tokens, and the limit is %d", o.tokens, limit),
			"shorten it, raise token_limit, or set dataset.too_long: drop")
		o.problems = report.list
		return o
	}
	o.line = ex.appendJSON(nil)
	return o
}

// A report collects what is wrong with one row.
type report struct {
	file    string
	row     rows.Row
	list    diag.List
	ignored []string
}

// add reports a problem at a field, or at the row where that is nil.
func (r *report) add(at *rows.Field, message, hint string) {
	pos := diag.Position{File: r.file, Line: r.row.Line, Col: r.row.Col}
	if at != nil {
		pos.Line, pos.Col = at.Line, at.Col
	}
	r.list.Add(diag.Diagnostic{Pos: pos, Path: fmt.Sprintf("row %d", r.row.Number), Message: message, Hint: hint})
}

// ignore notes a column that is not read. "id" is for people.
func (r *report) ignore(name string) {
	if name != "id" && name != "" {
		r.ignored = append(r.ignored, name)
	}
}
