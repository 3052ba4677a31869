package grade

import "context"

// Negatable are Args whose negation is more than a grade turned around. An output that there is nothing in to hold the condition against, such as one
// without a number where a number is wanted, fails the condition and its negation alike: not_numeric must not pass because an answer
// broke off.
type Negatable interface {
	// Negated returns the grader whose grades [Negate] turns around.
	Negated() Grader
}

// A finding is what a grader found, and whether there was anything to decide on.
type finding struct {
	Grade
	void bool // nothing: a failure, of the negation too
}

func (f finding) of(negated bool) Grade {
	if f.void && negated {
		return Grade{Score: 1, Pass: true, Reason: f.Reason}
	}
	return f.Grade
}

// nothing is the finding that there is nothing to decide on.
func nothing(reason string) finding { return finding{Grade: Grade{Reason: reason}, void: true} }

// found is a finding without degrees.
func found(reason string, holds bool) finding {
	if holds {
		return finding{Grade: Grade{Score: 1, Pass: true, Reason: reason}}
	}
	return finding{Grade: Grade{Reason: reason}}
}

// A decider is a Grader that may find nothing to decide on.
type decider struct {
	decide  func(s Sample) (finding, error)
	negated bool
}

// Grade decides.
func (d decider) Grade(_ context.Context, s Sample, _ Services) (Grade, error) {
	f, err := d.decide(s)
	if err != nil {
		return Grade{}, err
	}
	return f.of(d.negated), nil
}
