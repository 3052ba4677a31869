package reporters

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ftrun/runner/result"
)

// What matters most in a summary with too little room. The figures of the run outweigh its cases because they are few.
const (
	weightVerdict  = 90
	weightProblems = 80
	weightGate     = 70 // thresholds, and the figures that they are about
	weightRun      = 60
	weightWarnings = 50
	weightCases    = 40 // and less from one kind of case to the next
	weightLists    = 30 // of cases that are not wrong
)

// No person reads more of one kind.
const (
	shownProblems   = 50
	shownThresholds = 100
	shownSources    = 20
	shownWarnings   = 20
	shownListed     = 500 // of the cases that are fixed or flaky, and of findings
)

// firstOf returns the first items of a list; how many there are in all is told elsewhere.
func firstOf[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func verdictSection(run *result.Run) section {
	sign := glyphFailed
	switch {
	case run.ExitCode == result.ExitPass:
		sign = glyphOK
	case run.Verdict == result.VerdictUnfinished:
		sign = glyphWarning
	}
	title := "## " + sign.sign + " " + strings.ToUpper(letters(string(run.Verdict)))
	if run.ExitCode != result.ExitPass {
		title += fmt.Sprintf(" (exit %d)", run.ExitCode)
	}
	if run.Name != "" {
		title += ": " + span(run.Name, 100)
	}
	s := section{name: "the verdict", weight: weightVerdict, head: title + "\n\n", noun: "lines"}
	if run.Reason != "" {
		s.items = append(s.items, indented(sentence(run.Reason)))
	}
	if run.Hint != "" {
		s.items = append(s.items, indented("next: "+sentence(run.Hint)))
	}
	if run.Provider.Kind == kindEmbedded {
		s.items = append(s.items, "\nThis is the embedded engine: "+standIn+".\n")
	}
	s.total = max(len(s.items), 1)
	if len(s.items) == 0 {
		s.items = []string{indented("no reason is known")}
	}
	return s
}

func problemSection(run *result.Run) section {
	folded := diagnostics(run.Problems).Fold(shownAlike)
	s := section{name: "problems", weight: weightProblems, head: "### Problems\n\n", total: len(folded), noun: "problems"}
	if listsFindings(run) {
		s.total = 0
		return s
	}
	for _, d := range firstOf(folded, shownProblems) {
		text := sentence(d.String())
		if d.Hint != "" {
			text += "\n  hint: " + sentence(d.Hint)
		}
		s.items = append(s.items, indented(text))
	}
	return s
}

func runSection(run *result.Run) section {
	s := section{name: "the run", weight: weightRun, head: "### Run\n\n" + tableHead("", ""), noun: "facts"}
	add := func(name, value string) { s.items = append(s.items, tableRow(name, value)) }
	known := func(name, value string) {
		if value != "" {
			add(name, cell(value, 200))
		}
	}
	known("model", run.FineTunedModel)
	known("tested model", run.TestedModel)
	known("base model", run.BaseModel)
	known("provider", address(run.Provider))
	if run.TestedProvider != nil {
		known("tested at", address(*run.TestedProvider))
	}
	if run.Judge != nil {
		known("judge", judgedBy(*run.Judge))
	}
	if job := run.Job; job != nil {
		add("job", cell(job.ID, 200)+", "+cell(job.Status, 100))
		if job.TrainedTokens != nil {
			add("tokens trained", thousands(*job.TrainedTokens))
		}
	}
	if cost := run.Cost; (cost.TrainingUSD != nil || cost.TestingUSD != nil) && run.Provider.Kind != kindEmbedded {
		add("cost", cell(costText(cost, ", "), 150))
		known("cost, note", cost.Note)
	}
	if run.Cost.Requests > 0 {
		requests := thousands(run.Cost.Requests)
		if n := run.Cost.Retries; n > 0 {
			requests += ", of which " + count(n, "repeat")
		}
		add("requests", requests)
	}
	if p := run.Provenance; !p.StartedAt.IsZero() && p.FinishedAt.After(p.StartedAt) {
		add("took", took(p.FinishedAt.Sub(p.StartedAt)))
	}
	known("reason code", run.ReasonCode)
	known("pipeline file", run.Provenance.Spec)
	known("ftrun", run.Provenance.Version)
	s.total = len(s.items)
	return s
}

func stageSection(run *result.Run) section {
	s := section{
		name: "stages", weight: weightRun, total: len(run.Stages), noun: "stages",
		head: "### Stages\n\n" + tableHead("", "stage", "status", "took", ""),
	}
	for _, stage := range run.Stages {
		reason := ""
		if stage.Reason != "" {
			reason = cell(stage.Reason, 200)
		}
		s.items = append(s.items, tableRow(stageGlyph(stage.Status).sign, cell(stage.Name, 40), cell(stage.Status, 40), took(inSeconds(stage.Seconds)), reason))
	}
	return s
}

func datasetSection(run *result.Run) section {
	s := section{name: "the dataset", weight: weightRun, noun: "files"}
	d := run.Dataset
	if d == nil {
		return s
	}
	s.head = "### Dataset\n\n" + strings.Join(datasetFacts(d), ", ") + "\n\n" + tableHead("file", "rows", "shape", "use")
	for _, source := range firstOf(d.Sources, shownSources) {
		s.items = append(s.items, tableRow(cell(source.Path, 200), thousands(int64(source.Rows)), cell(source.Shape, 40), cell(cmp.Or(source.Use, result.UseTraining), 40)))
	}
	s.total = len(d.Sources)
	return s
}

// statisticsSection has the statistics of the dataset and what was found in it, as the console of a log has them.
func statisticsSection(run *result.Run) section {
	s := section{name: "the dataset in detail", weight: weightWarnings, noun: "lines", tail: "\n</details>\n"}
	if run.Dataset == nil {
		return s
	}
	s.head = "<details><summary>Dataset in detail</summary>\n\n"
	var b strings.Builder
	NewConsole(&b, ConsoleOptions{}).showDataset(run.Dataset, estimateAt(run.Provider.Kind, run.Dataset))
	for l := range strings.Lines(b.String()) {
		if strings.TrimSpace(l) != "" { // an empty line may not stand where the section is cut
			s.items = append(s.items, indented(strings.TrimSuffix(l, "\n")))
		}
	}
	s.total = len(s.items)
	return s
}

// curveSection tells how training went: a line for each thing that was measured.
func curveSection(run *result.Run) section {
	s := section{
		name: "the training curve", weight: weightRun, noun: "curves",
		head: "### Training\n\n" + tableHead("", "first", "last", "lowest", "highest", "curve"),
	}
	for _, m := range []struct {
		name string
		of   func(result.CurvePoint) *float64
	}{
		{"training loss", func(p result.CurvePoint) *float64 { return p.TrainLoss }},
		{"validation loss", func(p result.CurvePoint) *float64 { return p.ValidLoss }},
		{"training accuracy", func(p result.CurvePoint) *float64 { return p.TrainAccuracy }},
		{"validation accuracy", func(p result.CurvePoint) *float64 { return p.ValidAccuracy }},
	} {
		var values []float64
		for _, p := range run.TrainingCurve {
			if v := m.of(p); v != nil && !math.IsNaN(*v) && !math.IsInf(*v, 0) {
				values = append(values, *v)
			}
		}
		if len(values) == 0 {
			continue
		}
		low, high := bounds(values)
		s.items = append(s.items, tableRow(m.name, number(values[0]), number(values[len(values)-1]), number(low), number(high), sparkline(values)))
	}
	s.total = len(s.items)
	return s
}

func warningSection(run *result.Run) section {
	s := section{name: "warnings", weight: weightWarnings, head: "### Warnings\n\n", total: len(run.Warnings), noun: "warnings"}
	for _, w := range firstOf(run.Warnings, shownWarnings) {
		s.items = append(s.items, indented(sentence(cmp.Or(w, "(empty)"))))
	}
	return s
}

func tableHead(cells ...string) string {
	return tableRow(cells...) + "|" + strings.Repeat("---|", len(cells)) + "\n"
}

func tableRow(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func bounds(values []float64) (low, high float64) {
	low, high = values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// sparkline draws values as bars in one line of text, no more than 30.
func sparkline(values []float64) string {
	const bars, most = "▁▂▃▄▅▆▇█", 30
	levels := []rune(bars)
	low, high := bounds(values)
	var b strings.Builder
	n := min(len(values), most)
	for i := range n {
		v := values[i*(len(values)-1)/max(n-1, 1)]
		level := 0
		if high > low {
			// Halved, because the distance of two floats may be no float.
			level = int((v/2 - low/2) / (high/2 - low/2) * float64(len(levels)-1))
		}
		b.WriteRune(levels[min(max(level, 0), len(levels)-1)])
	}
	return b.String()
}
