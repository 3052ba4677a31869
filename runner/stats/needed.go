package stats

import "math"

// CasesForMargin returns the fewest cases with which "not more than margin worse" can be shown at a one-sided confidence level, which is where
// not one case differs. A model that loses a share m of all cases loses none of n with probability (1-m)ⁿ, so n must satisfy (1-m)ⁿ ≤ 1-level
// (Hanley and Lippman-Hand 1983, "If nothing goes wrong, is everything all right?", JAMA 249:1743; at 95 % the rule of three, n ≈ 3/m).
//
// margin is a fraction in (0,1], such as 0.02, and level lies in (0,1), such as 0.95: together they want 149 cases. The judging uses the same
// bound, in [PairedInterval] and [MeanInterval]. No number of cases shows a margin of 0, and [math.MaxInt] says so.
func CasesForMargin(margin, level float64) int {
	switch {
	case margin <= 0:
		return math.MaxInt
	case margin >= 1:
		return 1
	}
	return whole(math.Log(1-level) / math.Log1p(-margin))
}

// CasesForDrop returns the fewest cases with which a significant drop can come out at a two-sided confidence level, which is where every one
// of them got worse. Chance alone does that to n cases with mid-p 2⁻ⁿ, so n must satisfy 2⁻ⁿ ≤ 1-level: 5 cases at 0.95, 7 at 0.99.
// [McNemar] and [SignTest] agree.
func CasesForDrop(level float64) int { return whole(-math.Log2(1 - level)) }

// whole rounds up to at least 1, and forgives what floating point adds to a whole number.
func whole(x float64) int { return max(1, int(math.Ceil(x-1e-9))) }
