package reporters

import (
	"fmt"
	"math"
	"strconv"
	"time"
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
