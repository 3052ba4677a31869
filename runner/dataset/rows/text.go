package rows

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math"
)

// maxUnpacked is how much text a compressed file may have. Services take training files of up to 0.5 GB, so more than this is no data set but a
// file made to keep whoever reads it busy; the text of files that are not compressed needs no bound, since someone had to store it.
const maxUnpacked = 16 << 30

// A source hashes what is read through it.
type source struct {
	r      io.Reader
	digest hash.Hash
	size   int64
	stop   func() error
	err    error // of reading, that is not the end
}

func newSource(r io.Reader) *source { return &source{r: r, digest: sha256.New()} }

func (s *source) Read(p []byte) (int, error) {
	if s.err = s.stop(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.digest.Write(p[:n]) // never fails
	s.size += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (s *source) sum() string { return hex.EncodeToString(s.digest.Sum(nil)) }

// A text is what containers read: the source, decompressed where its format says so. Its first error comes again at every call.
type text struct {
	format format
	in     io.Reader
	size   int64 // of what was passed on
	limit  int64
	breaks int // lines that were passed on, of a text that was compressed
	stop   func() error
	err    error
}

func newText(s *source, f format) *text {
	if f.packing == nil {
		return &text{format: f, in: s, limit: math.MaxInt64 - 1}
	}
	return &text{format: f, in: newUnpacker(s, *f.packing), limit: maxUnpacked}
}

func (t *text) Read(p []byte) (int, error) {
	if t.err == nil {
		t.err = t.stop()
	}
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.in.Read(p[:min(int64(len(p)), t.limit-t.size+1)]) // a byte beyond shows that there is more
	if t.format.packing != nil {
		t.breaks += bytes.Count(p[:n], []byte("\n"))
	}
	if t.size += int64(n); t.size > t.limit {
		n, err = n-1, &Problem{Fatal: true, Message: t.tooMuch()}
	}
	if p, ok := err.(*Problem); ok {
		p.Line = t.breaks + 1
	}
	t.err = err
	return n, err
}

func (t *text) tooMuch() string {
	what := "the file"
	if t.format.packing != nil {
		what = "the decompressed text"
	}
	return fmt.Sprintf("%s is larger than %s, the most that is read; rows after it were not read", what, inBytes(t.limit))
}

// inBytes writes a size in the largest unit that divides it.
func inBytes(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}} {
		if n >= unit.size && n%unit.size == 0 {
			return fmt.Sprintf("%d %s", n/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func (t *text) close() {
	if u, ok := t.in.(*unpacker); ok {
		u.close()
	}
}
