package result

import "time"

// An EventType says what an Event tells.
type EventType string

// The types of event, in the order in which a run emits them.
const (
	EventRunStarted    EventType = "run_started"
	EventStageStarted  EventType = "stage_started"
	EventStageFinished EventType = "stage_finished"
	EventNotice        EventType = "notice"    // something a person should read: Level and Message
	EventDataset       EventType = "dataset"   // what was prepared: Dataset
	EventJob           EventType = "job"       // the job's status changed, or a poll saw it unchanged: Job, Changed
	EventJobEvent      EventType = "job_event" // a line of the service's log: Level, Message
	EventRetry         EventType = "retry"     // a request is about to be sent again: Message
	EventCase          EventType = "case"      // a case is judged: Case, Done, Total
	EventThreshold     EventType = "threshold" // a threshold is judged: Threshold
	EventRunFinished   EventType = "run_finished"
)

// Levels of a notice or of a line of the service's log.
const (
	LevelInfo  = "info"
	LevelWarn  = "warn"
	LevelError = "error"
)

// An Event is something that happened in a run. The live view, the event file and the reports all read the same events; only
// the fields that its Type names are set.
type Event struct {
	Time       time.Time   `json:"time"`
	Type       EventType   `json:"type"`
	Stage      string      `json:"stage,omitempty"`
	Level      string      `json:"level,omitempty"`
	Message    string      `json:"message,omitempty"`
	Changed    bool        `json:"changed,omitempty"`
	Job        *Job        `json:"job,omitempty"`
	Dataset    *Dataset    `json:"dataset,omitempty"`
	Finished   *Stage      `json:"finished,omitempty"`
	Case       *Case       `json:"case,omitempty"`
	Done       int         `json:"done,omitempty"`
	Total      int         `json:"total,omitempty"`
	Threshold  *Threshold  `json:"threshold,omitempty"`
	Name       string      `json:"name,omitempty"`
	Provider   *Provider   `json:"provider,omitempty"`
	Model      string      `json:"model,omitempty"`
	Conclusion *Conclusion `json:"conclusion,omitempty"`
}
