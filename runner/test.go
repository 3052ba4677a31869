package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"ftrun/runner/gate"
	"ftrun/runner/grade"
	"ftrun/runner/result"
	"ftrun/spec"
)

// test asks the model, and the baseline, every case, and judges.
func (r *runState) test(ctx context.Context, model string) (done[struct{}], error) {
	if err := os.MkdirAll(r.StateDir, 0o700); err != nil {
		return done[struct{}]{}, fmt.Errorf("state folder: %w", err)
	}
	spool, err := result.NewSpool(filepath.Join(r.StateDir, "answers.jsonl"))
	if err != nil {
		return done[struct{}]{}, fmt.Errorf("answers: %w", err)
	}
	r.run.Cases = spool
	kept, err := r.openAnswers(ctx)
	if err != nil {
		return done[struct{}]{}, err
	}
	e := r.examiner(model, spool, kept)
	if err := r.noteCaseFiles(ctx); err != nil {
		return done[struct{}]{}, errors.Join(err, kept.close(false))
	}
	r.noteServices(e)
	if e.baseline != nil && e.baseline.earlier != nil {
		e.baseline.earlier.tellGaps(r)
	}
	asked := e.askAll(ctx)
	thresholds := r.Pipeline.Thresholds
	if asked != nil && context.Cause(ctx) != nil {
		thresholds, asked = nil, &stoppedAsking{Kept: kept.held(), Err: asked} // of half the answers they would only say that half is missing
	}
	evidence := e.evidence()
	evidence.Aborted = asked != nil
	verdict := r.judge(thresholds, evidence)
	r.run.Cost.TestingUSD, r.run.Cost.JudgingUSD = e.purse.total(), e.judgingCost()
	decided := asked == nil && len(verdict.Undecided) == 0 && r.Filter == "" // a part of the cases is no reason to forget the answers to the rest
	return done[struct{}]{Reason: gate.CountCases(len(e.outcomes)) + kept.told()}, errors.Join(asked, kept.close(decided))
}

// examiner makes ready who is asked, by whom, and who grades.
func (r *runState) examiner(model string, spool *result.Spool, kept *answerStore) *examiner {
	cases := r.Pipeline.Test.Cases
	q := &inquiry{runState: r, kept: kept, purse: newPurse(r.Pipeline.Budget.TestingUSD), worth: newPurse(nil), pacers: map[string]*pacer{}}
	e := &examiner{
		inquiry:  q,
		tested:   respondent{model, q.asker(r.Tested)},
		baseline: q.baselineFor(r.Baseline),
		spool:    spool,
		nth:      nthOfItsKind(cases),
		graders:  namedGraders(r.Pipeline.Thresholds),
		outcomes: make([]gate.Outcome, len(cases)),
	}
	if e.baseline != nil {
		e.base = make([]gate.Outcome, len(cases))
	}
	j := q.judgeFor(r.Judge, model)
	e.grading = &grading{judge: j, services: grade.Services{Ask: j.ask, Embed: j.embed, Exec: r.Exec}}
	return e
}

// noteCaseFiles puts into the report which files the cases came from, as they are now.
func (r *runState) noteCaseFiles(ctx context.Context) error {
	r.run.Provenance.CaseFiles = nil
	for _, name := range r.Pipeline.Test.CaseFiles {
		sum, _, err := digest(ctx, r.Pipeline.Path(name))
		if err != nil {
			return fmt.Errorf("cases: %w", err)
		}
		r.run.Provenance.CaseFiles = append(r.run.Provenance.CaseFiles, result.FileDigest{Path: name, SHA256: sum})
	}
	return nil
}

// noteServices puts into the report who answers and who judges, where that is not the pipeline's provider alone.
func (r *runState) noteServices(e *examiner) {
	r.run.TestedProvider = r.elsewhere(r.Tested)
	models := r.graderModels()
	if len(models) == 0 {
		return
	}
	settings := e.grading.judge.settings
	r.run.Judge = &result.JudgedBy{Provider: r.elsewhere(r.Judge), Samples: max(settings.Samples, 1), Calibration: len(settings.Calibration)}
	for _, m := range models {
		r.run.Judge.Models = append(r.run.Judge.Models, m.name)
	}
}

// elsewhere is what the report says of a service; nil for the pipeline's own.
func (r *runState) elsewhere(s *Service) *result.Provider {
	if s == nil {
		return nil
	}
	return &result.Provider{Kind: s.Endpoint.Kind, BaseURL: s.Endpoint.BaseURL}
}

// askAll lets the judge show that it can be trusted, and then asks. Where no answer could be decided on, nobody is asked: the cases are in the
// report all the same, as skipped.
func (e *examiner) askAll(ctx context.Context) error {
	err := e.grading.judge.calibrate(ctx, e.grading.services)
	if e.run.Judge != nil {
		e.run.Judge.Calibrated = err == nil && e.doubt == nil
	}
	e.silent = err != nil || e.doubt != nil && !slices.ContainsFunc(e.Pipeline.Test.Cases, decidedWithoutJudge)
	asked := e.ask(ctx) // the cause where the run is over
	if err != nil && context.Cause(ctx) == nil {
		return errors.Join(err, asked)
	}
	return asked
}

// judgingCost is what the judge cost; nil: nobody knows, or nobody was asked.
func (e *examiner) judgingCost() *float64 {
	if !slices.ContainsFunc(e.Pipeline.Test.Cases, asksJudge) {
		return nil
	}
	return e.grading.judge.spent.total()
}

// decidedWithoutJudge reports whether a case may come out one way or the other though no judge can be trusted: where nothing that counts is a
// judge's, and where something else may fail it.
func decidedWithoutJudge(c spec.Case) bool {
	return len(c.Assertions) == 0 || slices.ContainsFunc(c.Assertions, func(a spec.Assertion) bool { return !a.Judge && a.Weight > 0 })
}

func asksJudge(c spec.Case) bool {
	return slices.ContainsFunc(c.Assertions, func(a spec.Assertion) bool { return a.Judge })
}

// evidence is what was found out.
func (e *examiner) evidence() gate.Evidence {
	ev := gate.Evidence{
		Cases: e.Pipeline.Test.Cases, Tested: e.outcomes, Curve: e.run.TrainingCurve, CostUSD: e.worth.total(),
		Baseline: gate.Baseline{Kind: spec.BaselineOff},
	}
	if e.baseline == nil {
		return ev
	}
	ev.Base, ev.Baseline = e.base, e.baseline.told
	if err := e.baseline.unavailable(); err != nil {
		ev.Base, ev.Baseline.Unavailable = nil, err.Error()
		e.warn(stageTest, "there is no baseline to compare with: "+err.Error())
	}
	return ev
}

// judge decides, and puts the decision into the report.
func (r *runState) judge(thresholds []spec.Threshold, e gate.Evidence) gate.Judgement {
	verdict := gate.Judge(r.Pipeline.Test, thresholds, e)
	r.verdict = &verdict
	r.summarizeClean(e)
	r.run.Summary, r.run.Comparison, r.run.Repeats, r.run.Flaky = verdict.Summary, verdict.Comparison, verdict.Repeats, verdict.Flaky
	r.run.Thresholds = verdict.Thresholds
	for _, t := range verdict.Thresholds {
		r.emit(result.Event{Type: result.EventThreshold, Stage: stageTest, Threshold: &t})
	}
	return verdict
}
