package reporters

import (
	"fmt"
	"strings"

	"ftrun/runner/result"
)

func thresholdSection(run *result.Run) section {
	heading := headingThresholds
	if !gates(run) {
		heading = headingUngated
	}
	s := section{
		name: "thresholds", weight: weightGate, total: len(run.Thresholds), noun: "thresholds",
		head: "### " + heading + "\n\n" + tableHead("", "threshold", "measured", "wanted", "why"),
	}
	for _, t := range firstOf(run.Thresholds, shownThresholds) {
		r, why := read(t, dash), ""
		if w := whyMarked(run, t); w != "" {
			why = cell(w, 300)
		}
		value := []string{r.value}
		if r.interval != "" && ofDifference(t) {
			value = append(value, "difference "+r.interval)
		} else if r.interval != "" {
			value = append(value, r.interval)
		}
		if r.p != "" {
			value = append(value, r.p)
		}
		s.items = append(s.items, tableRow(thresholdMark(run, t).sign, cell(t.Expression, 100), cell(strings.Join(value, ", "), 100), cell(r.wanted, 40), why))
	}
	return s
}

// figureSection compares the figures of both models, and those of the cases that no training example gives away.
func figureSection(run *result.Run) section {
	s := section{name: "figures", weight: weightGate, noun: "figures"}
	if run.Summary.Cases == 0 {
		return s
	}
	head, columns := []string{"cases", "this model"}, []result.Summary{run.Summary}
	if with := run.Comparison; with != nil && with.Unavailable == "" {
		head, columns = append(head, "baseline"), append(columns, with.Summary)
		s.tail = "\n" + strings.Join(comparedCounts(run), ", ") + " against the baseline " + span(baselineName(run), 200) + "\n"
	}
	if found := run.Contamination; found != nil && found.Clean != nil && found.Cases > 0 {
		head, columns = append(head, "this model, cases not in the training data"), append(columns, *found.Clean)
	}
	s.head = "### Figures\n\n" + tableHead(head...)
	add := func(name string, isKnown func(result.Summary) bool, of func(result.Summary) string) {
		row, known := []string{name}, false
		for _, column := range columns {
			known = known || isKnown(column)
			row = append(row, of(column))
		}
		if known {
			s.items = append(s.items, tableRow(row...))
		}
	}
	addMean := func(name string, u unit, of func(result.Summary) *float64) {
		add(name, func(f result.Summary) bool { return of(f) != nil }, func(f result.Summary) string { return u.format(of(f), 0) })
	}
	addCount := func(name string, of func(result.Summary) int) {
		add(name, func(f result.Summary) bool { return of(f) != 0 }, func(f result.Summary) string { return thousands(int64(of(f))) })
	}
	addMean("pass rate", percentUnit, func(f result.Summary) *float64 { return f.PassRate })
	addMean("mean score", plainUnit, func(f result.Summary) *float64 { return f.MeanScore })
	addCount("passed", func(f result.Summary) int { return f.Passed })
	addCount("failed", func(f result.Summary) int { return f.Failed })
	addCount("errored", func(f result.Summary) int { return f.Errored })
	addCount("scored only", func(f result.Summary) int { return f.Scored })
	addCount("skipped", func(f result.Summary) int { return f.Skipped })
	addCount("all", func(f result.Summary) int { return f.Cases })
	s.total = len(s.items)
	return s
}

// differenceSection says how sure it is that the models differ, and what the cases can show at all.
func differenceSection(run *result.Run) section {
	s := section{
		name: "the difference", weight: weightGate, noun: "differences",
		head: "### Difference to the baseline\n\n" + tableHead("", "difference", "what it means", "equally good models differ as much in", "what would go unnoticed"),
	}
	with := run.Comparison
	switch {
	case with == nil:
		return s
	case with.Unavailable != "":
		s.head = "### Baseline\n\n" + span(baselineName(run), 200) + " could not be asked\n\n"
		s.items = []string{indented(sentence(with.Unavailable))}
	}
	for _, f := range []struct {
		name string
		d    *result.Difference
		u    unit
	}{{"pass rate", with.PassRate, percentUnit}, {"mean score", with.MeanScore, plainUnit}} {
		if !isKnown(f.d) || with.Unavailable != "" {
			continue
		}
		change := changeOf(*f.d, f.u)
		odds, unseen := "", ""
		if change.odds != "" {
			odds = cell(change.odds+" of tests", 40)
		}
		if change.unseen != "" {
			unseen = cell(change.unseen, 100)
		}
		s.items = append(s.items, tableRow(f.name, cell(change.amount, 100), cell(change.meaning, 60), odds, unseen))
	}
	s.total = len(s.items)
	return s
}

// contaminationSection lists the cases that stand in the training data, each with the example that it stands in.
func contaminationSection(run *result.Run) section {
	s := section{name: "test cases in the training data", weight: weightGate - 1, noun: "findings"}
	found := run.Contamination
	if found == nil || len(found.Findings) == 0 {
		return s
	}
	s.total = len(found.Findings)
	shown := gravest(found.Findings, shownListed)
	var told []string
	if found.Verbatim > 0 {
		told = append(told, glyphCopied.sign+" "+copiedText(found.Verbatim))
	}
	if others := found.Cases - found.Verbatim; others > 0 {
		told = append(told, othersText(others))
	}
	s.head = "### Test cases in the training data\n\n" + strings.Join(told, "\n\n") + "\n\n" +
		tableHead("", "case", "asks", "training row", "asks", "in common")
	for _, f := range shown {
		sign := glyphWarning
		if f.Kind == result.FindingVerbatim {
			sign = glyphCopied
		}
		where := span(f.ID, 60)
		if at := position(caseFile(run, f.File), f.Line); at != "" {
			where += ", " + cell(at, 100)
		}
		s.items = append(s.items, tableRow(sign.sign, strings.ReplaceAll(where, "|", "¦"), cell(f.Asked, 100), cell(trainingRow(run, f), 100),
			cell(f.Question, 100), cell(shared(f, "the"), 60)))
	}
	return s
}

// repeatSection tells how steady the model is where it was asked several times.
func repeatSection(run *result.Run) section {
	s := section{name: "repeats", weight: weightRun, noun: "rows"}
	r := run.Repeats
	if r == nil {
		return s
	}
	s.head = "### Repeats\n\n" + count(r.Cases, "case") + " asked several times\n\n" + tableHead("answers", "at least one passes, `pass@k`", "all pass, `pass^k`")
	const most = 20
	for k := range min(len(r.PassAt), len(r.PassAll), most) {
		s.items = append(s.items, tableRow(fmt.Sprint(k+1), percent(r.PassAt[k]), percent(r.PassAll[k])))
	}
	s.total = min(len(r.PassAt), len(r.PassAll))
	return s
}

func flakySection(run *result.Run) section {
	s := folded("flaky", count(len(run.Flaky), "flaky case")+" whose answers came out both ways")
	s.head += tableHead("case", "passed", "failed")
	for _, f := range firstOf(run.Flaky, shownListed) {
		s.items = append(s.items, tableRow(cell(f.ID, 100), thousands(int64(f.Passed)), thousands(int64(f.Failed))))
	}
	s.total = len(run.Flaky)
	return s
}

func fixedSection(run *result.Run) section {
	if run.Comparison == nil {
		return section{}
	}
	list := run.Comparison.FixedCases
	s := folded("fixed", count(len(list), "fixed case")+" failed by the baseline, passed now")
	s.head += tableHead("case")
	for _, id := range firstOf(list, shownListed) {
		s.items = append(s.items, tableRow(cell(id, 100)))
	}
	s.total = len(list)
	return s
}

// folded returns an empty section of cases that opens when a reader clicks on its title. The title is our own.
func folded(kind, title string) section {
	return section{
		name: kind + " cases", weight: weightLists, noun: kind + " cases",
		head: "<details><summary>" + title + "</summary>\n\n", tail: "\n</details>\n",
	}
}
