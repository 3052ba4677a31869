package reporters_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"ftrun/runner/result"
)

var start = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// runs returns one run for each way to end that reports tell apart.
func runs() map[string]*result.Run {
	all := gateRuns()
	maps.Copy(all, map[string]*result.Run{
		"pass":        passRun(),
		"allowed":     allowedRun(),
		"fail":        failRun(),
		"hostile":     hostileRun(),
		"invalid":     invalidRun(),
		"unfinished":  unfinishedRun(),
		"interrupted": interruptedRun(),
		"filtered":    filteredRun(),
		"messy":       messyRun(),
	})
	return all
}

func passRun() *result.Run {
	return &result.Run{
		Name:           "science-tutor",
		Conclusion:     result.Conclusion{Verdict: result.VerdictPass, ReasonCode: "thresholds_hold", Reason: "every threshold holds"},
		Provider:       result.Provider{Kind: "embedded", BaseURL: "http://127.0.0.1:4010/v1"},
		BaseModel:      "gpt-4.1-mini-2025-04-14",
		FineTunedModel: "ft:gpt-4.1-mini-2025-04-14:ftrun:science:a1b2c3d4",
		Job: &result.Job{
			ID: "ftjob-a1b2c3d4", Status: "succeeded", CreatedAt: new(start.Add(time.Second)), FinishedAt: new(start.Add(75 * time.Second)),
			TrainedTokens: new(int64(37035)), Hyperparameters: map[string]any{"n_epochs": 3, "batch_size": "auto"},
			TrainingFile: "file-train", Key: "5f0c", Raw: []byte(`{"id":"ftjob-a1b2c3d4","object":"fine_tuning.job"}`),
		},
		Dataset: tutorDataset(),
		Stages: []result.Stage{
			{Name: "prepare", Status: result.StageDone, Seconds: 0.41},
			{Name: "train", Status: result.StageAdopted, Seconds: 1.2, Reason: "job ftjob-a1b2c3d4 found at the provider"},
			{Name: "wait", Status: result.StageDone, Seconds: 74.9, Reason: "model ft:gpt-4.1-mini-2025-04-14:ftrun:science:a1b2c3d4"},
			{Name: "test", Status: result.StageDone, Seconds: 2.25, Reason: "3 cases"},
		},
		Summary: result.Summary{Cases: 3, Passed: 2, Scored: 1, PassRate: new(1.0), MeanScore: new(0.9137)},
		Thresholds: []result.Threshold{
			{Expression: "pass_rate == 1", Value: new(1.0), Wanted: new(1.0), Low: new(1.0), High: new(1.0), Verdict: result.ThresholdPass,
				Reason: "pass_rate is 100%", Default: true},
			{Expression: "mean_score >= baseline", Value: new(0.9137), Wanted: new(0.25), Verdict: result.ThresholdPass,
				Reason: "mean_score is 0.914, the baseline's 0.25", Default: true},
		},
		Comparison: &result.Comparison{
			Baseline: "gpt-4.1-mini-2025-04-14", Kind: result.KindBase, Cases: 3, Fixed: 2, FixedCases: []string{"photosynthesis", "rocket"},
			Summary: result.Summary{Cases: 3, Failed: 2, Scored: 1, PassRate: new(0.0), MeanScore: new(0.25)},
		},
		Cost: result.Cost{TrainingUSD: new(0.0), TestingUSD: new(0.0), Requests: 14, Retries: 1},
		TrainingCurve: []result.CurvePoint{
			{Step: 1, TrainLoss: new(2.25), TrainAccuracy: new(0.125)},
			{Step: 2, TrainLoss: new(1.5), TrainAccuracy: new(0.5), ValidLoss: new(1.75), ValidAccuracy: new(0.4)},
		},
		Warnings:   []string{"the dataset has 3 duplicate rows, which were removed"},
		Provenance: result.Provenance{Version: "0.1.0", StartedAt: start, FinishedAt: start.Add(80 * time.Second), Spec: "pipeline.yaml", SpecSHA256: "ef56", TrainKey: "5f0c"},
		Cases: result.CaseList{
			science("photosynthesis", 84, "What is photosynthesis?", "Plants make food with the energy of light.", result.CasePassed),
			science("rocket", 48, "Why does a rocket go up when it blows gas down?", "By Newton's third law.", result.CasePassed),
			{ID: "c-7d1f", Name: "Name the noble gases.", Line: 90, Question: "Name the noble gases.", Expected: "Helium, neon, argon, krypton, xenon, radon.",
				Answer:   result.Answer{Status: result.CaseScored, Generated: new("Helium, neon, argon."), Score: new(0.741), LatencyMS: 12.3456},
				Baseline: &result.Answer{Status: result.CaseScored, Generated: new("I do not know."), Score: new(0.25)}},
		},
	}
}

// science returns a case with one assertion; the baseline fails it.
func science(id string, line int, question, generated, status string) result.Case {
	passed := status == result.CasePassed
	a := result.Assertion{Name: "icontains light", Grader: "icontains", Weight: 1}
	score := 0.0
	if passed {
		score, a.Score, a.Passed = 1, 1, true
	} else {
		a.Reason = `"light" is not in the answer`
	}
	return result.Case{
		ID: id, Name: id, Tags: []string{"physics"}, Line: line, Question: question, Expected: "Something about light.",
		Answer: result.Answer{Status: status, Generated: &generated, Score: &score, Passed: &passed, Assertions: []result.Assertion{a},
			FinishReason: "stop", LatencyMS: 41.5, Attempts: 1, Usage: &result.Usage{PromptTokens: 21, CompletionTokens: 9}},
		Baseline: &result.Answer{Status: result.CaseFailed, Generated: new("I do not know."), Score: new(0.0), Passed: new(false),
			Assertions: []result.Assertion{{Name: "icontains light", Grader: "icontains", Weight: 1}}},
	}
}

// allowedRun is green although a case failed and another has no answer.
func allowedRun() *result.Run {
	r := passRun()
	r.Provider = result.Provider{Kind: "openai", BaseURL: "https://api.openai.com/v1"}
	r.Cost = result.Cost{TrainingUSD: new(0.92588), TestingUSD: new(0.0013), Requests: 14}
	r.Summary = result.Summary{Cases: 3, Passed: 1, Failed: 1, Errored: 1, PassRate: new(0.5), MeanScore: new(0.5)}
	r.Thresholds = []result.Threshold{
		{Expression: "pass_rate >= 30%", Value: new(0.5), Wanted: new(0.3), Low: new(1.0 / 3), High: new(2.0 / 3), Verdict: result.ThresholdPass, Reason: "pass_rate is between 33.3% and 66.7%", Line: 120},
		{Expression: "pass_rate{tag:chemistry} >= 90%", Value: new(1.0), Wanted: new(0.9), Verdict: result.ThresholdPass, Reason: "pass_rate{tag:chemistry} is 100%", Line: 121},
		{Expression: "errors <= 50%", Value: new(1.0 / 3), Wanted: new(0.5), Verdict: result.ThresholdPass, Reason: "errors is 33.3%", Line: 122},
	}
	errored := science("jab", 92, "How does a jab work?", "", result.CaseErrored)
	errored.Answer = result.Answer{Status: result.CaseErrored, Error: "answer case \"jab\": no answer within 1m0s", Attempts: 3}
	r.Cases = result.CaseList{
		science("photosynthesis", 84, "What is photosynthesis?", "Plants make food with the energy of light.", result.CasePassed),
		science("rocket", 48, "Why does a rocket go up when it blows gas down?", "By magic.", result.CaseFailed),
		errored,
	}
	return r
}

func failRun() *result.Run {
	r := allowedRun()
	r.Conclusion = result.Conclusion{Verdict: result.VerdictFail, ExitCode: result.ExitFail, ReasonCode: "threshold_failed",
		Reason: "pass_rate is 50%, wanted >= 50.00001%", Hint: "read the failed cases in ftrun-out/junit.xml"}
	r.Thresholds[0] = result.Threshold{Expression: "pass_rate >= 50.00001%", Value: new(0.5), Wanted: new(0.5000001), Low: new(1.0 / 3), High: new(2.0 / 3),
		Verdict: result.ThresholdFail, Reason: "pass_rate is 50%, wanted >= 50.00001%", Line: 120}
	r.Thresholds[1].Verdict, r.Thresholds[1].Reason = result.ThresholdUndecided, "no case has the tag chemistry and an answer"
	r.Thresholds[1].Value, r.Thresholds[1].Low, r.Thresholds[1].High = nil, new(0.0), new(1.0)
	r.Stages[1].Status, r.Stages[1].Reason, r.Stages[3].Reason = result.StageDone, "job ftjob-a1b2c3d4 created", "4 cases"
	r.Comparison.Broken, r.Comparison.Fixed, r.Comparison.Same = 1, 1, 1
	r.Comparison.BrokenCases, r.Comparison.FixedCases = []string{"rocket"}, []string{"photosynthesis"}
	broken := science("rocket", 48, "Why does a rocket go up when it blows gas down?", "By magic.", result.CaseFailed)
	broken.Baseline = &result.Answer{Status: result.CasePassed, Generated: new("By Newton's third law: light."), Score: new(1.0), Passed: new(true)}
	broken.Assertions = append(broken.Assertions, result.Assertion{Name: "regex third law", Grader: "regex", Weight: 2, Reason: "no match"},
		result.Assertion{Name: "not_icontains magic", Grader: "not_icontains", Weight: 0, Reason: `"magic" is in the answer`})
	must := science("straw-in-water", 61, "Why does a straw look broken in a glass of water?", "It is\nbroken.", result.CaseFailed)
	must.MustPass = true
	cases := r.Cases.(result.CaseList)
	r.Cases = result.CaseList{cases[0], cases[2], broken, must}
	r.Summary = result.Summary{Cases: 4, Passed: 1, Failed: 2, Errored: 1, PassRate: new(0.25), MeanScore: new(0.3333)}
	return r
}

const hostileText = "red \x1b[31malert\x1b[0m\r::error::owned\n::set-output name=x::y\n \u00a0\u2028::warning::z\n##[error]a ###[group]b ##vso[task.complete]\n" +
	"]]> <script>alert(1)</script> & %0A::error::c \x00\x07\u0085\u009b1m \xff\xfe \u202ereversed\ufeff \ufffe"

// hostileRun ends with exit code 3, and everything in it that can come from outside is hostile.
func hostileRun() *result.Run {
	h := hostileText
	r := passRun()
	r.Name = "hostile\r\n" + h
	r.Conclusion = result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: "service", Reason: "ask the model: " + h, Hint: h}
	r.BaseModel, r.FineTunedModel, r.Provider.Kind = h, h, "compatible"
	r.Job.ID, r.Job.Status, r.Job.Error = h, "failed", &result.JobFailure{Code: h, Message: h}
	r.Job.Raw = []byte("not json \xff")
	r.Stages[3].Status, r.Stages[3].Reason = result.StageFailed, h
	r.Dataset, r.Warnings = hostileDataset(), []string{h}
	r.Thresholds = []result.Threshold{
		{Expression: "pass_rate == 1", Verdict: result.ThresholdUndecided, Reason: h},
		{Expression: "mean_score >= baseline", Unit: "%", Verdict: result.ThresholdUndecided, Cause: result.CauseNotMeasured, Reason: h},
	}
	r.Comparison = &result.Comparison{
		Baseline: h, Kind: result.KindResults, Results: h, Provider: &result.Provider{Kind: h, BaseURL: h}, FixedCases: []string{h}, BrokenCases: []string{h},
		Cases: 5, Fixed: 1, Broken: 1, Summary: r.Summary, PassRate: &result.Difference{Value: 0.1, Method: h, Cases: 5, Smallest: 0.5},
	}
	r.Repeats, r.Flaky = &result.Repeats{Cases: 1, PassAt: []float64{1}, PassAll: []float64{1}}, []result.Flake{{ID: h, Passed: 1, Failed: 1}}
	r.Contamination = &result.Contamination{Cases: 1, Verbatim: 1, Findings: []result.Finding{
		{ID: h, Line: 1, File: h, Kind: result.FindingVerbatim, Source: h, Row: 1, SourceLine: 1, Question: h},
	}}
	c := science(h, 1, h, h, result.CaseFailed)
	c.Name, c.Expected, c.FinishReason = h+"x", h, h
	c.Assertions[0].Name, c.Assertions[0].Reason = h, h
	c.File, c.ToolCalls = h, []result.ToolCall{{Name: h, Arguments: h}}
	c.Repeats = []result.Answer{c.Answer, {Status: result.CaseErrored, Error: h}}
	c.Baseline = &result.Answer{Status: result.CasePassed, ToolCalls: c.ToolCalls}
	big := science(h, 2, "say a lot", strings.Repeat("::error::\xf0\x9f\x8c\x8d\x1b[2J\n", 1<<20/17), result.CaseFailed)
	errored := science("", 3, h, h, result.CaseErrored)
	errored.Answer = result.Answer{Status: result.CaseErrored, Error: strings.Repeat(h, 100)}
	r.Cases = result.CaseList{c, c, big, errored, errored}
	r.Summary = result.Summary{Cases: 5, Failed: 3, Errored: 2}
	return r
}

// invalidRun has a spec with mistakes in it.
func invalidRun() *result.Run {
	return &result.Run{
		Name: "science-tutor",
		Conclusion: result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUsage, ReasonCode: "spec_invalid",
			Reason: "pipeline.yaml has 2 problems"},
		Problems: []result.Problem{
			{File: "pipeline.yaml", Line: 3, Col: 1, Path: "base_modle", Message: `unknown key "base_modle"; did you mean "base_model"?`},
			{File: "science.jsonl", Line: 17, Message: "no answer"},
		},
		Provenance: result.Provenance{Version: "0.1.0", StartedAt: start, FinishedAt: start, Spec: "pipeline.yaml"},
	}
}

// unfinishedRun is what a run leaves that is killed.
func unfinishedRun() *result.Run {
	r := result.Begin("pipeline.yaml", "0.1.0", start)
	r.Name, r.BaseModel = "science-tutor", "gpt-4.1-mini-2025-04-14"
	for _, name := range result.StageNames() {
		r.Stages = append(r.Stages, result.Stage{Name: name, Status: result.StageUnfinished})
	}
	return r
}

func interruptedRun() *result.Run {
	r := passRun()
	r.Conclusion = result.Conclusion{Verdict: result.VerdictUnfinished, ExitCode: result.ExitInterrupted, ReasonCode: "interrupted",
		Reason: "interrupted while job ftjob-a1b2c3d4 was running", Hint: "run the same command again: training goes on at the provider"}
	r.FineTunedModel = ""
	r.Job.Status, r.Job.FinishedAt, r.Job.TrainedTokens = "running", nil, nil
	r.Stages[2].Status, r.Stages[2].Reason = result.StageUnfinished, "interrupted"
	r.Stages[3] = result.Stage{Name: "test", Status: result.StageSkipped, Reason: "there is no model yet"}
	r.Summary, r.Thresholds, r.Comparison, r.Cases, r.TrainingCurve, r.Warnings = result.Summary{}, nil, nil, nil, nil, nil
	return r
}

// filteredRun asked for some of the cases only, and so never gates.
func filteredRun() *result.Run {
	r := failRun()
	r.Conclusion = result.Conclusion{Verdict: result.VerdictUnfinished, ReasonCode: "filtered", Reason: "only the cases of --filter tag:physics ran, so nothing is gated"}
	return r
}

// manyCases returns n cases of which every tenth failed.
func manyCases(n int) result.CaseList {
	list := make(result.CaseList, n)
	for i := range list {
		status := result.CasePassed
		if i%10 == 0 {
			status = result.CaseFailed
		}
		list[i] = science(fmt.Sprintf("case-%05d", i), i, fmt.Sprintf("What is the %dth prime?", i), "Some number or other, with <light> & shade.", status)
	}
	return list
}
