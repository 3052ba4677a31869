package rows

import (
	"bufio"
	"bytes"
	"errors"
)

// errTooLarge ends the reading of a row beyond MaxRow where its end can't be found without holding it.
var errTooLarge = errors.New("row too large")

// tooLarge is what a person reads of errTooLarge.
const tooLarge = "the row that starts here has more than 16 MiB, the most that is read; rows after it were not read"

// A lineIndex passes bytes on, up to a limit, and remembers where lines start, so that the offsets of what was read can be turned
// into positions.
type lineIndex struct {
	in     *bufio.Reader
	offset int64   // of the next byte to pass on
	limit  int64   // offset beyond which reading is refused
	breaks []int64 // offsets of the line feeds that were passed on and lie after the last position asked for
	line   int     // of the last position asked for
	begin  int64   // offset at which that line begins
}

func newLineIndex(in *bufio.Reader) *lineIndex { return &lineIndex{in: in, line: 1} }

// allow lets a row of MaxRow bytes that starts at offset be read.
func (x *lineIndex) allow(offset int64) { x.limit = offset + MaxRow }

func (x *lineIndex) Read(p []byte) (int, error) {
	if x.offset >= x.limit {
		return 0, errTooLarge
	}
	n, err := x.in.Read(p[:min(int64(len(p)), x.limit-x.offset)])
	for rest, at := p[:n], x.offset; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		x.breaks = append(x.breaks, at+int64(i))
		rest, at = rest[i+1:], at+int64(i)+1
	}
	x.offset += int64(n)
	return n, err
}

// position returns the line and column of an offset. Offsets must not shrink; one before the line of the last is taken for that
// line's start.
func (x *lineIndex) position(offset int64) (line, col int) {
	passed := 0
	for passed < len(x.breaks) && x.breaks[passed] < offset {
		x.begin = x.breaks[passed] + 1
		x.line++
		passed++
	}
	x.breaks = x.breaks[:copy(x.breaks, x.breaks[passed:])]
	return x.line, max(1, int(offset-x.begin)+1)
}
