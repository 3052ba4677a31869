package grade

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
)

// JSONDiff returns how much two JSON values agree, from 0 to 1, part by part:
//
//   - objects: the mean over the names that either has; one that only one has counts 0
//   - arrays: the mean over the places of the longer one, element by element; a place that only one has counts 0
//   - strings: 1 - d/max(m, n) for texts of m and n runes and the Levenshtein distance d between them, white space around both aside; 1 for two empty ones
//   - numbers: 1 - |a-b| / (|a|+|b|); 1 for two zeros
//   - true, false and null: 1 where they are the same
//   - values of different types: 0
//
// So autoevals scores it (https://github.com/braintrustdata/autoevals, JSONDiff), but for two differences: there a missing name is as good as null,
// and values of different types are compared as texts. Two empty objects, and two empty arrays, score 1.
func JSONDiff(a, b any) float64 {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			return diffObjects(a, b)
		}
	case []any:
		if b, ok := b.([]any); ok {
			return diffArrays(a, b)
		}
	case string:
		if b, ok := b.(string); ok {
			return diffStrings(a, b)
		}
	case json.Number:
		if b, ok := b.(json.Number); ok {
			return diffNumbers(toFloat(a), toFloat(b))
		}
	default:
		if a == b {
			return 1
		}
	}
	return 0
}

func diffObjects(a, b map[string]any) float64 {
	names := len(b)
	var common []float64
	for _, name := range slices.Sorted(maps.Keys(a)) { // sums of floats depend on their order
		other, ok := b[name]
		if !ok {
			names++
			continue
		}
		common = append(common, JSONDiff(a[name], other))
	}
	return meanOf(common, names)
}

func diffArrays(a, b []any) float64 {
	var common []float64
	for i := range min(len(a), len(b)) {
		common = append(common, JSONDiff(a[i], b[i]))
	}
	return meanOf(common, max(len(a), len(b)))
}

// meanOf is the mean of n scores, of which those that are not listed are 0, and 1 for none.
func meanOf(scores []float64, n int) float64 {
	if n == 0 {
		return 1
	}
	perfect, sum := true, 0.0
	for _, s := range scores {
		perfect = perfect && s == 1
		sum += s
	}
	if perfect && len(scores) == n {
		return 1
	}
	return min(sum/float64(n), 1)
}

func diffNumbers(a, b float64) float64 {
	if a == b {
		return 1
	}
	if math.Abs(a)+math.Abs(b) > math.MaxFloat64 {
		a, b = a/4, b/4
	}
	return max(1-math.Abs(a-b)/(math.Abs(a)+math.Abs(b)), 0)
}

// diffStrings compares long strings in pieces, as [Levenshtein] does.
func diffStrings(a, b string) float64 {
	distance, longer := editDistance(a, b)
	return 1 - float64(distance)/float64(max(longer, 1))
}
