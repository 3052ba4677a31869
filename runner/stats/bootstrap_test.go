package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// repeated returns n values of which the first ones are as given, and the rest 0.
func repeated(n int, value float64, count int) []float64 {
	out := make([]float64, n)
	for i := range count {
		out[i] = value
	}
	return out
}

func TestMeanInterval(t *testing.T) {
	for _, test := range []struct {
		name      string
		values    []float64
		low, high float64 // of the range
		want      Interval
		within    float64
	}{
		// Values of 0 and 1: Clopper and Pearson, as Newcombe 1998 has them (Statistics in Medicine 17:857, table I, method 5).
		{"81 of 263", repeated(263, 1, 81), 0, 1, Interval{.2527, .3676}, 3e-3},
		{"15 of 148", repeated(148, 1, 15), 0, 1, Interval{.0578, .1617}, 2e-3},
		{"0 of 20", repeated(20, 1, 0), 0, 1, Interval{0, .1684}, 5e-5},
		// No spread is no certainty: 1-α^(1/n) of the way to the worst.
		{"all the same", repeated(30, .5, 30), 0, 1, Interval{.5 * math.Pow(.025, 1.0/30), 1 - .5*math.Pow(.025, 1.0/30)}, 1e-9},
		{"no difference", repeated(149, 0, 0), -1, 1, Interval{-(1 - math.Pow(.025, 1.0/149)), 1 - math.Pow(.025, 1.0/149)}, 1e-9},
		{"all at the end", repeated(5, 0, 0), 0, 1, Interval{0, 1 - math.Pow(.025, .2)}, 1e-9},
		{"one value", []float64{.9}, 0, 1, Interval{.025 * .9, 1 - .025*.1}, 1e-9},
		{"none", nil, 0, 1, Interval{0, 1}, 0},
	} {
		got := MeanInterval(test.values, test.low, test.high, .95)
		near(t, test.name+": low", got.Low, test.want.Low, test.within)
		near(t, test.name+": high", got.High, test.want.High, test.within)
	}
}

// TestMeanIntervalIsPaired holds the drawn interval of differences of -1, 0 and 1 to the computed one.
func TestMeanIntervalIsPaired(t *testing.T) {
	for _, test := range []struct{ broken, fixed, n int }{{0, 0, 50}, {1, 0, 50}, {2, 9, 50}, {30, 25, 300}} {
		values := append(repeated(test.n-test.fixed, -1, test.broken), repeated(test.fixed, 1, test.fixed)...)
		drawn, computed := drawnInterval(values, -1, 1, .95), PairedInterval(test.broken, test.fixed, test.n, .95)
		if got := MeanInterval(values, -1, 1, .95); got != computed {
			t.Errorf("%v, and computed as pairs %v", got, computed)
		}
		width := computed.High - computed.Low
		near(t, "low", drawn.Low, computed.Low, .02*width)
		near(t, "high", drawn.High, computed.High, .02*width)
	}
}

// TestMeanIntervalCovers draws samples from scores as they are, and from those that make a plain bootstrap fail: mostly the same, rarely bad.
func TestMeanIntervalCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"even":        random.Float64,
		"mostly best": func() float64 { return indicator(random.Float64() > .04) },
		"rarely bad": func() float64 {
			if random.Float64() < .05 {
				return random.Float64() / 4
			}
			return .9
		},
	} {
		var mean float64
		for range 100_000 {
			mean += draw() / 100_000
		}
		missed := 0
		const runs = 200
		for range runs {
			values := make([]float64, 20)
			for i := range values {
				values[i] = draw()
			}
			if MeanInterval(values, 0, 1, OneSided(.95)).Low > mean {
				missed++
			}
		}
		if missed > runs*9/100 { // 5 %, and less than one in a hundred for more than 9 % by chance
			t.Errorf("%s: the lower end is above the mean in %d of %d samples, want 5 %%", name, missed, runs)
		}
	}
}

func TestSignTestIsMcNemar(t *testing.T) {
	for _, test := range []struct{ broken, fixed int }{{0, 0}, {1, 1}, {5, 0}, {7, 1}, {6, 16}, {40, 20}, {300, 260}, {30, 0}} {
		values := append(repeated(test.broken+100, -.3, test.broken), repeated(test.fixed, .3, test.fixed)...)
		near(t, "p value", SignTest(values), McNemar(test.broken, test.fixed), 1e-12)
	}
}

func TestSignTest(t *testing.T) {
	// Fisher 1935, "The Design of Experiments", §21: Darwin's maize, 15 pairs. 835 of 2¹⁵ sums are as large and 28 equal it, on one side, so that
	// 863 in all, and p = 2 (835 + 28/2) / 32,768.
	maize := []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}
	near(t, "Darwin's maize", SignTest(maize), 2*(835+14.0)/32768, 1e-12)
	// Miller's approximation and chance agree where there are many cases.
	random := rand.New(rand.NewPCG(3, 4))
	var many []float64
	for range 2000 {
		many = append(many, random.NormFloat64()*.2-.01)
	}
	z := mean(many) / (Deviation(many) / math.Sqrt(2000))
	near(t, "2,000 cases", SignTest(many), math.Erfc(math.Abs(z)/math.Sqrt2), .01)
	if p := SignTest(repeated(30, -.001, 30)); p > 1e-6 {
		t.Errorf("30 equal drops: p = %v", p)
	}
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// TestSignTestSize counts false alarms where nothing differs but the draw: a tenth of the cases flickers, by any amount.
func TestSignTestSize(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const runs = 1500
	alarms := 0
	for range runs {
		values := make([]float64, 60)
		for i := range values {
			if random.Float64() < .2 {
				values[i] = random.Float64() - random.Float64()
			}
		}
		if SignTest(values) <= .05 {
			alarms++
		}
	}
	if alarms > runs*7/100 || alarms < runs*3/100 {
		t.Errorf("%d of %d runs are significant at 5 %%", alarms, runs)
	}
}

func TestOrderIsIrrelevant(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	values := make([]float64, 200)
	for i := range values {
		values[i] = math.Round(20*(random.Float64()-.5)) / 20
	}
	interval, p := MeanInterval(values, -1, 1, .95), SignTest(values)
	for range 5 {
		random.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		if got := MeanInterval(values, -1, 1, .95); got != interval {
			t.Fatalf("%v in another order, %v before", got, interval)
		}
		if got := SignTest(values); got != p {
			t.Fatalf("p = %v in another order, %v before", got, p)
		}
	}
	before := slices.Clone(values)
	MeanInterval(values, -1, 1, .95)
	if !slices.Equal(before, values) {
		t.Error("the input was changed")
	}
}

// tenThousand are differences that are all unlike each other, the slowest input.
func tenThousand() []float64 {
	random := rand.New(rand.NewPCG(9, 10))
	values := make([]float64, 10_000)
	for i := range values {
		values[i] = random.Float64() - random.Float64()
	}
	return values
}

func BenchmarkMeanInterval(b *testing.B) {
	values := tenThousand()
	for b.Loop() {
		MeanInterval(values, -1, 1, .95)
	}
}

func BenchmarkSignTest(b *testing.B) {
	values := tenThousand()
	for b.Loop() {
		SignTest(values)
	}
}
