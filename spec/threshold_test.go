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

		"icontains.mean >= 0.5":              {Metric: "icontains.mean", Op: ">=", Value: 0.5},
		"not_a.b-c_1.mean{tag:x} > baseline": {Metric: "not_a.b-c_1.mean", Tag: "x", Op: ">", Baseline: true},
		"fixed >= 3":                         {Metric: spec.Fixed, Op: ">=", Value: 3},
		"broken{tag:guard} == 0":             {Metric: spec.Broken, Tag: "guard", Op: "=="},
		"delta >= -2%":                       {Metric: spec.Delta, Op: ">=", Value: -0.02, Unit: "%"},
		"delta>-.5":                          {},
		"delta > -0":                         {Metric: spec.Delta, Op: ">"},
		"p_value >= 0.05":                    {Metric: spec.PValue, Op: ">=", Value: 0.05},
		"refusals <= 5%":                     {Metric: spec.Refusals, Op: "<=", Value: 0.05, Unit: "%"},
		"truncated == 0":                     {Metric: spec.Truncated, Op: "=="},
		"p50_latency <= 800ms":               {Metric: spec.P50Latency, Op: "<=", Value: 0.8, Unit: "ms"},
		"p95_latency < 1.5 s":                {Metric: spec.P95Latency, Op: "<", Value: 1.5, Unit: "s"},
		"cost <= 2.50USD":                    {Metric: spec.Cost, Op: "<=", Value: 2.5, Unit: "USD"},

		"pass_rate >= 90% at 95%":          {Metric: spec.PassRate, Op: ">=", Value: 0.9, Unit: "%", Level: 0.95},
		"mean_score >= 0.9 at 50 %":        {Metric: spec.MeanScore, Op: ">=", Value: 0.9, Level: 0.5},
		"pass_rate > baseline at 9%":       {},
		"mean_score > baseline\tat  99.9%": {Metric: spec.MeanScore, Op: ">", Baseline: true, Level: 0.999},
		"delta >= -2% at 95%":              {Metric: spec.Delta, Op: ">=", Value: -0.02, Unit: "%", Level: 0.95},

		"pass_rate no_significant_drop":                         {Metric: spec.PassRate, Form: spec.FormNoDrop, Level: 0.95},
		"pass_rate{tag:guard} no_significant_drop at 99%":       {Metric: spec.PassRate, Tag: "guard", Form: spec.FormNoDrop, Level: 0.99},
		"mean_score not_worse_than baseline by 2%":              {Metric: spec.MeanScore, Form: spec.FormNotWorse, Margin: 0.02, Level: 0.95},
		"x.mean  not_worse_than  baseline  by 12.5 %  at  90 %": {Metric: "x.mean", Form: spec.FormNotWorse, Margin: 0.125, Level: 0.9},
	} {
		if want.Metric == "" {
			if got, err := spec.ParseThreshold(text); err == nil {
				t.Errorf("%q: accepted as %+v", text, got)
			}
			continue
		}
		want.Expression = strings.TrimSpace(text)
		if got, err := spec.ParseThreshold(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestThresholdString(t *testing.T) {
	for text, want := range map[string]string{
		"pass_rate>=0.90":                           "pass_rate >= 0.9",
		"pass_rate >= 7%":                           "pass_rate >= 7%",
		"pass_rate > 0%":                            "pass_rate > 0%",
		"pass_rate >= 0.05%":                        "pass_rate >= 0.05%",
		"pass_rate < 100%":                          "pass_rate < 100%",
		"pass_rate >= 28.999%":                      "pass_rate >= 28.999%",
		"mean_score{tag: x}>baseline":               "mean_score{tag:x} > baseline",
		"errors <= 0000100":                         "errors <= 100",
		"valid_loss<1.50":                           "valid_loss < 1.5",
		"valid_accuracy >= 060%":                    "valid_accuracy >= 60%",
		"delta>= -02.50 %":                          "delta >= -2.5%",
		"delta > -0.25":                             "delta > -0.25",
		"p95_latency<0800.50ms":                     "p95_latency < 800.5ms",
		"p95_latency<2 s":                           "p95_latency < 2s",
		"cost<=$":                                   "",
		"cost<=0.50USD":                             "cost <= 0.5 USD",
		"pass_rate>=90%at 95%":                      "",
		"pass_rate>=90% at 95.0%":                   "pass_rate >= 90% at 95%",
		"x.mean{tag:a}no_significant_drop":          "x.mean{tag:a} no_significant_drop at 95%",
		"pass_rate not_worse_than baseline by 0.2%": "pass_rate not_worse_than baseline by 0.2% at 95%",
	} {
		threshold, err := spec.ParseThreshold(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q: accepted as %q", text, threshold)
			}
			continue
		}
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
		"delta >= -2% at 95%", "p_value < 0.05", "p95_latency <= 800ms", "p50_latency < 0.000000000000001ms", "p95_latency > 99999999999999.9ms",
		"cost < $2", "cost <= 0.5 USD", "fixed >= 1", "broken == 0", "refusals <= 5%", "truncated > 1", "a.mean{tag:b} not_worse_than baseline by 2% at 90%",
		"pass_rate not_worse_than base by 2", "pass_rate no_signficant_drop", "pass_rate at least 90%", "delta>=-0%", "pass_rate >= 99.999999999999999% at 50%",
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
		if got.Form != spec.FormCompare && (got.Level < 0.5 || got.Level >= 1 || got.Op != "" || got.Value != 0 || got.Baseline) {
			t.Fatalf("%q: a form in words has a level and no operator: %+v", text, got)
		}
		if (got.Form == spec.FormNotWorse) != (got.Margin > 0 && got.Margin < 1) || got.NeedsBaseline() != (got.Baseline || got.Form != "" || got.Metric.OfBoth()) {
			t.Fatalf("%q: %+v", text, got)
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
