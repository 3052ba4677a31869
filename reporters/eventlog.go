package reporters

import (
	"io"

	"ftrun/runner/result"
)

// An EventLog writes every event of a run as one line of JSON.
type EventLog struct {
	w   io.Writer
	err error
}

// NewEventLog returns an event log that writes to w, a whole line at a time.
func NewEventLog(w io.Writer) *EventLog { return &EventLog{w: w} }

// Observe writes e. After a failed write it does nothing.
func (l *EventLog) Observe(e result.Event) {
	if l.err == nil {
		l.err = result.WriteEvent(l.w, e)
	}
}

// Err returns the error that ended the writing.
func (l *EventLog) Err() error { return l.err }
