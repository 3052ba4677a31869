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

// maxSeparators is how many commas, or tabs, a record may have: the CSV reader holds some 40 bytes for each.
const maxSeparators = 1 << 20

// errTooMany ends the reading of a record with more of them.
var errTooMany = errors.New("too many separators")

// table is values separated by commas, or by tabs, with a header. The header is no row.
type table struct {
	in     *csv.Reader
	window *window
	header []string
	named  []Place // where the header's names are, until the first row has taken them
	places []Place // of cells, as many as are not taken yet of those allocated at once
	left   int     // how many separators the record may still have
	row    int
	start  int // line after the record before, where the next one starts or blank lines do
}

func newTable(in *bufio.Reader) container { return makeTable(in, ',') }

func newTabs(in *bufio.Reader) container { return makeTable(in, '\t') }

func makeTable(in *bufio.Reader, comma rune) *table {
	t := &table{window: newWindow(in)}
	t.in = csv.NewReader(t)
	t.in.Comma = comma
	return t
}

// Read passes bytes on to the CSV reader.
func (t *table) Read(p []byte) (int, error) {
	n, err := t.window.Read(p)
	if t.left -= bytes.Count(p[:n], []byte{byte(t.in.Comma)}); t.left < 0 {
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
	cells, err := t.read()
	if err == io.EOF {
		return Raw{}, err
	}
	t.row++
	if err != nil {
		return Raw{}, t.problem(err, cells)
	}
	raw := Raw{Number: t.row, record: &record{cells: cells, places: t.placesOf(cells), header: t.header, named: t.named, comma: byte(t.in.Comma)}}
	raw.Line, raw.Col = raw.record.places[0].Line, raw.record.places[0].Col
	t.named = nil
	return raw, nil
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
	places := slices.Clone(t.placesOf(record))
	for i, name := range record {
		if fault := checkText([]byte(name)); fault != nil {
			line, col := places[i].inside(name, fault.offset)
			return &Problem{Line: line, Col: col, Message: "the header " + fault.message, Fatal: true}
		}
		name = strings.TrimSpace(name)
		if name != "" && seen[name] {
			return &Problem{Line: places[i].Line, Col: places[i].Col, Message: fmt.Sprintf("the header names the column %q twice", name), Fatal: true}
		}
		seen[name] = true
		header = append(header, name)
	}
	if len(header) == 1 {
		if problem := t.oneColumn(header[0]); problem != nil {
			return problem
		}
	}
	t.header, t.named = header, places
	return nil
}

// oneColumn refuses a header whose columns look as if they were separated by something else.
func (t *table) oneColumn(name string) *Problem {
	p := &Problem{Line: 1, Col: 1, Fatal: true, Message: fmt.Sprintf("the header is the single column %q: columns are separated by %s", name, t.separators())}
	switch {
	case t.in.Comma == ',' && strings.Contains(name, "\t"):
		p.Hint = "name the file .tsv if tabs separate its columns"
	case t.in.Comma == '\t' && strings.Contains(name, ","):
		p.Hint = "name the file .csv if commas separate its columns"
	case strings.Contains(name, ";"):
		p.Hint = "save it with commas as .csv, or with tabs as .tsv"
	default:
		return nil
	}
	return p
}

// separators names what stands between cells.
func (t *table) separators() string {
	if t.in.Comma == '\t' {
		return "tabs"
	}
	return "commas"
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
	case errors.Is(err, errTooMany):
		p.Line, p.Fatal = t.start, true
		p.Message = fmt.Sprintf("the row that starts here has more than %d %s, the most that is read; rows after it were not read", maxSeparators, t.separators())
	case !ok:
		return err
	case errors.Is(parse.Err, csv.ErrFieldCount):
		p.Line, p.Col = t.in.FieldPos(0)
		p.Message = fmt.Sprintf("the number of columns is %d here, and %d in the header", len(record), len(t.header))
		p.Hint = "a cell with a comma or a line break in it is put in double quotes"
		if t.in.Comma == '\t' {
			p.Hint = "a cell with a tab or a line break in it is put in double quotes"
		}
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
