// Package stats is the statistics of a gate: intervals of rates and means, paired comparisons of two models on the same cases, and how much as
// many cases can show.
//
// Every function is a formula with a name in the literature; its comment gives the source. Nothing in it knows what a case is. Randomness is
// seeded and does not depend on the order of its input, so that the same numbers always give the same verdict.
package stats

import (
	"math"
	"slices"
)

// An Interval is where a value lies with some confidence, both ends included.
type Interval struct {
	Low, High float64
}

// OneSided returns the level of the two-sided interval whose lower end, and whose upper end, holds by itself with the given confidence:
// 0.90 for 0.95.
func OneSided(level float64) float64 { return 2*level - 1 }

// Percentile returns the smallest value that at least a share p of all values do not exceed (nearest rank); p lies in (0,1]. Of no values it
// is NaN.
func Percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(whole(p*float64(len(sorted))), len(sorted))-1]
}

// PassAt returns pass@k: the probability that of k answers, drawn without replacement from n of which c passed, at least one passed,
// 1 - C(n-c,k)/C(n,k) (Chen and others 2021, "Evaluating Large Language Models Trained on Code", arXiv 2107.03374). It is not defined, and
// ok is false, where k is more than n.
func PassAt(n, c, k int) (p float64, ok bool) {
	none, ok := PassAll(n, n-c, k)
	return 1 - none, ok
}

// PassAll returns pass^k: the probability that all of k answers, drawn without replacement from n of which c passed, passed, C(c,k)/C(n,k)
// (Yao and others 2024, "τ-bench", arXiv 2406.12045). It is not defined, and ok is false, where k is more than n.
func PassAll(n, c, k int) (p float64, ok bool) {
	if k < 1 || k > n {
		return math.NaN(), false
	}
	p = 1
	for i := range k {
		p *= max(0, float64(c-i)) / float64(n-i)
	}
	return p, true
}
