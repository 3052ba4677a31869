package rows

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// lines is JSON Lines: one object a line.
type lines struct {
	in   *bufio.Reader
	kept slab
	long []byte // collects a line that is longer than the buffer of in
	line int
	row  int
}

func newLines(in *bufio.Reader) container { return &lines{in: in} }

func (l *lines) next() (Raw, error) {
	for {
		text, size, err := l.readLine()
		if err != nil {
			return Raw{}, err
		}
		l.line++
		if size > MaxRow {
			l.row++
			return Raw{}, &Problem{Row: l.row, Line: l.line, Message: fmt.Sprintf(
				"the line has %d bytes, and a row may have at most %d (16 MiB)", size, MaxRow)}
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		l.row++
		return l.makeRaw(text)
	}
}

func (l *lines) makeRaw(text []byte) (Raw, error) {
	blank := indent(text)
	raw := Raw{Number: l.row, Line: l.line, Col: 1 + blank, text: l.kept.keep(text[blank:]), oneLine: true}
	if l.row == 1 && raw.text[0] == '[' {
		if fault := new(objectParser).value(raw.text); fault != nil && fault.cutOff {
			problem := raw.problem(fault)
			problem.Message, problem.Hint = "the file holds one JSON array, not one object a line: name it .json", ""
			problem.Fatal = true
			return Raw{}, problem
		}
	}
	return raw, nil
}

// readLine returns the next line without its end, valid until the next call, and its size in bytes. Of a line beyond MaxRow only
// the size is known.
func (l *lines) readLine() (text []byte, size int64, err error) {
	l.long = l.long[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		size += int64(len(part))
		switch {
		case err == bufio.ErrBufferFull:
			if size <= MaxRow+2 {
				l.long = append(l.long, part...)
			}
			continue
		case err == io.EOF && size > 0, err == nil:
		default:
			return nil, 0, err
		}
		if size > MaxRow+2 {
			return nil, size - int64(len(part)-len(trimEnd(part))), nil
		}
		if len(l.long) > 0 {
			l.long = append(l.long, part...)
			part = l.long
		}
		text = trimEnd(part)
		return text, int64(len(text)), nil
	}
}

// trimEnd cuts a line's end off: LF or CRLF.
func trimEnd(line []byte) []byte {
	if rest, ok := bytes.CutSuffix(line, []byte("\n")); ok {
		return bytes.TrimSuffix(rest, []byte("\r"))
	}
	return line
}

// indent returns how many bytes of JSON white space text starts with.
func indent(text jsontext.Value) int {
	return len(text) - len(bytes.TrimLeft(text, " \t\r\n"))
}
