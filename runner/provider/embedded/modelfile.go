package embedded

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
)

// A model file is
//
//	a line that names the format
//	a line of JSON with the counts of what follows
//	each bucket that was learned: its number, its rarity (float32) and its vector
//	the vector of each reply
//	each reply, a line of JSON
//	the SHA-256 of all that came before
//
// Numbers are little-endian. A vector's are bfloat16, to which training has rounded them, so that a model is the same before it was
// stored and after. GSM8K makes 11 MB.

const modelFormat = "ftrun embedded model 1\n"

type modelHeader struct {
	Buckets int `json:"buckets"`
	Replies int `json:"replies"`
	Dim     int `json:"dim"`
}

const (
	vectorBytes = 2 * dim
	bucketBytes = 4 + 4 + vectorBytes
)

// size is about how many bytes write will write.
func (m *model) size() int {
	n := len(m.vectors) * vectorBytes
	for _, rare := range m.rarity {
		if rare > 0 {
			n += bucketBytes
		}
	}
	for _, r := range m.replies {
		n += len(r.Content) + len(r.ToolCalls)
	}
	return n
}

// write writes the model. The same model is always the same bytes.
func (m *model) write(w io.Writer) error {
	sum := sha256.New()
	out := io.MultiWriter(w, sum)
	if err := m.writeBody(bufio.NewWriterSize(out, 1<<16)); err != nil {
		return err
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

func (m *model) writeBody(w *bufio.Writer) error {
	header := modelHeader{Replies: len(m.replies), Dim: dim}
	for _, rare := range m.rarity {
		if rare > 0 {
			header.Buckets++
		}
	}
	w.WriteString(modelFormat) // bufio keeps the first error for Flush
	lines := json.NewEncoder(w)
	if err := lines.Encode(header); err != nil {
		return err
	}
	var buf []byte
	for b, rare := range m.rarity {
		if rare > 0 {
			buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(b))
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(rare))
			w.Write(appendVector(buf, &m.questions[b]))
		}
	}
	for i := range m.vectors {
		w.Write(appendVector(buf[:0], &m.vectors[i]))
	}
	for _, r := range m.replies {
		if err := lines.Encode(r); err != nil {
			return err
		}
	}
	return w.Flush()
}

func appendVector(b []byte, v *vector) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(x)>>16))
	}
	return b
}

func decodeVector(b []byte) (v vector) {
	for i := range v {
		v[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16)
	}
	return v
}

// readModel reads what write wrote, and refuses what is not exactly that.
func readModel(r io.Reader) (*model, error) {
	in := &summedReader{in: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	format, err := in.line()
	if err != nil || string(format) != modelFormat {
		return nil, errors.New("not a model file of this version")
	}
	line, err := in.line()
	if err != nil {
		return nil, err
	}
	var header modelHeader
	if err := json.Unmarshal(line, &header); err != nil {
		return nil, fmt.Errorf("model header: %w", err)
	}
	if header.Dim != dim || header.Buckets < 0 || header.Buckets > bucketCount || header.Replies < 0 {
		return nil, fmt.Errorf("model header %s does not fit this version", bytes.TrimSpace(line))
	}
	m, err := in.body(header)
	if err != nil {
		return nil, err
	}
	return m, in.verify()
}

// summedReader reads the parts of a model file and keeps their sum.
type summedReader struct {
	in  *bufio.Reader
	sum hash.Hash
}

func (s *summedReader) line() ([]byte, error) {
	b, err := s.in.ReadBytes('\n')
	s.sum.Write(b)
	return b, err
}

func (s *summedReader) full(b []byte) error {
	_, err := io.ReadFull(s.in, b)
	s.sum.Write(b)
	return err
}

func (s *summedReader) body(h modelHeader) (*model, error) {
	m := &model{rarity: make(rarity, bucketCount), questions: make(table, bucketCount)}
	row := make([]byte, bucketBytes)
	for range h.Buckets {
		if err := s.full(row); err != nil {
			return nil, err
		}
		b := binary.LittleEndian.Uint32(row)
		if b >= bucketCount {
			return nil, fmt.Errorf("bucket %d of %d", b, bucketCount)
		}
		m.rarity[b] = math.Float32frombits(binary.LittleEndian.Uint32(row[4:]))
		m.questions[b] = decodeVector(row[8:])
	}
	for range h.Replies {
		if err := s.full(row[:vectorBytes]); err != nil {
			return nil, err
		}
		m.vectors = append(m.vectors, decodeVector(row))
	}
	for range h.Replies {
		line, err := s.line()
		if err != nil {
			return nil, err
		}
		var r reply
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, err
		}
		m.replies = append(m.replies, r)
	}
	return m, nil
}

// verify reads the checksum at the end.
func (s *summedReader) verify() error {
	want := s.sum.Sum(nil)
	got, err := io.ReadAll(io.LimitReader(s.in, int64(len(want))+1))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return errors.New("checksum of the model file does not match")
	}
	return nil
}
