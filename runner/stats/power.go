package stats

import "math"

// The power that "can be seen" means, and the two-sided level at which it is seen.
const (
	power     = .8
	seenLevel = .95
)

// SmallestShift returns the smallest true drop or rise of a pass rate, in (0,1], that [McNemar] finds significant at 95 % in four runs out of
// five on n cases, when a share flicker of the cases comes out differently by chance alone, in either direction alike. The probability is
// computed exactly, over every number of cases that may differ. 1: nothing smaller can be seen.
func SmallestShift(n int, flicker float64) float64 {
	if n < CasesForDrop(seenLevel) {
		return 1
	}
	critical := criticalCounts(n)
	most := 1 - flicker
	found := root(func(shift float64) float64 { return shiftPower(n, flicker, shift, critical) - power }, 0, most)
	if found >= most {
		return 1
	}
	return found
}

// shiftPower returns the probability that a shift is found: of the differing cases, of which there are Bin(n, flicker+shift), each went the
// shift's way with probability (flicker/2+shift)/(flicker+shift).
func shiftPower(n int, flicker, shift float64, critical []int) float64 {
	differ := min(1, flicker+shift)
	if differ == 0 {
		return 0
	}
	way := (flicker/2 + shift) / differ
	mean := float64(n) * differ
	spread := 8*math.Sqrt(mean*(1-differ)) + 8
	var sum float64
	for d := max(0, int(mean-spread)); d <= min(n, int(mean+spread)); d++ {
		sum += binomial(n, d, differ) * atLeast(d, critical[d], way)
	}
	return sum
}

// criticalCounts returns, by the number of differing cases from 0 to n, how many of them must have gone one way to be significant.
func criticalCounts(n int) []int {
	counts := make([]int, n+1)
	k := 1
	for d := range counts {
		k = max(k, d/2+1)
		for k <= d && McNemar(k, d-k) > 1-seenLevel {
			k++
		}
		counts[d] = k // d+1 where no count is
	}
	return counts
}

// SmallestMean returns the smallest true change of a mean score, in (0,1], that shows in four runs out of five at 95 % on n cases whose
// differences have the standard deviation sd: (z₀.₉₇₅ + z₀.₈) sd/√n (Miller 2024, "Adding Error Bars to Evals", arXiv 2411.00640). Without a
// spread it is taken for a change that comes in whole cases, as in [SmallestShift].
func SmallestMean(n int, sd float64) float64 {
	if n < CasesForDrop(seenLevel) || sd == 0 {
		return SmallestShift(n, 0)
	}
	return min(1, (quantile((1+seenLevel)/2)+quantile(power))*sd/math.Sqrt(float64(n)))
}

// Deviation returns the standard deviation of a sample, with n-1; 0 of fewer than two values.
func Deviation(values []float64) float64 {
	if len(values) < 2 {
		return 0
	}
	var mean, squares float64
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(values)-1))
}
