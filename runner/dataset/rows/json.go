package rows

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxMembers is how many members the object around an array of rows may have.
const maxMembers = 1000

// document is one JSON value: an array of objects, or an object in which exactly one member is an array. The decoder lets pass what it can read
// on after, names that occur twice and bytes that are not UTF-8: for rows both are told when they are taken apart, for the object around them here.
type document struct {
	in     *bufio.Reader
	window *window
	dec    *jsontext.Decoder
	parse  objectParser // for what is not in a row
	stage  func() (Raw, error)
	row    int
	// member is the name of the array among the members of the top object, and nested says that there is such an object.
	member string
	nested bool
	names  map[string]bool // of the top object's members
}

func newDocument(in *bufio.Reader) container {
	d := &document{in: in, window: newWindow(in), names: map[string]bool{}}
	d.dec = jsontext.NewDecoder(d.window, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	d.stage = d.start
	return d
}

func (d *document) next() (Raw, error) { return d.stage() }

// start finds the array.
func (d *document) start() (Raw, error) {
	if holdsLines(d.in) {
		return Raw{}, d.whole("the file holds one object a line, not a JSON array: name it .jsonl")
	}
	d.window.allow(d.dec.InputOffset())
	switch kind := d.dec.PeekKind(); kind {
	case '[':
		return d.enter()
	case '{':
		if _, err := d.dec.ReadToken(); err != nil {
			return Raw{}, d.broken(err)
		}
		d.nested = true
		return d.findArray()
	case jsontext.KindInvalid:
		_, err := d.dec.ReadToken()
		if err == io.EOF {
			return Raw{}, err
		}
		return Raw{}, d.broken(err)
	default:
		return Raw{}, d.whole("want a JSON array of objects, found " + KindName(kind))
	}
}

// findArray passes over members of the top object up to one that is an array of rows.
func (d *document) findArray() (Raw, error) {
	for {
		name, end, err := d.memberName()
		switch {
		case err != nil:
			return Raw{}, err
		case namesRow(name):
			return Raw{}, d.whole(singleRow)
		case end:
			return Raw{}, d.refuse(d.dec.InputOffset()-1, "the file holds one object with no array of rows in it: want a JSON array of objects")
		case d.dec.PeekKind() != '[':
			if _, err := d.passOver(); err != nil {
				return Raw{}, err
			}
		default:
			d.member = name
			return d.enter()
		}
	}
}

// singleRow is what a person reads of an object that is a row itself.
const singleRow = "the file holds a single row, not an array of rows: put it in [ ], or name the file .jsonl"

// namesRow reports whether a member of the top object makes it a row itself, as a column of a format does: what lies around rows is not called so.
func namesRow(name string) bool {
	switch strings.ToLower(name) {
	case "messages", "conversations", "conversation", "question", "answer", "instruction", "prompt", "completion", "input",
		"preferred_output", "non_preferred_output", "chosen", "rejected":
		return true
	}
	return false
}

// memberName reads the next name in the top object; end says that the object is closed instead.
func (d *document) memberName() (name string, end bool, err error) {
	d.window.allow(d.dec.InputOffset())
	if d.dec.PeekKind() == '}' {
		_, err := d.dec.ReadToken()
		return "", true, d.broken(err)
	}
	value, err := d.passOver()
	if err != nil {
		return "", false, err
	}
	name, start := unquote(value), d.dec.InputOffset()-int64(len(value))
	switch {
	case d.names[name]:
		return "", false, d.cutShort(start, fmt.Sprintf("the key %q occurs twice", name))
	case len(d.names) == maxMembers:
		return "", false, d.refuse(start, fmt.Sprintf("the object around the rows has more than %d members", maxMembers))
	}
	d.names[name] = true
	d.window.allow(d.dec.InputOffset())
	return name, false, nil
}

// passOver reads a value outside the rows, a name or a member. The value is valid until the next is read.
func (d *document) passOver() (jsontext.Value, error) {
	value, err := d.dec.ReadValue()
	if err != nil {
		return nil, d.broken(err)
	}
	start := d.dec.InputOffset() - int64(len(value))
	d.window.position(start) // so that what lies before is let go
	if fault := d.parse.value(value); fault != nil {
		return nil, d.cutShort(start+int64(fault.offset), fault.message)
	}
	return value, nil
}

// unquote returns the text of a JSON string that is known to be valid.
func unquote(value jsontext.Value) string {
	text, _ := jsontext.AppendUnquote(nil, value)
	return string(text)
}

// enter reads the array's opening bracket and the first row.
func (d *document) enter() (Raw, error) {
	if _, err := d.dec.ReadToken(); err != nil {
		return Raw{}, d.broken(err)
	}
	d.stage = d.element
	return d.element()
}

// element reads a row of the array.
func (d *document) element() (Raw, error) {
	d.window.allow(d.dec.InputOffset())
	if d.dec.PeekKind() == ']' {
		if _, err := d.dec.ReadToken(); err != nil {
			return Raw{}, d.broken(err)
		}
		d.stage = d.tail
		return d.tail()
	}
	d.row++
	value, err := d.dec.ReadValue()
	if err != nil {
		return Raw{}, atRow(d.row, d.broken(err))
	}
	line, col := d.window.position(d.dec.InputOffset() - int64(len(value)))
	return Raw{Number: d.row, Line: line, Col: col, text: d.window.rest(len(value))}, nil
}

// tail makes sure that nothing of meaning follows the array.
func (d *document) tail() (Raw, error) {
	for d.nested {
		name, end, err := d.memberName()
		switch {
		case err != nil:
			return Raw{}, err
		case end:
			d.nested = false
		case namesRow(name):
			return Raw{}, d.whole(singleRow)
		case d.dec.PeekKind() == '[':
			return Raw{}, d.refuse(d.dec.InputOffset(), fmt.Sprintf("two members are arrays, %q and %q: the rows could be either", d.member, name))
		default:
			if _, err := d.passOver(); err != nil {
				return Raw{}, err
			}
		}
	}
	d.window.allow(d.dec.InputOffset())
	switch _, err := d.dec.ReadToken(); {
	case err == io.EOF:
		return Raw{}, io.EOF
	case err == nil && d.member != "":
		return Raw{}, d.refuse(d.dec.InputOffset()-1, "the file holds several objects: one object a line is named .jsonl")
	case err == nil:
		return Raw{}, d.refuse(d.dec.InputOffset()-1, "more text follows the JSON array")
	default:
		return Raw{}, d.broken(err)
	}
}

// whole returns a problem of what the file is, which ends the reading.
func (d *document) whole(message string) *Problem {
	return &Problem{Line: 1, Col: 1, Message: message, Fatal: true}
}

// refuse returns a problem of the whole file that ends the reading.
func (d *document) refuse(offset int64, message string) *Problem {
	line, col := d.window.position(offset)
	return &Problem{Line: line, Col: col, Message: message, Fatal: true}
}

// broken returns the problem that ends the reading; nil stays nil.
func (d *document) broken(err error) error {
	_, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	problem, isProblem := errors.AsType[*Problem](err)
	switch {
	case err == nil:
		return nil
	case isProblem: // of the text that the JSON is in
		return problem
	case errors.Is(err, errTooLarge):
		line, col := d.window.position(d.dec.InputOffset())
		return &Problem{Line: line, Col: col, Fatal: true, Message: tooLarge}
	case !isSyntax && !errors.Is(err, io.EOF):
		return err
	}
	fault := describe(err, int(d.dec.InputOffset()))
	if fault.cutOff {
		return d.refuse(int64(fault.offset), fault.message)
	}
	return d.cutShort(int64(fault.offset), fault.message)
}

// cutShort returns a problem after which the rows can't be found.
func (d *document) cutShort(offset int64, message string) *Problem {
	return d.refuse(offset, message+"; rows after it were not read")
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
