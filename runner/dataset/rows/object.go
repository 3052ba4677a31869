package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A fault is what is wrong with a piece of text, and where in it.
type fault struct {
	offset  int
	message string
	hint    string
	cutOff  bool // the text ends before the JSON does
}

// checkText refuses what no container may hold: NUL bytes and bytes that are not UTF-8.
func checkText(text []byte) *fault {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return &fault{offset: i, message: "has a NUL byte: the file is not text, or is UTF-16"}
	}
	if i := invalidUTF8(text); i >= 0 {
		return &fault{offset: i, message: fmt.Sprintf("is not UTF-8: byte 0x%02x", text[i]), hint: "save the file as UTF-8; in Excel: CSV UTF-8"}
	}
	return nil
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// An objectParser takes JSON objects apart into fields. Its decoder is kept from row to row, and so are names, which rows mostly have in common.
type objectParser struct {
	dec   jsontext.Decoder
	in    bytes.Buffer
	names []string // of the first fields of the rows before
}

// How many names are kept, and how long they may be.
const (
	maxNames   = 64
	maxNameLen = 128
)

// object appends the fields of the JSON object that is all of text, which starts with it, or tells what is wrong with the text. Their values are
// parts of text. The text starts at the given line and column.
func (p *objectParser) object(fields []Field, text []byte, line, col int) ([]Field, *fault) {
	if fault := checkText(text); fault != nil {
		return nil, fault
	}
	p.begin(text)
	if kind := p.dec.PeekKind(); kind != '{' {
		if err := p.dec.SkipValue(); err != nil {
			return nil, p.fault(err)
		}
		return nil, &fault{message: "want a JSON object, found " + KindName(kind)}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, p.fault(err)
	}
	if fields == nil {
		fields = make([]Field, 0, 4)
	}
	at := cursor{text: text, line: line, col: col}
	for {
		kind := p.dec.PeekKind()
		if kind == '}' {
			break
		}
		name, err := p.name(kind, len(fields))
		if err != nil {
			return nil, p.fault(err)
		}
		if len(fields) == MaxFields {
			return nil, &fault{offset: int(p.dec.InputOffset()), message: tooManyFields}
		}
		field := Field{Name: name}
		value, err := p.dec.ReadValue()
		if err != nil {
			return nil, p.fault(err)
		}
		end := int(p.dec.InputOffset())
		start := end - len(value)
		field.Value = text[start:end:end]
		field.Line, field.Col = at.move(start)
		fields = append(fields, field)
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, p.fault(err)
	}
	end := int(p.dec.InputOffset())
	if rest := text[end:]; indent(rest) < len(rest) {
		return nil, &fault{offset: end + indent(rest), message: "more text follows the JSON object"}
	}
	return fields, nil
}

// tooManyFields is what a person reads of a row beyond MaxFields.
var tooManyFields = fmt.Sprintf("the row has more than %d fields, the most that is read", MaxFields)

// name reads the name of the field at index i, whose first byte is of the given kind.
func (p *objectParser) name(kind jsontext.Kind, i int) (string, error) {
	if kind != '"' {
		_, err := p.dec.ReadToken()
		return "", err
	}
	quoted, err := p.dec.ReadValue()
	if err != nil {
		return "", err
	}
	plain := quoted[1 : len(quoted)-1]
	if i < len(p.names) && string(plain) == p.names[i] {
		return p.names[i], nil
	}
	name := unquote(quoted)
	if name != string(plain) || len(name) > maxNameLen || i >= maxNames { // only names without escapes are compared
		return name, nil
	}
	if i >= len(p.names) {
		p.names = append(p.names, make([]string, i+1-len(p.names))...)
	}
	p.names[i] = name
	return name, nil
}

// value returns what is wrong with the JSON value that text starts with, or nil.
func (p *objectParser) value(text []byte) *fault {
	if fault := checkText(text); fault != nil {
		return fault
	}
	p.begin(text)
	if err := p.dec.SkipValue(); err != nil {
		return p.fault(err)
	}
	return nil
}

func (p *objectParser) begin(text []byte) {
	p.in = *bytes.NewBuffer(text)
	p.dec.Reset(&p.in)
}

func (p *objectParser) fault(err error) *fault {
	return describe(err, int(p.dec.InputOffset()))
}

// describe puts an error of jsontext into the words of a problem. The offset stands in where the error has none.
func describe(err error, offset int) *fault {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if ok {
			offset = int(syntax.ByteOffset)
		}
		return &fault{offset: offset, message: "the JSON is cut off: it ends before it is closed", cutOff: true}
	case !ok:
		return &fault{offset: offset, message: "not JSON: " + err.Error()}
	case errors.Is(syntax.Err, jsontext.ErrDuplicateName):
		return &fault{offset: int(syntax.ByteOffset), message: fmt.Sprintf("the key %q occurs twice", syntax.JSONPointer.LastToken())}
	default:
		cause := strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
		return &fault{offset: int(syntax.ByteOffset), message: "not JSON: " + cause}
	}
}

// KindName names a kind of JSON value in a sentence.
func KindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "text"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	default:
		return "no JSON"
	}
}
