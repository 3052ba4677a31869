// Package rows turns data files into a stream of rows with positions.
//
// A container is chosen by the file's extension: .jsonl (one object a line), .json (an array of objects, or one object with exactly one array in
// it), .csv or .tsv (a header, then records, separated by commas or tabs). Cells of both tables are quoted as RFC 4180 has it: a cell that starts
// with a double quote ends with one, and a quote inside is doubled. A table can say itself what separates its cells, in a first line of "sep=" and
// one character, as Excel has it; else a .csv whose header has semicolons, and neither commas nor tabs, is separated by them. A record of blank
// cells is passed over like a blank line. Each container may be compressed, by gzip (.jsonl.gz) or zstd (.jsonl.zst); positions are those of the
// decompressed text.
//
// A row that can't be read is reported as a [*Problem] and does not hide the rows after it, except where its container gives no way to find them
// again. Memory is bounded by [MaxRow], not by the file, nor by what it decompresses to.
package rows

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/spec/diag"
)

// MaxRow is the size in bytes beyond which a row is refused.
const MaxRow = 16 << 20

// MaxFields is how many columns a row may have, and the header of a table: each takes some hundred bytes however short its text is.
const MaxFields = 10_000

// A Field is one column of a row. Line and Col say where its value starts, counted from 1; Col counts bytes.
type Field struct {
	Name      string
	Value     jsontext.Value // valid JSON, as it was written; a cell of a table is a JSON string
	Line, Col int
	separator rune // of the cells of the table; 0: the value is not of a table
}

// At returns the line and column of the byte of f.Value at offset, which is at most its length. In a cell of a table it is an estimate: the line
// is right, and the column is where the text would be if the cell is quoted where it needs to be and no byte of it is rewritten.
func (f Field) At(offset int) (line, col int) {
	if f.separator != 0 {
		return f.inCell(offset)
	}
	at := cursor{text: f.Value, line: f.Line, col: f.Col}
	return at.move(offset)
}

// A Row is one object of the data, its fields in the order of the file. It stays valid after the next row is read.
type Row struct {
	Number    int // counted from 1; refused rows count, blank lines and records don't
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

// A cursor turns growing offsets into lines and columns.
type cursor struct {
	text      []byte
	offset    int
	line, col int
}

// move goes on to offset and returns its line and column. Offsets must not shrink.
func (c *cursor) move(offset int) (line, col int) {
	passed := c.text[c.offset:offset]
	if bytes.IndexByte(passed, '\n') >= 0 { // which looks at many bytes at once, and mostly finds none
		i := bytes.LastIndexByte(passed, '\n')
		c.line += bytes.Count(passed, []byte("\n"))
		c.col = len(passed) - i
	} else {
		c.col += len(passed)
	}
	c.offset = offset
	return c.line, c.col
}
