package stats

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestWilson(t *testing.T) {
	for _, test := range []struct {
		passed, n int
		low, high float64
	}{
		// Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
		{81, 263, .2553, .3662},
		{15, 148, .0624, .1605},
		{0, 20, 0, .1611},
		{1, 29, .0061, .1718},
		// Perfect runs, by hand: n/(n+z²).
		{20, 20, .8389, 1},
		{50, 50, .9287, 1},
	} {
		got := Wilson(test.passed, test.n, .95)
		near(t, "low", got.Low, test.low, 6e-5)
		near(t, "high", got.High, test.high, 6e-5)
	}
	if got := Wilson(0, 0, .95); got != (Interval{0, 1}) {
		t.Errorf("of nothing: %v", got)
	}
}

func TestMcNemar(t *testing.T) {
	for _, test := range []struct {
		broken, fixed int
		want, within  float64
	}{
		// Fagerland, Lydersen and Laake 2013, table 8: airway reactivity (Bentur and others 2009) and complete response (Cavo and others 2012).
		{7, 1, .0391, 5e-5},
		{6, 16, .0347, 5e-5},
		// By hand: Σ C(n,i)/2ⁿ.
		{3, 0, .125, 1e-12},
		{4, 0, .0625, 1e-12},
		{5, 0, .03125, 1e-12},
		{6, 0, .015625, 1e-12},
		{8, 2, 2*56.0/1024 - 45.0/1024, 1e-12},
		{9, 1, 2*11.0/1024 - 10.0/1024, 1e-12},
		{1, 1, .75, 1e-12},
		{0, 0, 1, 0},
		// 10,000 differing cases: the normal law with z = 2, with half a case for the mid-p.
		{5100, 4900, math.Erfc(2 / math.Sqrt2), 1e-4},
		{5000, 5000, 1 - math.Sqrt(2/(math.Pi*10000))/2, 1e-6},
	} {
		near(t, "p value", McNemar(test.broken, test.fixed), test.want, test.within)
		if McNemar(test.broken, test.fixed) != McNemar(test.fixed, test.broken) {
			t.Errorf("%d:%d depends on the direction", test.broken, test.fixed)
		}
	}
}

func TestPairedInterval(t *testing.T) {
	for _, test := range []struct {
		broken, fixed, n int
		level            float64
		low              float64
		within           float64
	}{
		// No case differs: 1-α^(1/n). 149 cases are the first that show a margin of 2 % at 95 %.
		{0, 0, 149, .90, -(1 - math.Pow(.05, 1.0/149)), 1e-9},
		{0, 0, 10, .90, -.2589, 5e-5}, // Clopper and Pearson 0/10, one-sided 95 %
		// No case fixed: the upper end of Clopper and Pearson (Newcombe 1998, Statistics in Medicine 17:857, table I, method 5).
		{81, 0, 263, .95, -.3676, 5e-5},
		{15, 0, 148, .95, -.1617, 5e-5},
		{0, 0, 20, .95, -.1684, 5e-5},
		{1, 0, 29, .95, -.1776, 5e-5},
		// Its end is at 0 where the level is that of the exact McNemar test: p = .0703 for 1:7 of 21 (Fagerland and others 2013, table 8).
		{1, 7, 21, 1 - 2*9.0/256, 0, 1e-6},
		{6, 16, 161, 1 - 2*110056.0/4194304, 0, 1e-6}, // Σ_{i≤6} C(22,i) = 110,056: p = .0525, as there
		{2, 3, 5, 0, 0, 1e-9},                         // every case differs: the median of 1 - 2 Beta(3,3)
	} {
		got := PairedInterval(test.broken, test.fixed, test.n, test.level)
		near(t, "low", got.Low, test.low, test.within)
		turned := PairedInterval(test.fixed, test.broken, test.n, test.level)
		near(t, "the other way round", -turned.High, got.Low, 1e-12)
	}
	if got := PairedInterval(0, 0, 0, .95); got != (Interval{-1, 1}) {
		t.Errorf("of nothing: %v", got)
	}
}

// tango is the score interval that Tango published in 1998, by its definition: where |fixed - broken - nδ| / √(n(2q + δ(1-δ))) = z.
func tango(broken, fixed, n int, level float64) Interval {
	b, c, size := float64(fixed), float64(broken), float64(n)
	z := quantile((1 + level) / 2)
	score := func(d float64) float64 {
		B := -b - c + (2*size-b+c)*d
		C := -c * d * (1 - d)
		q := (math.Sqrt(B*B-8*size*C) - B) / (4 * size)
		return (b - c - size*d) / math.Sqrt(size*(2*q+d*(1-d)))
	}
	return Interval{
		root(func(d float64) float64 { return z - score(d) }, -1+1e-9, 1-1e-9),
		root(func(d float64) float64 { return -z - score(d) }, -1+1e-9, 1-1e-9),
	}
}

// TestPairedIntervalBesideTango compares with a published interval, which is right on average where ours is on the safe side.
func TestPairedIntervalBesideTango(t *testing.T) {
	// 1:7 of 21: -0.517 to -0.026 for the children before less after (Fagerland, Lydersen and Laake 2014, Statistics in Medicine 33:2850).
	published := tango(7, 1, 21, .95)
	near(t, "Tango's low", published.Low, -.517, 1e-3)
	near(t, "Tango's high", published.High, -.026, 1e-3)
	for _, test := range []struct{ broken, fixed, n int }{{7, 1, 21}, {16, 6, 161}, {2, 12, 50}, {30, 25, 1000}, {260, 250, 10000}} {
		ours, theirs := PairedInterval(test.broken, test.fixed, test.n, .95), tango(test.broken, test.fixed, test.n, .95)
		if ours.Low > theirs.Low || ours.High < theirs.High {
			t.Errorf("%v: %v is narrower than Tango's %v", test, ours, theirs)
		}
		if width := (ours.High - ours.Low) / (theirs.High - theirs.Low); width > 1+4/math.Sqrt(float64(test.n)) {
			t.Errorf("%v: %v is %.2f times as wide as Tango's %v", test, ours, width, theirs)
		}
	}
}

// TestPairedIntervalCovers computes, without simulation, how often the lower end is above the true difference.
func TestPairedIntervalCovers(t *testing.T) {
	const n, level = 30, .95
	lows := map[[2]int]float64{}
	for broken := range n + 1 {
		for fixed := range n + 1 - broken {
			lows[[2]int{broken, fixed}] = PairedInterval(broken, fixed, n, OneSided(level)).Low
		}
	}
	worst := 0.0
	for _, fixing := range []float64{0, .005, .01, .03, .05, .1, .2, .4} {
		for _, breaking := range []float64{.005, .01, .02, .05, .1, .2, .4, .6} {
			missed := 0.0
			for outcome, low := range lows {
				if low > fixing-breaking+1e-9 {
					missed += binomial(n, outcome[0], breaking) * binomial(n-outcome[0], outcome[1], fixing/(1-breaking))
				}
			}
			worst = max(worst, missed)
		}
	}
	if worst > 1-level+1e-9 {
		t.Errorf("the lower end is too high in %.2f %% of all runs, want at most 5 %%", 100*worst)
	}
	if worst < .02 {
		t.Errorf("the lower end is too high in only %.2f %% of all runs: needlessly cautious, or the test measures nothing", 100*worst)
	}
}

func BenchmarkPairedInterval(b *testing.B) {
	for b.Loop() {
		PairedInterval(260, 250, 10_000, .95)
	}
}
