package spec

import (
	"regexp"
	"strconv"
	"time"

	"ftrun/spec/internal/yamlpos"
)

// The bounds of OpenAI's published API description for when an uploaded file expires.
const (
	minExpiry = time.Hour
	maxExpiry = 30 * day
)

const day = 24 * time.Hour

// An expiryForm is how long an uploaded file is kept: a duration that may begin with days.
type expiryForm struct{ time.Duration }

func (f *expiryForm) UnmarshalValue(v yamlpos.Value) {
	const want = "a duration such as 12h, 7d or 30d"
	if v.Kind() != yamlpos.Scalar {
		v.Want(want)
		return
	}
	var text string
	v.Into(&text)
	d, ok := parseDays(text)
	switch {
	case !ok:
		v.Addf("want %s, found %s", want, v.Describe())
	case d < minExpiry || d > maxExpiry:
		v.Addf("want 1h to 30d, the bounds of the service, found %s", v.Describe())
	case d%time.Second != 0:
		v.Addf("want whole seconds, found %s", v.Describe())
	default:
		f.Duration = d
	}
}

var daysPattern = regexp.MustCompile(`^([0-9]{1,4})d([0-9].*)?$`)

// parseDays reads a duration as the standard library writes it, with days before the hours or alone: 30d, 1d12h.
func parseDays(text string) (time.Duration, bool) {
	m := daysPattern.FindStringSubmatch(text)
	if m == nil {
		d, err := time.ParseDuration(text)
		return d, err == nil
	}
	days, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, false
	}
	rest := time.Duration(0)
	if m[2] != "" {
		rest, err = time.ParseDuration(m[2])
	}
	return time.Duration(days)*day + rest, err == nil
}
