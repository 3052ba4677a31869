package rows

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is how far back zstd may refer. The zstd program refuses more as well, if not told otherwise (RFC 8878, section 3.1.1.1.2, asks for 8 MiB
// at least).
const maxWindow = 128 << 20

// A packing is a way to compress a file.
type packing struct {
	name      string
	extension string
	begins    func(head []byte) bool // whether a stream begins like this
	magic     string                 // that a stream mostly begins with
	open      func(*bufio.Reader) (io.ReadCloser, error)
}

func packings() []packing {
	return []packing{
		{name: "gzip", extension: ".gz", magic: gzipMagic, begins: beginsGzip, open: openGzip},
		{name: "zstd", extension: ".zst", magic: zstdMagic, begins: beginsZstd, open: openZstd},
	}
}

const (
	gzipMagic = "\x1f\x8b"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

func beginsGzip(head []byte) bool { return bytes.HasPrefix(head, []byte(gzipMagic)) }

// beginsZstd knows frames of zstd and those that it has to skip (RFC 8878, section 3.1.2).
func beginsZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte(zstdMagic)) || len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}

func openZstd(in *bufio.Reader) (io.ReadCloser, error) {
	decoder, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return decoder.IOReadCloser(), nil
}

// errTrailing says that something else follows the compressed stream.
var errTrailing = errors.New("other bytes follow")

// A gzipStream reads members of gzip, one after the other, as one text. Zero bytes after the last are padding, as for the gzip program.
type gzipStream struct {
	in *bufio.Reader
	*gzip.Reader
}

func openGzip(in *bufio.Reader) (io.ReadCloser, error) {
	member, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	member.Multistream(false)
	return &gzipStream{in: in, Reader: member}, nil
}

func (s *gzipStream) Read(p []byte) (int, error) {
	for {
		n, err := s.Reader.Read(p)
		if err != io.EOF || n > 0 {
			return n, clearEOF(err, n)
		}
		if err := s.nextMember(); err != nil {
			return 0, err
		}
	}
}

// clearEOF leaves the end of a member to the next read where there are bytes to hand on.
func clearEOF(err error, n int) error {
	if err == io.EOF && n > 0 {
		return nil
	}
	return err
}

// nextMember opens the next member, or returns io.EOF after the last.
func (s *gzipStream) nextMember() error {
	head, err := s.in.Peek(len(gzipMagic))
	switch {
	case len(head) == 0:
		return err
	case head[0] == 0:
		return s.padding()
	case !bytes.HasPrefix([]byte(gzipMagic), head):
		return errTrailing
	}
	if err := s.Reset(s.in); err != nil {
		return err
	}
	s.Multistream(false)
	return nil
}

// padding passes over zero bytes up to the end.
func (s *gzipStream) padding() error {
	for {
		switch c, err := s.in.ReadByte(); {
		case err != nil:
			return err
		case c != 0:
			return errTrailing
		}
	}
}

// An unpacker decompresses a source, and puts what is wrong with the compressed bytes into the words of a problem.
type unpacker struct {
	source  *source
	in      *bufio.Reader
	packing packing
	stream  io.ReadCloser // nil before the first read
}

func newUnpacker(s *source, p packing) *unpacker {
	return &unpacker{source: s, in: bufio.NewReaderSize(s, 1<<16), packing: p}
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.stream == nil {
		if err := u.openStream(); err != nil {
			return 0, u.explain(err)
		}
	}
	n, err := u.stream.Read(p)
	return n, u.explain(err)
}

// errForeign says that the file is not compressed in the way that its name says.
var errForeign = errors.New("another format")

func (u *unpacker) openStream() error {
	head, err := u.in.Peek(len(u.packing.magic))
	switch {
	case len(head) == 0:
		return err
	case u.packing.begins(head):
	case len(head) < len(u.packing.magic) && bytes.HasPrefix([]byte(u.packing.magic), head):
		return io.ErrUnexpectedEOF
	default:
		return errForeign
	}
	u.stream, err = u.packing.open(u.in)
	return err
}

// explain returns what to say of an error of the stream; io.EOF and nil stay what they are, and so do faults of reading.
func (u *unpacker) explain(err error) error {
	p := &Problem{Fatal: true, Hint: "copy or compress the file again"}
	name := u.packing.name
	switch {
	case err == nil, err == io.EOF:
		return err
	case u.source.err != nil:
		return u.source.err
	case err == errForeign:
		return u.notPacked()
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.Message = fmt.Sprintf("the file is cut off: the %s data ends before it is complete", name)
	case err == errTrailing, errors.Is(err, zstd.ErrMagicMismatch):
		p.Message = fmt.Sprintf("more bytes follow the %s data, and they are not %s", name, name)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch):
		p.Message = fmt.Sprintf("the %s data is damaged: its checksum is another one", name)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		p.Message = fmt.Sprintf("the %s data needs more memory than the %s of its window that are allowed", name, inBytes(maxWindow))
		p.Hint = "compress it again with zstd --long=27, or without --long"
	case errors.Is(err, zstd.ErrUnknownDictionary):
		p.Message, p.Hint = fmt.Sprintf("the %s data needs a dictionary", name), "compress it again without -D"
	default:
		p.Message = fmt.Sprintf("the %s data is damaged: %s", name, err)
	}
	return p
}

// notPacked says what the file is instead.
func (u *unpacker) notPacked() *Problem {
	p := &Problem{Fatal: true, Message: fmt.Sprintf("is not compressed by %s, though its name ends in %s", u.packing.name, u.packing.extension),
		Hint: fmt.Sprintf("take %s off its name if it is text", u.packing.extension)}
	head, _ := u.in.Peek(len(zstdMagic))
	for _, other := range packings() {
		if other.begins(head) {
			p.Hint = fmt.Sprintf("it is compressed by %s: let its name end in %s", other.name, other.extension)
		}
	}
	return p
}

func (u *unpacker) close() {
	if u.stream != nil {
		u.stream.Close() // of memory; the source stays open
	}
}
