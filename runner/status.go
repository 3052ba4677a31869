package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/result"
)

// A Status is how a pipeline stands, as far as that can be seen without a run.
type Status struct {
	Name      string          `json:"name"`
	Provider  result.Provider `json:"provider"`
	BaseModel string          `json:"base_model,omitempty"`
	Key       string          `json:"key,omitempty"` // the train key; empty: nothing is trained
	Stage     string          `json:"stage"`         // at which the next run goes on: train, wait or test
	State     string          `json:"state"`         // in a sentence
	Recorded  *RecordedJob    `json:"recorded"`      // by this machine; null: nothing is
	Job       *result.Job     `json:"job"`           // as the provider shows it; null: there is none, or it was not asked
	Model     string          `json:"fine_tuned_model,omitempty"`
	Asked     bool            `json:"provider_asked"`
	NotAsked  string          `json:"provider_not_asked,omitempty"` // why the provider did not say anything
}

// A RecordedJob is what the state folder says of a pipeline's job.
type RecordedJob struct {
	State string    `json:"state"` // intent, refused, created or cancelled
	JobID string    `json:"job_id,omitempty"`
	Time  time.Time `json:"time"`
}

// Look tells how a pipeline stands. It writes nothing. Where o.Trainer is nil the provider is not asked; where asking fails, the
// status tells what is known without it, and the error is why.
func Look(ctx context.Context, o Options) (*Status, error) {
	s := &Status{
		Name: o.Pipeline.Name, BaseModel: o.Pipeline.BaseModel, Stage: stageTest,
		Provider: result.Provider{Kind: o.Endpoint.Kind, BaseURL: o.Endpoint.BaseURL},
	}
	if o.Pipeline.Train.Off {
		s.Model, s.State = o.Pipeline.Test.Model, "train: off, so that there is nothing but the test"
		return s, nil
	}
	order, err := standing(ctx, o)
	if err != nil {
		return nil, err
	}
	s.Key = order.key
	if err := s.readRecord(order); err != nil {
		return nil, err
	}
	if o.Trainer != nil {
		err = s.ask(ctx, order)
	}
	return s, err
}

// readRecord takes in what this machine recorded, and what follows from it as long as the provider says nothing.
func (s *Status) readRecord(o order) error {
	s.Stage, s.State = stageTrain, "nothing is recorded here: a run looks for a job at the provider before it creates one"
	record, found := o.Ledger.Last(recordJob, o.key)
	if !found {
		return nil
	}
	known, err := o.recordedState()
	if err != nil {
		return err
	}
	s.Recorded = &RecordedJob{State: known.State, JobID: known.ID, Time: record.Time}
	switch known.State {
	case stateIntent:
		s.State = "a run was about to create the job, and what came of it is not recorded: the next run looks for it"
	case stateRefused:
		s.State = "the provider refused the job: the next run asks for it again"
	case stateCancelled:
		s.State = fmt.Sprintf("job %s was cancelled: the next run starts another", known.ID)
	case stateCreated:
		s.Stage, s.State = stageWait, fmt.Sprintf("job %s is created: the next run waits for it", known.ID)
	}
	return nil
}

// ask takes in what the provider says of the job.
func (s *Status) ask(ctx context.Context, o order) error {
	job, found, err := s.find(ctx, o)
	if err != nil {
		s.NotAsked = err.Error()
		return err
	}
	s.Asked = true
	if !found {
		return nil
	}
	o.noteJob(job, o.key)
	s.Job, s.Model = o.run.Job, job.FineTunedModel
	s.Stage, s.State = stageOf(job)
	return nil
}

// find returns the job that a run would take up, else the last one that there was.
func (s *Status) find(ctx context.Context, o order) (job provider.Job, found bool, err error) {
	if s.Recorded != nil && s.Recorded.State == stateCreated {
		job, err := o.Trainer.Job(ctx, s.Recorded.JobID)
		if isGone(err) {
			s.State = fmt.Sprintf("job %s is recorded, and the provider does not know it", s.Recorded.JobID)
			return provider.Job{}, false, nil
		}
		return job, err == nil, err
	}
	jobs, err := o.jobs(ctx)
	if err != nil || len(jobs) == 0 {
		return provider.Job{}, false, err
	}
	if job, found := oldestAlive(jobs); found {
		return job, true, nil
	}
	return slices.MaxFunc(jobs, byAge), true, nil
}

// stageOf tells where a run with this job goes on.
func stageOf(job provider.Job) (stage, state string) {
	switch {
	case job.Status == provider.StatusSucceeded:
		return stageTest, fmt.Sprintf("job %s succeeded: the next run tests its model", job.ID)
	case job.Status == provider.StatusCancelled:
		return stageTrain, fmt.Sprintf("job %s was cancelled", job.ID)
	case failedByService(job):
		return stageTrain, fmt.Sprintf("job %s failed by the service's fault and cost nothing: the next run may start another", job.ID)
	case job.Status == provider.StatusFailed:
		return stageWait, fmt.Sprintf("job %s failed: the same inputs are not trained again", job.ID)
	default:
		return stageWait, fmt.Sprintf("job %s is %s: the next run waits for it", job.ID, job.Status)
	}
}
