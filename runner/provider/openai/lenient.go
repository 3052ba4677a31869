package openai

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// Services differ in what they leave out, add, or type differently. These types take a field for what it can be taken for, and
// for not said where it can't: one odd field must not make a whole list unreadable. None of their UnmarshalJSON returns an error.

// A lenient is a field of type T, or its zero value where the service sends something else.
type lenient[T any] struct{ v T }

func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	var v T
	if json.Unmarshal(b, &v) == nil {
		l.v = v
	}
	return nil
}

// A text is a string, or a number or truth value as it is written.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	var s string
	switch {
	case b[0] == '{', b[0] == '[', string(b) == "null":
	case b[0] != '"':
		*t = text(b)
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	}
	return nil
}

// A whole is a whole number, or a string of one; nil where there is none.
type whole struct{ v *int64 }

func (w *whole) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	s := strings.TrimSpace(string(t))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		w.v = &n
		return nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		n := int64(f)
		w.v = &n
	}
	return nil
}

// int returns the number as an int.
func (w whole) int() *int {
	if w.v == nil || int64(int(*w.v)) != *w.v {
		return nil
	}
	n := int(*w.v)
	return &n
}

// A moment is a time on the wire: seconds since 1970, whole or not, as a number or a string; or a date as ISO 8601 writes it.
type moment time.Time

// maxSeconds is past the year 5000: a larger number counts milliseconds.
const maxSeconds = 1e11

func (m *moment) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	s := strings.TrimSpace(string(t))
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		if seconds > maxSeconds {
			seconds /= 1000
		}
		if seconds >= 1 && seconds <= maxSeconds {
			*m = moment(time.Unix(int64(seconds), 0).UTC())
		}
		return nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil {
			*m = moment(at.Truncate(time.Second).UTC())
			return nil
		}
	}
	return nil
}

// names are the strings of a list, or the ids where it holds objects.
type names []string

func (n *names) UnmarshalJSON(b []byte) error {
	*n = nil
	var items []json.RawMessage
	if json.Unmarshal(b, &items) != nil {
		items = []json.RawMessage{b}
	}
	for _, item := range items {
		var s string
		if json.Unmarshal(item, &s) != nil {
			s, _ = decodeID(item)
		}
		if s != "" {
			*n = append(*n, s)
		}
	}
	return nil
}

// labels are the metadata of a job. A value that is no text has no place in them.
type labels map[string]string

func (l *labels) UnmarshalJSON(b []byte) error {
	*l = labels{}
	var values map[string]any
	if json.Unmarshal(b, &values) != nil {
		return nil
	}
	for k, v := range values {
		switch v := v.(type) {
		case string:
			(*l)[k] = v
		case float64, bool:
			(*l)[k] = plain(v)
		}
	}
	return nil
}

// mentions reports whether a text stands in any string of a JSON value.
func mentions(raw []byte, wanted string) bool {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return true // in doubt
	}
	return holds(v, wanted)
}

func holds(v any, wanted string) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, wanted)
	case []any:
		for _, item := range v {
			if holds(item, wanted) {
				return true
			}
		}
	case map[string]any:
		for k, item := range v {
			if strings.Contains(k, wanted) || holds(item, wanted) {
				return true
			}
		}
	}
	return false
}
