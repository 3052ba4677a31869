package runner

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ftrun/runner/gate"
	"ftrun/runner/result"
	"ftrun/spec"
)

// summarizeAnswers makes one answer of all answers to a case. It passes where enough of them do; it failed where, whatever became of those
// that did not come, not enough can have passed.
func summarizeAnswers(c spec.Case, answers []result.Answer) result.Answer {
	if len(answers) == 1 {
		return answers[0]
	}
	var n tally
	for _, a := range answers {
		n.count(a)
	}
	status := n.status(max(c.Repeat.Need, 1))
	shows := slices.IndexFunc(answers, func(a result.Answer) bool { return a.Status == status }) // why it came out so
	out := answers[max(shows, 0)]
	out.Status, out.Passed, out.Score, out.CostUSD = status, nil, n.mean(), n.cost
	if out.Status == result.CasePassed || out.Status == result.CaseFailed {
		out.Passed = new(out.Status == result.CasePassed)
	}
	if out.Status == result.CaseErrored {
		out.Error = cmp.Or(out.Error, "too many of its answers did not come")
	}
	out.Repeats = answers
	return out
}

// A tally counts the answers to one case.
type tally struct {
	passed, failed, errored, scored, skipped int

	sum       float64 // of scores
	withScore int
	cost      *float64 // of all answers that came; nil: not known
	priced    int
}

func (n *tally) count(a result.Answer) {
	switch a.Status {
	case result.CasePassed:
		n.passed++
	case result.CaseFailed:
		n.failed++
	case result.CaseErrored:
		n.errored++
	case result.CaseScored:
		n.scored++
	default:
		n.skipped++
	}
	if a.Score != nil {
		n.sum += *a.Score
		n.withScore++
	}
	if a.Generated == nil {
		return
	}
	switch {
	case n.priced == 0:
		n.cost = a.CostUSD
	case n.cost != nil && a.CostUSD != nil:
		n.cost = new(*n.cost + *a.CostUSD)
	default:
		n.cost = nil
	}
	n.priced++
}

// status is that of a case of which need answers must pass.
func (n *tally) status(need int) string {
	switch open := n.errored + n.skipped; {
	case n.passed >= need:
		return result.CasePassed
	case n.failed > 0 && n.passed+open < need:
		return result.CaseFailed
	case n.scored > 0 && open == 0:
		return result.CaseScored
	case n.errored > 0:
		return result.CaseErrored
	default:
		return result.CaseSkipped
	}
}

func (n *tally) mean() *float64 {
	if n.withScore == 0 {
		return nil
	}
	return new(n.sum / float64(n.withScore))
}

// outcomeOf is what judging keeps of the answers to a case; whole is what they come to together.
func (e *examiner) outcomeOf(c spec.Case, whole result.Answer, answers []result.Answer) gate.Outcome {
	var n tally
	o := gate.Outcome{Status: whole.Status}
	for _, a := range answers {
		n.count(a)
		if a.Refused {
			o.Refused++
		}
		if a.FinishReason == finishLength {
			o.Truncated++
		}
		if a.Generated != nil && a.ReusedFrom == nil {
			o.Latencies = append(o.Latencies, time.Duration(a.LatencyMS*float64(time.Millisecond)))
		} else {
			o.Untimed++
		}
	}
	o.Passed, o.Failed, o.Errored, o.CostUSD = n.passed, n.failed, n.errored+n.skipped, n.cost
	if mean := n.mean(); mean != nil {
		o.Score, o.HasScore = *mean, true
	}
	o.Missing = float64(len(answers)-n.withScore) / float64(len(answers))
	for _, name := range e.graders {
		if slices.ContainsFunc(c.Assertions, func(a spec.Assertion) bool { return a.Feeds(name) }) {
			o.Graders = append(o.Graders, graderScore(name, answers))
		}
	}
	return o
}

// finishLength is the reason of an answer that ended at the limit of tokens.
const finishLength = "length"

// namedGraders returns the graders whose means thresholds are about.
func namedGraders(thresholds []spec.Threshold) []string {
	var names []string
	for _, t := range thresholds {
		if name, ok := strings.CutSuffix(string(t.Metric), ".mean"); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// graderScore is the mean score of the assertions that a name stands for. An answer that none of them decided on counts as missing.
func graderScore(name string, answers []result.Answer) gate.GraderScore {
	score := gate.GraderScore{Name: name}
	decided := 0
	for _, a := range answers {
		sum, n := 0.0, 0
		for _, assertion := range a.Assertions {
			if (spec.Assertion{Name: assertion.Name, Kind: assertion.Grader}).Feeds(name) && assertion.Error == "" {
				sum += assertion.Score
				n++
			}
		}
		if n > 0 {
			score.Score += sum / float64(n)
			decided++
		}
	}
	if decided > 0 {
		score.Score /= float64(decided)
	}
	score.Missing = float64(len(answers)-decided) / float64(len(answers))
	return score
}
