package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A record is what is kept of a job. It is written whole at every change of status; the events of a training that was killed are lost with
// it and come again, with the same ids, when the training does.
type record struct {
	Seq      int64         `json:"seq"` // jobs created within one second are listed in the order in which they came
	Job      jobObject     `json:"job"`
	Root     string        `json:"root"` // the untuned model at the bottom
	Events   []eventObject `json:"events"`
	Created  time.Time     `json:"created"`
	Listable time.Time     `json:"listable"`
	Script   *jobScript    `json:"script,omitempty"`
	Paused   bool          `json:"paused,omitempty"` // by a client, not by a script
	Deleted  bool          `json:"model_deleted,omitempty"`

	// Of a job that has succeeded. They stand in the record so that they and the success are written at once.
	Checkpoints []checkpointObject `json:"checkpoints,omitempty"` // those whose model is not deleted, oldest first
	Result      *fileNote          `json:"result,omitempty"`      // nil: there is none, or it is deleted
}

// blobs returns the names of the blobs that belong to the record, besides its own.
func (r *record) blobs() []string {
	var names []string
	for _, t := range r.tuned() {
		names = append(names, t.blob)
	}
	if r.Result != nil {
		names = append(names, resultName(r.Job.ID))
	}
	return names
}

// A job is a record in use.
type job struct {
	record
	stop   context.CancelCauseFunc // ends the work on the job; nil while nobody works on it
	polls  int                     // how often clients have looked at the job
	polled chan struct{}           // closed, and replaced, whenever one does
	refuse int                     // how many more calls its model refuses as not ready
}

// A board keeps the jobs.
type board struct {
	store store
	now   func() time.Time

	mu   sync.Mutex
	jobs []*job // in the order of creation
	last int64  // the last Seq given
}

var errNoJob = errors.New("no such job")

// Every blob that belongs to a job has a name of the form FOLDER/ID.KIND.
func recordName(id string) string { return jobsIn + "/" + id + noteSuffix }
func modelName(id string) string  { return modelsIn + "/" + id + ".model" }

func openBoard(st store, now func() time.Time) (*board, error) {
	names, err := st.list(jobsIn)
	if err != nil {
		return nil, err
	}
	b := &board{store: st, now: now}
	for _, name := range names {
		j := newJob(record{})
		if err := readNote(st, name, &j.record); err != nil {
			return nil, err
		}
		b.jobs = append(b.jobs, j)
		b.last = max(b.last, j.Seq)
	}
	slices.SortFunc(b.jobs, func(x, y *job) int { return int(x.Seq - y.Seq) })
	return b, nil
}

func newJob(r record) *job {
	j := &job{record: r, polled: make(chan struct{})}
	if r.Script != nil && r.Script.NotReady != nil {
		j.refuse = r.Script.NotReady.Calls
	}
	return j
}

// add makes a new job durable, and then visible.
func (b *board) add(r record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Seq = b.last + 1
	if err := writeNote(b.store, recordName(r.Job.ID), r); err != nil {
		return fmt.Errorf("store job %s: %w", r.Job.ID, err)
	}
	b.last++
	b.jobs = append(b.jobs, newJob(r))
	return nil
}

// find returns the job of that id; the caller holds b.mu.
func (b *board) find(id string) (*job, error) {
	for _, j := range b.jobs {
		if j.Job.ID == id {
			return j, nil
		}
	}
	return nil, errNoJob
}

// look returns a copy of a job's record, for a client.
func (b *board) look(id string) (record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.find(id)
	if err != nil {
		return record{}, err
	}
	return j.snapshot(), nil
}

// poll is look for a client that waits for the job: a script may count on being seen.
func (b *board) poll(id string) (record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.find(id)
	if err != nil {
		return record{}, err
	}
	j.polls++
	close(j.polled)
	j.polled = make(chan struct{})
	return j.snapshot(), nil
}

// snapshot copies the record. What its pointers and slices lead to is only ever replaced or appended to, never changed in place; so that an
// append to the copy can't reach the original either, there is no room behind its events.
func (j *job) snapshot() record {
	r := j.record
	r.Events = slices.Clip(r.Events)
	return r
}

// listed returns the jobs that are listable by now and of which keep holds, newest first.
func (b *board) listed(keep func(*jobObject) bool) []jobObject {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []jobObject
	now := b.now()
	for _, j := range slices.Backward(b.jobs) {
		if !now.Before(j.Listable) && keep(&j.Job) {
			out = append(out, j.Job)
		}
	}
	return out
}

// all returns every record, oldest first.
func (b *board) all() []record {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []record
	for _, j := range b.jobs {
		out = append(out, j.snapshot())
	}
	return out
}

// unfinished returns the ids of the jobs that wait for work, oldest first.
func (b *board) unfinished() []string {
	var ids []string
	for _, r := range b.all() {
		if !terminal(r.Job.Status) && !r.Paused {
			ids = append(ids, r.Job.ID)
		}
	}
	return ids
}

// change applies a change to a job's record and makes it durable. Where change fails or the record can't be written, the job stays as it
// was.
func (b *board) change(id string, change func(*job) error) (record, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	j, err := b.find(id)
	if err != nil {
		return record{}, err
	}
	before := j.record
	if err := change(j); err != nil {
		j.record = before
		return record{}, err
	}
	if err := writeNote(b.store, recordName(id), j.record); err != nil {
		j.record = before
		return record{}, fmt.Errorf("store job %s: %w", id, err)
	}
	return j.snapshot(), nil
}

// errStopped ends work on a job that a client has cancelled or paused, or whose server is closing.
var errStopped = errors.New("work on the job was stopped")

// advance is change for whoever works on the job. The work has no say any more once ctx has ended.
func (b *board) advance(ctx context.Context, id string, change func(*record)) error {
	_, err := b.change(id, func(j *job) error {
		if ctx.Err() != nil {
			return errStopped
		}
		change(&j.record)
		return nil
	})
	return err
}

// show is advance for what is worth showing but not worth writing down.
func (b *board) show(ctx context.Context, id string, change func(*job)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if j, err := b.find(id); err == nil && ctx.Err() == nil {
		change(j)
	}
}

// tell adds an event to the record. Its id follows from its place, so that a training that is repeated repeats its events' ids.
func (r *record) tell(now time.Time, level, message string) {
	r.addEvent(now, eventObject{Level: level, Message: message, Type: "message", Data: map[string]any{}})
}

func (r *record) addEvent(now time.Time, e eventObject) {
	e.ID = fmt.Sprintf("ftevent-%s-%05d", strings.TrimPrefix(r.Job.ID, "ftjob-"), len(r.Events)+1)
	e.Object = "fine_tuning.job.event"
	e.CreatedAt = now.Unix()
	r.Events = append(r.Events, e)
}
