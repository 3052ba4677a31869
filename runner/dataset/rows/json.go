package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// document is one JSON value: an array of objects, or an object in which exactly one member is an array.
type document struct {
	in    *bufio.Reader
	index *lineIndex
	dec   *jsontext.Decoder
	parse objectParser
	stage func() (Row, error)
	row   int
	// member is the name of the array among the members of the top object, and nested says that there is such an object.
	member string
	nested bool
}

func newDocument(in *bufio.Reader) container {
	d := &document{in: in}
	d.index = newLineIndex(in)
	d.dec = jsontext.NewDecoder(d.index)
	d.stage = d.start
	return d
}

func (d *document) next() (Row, error) { return d.stage() }

// start finds the array.
func (d *document) start() (Row, error) {
	if holdsLines(d.in) {
		return Row{}, d.refuse(0, "the file holds one object a line, not a JSON array: name it .jsonl")
	}
	d.index.allow(d.dec.InputOffset())
	switch kind := d.dec.PeekKind(); kind {
	case '[':
		return d.enter()
	case '{':
		if _, err := d.dec.ReadToken(); err != nil {
			return Row{}, d.broken(err)
		}
		d.nested = true
		return d.findArray()
	case jsontext.KindInvalid:
		_, err := d.dec.ReadToken()
		if err == io.EOF {
			return Row{}, err
		}
		return Row{}, d.broken(err)
	default:
		return Row{}, d.refuse(0, "want a JSON array of objects, found "+kindName(kind))
	}
}

// findArray passes over members of the top object up to one that is an array. "messages" is none: it makes the object itself a row.
func (d *document) findArray() (Row, error) {
	for {
		name, end, err := d.memberName()
		switch {
		case err != nil:
			return Row{}, err
		case end:
			return Row{}, d.refuse(d.dec.InputOffset()-1, "the file holds one object with no array of rows in it: want a JSON array of objects")
		case d.dec.PeekKind() != '[':
			if err := d.dec.SkipValue(); err != nil {
				return Row{}, d.broken(err)
			}
		case name == "messages":
			return Row{}, d.refuse(0, "the file holds a single row, not an array of rows: put it in [ ], or name the file .jsonl")
		default:
			d.member = name
			return d.enter()
		}
	}
}

// memberName reads the next name in the top object; end says that the object is closed instead.
func (d *document) memberName() (name string, end bool, err error) {
	d.index.allow(d.dec.InputOffset())
	if d.dec.PeekKind() == '}' {
		_, err := d.dec.ReadToken()
		return "", true, d.broken(err)
	}
	token, err := d.dec.ReadToken()
	if err != nil {
		return "", false, d.broken(err)
	}
	name = token.String()
	d.index.allow(d.dec.InputOffset())
	return name, false, nil
}

// enter reads the array's opening bracket and the first row.
func (d *document) enter() (Row, error) {
	if _, err := d.dec.ReadToken(); err != nil {
		return Row{}, d.broken(err)
	}
	d.stage = d.element
	return d.element()
}

// element reads a row of the array.
func (d *document) element() (Row, error) {
	d.index.allow(d.dec.InputOffset())
	kind := d.dec.PeekKind()
	if kind == ']' {
		if _, err := d.dec.ReadToken(); err != nil {
			return Row{}, d.broken(err)
		}
		d.stage = d.tail
		return d.tail()
	}
	d.row++
	value, err := d.dec.ReadValue()
	if err != nil {
		return Row{}, atRow(d.row, d.broken(err))
	}
	start := d.dec.InputOffset() - int64(len(value))
	line, col := d.index.position(start)
	if kind != '{' {
		return Row{}, &Problem{Row: d.row, Line: line, Col: col, Message: "want a JSON object, found " + kindName(kind)}
	}
	text := bytes.Clone(value)
	row := Row{Number: d.row, Line: line, Col: col}
	fields, fault := d.parse.object(text, line, col)
	if fault != nil { // the decoder has read the same bytes without an error
		return Row{}, fmt.Errorf("row %d: %s", d.row, fault.message)
	}
	row.Fields = fields
	return row, nil
}

// tail makes sure that nothing of meaning follows the array.
func (d *document) tail() (Row, error) {
	for d.nested {
		name, end, err := d.memberName()
		switch {
		case err != nil:
			return Row{}, err
		case end:
			d.nested = false
		case d.dec.PeekKind() == '[':
			return Row{}, d.refuse(d.dec.InputOffset(), fmt.Sprintf("two members are arrays, %q and %q: the rows could be either", d.member, name))
		default:
			if err := d.dec.SkipValue(); err != nil {
				return Row{}, d.broken(err)
			}
		}
	}
	d.index.allow(d.dec.InputOffset())
	switch _, err := d.dec.ReadToken(); {
	case err == io.EOF:
		return Row{}, io.EOF
	case err == nil && d.member != "":
		return Row{}, d.refuse(d.dec.InputOffset()-1, "the file holds several objects: one object a line is named .jsonl")
	case err == nil:
		return Row{}, d.refuse(d.dec.InputOffset()-1, "more text follows the JSON array")
	default:
		return Row{}, d.broken(err)
	}
}

// refuse returns a problem of the whole file that ends the reading.
func (d *document) refuse(offset int64, message string) *Problem {
	line, col := d.index.position(offset)
	return &Problem{Line: line, Col: col, Message: message, Fatal: true}
}

// broken returns the problem that ends the reading; nil stays nil.
func (d *document) broken(err error) error {
	_, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTooLarge):
		line, col := d.index.position(d.dec.InputOffset())
		return &Problem{Line: line, Col: col, Fatal: true, Message: tooLarge}
	case !isSyntax && !errors.Is(err, io.EOF):
		return err
	}
	fault := describe(err, int(d.dec.InputOffset()))
	line, col := d.index.position(int64(fault.offset))
	problem := &Problem{Line: line, Col: col, Message: fault.message, Fatal: true}
	if !fault.cutOff {
		problem.Message += "; rows after it were not read"
	}
	return problem
}

// atRow says of a problem which row it is in.
func atRow(row int, err error) error {
	if p, ok := errors.AsType[*Problem](err); ok {
		p.Row = row
	}
	return err
}

// holdsLines reports whether the text in sight is JSON Lines: a first line that is an object, and then another object.
func holdsLines(in *bufio.Reader) bool {
	head, _ := in.Peek(in.Size()) // an error comes again when it matters
	head = head[indent(head):]
	line, rest, found := bytes.Cut(head, []byte("\n"))
	rest = rest[indent(rest):]
	return found && len(rest) > 0 && rest[0] == '{' && jsontext.Value(line).Kind() == '{' && jsontext.Value(line).IsValid()
}
