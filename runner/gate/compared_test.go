package gate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ftrun/runner/result"
	"ftrun/spec"
)

// many repeats words: many("50p 2f") is fifty passes and two failures.
func many(text string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		n := 0
		letter := byte(0)
		if _, err := fmt.Sscanf(word, "%d%c", &n, &letter); err != nil {
			panic(err)
		}
		b.WriteString(strings.Repeat(string(letter), n))
	}
	return b.String()
}

// noDrop, notWorse and at build thresholds.
func noDrop(m spec.Metric) spec.Threshold {
	return spec.Threshold{Expression: string(m) + " no_significant_drop", Metric: m, Form: spec.FormNoDrop, Level: .95}
}

func notWorse(m spec.Metric, margin float64) spec.Threshold {
	return spec.Threshold{
		Expression: fmt.Sprintf("%s not_worse_than baseline by %s", m, formatShare(spec.PassRate, margin)), Metric: m, Form: spec.FormNotWorse, Margin: margin,
		Level: .95,
	}
}

func at(level float64, m spec.Metric, op string, value float64) spec.Threshold {
	return spec.Threshold{Metric: m, Op: op, Value: value, Level: level}
}

const (
	passed   = result.ThresholdPass
	failed   = result.ThresholdFail
	tooFew   = result.CauseNotEnoughEvidence
	unasked  = result.CauseNotMeasured
	passRate = spec.PassRate
	score    = spec.MeanScore
)

func TestHoldCompared(t *testing.T) {
	versus := func(m spec.Metric, op string, level float64) spec.Threshold {
		return spec.Threshold{Metric: m, Op: op, Baseline: true, Level: level}
	}
	for _, test := range []struct {
		name, tested, base string
		threshold          spec.Threshold
		want               string // a verdict, or the cause of an undecided one
	}{
		// no_significant_drop: five broken of five differing cases are the first that chance does not explain.
		{"four broken", many("46p 4f"), many("50p"), noDrop(passRate), passed},
		{"five broken", many("45p 5f"), many("50p"), noDrop(passRate), failed},
		{"five fixed", many("50p"), many("45p 5f"), noDrop(passRate), passed},
		{"as many fixed", many("45p 5f"), many("5f 45p"), noDrop(passRate), passed},
		{"a lost answer could be the fifth", many("45p 4f 1e"), many("50p"), noDrop(passRate), unasked},
		{"a lost answer can't make it", many("46p 3f 1e"), many("50p"), noDrop(passRate), passed},
		{"a lost answer can't mend it", many("42p 7f 1e"), many("50p"), noDrop(passRate), failed},
		{"nothing was answered", many("50e"), many("50p"), noDrop(passRate), unasked},
		{"four cases can't show a drop", many("4f"), many("4p"), noDrop(passRate), tooFew},
		{"scores that fall a little everywhere", strings.Repeat("4", 20), strings.Repeat("5", 20), noDrop(score), failed},
		// not_worse_than: the exact bound with nothing broken.
		{"29 cases show 10 points", many("29p"), many("29p"), notWorse(passRate, .1), passed},
		{"28 do not", many("28p"), many("28p"), notWorse(passRate, .1), tooFew},
		{"149 cases show 2 points", many("149p"), many("149p"), notWorse(passRate, .02), passed},
		{"148 do not", many("148p"), many("148p"), notWorse(passRate, .02), tooFew},
		{"three broken of 50", many("47p 3f"), many("50p"), notWorse(passRate, .1), tooFew},
		{"half broken", many("25p 25f"), many("50p"), notWorse(passRate, .1), failed},
		{"a lost answer", many("28p 1e"), many("29p"), notWorse(passRate, .1), unasked},
		{"better", many("60p"), many("30p 30f"), notWorse(passRate, .05), passed},
		{"scores", many("149p"), many("149p"), notWorse(score, .02), passed},
		{"scores of too few", many("148p"), many("148p"), notWorse(score, .02), tooFew},
		// At a level, against the baseline: the interval of the paired difference.
		{"equal is not better", many("50p"), many("50p"), versus(passRate, ">=", .95), tooFew},
		{"better with confidence", many("50p"), many("30p 20f"), versus(passRate, ">", .95), passed},
		{"worse with confidence", many("30p 20f"), many("50p"), versus(passRate, ">=", .95), failed},
		{"at most the baseline", many("30p 20f"), many("50p"), versus(passRate, "<=", .95), passed},
		// At a level, against a number.
		{"wilson passes", many("100p"), "", at(.95, passRate, ">=", .95), passed},
		{"wilson is not sure", many("50p"), "", at(.95, passRate, ">=", .95), tooFew},
		{"wilson fails", many("35p 15f"), "", at(.95, passRate, ">=", .9), failed},
		{"wilson with a lost answer", many("99p 1e"), "", at(.95, passRate, ">=", .96), unasked},
		{"a mean passes", many("80p 20p"), "", at(.95, score, ">=", .95), passed},
		{"a mean fails", many("35p 15f"), "", at(.95, score, ">=", .9), failed},
		{"a mean of equal scores is not certain", many("9p"), "", at(.95, score, ">=", .9), tooFew},
		{"below a number", many("50f"), "", at(.95, passRate, "<", .2), passed},
		{"another number", many("50p"), "", at(.95, passRate, "!=", .5), passed},
		{"that number", many("50p"), "", at(.95, passRate, "==", .5), failed},
		{"maybe that number", many("50p"), "", at(.95, passRate, "==", 1), tooFew},
		// Counts of changes, the difference and its p value.
		{"none broken", many("9p"), many("9p"), spec.Threshold{Metric: spec.Broken, Op: "==", Value: 0}, passed},
		{"one broken", many("8p 1f"), many("9p"), spec.Threshold{Metric: spec.Broken, Op: "==", Value: 0}, failed},
		{"one may be broken", many("8p 1e"), many("9p"), spec.Threshold{Metric: spec.Broken, Op: "==", Value: 0}, unasked},
		{"it was not passed before", many("8p 1e"), many("8p 1f"), spec.Threshold{Metric: spec.Broken, Op: "==", Value: 0}, passed},
		{"two fixed", many("9p"), many("7p 2f"), spec.Threshold{Metric: spec.Fixed, Op: ">=", Value: 2}, passed},
		{"the baseline is not known", many("9p"), many("7p 2e"), spec.Threshold{Metric: spec.Fixed, Op: ">=", Value: 2}, unasked},
		{"delta", many("8p 2f"), many("9p 1f"), spec.Threshold{Metric: spec.Delta, Op: ">=", Value: -.1}, passed},
		{"delta below", many("7p 3f"), many("9p 1f"), spec.Threshold{Metric: spec.Delta, Op: ">=", Value: -.1}, failed},
		{"delta of scores", "46", "55", spec.Threshold{Metric: spec.Delta, Op: "==", Value: 0}, passed},
		{"delta with confidence", many("100p"), many("100p"), at(.95, spec.Delta, ">=", -.05), passed},
		{"delta with too few", many("20p"), many("20p"), at(.95, spec.Delta, ">=", -.05), tooFew},
		{"p value", many("45p 5f"), many("50p"), spec.Threshold{Metric: spec.PValue, Op: ">", Value: .05}, failed},
		{"p value of four", many("46p 4f"), many("50p"), spec.Threshold{Metric: spec.PValue, Op: ">", Value: .05}, passed},
		{"p value with a lost answer", many("45p 4f 1e"), many("50p"), spec.Threshold{Metric: spec.PValue, Op: ">", Value: .05}, unasked},
		// Without a baseline.
		{"no baseline", many("9p"), "", noDrop(passRate), unasked},
		{"no baseline to count from", many("9p"), "", spec.Threshold{Metric: spec.Broken, Op: "==", Value: 0}, unasked},
	} {
		e := Evidence{Cases: questions(test.tested), Tested: answers(test.tested)}
		if test.base != "" {
			e.Base = answers(test.base)
		}
		got := e.hold(test.threshold)
		if verdict := got.Verdict; verdict == result.ThresholdUndecided && got.Cause != test.want || verdict != result.ThresholdUndecided && verdict != test.want {
			t.Errorf("%s: %s %s (%s), want %s", test.name, verdict, got.Cause, got.Reason, test.want)
		}
		if (got.Cause != "") != (got.Verdict == result.ThresholdUndecided) || got.Reason == "" {
			t.Errorf("%s: verdict %s with cause %q and reason %q", test.name, got.Verdict, got.Cause, got.Reason)
		}
	}
}

// TestSentences shows what each verdict says to someone who knows no statistics.
func TestSentences(t *testing.T) {
	for _, test := range []struct {
		tested, base string
		threshold    spec.Threshold
		want         string
	}{
		{many("43p 1p 6f"), many("43p 1f 6p"), noDrop(passRate),
			"pass_rate no_significant_drop: 6 broken, 1 fixed of 50 cases; chance alone makes a difference this large once in 14 runs (p = 0.07)"},
		{many("38p 12f"), many("50p"), noDrop(passRate),
			"pass_rate no_significant_drop: 12 broken, 0 fixed of 50 cases; chance alone makes a difference this large once in 4096 runs (p = 0.00024)"},
		{many("20p 30f"), many("50p"), noDrop(passRate),
			"pass_rate no_significant_drop: 30 broken, 0 fixed of 50 cases; chance alone makes a difference this large less than once in 10,000 runs (p < 0.0001)"},
		{many("50p"), many("49p 1f"), noDrop(passRate), "pass_rate no_significant_drop: 0 broken, 1 fixed of 50 cases: no drop"},
		{many("3p"), many("3p"), noDrop(passRate), "pass_rate no_significant_drop: 3 cases could never show a drop with 95% confidence, 5 could"},
		{many("49p 1e"), many("40p 10f"), noDrop(passRate), "pass_rate no_significant_drop: 98% over 50 cases, baseline 80%"},
		{many("45p 4f 1e"), many("50p"), noDrop(passRate),
			"pass_rate no_significant_drop: 90% over 50 cases, baseline 100%; 1 without an answer could turn it either way"},
		{many("298p 2f"), many("300p"), notWorse(passRate, .05),
			"pass_rate not_worse_than baseline by 5%: 2 broken, 0 fixed of 300 cases; with 95% confidence it is at most 2.1 points worse"},
		{many("27p 3f"), many("30p"), notWorse(passRate, .1),
			"pass_rate not_worse_than baseline by 10%: 3 broken, 0 fixed of 30 cases; with 95% confidence it is at most 23.9 points worse: too few cases to tell"},
		{many("20p 30f"), many("50p"), notWorse(passRate, .1),
			"pass_rate not_worse_than baseline by 10%: 30 broken, 0 fixed of 50 cases; with 95% confidence it is at least 44.4 points worse"},
		{many("50p"), many("20p 30f"), notWorse(passRate, .1),
			"pass_rate not_worse_than baseline by 10%: 0 broken, 30 fixed of 50 cases; with 95% confidence it is no worse"},
		{many("46p 4f"), "", spec.Threshold{Expression: "pass_rate >= 90% at 95%", Metric: passRate, Op: ">=", Value: .9, Level: .95},
			"pass_rate >= 90% at 95%: 92% over 50 cases, with 95% confidence between 81.2% and 96.8%: too few cases to tell"},
		{many("50p"), "", noDrop(passRate), "pass_rate no_significant_drop: no baseline to compare with"},
	} {
		e := Evidence{Cases: questions(test.tested), Tested: answers(test.tested)}
		if test.base != "" {
			e.Base = answers(test.base)
		}
		if got := e.hold(test.threshold).Reason; got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestUnavailableBaseline(t *testing.T) {
	e := Evidence{
		Cases: questions("pp"), Tested: answers("pp"), Base: answers("pp"),
		Baseline: Baseline{Kind: spec.BaselineResults, Results: "last.json", Unavailable: "last.json is not there"},
	}
	j := Judge(spec.Test{MaxErrors: spec.Amount{Value: 1}}, []spec.Threshold{noDrop(passRate)}, e)
	if got := j.Conclusion(); got.ExitCode != result.ExitUnknown || got.ReasonCode != "undecided" || !strings.Contains(got.Reason, "last.json is not there") {
		t.Errorf("%+v", got)
	}
	if c := j.Comparison; c == nil || c.Unavailable == "" || c.Results != "last.json" || c.PassRate != nil || c.FixedCases == nil {
		t.Errorf("%+v", c)
	}
	if got := Judge(spec.Test{}, []spec.Threshold{{Metric: passRate, Op: "==", Value: 1}}, e).Conclusion(); got.ExitCode != result.ExitPass {
		t.Errorf("a threshold that needs no baseline: %+v", got)
	}
}

// TestAbsentCases leaves what the baseline does not have out of both sides.
func TestAbsentCases(t *testing.T) {
	e := Evidence{Cases: questions("pppff"), Tested: answers("pppff"), Base: answers("pppkk")}
	e.Base[3].Absent, e.Base[4].Absent = true, true
	if got := e.hold(spec.Threshold{Metric: passRate, Op: ">=", Baseline: true}); got.Verdict != passed || *got.Value != 1 || *got.Wanted != 1 {
		t.Errorf("%+v", got)
	}
	if got := e.hold(spec.Threshold{Metric: spec.Broken, Op: "==", Value: 0}); got.Verdict != passed {
		t.Errorf("%+v", got)
	}
	c := e.compare()
	if c.Cases != 3 || c.Same != 3 || c.PassRate.Cases != 3 || *c.Summary.PassRate != 1 {
		t.Errorf("%+v", c)
	}
	for i := range e.Base {
		e.Base[i].Absent = true
	}
	if got := e.hold(noDrop(passRate)); got.Cause != unasked {
		t.Errorf("nothing in common: %+v", got)
	}
}

func TestGraderMean(t *testing.T) {
	cases := questions("ppp")
	for i := range cases[:2] {
		cases[i].Assertions[0].Kind = "rouge_l"
	}
	cases[1].Assertions[0] = spec.Assertion{Kind: "text_similarity", Name: "rouge_l"}
	e := Evidence{Cases: cases, Tested: answers("ppp")}
	e.Tested[0].Graders = []GraderScore{{Name: "rouge_l", Score: .8}}
	for _, test := range []struct {
		op    string
		value float64
		want  string
	}{{">=", .4, passed}, {">=", .91, failed}, {">=", .8, result.ThresholdUndecided}} {
		got := e.hold(spec.Threshold{Metric: "rouge_l.mean", Op: test.op, Value: test.value})
		if got.Verdict != test.want || *got.Value != .8 {
			t.Errorf("rouge_l.mean %s %v: %s (%s), value %v", test.op, test.value, got.Verdict, got.Reason, *got.Value)
		}
	}
	e.Tested[1].Graders = []GraderScore{{Name: "rouge_l", Score: 1, Missing: .5}} // between .5 and 1 of it: .65 to .9
	if got := e.hold(spec.Threshold{Metric: "rouge_l.mean", Op: ">=", Value: .65}); got.Verdict != passed || *got.Low != .65 {
		t.Errorf("%+v", got)
	}
	if got := e.hold(spec.Threshold{Metric: "other.mean", Op: ">=", Value: 0}); got.Cause != unasked {
		t.Errorf("%+v", got)
	}
}

func TestCountsTimesAndMoney(t *testing.T) {
	e := Evidence{Cases: questions("pppe"), Tested: answers("pppe"), CostUSD: new(.5)}
	e.Tested[0].Refused, e.Tested[1].Truncated = 1, 1
	e.Tested[0].Latencies = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond}
	e.Tested[1].Latencies = []time.Duration{2 * time.Second}
	for i := range 2 { // those with the tag
		e.Tested[i].CostUSD = new(.1)
	}
	for _, test := range []struct {
		threshold spec.Threshold
		want      string
		value     float64
	}{
		{spec.Threshold{Metric: spec.Refusals, Op: "<=", Value: 2}, passed, 1},
		{spec.Threshold{Metric: spec.Refusals, Op: "<=", Value: 1}, unasked, 1}, // the errored one may have been one
		{spec.Threshold{Metric: spec.Refusals, Op: "<=", Value: .5, Unit: "%"}, passed, .25},
		{spec.Threshold{Metric: spec.Refusals, Op: "==", Value: 0}, failed, 1},
		{spec.Threshold{Metric: spec.Truncated, Tag: "first", Op: "<=", Value: 1}, passed, 1},
		{spec.Threshold{Metric: spec.Truncated, Tag: "none", Op: "<=", Value: 1}, unasked, 0},
		{spec.Threshold{Metric: spec.P50Latency, Op: "<=", Value: .3, Unit: "ms"}, passed, .3},
		{spec.Threshold{Metric: spec.P95Latency, Op: "<=", Value: 1, Unit: "s"}, failed, 2},
		{spec.Threshold{Metric: spec.P50Latency, Tag: "none", Op: "<=", Value: 1}, unasked, 0},
		{spec.Threshold{Metric: spec.Cost, Op: "<=", Value: .5, Unit: "USD"}, passed, .5},
		{spec.Threshold{Metric: spec.Cost, Tag: "first", Op: "<", Value: .2, Unit: "USD"}, failed, .2},
		{spec.Threshold{Metric: spec.Cost, Tag: "none", Op: "<", Value: .2, Unit: "USD"}, unasked, 0},
	} {
		got := e.hold(test.threshold)
		if got.Verdict != test.want && got.Cause != test.want {
			t.Errorf("%v: %s %s (%s), want %s", test.threshold, got.Verdict, got.Cause, got.Reason, test.want)
		}
		if got.Value != nil && *got.Value != test.value {
			t.Errorf("%v: %v, want %v", test.threshold, *got.Value, test.value)
		}
	}
	e.CostUSD, e.Tested[0].CostUSD = nil, nil
	for _, tag := range []string{"", "first"} {
		if got := e.hold(spec.Threshold{Metric: spec.Cost, Tag: tag, Op: "<", Value: 9}); got.Cause != unasked {
			t.Errorf("an unknown price: %+v", got)
		}
	}
}

func TestConclusions(t *testing.T) {
	for _, test := range []struct {
		name, tested, base string
		thresholds         []spec.Threshold
		exit               int
		code               string
	}{
		{"good", many("60p"), many("60p"), []spec.Threshold{noDrop(passRate), notWorse(passRate, .05)}, result.ExitPass, "passed"},
		{"not good enough", many("50p 10f"), many("60p"), []spec.Threshold{noDrop(passRate)}, result.ExitFail, "not_good_enough"},
		{"not enough evidence", many("20p"), many("20p"), []spec.Threshold{notWorse(passRate, .05)}, result.ExitUnknown, "not_enough_evidence"},
		{"could not measure", many("55p 4f 1e"), many("60p"), []spec.Threshold{noDrop(passRate)}, result.ExitUnknown, "undecided"},
		{"a certain failure outweighs both", many("9p 10f 1e"), many("20p"),
			[]spec.Threshold{notWorse(passRate, .05), noDrop(passRate), {Metric: spec.Errors, Op: "==", Value: 0}}, result.ExitFail, "not_good_enough"},
	} {
		e := Evidence{Cases: questions(test.tested), Tested: answers(test.tested), Base: answers(test.base)}
		got := Judge(spec.Test{MaxErrors: spec.Amount{Value: 1}}, test.thresholds, e).Conclusion()
		if got.ExitCode != test.exit || got.ReasonCode != test.code {
			t.Errorf("%s: exit %d, %s: %s", test.name, got.ExitCode, got.ReasonCode, got.Reason)
		}
	}
}

func TestDifferences(t *testing.T) {
	c := Evidence{Cases: questions(many("30p")), Tested: answers(many("29p 1f")), Base: answers(many("1f 29p"))}.compare()
	d := c.PassRate
	if d.Value != 0 || *d.PValue != .75 || d.Cases != 30 || d.Interval.Low > -.1 || d.Interval.High < .1 || d.Method != methodPaired {
		t.Errorf("%+v, p = %v", d, *d.PValue)
	}
	if d.Smallest < .2 || d.Smallest > .3 { // 30 cases can't see 5 points
		t.Errorf("30 cases see %v", d.Smallest)
	}
	if c.MeanScore == nil || c.MeanScore.Method != methodBootstrap {
		t.Errorf("%+v", c.MeanScore)
	}
	if c := (Evidence{Cases: questions("p"), Tested: answers("p"), Base: answers("f")}).compare(); c.PassRate != nil || c.MeanScore != nil {
		t.Errorf("one pair: %+v", c)
	}
}

func TestRepeats(t *testing.T) {
	cases := questions("pppp4")
	for i := range cases {
		cases[i].ID = string(rune('a' + i))
	}
	e := Evidence{Cases: cases, Tested: []Outcome{
		{Status: result.CasePassed, Passed: 4, Failed: 1}, {Status: result.CaseFailed, Failed: 3, Errored: 2},
		{Status: result.CasePassed, Passed: 1}, {Status: result.CaseErrored, Errored: 5}, {Status: result.CaseScored},
	}}
	r := e.repeats()
	if r.Cases != 2 || len(r.PassAt) != 3 || len(r.PassAll) != 3 || r.PassAt[0] != .4 || r.PassAt[1] != .5 || r.PassAll[2] != .2 {
		t.Errorf("%+v", r)
	}
	if f := e.flaky(); len(f) != 1 || f[0] != (result.Flake{ID: "a", Passed: 4, Failed: 1}) {
		t.Errorf("%+v", f)
	}
	if r := (Evidence{Cases: cases[:1], Tested: e.Tested[2:3]}).repeats(); r != nil {
		t.Errorf("asked once: %+v", r)
	}
}
