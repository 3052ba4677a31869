package gate

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ftrun/runner/result"
	"ftrun/runner/stats"
	"ftrun/spec"
)

var (
	update = flag.Bool("update", false, "write the tables in docs/gating.md anew")
	tables = flag.Bool("tables", false, "print the tables of docs/gating.md")
)

// runs is how often each cell is simulated: enough to tell 5 % from 6.5 %.
const runs = 2000

// An alarmGate is thresholds as a spec writes them.
type alarmGate struct {
	text   string
	gating gating
	calm   bool // promised: at most 5 % red wherever enough cases are there
}

// alarmGates are the thresholds whose false alarms are measured, as a spec writes them.
var alarmGates = []alarmGate{
	{"`pass_rate no_significant_drop`", gating{noDrop(passRate)}, true},
	{"`pass_rate not_worse_than baseline by 15%`", gating{notWorse(passRate, .15)}, true},
	{"`pass_rate not_worse_than baseline by 10%`", gating{notWorse(passRate, .10)}, false},
	{"`pass_rate not_worse_than baseline by 5%`", gating{notWorse(passRate, .05)}, true},
	{"the example: `pass_rate >= 60%`, `pass_rate no_significant_drop`, `errors == 0`", gating{
		{Metric: passRate, Op: ">=", Value: .6}, noDrop(passRate), {Metric: spec.Errors, Op: "==", Value: 0},
	}, true},
	{"`pass_rate >= baseline`", gating{{Metric: passRate, Op: ">=", Baseline: true}}, false},
	{"`broken == 0`", gating{{Metric: spec.Broken, Op: "==", Value: 0}}, false},
	{"default where there are assertions: `pass_rate == 1`", gating{{Metric: passRate, Op: "==", Value: 1}}, false},
}

// TestExampleIsMeasured holds the row of the example to the example.
func TestExampleIsMeasured(t *testing.T) {
	p, err := spec.Load(filepath.FromSlash("../../examples/pipeline.yaml"), spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, threshold := range p.Thresholds {
		texts = append(texts, "`"+threshold.Expression+"`")
	}
	row := "the example: " + strings.Join(texts, ", ")
	if !slices.ContainsFunc(alarmGates, func(g alarmGate) bool { return g.text == row && len(g.gating) == len(texts) && g.calm }) {
		t.Errorf("no row says %q", row)
	}
}

// scoreGates are the same for scores.
var scoreGates = []alarmGate{
	{"`mean_score no_significant_drop`", gating{noDrop(score)}, true},
	{"default where there are only scores: `mean_score >= baseline`", gating{{Metric: score, Op: ">=", Baseline: true}}, false},
}

// red writes how many of all runs were red, and how.
func red(exits map[int]float64) string {
	text := formatRate(exits[result.ExitFail] + exits[result.ExitUnknown])
	switch {
	case exits[result.ExitFail] > 0 && exits[result.ExitUnknown] > 0:
		text += " (exit 1 and 3)"
	case exits[result.ExitFail] > 0:
		text += " (exit 1)"
	case exits[result.ExitUnknown] > 0:
		text += " (exit 3)"
	}
	return text
}

func formatRate(share float64) string { return short(100*share, 1) + "%" }

// alarmTable simulates the same model twice.
func alarmTable(t *testing.T) string {
	sizes := []int{50, 300}
	columns := make([][]map[int]float64, len(sizes))
	for i, n := range sizes {
		var gatings []gating
		for _, g := range alarmGates {
			gatings = append(gatings, g.gating)
		}
		columns[i] = sameModelTwice(n).exits(runs, gatings...)
		scored := sameModelTwice(n)
		scored.scored = true
		for _, g := range scoreGates {
			columns[i] = append(columns[i], scored.scoredExits(g.gating[0]))
		}
	}
	var b strings.Builder
	b.WriteString("| thresholds | 50 cases | 300 cases |\n|---|---|---|\n")
	for row, g := range slices.Concat(alarmGates, scoreGates) {
		fmt.Fprintf(&b, "| %s |", g.text)
		for i, n := range sizes {
			if need := needed(g.gating); need > n {
				fmt.Fprintf(&b, " refused: takes %d cases |", need)
				continue
			}
			exits := columns[i][row]
			fmt.Fprintf(&b, " %s |", red(exits))
			if alarms := 1 - exits[result.ExitPass]; g.calm && alarms > .05 {
				t.Errorf("%s with %d cases turns red in %s of all runs of the same model", g.text, n, formatRate(alarms))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// needed returns how many cases the spec wants for a gating.
func needed(g gating) int {
	most := 0
	for _, t := range g {
		switch t.Form {
		case spec.FormNoDrop:
			most = max(most, stats.CasesForDrop(t.Level))
		case spec.FormNotWorse:
			most = max(most, stats.CasesForMargin(t.Margin, t.Level))
		}
	}
	return most
}

// scoredExits is exits for one threshold on scores, which come out alike too seldom to be judged once.
func (w world) scoredExits(t spec.Threshold) map[int]float64 {
	random := rand.New(rand.NewPCG(uint64(w.cases), 2028))
	codes := map[string]int{result.ThresholdPass: result.ExitPass, result.ThresholdFail: result.ExitFail, result.ThresholdUndecided: result.ExitUnknown}
	exits := map[int]float64{}
	e := w.begin()
	for range runs {
		w.ask(random, e)
		exits[codes[e.hold(t).Verdict]] += 1.0 / runs
	}
	return exits
}

var tableSizes = []int{30, 50, 100, 300, 1000}

// sized begins a table with a column for each number of cases.
func sized(first string) *strings.Builder {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", first)
	for _, n := range tableSizes {
		fmt.Fprintf(&b, " %d cases |", n)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(tableSizes)) + "\n")
	return &b
}

// powerTable simulates real drops: how often no_significant_drop sees them.
func powerTable(*testing.T) string {
	b := sized("true drop")
	for _, drop := range []float64{0, .02, .05, .10, .20} {
		fmt.Fprintf(b, "| %s points |", short(-100*drop, 0))
		for _, n := range tableSizes {
			w := sameModelTwice(n)
			w.drop = drop
			fmt.Fprintf(b, " %s |", formatRate(w.share(runs, noDrop(passRate), failed)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// marginTable says which margins as many cases can show at all, and which so that the same model passes 19 times out of 20.
func marginTable(*testing.T) string {
	b := sized("margin of `not_worse_than`")
	least, calm := "| least that is accepted |", "| least that lets the same model pass in 95% of all runs |"
	for _, n := range tableSizes {
		margin := .01
		for stats.CasesForMargin(margin, .95) > n {
			margin += .01
		}
		least += fmt.Sprintf(" %s%% |", short(100*margin, 0))
		calm += fmt.Sprintf(" %s%% |", short(math.Ceil(100*stats.Percentile(sameModelTwice(n).worst(runs), .95)), 0))
	}
	b.WriteString(least + "\n" + calm + "\n")
	return b.String()
}

// slipTable simulates what not_worse_than must not let pass: a model that is worse by exactly the margin.
func slipTable(t *testing.T) string {
	b := sized("margin, and true drop")
	for _, margin := range []float64{.05, .10} {
		fmt.Fprintf(b, "| %s%% |", short(100*margin, 0))
		for _, n := range tableSizes {
			if stats.CasesForMargin(margin, .95) > n {
				b.WriteString(" refused |")
				continue
			}
			w := sameModelTwice(n)
			w.drop = margin
			slipped := w.share(runs, notWorse(passRate, margin), passed)
			fmt.Fprintf(b, " %s |", formatRate(slipped))
			if slipped > .05+3*math.Sqrt(.05*.95/runs) { // and what chance adds to a simulation
				t.Errorf("a model that is worse by the margin of %v passes in %v of all runs with %d cases", margin, slipped, n)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// smallestTable is what results.json calls "smallest".
func smallestTable(*testing.T) string {
	b := sized("flickering cases")
	for _, flicker := range []float64{0, .05, .10, .20} {
		fmt.Fprintf(b, "| %s |", formatRate(flicker))
		for _, n := range tableSizes {
			// Of those that flicker, half come out differently.
			fmt.Fprintf(b, " %s points |", short(100*stats.SmallestShift(n, flicker/2), 1))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// repeatTable simulates the same model twice, with cases that pass four times out of five when they flicker.
func repeatTable(*testing.T) string {
	gatings := []gating{
		{{Metric: passRate, Op: "==", Value: 1}}, {{Metric: spec.Broken, Op: "==", Value: 0}}, {notWorse(passRate, .10)}, {noDrop(passRate)},
	}
	var b strings.Builder
	b.WriteString("| each case is asked | `pass_rate == 1` | `broken == 0` | `pass_rate not_worse_than baseline by 10%` | `pass_rate no_significant_drop` |\n")
	b.WriteString("|---|---|---|---|---|\n")
	for _, repeat := range []int{1, 3, 5} {
		w := world{cases: 50, flicker: .05, luck: .8, repeat: repeat}
		text := "once"
		if repeat > 1 {
			text = fmt.Sprintf("%d times, %d must pass", repeat, repeat/2+1)
		}
		fmt.Fprintf(&b, "| %s |", text)
		for _, exits := range w.exits(runs, gatings...) {
			fmt.Fprintf(&b, " %s |", red(exits))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestGatingTables simulates every figure of docs/gating.md, with the same seeds on every machine, and holds the page to them. It is where a
// gate that cries wolf, or sleeps, is found.
func TestGatingTables(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "gating.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(raw), "\r\n", "\n")
	for _, made := range []struct {
		name string
		make func(*testing.T) string
	}{
		{"alarms", alarmTable}, {"power", powerTable}, {"margins", marginTable}, {"slips", slipTable}, {"smallest", smallestTable},
		{"repeats", repeatTable},
	} {
		table := made.make(t)
		if *tables {
			fmt.Printf("%s\n\n%s\n", made.name, table)
		}
		begin, end := "<!-- begin "+made.name+" -->\n", "<!-- end "+made.name+" -->"
		before, rest, begun := strings.Cut(page, begin)
		got, after, ended := strings.Cut(rest, end)
		switch {
		case !begun || !ended:
			t.Errorf("%s has no place for the table %q", path, made.name)
		case got == table:
		case *update:
			page = before + begin + table + end + after
		default:
			t.Errorf("%s: the table %q is not what comes out (go test ./runner/gate -run TestGatingTables -update rewrites it); it is\n%s", path, made.name, table)
		}
	}
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFalseAlarmsOfScoredMargins is what the tables leave out because it takes long: the drawn interval of scores.
func TestFalseAlarmsOfScoredMargins(t *testing.T) {
	random := rand.New(rand.NewPCG(50, 2029))
	w := sameModelTwice(50)
	w.scored = true
	const draws = 200
	red := 0
	e := w.begin()
	for range draws {
		w.ask(random, e)
		if e.hold(notWorse(score, .15)).Verdict != passed {
			red++
		}
	}
	if red > draws*5/100 {
		t.Errorf("mean_score not_worse_than baseline by 15%% is red in %d of %d runs of the same model", red, draws)
	}
}
