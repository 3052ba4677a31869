package reporters

import (
	"fmt"
	"slices"
	"strings"

	"ftrun/runner/result"
)

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
	if c.opts.Quiet || !listsFindings(run) {
		c.showProblems(run.Problems)
	}
	var err error
	if !c.opts.Quiet {
		err = c.showBadCases(run)
	}
	c.showThresholds(run)
	if !c.opts.Quiet {
		c.showComparison(run)
		c.showContamination(run, "results.json has all")
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
	head := []piece{c.sign(g), text(" "), in(g.style, verdict), text(indent2)}
	c.printWrapped(head, normal, sentence(run.Reason), 4, in(dim, exit))
	if run.Hint != "" {
		c.printWrapped([]piece{in(dim, "  "+pad("next", 9))}, normal, sentence(run.Hint), 11)
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
