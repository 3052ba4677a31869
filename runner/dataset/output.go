package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"

	"ftrun/runner/result"
)

// An output is a file of examples while it is written.
type output struct {
	w        *bufio.Writer // to the file and to digest
	digest   hash.Hash
	bytes    int64
	examples int
	tokens   histogram
	shares   [len(shareNames)]int64
}

// outputBuffer is how many bytes are hashed and handed on at once.
const outputBuffer = 256 << 10

func newOutput(w io.Writer) *output {
	digest := sha256.New()
	return &output{w: bufio.NewWriterSize(io.MultiWriter(digest, w), outputBuffer), digest: digest, tokens: histogram{counts: map[int]int{}}}
}

func (o *output) write(line []byte, t *tally) error {
	o.bytes += int64(len(line))
	o.examples++
	o.tokens.add(t.total())
	for i, n := range t {
		o.shares[i] += int64(n)
	}
	if _, err := o.w.Write(line); err != nil {
		return fmt.Errorf("write examples: %w", err)
	}
	return nil
}

func (o *output) flush() error {
	if err := o.w.Flush(); err != nil {
		return fmt.Errorf("write examples: %w", err)
	}
	return nil
}

// sha256 is of what was written until the last flush.
func (o *output) sha256() string { return hex.EncodeToString(o.digest.Sum(nil)) }

// roleTokens returns the tokens by who says them; nobody's are left out.
func (o *output) roleTokens() map[string]int64 {
	shares := map[string]int64{}
	for i, n := range o.shares {
		if n > 0 {
			shares[shareNames[i]] = n
		}
	}
	return shares
}

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
	s := result.TokenStats{Encoding: encoding, Limit: limit, Histogram: []result.TokenBucket{}}
	if h.n == 0 {
		return s
	}
	lengths := slices.Sorted(maps.Keys(h.counts))
	s.Min, s.Max = lengths[0], lengths[len(lengths)-1]
	s.Mean = float64(h.sum) / float64(h.n)
	s.P50, s.P95 = h.percentile(lengths, 50), h.percentile(lengths, 95)
	s.Histogram = h.buckets(lengths)
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

// maxBuckets is how many bars a histogram has at most.
const maxBuckets = 12

// buckets puts the examples into at most maxBuckets ranges of one width, a round number.
func (h *histogram) buckets(lengths []int) []result.TokenBucket {
	low, high := lengths[0], lengths[len(lengths)-1]
	width := roundWidth(high - low + 1)
	start := low / width * width
	for (high-start)/width >= maxBuckets { // rounding down the start may need one more
		width = roundWidth((width + 1) * maxBuckets)
		start = low / width * width
	}
	list := make([]result.TokenBucket, (high-start)/width+1)
	for i := range list {
		list[i].From, list[i].To = start+i*width, start+(i+1)*width-1
	}
	for _, length := range lengths {
		list[(length-start)/width].Examples += h.counts[length]
	}
	return list
}

// roundWidth returns the smallest of 1, 2, 5, 10, 20, 50, … that covers span in maxBuckets steps.
func roundWidth(span int) int {
	for unit := 1; ; unit *= 10 {
		for _, width := range []int{unit, 2 * unit, 5 * unit} {
			if width*maxBuckets >= span {
				return width
			}
		}
	}
}
