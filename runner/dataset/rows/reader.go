package rows

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
)

// A container yields rows until io.EOF. Other errors are a *Problem, or a fault of reading.
type container interface {
	next() (Raw, error)
}

// A Reader reads the rows of one source.
type Reader struct {
	closer  io.Closer
	source  *source
	text    *text
	in      *bufio.Reader // of text
	open    func(*bufio.Reader) container
	content container    // nil before the first row
	started bool         // the text has been looked at
	stop    func() error // says why no more is read; nil where it does not
	parser  objectParser
	count   int
	yielded bool // a row, or a problem
	done    bool
}

// Open opens a data file. Where the file itself is at fault, the error is a [*Problem].
func Open(path string) (*Reader, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Problem{Fatal: true, Message: "no such file"}
	case err != nil:
		return nil, fmt.Errorf("open data: %w", err)
	case info.IsDir():
		return nil, &Problem{Fatal: true, Message: "is a directory, not a data file"}
	case !info.Mode().IsRegular():
		return nil, &Problem{Fatal: true, Message: "is not a regular file"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open data: %w", err)
	}
	r, err := NewReader(file, Extension(path))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.closer = file
	return r, nil
}

// NewReader reads rows from src, whose container and compression the extension names, in any case: one of [Extensions], such as .jsonl or .csv.gz.
func NewReader(src io.Reader, extension string) (*Reader, error) {
	format, problem := formatOf(extension)
	if problem != nil {
		return nil, problem
	}
	s := newSource(src)
	t := newText(s, format)
	r := &Reader{source: s, text: t, in: bufio.NewReaderSize(t, 1<<16), open: format.open}
	r.Until(context.Background())
	return r, nil
}

// Limit ends the reading with a fatal [*Problem] where the text, decompressed, has more than n bytes. Without it the text of a compressed file may
// have 16 GiB.
func (r *Reader) Limit(n int64) { r.text.limit = n }

// Until ends the reading soon after ctx is done: at the next row, or at the next piece of the file or of its text where no row is found.
// [Reader.Next] and [Reader.NextRaw] then return the cause, once.
func (r *Reader) Until(ctx context.Context) {
	r.stop = func() error {
		if ctx.Err() == nil {
			return nil
		}
		return context.Cause(ctx)
	}
	r.source.stop, r.text.stop = r.stop, r.stop
}

// TextSize returns how many bytes of text, decompressed, have been read so far; what is read ahead of the last row counts.
func (r *Reader) TextSize() int64 { return r.text.size }

// Head returns what the text begins with, decompressed and without a byte order mark: at most n bytes, and no more than 64 KiB. The slice is valid
// until the first row is read. Errors are those of [Reader.Next]; that of a text shorter than n is none.
func (r *Reader) Head(n int) ([]byte, error) {
	if err := r.start(); err != nil {
		return nil, err
	}
	head, err := r.in.Peek(min(n, r.in.Size()))
	if len(head) > 0 || err == io.EOF {
		err = nil
	}
	return head, err
}

// Close closes the file.
func (r *Reader) Close() error {
	r.text.close()
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Next returns the next row, or io.EOF after the last. A [*Problem] stands for a refused row, and reading may go on after it;
// any other error is a fault of reading and ends the rows.
func (r *Reader) Next() (Row, error) {
	raw, err := r.NextRaw()
	if err != nil {
		return Row{}, err
	}
	return raw.parse(&r.parser, nil)
}

// NextRaw returns the next row as [Reader.Next] does, but leaves it to [Raw.Parse] to take it apart: what has to be done one row after the other is
// done, and the rest can be done by several goroutines. Its errors are those that can be told without looking into the row.
func (r *Reader) NextRaw() (Raw, error) {
	if r.done {
		return Raw{}, io.EOF
	}
	if err := r.stop(); err != nil {
		r.done = true
		return Raw{}, err
	}
	raw, err := r.step()
	problem, isProblem := errors.AsType[*Problem](err)
	switch {
	case err == nil, isProblem:
		r.yielded = true
		r.count = max(r.count, raw.Number)
		if isProblem {
			r.count = max(r.count, problem.Row)
			r.done = problem.Fatal
		}
	case err == io.EOF:
		r.done = true
		if !r.yielded {
			return Raw{}, &Problem{Fatal: true, Message: r.emptiness()}
		}
	default:
		r.done = true
		if stopped := r.stop(); stopped != nil {
			return Raw{}, stopped
		}
		err = fmt.Errorf("read data: %w", err)
	}
	return raw, err
}

// step returns the next row of the container, which is made at the first call.
func (r *Reader) step() (Raw, error) {
	if err := r.start(); err != nil {
		return Raw{}, err
	}
	if r.content == nil {
		if problem := r.oldMac(); problem != nil {
			return Raw{}, problem
		}
		r.content = r.open(r.in)
	}
	return r.content.next()
}

// start looks at the beginning of the text, once.
func (r *Reader) start() error {
	if r.started {
		return nil
	}
	if err := r.skipMark(); err != nil {
		return err
	}
	r.started = true
	return nil
}

func (r *Reader) emptiness() string {
	if r.source.size == 0 {
		return "the file is empty"
	}
	return "the file holds no rows"
}

// All yields every row, and an error in place of every row that was refused. It ends where [Reader.Next] would return io.EOF.
func (r *Reader) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for {
			row, err := r.Next()
			if err == io.EOF || !yield(row, err) {
				return
			}
		}
	}
}

// Count returns how many rows were met so far, the refused ones included.
func (r *Reader) Count() int { return r.count }

// SHA256 returns the digest of the source's bytes in hex, as they are stored: of a compressed file, the compressed ones. It is complete once Next
// has returned io.EOF without a fatal problem.
func (r *Reader) SHA256() string { return r.source.sum() }
