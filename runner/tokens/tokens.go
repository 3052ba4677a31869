// Package tokens counts tokens offline, as the services count them, and prices them.
package tokens

import (
	"fmt"
	"sync"

	"github.com/pkoukk/tiktoken-go"
	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"
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
)

// A Counter counts tokens in one encoding. It is safe for concurrent use.
type Counter struct {
	encoding *tiktoken.Tiktoken
}

// counters loads each encoding once per process, because a load takes 0.2 to 0.5 s and up to 40 MB.
var counters = map[string]func() (*Counter, error){
	O200K:  sync.OnceValues(func() (*Counter, error) { return load(O200K) }),
	CL100K: sync.OnceValues(func() (*Counter, error) { return load(CL100K) }),
}

// useOfflineRanks keeps tiktoken-go from downloading its tables. It sets a variable of that package, so it runs once.
var useOfflineRanks = sync.OnceFunc(func() { tiktoken.SetBpeLoader(tiktoken_loader.NewOfflineLoader()) })

func load(encoding string) (*Counter, error) {
	useOfflineRanks()
	t, err := tiktoken.GetEncoding(encoding)
	if err != nil {
		return nil, fmt.Errorf("load encoding %s: %w", encoding, err)
	}
	return &Counter{encoding: t}, nil
}

// For returns the counter of an encoding, [O200K] or [CL100K]. All callers share it.
func For(encoding string) (*Counter, error) {
	counter, ok := counters[encoding]
	if !ok {
		return nil, fmt.Errorf("unknown encoding %q", encoding)
	}
	return counter()
}

// Count returns the number of tokens of text. What looks like a special token, such as <|endoftext|>, is ordinary text.
//
// Time grows with the square of the longest run without a break between words, numbers and signs: 10 kB of one letter take 0.15 s.
// Prose has no such runs.
func (c *Counter) Count(text string) int {
	if text == "" {
		return 0
	}
	return len(c.encoding.EncodeOrdinary(text))
}
