package rows

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// table is comma-separated values with a header. The header is no row.
type table struct {
	in     *csv.Reader
	index  *lineIndex
	header []string
	places []Place // of the header's names, until the first row has taken them
	row    int
	start  int // line after the record before, where the next one starts or blank lines do
}

func newTable(in *bufio.Reader) container {
	index := newLineIndex(in)
	t := &table{in: csv.NewReader(index), index: index}
	t.in.ReuseRecord = true
	return t
}

func (t *table) next() (Row, error) {
	if t.header == nil {
		if err := t.readHeader(); err != nil {
			return Row{}, err
		}
	}
	record, err := t.read()
	if err == io.EOF {
		return Row{}, err
	}
	t.row++
	if err != nil {
		return Row{}, t.problem(err, record)
	}
	return t.makeRow(record)
}

func (t *table) read() ([]string, error) {
	offset := t.in.InputOffset()
	t.index.allow(offset)
	t.start, _ = t.index.position(offset)
	return t.in.Read()
}

// readHeader takes the first record as the names of the columns.
func (t *table) readHeader() error {
	record, err := t.read()
	switch {
	case err == io.EOF:
		return err
	case err != nil:
		problem := t.problem(err, record)
		if p, ok := errors.AsType[*Problem](problem); ok {
			p.Fatal = true
		}
		return problem
	}
	seen := make(map[string]bool, len(record))
	header := make([]string, 0, len(record))
	places := make([]Place, 0, len(record))
	for i, name := range record {
		if fault := checkText([]byte(name)); fault != nil {
			line, col := t.inCell(i, name, fault.offset)
			return &Problem{Line: line, Col: col, Message: "the header " + fault.message, Fatal: true}
		}
		line, col := t.in.FieldPos(i)
		name = strings.TrimSpace(name)
		if name != "" && seen[name] {
			return &Problem{Line: line, Col: col, Message: fmt.Sprintf("the header names the column %q twice", name), Fatal: true}
		}
		seen[name] = true
		header = append(header, name)
		places = append(places, Place{line, col})
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return &Problem{Line: 1, Col: 1, Fatal: true, Message: fmt.Sprintf("the header is the single column %q: columns are separated by commas", header[0])}
	}
	t.header, t.places = header, places
	return nil
}

func (t *table) makeRow(record []string) (Row, error) {
	row := Row{Number: t.row, Fields: make([]Field, len(record)), Header: t.places}
	t.places = nil
	row.Line, row.Col = t.in.FieldPos(0)
	for i, cell := range record {
		if fault := checkText([]byte(cell)); fault != nil {
			line, col := t.inCell(i, cell, fault.offset)
			return Row{}, &Problem{Row: t.row, Line: line, Col: col, Message: fmt.Sprintf("column %q %s", t.header[i], fault.message)}
		}
		value, err := jsontext.AppendQuote(make([]byte, 0, len(cell)+2), cell)
		if err != nil {
			return Row{}, err
		}
		line, col := t.in.FieldPos(i)
		row.Fields[i] = Field{Name: t.header[i], Value: value, Line: line, Col: col}
	}
	return row, nil
}

// inCell returns the position of an offset in the text of cell i of the last record. Quotes of the cell on the same line are not
// counted, so the column may be a little low.
func (t *table) inCell(i int, text string, offset int) (line, col int) {
	at := cursor{text: []byte(text)}
	at.line, at.col = t.in.FieldPos(i)
	return at.move(offset)
}

// problem puts an error of the CSV reader into the words of a problem.
func (t *table) problem(err error, record []string) error {
	p := &Problem{Row: t.row}
	parse, ok := errors.AsType[*csv.ParseError](err)
	if ok {
		p.Line, p.Col = parse.Line, parse.Column
	}
	switch {
	case errors.Is(err, errTooLarge):
		p.Line, p.Message, p.Fatal = t.start, tooLarge, true
		p.Hint = "a quote that is opened and not closed makes one row of all that follows"
	case !ok:
		return err
	case errors.Is(parse.Err, csv.ErrFieldCount):
		p.Line, p.Col = t.in.FieldPos(0)
		p.Message = fmt.Sprintf("the number of columns is %d here, and %d in the header", len(record), len(t.header))
		p.Hint = "a cell with a comma or a line break in it is put in double quotes"
	case errors.Is(parse.Err, csv.ErrQuote) && parse.Line > parse.StartLine:
		p.Line, p.Col = parse.StartLine, 0
		p.Message = "a quote is opened in this row and not closed properly"
	case errors.Is(parse.Err, csv.ErrQuote):
		p.Message = "a quoted cell is not closed properly: a quote inside it is doubled"
	case errors.Is(parse.Err, csv.ErrBareQuote):
		p.Message = "a quote stands in a cell that does not start with one: put the cell in quotes and double the quote inside"
	default:
		p.Message = "not CSV: " + parse.Err.Error()
	}
	return p
}
