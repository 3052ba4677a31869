package gate

import (
	"ftrun/runner/result"
	"ftrun/spec"
)

// Summarize counts the outcomes of those cases that keep wants, by their index.
func Summarize(cases []spec.Case, outcomes []Outcome, keep func(i int) bool) result.Summary {
	var kept []spec.Case
	var theirs []Outcome
	for i, c := range cases {
		if keep(i) {
			kept = append(kept, c)
			theirs = append(theirs, outcomes[i])
		}
	}
	return summarize(kept, theirs)
}
