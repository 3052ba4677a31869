package stats

import (
	"math"
	"testing"
)

func TestCasesForMargin(t *testing.T) {
	for _, test := range []struct {
		margin, level float64
		want          int
	}{
		{.02, .95, 149}, // the exact bound: 0.98^149 = 0.0493 and 0.98^148 = 0.0503
		{.05, .95, 59},
		{.10, .95, 29},
		{.05, .99, 90},
		{.5, .75, 2}, // exactly 0.5² = 0.25
		{1, .95, 1},
		{0, .95, math.MaxInt},
	} {
		if got := CasesForMargin(test.margin, test.level); got != test.want {
			t.Errorf("a margin of %v at %v takes %d cases, want %d", test.margin, test.level, got, test.want)
		}
	}
}

func TestCasesForDrop(t *testing.T) {
	for level, want := range map[float64]int{.95: 5, .9: 4, .99: 7, .5: 1, .75: 2} {
		if got := CasesForDrop(level); got != want {
			t.Errorf("a drop at %v takes %d cases, want %d", level, got, want)
		}
	}
}
