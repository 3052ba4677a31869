package grade

import (
	"bytes"
	"math"
)

// The parameters of [meteor]: those of Banerjee and Lavie, and nltk's.
const (
	meteorAlpha = 0.9 // weight of recall against precision
	meteorBeta  = 3   // how steeply order counts
	meteorGamma = 0.5 // how much order counts
)

// meteor returns how many words of two texts can be matched, and how far in order, from 0 to 1:
//
//	(1 - 0.5·(ch/m)³) · P·R / (0.9·P + 0.1·R), where P = m/c and R = m/r
//
// for an output of c tokens, a reference of r, m pairs of matching ones, and the number ch of chunks, runs of pairs that are neighbours
// in both texts. Recall counts nine times as much as precision, so it is not symmetric. Equal texts of m tokens score 1 - 0.5/m³, not 1:
// 0.5 for one word, 0.98 for three, 0.9995 for ten.
//
// Words match where they are equal, then, of those that are left, where their stems by Porter are. There is no third stage, that of
// synonyms, for which WordNet would be needed: texts without synonyms score as with single_meteor_score of nltk, which in both stages
// pairs the last words first. Tokens are those of [bleu] in lower case. Two texts without any token score 1 where they are equal, else 0.
// Source: Banerjee and Lavie: METEOR: An Automatic Metric for MT Evaluation with Improved Correlation with Human Judgments, 2005.
func meteor(output, reference string) float64 {
	words := newVocabulary((len(output) + len(reference)) / bytesPerToken)
	a, b := words.mtevalSequence(output, bytes.ToLower), words.mtevalSequence(reference, bytes.ToLower)
	if len(a)+len(b) == 0 {
		return sameText(output, reference)
	}
	x := newAlignment(len(a), len(b))
	x.match(a, b, len(words.ids))
	stems, distinct := words.stems()
	for i, id := range a {
		a[i] = stems[id]
	}
	for j, id := range b {
		b[j] = stems[id]
	}
	x.match(a, b, distinct)
	pairs, chunks := x.count()
	if pairs == 0 {
		return 0
	}
	m := float64(pairs)
	precision, recall := m/float64(len(a)), m/float64(len(b))
	penalty := meteorGamma * math.Pow(float64(chunks)/m, meteorBeta)
	return (1 - penalty) * precision * recall / (meteorAlpha*precision + (1-meteorAlpha)*recall)
}

// stems returns the id of the stem of each token, and how many there are.
func (v *vocabulary) stems() (ids []int32, distinct int) {
	stems := newVocabulary(len(v.ids))
	ids = make([]int32, len(v.ids))
	for word, id := range v.ids {
		ids[id] = stems.add(stem(word))
	}
	return ids, len(stems.ids)
}

// An alignment pairs places of two sequences.
type alignment struct {
	to    []int32 // of each place of the first: its partner, or none
	taken []bool  // of each place of the second
}

func newAlignment(first, second int) alignment {
	x := alignment{to: make([]int32, first), taken: make([]bool, second)}
	for i := range x.to {
		x.to[i] = none
	}
	return x
}

// match pairs places with the same id, ids being below distinct: from the last place of the first sequence on, each with the last one of
// the second that is free.
func (x *alignment) match(a, b []int32, distinct int) {
	free := make([]int32, distinct) // of id: the last free place, or none
	for id := range free {
		free[id] = none
	}
	before := make([]int32, len(b)) // of place: the free one before it with the same id, or none
	for j, id := range b {
		if !x.taken[j] {
			before[j], free[id] = free[id], int32(j)
		}
	}
	for i := len(a) - 1; i >= 0; i-- {
		if x.to[i] != none {
			continue
		}
		if j := free[a[i]]; j != none {
			x.to[i], x.taken[j] = j, true
			free[a[i]] = before[j]
		}
	}
}

// count returns how many pairs there are, and how many runs of pairs that are neighbours in both sequences.
func (x *alignment) count() (pairs, chunks int) {
	for i, j := range x.to {
		if j == none {
			continue
		}
		pairs++
		if i == 0 || x.to[i-1] == none || x.to[i-1] != j-1 {
			chunks++
		}
	}
	return pairs, chunks
}
