package reporters_test

import (
	"fmt"

	"ftrun/runner/result"
)

// gateRuns returns a run for each thing that the gate's statistics can say.
func gateRuns() map[string]*result.Run {
	return map[string]*result.Run{
		"drop":         dropRun(),
		"evidence":     evidenceRun(),
		"unavailable":  unavailableRun(),
		"repeats":      repeatsRun(),
		"contaminated": contaminatedRun(),
		"uncalibrated": uncalibratedRun(),
		"absent":       absentRun(),
	}
}

// numbered returns n cases, of which those in status differ from passed; the baseline passes all.
func numbered(n int, status map[int]string) result.CaseList {
	list := make(result.CaseList, n)
	for i := range list {
		s := result.CasePassed
		if other, ok := status[i]; ok {
			s = other
		}
		c := science(fmt.Sprintf("case-%03d", i), 10+i, fmt.Sprintf("What is light of kind %d?", i), "Some light.", s)
		c.Baseline = &result.Answer{Status: result.CasePassed, Generated: new("It is light."), Score: new(1.0), Passed: new(true)}
		list[i] = c
	}
	return list
}

// gated returns a run of n cases on a hosted provider, without warnings and curve.
func gated(cases result.CaseList, summary result.Summary) *result.Run {
	r := passRun()
	r.Provider = result.Provider{Kind: "openai", BaseURL: "https://api.openai.com/v1"}
	r.Cost = result.Cost{TrainingUSD: new(0.92588), TestingUSD: new(0.2213), JudgingUSD: new(0.0621), Requests: 200}
	r.Warnings, r.TrainingCurve = nil, nil
	r.Cases, r.Summary = cases, summary
	r.Stages[3].Reason = fmt.Sprintf("%d cases", len(cases))
	return r
}

// dropRun unlearned what the base model knew.
func dropRun() *result.Run {
	status := map[int]string{7: result.CaseFailed, 8: result.CaseFailed, 20: result.CaseFailed, 21: result.CaseErrored, 50: result.CaseFailed}
	brokenCases := []string{"case-020", "case-050"}
	for i := 60; i < 69; i++ {
		status[i], brokenCases = result.CaseFailed, append(brokenCases, fmt.Sprintf("case-%03d", i))
	}
	cases := numbered(100, status)
	for _, i := range []int{3, 7, 8, 21} {
		cases[i].Baseline = &result.Answer{Status: result.CaseFailed, Generated: new("No idea.")}
	}
	cases[20].File, cases[20].MustPass = "cases/guard.yaml", true
	cases[50].Generated, cases[50].ToolCalls = nil, []result.ToolCall{{Name: "lookup", Arguments: `{"word": "light"}`}}
	cases[50].Refused, cases[50].File = true, "cases/guard.yaml"
	r := gated(cases, result.Summary{Cases: 100, Passed: 86, Failed: 13, Errored: 1, PassRate: new(0.86), MeanScore: new(0.8686868)})
	r.Conclusion = result.Conclusion{Verdict: result.VerdictFail, ExitCode: result.ExitFail, ReasonCode: "not_good_enough",
		Reason: "pass_rate no_significant_drop: 86%, baseline 96%, a drop of 10 points that chance alone would rarely make"}
	r.Thresholds = []result.Threshold{
		{Expression: "pass_rate{tag:guard} no_significant_drop", Value: new(0.86), Wanted: new(0.96), Unit: "%", PValue: new(0.00391),
			Interval: &result.Interval{Low: -0.171, High: -0.034, Level: 0.95}, Verdict: result.ThresholdFail, Line: 120, Reason: r.Reason},
		{Expression: "pass_rate >= 85% at 90%", Value: new(0.86), Wanted: new(0.85), Unit: "%", Interval: &result.Interval{Low: 0.79, High: 0.91, Level: 0.9},
			Verdict: result.ThresholdUndecided, Cause: result.CauseNotEnoughEvidence, Line: 121, Reason: "pass_rate >= 85% at 90%: 86% over 100 cases, and with 90% confidence no less than 79%"},
		{Expression: "p95_latency <= 800ms", Value: new(1.2345), Wanted: new(0.8), Unit: "s", Verdict: result.ThresholdFail, Line: 122, Reason: "p95_latency <= 800ms: 1.2345 s over 99 answers"},
		{Expression: "cost < 0.25USD", Value: new(0.2213), Wanted: new(0.25), Unit: "USD", Verdict: result.ThresholdPass, Line: 123, Reason: "cost < 0.25USD: $0.22"},
		{Expression: "broken <= 1", Value: new(11.0), Wanted: new(1.0), Verdict: result.ThresholdFail, Line: 124, Reason: "broken <= 1: 11 cases"},
		{Expression: "label_model.mean >= 0.5", Value: new(0.4999), Wanted: new(0.5), Verdict: result.ThresholdFail, Line: 125, Reason: "label_model.mean >= 0.5: 0.4999"},
		{Expression: "mean_score >= 0.9", Verdict: result.ThresholdUndecided, Cause: result.CauseNotMeasured, Unit: "", Line: 126, Reason: "mean_score >= 0.9: no data"},
	}
	r.Comparison = &result.Comparison{
		Baseline: "gpt-4o-2024-08-06", Kind: result.KindModel, Provider: &result.Provider{Kind: "azure", BaseURL: "https://x.openai.azure.com"},
		Summary: result.Summary{Cases: 100, Passed: 96, Failed: 4, PassRate: new(0.96), MeanScore: new(0.96)}, Cases: 99, Fixed: 1, Broken: 11, Same: 87,
		FixedCases: []string{"case-003"}, BrokenCases: brokenCases,
		PassRate: &result.Difference{Value: -0.10101, Interval: result.Interval{Low: -0.171, High: -0.034, Level: 0.95}, PValue: new(0.00391),
			Method: "mid-p McNemar", Cases: 99, Smallest: 0.0988},
		MeanScore: &result.Difference{Value: -0.0913, Interval: result.Interval{Low: -0.16, High: -0.0304, Level: 0.95}, PValue: new(2.1e-12),
			Method: "paired bootstrap", Cases: 99, Smallest: 0.08},
	}
	return r
}

// evidenceRun has too few cases to tell.
func evidenceRun() *result.Run {
	r := gated(numbered(24, map[int]string{5: result.CaseFailed}), result.Summary{Cases: 24, Passed: 23, Failed: 1, PassRate: new(23.0 / 24), MeanScore: new(23.0 / 24)})
	r.Conclusion = result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: "not_enough_evidence",
		Reason: "pass_rate not_worse_than baseline by 2% at 95%: 1 broken, 0 fixed of 24 cases; with 95% confidence it is at most 14.2 points worse: too few cases to tell",
		Hint:   "the same cases say the same again: add cases, allow a wider margin, or ask for less confidence"}
	r.Thresholds = []result.Threshold{{
		Expression: "pass_rate not_worse_than baseline by 2% at 95%", Value: new(23.0 / 24), Wanted: new(0.98), Unit: "%",
		Interval: &result.Interval{Low: -0.142, High: 0.051, Level: 0.95, OneSided: true}, Verdict: result.ThresholdUndecided,
		Cause: result.CauseNotEnoughEvidence, Line: 120, Reason: r.Reason,
	}}
	r.Comparison = &result.Comparison{
		Baseline: "gpt-4.1-mini-2025-04-14", Kind: result.KindBase, Cases: 24, Broken: 1, Same: 23, BrokenCases: []string{"case-005"},
		Summary:  result.Summary{Cases: 24, Passed: 24, PassRate: new(1.0), MeanScore: new(1.0)},
		PassRate: &result.Difference{Value: -1.0 / 24, Interval: result.Interval{Low: -0.142, High: 0.051, Level: 0.95}, PValue: new(0.5), Method: "mid-p McNemar", Cases: 24, Smallest: 0.264},
	}
	return r
}

// unavailableRun could not ask its baseline.
func unavailableRun() *result.Run {
	r := gated(numbered(24, map[int]string{5: result.CaseFailed}), result.Summary{Cases: 24, Passed: 23, Failed: 1, PassRate: new(23.0 / 24), MeanScore: new(23.0 / 24)})
	for i := range r.Cases.(result.CaseList) {
		r.Cases.(result.CaseList)[i].Baseline = nil
	}
	r.Conclusion = result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: "undecided", Reason: "mean_score >= baseline: the baseline could not be asked"}
	r.Thresholds = []result.Threshold{
		{Expression: "pass_rate >= 90%", Value: new(23.0 / 24), Wanted: new(0.9), Unit: "%", Verdict: result.ThresholdPass, Reason: "pass_rate >= 90%: 95.8%", Line: 120},
		{Expression: "mean_score >= baseline", Value: new(23.0 / 24), Verdict: result.ThresholdUndecided, Cause: result.CauseNotMeasured, Reason: r.Reason, Line: 121},
	}
	r.Comparison = &result.Comparison{Baseline: "gpt-4.1-mini-2025-04-14", Kind: result.KindBase, Unavailable: `model "gpt-4.1-mini-2025-04-14" was shut down on 2027-01-14`}
	r.Warnings = []string{"the baseline gpt-4.1-mini-2025-04-14 could not be asked"}
	return r
}

// repeatsRun asked each case five times.
func repeatsRun() *result.Run {
	cases := numbered(8, map[int]string{2: result.CaseFailed})
	for i := range cases {
		one := cases[i].Answer
		cases[i].Repeats = []result.Answer{one, one, one, one, one}
	}
	for _, at := range []int{0, 2, 3} {
		cases[2].Repeats[at].Status, cases[2].Repeats[at].Passed, cases[2].Repeats[at].Generated = result.CasePassed, new(true), new("It is light,\nthat is all.")
	}
	cases[2].Repeats[4] = result.Answer{Status: result.CaseErrored, Error: "no answer within 1m0s"}
	r := gated(cases, result.Summary{Cases: 8, Passed: 7, Failed: 1, PassRate: new(0.875), MeanScore: new(0.95)})
	r.Thresholds = []result.Threshold{{Expression: "pass_rate >= 80%", Value: new(0.875), Wanted: new(0.8), Unit: "%", Verdict: result.ThresholdPass, Reason: "pass_rate >= 80%: 87.5%", Line: 120}}
	r.Comparison = nil
	r.Repeats = &result.Repeats{Cases: 8, PassAt: []float64{0.95, 0.98, 0.99, 0.995, 0.99996}, PassAll: []float64{0.95, 0.93, 0.91, 0.89, 0.875}}
	r.Flaky = []result.Flake{{ID: "case-002", Passed: 3, Failed: 1}}
	for i := range 7 {
		r.Flaky = append(r.Flaky, result.Flake{ID: fmt.Sprintf("other-%d", i), Passed: 4, Failed: 1})
	}
	return r
}

// contaminatedRun tests with what it trained on.
func contaminatedRun() *result.Run {
	r := gated(numbered(24, nil), result.Summary{Cases: 24, Passed: 24, PassRate: new(1.0), MeanScore: new(1.0)})
	r.Provenance.Spec = "tutor/pipeline.yaml"
	r.Thresholds = []result.Threshold{{Expression: "pass_rate >= 80%", Value: new(1.0), Wanted: new(0.8), Unit: "%", Verdict: result.ThresholdPass, Reason: "pass_rate >= 80%: 100%", Line: 120}}
	r.Comparison = nil
	r.Contamination = &result.Contamination{
		Cases: 7, Verbatim: 1, Clean: &result.Summary{Cases: 17, Passed: 11, Failed: 6, PassRate: new(11.0 / 17), MeanScore: new(0.7)},
		Findings: []result.Finding{
			{ID: "case-001", Line: 11, Kind: result.FindingOverlap, Asked: "Light of what kind?", Source: "science.jsonl", Row: 17, SourceLine: 17, Coverage: 0.8235, LongestRun: 14, Jaccard: 0.7, Question: "What, then, is light of kind 1 | and of any other?"},
			{ID: "case-002", Line: 12, File: "cases/more.yaml", Kind: result.FindingQuestion, Asked: "Light of what kind?", Source: "../data/all.csv", Row: 3, SourceLine: 9, Coverage: 1, LongestRun: 6, Jaccard: 1, Question: "what is light of kind 2"},
			{ID: "case-003", Line: 13, Kind: result.FindingVerbatim, Asked: "Light of what kind?", Source: "science.jsonl", Row: 18, SourceLine: 18, Coverage: 1, LongestRun: 6, Jaccard: 1, Question: "What is light of kind 3?"},
		},
	}
	for i := range 4 {
		r.Contamination.Findings = append(r.Contamination.Findings,
			result.Finding{ID: fmt.Sprintf("case-%03d", 10+i), Line: 20 + i, Kind: result.FindingOverlap, Asked: "Light of what kind?", Source: "science.jsonl.gz", Row: 100 + i, Coverage: 0.6, Question: "Light of some kind?"})
	}
	return r
}

// uncalibratedRun has a judge that fails its own test.
func uncalibratedRun() *result.Run {
	cases := numbered(3, map[int]string{0: result.CaseErrored, 1: result.CaseErrored, 2: result.CaseErrored})
	for i := range cases {
		cases[i].Score, cases[i].Passed = nil, nil
		cases[i].Error = `grade score_model: the judge is not calibrated: test.judge.calibration[1] (line 14): it came out failed, and it is known to have passed`
	}
	r := gated(cases, result.Summary{Cases: 3, Errored: 3, PassRate: new(0.0)})
	r.Conclusion = result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: "judge_not_calibrated",
		Reason: "the judge is not calibrated: test.judge.calibration[1] (line 14): it came out failed, and it is known to have passed", Hint: "look at that case, then at the rubric"}
	r.TestedProvider = &result.Provider{Kind: "compatible", BaseURL: "https://vllm.example.com/v1"}
	r.Judge = &result.JudgedBy{
		Models: []string{"gpt-4.1", "small\x1b[31m-judge"}, Provider: &result.Provider{Kind: "openai", BaseURL: "https://api.openai.com/v1"}, Samples: 3, Calibration: 2,
	}
	r.Thresholds = []result.Threshold{{Expression: "pass_rate >= 80%", Value: new(0.0), Wanted: new(0.8), Low: new(0.0), High: new(1.0), Unit: "%",
		Verdict: result.ThresholdUndecided, Cause: result.CauseNotMeasured, Reason: "pass_rate >= 80%: 0% over 3 cases; 3 without an answer could turn it either way", Line: 120}}
	r.Comparison = nil
	return r
}

// absentRun compares with the results of an earlier run, which had fewer cases.
func absentRun() *result.Run {
	cases := numbered(30, map[int]string{3: result.CaseFailed})
	for i := 20; i < 30; i++ {
		cases[i].Baseline = nil
	}
	r := gated(cases, result.Summary{Cases: 30, Passed: 29, Failed: 1, PassRate: new(29.0 / 30), MeanScore: new(29.0 / 30)})
	r.Thresholds = []result.Threshold{{Expression: "pass_rate no_significant_drop", Value: new(29.0 / 30), Wanted: new(1.0), Unit: "%", Verdict: result.ThresholdPass,
		Interval: &result.Interval{Low: -0.16, High: 0.05, Level: 0.95}, PValue: new(0.5), Reason: "pass_rate no_significant_drop: 96.7%, baseline 100%", Line: 120}}
	r.Comparison = &result.Comparison{
		Baseline: "ft:gpt-4.1-mini-2025-04-14:ftrun:science:00000000", Kind: result.KindResults, Results: "baselines/main.json",
		Summary: result.Summary{Cases: 20, Passed: 20, PassRate: new(1.0), MeanScore: new(1.0)}, Cases: 20, Broken: 1, Same: 19, BrokenCases: []string{"case-003"},
		PassRate: &result.Difference{Value: -0.05, Interval: result.Interval{Low: -0.16, High: 0.05, Level: 0.95}, PValue: new(1.0), Method: "mid-p McNemar", Cases: 20, Smallest: 1},
	}
	return r
}
