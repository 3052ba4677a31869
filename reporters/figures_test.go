package reporters

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"ftrun/runner/result"
)

func TestUnits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		u    unit
		v    float64
		want string
	}{
		{percentUnit, 0, "0%"}, {percentUnit, 1, "100%"}, {percentUnit, 17.0 / 24, "70.8%"}, {percentUnit, 0.5, "50%"},
		{percentUnit, 0.9999, "99.99%"}, {percentUnit, 1 - 1e-9, "99.9999999%"}, {percentUnit, 0.0001, "0.01%"}, {percentUnit, -0.02, "-2%"},
		{plainUnit, 0.25, "0.25"}, {plainUnit, 0.86868, "0.869"}, {plainUnit, 12345, "12,345"}, {plainUnit, 0.00012, "0.0001"}, {plainUnit, 1e-30, "1e-30"},
		{plainUnit, math.Copysign(0, -1), "0"}, {plainUnit, -1234.5, "-1,234.5"},
		{secondsUnit, 1.2345, "1.23 s"}, {secondsUnit, 3, "3 s"}, {millisUnit, 0.85, "850 ms"}, {millisUnit, 0.0001, "0.1 ms"},
		{dollarsUnit, 1234.5, "$1,234.50"}, {dollarsUnit, 0.0012, "$0.001"}, {dollarsUnit, -0.5, "-$0.50"}, {dollarsUnit, 0, "$0.00"},
	} {
		if got := test.u.format(&test.v, 0); got != test.want {
			t.Errorf("%v is %q, want %q", test.v, got, test.want)
		}
	}
	if got := plainUnit.format(nil, 0); got != "no data" {
		t.Errorf("nothing is %q", got)
	}
	for v, want := range map[float64]string{0.125: "+12.5 points", -0.01: "-1 point", 0: "0 points", 0.00004: "+0.004 points"} {
		if got := pointsUnit.signed(v, 0); got != want {
			t.Errorf("the difference %v is %q, want %q", v, got, want)
		}
	}
}

func TestPValue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		p, alpha float64
		want     string
	}{
		{0, 0.05, "p < 0.0001"}, {1e-9, 0.05, "p < 0.0001"}, {0.000321, 0.05, "p = 0.00032"}, {0.001, 0.05, "p = 0.001"}, {0.0496, 0.05, "p = 0.0496"},
		{0.05, 1 - 0.95, "p = 0.05"}, {0.05004, 0.05, "p = 0.05004"}, {0.21, 0.05, "p = 0.21"}, {1, 0.05, "p = 1"}, {0.3333, 0.05, "p = 0.33"},
	} {
		if got := pValue(test.p, test.alpha); got != test.want {
			t.Errorf("p value %v against %v is %q, want %q", test.p, test.alpha, got, test.want)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	oneSided := func(low, high float64) *result.Interval {
		return &result.Interval{Low: low, High: high, Level: 0.95, OneSided: true}
	}
	interval := func(low, high, level float64) *result.Interval {
		return &result.Interval{Low: low, High: high, Level: level}
	}
	for _, test := range []struct {
		t    result.Threshold
		want readings
	}{
		{result.Threshold{Expression: "pass_rate >= 90% at 95%", Unit: "%", Value: new(0.92), Wanted: new(0.9), Interval: interval(0.871, 0.953, 0.95)},
			readings{value: "92%", wanted: "90%", interval: "87.1–95.3% at 95%"}},
		// Each end of the interval reads on its own side of what was wanted.
		{result.Threshold{Expression: "pass_rate >= 90% at 95%", Unit: "%", Value: new(0.92), Wanted: new(0.9), Interval: interval(0.89996, 0.953, 0.95)},
			readings{value: "92%", wanted: "90%", interval: "89.996–95.3% at 95%"}},
		{result.Threshold{Expression: "mean_score >= 0.5", Value: new(0.49999), Wanted: new(0.5)}, readings{value: "0.49999", wanted: "0.5"}},
		{result.Threshold{Expression: "pass_rate no_significant_drop at 99.9%", Unit: "%", Value: new(0.9), Wanted: new(0.95), PValue: new(0.00099), Interval: interval(-0.1, 0.001, 0.999)},
			readings{value: "90%", wanted: "95%", interval: "-10 to +0.1 points at 99.9%", p: "p = 0.00099"}},
		{result.Threshold{Expression: "mean_score not_worse_than baseline by 2%", Value: new(0.9), Wanted: new(0.95), Interval: interval(-0.1, 0.001, 0.95)},
			readings{value: "0.9", wanted: "0.95", interval: "-0.1 to +0.001 at 95%"}},
		{result.Threshold{Expression: "delta >= -2%", Unit: "%", Value: new(-0.03), Wanted: new(-0.02), Interval: interval(-0.05, 0.01, 0.95)},
			readings{value: "-3 points", wanted: "-2 points", interval: "-5 to +1 point at 95%"}},
		{result.Threshold{Expression: "delta{tag:x} >= 0.1", Unit: "%", Value: new(0.1), Wanted: new(0.1)}, readings{value: "+10 points", wanted: "+10 points"}},
		{result.Threshold{Expression: "delta >= 0.1", Value: new(0.25), Wanted: new(0.1), Interval: interval(-0.05, 0.5, 0.95)},
			readings{value: "+0.25", wanted: "+0.1", interval: "-0.05 to +0.5 at 95%"}},
		{result.Threshold{Expression: "pass_rate not_worse_than baseline by 10% at 95%", Unit: "%", Value: new(0.9), Wanted: new(0.8), Interval: oneSided(-0.05, 0.1)},
			readings{value: "90%", wanted: "80%", interval: "at worst -5 points, with 95% confidence"}},
		{result.Threshold{Expression: "pass_rate not_worse_than baseline by 10%", Verdict: result.ThresholdFail, Unit: "%", Value: new(0.5), Wanted: new(0.8), Interval: oneSided(-0.6, -0.2)},
			readings{value: "50%", wanted: "80%", interval: "at best -20 points, with 95% confidence"}},
		{result.Threshold{Expression: "p95_latency < 2s", Unit: "s", Value: new(1.9999), Wanted: new(2.0)}, readings{value: "1.9999 s", wanted: "2 s"}},
		{result.Threshold{Expression: "p50_latency < 900ms", Unit: "s", Value: new(0.85), Wanted: new(0.9)}, readings{value: "850 ms", wanted: "900 ms"}},
		{result.Threshold{Expression: "cost <= 1USD", Unit: "USD", Value: new(1.001), Wanted: new(1.0)}, readings{value: "$1.001", wanted: "$1.000"}},
		{result.Threshold{Expression: "p_value > 0.05", Value: new(0.0), Wanted: new(0.05)}, readings{value: "under 0.0001", wanted: "0.05"}},
		{result.Threshold{Expression: "pass_rate >= 1", Value: new(0.99999), Wanted: new(1.0), Low: new(0.5), High: new(1.0)},
			readings{value: "99.999%", wanted: "100%", between: "50–100%"}},
		// Of earlier versions, which wrote no units.
		{result.Threshold{Expression: "errors <= 5%", Value: new(0.04), Wanted: new(0.05)}, readings{value: "4%", wanted: "5%"}},
		{result.Threshold{Expression: "mean_score{tag:x} >= baseline", Value: new(0.5), Wanted: new(0.25)}, readings{value: "0.5", wanted: "0.25"}},
		{result.Threshold{Expression: "", Verdict: "x"}, readings{value: "no data", wanted: "no data"}},
	} {
		if got := read(test.t, dash); got != test.want {
			t.Errorf("%s:\n got %+v\nwant %+v", test.t.Expression, got, test.want)
		}
	}
}

func TestTells(t *testing.T) {
	t.Parallel()
	for figures, want := range map[string]bool{
		"86%, 79–91% at 90%": true, "86%, 79–91.5% at 90%": false, "no data": true, "1,234 ms": false,
	} {
		if got := tells("pass_rate >= 85% at 90%: 86% over 100 cases, with 90% confidence between 79% and 91%", figures); got != want {
			t.Errorf("%s: %v, want %v", figures, got, want)
		}
	}
}

func TestChangeOf(t *testing.T) {
	t.Parallel()
	within := func(low, high float64) result.Interval { return result.Interval{Low: low, High: high, Level: 0.95} }
	for _, test := range []struct {
		d    result.Difference
		u    unit
		want change
	}{
		{result.Difference{Value: -0.1, Interval: within(-0.17, -0.03), PValue: new(0.0039), Cases: 99, Smallest: 0.0988}, percentUnit,
			change{"-10 points (-17 to -3 at 95%)", "a real drop, p = 0.0039", "0.4%", "a change under 9.9 points would mostly go unnoticed with 99 cases"}},
		{result.Difference{Value: 0.7, Interval: within(0.5, 0.9), PValue: new(0.0), Cases: 24}, percentUnit,
			change{"+70 points (+50 to +90 at 95%)", "a real gain, p < 0.0001", "under 0.01%", ""}},
		{result.Difference{Value: 0.02, Interval: within(-0.02, 0.06), PValue: new(0.21), Cases: 1, Smallest: 1}, plainUnit,
			change{"+0.02 (-0.02 to +0.06 at 95%)", "may be chance, p = 0.21", "21%", "any change would mostly go unnoticed with 1 case"}},
		{result.Difference{Value: 0.02, Interval: within(0.01, 0.06), Cases: 50, Smallest: 0.04}, plainUnit,
			change{"+0.02 (+0.01 to +0.06 at 95%)", "a real gain", "", "a change under 0.04 would mostly go unnoticed with 50 cases"}},
		{result.Difference{Value: -0.06, Interval: within(-0.126, 0.003), PValue: new(0.039), Cases: 50}, percentUnit,
			change{"-6 points (-12.6 to +0.3 at 95%)", "on the edge of chance, p = 0.039", "3.9%", ""}},
		{result.Difference{Value: 0}, plainUnit, change{"0", "no difference", "", ""}},
		{result.Difference{Value: 0, Interval: within(-0.1, 0.1), PValue: new(1.0), Cases: 50}, percentUnit,
			change{"0 points (-10 to +10 at 95%)", "no difference", "100%", ""}},
		// Far from the edge, with an interval that is more careful than the test.
		{result.Difference{Value: 0.3, Interval: within(-0.02, 0.6), PValue: new(0.00001), Cases: 20}, plainUnit,
			change{"+0.3 (-0.02 to +0.6 at 95%)", "hardly chance, and too few cases to say how much, p < 0.0001", "under 0.01%", ""}},
		{result.Difference{Value: 0.3, Interval: within(0.02, 0.6), PValue: new(0.06), Cases: 20}, plainUnit,
			change{"+0.3 (+0.02 to +0.6 at 95%)", "on the edge of chance, p = 0.06", "6%", ""}},
	} {
		if got := changeOf(test.d, test.u); got != test.want {
			t.Errorf("%+v:\n got %+v\nwant %+v", test.d, got, test.want)
		}
	}
	if isKnown(&result.Difference{Value: math.NaN()}) || isKnown(nil) {
		t.Error("a difference that is no number is known")
	}
}

// FuzzFigures checks that no figure reads like another that it was held against, as nothing, or as the whole.
func FuzzFigures(f *testing.F) {
	f.Add(0.4999, 0.5, 0.05)
	f.Add(0.99999999, 1.0, 0.0)
	f.Add(1e-12, 0.0, 1e-7)
	f.Add(-123456.789, 7e300, 0.05000001)
	plainNumber := regexp.MustCompile(`^[-+]?\$?[0-9][0-9,]*(\.[0-9]+)?(e[-+][0-9]+)?( ms| s|%| points?)?$`)
	f.Fuzz(func(t *testing.T, value, wanted, p float64) {
		if math.IsNaN(value+wanted+p) || math.IsInf(value, 0) || math.IsInf(wanted, 0) || math.IsInf(p, 0) {
			t.Skip("no numbers")
		}
		for _, unit := range []string{"", "%", "s", "USD"} {
			r := read(result.Threshold{Expression: "delta >= 1", Unit: unit, Value: &value, Wanted: &wanted}, dash)
			// What differs by less than the last decimal that is tried may read alike.
			if math.Abs(value-wanted) > 1e-9*max(1, math.Abs(value)) && r.value == r.wanted {
				t.Errorf("%v and %v in %q both read %s", value, wanted, unit, r.value)
			}
			if value != 0 && strings.Trim(r.value, "+-$0.% mspoint") == "" {
				t.Errorf("%v in %q reads %s", value, unit, r.value)
			}
			if !plainNumber.MatchString(r.value) {
				t.Errorf("%v in %q reads %q", value, unit, r.value)
			}
		}
		if got := pValue(math.Abs(p), 0.05); got == "p = 0" {
			t.Errorf("the p value %v reads %s", p, got)
		}
	})
}
