package gate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"ftrun/runner/result"
	"ftrun/spec"
)

// thresholdsOfAnswers are all that can be said of answers, but for what is random in its last digits: intervals of means.
func thresholdsOfAnswers() []spec.Threshold {
	var all []spec.Threshold
	for _, tag := range []string{"", "first"} {
		for _, op := range []string{"<", "<=", ">", ">=", "==", "!="} {
			for _, value := range []float64{0, .25, .5, .8, 1} {
				all = append(all,
					spec.Threshold{Metric: passRate, Op: op, Value: value}, spec.Threshold{Metric: score, Op: op, Value: value},
					spec.Threshold{Metric: passRate, Op: op, Value: value, Level: .9}, spec.Threshold{Metric: spec.Delta, Op: op, Value: value - .5},
					spec.Threshold{Metric: spec.Delta, Op: op, Value: value - .5, Level: .8}, spec.Threshold{Metric: spec.PValue, Op: op, Value: value / 4},
					spec.Threshold{Metric: spec.Broken, Op: op, Value: 8 * value}, spec.Threshold{Metric: spec.Fixed, Op: op, Value: 8 * value},
				)
			}
			all = append(all,
				spec.Threshold{Metric: passRate, Op: op, Baseline: true}, spec.Threshold{Metric: score, Op: op, Baseline: true},
				spec.Threshold{Metric: passRate, Op: op, Baseline: true, Level: .8},
			)
		}
		all = append(all, noDrop(passRate), notWorse(passRate, .1), notWorse(passRate, .3))
		for i := range all {
			if all[i].Tag == "" && tag != "" {
				all[i].Tag = tag
			}
		}
	}
	for _, op := range []string{"<=", ">"} {
		all = append(all, spec.Threshold{Metric: spec.Refusals, Op: op, Value: 1})
	}
	return all
}

// outcomesOf reads outcomes from bytes: passed, failed, and now and then errored or partly scored.
func outcomesOf(data []byte) []Outcome {
	out := make([]Outcome, len(data))
	for i, b := range data {
		switch {
		case b%8 == 0:
			out[i] = Outcome{Status: result.CaseErrored}
		case b%8 < 5:
			out[i] = Outcome{Status: result.CasePassed, Score: 1, HasScore: true}
		case b%8 == 5:
			out[i] = Outcome{Status: result.CaseFailed, Score: float64(b) / 255, HasScore: true, Missing: .5}
		default:
			out[i] = Outcome{Status: result.CaseFailed, Score: float64(b) / 255, HasScore: true}
		}
	}
	return out
}

// completed answers what is missing as a source of randomness, or a bias to 0 or 1, has it.
func completed(outcomes []Outcome, right func() float64) []Outcome {
	out := slices.Clone(outcomes)
	for i, o := range out {
		x := right()
		out[i].Score, out[i].HasScore, out[i].Missing = scores(o).at(x), true, 0
		if o.open() {
			out[i].Status = result.CaseFailed
			if x >= .5 {
				out[i].Status = result.CasePassed
			}
		}
	}
	return out
}

func evidenceOf(tested, base []byte) Evidence {
	n := min(len(tested), len(base))
	e := Evidence{Cases: make([]spec.Case, n), Tested: outcomesOf(tested[:n]), Base: outcomesOf(base[:n])}
	for i := range e.Cases {
		e.Cases[i] = spec.Case{ID: fmt.Sprint(i), Assertions: []spec.Assertion{{Weight: 1}}}
		if i%2 == 0 {
			e.Cases[i].Tags = []string{"first"}
		}
	}
	return e
}

// FuzzMissingNeverDecides states what missing answers may do to a verdict: nothing. What is decided with some of them missing is decided in
// the same way whatever they would have said, and what is not is decided once they are there.
func FuzzMissingNeverDecides(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1}, []byte{1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 8, 1}, uint64(1))
	f.Add([]byte{1, 1, 1, 1, 1, 0, 0, 6, 6, 6, 6, 6, 6}, []byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}, uint64(2))
	f.Add([]byte{0}, []byte{0}, uint64(3))
	thresholds := thresholdsOfAnswers()
	f.Fuzz(func(t *testing.T, tested, base []byte, seed uint64) {
		if len(tested) > 60 || min(len(tested), len(base)) == 0 {
			return
		}
		e := evidenceOf(tested, base)
		random := rand.New(rand.NewPCG(seed, 0))
		threshold := thresholds[random.IntN(len(thresholds))]
		verdict := e.hold(threshold)
		wrong, right := func() float64 { return 0 }, func() float64 { return 1 }
		for _, complete := range [][2]func() float64{{random.Float64, random.Float64}, {wrong, right}, {right, wrong}} {
			whole := Evidence{Cases: e.Cases, Tested: completed(e.Tested, complete[0]), Base: completed(e.Base, complete[1])}
			got := whole.hold(threshold)
			switch {
			case got.Cause == result.CauseNotMeasured && len(e.about(passRate, threshold.Tag, true)) > 0:
				t.Errorf("%v is not measured though all is there: %s", threshold, got.Reason)
			case verdict.Cause != result.CauseNotMeasured && (got.Verdict != verdict.Verdict || got.Cause != verdict.Cause):
				t.Errorf("%v: %s %s (%s), and with the missing answers %s %s (%s)", threshold, verdict.Verdict, verdict.Cause, verdict.Reason,
					got.Verdict, got.Cause, got.Reason)
			}
		}
	})
}

// TestScoresMissing holds the tests of scores, which are not monotone, to the same: what passes with scores missing passes with any of them.
func TestScoresMissing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	passes := 0
	for range 300 {
		n := 20 + random.IntN(20)
		e := Evidence{Cases: make([]spec.Case, n), Tested: make([]Outcome, n), Base: make([]Outcome, n)}
		for i := range n {
			e.Base[i] = Outcome{Status: result.CaseScored, Score: .4 + .2*random.Float64(), HasScore: true}
			e.Tested[i] = Outcome{Status: result.CaseScored, Score: e.Base[i].Score - .1*random.Float64() + .05, HasScore: true}
		}
		e.Tested[0] = Outcome{Status: result.CaseErrored}
		if e.hold(noDrop(score)).Verdict != passed {
			continue
		}
		passes++
		for _, right := range []float64{0, .1, .3, .5, .7, .9, 1} {
			whole := e
			whole.Tested = completed(e.Tested, func() float64 { return right })
			if got := whole.hold(noDrop(score)); got.Verdict != passed {
				t.Fatalf("passes with an answer missing, and with %v in its place: %s", right, got.Reason)
			}
		}
	}
	if passes == 0 {
		t.Error("nothing passed, so nothing was tested")
	}
}

// TestAPassNeverHurts turns failures of the tested model into passes: no threshold that wants good answers goes from pass to fail.
func TestAPassNeverHurts(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	rank := map[string]int{failed: 0, result.ThresholdUndecided: 1, passed: 2}
	var wanting []spec.Threshold
	for _, threshold := range thresholdsOfAnswers() {
		switch {
		case threshold.Form != spec.FormCompare, threshold.Metric == spec.Broken && (threshold.Op == "<" || threshold.Op == "<="):
		case threshold.Metric == spec.PValue, threshold.Metric == spec.Broken, threshold.Metric == spec.Refusals, threshold.Op != ">" && threshold.Op != ">=":
			continue
		}
		wanting = append(wanting, threshold)
	}
	wanting = append(wanting, noDrop(score), notWorse(score, .2), at(.9, score, ">=", .5))
	for range 15 {
		tested, base := make([]byte, 30), make([]byte, 30)
		for i := range tested {
			tested[i], base[i] = byte(random.UintN(256)), byte(random.UintN(256))
		}
		before := evidenceOf(tested, base)
		after := evidenceOf(tested, base)
		at := random.IntN(len(tested))
		after.Tested[at] = Outcome{Status: result.CasePassed, Score: 1, HasScore: true}
		for _, threshold := range wanting {
			was, is := before.hold(threshold), after.hold(threshold)
			if was.Verdict == passed && is.Verdict == failed || threshold.Metric != score && rank[is.Verdict] < rank[was.Verdict] {
				t.Errorf("%v: %s (%s), and with one more pass %s (%s)", threshold, was.Verdict, was.Reason, is.Verdict, is.Reason)
			}
		}
	}
}

// TestOrderOfCasesIsIrrelevant judges the same cases in another order.
func TestOrderOfCasesIsIrrelevant(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	thresholds := append(thresholdsOfAnswers(), noDrop(score), notWorse(score, .2), at(.9, score, ">=", .5))
	for range 4 {
		tested, base := make([]byte, 40), make([]byte, 40)
		for i := range tested {
			tested[i], base[i] = byte(random.UintN(256)), byte(random.UintN(256))
		}
		e := evidenceOf(tested, base)
		shuffled := Evidence{Cases: slices.Clone(e.Cases), Tested: slices.Clone(e.Tested), Base: slices.Clone(e.Base)}
		random.Shuffle(len(tested), func(i, j int) {
			shuffled.Cases[i], shuffled.Cases[j] = shuffled.Cases[j], shuffled.Cases[i]
			shuffled.Tested[i], shuffled.Tested[j] = shuffled.Tested[j], shuffled.Tested[i]
			shuffled.Base[i], shuffled.Base[j] = shuffled.Base[j], shuffled.Base[i]
		})
		for _, threshold := range thresholds {
			was, is := e.hold(threshold), shuffled.hold(threshold)
			if was.Verdict != is.Verdict || was.Cause != is.Cause || was.Reason != is.Reason {
				t.Errorf("%v: %s, and in another order %s", threshold, was.Reason, is.Reason)
			}
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	random := rand.New(rand.NewPCG(4, 4))
	tested, base := make([]byte, 10_000), make([]byte, 10_000)
	for i := range tested {
		tested[i], base[i] = byte(1+random.UintN(7)), byte(1+random.UintN(7))
	}
	e := evidenceOf(tested, base)
	thresholds := []spec.Threshold{noDrop(passRate), notWorse(passRate, .02), noDrop(score), notWorse(score, .02)}
	for b.Loop() {
		Judge(spec.Test{}, thresholds, e)
	}
}
