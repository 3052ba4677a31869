package result_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/result"
)

func TestWriteEmpty(t *testing.T) {
	t.Parallel()
	out := write(t, &result.Run{})
	for _, want := range []string{
		"\"schema\": \"ftrun.results/v1\"", "\"stages\": []", "\"thresholds\": []", "\"training_curve\": []", "\"warnings\": []",
		"\"pass_rate\": null", "\"training_usd\": null", "\n  \"cases\": []\n}\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

func TestWriteWhatJSONCannotExpress(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	run := &result.Run{
		Job: &result.Job{ID: "\xff", Raw: json.RawMessage("not json\xff")},
		Dataset: &result.Dataset{
			TokenStats: result.TokenStats{Mean: nan}, Estimate: &result.Estimate{USD: &inf}, Findings: []result.DataFinding{{}}, Sources: []result.Source{{}},
		},
		Problems:   []result.Problem{{}},
		Stages:     []result.Stage{{Seconds: inf}},
		Summary:    result.Summary{PassRate: &nan},
		Thresholds: []result.Threshold{{Value: &nan, Wanted: &inf, Low: &nan, PValue: &nan, Interval: &result.Interval{Low: nan}}},
		Comparison: &result.Comparison{
			Summary:   result.Summary{MeanScore: &nan},
			PassRate:  &result.Difference{Value: 0.25, PValue: &nan, Smallest: inf, Method: "as it is"},
			MeanScore: &result.Difference{Interval: result.Interval{High: inf}, Method: "without bounds"},
		},
		Repeats:       &result.Repeats{PassAt: []float64{nan}},
		Contamination: &result.Contamination{Findings: []result.Finding{{Coverage: nan, Jaccard: inf}}, Clean: &result.Summary{PassRate: &nan}},
		Cost:          result.Cost{TrainingUSD: &inf, JudgingUSD: &nan},
		TrainingCurve: []result.CurvePoint{{TrainLoss: &nan}},
		Cases: result.CaseList{{
			Question: "<a> & \xfe \u2028",
			Answer: result.Answer{
				Score: &nan, LatencyMS: inf, CostUSD: &nan, Assertions: []result.Assertion{{Score: nan, Weight: inf}},
				Repeats: []result.Answer{{Score: &nan, FinishReason: "repeated"}},
			},
			Baseline: &result.Answer{Score: &inf},
		}},
	}
	out := write(t, run)
	if !utf8.ValidString(out) {
		t.Errorf("invalid UTF-8")
	}
	for _, want := range []string{
		`"id": "\ufffd"`, `"hyperparameters": {}`, `"raw": "not json\ufffd"`, `"mean": 0`, `"histogram": []`, `"role_tokens": {}`, `"usd": null`, `"places": []`, `"use": "training"`, `"severity": "error"`, `"seconds": 0`,
		`"value": null`, `"question": "<a> & \ufffd \u2028"`, `"tags": []`, `"latency_ms": 0`, `"weight": 0`,
		`"fixed_cases": [],`, `"method": "as it is"`, `"smallest": 1`, `"mean_score": null`, `"pass_all": []`, `"coverage": 0`, `"jaccard": 0`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if strings.Count(out, `"assertions": []`) != 2 {
		t.Errorf("the baseline, or an answer of several, has no list of assertions:\n%s", out)
	}
	for _, not := range []string{"interval\": null", "without bounds", "cost_usd", "judging_usd"} {
		if strings.Contains(out, not) {
			t.Errorf("%s in\n%s", not, out)
		}
	}
	if run.Stages[0].Seconds != inf || run.Thresholds[0].Value != &nan || run.Job.Hyperparameters != nil ||
		run.Dataset.Estimate.USD != &inf || run.Dataset.Findings[0].Places != nil || run.Dataset.Sources[0].Use != "" || run.Problems[0].Severity != "" ||
		run.Comparison.MeanScore == nil || run.Comparison.PassRate.Smallest != inf || run.Cases.(result.CaseList)[0].Repeats[0].Score != &nan {
		t.Errorf("writing changed the run")
	}
}

func TestReadWhatWasWritten(t *testing.T) {
	t.Parallel()
	run := &result.Run{
		Schema: result.Schema, Name: "x", Conclusion: result.Conclusion{Verdict: result.VerdictUnfinished, ExitCode: 5, Reason: "r"}, Stages: []result.Stage{{Name: "prepare", Status: "done", Seconds: 1.5}},
		Thresholds: []result.Threshold{}, TrainingCurve: []result.CurvePoint{}, Warnings: []string{"w"},
		Cases: result.CaseList{numbered(0), numbered(1)},
	}
	first := write(t, run)
	got, err := result.Read(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, got); diff != "" {
		t.Errorf("read differs from written (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first, write(t, got)); diff != "" {
		t.Errorf("written again, it differs (-want +got):\n%s", diff)
	}
}

func TestWriteEvent(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	var buf bytes.Buffer
	e := result.Event{
		Type: result.EventCase, Message: "a\n\xff<b>", Job: &result.Job{Raw: json.RawMessage("{")}, Dataset: &result.Dataset{},
		Finished: &result.Stage{Seconds: nan}, Case: &result.Case{Answer: result.Answer{Score: &nan}}, Threshold: &result.Threshold{Value: &nan},
	}
	if err := result.WriteEvent(&buf, e); err != nil {
		t.Fatal(err)
	}
	out := buf.String()
	if strings.Count(out, "\n") != 1 || !strings.Contains(out, `"message":"a\n\ufffd<b>"`) || !json.Valid(buf.Bytes()) {
		t.Errorf("wrote %q", out)
	}
}

func write(t *testing.T, run *result.Run) string {
	t.Helper()
	var buf bytes.Buffer
	if err := result.Write(&buf, run); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(buf.Bytes()) {
		t.Errorf("not JSON:\n%s", &buf)
	}
	return buf.String()
}
