package openai

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	goopenai "github.com/sashabaranov/go-openai"

	"ftrun/runner/provider"
)

// Bounds on what is read of a job's log, which is a courtesy: past them the log is cut and not refused.
const (
	maxEventPages = 200
	maxEventPage  = 4 << 20  // bytes
	maxEventLog   = 16 << 20 // bytes; what they are decoded into takes many times that
)

// Events returns the events after a known one, oldest first; see provider.Trainer. The service should list them newest first, and
// then it reads until it meets the known one; of a service that lists them oldest first it reads all.
func (c *Client) Events(ctx context.Context, jobID, after string) ([]provider.JobEvent, error) {
	log := eventLog{seen: map[string]bool{}}
	cursor := ""
	for range maxEventPages {
		items, more, err := c.eventPage(ctx, jobID, cursor)
		if _, long := errors.AsType[*longError](err); long {
			break
		}
		if err != nil {
			return nil, err
		}
		if !log.holds(items) {
			break
		}
		cursor = log.add(items)
		if !more || cursor == "" || log.newestFirst() && log.seen[after] {
			break
		}
	}
	return log.after(after), nil
}

// eventPage asks for one page of a job's events.
func (c *Client) eventPage(ctx context.Context, jobID, cursor string) (items []json.RawMessage, more bool, err error) {
	call := &call{op: "list events of job " + jobID, replay: replayAlways, maxAnswer: maxEventPage}
	options := []goopenai.ListFineTuningJobEventsParameter{goopenai.ListFineTuningJobEventsWithLimit(pageSize)}
	if cursor != "" {
		options = append(options, goopenai.ListFineTuningJobEventsWithAfter(cursor))
	}
	_, libraryErr := c.api.ListFineTuningJobEvents(call.context(ctx), url.PathEscape(jobID), options...)
	if err := call.finish(ctx, libraryErr); err != nil {
		return nil, false, err
	}
	if items, more, _, err = decodePage(call.body); err != nil {
		return nil, false, call.unreadable(err)
	}
	return items, more, nil
}

// An eventLog gathers events in the service's order, each once.
type eventLog struct {
	events []provider.JobEvent
	seen   map[string]bool
	size   int // bytes of what was taken in
}

// holds reports whether a page still fits in.
func (l *eventLog) holds(items []json.RawMessage) bool {
	for _, item := range items {
		l.size += len(item)
	}
	return l.size <= maxEventLog
}

// add takes in a page and returns the cursor of the next: the last new id, or none where the page brought nothing new.
func (l *eventLog) add(items []json.RawMessage) (cursor string) {
	for _, item := range items {
		event, err := decodeEvent(item)
		if err != nil {
			continue // one line of a log
		}
		own := event.ID
		if own == "" {
			event.ID = syntheticID(event)
		}
		if l.seen[event.ID] {
			continue
		}
		l.seen[event.ID] = true
		l.events = append(l.events, event)
		cursor = own
	}
	return cursor
}

// syntheticID names an event that the service does not name: the same line at the same second is the same event.
func syntheticID(e provider.JobEvent) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s", e.CreatedAt.Unix(), e.Level, e.Message))
	return "event-" + hex.EncodeToString(sum[:8])
}

// newestFirst reports whether the log has shown that the service lists new events before old ones.
func (l *eventLog) newestFirst() bool {
	n := len(l.events)
	return n > 1 && l.events[0].CreatedAt.After(l.events[n-1].CreatedAt)
}

// oldestFirst reports whether the service lists old events before new ones; where all are of one second, their ids decide.
func (l *eventLog) oldestFirst() bool {
	n := len(l.events)
	if n < 2 {
		return false
	}
	first, last := l.events[0], l.events[n-1]
	if !first.CreatedAt.Equal(last.CreatedAt) {
		return first.CreatedAt.Before(last.CreatedAt)
	}
	return slices.IsSortedFunc(l.events, func(a, b provider.JobEvent) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
}

// after returns the events after a known one, oldest first. Within a second the service's own order holds: ids need have none.
func (l *eventLog) after(known string) []provider.JobEvent {
	if !l.oldestFirst() {
		slices.Reverse(l.events)
	}
	slices.SortStableFunc(l.events, func(a, b provider.JobEvent) int { return a.CreatedAt.Compare(b.CreatedAt) })
	i := slices.IndexFunc(l.events, func(e provider.JobEvent) bool { return e.ID == known })
	return l.events[i+1:]
}
