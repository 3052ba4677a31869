package reporters

import (
	"fmt"
	"strconv"
	"strings"

	"ftrun/runner/result"
)

// shownCases is how many cases that went wrong a summary shows, unless it is told to show all.
const shownCases = 10

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
	if got := said(bad.Answer); got != nil {
		c.field("got", *got)
	}
	if isBroken(bad) {
		if before := said(*bad.Baseline); before != nil {
			c.field("baseline", *before)
		}
	}
	if bad.Status == result.CaseErrored {
		c.field("error", whyErrored(bad))
	} else {
		c.showReasons(bad)
	}
}

// shownReasons is how many failed assertions of a case have a line of their own.
const shownReasons = 3

// showReasons writes a line for each assertion that a case failed, up to a few.
func (c *Console) showReasons(bad result.Case) {
	failed := failedAssertions(bad)
	if len(failed) == 0 {
		c.field("because", whyFailed(bad))
		return
	}
	answer, label := "", "because"
	if bad.Generated != nil {
		answer = *bad.Generated
	}
	for _, a := range firstOf(failed, shownReasons) {
		c.field(label, c.whyShort(a, answer))
		label = ""
	}
	if more := len(failed) - shownReasons; more > 0 {
		c.field("", "and "+thousands(int64(more))+" more")
	}
}

// whyShort returns why an assertion failed, in one line. Where that is too narrow, the answer gives way first, which stands above, then the
// name, which the spec has too, and what was measured stays.
func (c *Console) whyShort(a result.Assertion, answer string) string {
	name, reason := line(assertionName(a)), line(a.Reason)
	if reason == "" {
		return name
	}
	room := max(c.opts.Width-beforeField, 20) - len(": ")
	if textWidth(name)+textWidth(reason) > room {
		reason = line(withoutAnswer(a.Reason, answer))
	}
	return brief(name, max(room-textWidth(reason), room/3)) + ": " + reason
}

// withoutAnswer returns a reason without the beginning of the answer that it quotes.
func withoutAnswer(reason, answer string) string {
	const most = 4096 // no console shows more
	reason = cutBytes(reason, most)
	for i := 0; i < len(reason); i++ {
		if reason[i] != '"' {
			continue
		}
		quoted, err := strconv.QuotedPrefix(reason[i:])
		if err != nil {
			continue
		}
		said, err := strconv.Unquote(quoted)
		if head := strings.TrimSuffix(said, "…"); err == nil && head != "" && strings.HasPrefix(answer, head) {
			return reason[:i] + "the answer" + reason[i+len(quoted):]
		}
		i += len(quoted) - 1
	}
	return reason
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
	if several := passedOf(k.Answer); several != "" {
		s += "  " + several
	}
	if k.Refused {
		s += "  refused"
	}
	return s
}
