package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPercentile(t *testing.T) {
	// The examples of the nearest-rank method at https://en.wikipedia.org/wiki/Percentile, as of 2026.
	five, ten := []float64{35, 20, 15, 50, 40}, []float64{3, 6, 7, 8, 8, 10, 13, 15, 16, 20}
	for _, test := range []struct {
		values []float64
		p      float64
		want   float64
	}{
		{five, .05, 15}, {five, .30, 20}, {five, .40, 20}, {five, .50, 35}, {five, 1, 50},
		{ten, .25, 7}, {ten, .50, 8}, {ten, .75, 15}, {ten, 1, 20},
	} {
		if got := Percentile(test.values, test.p); got != test.want {
			t.Errorf("the %v-percentile of %v is %v, want %v", test.p, test.values, got, test.want)
		}
	}
	if !math.IsNaN(Percentile(nil, .5)) {
		t.Error("no values have a percentile")
	}
}

func TestPassAtK(t *testing.T) {
	for _, test := range []struct {
		n, c, k int
		at, all float64
		ok      bool
	}{
		{5, 2, 3, .9, 0, true}, // 1 - C(3,3)/C(5,3), C(2,3)/C(5,3)
		{5, 4, 3, 1, .4, true}, // C(4,3)/C(5,3)
		{200, 10, 1, .05, .05, true},
		{3, 3, 3, 1, 1, true},
		{3, 0, 2, 0, 0, true},
		{2, 2, 3, 0, 0, false}, // fewer answers than k
		{0, 0, 1, 0, 0, false},
	} {
		at, ok := PassAt(test.n, test.c, test.k)
		all, _ := PassAll(test.n, test.c, test.k)
		if ok != test.ok || ok && (math.Abs(at-test.at) > 1e-12 || math.Abs(all-test.all) > 1e-12) {
			t.Errorf("%d of %d, k = %d: pass@k %v, pass^k %v, %v", test.c, test.n, test.k, at, all, ok)
		}
	}
	// The estimator of Chen and others 2021, figure 3, word for word: 1 - Π (1 - k/i) over i from n-c+1 to n.
	for range 100 {
		n := 1 + rand.IntN(200)
		c, k := rand.IntN(n+1), 1+rand.IntN(n)
		want := 1.0
		if n-c >= k {
			product := 1.0
			for i := n - c + 1; i <= n; i++ {
				product *= 1 - float64(k)/float64(i)
			}
			want = 1 - product
		}
		got, _ := PassAt(n, c, k)
		near(t, "pass@k", got, want, 1e-9)
	}
}

func TestBeta(t *testing.T) {
	near(t, "even", beta(1, 1, .3), .3, 1e-14)
	near(t, "half", beta(7, 7, .5), .5, 1e-14)
	near(t, "a sum of binomials", beta(3, 5, .2), sumBinomial(7, 3, .2), 1e-13)
	near(t, "a large sum", beta(5000, 5200, .49), sumBinomial(10199, 5000, .49), 1e-9)
}

func sumBinomial(n, from int, p float64) float64 {
	var sum float64
	for k := from; k <= n; k++ {
		sum += binomial(n, k, p)
	}
	return sum
}

func TestSmallestShift(t *testing.T) {
	// Where nothing flickers, 5 broken cases are needed, and so a share p with P(Bin(n,p) ≥ 5) = 0.8.
	for _, n := range []int{10, 30, 100, 1000} {
		p := SmallestShift(n, 0)
		near(t, "power", atLeast(n, 5, p), .8, 1e-6)
	}
	// 30 cases can't see 5 points, and not 10.
	if p := SmallestShift(30, .05); p < .2 || p > .3 {
		t.Errorf("30 cases see %v", p)
	}
	if p := SmallestShift(4, 0); p != 1 {
		t.Errorf("4 cases see %v", p)
	}
	// The normal law for many cases: Connor 1987, Biometrics 43:207, n = (1.96 √ψ + 0.8416 √(ψ-δ²))²/δ².
	n, flicker := 10_000, .1
	d := SmallestShift(n, flicker)
	psi := flicker + d
	want := math.Pow(1.959964*math.Sqrt(psi)+.841621*math.Sqrt(psi-d*d), 2) / (d * d)
	near(t, "cases", want, float64(n), 150)
	// More cases see more, and flickering hides some of it.
	last := 1.0
	for _, n := range []int{5, 10, 20, 50, 100, 300, 1000} {
		p := SmallestShift(n, .05)
		if p > last || n >= 50 && p < SmallestShift(n, 0) {
			t.Errorf("%d cases see %v", n, p)
		}
		last = p
	}
}

func TestSmallestMean(t *testing.T) {
	near(t, "100 cases", SmallestMean(100, .3), 2.8016*.03, 1e-4)
	near(t, "without spread", SmallestMean(30, 0), SmallestShift(30, 0), 0)
	if got := SmallestMean(3, .1); got != 1 {
		t.Errorf("3 cases see %v", got)
	}
	near(t, "deviation", Deviation([]float64{2, 4, 4, 4, 5, 5, 7, 9}), math.Sqrt(32.0/7), 1e-12)
}

func BenchmarkSmallestShift(b *testing.B) {
	for b.Loop() {
		SmallestShift(10_000, .1)
	}
}
