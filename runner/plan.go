package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
)

// PlanOptions are everything that a plan needs.
type PlanOptions struct {
	Options         // of the run; the ledger only for reading, and nil for a Trainer that is not to be asked. Completer is not used.
	NotAsked string // why the provider is not asked, where Trainer is nil
}

// Plan finds out what a run would do, and what it would cost. It writes nothing, and asks the provider only for what it lists. Problems
// in the data are its error, as is a provider that does not answer; an end that a run would come to is part of the plan.
func Plan(ctx context.Context, o PlanOptions) (*result.Plan, error) {
	p := &planner{
		runState: &runState{Options: o.Options, run: &result.Run{}, tariff: tariff{kind: o.Endpoint.Kind, given: o.Pipeline.Prices}},
		plan: &result.Plan{
			Schema: result.PlanFormat, Name: o.Pipeline.Name, Spec: o.Pipeline.File, BaseModel: o.Pipeline.BaseModel,
			Provider: result.Provider{Kind: o.Endpoint.Kind, BaseURL: o.Endpoint.BaseURL},
			Budget:   result.PlannedBudget{TrainingUSD: o.Pipeline.Budget.TrainingUSD, TestingUSD: o.Pipeline.Budget.TestingUSD},
		},
	}
	if o.Trainer == nil {
		p.plan.NotAsked = o.NotAsked
	}
	p.Observe = p.note
	if err := p.make(ctx); err != nil {
		return nil, err
	}
	p.plan.Warnings = append(p.plan.Warnings, p.run.Warnings...)
	return p.plan, nil
}

// A planner goes through the stages as a run does, and does nothing.
type planner struct {
	*runState
	plan *result.Plan
}

// note keeps what a run would tell beside its warnings.
func (p *planner) note(e result.Event) {
	if e.Type == result.EventNotice && e.Level == result.LevelInfo {
		p.plan.Notes = append(p.plan.Notes, e.Message)
	}
}

func (p *planner) make(ctx context.Context) error {
	if holder := ledger.Holder(p.StateDir); holder != "" {
		p.plan.Warnings = append(p.plan.Warnings, "another run is at work, and this plan may be out of date soon: "+holder)
	}
	p.warnOfSpec()
	if err := p.stopAt("", p.checkTestingBudget()); err != nil {
		return err
	}
	if err := CheckBaseline(p.Pipeline); err != nil {
		return err
	}
	if p.Pipeline.Train.Off {
		for _, name := range []string{stagePrepare, stageTrain, stageWait} {
			p.stage(result.PlannedStage{Name: name, Action: result.PlanSkip, Reason: "train: off"})
		}
		return p.planTest(testedModel{name: p.Pipeline.Test.Model, known: true})
	}
	search := newSearch(p.Pipeline)
	prepared, stage, err := p.planPrepare(ctx, search)
	if err != nil {
		return err
	}
	for _, w := range prepared.Warnings {
		p.warn(stagePrepare, w)
	}
	p.estimate(prepared)
	p.plan.Dataset = &prepared.Stats
	p.stage(stage)
	if err := p.noteContaminated(search); err != nil {
		return err
	}

	t := &trainer{order: p.order(prepared), prepared: prepared}
	p.plan.TrainKey = t.key
	found, err := p.planTrain(ctx, t)
	if err != nil {
		return err
	}
	model, err := p.planWait(ctx, t, found)
	if err != nil {
		return err
	}
	return p.planTest(model)
}

// planPrepare looks at what is prepared already, or reads the data.
func (p *planner) planPrepare(ctx context.Context, search *search) (*dataset.Prepared, result.PlannedStage, error) {
	stage := result.PlannedStage{Name: stagePrepare, Action: result.PlanReuse, Reason: reasonPrepared}
	prepared, before, err := p.lookPrepared(ctx, search)
	if !before {
		stage.Action, stage.Reason = result.PlanRun, "the data is not prepared yet, or not in this way"
	}
	return prepared, stage, err
}

// stage adds a stage, unless the run ends before it.
func (p *planner) stage(s result.PlannedStage) {
	if p.stopped() && p.plan.Stop.Stage != s.Name && s.Action != result.PlanSkip {
		s = result.PlannedStage{Name: s.Name, Action: result.PlanSkip, Reason: "a run ends before it"}
	}
	p.plan.Stages = append(p.plan.Stages, s)
}

// stopped reports whether the run has come to its end.
func (p *planner) stopped() bool { return p.plan.Stop != nil }

// stopAt takes in that a run would end at a stage. What is wrong with the input, or with asking, is returned: it ends the plan too.
func (p *planner) stopAt(stage string, err error) error {
	if err == nil || p.stopped() {
		return nil
	}
	var (
		limit  *limitError
		stuck  *stuckError
		job    *JobError
		deploy *deployError
	)
	if !errors.As(err, &limit) && !errors.As(err, &stuck) && !errors.As(err, &job) && !errors.As(err, &deploy) {
		return err
	}
	c := ConclusionOf(err)
	p.plan.Stop = &result.PlannedStop{Stage: stage, ExitCode: c.ExitCode, ReasonCode: c.ReasonCode, Reason: c.Reason, Hint: c.Hint}
	return nil
}

// A foundJob is what is known of the pipeline's job before a run.
type foundJob struct {
	action string       // of the train stage
	id     string       // empty: there is none, or it is not known
	job    provider.Job // as the provider shows it; zero where it was not asked
	record time.Time    // when it was recorded here; zero: it is not
	reason string
}

// planTrain finds the job that a run would go on with, or says what it would create.
func (p *planner) planTrain(ctx context.Context, t *trainer) (foundJob, error) {
	if err := t.checkLimits(); err != nil {
		return foundJob{}, err
	}
	q := p.quote(t.prepared)
	if !q.guessed || p.Endpoint.Kind != provider.KindEmbedded { // whose own choice of epochs is another than the usual one, and its tokens too
		p.plan.Training = &result.PlannedTraining{
			Epochs: q.epochs, EpochsGuessed: q.guessed, BilledTokens: t.prepared.Stats.Tokens * int64(q.epochs), USD: q.usd,
		}
	}
	p.plan.Cost.Note = p.tariff.note()
	p.plan.Cost.TrainingUSD = new(float64)
	if p.stopped() {
		p.stage(result.PlannedStage{Name: stageTrain})
		return foundJob{}, nil
	}
	found, err := p.find(ctx, t)
	if err != nil {
		return foundJob{}, err
	}
	s := result.PlannedStage{Name: stageTrain, Action: found.action, JobID: found.id, Reason: found.reason}
	if s.Action == result.PlanRun || s.Action == result.PlanUnknown && s.JobID == "" {
		s.Changes = p.changes(t.prepared)
		s.Reason = joinReasons(append(append([]string(nil), s.Changes...), found.reason))
	}
	p.stage(s)
	if err := p.askModel(ctx, t, found); err != nil {
		return foundJob{}, err
	}
	return found, p.priceTraining(t, found, q)
}

// find looks as a run does: for what is recorded, for what the provider lists, and only then for nothing.
func (p *planner) find(ctx context.Context, t *trainer) (foundJob, error) {
	known, err := t.state()
	if err != nil {
		return foundJob{}, err
	}
	if known.State == stateCreated {
		found, stands, err := p.recordedJob(ctx, t, known)
		if err != nil || stands {
			return found, err
		}
	}
	if p.Trainer == nil {
		return p.unasked(known.State), nil
	}
	job, listed, err := t.listed(ctx)
	if err != nil {
		return foundJob{}, err
	}
	if listed {
		reason := fmt.Sprintf("job %s at the provider, %s", job.ID, job.Status)
		return foundJob{action: result.PlanAdopt, id: job.ID, job: job, reason: reason}, nil
	}
	return foundJob{action: result.PlanRun, reason: notThere(known.State) + ", and the provider lists none"}, nil
}

// recordedJob tells how the job stands that this machine recorded; false: it does not count any more.
func (p *planner) recordedJob(ctx context.Context, t *trainer, known jobRecord) (found foundJob, stands bool, err error) {
	id := known.ID
	found = foundJob{action: result.PlanReuse, id: id}
	if record, ok := t.Ledger.Last(recordJob, t.key); ok {
		found.record = record.Time
	}
	found.reason = fmt.Sprintf("job %s of an earlier run, recorded %s", id, found.record.UTC().Format(time.DateOnly))
	if p.Trainer == nil {
		return found, true, nil
	}
	found.job, err = t.Trainer.Job(ctx, id) // once: a run asks for longer
	if err := t.checkRecorded(ctx, known, found.job, err); err != nil {
		found.action, found.reason = result.PlanUnknown, "the recorded job can't be taken up"
		return found, true, p.stopAt(stageTrain, err)
	}
	stands, err = t.stands(ctx, found.job)
	return found, stands, err
}

// notThere says why no job is recorded.
func notThere(state string) string {
	switch state {
	case stateIntent:
		return "the answer to an earlier creation is lost, so that a run looks for the job for a minute first"
	case stateRefused:
		return "an earlier creation was refused"
	case stateCancelled:
		return "the last job was cancelled"
	case stateCreated:
		return "the last job failed by the service's fault"
	default:
		return "no such job is recorded"
	}
}

// unasked is what can be said of a job that is not recorded where the provider is not asked. The embedded engine's jobs lie beside the
// records, so that it has none of which nothing is recorded.
func (p *planner) unasked(state string) foundJob {
	if p.Endpoint.Kind == provider.KindEmbedded && state != stateIntent {
		return foundJob{action: result.PlanRun, reason: notThere(state) + "; the embedded engine keeps its jobs in the state folder"}
	}
	reason := fmt.Sprintf("%s, and whether the provider has one is not known: %s", notThere(state), p.plan.NotAsked)
	return foundJob{action: result.PlanUnknown, reason: reason}
}

// askModel asks about the base model, and takes in why it could not be trained.
func (p *planner) askModel(ctx context.Context, t *trainer, found foundJob) error {
	if p.Trainer == nil || p.stopped() {
		return nil
	}
	info := t.baseModel(ctx)
	if !info.shutdown.IsZero() {
		p.plan.ShutdownDate = info.shutdown.Format(time.DateOnly)
	}
	if found.id != "" {
		t.warnOfShutdown(info)
		return nil
	}
	// In the order of a run: the budget is looked at first.
	if err := p.stopAt(stageTrain, t.checkTrainingBudget()); err != nil {
		return err
	}
	return p.stopAt(stageTrain, t.checkModel(info))
}

// priceTraining takes in what a run would pay for its job.
func (p *planner) priceTraining(t *trainer, found foundJob, q quote) error {
	if found.id != "" || p.stopped() {
		return nil
	}
	err := t.checkTrainingBudget()
	if err != nil && found.action == result.PlanUnknown { // it is refused only if there is no job yet
		p.warn(stageTrain, "a new job would be refused: "+err.Error())
		return nil
	}
	if err := p.stopAt(stageTrain, err); err != nil || p.stopped() {
		return err
	}
	p.plan.Cost.TrainingUSD = q.usd
	p.plan.Pays = p.plan.Pays || q.usd == nil || *q.usd > 0
	return nil
}

// A testedModel is the model that the cases are put to.
type testedModel struct {
	name  string // empty: it has none yet
	known bool   // whether it has one
}

// planWait tells what there is to wait for.
func (p *planner) planWait(ctx context.Context, t *trainer, found foundJob) (testedModel, error) {
	model := testedModel{name: p.Pipeline.Test.Model, known: p.Pipeline.Test.Model != "" || found.action == result.PlanRun}
	s := result.PlannedStage{Name: stageWait, Action: result.PlanRun, JobID: found.id}
	patience := fmt.Sprintf("for at most %s", shortly(p.Pipeline.Wait.Timeout))
	if t.profile.Deploy != "" && model.name == "" && !p.stopped() {
		p.warn(stageWait, "the model answers only once it is deployed, and until then a run ends with exit code 5: "+t.profile.Deploy)
	}
	switch {
	case p.stopped():
	case found.action == result.PlanUnknown:
		s.Action, s.Reason = result.PlanUnknown, "for a new job, or for the one that the provider has"
	case found.id == "":
		s.Reason = "for the new job, " + patience
	case p.Trainer == nil:
		s.Action, s.Reason = result.PlanUnknown, fmt.Sprintf("whether job %s has ended is not known: %s", found.id, p.plan.NotAsked)
	case !found.job.Status.Terminal():
		model.known = true
		s.Reason = fmt.Sprintf("job %s is %s: waiting %s", found.id, found.job.Status, patience)
	default:
		return p.endOf(ctx, t, found.job, model)
	}
	p.stage(s)
	return model, nil
}

// endOf tells what became of a job that has ended.
func (p *planner) endOf(ctx context.Context, t *trainer, job provider.Job, model testedModel) (testedModel, error) {
	model.name, model.known = cmp.Or(model.name, job.FineTunedModel), true
	s := result.PlannedStage{Name: stageWait, Action: result.PlanReuse, JobID: job.ID, Reason: fmt.Sprintf("job %s has %s", job.ID, job.Status)}
	if job.Status == provider.StatusSucceeded && model.name != "" {
		s.Reason = fmt.Sprintf("job %s has succeeded; model %s is asked once whether it answers", job.ID, model.name)
		p.plan.Pays = p.plan.Pays || !p.askedModels()[0].free()
	}
	p.stage(s)
	if job.Status == provider.StatusCancelled { // judgeEnd would record it
		return model, p.stopAt(stageWait, &JobError{ID: job.ID, Status: job.Status, Way: "the run after that starts a new job"})
	}
	return model, p.stopAt(stageWait, (&waiter{order: t.order, job: job}).judgeEnd(ctx))
}

// shortly returns a duration without the units that are 0.
func shortly(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	default:
		return d.String()
	}
}
