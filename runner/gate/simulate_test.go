package gate

import (
	"math/rand/v2"
	"slices"

	"ftrun/runner/result"
	"ftrun/spec"
)

// A world is a model that is tested against another, and how their answers vary. Steady cases are passed by both. The others flicker: whoever
// is asked passes them with some probability, each time anew.
type world struct {
	cases   int
	drop    float64 // true loss of pass rate, in steady cases; 0: the same model twice
	flicker float64 // share of the cases that flicker
	luck    float64 // probability that an answer to a case that flickers passes
	repeat  int     // answers to each case, of which most must pass; 0: 1
	scored  bool    // cases have scores instead: steady ones 0.8, the others anything from 0 to 1
}

// sameModelTwice is the world of the false alarms.
func sameModelTwice(cases int) world { return world{cases: cases, flicker: .05, luck: .5} }

// begin returns the cases, before anybody is asked.
func (w world) begin() Evidence {
	e := Evidence{
		Cases: make([]spec.Case, w.cases), Tested: make([]Outcome, w.cases), Base: make([]Outcome, w.cases),
		Baseline: Baseline{Kind: spec.BaselineBase, Model: "base"},
	}
	assertions := []spec.Assertion{{Weight: 1}}
	for i := range e.Cases {
		if !w.scored {
			e.Cases[i].Assertions = assertions
		}
	}
	return e
}

// ask puts every case to both models.
func (w world) ask(random *rand.Rand, e Evidence) {
	for i := range e.Cases {
		flickers := random.Float64() < w.flicker
		e.Tested[i], e.Base[i] = w.answer(random, flickers), w.answer(random, flickers)
		if !flickers && random.Float64() < w.drop/(1-w.flicker) {
			e.Tested[i] = Outcome{Status: result.CaseFailed, Failed: 1, HasScore: true}
		}
	}
}

func (w world) answer(random *rand.Rand, flickers bool) Outcome {
	if w.scored {
		o := Outcome{Status: result.CaseScored, Score: .8, HasScore: true}
		if flickers {
			o.Score = random.Float64()
		}
		return o
	}
	o := Outcome{Status: result.CasePassed, HasScore: true}
	for range max(1, w.repeat) {
		if flickers && random.Float64() >= w.luck {
			o.Failed++
		} else {
			o.Passed++
		}
	}
	o.Score = float64(o.Passed) / float64(o.Passed+o.Failed)
	if o.Failed > o.Passed {
		o.Status = result.CaseFailed
	}
	return o
}

// A situation is how many cases came out how. The order of cases is irrelevant, as TestOrderOfCasesIsIrrelevant shows, so draws that came out
// alike are judged once.
type situation struct {
	same, broken, fixed, failed int
}

func situationOf(e Evidence) situation {
	var s situation
	for i := range e.Cases {
		switch before, after := e.Base[i].Status == result.CasePassed, e.Tested[i].Status == result.CasePassed; {
		case before && after:
			s.same++
		case before:
			s.broken++
		case after:
			s.fixed++
		default:
			s.failed++
		}
	}
	return s
}

// A gating is the thresholds of a spec.
type gating []spec.Threshold

// exits returns, for each gating, the share of the runs that would end with each exit code. Each draw is judged once, by all thresholds.
func (w world) exits(runs int, gatings ...gating) []map[int]float64 {
	random := rand.New(rand.NewPCG(uint64(w.cases), 2026))
	all := slices.Concat(gatings...)
	known := map[situation][]int{}
	counts := make([]map[int]int, len(gatings))
	shares := make([]map[int]float64, len(gatings))
	for i := range gatings {
		counts[i], shares[i] = map[int]int{}, map[int]float64{}
	}
	e := w.begin()
	for range runs {
		w.ask(random, e)
		key := situationOf(e)
		codes, ok := known[key]
		if !ok || w.scored {
			codes = exitsOf(Judge(spec.Test{MaxErrors: spec.Amount{Value: .05, Percent: true}, MinCases: 1}, all, e), gatings)
			known[key] = codes
		}
		for i, code := range codes {
			counts[i][code]++
		}
	}
	for i := range counts {
		for code, n := range counts[i] {
			shares[i][code] = float64(n) / float64(runs)
		}
	}
	return shares
}

// exitsOf returns how a run would have ended if each gating alone had been its thresholds.
func exitsOf(j Judgement, gatings []gating) []int {
	var codes []int
	at := 0
	for _, g := range gatings {
		var alone Judgement
		for _, t := range j.Thresholds[at : at+len(g)] {
			switch t.Verdict {
			case result.ThresholdFail:
				alone.fail(t.Reason)
			case result.ThresholdUndecided:
				alone.doubt("undecided", t.Reason)
			}
		}
		at += len(g)
		codes = append(codes, alone.Conclusion().ExitCode)
	}
	return codes
}

// each holds one threshold that is about the difference of pass rates against every draw: as Judge would, without the rest of what Judge does.
// Such a threshold knows no difference between cases that both passed and cases that both failed.
func (w world) each(runs int, t spec.Threshold, see func(result.Threshold)) {
	random := rand.New(rand.NewPCG(uint64(w.cases), 2027))
	known := map[situation]result.Threshold{}
	e := w.begin()
	for range runs {
		w.ask(random, e)
		key := situationOf(e)
		key.same, key.failed = key.same+key.failed, 0
		held, ok := known[key]
		if !ok {
			held = e.hold(t)
			known[key] = held
		}
		see(held)
	}
}

// share returns the share of the runs in which a threshold has the verdict.
func (w world) share(runs int, t spec.Threshold, verdict string) float64 {
	found := 0
	w.each(runs, t, func(held result.Threshold) {
		if held.Verdict == verdict {
			found++
		}
	})
	return float64(found) / float64(runs)
}

// worst returns by how much the tested model may be worse, with 95 % confidence, in each run: the margin that it would have taken.
func (w world) worst(runs int) []float64 {
	var all []float64
	w.each(runs, notWorse(passRate, .5), func(held result.Threshold) { all = append(all, -held.Interval.Low) })
	return all
}
