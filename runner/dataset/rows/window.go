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

// A window passes bytes on, up to a limit, and keeps those that lie after the last position asked for, so that the offsets of what was read can
// be turned into positions and text. Parts of its text that were handed out are not written to again.
type window struct {
	in     *bufio.Reader
	limit  int64  // offset beyond which reading is refused
	text   []byte // what was passed on, from base
	base   int64  // offset of the first byte of text
	at     int    // index in text of the last position asked for
	line   int    // of that position
	begin  int64  // offset at which that line begins
	shared bool   // a part of text was handed out
}

func newWindow(in *bufio.Reader) *window { return &window{in: in, line: 1} }

// allow lets a row of MaxRow bytes that starts at offset be read.
func (w *window) allow(offset int64) { w.limit = offset + MaxRow }

func (w *window) Read(p []byte) (int, error) {
	left := w.limit - w.base - int64(len(w.text))
	if left <= 0 {
		return 0, errTooLarge
	}
	n, err := w.in.Read(p[:min(int64(len(p)), left)])
	if len(w.text)+n > cap(w.text) {
		w.slide(n)
	}
	w.text = append(w.text, p[:n]...)
	return n, err
}

// slide makes room for n bytes by letting go of what lies before the last position.
func (w *window) slide(n int) {
	rest := w.text[w.at:]
	w.base += int64(w.at)
	w.at = 0
	if need := len(rest) + n; w.shared || need > cap(w.text) {
		w.text, w.shared = make([]byte, 0, max(slabSize, 2*need)), false
	}
	w.text = append(w.text[:0], rest...)
}

// position returns the line and column of an offset. Offsets must not shrink; one before the line of the last is taken for that
// line's start.
func (w *window) position(offset int64) (line, col int) {
	if to := min(int(offset-w.base), len(w.text)); to > w.at {
		passed := w.text[w.at:to]
		if bytes.IndexByte(passed, '\n') >= 0 { // which looks at many bytes at once, and in most rows finds none
			i := bytes.LastIndexByte(passed, '\n')
			w.line += bytes.Count(passed, []byte("\n"))
			w.begin = w.base + int64(w.at+i) + 1
		}
		w.at = to
	}
	return w.line, max(1, int(offset-w.begin)+1)
}

// upTo returns the text from the last position asked for to the offset, valid until more is read.
func (w *window) upTo(offset int64) []byte {
	return w.text[w.at:min(int(offset-w.base), len(w.text))]
}

// rest returns the n bytes of text from the last position on.
func (w *window) rest(n int) []byte {
	w.shared = true
	return w.text[w.at : w.at+n : w.at+n]
}
