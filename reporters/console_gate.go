package reporters

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"ftrun/runner/result"
)

// A console names no more of these than a person reads there.
const (
	shownFlaky    = 5
	shownFindings = 5
)

// thresholdGlyph is one sign for each of: it holds, not good enough, not enough evidence, could not measure.
func thresholdGlyph(t result.Threshold) glyph {
	switch {
	case t.Verdict == result.ThresholdPass:
		return glyphOK
	case t.Verdict == result.ThresholdFail:
		return glyphFailed
	case t.Cause == result.CauseNotEnoughEvidence:
		return glyphTooFew
	default:
		return glyphUnknown
	}
}

// gates reports whether the thresholds of a run decide anything. Those of a run over some of the cases do not, however they come out.
func gates(run *result.Run) bool { return run.ReasonCode != "filtered" }

const (
	headingThresholds = "Thresholds"
	headingUngated    = "Thresholds (nothing is gated)"
)

// thresholdMark is [thresholdGlyph] for a run that gates; in another no mark is red or green.
func thresholdMark(run *result.Run, t result.Threshold) glyph {
	if !gates(run) {
		return glyphBusy
	}
	return thresholdGlyph(t)
}

// whyThreshold returns why a threshold does not hold, in a sentence that says whether more cases or more answers would help. It does not
// repeat the threshold, beside which it stands.
func whyThreshold(t result.Threshold) string {
	if t.Verdict == result.ThresholdPass {
		return ""
	}
	t.Reason = strings.TrimPrefix(t.Reason, t.Expression+": ")
	cause := ""
	switch {
	case t.Verdict != result.ThresholdUndecided:
	case t.Cause == result.CauseNotEnoughEvidence:
		cause = "not enough evidence"
	case t.Cause == result.CauseNotMeasured:
		cause = "could not measure"
	}
	switch {
	case cause == "" || strings.Contains(t.Reason, cause):
		return t.Reason
	case t.Reason == "":
		return cause
	default:
		return cause + ": " + t.Reason
	}
}

// whyMarked is [whyThreshold] beside a mark of [thresholdMark], which may say nothing.
func whyMarked(run *result.Run, t result.Threshold) string {
	why := whyThreshold(t)
	if gates(run) || t.Verdict != result.ThresholdFail {
		return why
	}
	return strings.TrimSuffix("would not hold: "+why, ": ")
}

// figureRemark returns the figures beside the value: with what it was compared, where that was measured too, and how sure it is.
func figureRemark(t result.Threshold, r readings) []string {
	var facts []string
	switch {
	case !aboutBaseline(t) || t.Wanted == nil:
	case strings.Contains(t.Expression, "not_worse_than"):
		facts = append(facts, "limit "+r.wanted)
	default:
		facts = append(facts, "baseline "+r.wanted)
	}
	switch {
	case r.interval == "":
	case ofDifference(t):
		facts = append(facts, "difference "+r.interval)
	default:
		facts = append(facts, r.interval)
	}
	if r.p != "" {
		facts = append(facts, r.p)
	}
	return facts
}

// figureText returns the value of t and what is known about it in one line.
func figureText(t result.Threshold, r readings) string {
	return strings.Join(append([]string{r.value}, figureRemark(t, r)...), ", ")
}

var numbers = regexp.MustCompile(`[0-9][0-9.,]*`)

// tells reports whether a sentence has every number of the figures already.
func tells(sentence, figures string) bool {
	for _, n := range numbers.FindAllString(figures, -1) {
		if !strings.Contains(sentence, strings.TrimRight(n, ".,")) {
			return false
		}
	}
	return true
}

// showThresholds writes what was wanted and what was measured, in columns.
func (c *Console) showThresholds(run *result.Run) {
	var shown []result.Threshold
	for _, t := range run.Thresholds {
		if !c.opts.Quiet || t.Verdict != result.ThresholdPass {
			shown = append(shown, t)
		}
	}
	if len(shown) == 0 {
		return
	}
	heading := headingThresholds
	if !gates(run) {
		heading = headingUngated
	}
	if !c.opts.Quiet {
		c.heading(heading)
	}
	widest, widestValue := 0, 0
	for _, t := range shown {
		widest = max(widest, textWidth(brief(t.Expression, 60)))
		widestValue = max(widestValue, len(c.read(t).value))
	}
	for _, t := range shown {
		c.showThreshold(run, t, widest, widestValue)
	}
}

// read returns the figures of t in signs that the terminal knows.
func (c *Console) read(t result.Threshold) readings {
	if c.opts.ASCII {
		return read(t, " to ")
	}
	return read(t, dash)
}

func (c *Console) showThreshold(run *result.Run, t result.Threshold, widest, widestValue int) {
	g := thresholdMark(run, t)
	r := c.read(t)
	row := []piece{
		text(indent2), c.sign(g), text(" " + pad(brief(t.Expression, 60), widest) + indent2), in(g.valueStyle(), padLeft(r.value, widestValue)),
	}
	remark := strings.Join(figureRemark(t, r), indent2)
	if taken := len(indent2) + 2 + widest + len(indent2) + widestValue + len(indent2); remark != "" && taken+textWidth(remark) <= c.opts.Width {
		row = append(row, in(dim, indent2+remark))
		remark = ""
	}
	c.println(row...)
	if remark != "" {
		c.println(in(dim, "    "+remark))
	}
	if why := whyMarked(run, t); why != "" {
		c.printWrapped([]piece{text("    ")}, dim, sentence(why), 4)
	}
}

// valueStyle returns the style of a number beside g: one that is as it should be needs no colour.
func (g glyph) valueStyle() style {
	if g == glyphOK {
		return normal
	}
	return g.style
}

// showComparison writes what training changed, how steady the answers are, and what it all cost.
func (c *Console) showComparison(run *result.Run) {
	rows := c.comparisonRows(run)
	rows = append(rows, c.steadinessRows(run)...)
	if run.TestedProvider != nil {
		rows = append(rows, [2]string{"tested at", address(*run.TestedProvider)})
	}
	if run.Judge != nil {
		rows = append(rows, [2]string{"judge", judgedBy(*run.Judge)})
	}
	if cost := run.Cost; (cost.TrainingUSD != nil || cost.TestingUSD != nil) && run.Provider.Kind != kindEmbedded {
		rows = append(rows, [2]string{"cost", costText(cost, c.dot())})
	}
	if len(rows) == 0 {
		return
	}
	c.println()
	for _, row := range rows {
		c.println(in(dim, indent2+pad(row[0], 12)), text(row[1]))
	}
}

// address names a service whole.
func address(p result.Provider) string { return strings.TrimSpace(p.Kind + " " + p.BaseURL) }

// judgedBy says which models judged, where, how often, and whether they could be trusted.
func judgedBy(j result.JudgedBy) string {
	var names []string
	for _, m := range j.Models {
		names = append(names, brief(m, 60))
	}
	s := strings.Join(names, ", ")
	if j.Provider != nil {
		s += " at " + address(*j.Provider)
	}
	if j.Samples > 1 {
		s += fmt.Sprintf(", %d verdicts on each answer", j.Samples)
	}
	switch {
	case j.Calibration == 0:
		return s + ", not put to the test"
	case j.Calibrated:
		return s + ", right on " + count(j.Calibration, "known answer")
	default:
		return s + ", not calibrated"
	}
}

// costText returns what was paid for what.
func costText(cost result.Cost, dot string) string {
	s := "training " + dollars(cost.TrainingUSD) + dot + "testing " + dollars(cost.TestingUSD)
	if cost.JudgingUSD != nil {
		s += ", of which the judge " + dollars(cost.JudgingUSD)
	}
	return s
}

// comparisonRows returns what became of the baseline's cases and figures.
func (c *Console) comparisonRows(run *result.Run) [][2]string {
	with := run.Comparison
	if with == nil {
		return nil
	}
	if with.Unavailable != "" {
		return [][2]string{{"baseline", baselineName(run) + " could not be asked: " + sentence(with.Unavailable)}}
	}
	name, counts := baselineName(run), strings.Join(comparedCounts(run), c.dot())
	rows := [][2]string{{"baseline", name + c.dot() + counts}}
	if textWidth(rows[0][1]) > c.opts.Width-2-12 {
		rows = [][2]string{{"baseline", name}, {"", counts}}
	}
	for _, f := range []struct {
		name      string
		now, then *float64
		d         *result.Difference
		u         unit
	}{
		{"pass rate", run.Summary.PassRate, with.Summary.PassRate, with.PassRate, percentUnit},
		{"mean score", run.Summary.MeanScore, with.Summary.MeanScore, with.MeanScore, plainUnit},
	} {
		if f.now == nil || f.then == nil {
			continue
		}
		value := f.u.format(f.then, 0) + " before, " + f.u.format(f.now, 0) + " now"
		if !isKnown(f.d) {
			rows = append(rows, [2]string{f.name, value})
			continue
		}
		change := changeOf(*f.d, f.u)
		if math.Abs(*f.now-*f.then-f.d.Value) < 0.0005 {
			rows = append(rows, [2]string{f.name, value + ": " + change.amount})
		} else { // the numbers of each model are over cases that the other has no answer to
			rows = append(rows, [2]string{f.name, value}, [2]string{"", "over " + count(f.d.Cases, "case") + " of both: " + change.amount})
		}
		rows = append(rows, [2]string{"", change.meaning})
		if change.unseen != "" {
			rows = append(rows, [2]string{"", change.unseen})
		}
	}
	return rows
}

// steadinessRows returns how often the same question was answered well, and which cases went both ways.
func (c *Console) steadinessRows(run *result.Run) [][2]string {
	var rows [][2]string
	if r := run.Repeats; r != nil && steadiness(r) != "" {
		rows = append(rows, [2]string{"repeats", count(r.Cases, "case") + " asked several times"}, [2]string{"", steadiness(r)})
	}
	if len(run.Flaky) == 0 {
		return rows
	}
	var names []string
	for _, f := range firstOf(run.Flaky, shownFlaky) {
		names = append(names, fmt.Sprintf("%s (passed %s of %s)", brief(f.ID, 30), thousands(int64(f.Passed)), thousands(int64(f.Passed+f.Failed))))
	}
	label := "flaky"
	for i, name := range names {
		if i+1 == len(names) && len(run.Flaky) > len(names) {
			name += ", and " + thousands(int64(len(run.Flaky)-len(names))) + " more in results.json"
		}
		rows = append(rows, [2]string{label, name})
		label = ""
	}
	return rows
}

// showContamination writes which cases the model was trained on, copies of question and answer first: such a case proves nothing but memory.
// all says where the whole list is.
func (c *Console) showContamination(run *result.Run, all string) {
	found := run.Contamination
	if found == nil || len(found.Findings) == 0 {
		return
	}
	c.heading("Test cases in the training data")
	if found.Verbatim > 0 {
		c.println(text(indent2), c.sign(glyphCopied), text(" "), in(red, copiedText(found.Verbatim)))
	}
	if others := found.Cases - found.Verbatim; others > 0 {
		c.println(text(indent2), c.sign(glyphWarning), text(" "+othersText(others)))
	}
	for _, f := range gravest(found.Findings, shownFindings) {
		c.showFinding(run, f)
	}
	if more := len(found.Findings) - shownFindings; more > 0 {
		c.println(in(dim, "    and "+thousands(int64(more))+" more; "+all))
	}
	label := "without"
	for _, s := range cleanTexts(run) {
		c.println(in(dim, indent2+pad(label, 12)), text(s))
		label = ""
	}
}

func copiedText(n int) string {
	return "VERBATIM, question and answer: " + count(n, "case") + ". A pass proves only that the model can repeat its training data."
}

func othersText(n int) string {
	return count(n, "case") + " with a question that the training data has, whole or in great part"
}

func (c *Console) showFinding(run *result.Run, f result.Finding) {
	g := glyphWarning
	if f.Kind == result.FindingVerbatim {
		g = glyphCopied
	}
	at := ""
	if p := position(caseFile(run, f.File), f.Line); p != "" {
		at = "  " + brief(p, 60)
	}
	c.println(text("    "), c.sign(g), text(" "), in(bold, brief(f.ID, 40)), in(dim, at))
	c.println(in(dim, "      "+brief(trainingRow(run, f), 60)+" has "+shared(f, "its")))
	if f.Kind == result.FindingOverlap {
		c.println(in(dim, "      "), text(c.quote(f.Question, 6)))
	}
}

// cleanTexts returns the figures of the cases that are not in the training data, beside those of all.
func cleanTexts(run *result.Run) []string {
	clean := run.Contamination.Clean
	if clean == nil {
		return nil
	}
	var list []string
	for _, f := range []struct {
		name       string
		clean, all *float64
		u          unit
	}{
		{"pass rate", clean.PassRate, run.Summary.PassRate, percentUnit}, {"mean score", clean.MeanScore, run.Summary.MeanScore, plainUnit},
	} {
		if f.clean != nil && f.all != nil {
			list = append(list, fmt.Sprintf("%s %s over the other %s, %s over all", f.name, f.u.format(f.clean, 0), count(clean.Cases, "case"), f.u.format(f.all, 0)))
		}
	}
	return list
}
