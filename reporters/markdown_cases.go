package reporters

import (
	"cmp"
	"strings"

	"ftrun/runner/result"
)

// The kinds of case that a person should look at, the first first.
const (
	badBroken   = iota // a model that unlearns is worse than one that never knew
	badMustPass        // and is not broken
	badFailed
	badErrored
	badKinds
)

// kindOfBad returns which kind of case c is, or false where nothing is wrong with it.
func kindOfBad(c result.Case) (kind int, bad bool) {
	switch {
	case c.Status != result.CaseFailed && c.Status != result.CaseErrored:
		return 0, false
	case isBroken(c):
		return badBroken, true
	case c.MustPass:
		return badMustPass, true
	case c.Status == result.CaseErrored:
		return badErrored, true
	default:
		return badFailed, true
	}
}

// caseSections returns a section for each kind of case that went wrong. It reads the cases once, and keeps no more of them than
// find room.
func caseSections(run *result.Run, room int) ([]section, error) {
	sections := make([]section, badKinds)
	for kind, words := range [badKinds][2]string{
		badBroken:   {"Broken: passed by the baseline, failed now", "broken cases"},
		badMustPass: {"Cases that must pass", "cases that must pass"},
		badFailed:   {"Cases that failed", "failing cases"},
		badErrored:  {"Cases without a verdict", "cases without a verdict"},
	} {
		sections[kind] = section{name: words[1], weight: weightCases - kind, head: "### " + words[0] + "\n", noun: words[1]}
	}
	if run.Cases == nil {
		return sections, nil
	}
	limit := markdownTextLimit(run.Summary)
	var sizes [badKinds]int
	for c, err := range run.Cases.All() {
		if err != nil {
			return nil, err
		}
		kind, bad := kindOfBad(c)
		if !bad {
			continue
		}
		s := &sections[kind]
		s.total++
		if sizes[kind] > room {
			continue
		}
		item := badCase(run, c, limit)
		sizes[kind] += len(item)
		s.items = append(s.items, item)
	}
	return sections, nil
}

// markdownTextLimit returns how many bytes of one text of a case are shown: of many cases less each.
func markdownTextLimit(s result.Summary) int {
	const texts = 5 // question, expected, got, baseline, because
	return min(max(SummaryLimit/2/texts/max(s.Failed+s.Errored, 1), 200), 2000)
}

func badCase(run *result.Run, c result.Case, limit int) string {
	sign := glyphFailed
	if c.Status == result.CaseErrored {
		sign = glyphUnknown
	}
	var b strings.Builder
	b.WriteString("\n#### " + sign.sign + " " + span(cmp.Or(c.ID, c.Name), 100))
	if isBroken(c) && c.MustPass {
		b.WriteString(", must pass")
	}
	if several := passedOf(c.Answer); several != "" {
		b.WriteString(", " + several)
	}
	if c.Refused {
		b.WriteString(", refused")
	}
	if at := position(caseFile(run, c.File), c.Line); at != "" {
		b.WriteString(", " + span(at, 200))
	}
	b.WriteString("\n\n")

	lines := labelled("question", orEmpty(cut(c.Question, limit)))
	if c.Expected != "" {
		lines += labelled("expected", cut(c.Expected, limit))
	}
	if got := said(c.Answer); got != nil {
		lines += labelled("got", orEmpty(cut(*got, limit)))
	}
	if isBroken(c) {
		if before := said(*c.Baseline); before != nil {
			lines += labelled("baseline", orEmpty(cut(*before, limit)))
		}
	}
	if c.Status == result.CaseErrored {
		lines += labelled("error", cut(whyErrored(c), limit))
	} else {
		lines += labelled("because", cut(allFailed(c), limit))
	}
	b.WriteString(indented(lines))
	return b.String()
}

func orEmpty(s string) string {
	if strings.TrimSpace(s) == "" {
		return "(empty)"
	}
	return s
}

// allFailed returns a line for each assertion that a case failed.
func allFailed(c result.Case) string {
	var why []string
	for _, a := range failedAssertions(c) {
		text := line(assertionName(a))
		if a.Reason != "" {
			text += ": " + line(a.Reason)
		}
		why = append(why, text)
	}
	return cmp.Or(strings.Join(why, "\n"), whyFailed(c))
}
