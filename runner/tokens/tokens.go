// Package tokens counts tokens offline, as the services count them, and prices them.
package tokens

import (
	_ "embed" // the tables of ranks
	"fmt"
	"sync"

	"github.com/pkoukk/tiktoken-go"
	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"

	"ftrun/runner/tokens/internal/ranktable"
)

// What a training example costs beyond the tokens of its texts, as OpenAI's cookbook publishes it ("Data preparation and analysis
// for chat model fine-tuning"): an example of n messages has n*PerMessage + the tokens of every string in them + PerName for each
// name + PerExample.
const (
	PerMessage = 3 // each message
	PerName    = 1 // each message that has a name
	PerExample = 3 // each example: the start of the reply
)

// The encodings that [For] knows.
const (
	O200K  = "o200k_base"  // gpt-4o and everything after it
	CL100K = "cl100k_base" // gpt-4, gpt-3.5-turbo
	P50K   = "p50k_base"   // text-davinci-003 and -002, Codex
	R50K   = "r50k_base"   // GPT-3: davinci, curie, babbage, ada
)

//go:generate go run generate.go

//go:embed o200k_base.ranks
var ranksO200K string

//go:embed cl100k_base.ranks
var ranksCL100K string

// A Counter counts tokens in one encoding. It is safe for concurrent use.
type Counter struct {
	workers   sync.Pool          // of *worker, for the encodings that are counted here
	reference *tiktoken.Tiktoken // for the others
}

var counters = map[string]func() (*Counter, error){
	O200K:  sync.OnceValues(func() (*Counter, error) { return open(ranksO200K, cutO200K, 0) }),
	CL100K: sync.OnceValues(func() (*Counter, error) { return open(ranksCL100K, cutCL100K, each*('a'-'A')) }),
	P50K:   sync.OnceValues(func() (*Counter, error) { return load(P50K) }),
	R50K:   sync.OnceValues(func() (*Counter, error) { return load(R50K) }),
}

// open makes a counter out of an embedded table, which is used where it lies: a matter of microseconds.
func open(ranks string, cut func(t *classes, text string, i int) int, fold uint64) (*Counter, error) {
	table, err := ranktable.Open(ranks)
	if err != nil {
		return nil, err
	}
	c := &Counter{}
	c.workers.New = func() any { return newWorker(encoding{table, cut, fold}) }
	return c, nil
}

// useOfflineRanks keeps tiktoken-go from downloading its tables. It sets a variable of that package, so it runs once.
var useOfflineRanks = sync.OnceFunc(func() { tiktoken.SetBpeLoader(tiktoken_loader.NewOfflineLoader()) })

// load makes a counter out of tiktoken-go, once per process, because that takes up to 0.1 s and maps of all tokens.
func load(encoding string) (*Counter, error) {
	useOfflineRanks()
	t, err := tiktoken.GetEncoding(encoding)
	if err != nil {
		return nil, fmt.Errorf("load encoding %s: %w", encoding, err)
	}
	return &Counter{reference: t}, nil
}

// For returns the counter of an encoding, one of [O200K], [CL100K], [P50K] and [R50K]. All callers share it.
func For(encoding string) (*Counter, error) {
	counter, ok := counters[encoding]
	if !ok {
		return nil, fmt.Errorf("unknown encoding %q", encoding)
	}
	return counter()
}

// Count returns the number of tokens of text. What looks like a special token, such as <|endoftext|>, is ordinary text, and a byte that
// is no UTF-8 counts as U+FFFD.
//
// In [O200K] and [CL100K] time grows with the length of the text. A run without a break between words, numbers and signs takes n log n, a
// megabyte of one letter 0.2 s and some 40 bytes of memory for each of its bytes. In [P50K] and [R50K] time grows with the square of such
// a run. Prose has none.
func (c *Counter) Count(text string) int {
	if text == "" {
		return 0
	}
	if c.reference != nil {
		return len(c.reference.EncodeOrdinary(text))
	}
	w := c.workers.Get().(*worker)
	defer c.workers.Put(w)
	return w.count(text)
}

// A Single counts as its Counter does, for one goroutine at a time. It keeps the memory of pieces, half a megabyte, that callers of
// [Counter.Count] hand from one to the other.
type Single struct {
	counter *Counter
	own     *worker // nil: the counter needs none
}

// Single returns a counter for one goroutine.
func (c *Counter) Single() *Single {
	if c.reference != nil {
		return &Single{counter: c}
	}
	return &Single{counter: c, own: c.workers.New().(*worker)}
}

// Count is [Counter.Count].
func (s *Single) Count(text string) int {
	if s.own == nil || text == "" {
		return s.counter.Count(text)
	}
	return s.own.count(text)
}
