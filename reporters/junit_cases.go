package reporters

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"ftrun/runner/result"
)

// junitTextLimit returns how many bytes of one text of a case go into the file. Many red cases get less each, because GitLab
// takes no more than 30 MB a file.
func junitTextLimit(s result.Summary) int {
	const (
		texts = 12 << 20 // of all cases together
		each  = 4        // question, expected, generated, baseline's
	)
	return min(max(texts/each/max(s.Failed+s.Errored, 1), 200), 4000)
}

func (b *junitBuilder) cases() (junit.Testsuite, error) {
	s := b.suite(suiteCases)
	s.File = brief(b.run.Provenance.Spec, 300)
	if b.run.Cases == nil {
		return s, nil
	}
	total := 0.0
	for c, err := range b.run.Cases.All() {
		if err != nil {
			return s, err
		}
		seconds := milliseconds(c.LatencyMS)
		if seconds > 0 {
			total += seconds
		}
		tc := b.testcase(suiteCases, junitCaseName(c), seconds)
		switch c.Status {
		case result.CasePassed, result.CaseScored:
		case result.CaseSkipped:
			tc.Skipped = &junit.Result{Message: brief(c.Error, 300)}
		case result.CaseFailed:
			b.redden(&tc, b.failedCase(c))
		default:
			b.redden(&tc, b.erroredCase(c))
		}
		s.AddTestcase(tc)
	}
	s.Time = junitSeconds(total)
	return s, nil
}

// junitCaseName returns the id, which stays the same from run to run, and the name where that says more.
func junitCaseName(c result.Case) string {
	if c.Name == "" || c.Name == c.ID {
		return c.ID
	}
	if c.ID == "" {
		return c.Name
	}
	return c.ID + ": " + c.Name
}

func (b *junitBuilder) failedCase(c result.Case) finding {
	f := finding{kind: junitFailure, typ: "failed", message: whyFailed(c), body: b.caseBody(c), allowed: b.casesAllowedBy(c)}
	if isBroken(c) {
		f.typ = "broken"
		f.message = "broken: passed by the baseline" + b.baseline() + "; now " + f.message
	}
	return f
}

func (b *junitBuilder) erroredCase(c result.Case) finding {
	return finding{kind: junitError, typ: "errored", message: whyErrored(c), body: b.caseBody(c), allowed: b.casesAllowedBy(c)}
}

// isBroken reports whether the baseline passed a case that the tested model failed.
func isBroken(c result.Case) bool {
	return c.Status == result.CaseFailed && c.Baseline != nil && c.Baseline.Status == result.CasePassed
}

// baseline returns the baseline's model with a blank before it, where it is known.
func (b *junitBuilder) baseline() string {
	if b.run.Comparison == nil || b.run.Comparison.Baseline == "" {
		return ""
	}
	return " " + brief(b.run.Comparison.Baseline, 100)
}

// failedAssertions returns the assertions for which a case failed.
func failedAssertions(c result.Case) []result.Assertion {
	return slices.DeleteFunc(slices.Clone(c.Assertions), func(a result.Assertion) bool { return a.Passed || a.Error != "" || !(a.Weight > 0) })
}

// whyFailed returns one line that says what a failed case failed.
func whyFailed(c result.Case) string {
	failed := failedAssertions(c)
	if len(failed) == 0 {
		return "the case failed"
	}
	why := assertionName(failed[0])
	if failed[0].Reason != "" {
		why += ": " + failed[0].Reason
	}
	if more := len(failed) - 1; more > 0 {
		why += fmt.Sprintf(" (and %s more)", count(more, "assertion"))
	}
	return why
}

func whyErrored(c result.Case) string {
	if c.Error == "" {
		return "no verdict on this case"
	}
	return c.Error
}

func assertionName(a result.Assertion) string {
	if a.Name != "" {
		return a.Name
	}
	return a.Grader
}

// caseBody returns everything a person needs to understand a red case.
func (b *junitBuilder) caseBody(c result.Case) string {
	var s strings.Builder
	fmt.Fprintf(&s, "question:\n%s\n", b.text(&c.Question))
	if c.Expected != "" {
		fmt.Fprintf(&s, "\nexpected:\n%s\n", b.text(&c.Expected))
	}
	fmt.Fprintf(&s, "\ngenerated:\n%s\n", b.text(said(c.Answer)))
	if c.Refused {
		s.WriteString("\nrefused: the model declined to answer\n")
	}
	if c.FinishReason != "" && c.FinishReason != "stop" {
		fmt.Fprintf(&s, "\nfinish reason: %s\n", brief(c.FinishReason, 100))
	}
	if len(c.Assertions) > 0 {
		fmt.Fprintf(&s, "\nassertions:\n%s", b.assertionLines(c.Assertions))
	}
	s.WriteString(b.repeats(c.Answer))
	if c.Baseline != nil {
		fmt.Fprintf(&s, "\nbaseline%s, %s:\n%s\n", b.baseline(), c.Baseline.Status, b.text(said(*c.Baseline)))
	}
	s.WriteString(b.declared(caseFile(b.run, c.File), c.Line))
	return s.String()
}

// repeats returns a line for each of several answers.
func (b *junitBuilder) repeats(a result.Answer) string {
	if len(a.Repeats) < 2 {
		return ""
	}
	columns := max(b.textLimit/len(a.Repeats), 80)
	var s strings.Builder
	for i, one := range a.Repeats {
		if s.Len() > b.textLimit {
			break // so many are cut, and so is the time that they take
		}
		said := said(one)
		switch {
		case one.Error != "":
			said = &one.Error
		case said == nil:
			said = new("(none)")
		}
		fmt.Fprintf(&s, "  %d  %s  %s\n", i+1, brief(one.Status, 20), brief(*said, columns))
	}
	return "\nall " + thousands(int64(len(a.Repeats))) + " answers:\n" + cut(strings.TrimSuffix(s.String(), "\n"), b.textLimit) + "\n"
}

func (b *junitBuilder) assertionLines(list []result.Assertion) string {
	var s strings.Builder
	for _, a := range list {
		mark := "passed"
		if !a.Passed {
			mark = "failed"
		}
		if a.Error != "" {
			fmt.Fprintf(&s, "  undecided  %s: %s\n", assertionName(a), a.Error)
			continue
		}
		fmt.Fprintf(&s, "  %s  %s, score %.3g", mark, assertionName(a), a.Score)
		if a.Weight != 1 {
			fmt.Fprintf(&s, ", weight %.3g", a.Weight)
		}
		if a.Reason != "" {
			s.WriteString(": " + a.Reason)
		}
		s.WriteByte('\n')
	}
	return cut(strings.TrimSuffix(s.String(), "\n"), b.textLimit) + "\n"
}

// text returns a text of a case, or that there is none.
func (b *junitBuilder) text(s *string) string {
	switch {
	case s == nil:
		return "(none)"
	case *s == "":
		return "(empty)"
	default:
		return cut(*s, b.textLimit)
	}
}

// casesAllowedBy names what lets a case go wrong in a run with exit code 0: the thresholds that hold all the same.
func (b *junitBuilder) casesAllowedBy(c result.Case) string {
	var by []string
	for _, t := range b.run.Thresholds {
		if t.Verdict == result.ThresholdPass && concerns(t, c) {
			by = append(by, t.Expression)
		}
	}
	if len(by) == 0 || b.run.Verdict != result.VerdictPass {
		return b.allowance()
	}
	return strings.Join(by, ", ")
}

// concerns reports whether c counts in the metric of t.
func concerns(t result.Threshold, c result.Case) bool {
	metric, _, _ := strings.Cut(t.Expression, " ")
	metric, tag, tagged := strings.Cut(metric, "{tag:")
	if tagged && !slices.Contains(c.Tags, strings.TrimSuffix(tag, "}")) {
		return false
	}
	switch metric {
	case "pass_rate", "mean_score", "broken", "fixed", "delta", "p_value":
		return true
	case "errors":
		return c.Status == result.CaseErrored
	case "refusals":
		return c.Refused
	default: // of one grader, or latency, cost and the like, which allow nothing
		grader, isMean := strings.CutSuffix(metric, ".mean")
		return isMean && slices.ContainsFunc(failedAssertions(c), func(a result.Assertion) bool { return grader == a.Name || grader == a.Grader })
	}
}
