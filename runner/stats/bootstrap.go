package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// resamples is how often cases are drawn anew. The ends of an interval then move by some four hundredths of its standard error with the seed.
const resamples = 4000

// generator returns a source of randomness that is the same in every run.
func generator() *rand.Rand { return rand.New(rand.NewPCG(0x66747275, 0x6e)) }

// MeanInterval returns the two-sided interval of the mean of values that lie in [low, high], one a case: scores lie in [0,1], and the
// differences of two models' scores on the same cases in [-1,1]. A case that was asked several times is one value, the mean of its answers,
// because its answers are no news of other cases.
//
// It is a bootstrap over cases: each draw weighs them with Dirichlet weights (Rubin 1981, "The Bayesian bootstrap", Annals of Statistics
// 9:130), and for the lower end one more case takes part that has the value low, for the upper end one that has high, because a case
// that nobody asked may be like that (Gaffke 2005, "Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative
// variable"; Learned-Miller and Thomas 2020, arXiv 1905.06208, know no distribution on which it covers less than it should). So equal values
// leave no false certainty: without any spread the bound is that of [CasesForMargin], and of no values it is [low, high]. For values of 0 and 1
// it is Clopper's and Pearson's interval, for differences of -1, 0 and 1 it is [PairedInterval], without drawing.
func MeanInterval(values []float64, low, high, level float64) Interval {
	if len(values) == 0 {
		return Interval{low, high}
	}
	if broken, fixed, ok := wholes(values); ok && low == -1 && high == 1 {
		return PairedInterval(broken, fixed, len(values), level)
	}
	return drawnInterval(values, low, high, level)
}

// wholes counts the values of -1 and of 1 where there are no others but 0.
func wholes(values []float64) (negative, positive int, ok bool) {
	for _, v := range values {
		switch v {
		case -1:
			negative++
		case 1:
			positive++
		case 0:
		default:
			return 0, 0, false
		}
	}
	return negative, positive, true
}

func drawnInterval(values []float64, low, high, level float64) Interval {
	means := drawMeans(values)
	alpha := (1 - level) / 2
	mirrored := make([]float64, len(means))
	for i, m := range means {
		mirrored[i] = -m
	}
	return Interval{lowerMean(means, len(values), low, alpha), -lowerMean(mirrored, len(values), -high, alpha)}
}

// lowerMean returns the α-quantile of u·low + (1-u)·m over the means m, where u, the weight of the added case, has the distribution Beta(1,n).
// u is not drawn: P(u·low + (1-u)·m ≤ x) = ((x-low)/(m-low))ⁿ.
func lowerMean(means []float64, n int, low, alpha float64) float64 {
	logs := make([]float64, len(means))
	least, most := math.Inf(1), math.Inf(-1)
	for i, m := range means {
		logs[i] = math.Log(max(m-low, 0))
		least, most = min(least, m), max(most, m)
	}
	return root(func(x float64) float64 {
		at := math.Log(x - low)
		var sum float64
		for _, l := range logs {
			if l <= at {
				sum++
			} else {
				sum += math.Exp(float64(n) * (at - l))
			}
		}
		return sum/float64(len(logs)) - alpha
	}, low, most)
}

// drawMeans returns means of the values under Dirichlet weights; one mean where all values are the same.
func drawMeans(values []float64) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	distinct, counts := sorted[:0:0], []float64(nil)
	for _, v := range sorted {
		if k := len(distinct); k > 0 && distinct[k-1] == v {
			counts[k-1]++
			continue
		}
		distinct, counts = append(distinct, v), append(counts, 1)
	}
	if len(distinct) == 1 {
		return distinct
	}
	random := generator()
	means := make([]float64, resamples)
	for r := range means {
		var sum, weights float64
		for i, v := range distinct {
			w := gamma(random, counts[i]) // equal values share one weight
			sum += w * v
			weights += w
		}
		means[r] = sum / weights
	}
	return means
}

// gamma draws from the gamma distribution of a whole shape ≥ 1 (Marsaglia and Tsang 2000, ACM Transactions on Mathematical Software 26:363).
func gamma(random *rand.Rand, shape float64) float64 {
	if shape == 1 {
		return random.ExpFloat64()
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := random.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// SignTest returns the two-sided p value of "none of the two models is better", given the differences of their scores, one a case. It is the
// wild cluster bootstrap with signs and with the null imposed (Cameron, Gelbach and Miller 2008, Review of Economics and Statistics 90:414;
// Fisher's randomisation of 1935): where both models are the same, each difference might as well have had the other sign, so the mean is
// compared with those under all signs. An equal mean counts half (mid-p), so that for differences of -1, 0 and 1 it is [McNemar].
// In (0,1]; 1 where no case differs. It is exact up to 16
// differing cases and where all differ by as much, and else made of 10,000 draws of the signs.
func SignTest(differences []float64) float64 {
	var d []float64
	var total, sum float64
	for _, x := range slices.Sorted(slices.Values(differences)) {
		if math.Abs(x) > 1e-12 { // less is rounding
			d, total, sum = append(d, x), total+math.Abs(x), sum+x
		}
	}
	if fixed, ok := alike(d); ok {
		return McNemar(len(d)-fixed, fixed)
	}
	tail := tail{sum: math.Abs(sum), slack: 1e-9 * total}
	if len(d) <= 16 {
		turned := slices.Clone(d) // goes through all signs, one change at a time (a Gray code)
		tail.add(sum)
		for i := 1; i < 1<<len(d); i++ {
			at := bits.TrailingZeros(uint(i))
			sum -= 2 * turned[at]
			turned[at] = -turned[at]
			tail.add(sum)
		}
		return tail.share(0)
	}
	tables := signTables(d)
	random := generator()
	for range 10_000 {
		var s float64
		for i := range tables {
			s += tables[i][byte(random.Uint32())]
		}
		tail.add(s)
	}
	return tail.share(1)
}

// alike counts the positive differences where all are of the same size, so that only their signs tell.
func alike(d []float64) (positive int, ok bool) {
	for _, x := range d {
		if math.Abs(math.Abs(x)-math.Abs(d[0])) > 1e-9*math.Abs(d[0]) {
			return 0, false
		}
		if x > 0 {
			positive++
		}
	}
	return positive, true
}

// A tail counts how many sums are as far from 0 as the one that was seen.
type tail struct {
	sum, slack     float64
	farther, equal float64
	all            float64
}

func (t *tail) add(s float64) {
	t.all++
	switch far := math.Abs(s) - t.sum; {
	case far > t.slack:
		t.farther++
	case far >= -t.slack:
		t.equal++
	}
}

// share returns the tail's part of all sums. Where they were drawn, the sum that was seen counts as one of them.
func (t *tail) share(seen float64) float64 {
	return min(1, (t.farther+t.equal/2+seen)/(t.all+seen))
}

// signed returns the sum of eight differences at most, with the signs that are set in a byte turned.
func signed(d []float64, signs int) float64 {
	var s float64
	for i, x := range d {
		if signs>>i&1 == 1 {
			x = -x
		}
		s += x
	}
	return s
}

// signTables returns the sums of each eight differences under all their signs, so that a draw looks up instead of adding.
func signTables(d []float64) [][256]float64 {
	tables := make([][256]float64, 0, len(d)/8+1)
	for eight := range slices.Chunk(d, 8) {
		var table [256]float64
		for signs := range table {
			table[signs] = signed(eight, signs)
		}
		tables = append(tables, table)
	}
	return tables
}
