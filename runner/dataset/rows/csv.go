package rows

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxSeparators is how many separators a record may have: the CSV reader holds some 40 bytes for each.
const maxSeparators = 1 << 20

// errTooMany ends the reading of a record with more of them.
var errTooMany = errors.New("too many separators")

// table is values separated by commas, or by tabs, with a header. The header is no row.
type table struct {
	source    *bufio.Reader
	in        *csv.Reader
	window    *window
	separator rune
	mark      []byte // the last byte of the separator
	announced bool   // the first line names the separator
	header    []string
	named     []Place // where the header's names are, until the first row has taken them
	places    []Place // of cells, as many as are not taken yet of those allocated at once
	left      int     // how many separators the record may still have
	row       int
	start     int // line after the record before, where the next one starts or blank lines do
}

func newTable(in *bufio.Reader) container { return makeTable(in, ',') }

func newTabs(in *bufio.Reader) container { return makeTable(in, '\t') }

func makeTable(in *bufio.Reader, separator rune) *table {
	t := &table{source: in, window: newWindow(in)}
	t.in = csv.NewReader(t)
	t.separateBy(separator)
	return t
}

func (t *table) separateBy(separator rune) {
	text := []byte(string(separator))
	t.separator, t.in.Comma, t.mark = separator, separator, text[len(text)-1:]
}

// Read passes bytes on to the CSV reader.
func (t *table) Read(p []byte) (int, error) {
	n, err := t.window.Read(p)
	if t.left -= bytes.Count(p[:n], t.mark); t.left < 0 {
		return 0, errTooMany
	}
	return n, err
}

func (t *table) next() (Raw, error) {
	if t.header == nil {
		if err := t.readHeader(); err != nil {
			return Raw{}, err
		}
	}
	cells, err := t.readFilled()
	if err == io.EOF {
		return Raw{}, err
	}
	t.row++
	if err != nil {
		return Raw{}, t.problem(err, cells)
	}
	raw := Raw{Number: t.row, record: &record{cells: cells, places: t.placesOf(cells), header: t.header, named: t.named, separator: t.separator}}
	raw.Line, raw.Col = raw.record.places[0].Line, raw.record.places[0].Col
	t.named = nil
	return raw, nil
}

// readFilled returns the next record with anything in it. Spreadsheets write records of blank cells for lines that were filled once.
func (t *table) readFilled() ([]string, error) {
	for {
		cells, err := t.read()
		if (err == nil || errors.Is(err, csv.ErrFieldCount)) && isBlank(cells) {
			continue
		}
		return cells, err
	}
}

func isBlank(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

func (t *table) read() ([]string, error) {
	offset := t.in.InputOffset()
	t.window.allow(offset)
	t.left = maxSeparators
	t.start, _ = t.window.position(offset)
	return t.in.Read()
}

// placesOf returns where the cells of the last record are.
func (t *table) placesOf(cells []string) []Place {
	const atOnce = 512
	if len(t.places) < len(cells) {
		t.places = make([]Place, max(atOnce, len(cells)))
	}
	list := t.places[:len(cells):len(cells)]
	t.places = t.places[len(cells):]
	for i := range list {
		list[i].Line, list[i].Col = t.in.FieldPos(i)
	}
	return list
}

// findSeparator looks at the text for what stands between cells, and passes over a line that says so.
func (t *table) findSeparator() error {
	head := peekAll(t.source)
	separator, announced := announcedIn(head)
	switch {
	case announced:
		t.announced = true
		t.separateBy(separator)
		_, err := t.read()
		return err
	case t.separator == ',' && hasSemicolons(head):
		t.separateBy(';')
	}
	return nil
}

// readHeader takes the first record as the names of the columns.
func (t *table) readHeader() error {
	err := t.findSeparator()
	var record []string
	if err == nil {
		t.in.FieldsPerRecord = -1 // what is passed over has no say in how many there are
		record, err = t.readFilled()
		t.in.FieldsPerRecord = len(record)
	}
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
	header, problem := t.names(record)
	if problem != nil {
		problem.Fatal = true
		return problem
	}
	t.header = header
	return nil
}

// names returns the names of the columns, and keeps where they are.
func (t *table) names(record []string) ([]string, *Problem) {
	if len(record) > MaxFields {
		line, col := t.in.FieldPos(MaxFields)
		return nil, &Problem{Line: line, Col: col, Message: fmt.Sprintf("the header has more than %d columns, the most that is read", MaxFields)}
	}
	places := slices.Clone(t.placesOf(record))
	seen := make(map[string]bool, len(record))
	header := make([]string, 0, len(record))
	for i, name := range record {
		if fault := checkText([]byte(name)); fault != nil {
			line, col := places[i].inside(name, fault.offset)
			return nil, &Problem{Line: line, Col: col, Message: "the header " + fault.message, Hint: fault.hint}
		}
		name = strings.TrimSpace(name)
		if name != "" && seen[name] {
			return nil, &Problem{Line: places[i].Line, Col: places[i].Col, Message: fmt.Sprintf("the header names the column %q twice", name)}
		}
		seen[name] = true
		header = append(header, name)
	}
	if len(header) == 1 && !t.announced {
		if problem := t.oneColumn(header[0], places[0]); problem != nil {
			return nil, problem
		}
	}
	t.named = places
	return header, nil
}

// oneColumn refuses a header whose columns look as if they were separated by something else.
func (t *table) oneColumn(name string, at Place) *Problem {
	_, separators := nameOf(t.separator)
	p := &Problem{Line: at.Line, Col: at.Col, Message: fmt.Sprintf("the header is the single column %q: columns are separated by %s", name, separators)}
	switch {
	case t.separator == ',' && strings.Contains(name, "\t"):
		p.Hint = "name the file .tsv if tabs separate its columns"
	case t.separator == '\t' && strings.Contains(name, ","):
		p.Hint = "name the file .csv if commas separate its columns"
	case t.separator == '\t' && strings.Contains(name, ";"):
		p.Hint = "name the file .csv if semicolons separate its columns"
	case strings.Contains(name, ";"): // in quotes
		p.Hint = "put every name in quotes of its own, or none"
	default:
		return nil
	}
	return p
}

// problem puts an error of the CSV reader into the words of a problem.
func (t *table) problem(err error, record []string) error {
	p := &Problem{Row: t.row}
	separator, separators := nameOf(t.separator)
	parse, ok := errors.AsType[*csv.ParseError](err)
	if ok {
		p.Line, p.Col = parse.Line, parse.Column
	}
	switch {
	case errors.Is(err, errTooLarge):
		p.Line, p.Message, p.Fatal = t.start, tooLarge, true
		p.Hint = "a quote that is opened and not closed makes one row of all that follows"
	case errors.Is(err, errTooMany):
		p.Line, p.Fatal = t.start, true
		p.Message = fmt.Sprintf("the row that starts here has more than %d %s, the most that is read; rows after it were not read", maxSeparators, separators)
	case !ok:
		return err
	case errors.Is(parse.Err, csv.ErrFieldCount):
		p.Line, p.Col = t.in.FieldPos(0)
		p.Message = fmt.Sprintf("the number of columns is %d here, and %d in the header", len(record), len(t.header))
		p.Hint = fmt.Sprintf("a cell with %s or a line break in it is put in double quotes", separator)
	case errors.Is(parse.Err, csv.ErrQuote) && t.runsOn(parse, record):
		p.Line, p.Col, p.Fatal = t.opened(parse, record), 0, true
		p.Message = t.unclosed(p.Line, parse)
		p.Hint = "a cell in quotes ends with a quote, and a quote inside it is doubled"
	case errors.Is(parse.Err, csv.ErrQuote):
		p.Message = "a quoted cell is not closed properly: a quote inside it is doubled"
	case errors.Is(parse.Err, csv.ErrBareQuote):
		p.Message = "a quote stands in a cell that does not start with one: put the cell in quotes and double the quote inside"
	default:
		p.Message = "not CSV: " + parse.Err.Error()
	}
	return p
}

// opened returns the line on which the cell begins whose quote is at fault: after the cells of the record that were closed before it.
func (t *table) opened(err *csv.ParseError, record []string) int {
	last := len(record) - 1
	if last < 0 {
		return err.StartLine
	}
	line, _ := t.in.FieldPos(last)
	return line + strings.Count(record[last], "\n")
}

// runsOn reports whether the quote at fault went over the end of its line. Then other rows may be part of the cell, and where the next one starts
// is anybody's guess.
func (t *table) runsOn(err *csv.ParseError, record []string) bool {
	return err.Line > t.opened(err, record) || !t.isQuote(err.Column)
}

// isQuote reports whether a quote is at the column of the last line that was read. There is none where the file ends inside a cell.
func (t *table) isQuote(col int) bool {
	line := bytes.TrimSuffix(t.window.upTo(t.in.InputOffset()), []byte("\n"))
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	return col <= len(line) && line[col-1] == '"'
}

// unclosed says of a quote that was opened on the given line what became of it.
func (t *table) unclosed(opened int, err *csv.ParseError) string {
	if !t.isQuote(err.Column) {
		return fmt.Sprintf("the quote that opens on line %d is not closed before the file ends; rows after it were not read", opened)
	}
	return fmt.Sprintf("the quote that opens on line %d is closed on line %d, where other text follows it; rows after it were not read", opened, err.Line)
}
