package spec

import (
	"fmt"
	"sort"

	"ftrun/runner/stats"
	"ftrun/spec/internal/yamlpos"
)

// mostMargin is the largest margin that a hint names: whoever excuses more than a quarter gates little.
const mostMargin = 0.25

// checkPower refuses a threshold that so few cases can't decide: it would never hold, or never fail.
func (c *checker) checkPower(path string, t Threshold, cases int) {
	if t.Metric == Fixed || t.Metric == Broken {
		c.checkCount(path, t, cases)
		return
	}
	d := t.demand()
	if d.cases <= cases {
		return
	}
	which := countOf(cases)
	if t.Tag != "" {
		which += fmt.Sprintf(" with tag %q", t.Tag)
	}
	way := "add cases, or leave the level out"
	switch t.Form {
	case FormNoDrop:
		way = "add cases, or compare the numbers as they are: " + t.like(">= baseline")
	case FormNotWorse:
		way = "write more cases"
		if margin := t.smallestMargin(cases); margin <= mostMargin {
			way = fmt.Sprintf("add cases, or write by %s, which %s can show", percent(margin), countOf(cases))
		}
	}
	c.Add(path, fmt.Sprintf("%s can't show %s: it takes %d", which, d.what, d.cases), way)
}

// A demand is how many cases it takes at least to show something.
type demand struct {
	cases int
	what  string
}

// demand returns what the threshold demands of the cases where everything goes well; nothing where it compares numbers as they are.
func (t Threshold) demand() demand {
	level := percent(t.Level)
	switch {
	case t.Form == FormNoDrop:
		return demand{stats.CasesForDrop(t.Level), "a significant drop at " + level}
	case t.Form == FormNotWorse:
		return demand{stats.CasesForMargin(t.Margin, t.Level), fmt.Sprintf("a margin of %s at %s", percent(t.Margin), level)}
	case t.Level == 0:
		return demand{}
	}
	// The interval of a comparison has two sides, of which one decides.
	oneSided := (1 + t.Level) / 2
	up := t.Op == ">" || t.Op == ">="
	what := fmt.Sprintf("%s %s %s at %s", t.Metric.shown(), t.Op, t.value(), level)
	switch margin := -t.Value; {
	case t.Baseline, t.Metric == Delta && (t.Value == 0 || up == (t.Value > 0)):
		return demand{stats.CasesForDrop(t.Level), what}
	case t.Metric == Delta && !up:
		return demand{stats.CasesForMargin(-margin, oneSided), what}
	case t.Metric == Delta:
		return demand{stats.CasesForMargin(margin, oneSided), what}
	case !up:
		return demand{casesForShare(t.Metric, 1-t.Value, t.Level), what + ", even where none passes"}
	default:
		return demand{casesForShare(t.Metric, t.Value, t.Level), what + ", even where all pass"}
	}
}

// casesForShare returns the fewest cases whose interval lies above a share where each of them is perfect.
func casesForShare(m Metric, share, level float64) int {
	if m != PassRate {
		return stats.CasesForMargin(1-share, (1+level)/2)
	}
	return sort.Search(1<<30, func(n int) bool { return n > 0 && stats.Wilson(n, n, level).Low >= share })
}

// smallestMargin returns the smallest margin, in tenths of a percent, that so many cases can show.
func (t Threshold) smallestMargin(cases int) float64 {
	const steps = 1000
	return float64(1+sort.Search(steps-1, func(i int) bool { return stats.CasesForMargin(float64(i+1)/steps, t.Level) <= cases })) / steps
}

// checkCount refuses a number of cases that there are not.
func (c *checker) checkCount(path string, t Threshold, cases int) {
	n := float64(cases)
	if t.Op == ">" && t.Value >= n || (t.Op == ">=" || t.Op == "==") && t.Value > n {
		c.Add(path, fmt.Sprintf("%s can never hold: it is about %s", yamlpos.Quote(t.String()), countOf(cases)), "name a smaller count")
	}
}

func countOf(cases int) string {
	if cases == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", cases)
}
