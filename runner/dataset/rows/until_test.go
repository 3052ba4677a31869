package rows_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"ftrun/runner/dataset/rows"
)

// A cancelling source goes on with pieces for good, calls cancel after some, and counts how often it is read after that.
type cancelling struct {
	piece  []byte
	rest   []byte
	after  int
	cancel func()
	late   int
}

func (c *cancelling) Read(p []byte) (int, error) {
	if c.after--; c.after == 0 {
		c.cancel()
	}
	if c.after < 0 {
		c.late++
	}
	if c.late > 100 {
		return 0, errors.New("read on and on")
	}
	n := 0
	for n < len(p) {
		if len(c.rest) == 0 {
			c.rest = c.piece
		}
		k := copy(p[n:], c.rest)
		n, c.rest = n+k, c.rest[k:]
	}
	return n, nil
}

// TestUntil ends the reading of files in which there is never another row.
func TestUntil(t *testing.T) {
	cause := errors.New("told to stop")
	for _, test := range []struct {
		name, extension string
		piece           []byte
	}{
		{"blank lines", ".jsonl", []byte("\n")},
		{"one line", ".jsonl", []byte("x")},
		{"gzip members without text", ".jsonl.gz", pack(t, ".gz", nil)},
		{"padding of gzip", ".csv.gz", []byte{0}},
		{"zstd frames of blank lines", ".jsonl.zst", pack(t, ".zst", bytes.Repeat([]byte("\n"), 1<<12))},
		{"rows", ".csv", []byte("1,2\n")},
		{"a quote", ".tsv", []byte("x\n")},
		{"a string", ".json", []byte("x")},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			src := &cancelling{piece: test.piece, after: 3, cancel: func() { cancel(cause) }}
			switch test.extension {
			case ".csv.gz":
				src.rest = pack(t, ".gz", nil)
			case ".tsv":
				src.rest = []byte("\"")
			case ".json":
				src.rest = []byte("{\"")
			}
			r, err := rows.NewReader(src, test.extension)
			if err != nil {
				t.Fatal(err)
			}
			r.Until(ctx)
			var last error
			for _, err := range r.All() {
				last = err
			}
			if last != cause || src.late > 1 {
				t.Errorf("the reading ends with %v after %d more reads", last, src.late)
			}
			if _, err := r.NextRaw(); err != io.EOF {
				t.Errorf("after that comes %v", err)
			}
		})
	}
}

// TestUntilInText stops in text that was all decompressed from bytes that had been read before.
func TestUntilInText(t *testing.T) {
	for _, compression := range []string{".gz", ".zst"} {
		packed := packFrom(t, compression, io.MultiReader(strings.NewReader("{}\n"), repeated(strings.Repeat("\n", 1<<16), 40<<20)))
		ctx, cancel := context.WithCancel(t.Context())
		r, err := rows.NewReader(bytes.NewReader(packed), ".jsonl"+compression)
		if err != nil {
			t.Fatal(err)
		}
		r.Until(stoppedAt{ctx, cancel, r})
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); err != context.Canceled || r.TextSize() > 4<<20 {
			t.Errorf("%s: the reading ends with %v after %d bytes of text", compression, err, r.TextSize())
		}
	}
}

// stoppedAt is done when the reader has got as far as 2 MiB.
type stoppedAt struct {
	context.Context
	cancel context.CancelFunc
	reader *rows.Reader
}

func (s stoppedAt) Err() error {
	if s.reader.TextSize() > 2<<20 {
		s.cancel()
	}
	return s.Context.Err()
}
