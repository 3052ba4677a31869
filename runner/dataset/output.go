package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// An output is the training file while it is written.
type output struct {
	w        io.Writer
	digest   hash.Hash
	bytes    int64
	examples int
	tokens   histogram
}

func newOutput(w io.Writer) *output {
	return &output{w: w, digest: sha256.New(), tokens: histogram{counts: map[int]int{}}}
}

func (o *output) write(line []byte, tokens int) error {
	o.digest.Write(line) // never fails
	o.bytes += int64(len(line))
	o.examples++
	o.tokens.add(tokens)
	if _, err := o.w.Write(line); err != nil {
		return fmt.Errorf("write training file: %w", err)
	}
	return nil
}

func (o *output) sha256() string { return hex.EncodeToString(o.digest.Sum(nil)) }

// A histogram counts examples by their number of tokens. It grows with the number of different lengths, not of examples.
type histogram struct {
	counts map[int]int
	sum    int64
	n      int
}

func (h *histogram) add(tokens int) {
	h.counts[tokens]++
	h.sum += int64(tokens)
	h.n++
}

func (h *histogram) stats(encoding string, limit int) result.TokenStats {
	s := result.TokenStats{Encoding: encoding, Limit: limit}
	if h.n == 0 {
		return s
	}
	lengths := slices.Sorted(maps.Keys(h.counts))
	s.Min, s.Max = lengths[0], lengths[len(lengths)-1]
	s.Mean = float64(h.sum) / float64(h.n)
	s.P50, s.P95 = h.percentile(lengths, 50), h.percentile(lengths, 95)
	return s
}

// percentile returns the smallest length that p percent of the examples don't exceed (nearest rank).
func (h *histogram) percentile(lengths []int, p int) int {
	rank := (h.n*p + 99) / 100
	for _, length := range lengths {
		if rank -= h.counts[length]; rank <= 0 {
			return length
		}
	}
	return lengths[len(lengths)-1]
}

// maxProblems is how many problems are kept; beyond it they are only counted, so that a wrong file can't fill the memory.
const maxProblems = 10_000

// problems holds what is wrong with the rows, in the order of the file.
type problems struct {
	list  diag.List
	more  int           // how many there are beyond those in list
	first diag.Position // of them
	fatal bool          // rows after the last problem were not read
}

func (p *problems) empty() bool { return len(p.list) == 0 }

// add keeps the problems of one row, all or none.
func (p *problems) add(list ...diag.Diagnostic) {
	if len(p.list) < maxProblems {
		p.list = append(p.list, list...)
		return
	}
	if p.more == 0 {
		p.first = list[0].Pos
	}
	p.more += len(list)
}

// err returns the problems as a sorted [diag.List]; the last says how many more there are.
func (p *problems) err() error {
	if p.more > 0 {
		p.list.Add(diag.Diagnostic{Pos: p.first, Message: fmt.Sprintf("and %d more problems from here on", p.more)})
	}
	return p.list.Err()
}
