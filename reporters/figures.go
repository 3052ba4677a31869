package reporters

import (
	"math"
	"strconv"
	"strings"

	"ftrun/runner/result"
)

// A unit is how a metric's values are written.
type unit struct {
	scale    float64
	decimals int    // usually
	before   string // the sign of a currency, after which the zeros at the end stay
	after    string
	share    bool // 1 is the whole
}

var (
	plainUnit   = unit{scale: 1, decimals: 3}
	percentUnit = unit{scale: 100, decimals: 1, after: "%", share: true}
	secondsUnit = unit{scale: 1, decimals: 2, after: " s"}
	millisUnit  = unit{scale: 1000, after: " ms"}
	dollarsUnit = unit{scale: 1, decimals: 2, before: "$"}
	pointsUnit  = unit{scale: 100, decimals: 1, after: " points"} // of a difference of shares
)

// maxDecimals is more than a float64 has in [0,1].
const maxDecimals = 17

// format returns v with more decimals than usual. What is not 0 never reads 0, and a share that is not the whole never reads 100%.
func (u unit) format(v *float64, more int) string {
	if v == nil {
		return "no data"
	}
	return u.write(*v, more, false)
}

// signed returns a difference, with its sign.
func (u unit) signed(v float64, more int) string { return u.write(v, more, true) }

func (u unit) write(v float64, more int, signed bool) string {
	sign := ""
	switch {
	case v < 0:
		sign = "-"
	case signed && v > 0:
		sign = "+"
	}
	size := math.Abs(v)
	digits := strconv.FormatFloat(size*u.scale, 'f', u.decimals+more, 64)
	for d := u.decimals + more; d < maxDecimals && misleads(digits, size, u); d++ {
		digits = strconv.FormatFloat(size*u.scale, 'f', d+1, 64)
	}
	if strings.Trim(digits, "0.") == "" && size != 0 {
		digits = strconv.FormatFloat(size*u.scale, 'g', 2, 64)
	}
	if strings.Contains(digits, ".") && u.before == "" && !strings.Contains(digits, "e") {
		digits = strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
	}
	if u == pointsUnit && digits == "1" {
		u.after = " point"
	}
	return sign + u.before + grouped(digits) + u.after
}

// misleads reports whether digits read as nothing or as the whole where size is neither.
func misleads(digits string, size float64, u unit) bool {
	shown := strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
	if !strings.Contains(digits, ".") {
		shown = digits
	}
	return size != 0 && strings.Trim(digits, "0.") == "" || u.share && size < 1 && shown == "100"
}

// grouped puts commas between the thousands of a number without a sign.
func grouped(digits string) string {
	whole, rest, hasRest := strings.Cut(digits, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return digits
	}
	if hasRest {
		rest = "." + rest
	}
	return thousands(n) + rest
}

// dollars returns an amount of money, or that it is unknown.
func dollars(usd *float64) string {
	switch {
	case usd == nil:
		return "unknown"
	case *usd > 0 && *usd < 0.005:
		return "under $0.01"
	default:
		return dollarsUnit.format(usd, 0)
	}
}

// percent returns a share with one decimal, and none where that would be 0.
func percent(share float64) string { return percentUnit.format(&share, 0) }

// unitOf returns the unit of a threshold's values.
func unitOf(t result.Threshold) unit {
	switch {
	case isDelta(t) && (t.Unit == "%" || t.Unit == "" && readsAsShare(t.Expression)):
		return pointsUnit
	case isDelta(t):
		return plainUnit
	}
	switch t.Unit {
	case "%":
		return percentUnit
	case "s":
		for _, v := range []*float64{t.Value, t.Wanted} {
			if v != nil && *v != 0 && math.Abs(*v) < 1 {
				return millisUnit
			}
		}
		return secondsUnit
	case "USD":
		return dollarsUnit
	}
	if readsAsShare(t.Expression) {
		return percentUnit
	}
	return plainUnit
}

// readsAsShare tells for results of earlier versions, which have no units, whether the values are shares.
func readsAsShare(expression string) bool {
	metric, condition, _ := strings.Cut(expression, " ")
	metric, _, _ = strings.Cut(metric, "{")
	return strings.HasSuffix(metric, "_rate") || strings.Count(condition, " ") == 1 && strings.HasSuffix(condition, "%")
}

// readings are the figures of a threshold as people read them. Those that differ from what was wanted look different from it, however
// close they are. What there is not is empty, but for the first two.
type readings struct {
	value, wanted string
	between       string // the two values that errored cases leave possible
	interval      string // with its level; of one side the bound that counts
	p             string
}

// dash stands between the ends of an interval where the writer knows more than ASCII.
const dash = "–"

// read returns the figures of t; dash stands between two ends.
func read(t result.Threshold, dash string) readings {
	u := unitOf(t)
	var r readings
	write := u.format
	if isDelta(t) {
		write = func(v *float64, more int) string {
			if v == nil {
				return u.format(v, more)
			}
			return u.signed(*v, more)
		}
	}
	near := []*float64{t.Value}
	if i := t.Interval; i != nil && !ofDifference(t) {
		near = append(near, &i.Low, &i.High)
	}
	more := 0
	for more < maxDecimals && looksLike(u, t.Wanted, near, more) {
		more++
	}
	r.value, r.wanted = write(t.Value, more), write(t.Wanted, more)
	if strings.HasPrefix(t.Expression, "p_value") && t.Value != nil && *t.Value == 0 {
		r.value = "under 0.0001" // no test is so sure
	}
	if t.Low != nil && t.High != nil && *t.Low != *t.High {
		r.between = u.span(*t.Low, *t.High, more, dash)
	}
	if i := t.Interval; i != nil && i.OneSided {
		r.interval = boundOf(u.difference(), *i, t.Verdict == result.ThresholdFail)
	} else if i != nil && ofDifference(t) {
		r.interval = intervalOf(u.difference(), *i)
	} else if i != nil {
		r.interval = u.span(i.Low, i.High, more, dash) + " at " + percent(i.Level)
	}
	if t.PValue != nil {
		alpha := 0.05
		if t.Interval != nil {
			alpha = 1 - t.Interval.Level
		}
		r.p = pValue(*t.PValue, alpha)
	}
	return r
}

// looksLike reports whether one of the values reads like wanted, and is not.
func looksLike(u unit, wanted *float64, values []*float64, more int) bool {
	for _, v := range values {
		if v != nil && wanted != nil && *v != *wanted && u.format(v, more) == u.format(wanted, more) {
			return true
		}
	}
	return false
}

// aboutBaseline reports whether t holds a metric against the baseline's.
func aboutBaseline(t result.Threshold) bool {
	return strings.Contains(t.Expression, "baseline") || strings.Contains(t.Expression, "no_significant_drop")
}

// isDelta reports whether the value of t is a difference itself.
func isDelta(t result.Threshold) bool {
	rest, found := strings.CutPrefix(t.Expression, "delta")
	return found && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "{"))
}

// ofDifference reports whether the interval of t is that of a difference.
func ofDifference(t result.Threshold) bool { return aboutBaseline(t) || isDelta(t) }

// difference returns the unit of a difference of two values in u.
func (u unit) difference() unit {
	if u == percentUnit {
		return pointsUnit
	}
	return u
}

// span returns an interval of values: 87.1–95.3%.
func (u unit) span(low, high float64, more int, dash string) string {
	if low < 0 || u.before != "" {
		dash = " to "
	}
	bare := u
	bare.after = ""
	return bare.format(&low, more) + dash + u.format(&high, more)
}

// intervalOf returns an interval of a difference: -9.1 to +5.2 points at 95%.
func intervalOf(u unit, i result.Interval) string {
	bare := u
	bare.after = ""
	return bare.signed(i.Low, 0) + " to " + u.signed(i.High, 0) + " at " + percent(i.Level)
}

// boundOf returns the end of an interval of which one counts: the low one, and where the verdict rests on the high one, that.
func boundOf(u unit, i result.Interval, isHigh bool) string {
	if isHigh {
		return "at best " + u.signed(i.High, 0) + ", with " + percent(i.Level) + " confidence"
	}
	return "at worst " + u.signed(i.Low, 0) + ", with " + percent(i.Level) + " confidence"
}

// leastP is the smallest p value that is written as it is.
const leastP = 0.0001

// pValue returns a p value with two digits, never as 0, and never like alpha where it is not.
func pValue(p, alpha float64) string {
	if p < leastP {
		return "p < 0.0001"
	}
	digits := 2
	for digits < maxDecimals && p != alpha && shortest(p, digits) == shortest(alpha, digits) {
		digits++
	}
	return "p = " + shortest(p, digits)
}

// shortest returns v with so many digits that mean something, at most.
func shortest(v float64, digits int) string { return strconv.FormatFloat(v, 'g', digits, 64) }
