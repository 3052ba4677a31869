package reporters

import (
	"fmt"
	"slices"
	"strings"

	"ftrun/runner/result"
)

// shownCases is how many cases that went wrong a summary shows, unless it is told to show all.
const shownCases = 10

// Finish writes what came of the run, and where its reports are. It returns the first error of all the console's writing, or
// of reading the cases.
func (c *Console) Finish(run *result.Run, reports ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.opts.Now()
	c.stage = ""
	c.eraseLive()
	c.closeGroup()
	err := c.finish(run, reports)
	if c.err != nil {
		return c.err
	}
	return err
}

func (c *Console) finish(run *result.Run, reports []string) error {
	c.showProblems(run.Problems)
	var err error
	if !c.opts.Quiet {
		err = c.showBadCases(run)
	}
	c.showThresholds(run.Thresholds)
	if !c.opts.Quiet {
		c.showComparison(run)
		c.showWarnings(run.Warnings)
	}
	c.showVerdict(run, reports)
	return err
}

func (c *Console) showProblems(problems []result.Problem) {
	for _, d := range diagnostics(problems).Fold(shownAlike) {
		c.println(text(sentence(d.String())))
		if d.Hint != "" {
			c.println(text("  hint: " + sentence(d.Hint)))
		}
	}
}

func (c *Console) heading(s string) {
	c.println()
	c.println(in(bold, s))
}

// showBadCases writes the cases that went wrong: those that weigh most first, and no more than a person reads.
func (c *Console) showBadCases(run *result.Run) error {
	total := run.Summary.Failed + run.Summary.Errored
	if total == 0 || run.Cases == nil {
		return nil
	}
	most := shownCases
	if c.opts.Verbose {
		most = total
	}
	cases, err := worst(run.Cases, most)
	if len(cases) == 0 {
		return err
	}
	c.heading("Cases that did not pass")
	if len(cases) > shownCases {
		c.openGroup("all " + thousands(int64(len(cases))))
	}
	for _, bad := range cases {
		c.showBadCase(bad)
	}
	c.closeGroup()
	if more := total - len(cases); more > 0 {
		c.println(in(dim, "  and "+thousands(int64(more))+" more, in results.json"))
	}
	return err
}

// worst returns up to n cases that did not pass, in the order of the spec within each kind.
func worst(cases result.Cases, n int) ([]result.Case, error) {
	var kinds [badKinds][]result.Case
	for c, err := range cases.All() {
		if err != nil {
			return nil, err
		}
		if kind, bad := kindOfBad(c); bad && len(kinds[kind]) < n {
			kinds[kind] = append(kinds[kind], c)
		}
	}
	var all []result.Case
	for _, k := range kinds {
		all = append(all, k[:min(len(k), n-len(all))]...)
	}
	return all, nil
}

func (c *Console) showBadCase(bad result.Case) {
	c.println(text(indent2), c.caseSign(bad), text(" "), in(bold, brief(bad.ID, 60)), in(dim, caseRemark(bad)))
	c.field("question", bad.Question)
	if bad.Expected != "" {
		c.field("expected", bad.Expected)
	}
	if bad.Generated != nil {
		c.field("got", *bad.Generated)
	}
	if bad.Status == result.CaseErrored {
		c.field("error", whyErrored(bad))
	} else {
		c.field("because", c.whyShort(bad))
	}
}

// whyShort returns why a case failed where a line can hold that, and else only the assertions that did not hold: a reason is
// worth little without its end, and results.json has it.
func (c *Console) whyShort(bad result.Case) string {
	failed := failedAssertions(bad)
	if why := whyFailed(bad); len(failed) <= 1 && textWidth(why) <= c.opts.Width-beforeField {
		return why
	}
	var names []string
	for _, a := range failed {
		names = append(names, brief(assertionName(a), 60))
	}
	return strings.Join(names, "; ")
}

// beforeField is how many columns stand before a text of a case.
const beforeField = 4 + 10

// field writes a labelled text of a case on one line.
func (c *Console) field(label, value string) {
	value = c.quote(value, beforeField)
	if value == "" {
		c.println(in(dim, "    "+pad(label, 10)), in(dim, "(empty)"))
		return
	}
	c.println(in(dim, "    "+pad(label, 10)), text(value))
}

func (c *Console) caseSign(k result.Case) piece {
	switch k.Status {
	case result.CaseFailed:
		return c.sign(glyphFailed)
	case result.CaseErrored:
		return c.sign(glyphUnknown)
	case result.CasePassed, result.CaseScored:
		return c.sign(glyphOK)
	default:
		return c.sign(glyphSkipped)
	}
}

// caseRemark returns what is special about a case.
func caseRemark(k result.Case) string {
	var s string
	if k.Status == result.CaseScored && k.Score != nil {
		s += fmt.Sprintf("  score %.2f", *k.Score)
	}
	if k.MustPass {
		s += "  must pass"
	}
	if isBroken(k) {
		s += "  passed by the baseline"
	}
	return s
}

// showThresholds writes what was wanted and what was measured, in columns.
func (c *Console) showThresholds(list []result.Threshold) {
	var shown []result.Threshold
	for _, t := range list {
		if !c.opts.Quiet || t.Verdict != result.ThresholdPass {
			shown = append(shown, t)
		}
	}
	if len(shown) == 0 {
		return
	}
	if !c.opts.Quiet {
		c.heading("Thresholds")
	}
	widest, widestValue := 0, 0
	for _, t := range shown {
		value, _ := measured(t)
		widest = max(widest, textWidth(brief(t.Expression, 60)))
		widestValue = max(widestValue, len(value))
	}
	for _, t := range shown {
		c.showThreshold(t, widest, widestValue)
	}
}

func (c *Console) showThreshold(t result.Threshold, widest, widestValue int) {
	g := glyphUnknown
	switch t.Verdict {
	case result.ThresholdPass:
		g = glyphOK
	case result.ThresholdFail:
		g = glyphFailed
	}
	value, wanted := measured(t)
	// The expression says what was wanted, unless that was measured too.
	remark := ""
	if strings.Contains(t.Expression, "baseline") {
		remark = "  baseline " + wanted
	}
	c.println(text(indent2), c.sign(g), text(" "+pad(brief(t.Expression, 60), widest)+indent2),
		in(g.valueStyle(), padLeft(value, widestValue)), in(dim, remark))
	if t.Reason != "" && t.Verdict != result.ThresholdPass {
		c.println(in(dim, "    "+sentence(t.Reason)))
	}
}

// valueStyle returns the style of a number beside g: one that is as it should be needs no colour.
func (g glyph) valueStyle() style {
	if g == glyphOK {
		return normal
	}
	return g.style
}

// showComparison writes what training changed, and what it cost.
func (c *Console) showComparison(run *result.Run) {
	var rows [][2]string
	if cmp := run.Comparison; cmp != nil {
		rows = append(rows, [2]string{"baseline", brief(cmp.Baseline, 60) + c.dot() + thousands(int64(cmp.Fixed)) + " fixed" +
			c.dot() + thousands(int64(cmp.Broken)) + " broken"})
		rows = append(rows, changes(run.Summary, cmp.Summary)...)
	}
	if cost := run.Cost; (cost.TrainingUSD != nil || cost.TestingUSD != nil) && run.Provider.Kind != kindEmbedded {
		rows = append(rows, [2]string{"cost", "training " + dollars(cost.TrainingUSD) + c.dot() + "testing " + dollars(cost.TestingUSD)})
	}
	if len(rows) == 0 {
		return
	}
	c.println()
	for _, row := range rows {
		c.println(in(dim, indent2+pad(row[0], 12)), text(row[1]))
	}
}

// changes returns a row for each figure that both models have.
func changes(tuned, base result.Summary) [][2]string {
	var rows [][2]string
	if tuned.PassRate != nil && base.PassRate != nil {
		rows = append(rows, [2]string{"pass rate", percent(*base.PassRate) + " before, " + percent(*tuned.PassRate) + " now"})
	}
	if tuned.MeanScore != nil && base.MeanScore != nil {
		u := unitOf("mean_score")
		rows = append(rows, [2]string{"mean score", u.format(base.MeanScore, 0) + " before, " + u.format(tuned.MeanScore, 0) + " now"})
	}
	return rows
}

// showWarnings writes the warnings that were not written when they arose.
func (c *Console) showWarnings(warnings []string) {
	fresh := slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return c.warned[w] })
	if len(fresh) > 0 {
		c.println()
	}
	for _, w := range fresh {
		c.warned[w] = true
		c.showNotice(result.Event{Level: result.LevelWarn, Message: w})
	}
}

// showVerdict writes the last lines: how it ended, what to do, and where to read more.
func (c *Console) showVerdict(run *result.Run, reports []string) {
	if !c.opts.Quiet {
		c.println()
	}
	g := glyphFailed
	switch {
	case run.ExitCode == result.ExitPass:
		g = glyphOK
	case run.Verdict == result.VerdictUnfinished:
		g = glyphWarning
	}
	verdict := strings.ToUpper(sentence(string(run.Verdict)))
	exit := ""
	if run.ExitCode != result.ExitPass {
		exit = fmt.Sprintf("  (exit %d)", run.ExitCode)
	}
	c.println(c.sign(g), text(" "), in(g.style, verdict), text(indent2+sentence(run.Reason)), in(dim, exit))
	if run.Hint != "" {
		c.println(in(dim, "  "+pad("next", 9)), text(sentence(run.Hint)))
	}
	if c.opts.Quiet {
		return
	}
	if run.FineTunedModel != "" {
		note := ""
		if run.Provider.Kind == kindEmbedded {
			note = "  (of the embedded stand-in, not a GPT)"
		}
		c.println(in(dim, "  "+pad("model", 9)), text(sentence(run.FineTunedModel)), in(dim, note))
	}
	if n := len(c.warned); n > 0 {
		c.println(in(dim, "  "+pad("warnings", 9)), text(thousands(int64(n))+" above"))
	}
	if len(reports) > 0 {
		c.println(in(dim, "  "+pad("reports", 9)), text(line(strings.Join(reports, ", "))))
	}
}
