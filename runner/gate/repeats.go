package gate

import (
	"ftrun/runner/result"
	"ftrun/runner/stats"
)

// repeats tells how steady the tested model is over the cases with assertions of which it gave two usable answers or more. It goes as far as
// all of these cases have answers, so that every k is about the same cases. Nil where there is no such case.
func (e Evidence) repeats() *result.Repeats {
	var asked []Outcome
	least := 0
	for i, c := range e.Cases {
		o := e.Tested[i]
		if n := o.Passed + o.Failed; len(c.Assertions) > 0 && n >= 2 {
			asked = append(asked, o)
			if least == 0 || n < least {
				least = n
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	out := &result.Repeats{Cases: len(asked)}
	for k := 1; k <= least; k++ {
		var at, all float64
		for _, o := range asked {
			one, _ := stats.PassAt(o.Passed+o.Failed, o.Passed, k)
			every, _ := stats.PassAll(o.Passed+o.Failed, o.Passed, k)
			at, all = at+one, all+every
		}
		out.PassAt = append(out.PassAt, at/float64(len(asked)))
		out.PassAll = append(out.PassAll, all/float64(len(asked)))
	}
	return out
}

// flaky names the cases that the tested model answered both ways.
func (e Evidence) flaky() []result.Flake {
	var out []result.Flake
	for i, c := range e.Cases {
		if o := e.Tested[i]; o.Passed > 0 && o.Failed > 0 {
			out = append(out, result.Flake{ID: c.ID, Passed: o.Passed, Failed: o.Failed})
		}
	}
	return out
}
