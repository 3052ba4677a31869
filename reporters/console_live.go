package reporters

import (
	"cmp"
	"fmt"
	"strings"

	"ftrun/runner/result"
)

// kindEmbedded is the provider that must never be mistaken for a hosted model.
// Kinds of provider that reports treat in their own way.
const (
	kindEmbedded   = "embedded"
	kindCompatible = "compatible" // any service, which only its host names
)

// standIn says what the embedded engine is.
const standIn = "a small stand-in that really trains; not a GPT"

// showHeader writes what is about to run.
func (c *Console) showHeader(e result.Event) {
	c.println(in(bold, "ftrun"), text(" "), in(bold, brief(e.Name, 100)))
	if e.Model != "" {
		c.println(in(dim, "  base model  "), text(brief(e.Model, 100)))
	}
	if p := e.Provider; p != nil {
		if p.Kind == kindEmbedded {
			c.println(in(dim, "  provider    "), text("embedded, "), in(yellow, standIn))
		} else {
			c.println(in(dim, "  provider    "), text(brief(strings.TrimSpace(p.Kind+"  "+p.BaseURL), 150)))
		}
	}
	c.println()
}

func (c *Console) showNotice(e result.Event) {
	switch e.Level {
	case result.LevelInfo:
		c.println(text(indent2), in(dim, "> "+sentence(e.Message)))
	case result.LevelError:
		c.println(text(indent2), c.sign(glyphFailed), text(" "+sentence(e.Message)))
	default:
		c.println(text(indent2), c.sign(glyphWarning), text(" "+sentence(e.Message)))
	}
}

// showStage writes the line that remains of a finished stage.
func (c *Console) showStage(e result.Event) {
	if e.Finished == nil {
		return
	}
	s := *e.Finished
	c.stage = ""
	var facts []string
	switch s.Status {
	case result.StageDone:
		facts = withReason(c.facts(s.Name, e.Model), sentence(s.Reason))
	case result.StageReused, result.StageAdopted:
		facts = append([]string{s.Status}, withReason(c.facts(s.Name, e.Model), sentence(s.Reason))...)
	default:
		facts = []string{sentence(cmp.Or(s.Reason, s.Status))}
	}
	if c.retries > 0 {
		facts = append(facts, count(c.retries, "repeated request"))
	}
	seconds := ""
	if s.Status != result.StageSkipped {
		seconds = took(inSeconds(s.Seconds))
	}
	c.println(c.stagePieces(stageGlyph(s.Status), s.Name, seconds, facts)...)
}

// withReason adds a stage's own sentence to facts, in the place of one that it repeats.
func withReason(facts []string, reason string) []string {
	if reason == "" {
		return facts
	}
	for i, fact := range facts {
		switch {
		case strings.ReplaceAll(fact, ",", "") == reason: // 1,319 cases
			return facts
		case strings.Contains(reason, fact):
			facts[i] = reason
			return facts
		}
	}
	return append(facts, reason)
}

func stageGlyph(status string) glyph {
	switch status {
	case result.StageFailed:
		return glyphFailed
	case result.StageUnfinished:
		return glyphWarning
	case result.StageSkipped:
		return glyphSkipped
	default:
		return glyphOK
	}
}

// stagePieces returns a line about a stage, in columns.
func (c *Console) stagePieces(g glyph, stage, seconds string, facts []string) []piece {
	return []piece{
		text(indent2), c.sign(g), text(" " + pad(brief(stage, 20), 8)), in(dim, padLeft(seconds, 6)),
		text(indent2 + strings.Join(facts, c.dot())),
	}
}

// dot returns what stands between the facts of a line.
func (c *Console) dot() string {
	if c.opts.ASCII {
		return ", "
	}
	return " · "
}

// facts returns what there is to say about a stage that came to its end; model is the one it produced.
func (c *Console) facts(stage, model string) []string {
	var facts []string
	switch stage {
	case "prepare":
		facts = datasetFacts(c.dataset)
	case "train":
		if c.job != nil {
			facts = append(facts, "job "+sentence(c.job.ID))
		}
	case "wait":
		if c.job != nil {
			facts = append(facts, sentence(c.job.Status))
			if n := c.job.TrainedTokens; n != nil {
				facts = append(facts, count(*n, "token")+" trained")
			}
		}
		if model != "" {
			facts = append(facts, sentence(model))
		}
	case "test":
		facts = c.testFacts()
	}
	return facts
}

// testFacts returns how the cases came out so far.
func (c *Console) testFacts() []string {
	facts := []string{count(c.done, "case")}
	for _, status := range []string{result.CasePassed, result.CaseFailed, result.CaseErrored, result.CaseScored, result.CaseSkipped} {
		if n := c.tally[status]; n > 0 {
			facts = append(facts, thousands(int64(n))+" "+status)
		}
	}
	return facts
}

// showProgress rewrites the status line, or writes a heartbeat where one is due.
func (c *Console) showProgress() {
	if c.opts.Terminal {
		c.drawLive()
	} else if c.now.Sub(c.lastLine) >= heartbeat {
		c.println(c.statusPieces()...)
	}
}

// statusPieces returns the line that says where the current stage is.
func (c *Console) statusPieces() []piece {
	pieces := c.stagePieces(glyphBusy, c.stage, took(c.now.Sub(c.began)), c.progress())
	return append(pieces[:len(pieces)-1], in(dim, pieces[len(pieces)-1].text))
}

// progress returns where the current stage is.
func (c *Console) progress() []string {
	var facts []string
	switch c.stage {
	case "train", "wait":
		if c.job != nil {
			facts = append(facts, sentence(c.job.Status))
			if c.step == "" {
				facts = append(facts, sentence(c.job.ID))
			}
		}
		if c.step != "" {
			facts = append(facts, brief(c.step, 60))
		}
	case "test":
		if c.total > 0 {
			facts = append(facts, fmt.Sprintf("%s of %s", thousands(int64(c.done)), count(c.total, "case")))
		}
		for _, status := range []string{result.CaseFailed, result.CaseErrored} {
			if n := c.tally[status]; n > 0 {
				facts = append(facts, thousands(int64(n))+" "+status)
			}
		}
	}
	if c.retries > 0 {
		facts = append(facts, count(c.retries, "repeated request"))
	}
	if len(facts) == 0 {
		facts = []string{"running"}
	}
	return facts
}

// drawLive rewrites the terminal's last line.
func (c *Console) drawLive() {
	// A line that reaches the last column would wrap, and could not be erased.
	left := c.opts.Width - 1
	pieces := c.statusPieces()
	for i, p := range pieces {
		pieces[i].text = fit(p.text, max(left, 0))
		left -= textWidth(pieces[i].text)
	}
	c.write("\r\x1b[K" + render(c.opts.Color, pieces))
	c.live, c.drawn = true, c.now
}
