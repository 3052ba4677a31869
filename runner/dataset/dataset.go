// Package dataset turns a user's rows into the training file: it maps, checks, counts, holds out and writes examples.
//
// A row has a shape, such as question and answer, or chat. The first row decides for all the data. The prepared bytes are a promise: the
// same rows, system prompt and mapping give the same bytes in every version of this package that has the same [FormatVersion].
package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"ftrun/runner/atomicfile"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// FormatVersion changes when the same input gives other prepared bytes.
const FormatVersion = 2

// MinExamples is how many training examples the services want at least; OpenAI refuses fewer with invalid_n_examples.
const MinExamples = 10

// The choices of the keys of spec.Dataset that this package acts on. What is not one of them is as the first of its key.
const (
	TooLongError = "error"
	TooLongDrop  = "drop"

	InvalidError = "error"
	InvalidDrop  = "drop"

	DuplicatesWarn  = "warn"
	DuplicatesDrop  = "drop"
	DuplicatesError = "error"

	SecretsWarn  = "warn"
	SecretsError = "error"
	SecretsOff   = "off"
)

// A File is a data file.
type File struct {
	Name string // as the spec has it
	Path string // resolved; findings name the file so
}

// A Config says what to prepare.
type Config struct {
	Dataset       spec.Dataset
	Training      []File // whose rows are trained on, but for those that Dataset.Validation.Share holds out
	Validation    []File // whose rows are held out
	Method        string // supervised or dpo, which learns from preference rows; empty: supervised
	SystemPrompt  string // fills examples that have no system or developer message; empty: none
	BaseModel     string // decides the encoding, and the limit where TokenLimit is 0
	TokenLimit    int    // tokens per example; 0: the base model's documented limit
	Out           string // path of the training file; not used by Check
	ValidationOut string // path of the validation file; not used by Check, nor where nothing is held out
}

// Files returns all data files, those of training first.
func (c Config) Files() []File { return append(slices.Clip(c.Training), c.Validation...) }

// Prepared tells what came of the data.
type Prepared struct {
	Path     string // of the training file; empty after Check
	SHA256   string // of the training file, hex
	Bytes    int64  // of the training file
	Stats    result.Dataset
	Files    []string  // paths of the data files, in the order of Stats.Sources; findings name them so
	Warnings []string  // a sentence each, for all findings of a kind together
	Advice   diag.List // warnings and notes with their places, of each kind the first few hundred

	Validation *Written // the validation file, beside the training file; nil: there is none
}

// Written is a file of examples that was written, or, after Check, would be.
type Written struct {
	Path     string // empty after Check
	SHA256   string // hex
	Bytes    int64
	Examples int // lines
}

// Rename puts the paths that the data files have now in place of those that findings name, such as after the same data was prepared from
// another folder.
func (p *Prepared) Rename(files []string) {
	if len(files) != len(p.Files) || slices.Equal(files, p.Files) {
		return
	}
	now := map[string]string{}
	for i, old := range p.Files {
		now[old] = files[i]
	}
	rename := func(path string) string { return cmp.Or(now[path], path) }
	for i := range p.Advice {
		p.Advice[i].Pos.File = rename(p.Advice[i].Pos.File)
	}
	for i := range p.Stats.Findings {
		for j := range p.Stats.Findings[i].Places {
			place := &p.Stats.Findings[i].Places[j]
			place.File = rename(place.File)
		}
	}
	for i, w := range p.Warnings {
		for _, old := range p.Files {
			w = strings.ReplaceAll(w, old+":", now[old]+":")
		}
		p.Warnings[i] = w
	}
	p.Files = files
}

// Prepare writes the training file, and the validation file where rows are held out. Where the data is at fault the error is a [diag.List] of
// every problem, and nothing is written: files that stood at the paths stay as they were.
//
// Where look is not nil it is called once for each goroutine that reads rows, and what it returns for every lesson in the rows of training,
// as [Scan] does.
func Prepare(ctx context.Context, config Config, look Look) (*Prepared, error) {
	var prepared *Prepared
	var fault error
	write := func(training, validation io.Writer) error {
		prepared, fault = prepare(ctx, config, training, validation, look)
		return fault
	}
	err := atomicfile.WriteMade(config.Out, func(training io.Writer) error {
		if !config.Dataset.Validation.Set() {
			return write(training, io.Discard)
		}
		return atomicfile.WriteMade(config.ValidationOut, func(validation io.Writer) error { return write(training, validation) })
	})
	list, isData := errors.AsType[diag.List](fault)
	switch {
	case isData:
		return nil, list
	case fault != nil:
		return nil, fault
	case err != nil:
		return nil, fmt.Errorf("write training file %q: %w", config.Out, err)
	}
	prepared.Path = config.Out
	if prepared.Validation != nil {
		prepared.Validation.Path = config.ValidationOut
	}
	return prepared, nil
}

// Check does all that [Prepare] does but write.
func Check(ctx context.Context, config Config, look Look) (*Prepared, error) {
	return prepare(ctx, config, io.Discard, io.Discard, look)
}

func prepare(ctx context.Context, config Config, training, validation io.Writer, look Look) (*Prepared, error) {
	r, err := newRun(config, look)
	if err != nil {
		return nil, err
	}
	if r.counting, err = newCounting(config); err != nil {
		return nil, err
	}
	r.training, r.validation = newOutput(training), newOutput(validation)
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	if err := r.flush(); err != nil {
		return nil, err
	}
	return r.conclude()
}
