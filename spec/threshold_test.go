package spec_test

import (
	"errors"
	"strings"
	"testing"

	"ftrun/spec"
)

func TestParseThreshold(t *testing.T) {
	for text, want := range map[string]spec.Threshold{
		"pass_rate >= 0.9":               {Metric: spec.PassRate, Op: ">=", Value: 0.9},
		" pass_rate>=90% ":               {Metric: spec.PassRate, Op: ">=", Value: 0.9, Unit: "%"},
		"mean_score{tag:a.b-C_1} < 7 %":  {Metric: spec.MeanScore, Tag: "a.b-C_1", Op: "<", Value: 0.07, Unit: "%"},
		"mean_score { tag : x } != 0.50": {Metric: spec.MeanScore, Tag: "x", Op: "!=", Value: 0.5},
		"errors == 0":                    {Metric: spec.Errors, Op: "=="},
		"errors <= 12.5%":                {Metric: spec.Errors, Op: "<=", Value: 0.125, Unit: "%"},
		"errors > 1000":                  {Metric: spec.Errors, Op: ">", Value: 1000},
		"train_loss < 1.25":              {Metric: spec.TrainLoss, Op: "<", Value: 1.25},
		"valid_loss>=2":                  {Metric: spec.ValidLoss, Op: ">=", Value: 2},
		"valid_accuracy >= 60%":          {Metric: spec.ValidAccuracy, Op: ">=", Value: 0.6, Unit: "%"},
		"valid_accuracy != 0.5":          {Metric: spec.ValidAccuracy, Op: "!=", Value: 0.5},
		"pass_rate>baseline":             {Metric: spec.PassRate, Op: ">", Baseline: true},
	} {
		want.Expression = strings.TrimSpace(text)
		if got, err := spec.ParseThreshold(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestThresholdString(t *testing.T) {
	for text, want := range map[string]string{
		"pass_rate>=0.90":             "pass_rate >= 0.9",
		"pass_rate >= 7%":             "pass_rate >= 7%",
		"pass_rate > 0%":              "pass_rate > 0%",
		"pass_rate >= 0.05%":          "pass_rate >= 0.05%",
		"pass_rate < 100%":            "pass_rate < 100%",
		"pass_rate >= 28.999%":        "pass_rate >= 28.999%",
		"mean_score{tag: x}>baseline": "mean_score{tag:x} > baseline",
		"errors <= 0000100":           "errors <= 100",
		"valid_loss<1.50":             "valid_loss < 1.5",
		"valid_accuracy >= 060%":      "valid_accuracy >= 60%",
	} {
		threshold, err := spec.ParseThreshold(text)
		if got := threshold.String(); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

func FuzzThreshold(f *testing.F) {
	for _, text := range []string{
		"pass_rate >= 0.9", "pass_rate{tag:x} >= 90%", "mean_score > baseline", "errors <= 5%", "errors{tag:a.b-c} == 2",
		"pass_rate >= 60", "pass_rate => 1", "pass_rate ≥ 1", "fixed > broken", "x.mean > 0", "pass_rate no_significant_drop",
		"pass_rate >= 0.9 at 95%", "{", "", "errors < 0", "pass_rate >= 0.000000000000001%", "errors <= 999999999999999.5%",
		"errors<999999999999999.97", "train_loss < 1.5", "valid_loss < 50%", "valid_accuracy >= 60%", "train_loss{tag:x} < 1",
		"valid_loss < baseline", "valid_loss<999999999999999.97", "train_loss < 0.000000000000001",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := spec.ParseThreshold(text)
		if err != nil {
			problem, ok := errors.AsType[*spec.ThresholdError](err)
			if !ok || problem.Message == "" || got != (spec.Threshold{}) {
				t.Fatalf("%q: %T %v, %+v", text, err, err, got)
			}
			return
		}
		if got.Metric.OfTraining() && (got.Tag != "" || got.Baseline) {
			t.Fatalf("%q: training has neither tags nor a baseline: %+v", text, got)
		}
		again, err := spec.ParseThreshold(got.String())
		if err != nil {
			t.Fatalf("%q became %q: %v", text, got.String(), err)
		}
		again.Expression = got.Expression
		if again != got {
			t.Fatalf("%q: got %+v, then %+v", text, got, again)
		}
	})
}
