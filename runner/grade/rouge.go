package grade

import (
	"math/bits"
	"strings"
)

// RougeL returns how much two texts share in sequence, from 0 (no token in common) to 1 (the same tokens in the same order): the
// F1 of ROUGE-L,
//
//	F1 = 2·P·R / (P + R) = 2·LCS / (m + n), where P = LCS/m and R = LCS/n
//
// for texts of m and n tokens and the length LCS of their longest common subsequence (Chin-Yew Lin: ROUGE: A Package for Automatic
// Evaluation of Summaries, 2004, section 3.1, with β = 1). It is symmetric.
//
// Tokens are lower-cased runs of letters and numbers with the marks on them, without stemming. For ASCII that is what the
// rouge-score package does by default, and so are the scores. That package drops every other character; here letters of every
// script count, and in scripts written without spaces between words (Han, Kana, Thai, Lao, Khmer, Myanmar) each rune is a token,
// so that a long answer is not one token that is all right or all wrong. Two texts without any token, such as two emoji, score
// 1 where they are equal but for outer white space, else 0.
//
// Time grows with m·n/64 where the shorter text has up to 32,768 tokens, a book of a hundred pages. Longer ones are compared piece
// by piece, the first k-th of one with the first k-th of the other and so on, and the common lengths added up: that can only lower
// the score, and never that of equal texts, and from there on time grows with the length alone. Memory grows with the shorter text.
func RougeL(output, reference string) float64 {
	common, tokens := commonTokens(output, reference)
	if tokens == 0 {
		if strings.TrimSpace(output) == strings.TrimSpace(reference) {
			return 1
		}
		return 0
	}
	return 2 * float64(common) / float64(tokens)
}

// pieceTokens is how many tokens of the shorter text are compared at a time.
const pieceTokens = 1 << 15

// commonTokens returns the length of the longest common subsequence of two texts, by pieces where they are long, and the number of
// tokens in both together.
func commonTokens(a, b string) (common, tokens int) {
	if len(a) > len(b) {
		a, b = b, a
	}
	m, n, pieces := len(a), len(b), 1 // a token has a byte at least, so these are enough for all of them
	if m > pieceTokens {
		m, n = countTokens(a), countTokens(b)
		pieces = 1 + min(m, n)/pieceTokens
	}
	ta, tb := tokenizer{text: a}, tokenizer{text: b}
	for i := range pieces {
		x := indexTokens(&ta, m*(i+1)/pieces-m*i/pieces)
		c, seen := x.lcs(&tb, n*(i+1)/pieces-n*i/pieces)
		common += c
		tokens += x.tokens + seen
	}
	return common, tokens
}

// An index knows where each token of a text stands: as bits of words of 64 positions, words without the token left out. Whole bit
// vectors for every distinct token would take memory in the square of the text.
type index struct {
	tokens int
	ids    map[string]int32 // distinct tokens
	first  []int32          // of id: blocks[first[id]:first[id+1]] are its words, ascending
	blocks []block
}

type block struct {
	word int32
	mask uint64
}

// bytesPerToken is a guess at how much to allocate: that of English, with the space.
const bytesPerToken = 6

// indexTokens indexes the next tokens of t, limit at most.
func indexTokens(t *tokenizer, limit int) index {
	x := index{ids: make(map[string]int32, min(limit, (len(t.text)-t.at)/bytesPerToken))}
	sequence := x.number(t, limit)
	x.tokens = len(sequence)

	last := make([]int32, len(x.ids)) // of id: 1 + the last word with the token
	x.first = make([]int32, len(x.ids)+1)
	for position, id := range sequence {
		if word := int32(position/64) + 1; last[id] != word {
			last[id] = word
			x.first[id+1]++
		}
	}
	for id := range last {
		x.first[id+1] += x.first[id]
		last[id] = 0
	}
	x.blocks = make([]block, x.first[len(x.ids)])
	next := append([]int32(nil), x.first...) // of id: where its next block goes
	for position, id := range sequence {
		if word := int32(position/64) + 1; last[id] != word {
			last[id] = word
			x.blocks[next[id]].word = word - 1
			next[id]++
		}
		x.blocks[next[id]-1].mask |= 1 << (position % 64)
	}
	return x
}

// number gives each distinct token an id and returns the next tokens of t, limit at most, as ids.
func (x *index) number(t *tokenizer, limit int) []int32 {
	sequence := make([]int32, 0, min(limit, 1+(len(t.text)-t.at)/bytesPerToken))
	var keys strings.Builder // the distinct tokens, to save an allocation for each
	for len(sequence) < limit && t.next() {
		id, known := x.ids[string(t.token)]
		if !known {
			id = int32(len(x.ids))
			start := keys.Len()
			keys.Write(t.token)
			x.ids[keys.String()[start:]] = id
		}
		sequence = append(sequence, id)
	}
	return sequence
}

// lcs returns the length of the longest common subsequence of the indexed tokens and the next ones of t, limit at most, and how
// many those are.
//
// It is the bit-parallel algorithm of Hyyrö (Bit-parallel LCS-length computation revisited, 2004): bit i of v is 0 where the
// common subsequence with the first i+1 tokens is longer than with the first i. For each token of the other text, with m the bits
// where it stands,
//
//	v = (v + (v & m)) | (v &^ m)
//
// in which words without the token change only while a carry runs through them.
func (x *index) lcs(t *tokenizer, limit int) (common, tokens int) {
	v := make([]uint64, (x.tokens+63)/64)
	for i := range v {
		v[i] = ^uint64(0)
	}
	for ; tokens < limit && t.next(); tokens++ {
		id, known := x.ids[string(t.token)]
		if !known {
			continue
		}
		word, carry := 0, uint64(0)
		for _, b := range x.blocks[x.first[id]:x.first[id+1]] {
			for ; carry != 0 && word < int(b.word); word++ {
				v[word], carry = increment(v[word])
			}
			word = int(b.word)
			old := v[word]
			var sum uint64
			sum, carry = bits.Add64(old, old&b.mask, carry)
			v[word] = sum | old&^b.mask
			word++
		}
		for ; carry != 0 && word < len(v); word++ {
			v[word], carry = increment(v[word])
		}
	}
	for _, w := range v {
		common += bits.OnesCount64(^w)
	}
	return common, tokens
}

// increment is the step of [index.lcs] for a word without the token that a carry runs into.
func increment(v uint64) (next, carry uint64) {
	sum, carry := bits.Add64(v, 1, 0)
	return sum | v, carry
}
