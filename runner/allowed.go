package runner

import (
	"fmt"
	"slices"
	"strings"

	"ftrun/runner/gate"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// checkAllowed refuses, before anything is done, what whoever runs the pipeline has not allowed.
func (r *runState) checkAllowed() error {
	if r.Exec != nil {
		return nil
	}
	a, found := r.Pipeline.Command()
	if !found {
		return nil
	}
	return &provider.ConfigError{
		Code: "exec_not_allowed", Message: fmt.Sprintf("a case is graded by a command, %s, and a spec may be a stranger's", a.Name),
		Way: "read the command, and allow it with --allow-exec",
	}
}

// warnOfSpec tells what the spec says that may not be meant.
func (r *runState) warnOfSpec() {
	for _, w := range r.Pipeline.Warnings {
		r.warn("", w.String())
	}
}

// Selects returns the cases that a filter names: the one with that id or, for tag:NAME, those with that tag.
func Selects(filter string, cases []spec.Case) []spec.Case {
	tag, isTag := strings.CutPrefix(filter, "tag:")
	return slices.DeleteFunc(slices.Clone(cases), func(c spec.Case) bool {
		if isTag {
			return !slices.Contains(c.Tags, tag)
		}
		return c.ID != filter
	})
}

// filter leaves only the cases that are asked for. Their numbers among equal questions may be others then, so answers that are kept of them
// count only where each question is asked once.
func (r *runState) filter() {
	if r.Filter == "" {
		return
	}
	p := *r.Pipeline
	p.Test.Cases = Selects(r.Filter, p.Test.Cases)
	p.Test.MinCases = min(p.Test.MinCases, len(p.Test.Cases))
	r.Pipeline = &p
}

// filteredConclusion is that of a run which asked some of the cases only: it gates nothing, whatever came out.
func filteredConclusion(filter string, s result.Summary) result.Conclusion {
	return result.Conclusion{
		Verdict: result.VerdictUnfinished, ExitCode: result.ExitPass, ReasonCode: "filtered",
		Reason: fmt.Sprintf("only %s of --filter %s ran, so nothing is gated", gate.CountCases(s.Cases), filter),
		Hint:   "run the same command without --filter for a verdict",
	}
}
