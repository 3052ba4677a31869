package embedded

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// The vocabulary is hashed: a feature is a bucket, and features that share a bucket are told apart by those around them.
const (
	bucketBits  = 16
	bucketCount = 1 << bucketBits
)

// What a feature of each kind counts for, before its rarity is taken into account.
const (
	wordWeight   = 1
	pairWeight   = 0.5
	prefixWeight = 0.4
	prefixRunes  = 4
)

// What surrounds the question must not drown it. Its words count less than those of the question, and however many they are, earlier
// turns and instructions each count at most a share of the question's length as a vector.
const (
	aroundWeight = 0.5
	historyShare = 0.35
	systemShare  = 0.2
)

// A prompt is a conversation as the model sees it.
type prompt struct {
	question string // the last message of the user
	history  string // every other message of the user, the assistant and tools
	system   string // instructions
}

// A feature is a bucket of the vocabulary and how much it counts.
type feature struct {
	bucket uint32
	weight float32
}

// terms are the features of a prompt as they occur, each part sorted by bucket.
type terms struct{ question, history, system []feature }

func termsOf(p prompt) terms {
	return terms{
		question: merge(appendTerms(nil, p.question, 0)),
		history:  merge(appendTerms(nil, p.history, 0)),
		// The words of instructions are kept apart from the same words in a question.
		system: merge(appendTerms(nil, p.system, 0x5bd1e9955bd1e995)),
	}
}

// rarity holds what each bucket counts for, by how few of the training texts have it; 0 for one that none has.
type rarity []float32

// measureRarity weighs a bucket that n of N texts have by ln(N/n), the inverse document frequency, plus a little, so that a word that all
// of them share still says something where there is nothing else to go by.
func measureRarity(texts []terms) rarity {
	const floor = 0.05
	counts := make([]int, bucketCount)
	for _, t := range texts {
		for _, part := range [][]feature{t.question, t.history, t.system} {
			for _, f := range part {
				counts[f.bucket]++
			}
		}
	}
	r := make(rarity, bucketCount)
	for b, n := range counts {
		if n > 0 {
			// A word of both the question and the history counts twice, so that n may exceed N.
			r[b] = floor + float32(max(0, math.Log(float64(len(texts))/float64(n))))
		}
	}
	return r
}

// encode turns terms into features that form a vector of length 1, sorted by bucket. Words that training never met are left out, for the
// model knows nothing of them; where it knows none, there are no features.
func (r rarity) encode(t terms) []feature {
	question, history, system := r.weigh(t.question), r.weigh(t.history), r.weigh(t.system)
	scale(history, aroundWeight)
	scale(system, aroundWeight)
	if n := norm(question); n > 0 {
		limitNorm(history, historyShare*n)
		limitNorm(system, systemShare*n)
	}
	all := question
	if len(history)+len(system) > 0 {
		all = merge(slices.Concat(question, history, system))
	}
	if n := norm(all); n > 0 {
		scale(all, 1/n)
	}
	return all
}

// weigh returns the known features, weighed by their rarity.
func (r rarity) weigh(fs []feature) []feature {
	known := make([]feature, 0, len(fs))
	for _, f := range fs {
		if w := r[f.bucket]; w > 0 {
			// A word said four times does not say four times as much.
			known = append(known, feature{f.bucket, w * float32(math.Sqrt(float64(f.weight)))})
		}
	}
	return known
}

// merge adds up features of the same bucket, in place, and leaves them sorted by bucket.
func merge(fs []feature) []feature {
	// Stable, so that the sums are formed in the same order every time.
	slices.SortStableFunc(fs, func(a, b feature) int { return cmp.Compare(a.bucket, b.bucket) })
	out := fs[:0]
	for _, f := range fs {
		if n := len(out); n > 0 && out[n-1].bucket == f.bucket {
			out[n-1].weight += f.weight
		} else {
			out = append(out, f)
		}
	}
	return out
}

func norm(fs []feature) float32 {
	var sum float32
	for _, f := range fs {
		sum += f.weight * f.weight
	}
	return float32(math.Sqrt(float64(sum)))
}

func limitNorm(fs []feature, limit float32) {
	if n := norm(fs); n > limit {
		scale(fs, limit/n)
	}
}

func scale(fs []feature, by float32) {
	for i := range fs {
		fs[i].weight *= by
	}
}

// appendTerms appends the features of a text: the stem of each word, each pair of neighbouring stems, and the first letters of each
// longer word, which bring words of one family together where the stemmer does not.
func appendTerms(fs []feature, text string, space uint64) []feature {
	text = strings.ToLower(text)
	var before uint64 // the stem before this one; 0 at the start
	for t := range tokens(text) {
		if !t.word {
			continue
		}
		word := text[t.start:t.end]
		h := hashString(space, stem(word))
		fs = append(fs, feature{bucketOf(h), wordWeight})
		if before != 0 {
			fs = append(fs, feature{bucketOf(mix(before ^ 3*h)), pairWeight})
		}
		if p, ok := prefix(word); ok {
			fs = append(fs, feature{bucketOf(hashString(^space, p)), prefixWeight})
		}
		before = h
	}
	return fs
}

// prefix returns the first letters of a word that has more.
func prefix(word string) (string, bool) {
	n := 0
	for i := range word {
		if n == prefixRunes {
			return word[:i], true
		}
		n++
	}
	return "", false
}

// hashString is FNV-1a over s, started from a space of its own.
func hashString(space uint64, s string) uint64 {
	h := 14695981039346656037 ^ space
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix spreads a hash over all of its bits (the finaliser of MurmurHash3).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func bucketOf(h uint64) uint32 { return uint32(h >> (64 - bucketBits)) }
