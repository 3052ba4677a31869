package reporters

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"ftrun/runner/result"
)

// count returns "1 case" or "1,234 cases".
func count[T int | int64](n T, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(int64(n)) + " " + noun
}

// thousands returns n with commas between groups of three digits.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// took returns a duration as people say it: 0.4s, 12s, 3m05s, 1h02m.
func took(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d.Round(time.Second) < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d.Round(time.Second) < time.Hour:
		s := int(d.Round(time.Second).Seconds())
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		m := int(d.Round(time.Minute).Minutes())
		return fmt.Sprintf("%dh%02dm", m/60, m%60)
	}
}

// inSeconds returns s seconds as a duration; nonsense is 0.
func inSeconds(s float64) time.Duration {
	if !(s > 0 && s < math.MaxInt64/1e9) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// dollars returns an amount of money, or that it is unknown.
func dollars(usd *float64) string {
	switch {
	case usd == nil:
		return "unknown"
	case *usd > 0 && *usd < 0.005:
		return "under $0.01"
	default:
		return fmt.Sprintf("$%.2f", *usd)
	}
}

// percent returns a share with one decimal, and none where that would be 0.
func percent(share float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(share*100, 'f', 1, 64), ".0") + "%"
}

// measured returns the value of t and what it was compared with, in the unit of its metric. Two numbers that differ look
// different, however close they are.
func measured(t result.Threshold) (value, wanted string) {
	unit := unitOf(t.Expression)
	if t.Value == nil || t.Wanted == nil {
		return unit.format(t.Value, 0), unit.format(t.Wanted, 0)
	}
	for more := range 12 {
		value, wanted = unit.format(t.Value, more), unit.format(t.Wanted, more)
		if value != wanted || *t.Value == *t.Wanted {
			break
		}
	}
	return value, wanted
}

// A unit is how a metric's values are written.
type unit struct {
	scale    float64
	decimals int
	before   string
	after    string
}

// unitOf returns the unit of a threshold: that of the metric with which it begins, or per cent where it is written so.
func unitOf(expression string) unit {
	metric, _, _ := strings.Cut(expression, " ")
	metric, _, _ = strings.Cut(metric, "{")
	switch {
	case strings.HasSuffix(metric, "_rate"), strings.HasSuffix(expression, "%"):
		return unit{scale: 100, decimals: 1, after: "%"}
	case strings.HasPrefix(metric, "latency"):
		return unit{scale: 1, after: " ms"}
	case strings.HasPrefix(metric, "cost"):
		return unit{scale: 1, decimals: 2, before: "$"}
	default:
		return unit{scale: 1, decimals: 3}
	}
}

// format returns v with more decimals than usual; zeros at the end are left out where they say nothing.
func (u unit) format(v *float64, more int) string {
	if v == nil {
		return "no data"
	}
	s := strconv.FormatFloat(*v*u.scale, 'f', u.decimals+more, 64)
	if strings.Contains(s, ".") && u.before == "" {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return u.before + s + u.after
}
