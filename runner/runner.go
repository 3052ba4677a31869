// Package runner runs the four stages of a pipeline, prepare, train, wait and test, hands typed values from one to the next, and
// judges the outcome.
//
// The order of the product is [run.stages]; each stage is a file. What happens is told as result.Events while it happens and kept
// in a result.Run, from which every report is drawn. A red gate is data; an error means that a stage could not do its work.
package runner

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"ftrun/runner/dataset"
	"ftrun/runner/gate"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// The stages, in order.
const (
	stagePrepare = "prepare"
	stageTrain   = "train"
	stageWait    = "wait"
	stageTest    = "test"
)

// Options are everything that a run needs.
type Options struct {
	Pipeline  *spec.Pipeline
	Endpoint  provider.Endpoint
	Trainer   provider.Trainer
	Completer provider.Completer
	Embedder  provider.Embedder // nil: the provider makes no embeddings
	Tested    *Service          // that the tested model is asked at; nil: the pipeline's provider
	Baseline  *Service          // the same for a baseline model
	Judge     *Service          // the same for the judge, and for embeddings
	Ledger    *ledger.Ledger
	StateDir  string             // prepared data and the answers of a run lie here
	Until     string             // the last stage to do: prepare, train or wait; empty: all
	Detach    bool               // stop once the job is created
	Fresh     bool               // ask every question again, whatever answers are kept
	Filter    string             // ID of a case, or tag:NAME: only these are asked, and nothing gates; empty: all
	Exec      Exec               // runs commands of graders; nil: they may not run
	Observe   func(result.Event) // called by one goroutine at a time; must not block
	Now       func() time.Time   // for time stamps in reports; waiting uses the real clock
}

// Exec runs a command of the user's with the input on its standard input, and returns what it wrote on its standard output.
type Exec func(ctx context.Context, command []string, input []byte) ([]byte, error)

// Run runs the pipeline and fills run, which the caller has begun with result.Begin. It always returns with a conclusion in it:
// what went wrong is told there. The caller closes run.Cases once the reports are written.
func Run(ctx context.Context, o Options, run *result.Run) {
	r := &runState{Options: o, run: run, tariff: tariff{kind: o.Endpoint.Kind, given: o.Pipeline.Prices}}
	run.Name = o.Pipeline.Name
	run.BaseModel = o.Pipeline.BaseModel
	run.Provider = result.Provider{Kind: o.Endpoint.Kind, BaseURL: o.Endpoint.BaseURL}
	run.Provenance.SpecSHA256 = o.Pipeline.SHA256
	run.Cost = r.tariff.begin()
	r.filter()
	r.emit(result.Event{Type: result.EventRunStarted, Name: run.Name, Provider: &run.Provider, Model: run.BaseModel})

	r.conclude(r.stages(ctx))

	r.fillSkippedStages()
	r.emit(result.Event{Type: result.EventRunFinished, Conclusion: &run.Conclusion})
}

// runState is one run under way.
type runState struct {
	Options
	run     *result.Run
	tariff  tariff
	verdict *gate.Judgement // of the test stage; nil: it was not reached
	doubt   error           // why the verdicts of the judge do not count; nil: they do

	contaminated []bool // by case: it stands in the training data; nil: nobody looked

	mu sync.Mutex // held while an event is handed on
}

// stages is the whole product: four stages, each handing what it made to the next.
func (r *runState) stages(ctx context.Context) error {
	r.warnOfSpec()
	if err := r.checkAllowed(); err != nil {
		return err
	}
	if err := r.checkTestingBudget(); err != nil {
		return err
	}
	if r.Filter == "" { // of a part of the cases an earlier run may well have none, and nothing is gated
		if err := CheckBaseline(r.Pipeline); err != nil {
			return err
		}
	}
	if r.Pipeline.Train.Off {
		return r.testOnly(ctx)
	}
	prepared, err := do(ctx, r, stagePrepare, func(ctx context.Context) (done[*dataset.Prepared], error) {
		search := newSearch(r.Pipeline)
		prepared, err := r.prepare(ctx, search)
		if err == nil {
			err = r.noteContaminated(search)
		}
		return prepared, err
	})
	if err != nil {
		return err
	}
	if r.Until == stagePrepare {
		return &stopped{After: stagePrepare}
	}
	order := r.order(prepared)
	job, err := do(ctx, r, stageTrain, func(ctx context.Context) (done[provider.Job], error) { return r.train(ctx, order, prepared) })
	if err != nil {
		return err
	}
	if r.Detach && r.Endpoint.Kind == provider.KindEmbedded && !job.Status.Terminal() {
		r.warn(stageTrain, "the embedded engine trains only while ftrun runs: the job goes on with the next run")
	}
	if r.Until == stageTrain || r.Detach {
		return &stopped{After: stageTrain, Detached: r.Detach, JobID: job.ID}
	}
	model, err := do(ctx, r, stageWait, func(ctx context.Context) (done[string], error) { return r.wait(ctx, order, job) })
	if err != nil {
		return err
	}
	if r.Until == stageWait {
		return &stopped{After: stageWait}
	}
	_, err = do(ctx, r, stageTest, func(ctx context.Context) (done[struct{}], error) { return r.test(ctx, model) })
	return err
}

// testOnly is the pipeline with train: off.
func (r *runState) testOnly(ctx context.Context) error {
	r.run.Cost.TrainingUSD = new(float64)
	_, err := do(ctx, r, stageTest, func(ctx context.Context) (done[struct{}], error) { return r.test(ctx, r.Pipeline.Test.Model) })
	return err
}

// done is what a stage hands on, and what there is to say of it.
type done[Out any] struct {
	Value  Out
	Status string // result.StageDone where empty
	Reason string
}

// do runs one stage: its events, its time, its place in the report and the name before its error are here and nowhere else.
func do[Out any](ctx context.Context, r *runState, name string, stage func(context.Context) (done[Out], error)) (Out, error) {
	r.emit(result.Event{Type: result.EventStageStarted, Stage: name})
	start := time.Now()
	outcome, err := stage(ctx)
	if cause := context.Cause(ctx); cause != nil && err != nil && !errors.Is(err, cause) {
		err = cause // whatever a stage made of it
	}
	s := result.Stage{Name: name, Status: outcome.Status, Seconds: time.Since(start).Seconds(), Reason: outcome.Reason}
	switch {
	case err != nil && resumable(err):
		s.Status, s.Reason = result.StageUnfinished, brief(err)
	case err != nil:
		s.Status, s.Reason = result.StageFailed, brief(err)
	case s.Status == "":
		s.Status = result.StageDone
	}
	r.run.Stages = append(r.run.Stages, s)
	r.emit(result.Event{Type: result.EventStageFinished, Stage: name, Finished: &s})
	if err != nil {
		return outcome.Value, &StageError{Stage: name, Err: err}
	}
	return outcome.Value, nil
}

// conclude says how the run ended. A certain gate failure stays one whatever else went wrong, short of being stopped.
func (r *runState) conclude(err error) {
	failed := r.verdict != nil && len(r.verdict.Failures) > 0
	switch {
	case err != nil && (!failed || resumable(err)):
		Conclude(r.run, err)
	case r.Filter != "":
		r.run.Conclusion = filteredConclusion(r.Filter, r.run.Summary)
	default:
		r.run.Conclusion = r.wayOut(r.verdict.Conclusion())
	}
}

// fillSkippedStages lists the stages that were not reached, so that a report always has all four.
func (r *runState) fillSkippedStages() {
	byName := map[string]result.Stage{}
	for _, s := range r.run.Stages {
		byName[s.Name] = s
	}
	all := make([]result.Stage, 0, 4)
	for _, name := range result.StageNames() {
		s, reached := byName[name]
		if !reached {
			s = result.Stage{Name: name, Status: result.StageSkipped, Reason: "not reached"}
			if r.Pipeline.Train.Off {
				s.Reason = "train: off"
			}
		}
		all = append(all, s)
	}
	r.run.Stages = all
}

// emit stamps an event and hands it on, one at a time.
func (r *runState) emit(e result.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Observe == nil {
		return
	}
	e.Time = r.Now()
	r.Observe(e)
}

// warn tells the user something that changes nothing about the outcome, live and in every report.
func (r *runState) warn(stage, message string) {
	r.run.Warnings = append(r.run.Warnings, message)
	r.emit(result.Event{Type: result.EventNotice, Stage: stage, Level: result.LevelWarn, Message: message})
}

func (r *runState) inform(stage, message string) {
	r.emit(result.Event{Type: result.EventNotice, Stage: stage, Level: result.LevelInfo, Message: message})
}

// preparedDir is where prepared data lies.
func (r *runState) preparedDir() string { return filepath.Join(r.StateDir, "prepared") }
