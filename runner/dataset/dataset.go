// Package dataset turns a user's rows into the training file: it maps, checks, counts and writes examples.
//
// A row has a shape: question and answer, or chat. The first row decides for the whole file. The prepared bytes are a promise: the
// same rows, system prompt and mapping give the same bytes in every version of this package that has the same [FormatVersion].
package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ftrun/runner/atomicfile"
	"ftrun/runner/dataset/rows"
	"ftrun/runner/result"
	"ftrun/runner/tokens"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// FormatVersion changes when the same input gives other prepared bytes.
const FormatVersion = 1

// MinExamples is how many training examples the services want at least; OpenAI refuses fewer with invalid_n_examples.
const MinExamples = 10

// The choices of dataset.too_long.
const (
	TooLongError = "error" // the default
	TooLongDrop  = "drop"
)

// A Config says what to prepare.
type Config struct {
	Dataset      spec.Dataset
	Path         string // of the data file, resolved; problems name the file so
	SystemPrompt string // fills examples that have no system or developer message; empty: none
	BaseModel    string // decides the encoding, and the limit where TokenLimit is 0
	TokenLimit   int    // tokens per example; 0: the base model's documented limit
	Out          string // path of the training file; not used by Check
}

// Prepared tells what came of the data.
type Prepared struct {
	Path     string // of the training file; empty after Check
	SHA256   string // of the training file, hex
	Bytes    int64  // of the training file
	Stats    result.Dataset
	Columns  map[string]string // question and answer rows: the column that each role was read from; nil for chat
	Warnings []string

	Validation *Written // the validation file, beside the training file; nil: there is none
}

// Written is a file of examples that was written, or, after Check, would be.
type Written struct {
	Path     string // empty after Check
	SHA256   string // hex
	Bytes    int64
	Examples int // lines
}

// Prepare writes the training file. Where the data is at fault the error is a [diag.List] of every problem, and nothing is written:
// a file that stood at the path stays as it was.
func Prepare(ctx context.Context, config Config) (*Prepared, error) {
	var prepared *Prepared
	var fault error
	err := atomicfile.WriteFile(config.Out, func(w io.Writer) error {
		prepared, fault = prepare(ctx, config, w)
		return fault
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
	return prepared, nil
}

// Check does all that [Prepare] does but write.
func Check(ctx context.Context, config Config) (*Prepared, error) {
	return prepare(ctx, config, io.Discard)
}

// prepare writes the training examples to w.
func prepare(ctx context.Context, config Config, w io.Writer) (*Prepared, error) {
	m, err := newMapper(config.Dataset)
	if err != nil {
		return nil, err
	}
	reader, err := rows.Open(config.Path)
	if problem, ok := errors.AsType[*rows.Problem](err); ok {
		return nil, diag.List{problem.Diagnostic(config.Path)}
	} else if err != nil {
		return nil, err
	}
	defer reader.Close()
	counting, err := newCounting(config)
	if err != nil {
		return nil, err
	}

	r := &run{
		config:   config,
		reader:   reader,
		mapper:   m,
		counting: counting,
		out:      newOutput(w),
		ignored:  map[string]bool{},
	}
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	return r.conclude()
}

// conclude returns what came of the rows, or the problems as a [diag.List].
func (r *run) conclude() (*Prepared, error) {
	r.checkSize()
	if err := r.problems.err(); err != nil {
		return nil, err
	}
	shape := r.mapper.shape.name
	prepared := &Prepared{
		SHA256:   r.out.sha256(),
		Bytes:    r.out.bytes,
		Columns:  r.mapper.columns,
		Warnings: append(r.counting.warnings, r.warnings()...),
	}
	prepared.Stats = result.Dataset{
		Total:          r.reader.Count(),
		Training:       r.out.examples,
		Dropped:        r.dropped,
		Tokens:         r.out.tokens.sum,
		TokenStats:     r.out.tokens.stats(r.counting.encoding, r.counting.limit),
		TrainingSHA256: prepared.SHA256,
		TrainingBytes:  prepared.Bytes,
		Sources: []result.Source{{
			Path:   r.config.Dataset.Path,
			SHA256: r.reader.SHA256(),
			Rows:   r.reader.Count(),
			Shape:  shape,
		}},
	}
	return prepared, nil
}

// checkSize refuses a file with too few examples. Where rows are at fault, it counts those too: mending them may be enough.
func (r *run) checkSize() {
	count := r.out.examples
	if !r.problems.empty() {
		count = r.reader.Count() - r.dropped
		if r.problems.fatal {
			return // the rows after it were not seen
		}
	}
	if count >= MinExamples {
		return
	}
	d := diag.Diagnostic{
		Pos:     diag.Position{File: r.config.Path},
		Message: fmt.Sprintf("the data has %s, and training needs at least %d", plural(count, "example"), MinExamples),
		Hint:    "50 to 100 are advised",
	}
	if r.dropped > 0 {
		d.Message += fmt.Sprintf(" (%s dropped for being too long)", plural(r.dropped, "row"))
	}
	r.problems.add(d)
}

func (r *run) warnings() []string {
	var list []string
	if r.dropped > 0 {
		list = append(list, fmt.Sprintf("%d of %s dropped: longer than %d tokens", r.dropped, plural(r.reader.Count(), "row"), r.counting.limit))
	}
	if names := sortedNames(r.ignored); len(names) > 0 {
		list = append(list, "columns not used for training: "+quoteNames(names))
	}
	return list
}

// counting is how tokens are counted and limited.
type counting struct {
	encoding string
	counter  *tokens.Counter
	limit    int // 0: none
	warnings []string
}

func newCounting(config Config) (counting, error) {
	encoding, known := tokens.EncodingFor(config.BaseModel)
	counter, err := tokens.For(encoding)
	if err != nil {
		return counting{}, err
	}
	c := counting{encoding: encoding, counter: counter, limit: config.TokenLimit}
	documented, hasLimit := tokens.Limit(config.BaseModel)
	if !known {
		c.warnings = append(c.warnings, fmt.Sprintf("base model %q is not known: tokens are counted as %s", config.BaseModel, encoding))
	}
	switch {
	case c.limit == 0 && !hasLimit:
		c.warnings = append(c.warnings, fmt.Sprintf("no limit of tokens is documented for base model %q, and none is checked: set token_limit", config.BaseModel))
	case c.limit == 0:
		c.limit = documented
	case hasLimit && c.limit > documented:
		c.warnings = append(c.warnings, fmt.Sprintf(
			"token_limit is %d, and the service cuts examples for base model %q off at %d", c.limit, config.BaseModel, documented))
	}
	return c, nil
}
