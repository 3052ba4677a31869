package rows

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Raw is a row as it stands in the file, before it is taken apart. It stays valid after the next one is read.
type Raw struct {
	Number    int // counted from 1; refused rows count, blank lines and records don't
	Line, Col int // where its text starts, counted from 1; blank lines count
	text      []byte
	oneLine   bool    // the text is a line of JSON Lines
	record    *record // of a table; then there is no text
}

// A record is a row of a table.
type record struct {
	cells     []string
	places    []Place
	header    []string
	named     []Place // of the first record: where the header's names are
	separator rune
}

// cellCost is about what a cell takes besides its text: the string and its place, and when the row is taken apart a Field and its quotes.
const cellCost = 150

// Size returns how much memory the row takes, in bytes: its text, and in a table about what each cell costs besides. Empty cells are not free.
func (r Raw) Size() int {
	if r.record == nil {
		return len(r.text)
	}
	n := cellCost * len(r.record.cells)
	for _, cell := range r.record.cells {
		n += len(cell)
	}
	return n
}

var parsers = sync.Pool{New: func() any { return new(objectParser) }}

// Parse takes the row apart. An error is a [*Problem] of this row alone. Goroutines may parse at the same time. Values of fields are parts of the
// row's own text, and nobody may change them.
func (r Raw) Parse() (Row, error) { return r.ParseOver(nil) }

// ParseOver is [Raw.Parse] for whoever needs one row at a time: the fields are put over those of an earlier row.
func (r Raw) ParseOver(fields []Field) (Row, error) {
	p := parsers.Get().(*objectParser)
	defer parsers.Put(p)
	return r.parse(p, fields[:0])
}

func (r Raw) parse(p *objectParser, fields []Field) (Row, error) {
	row := Row{Number: r.Number, Line: r.Line, Col: r.Col}
	if r.record != nil {
		row.Header = r.record.named
		fields, problem := r.record.fields()
		if problem != nil {
			problem.Row = r.Number
			return Row{}, problem
		}
		row.Fields = fields
		return row, nil
	}
	fields, fault := p.object(fields, r.text, r.Line, r.Col)
	if fault != nil {
		return Row{}, r.problem(fault)
	}
	row.Fields = fields
	return row, nil
}

// problem says where in the file a fault of the row's text is.
func (r Raw) problem(f *fault) *Problem {
	at := cursor{text: r.text, line: r.Line, col: r.Col}
	line, col := at.move(min(f.offset, len(r.text)))
	p := &Problem{Row: r.Number, Line: line, Col: col, Message: f.message, Hint: f.hint}
	if r.oneLine && f.cutOff {
		p.Hint = "in .jsonl every row is one line, without line breaks inside"
	}
	return p
}

// fields turns cells into JSON strings.
func (r *record) fields() ([]Field, *Problem) {
	size := 0
	for _, cell := range r.cells {
		size += len(cell) + len(cell)/16 + 2 // with room for some escapes
	}
	fields, text := make([]Field, len(r.cells)), make([]byte, 0, size)
	for i, cell := range r.cells {
		if strings.IndexByte(cell, 0) >= 0 || !utf8.ValidString(cell) {
			fault := checkText([]byte(cell))
			line, col := r.places[i].inside(cell, fault.offset)
			return nil, &Problem{Line: line, Col: col, Message: fmt.Sprintf("column %q %s", r.header[i], fault.message), Hint: fault.hint}
		}
		start := len(text)
		text, _ = jsontext.AppendQuote(text, cell) // only text that is not UTF-8 is an error
		fields[i] = Field{Name: r.header[i], Value: text[start:len(text):len(text)], separator: r.separator}
		fields[i].Line, fields[i].Col = r.places[i].Line, r.places[i].Col
	}
	return fields, nil
}

// inside returns the position of an offset in the text of the cell that starts at p. Quotes of the cell on the same line are not counted, so the
// column may be a little low.
func (p Place) inside(cell string, offset int) (line, col int) {
	at := cursor{text: []byte(cell), line: p.Line, col: p.Col}
	return at.move(offset)
}

// inCell returns about where the byte of a cell's value at offset stands in the file: the value is the cell written as JSON, so every escape
// of it is one character of the cell, and a quote of it is doubled there.
func (f Field) inCell(offset int) (line, col int) {
	line, col = f.Line, f.Col
	if f.needsQuotes() && offset > 0 {
		col++
	}
	for i := 1; i < len(f.Value)-1; {
		c, size := f.Value[i], 1
		if c == '\\' {
			c, size = f.Value[i+1], 2
			if c == 'u' {
				size = 6
			}
			c |= 0x80 // apart from what stands for itself
		}
		if i += size; i > offset {
			break
		}
		switch c {
		case 'n' | 0x80:
			line, col = line+1, 1
		case '"' | 0x80:
			col += 2
		default:
			col++
		}
	}
	return line, col
}

// needsQuotes reports whether the cell can't stand in its table without quotes.
func (f Field) needsQuotes() bool {
	for _, mark := range []string{`\n`, `\r`, `\"`, inJSON(f.separator)} {
		if bytes.Contains(f.Value, []byte(mark)) {
			return true
		}
	}
	return false
}

// inJSON returns a character as a string of JSON has it.
func inJSON(c rune) string {
	quoted, _ := jsontext.AppendQuote(nil, string(c)) // fails on what is not UTF-8
	return string(quoted[1 : len(quoted)-1])
}

// slabSize is how many bytes of rows are kept in one piece of memory.
const slabSize = 64 << 10

// A slab keeps copies of many small texts in few pieces of memory.
type slab struct{ free []byte }

// keep returns a copy of text that nothing else writes to.
func (s *slab) keep(text []byte) []byte {
	if len(text) > slabSize/4 {
		return bytes.Clone(text)
	}
	if len(text) > cap(s.free)-len(s.free) {
		s.free = make([]byte, 0, slabSize)
	}
	start := len(s.free)
	s.free = append(s.free, text...)
	return s.free[start:len(s.free):len(s.free)]
}
