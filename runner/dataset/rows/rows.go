// Package rows turns data files into a stream of rows with positions.
//
// A container is chosen by the file's extension: .json (an array of objects, or one object with exactly one array in it), .jsonl
// (one object a line) or .csv (a header, then records). A row that can't be read is reported as a [*Problem] and does not hide the
// rows after it, except where its container gives no way to find them again. Memory is bounded by [MaxRow], not by the file.
package rows

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/spec/diag"
)

// MaxRow is the size in bytes beyond which a row is refused.
const MaxRow = 16 << 20

// A Field is one column of a row. Line and Col say where its value starts, counted from 1; Col counts bytes.
type Field struct {
	Name      string
	Value     jsontext.Value // valid JSON; a CSV cell is a JSON string
	Line, Col int
}

// A Row is one object of the data, its fields in the order of the file. It stays valid after the next row is read.
type Row struct {
	Number    int // counted from 1; refused rows count, blank lines don't
	Line, Col int // counted from 1; blank lines count
	Fields    []Field
	Header    []Place // of the first row of a table: where it names its columns, in the order of Fields; else nil
}

// A Place is a line and a column of a file, counted from 1. Col counts bytes.
type Place struct{ Line, Col int }

// A Problem is a fault of the data: a row that can't be read, or a whole file.
type Problem struct {
	Row       int // 0: the file as a whole
	Line, Col int // 0: unknown
	Message   string
	Hint      string
	Fatal     bool // no row can be read after this one
}

// Error returns the message without its position.
func (p *Problem) Error() string { return p.Message }

// Diagnostic returns the problem as one of the named file.
func (p *Problem) Diagnostic(file string) diag.Diagnostic {
	d := diag.Diagnostic{
		Pos:     diag.Position{File: file, Line: p.Line, Col: p.Col},
		Message: p.Message,
		Hint:    p.Hint,
	}
	if p.Row > 0 {
		d.Path = fmt.Sprintf("row %d", p.Row)
	}
	return d
}

// A container yields rows until io.EOF. Other errors are a *Problem, or a fault of reading.
type container interface {
	next() (Row, error)
}

// containers maps a file's extension to its container.
func containers() map[string]func(*bufio.Reader) container {
	return map[string]func(*bufio.Reader) container{
		".json":  newDocument,
		".jsonl": newLines,
		".csv":   newTable,
	}
}

// A Reader reads the rows of one source.
type Reader struct {
	closer  io.Closer
	source  *source
	in      *bufio.Reader
	open    func(*bufio.Reader) container
	content container // nil before the first row
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
	r, err := NewReader(file, filepath.Ext(path))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.closer = file
	return r, nil
}

// NewReader reads rows from src, whose container the extension names: .json, .jsonl or .csv, in any case.
func NewReader(src io.Reader, extension string) (*Reader, error) {
	open, ok := containers()[strings.ToLower(extension)]
	if !ok {
		return nil, &Problem{
			Fatal:   true,
			Message: fmt.Sprintf("the extension %q says nothing about the data: want .jsonl, .json or .csv", extension),
		}
	}
	s := &source{r: src, digest: sha256.New()}
	return &Reader{source: s, in: bufio.NewReaderSize(s, 1<<16), open: open}, nil
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Next returns the next row, or io.EOF after the last. A [*Problem] stands for a refused row, and reading may go on after it;
// any other error is a fault of reading and ends the rows.
func (r *Reader) Next() (Row, error) {
	if r.done {
		return Row{}, io.EOF
	}
	row, err := r.step()
	problem, isProblem := errors.AsType[*Problem](err)
	switch {
	case err == nil, isProblem:
		r.yielded = true
		r.count = max(r.count, row.Number)
		if isProblem {
			r.count = max(r.count, problem.Row)
			r.done = problem.Fatal
		}
	case err == io.EOF:
		r.done = true
		if !r.yielded {
			return Row{}, &Problem{Fatal: true, Message: r.emptiness()}
		}
	default:
		r.done = true
		err = fmt.Errorf("read data: %w", err)
	}
	return row, err
}

// step returns the next row of the container, which is made at the first call.
func (r *Reader) step() (Row, error) {
	if r.content == nil {
		if err := skipMark(r.in); err != nil {
			return Row{}, err
		}
		r.content = r.open(r.in)
	}
	return r.content.next()
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

// SHA256 returns the digest of the source's bytes in hex. It is complete once Next has returned io.EOF without a fatal problem.
func (r *Reader) SHA256() string { return hex.EncodeToString(r.source.digest.Sum(nil)) }

// A source hashes what is read through it.
type source struct {
	r      io.Reader
	digest hash.Hash
	size   int64
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.digest.Write(p[:n]) // never fails
	s.size += int64(n)
	return n, err
}

// skipMark passes over a UTF-8 byte order mark and refuses those of UTF-16, whose text would look like noise.
func skipMark(in *bufio.Reader) error {
	head, err := in.Peek(3)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := in.Discard(3)
		return err
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return &Problem{Line: 1, Col: 1, Fatal: true, Message: "the text is UTF-16: save the file as UTF-8"}
	}
	return nil
}
