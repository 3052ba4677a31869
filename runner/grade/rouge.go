package grade

import "strings"

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
		return sameText(output, reference)
	}
	return 2 * float64(common) / float64(tokens)
}

// sameText is the score of texts that have nothing in them to count: 1 where they are equal but for outer white space, else 0.
func sameText(a, b string) float64 {
	if strings.TrimSpace(a) == strings.TrimSpace(b) {
		return 1
	}
	return 0
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
		words, sequence := readWords(&ta, m*(i+1)/pieces-m*i/pieces)
		x := newIndex(sequence, len(words.ids))
		v := x.lcs()
		tokens += len(sequence)
		for limit := n*(i+1)/pieces - n*i/pieces; limit > 0 && tb.next(); limit-- {
			if id, known := words.ids[string(tb.token)]; known {
				v.read(x.of(id))
			}
			tokens++
		}
		common += v.length()
	}
	return common, tokens
}

// bytesPerToken is a guess at how much to allocate: that of English, with the space.
const bytesPerToken = 6

// readWords gives each distinct token an id, and returns the next tokens of t, limit at most, as ids.
func readWords(t *tokenizer, limit int) (*vocabulary, []int32) {
	expected := min(limit, 1+(len(t.text)-t.at)/bytesPerToken)
	words, sequence := newVocabulary(expected), make([]int32, 0, expected)
	for len(sequence) < limit && t.next() {
		sequence = append(sequence, words.add(t.token))
	}
	return words, sequence
}

// A vocabulary gives tokens ids, in the order in which they come.
type vocabulary struct {
	ids  map[string]int32
	keys strings.Builder // the distinct tokens, to save an allocation for each
}

func newVocabulary(expected int) *vocabulary {
	return &vocabulary{ids: make(map[string]int32, expected)}
}

// add returns the id of a token.
func (v *vocabulary) add(token []byte) int32 {
	id, known := v.ids[string(token)]
	if !known {
		id = int32(len(v.ids))
		start := v.keys.Len()
		v.keys.Write(token)
		v.ids[v.keys.String()[start:]] = id
	}
	return id
}
