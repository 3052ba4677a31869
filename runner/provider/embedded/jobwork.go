package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// start sets somebody to work on a job, unless the server is closing.
func (s *Server) start(id string) {
	s.jobs.mu.Lock()
	defer s.jobs.mu.Unlock()
	j, err := s.jobs.find(id)
	if err != nil || s.work.Err() != nil {
		return
	}
	ctx, stop := context.WithCancelCause(s.work)
	j.stop = stop
	s.busy.Go(func() {
		defer stop(nil)
		s.finish(ctx, id, s.carryOut(ctx, id))
	})
}

// finish records how the work on a job ended, unless it was stopped: then whoever stopped it has recorded that, or the next start goes on.
func (s *Server) finish(ctx context.Context, id string, err error) {
	written := true
	if err != nil && ctx.Err() == nil {
		failure, ok := errors.AsType[*jobFailure](err)
		if !ok {
			failure = &jobFailure{Code: "server_error", Message: "The embedded engine could not do this: " + err.Error()}
		}
		if err = s.jobs.advance(ctx, id, func(r *record) { r.fail(failure, s.now()) }); err != nil {
			// The disk will not have it. Whoever waits for the job must not wait for ever; the next start tries again.
			s.jobs.show(ctx, id, func(j *job) { j.fail(failure, s.now()) })
			written = false
		}
	}
	if written { // else what the disk says of the job is unknown, and its record may own what was stored
		s.discard(id)
	}
	if err != nil {
		s.opts.Log(fmt.Sprintf("job %s left: %v", id, err))
	} else if rec, err := s.jobs.look(id); err == nil {
		s.opts.Log("job " + id + " " + rec.Job.Status)
	}
}

// discard removes what the training of a job that failed or was cancelled has stored. A job that is to go on stores it again.
func (s *Server) discard(id string) {
	rec, err := s.jobs.look(id)
	if err != nil || !terminal(rec.Job.Status) || rec.Job.Status == statusSucceeded {
		return
	}
	if err := s.sweep(func(blob string) bool { return strings.HasPrefix(path.Base(blob), id+".") }); err != nil {
		s.opts.Log(fmt.Sprintf("job %s leaves files behind: %v", id, err)) // until the next start
	}
}

// sweep removes the blobs of jobs, among those that are meant, that no record owns: the traces of a kill, or of a training without success.
func (s *Server) sweep(meant func(blob string) bool) error {
	owned := map[string]bool{}
	for _, rec := range s.jobs.all() {
		for _, blob := range rec.blobs() {
			owned[blob] = true
		}
	}
	for _, folder := range []string{modelsIn, resultsIn} {
		names, err := s.store.list(folder)
		if err != nil {
			return err
		}
		for _, name := range names {
			if owned[name] || !meant(name) {
				continue
			}
			if err := s.store.remove(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *record) fail(failure *jobFailure, now time.Time) {
	r.end(statusFailed, now)
	r.Job.Error = failure
	r.tell(now, "error", failure.Message)
}

func (r *record) end(status string, now time.Time) {
	at := now.Unix()
	r.Job.Status, r.Job.FinishedAt, r.Job.EstimatedFinish = status, &at, nil
}

// carryOut takes a job from wherever it stands to its end. After a kill, or a pause, it starts over: the outcome is the same.
func (s *Server) carryOut(ctx context.Context, id string) error {
	rec, err := s.jobs.look(id)
	if err != nil {
		return err
	}
	training, validation, err := s.readFiles(ctx, &rec.Job)
	if err != nil {
		return err
	}
	if rec.Job.Status == statusValidating {
		err := s.jobs.advance(ctx, id, func(r *record) {
			r.Job.Status = statusQueued
			r.tell(s.now(), "info", "Files validated, moving job to queued state")
		})
		if err != nil {
			return err
		}
	}
	if err := s.playStatuses(ctx, id, rec.Script); err != nil {
		return err
	}
	hyper := rec.Job.Method.settings().Hyperparameters.resolve(training.examples)
	if rec.Script.endsBadly() {
		if err := s.run(ctx, id, hyper); err != nil {
			return err
		}
		return s.playOutcome(ctx, id, &rec)
	}
	trained, err := s.trainJob(ctx, id, &rec, hyper, training.turns, validation.turns)
	if err != nil {
		return err
	}
	trained.tokens = training.tokens * int64(hyper.NEpochs.value)
	if err := s.playDuration(ctx, &rec); err != nil {
		return err
	}
	return s.succeed(ctx, id, trained)
}

// An outcome is what a training has left in the store.
type outcome struct {
	tokens      int64
	checkpoints []checkpointObject
	result      *fileNote
}

// run marks a job as running with these hyperparameters, and says so unless a training that was killed has said it before.
func (s *Server) run(ctx context.Context, id string, hyper hyperparameters) error {
	return s.jobs.advance(ctx, id, func(r *record) {
		if r.Job.Status != statusRunning {
			r.Job.Status = statusRunning
			r.tell(s.now(), "info", "Fine-tuning job started")
		}
		r.setMethod(r.Job.Method.with(hyper))
	})
}

// readFiles reads and checks the files of a job.
func (s *Server) readFiles(ctx context.Context, j *jobObject) (training, validation trainingData, err error) {
	training = trainingData{method: j.Method.Type, param: "training_file", code: codeInvalidTraining}
	if err = s.readFile(ctx, j.TrainingFile, &training); err != nil {
		return
	}
	if err = training.checkCount(); err != nil {
		return
	}
	if len(training.turns) == 0 {
		err = training.invalid([]string{"every message of the assistant has the weight 0"})
		return
	}
	if j.ValidationFile != nil {
		validation = trainingData{method: j.Method.Type, param: "validation_file", code: codeInvalidValidation}
		err = s.readFile(ctx, *j.ValidationFile, &validation)
	}
	return
}

func (s *Server) readFile(ctx context.Context, id string, data *trainingData) error {
	r, err := s.files.open(id)
	if errors.Is(err, fs.ErrNotExist) {
		return data.invalid([]string{"the file " + id + " was deleted"})
	}
	if err != nil {
		return err
	}
	defer r.Close()
	return data.read(ctx, r)
}

// trainJob trains when no other job does, for one training has all cores, and stores what comes of it.
func (s *Server) trainJob(ctx context.Context, id string, rec *record, hyper hyperparameters, turns, validation []turn) (outcome, error) {
	if err := s.training.Acquire(ctx, 1); err != nil {
		return outcome{}, err
	}
	defer s.training.Release(1)
	if err := s.run(ctx, id, hyper); err != nil {
		return outcome{}, err
	}
	base, err := s.baseOf(rec.Job.Model)
	if err != nil {
		return outcome{}, err
	}
	notes := &notebook{server: s, ctx: ctx, job: id, began: s.now()}
	m, err := train(ctx, lesson{
		turns: turns, validation: validation, base: base, seed: rec.Job.Seed,
		epochs: int(hyper.NEpochs.value), batch: int(hyper.BatchSize.value), rate: hyper.LearningRateMultiplier.value, beta: hyper.beta(),
	}, notes)
	if diverged, ok := errors.AsType[*divergedError](err); ok {
		return outcome{}, &jobFailure{Code: "training_diverged", Message: diverged.Error()}
	}
	if err != nil {
		return outcome{}, err
	}
	if err := s.store.put(modelName(id), m.write); err != nil {
		return outcome{}, fmt.Errorf("store model: %w", err)
	}
	notes.mark()
	result, err := s.storeResult(id, &notes.curve)
	return outcome{checkpoints: notes.checkpoints, result: result}, err
}

// succeed ends a job whose model, checkpoints and result file are stored: a job that has succeeded has them, whenever the process is killed.
func (s *Server) succeed(ctx context.Context, id string, o outcome) error {
	if o.result != nil {
		o.result.Seq = s.files.nextSeq()
		o.result.File.CreatedAt = s.now().Unix()
	}
	return s.jobs.advance(ctx, id, func(r *record) {
		name := tunedName(r)
		nameCheckpoints(o.checkpoints, name)
		r.end(statusSucceeded, s.now())
		r.Job.FineTunedModel, r.Job.TrainedTokens = &name, &o.tokens
		r.Checkpoints, r.Result = o.checkpoints, o.result
		if o.result != nil {
			r.Job.ResultFiles = []string{o.result.File.ID}
		}
		for _, c := range o.checkpoints {
			r.tell(s.now(), "info", fmt.Sprintf("Checkpoint created at step %d", c.StepNumber))
		}
		r.tell(s.now(), "info", "New fine-tuned model created")
		r.tell(s.now(), "info", "The job has successfully completed")
	})
}

// tunedName names the model of a job as the service does.
func tunedName(r *record) string {
	suffix := strings.Map(func(c rune) rune {
		if c == ':' || c == '/' || c <= ' ' {
			return '-'
		}
		return c
	}, deref(r.Job.UserProvidedSuffix))
	id := strings.ToLower(strings.TrimPrefix(r.Job.ID, "ftjob-"))
	return fmt.Sprintf("ft:%s:ftrun:%s:%s", r.Root, suffix, id[:8])
}

// publish shows about a hundred of the measurements of a training as events, among them the first, the last, and those with a validation.
func (s *Server) publish(ctx context.Context, id string, m measurement, began time.Time) {
	every := (m.steps + 99) / 100
	if m.step != 1 && m.step%every != 0 && m.step != m.steps && m.valid == nil {
		return
	}
	now := s.now()
	finish := now.Add(time.Duration(float64(now.Sub(began)) / float64(m.step) * float64(m.steps-m.step))).Unix()
	s.jobs.show(ctx, id, func(j *job) {
		j.addEvent(now, m.event())
		j.Job.EstimatedFinish = &finish
	})
}

// event is the measurement as the service words it.
func (m *measurement) event() eventObject {
	text := fmt.Sprintf("Step %d/%d: training loss=%.4f", m.step, m.steps, m.loss)
	if v := m.valid; v != nil && v.known > 0 {
		text += fmt.Sprintf(", full validation loss=%.4f", v.loss)
	}
	data := m.metrics()
	data["total_steps"] = m.steps
	return eventObject{Level: "info", Message: text, Type: "metrics", Data: data}
}

// metrics are the measurement under the service's names. A validation that has no loss, because the model can give none of the replies in
// the validation file, has no loss here either.
func (m *measurement) metrics() map[string]any {
	accuracy := m.accuracyName()
	data := m.losses()
	data["train_"+accuracy] = m.accuracy
	if v := m.valid; v != nil && v.measured {
		data["valid_"+accuracy], data["full_valid_"+accuracy] = v.accuracy, v.accuracy
	}
	return data
}

// losses are the metrics without the accuracies.
func (m *measurement) losses() map[string]any {
	data := map[string]any{"step": m.step, "train_loss": m.loss}
	if v := m.valid; v != nil && v.known > 0 {
		data["valid_loss"], data["full_valid_loss"] = v.loss, v.loss
	}
	return data
}

// checkpointMetrics are those that the description of checkpoints has a name for: of accuracies only that of tokens.
func (m *measurement) checkpointMetrics() map[string]any {
	if m.ofPairs {
		return m.losses()
	}
	return m.metrics()
}

// accuracyName is what the accuracy is called after train_ and valid_.
func (m *measurement) accuracyName() string {
	if m.ofPairs {
		return "accuracy"
	}
	return "mean_token_accuracy"
}
