package runner

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"ftrun/runner/provider"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// checkLimits holds what is about to be sent against the provider's documented limits, before anything is sent.
func (t *trainer) checkLimits() error {
	var problems diag.List
	for _, file := range t.files() {
		if limit := t.profile.MaxFileBytes; limit > 0 && file.bytes > limit {
			problems = append(problems, t.tooLarge(*file, limit))
		}
	}
	if message, hint := methodProblem(t.Pipeline, t.Endpoint); message != "" {
		problems = append(problems, diag.Diagnostic{
			Pos: diag.Position{File: t.Pipeline.File}, Path: "train.method", Message: message, Hint: hint,
		})
	}
	if message := suffixProblem(t.Pipeline.Train.Suffix, t.profile); message != "" {
		problems = append(problems, diag.Diagnostic{Pos: diag.Position{File: t.Pipeline.File}, Path: "train.suffix", Message: message})
	}
	return problems.Err()
}

// tooLarge says that a file has more bytes than the provider takes.
func (t *trainer) tooLarge(file jobFile, limit int64) diag.Diagnostic {
	d := diag.Diagnostic{
		Pos: t.Pipeline.Dataset.Pos, Path: "dataset",
		Message: fmt.Sprintf("the %s file has %d bytes, and provider %q takes %d", file.role, file.bytes, t.profile.Kind, limit),
		Hint:    "train on fewer rows, or at another provider",
	}
	if file.role == roleValidation {
		d.Pos, d.Path, d.Hint = t.Pipeline.Dataset.Validation.Pos, "dataset.validation", "hold out fewer rows, or train at another provider"
	}
	return d
}

// methodProblem says why a method can't be asked for at an endpoint, and the way out, or nothing. What a service's documents leave open is
// for the service to say.
func methodProblem(p *spec.Pipeline, e provider.Endpoint) (message, hint string) {
	method := p.Train.Method
	switch {
	case method == spec.MethodSupervised:
		return "", ""
	case e.Wire == provider.WireHyperparameters:
		return fmt.Sprintf("provider %q is sent wire: %s, which has no place for the method %q", e.Kind, e.Wire, method),
			"train at a provider that takes a method (openai, azure, embedded), or set provider.wire: method if the service takes one all the same"
	case method == spec.MethodDPO && e.Profile().RefusesDPO(p.BaseModel):
		return fmt.Sprintf("provider %q documents no %s for base model %q", e.Kind, method, p.BaseModel),
			"choose a base model that it documents for the method, or train.method: supervised"
	default:
		return "", ""
	}
}

// suffixProblem says what is wrong with a suffix at a provider, or nothing.
func suffixProblem(suffix string, p provider.Profile) string {
	switch {
	case suffix == "" && p.NeedsSuffix:
		return fmt.Sprintf("missing, and provider %q takes no job without one", p.Kind)
	case p.MaxSuffix > 0 && len(suffix) > p.MaxSuffix:
		return fmt.Sprintf("%d characters, and provider %q takes %d", len(suffix), p.Kind, p.MaxSuffix)
	default:
		return ""
	}
}

// A modelInfo is what could be found out about the base model.
type modelInfo struct {
	known      bool
	shutdown   time.Time // zero: no date is known
	unreadable string    // what the provider says where a date should stand
	err        error     // of asking
}

// baseModel asks the provider about the base model.
func (t *trainer) baseModel(ctx context.Context) modelInfo {
	model, err := t.Trainer.Model(ctx, t.Pipeline.BaseModel)
	if err != nil {
		return modelInfo{err: err}
	}
	info := modelInfo{known: true, unreadable: model.ShutdownDate}
	if at, ok := readDate(model.ShutdownDate); ok {
		info.shutdown, info.unreadable = at, ""
	}
	if info.unreadable != "" {
		t.warn(stageTrain, fmt.Sprintf("the provider's shutdown date of %s can't be read: %q", t.Pipeline.BaseModel, info.unreadable))
	}
	return info
}

// readDate reads a day as the API's description has it, YYYY-MM-DD, or a time in one of the two forms that services use elsewhere.
func readDate(text string) (time.Time, bool) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, true
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC().Truncate(24 * time.Hour), true
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 && seconds < 1<<40 {
		return time.Unix(seconds, 0).UTC().Truncate(24 * time.Hour), true
	}
	return time.Time{}, false
}

// checkModel refuses to train a model that the provider does not have, or has no more. What the provider does not say is no obstacle:
// the answer to the job's creation says more.
func (t *trainer) checkModel(info modelInfo) error {
	base := t.Pipeline.BaseModel
	var failure *provider.Error
	switch {
	case info.known:
	case !errors.As(info.err, &failure):
		return info.err // the context's
	case failure.Kind == provider.KindAuth, failure.Kind == provider.KindUnreachable, failure.Kind == provider.KindNotEligible:
		return info.err
	case failure.Kind == provider.KindNotFound && t.profile.ModelsListed:
		return diag.List{{
			Pos: t.Pipeline.BaseModelPos, Path: "base_model",
			Message: fmt.Sprintf("provider %q has no model %q", t.profile.Kind, base),
			Hint:    "check the name, and that the key's project may use the model; the provider's list of models has the names",
		}}.Err()
	default:
		t.inform(stageTrain, fmt.Sprintf("the provider does not say whether it has %s, nor until when: %v", base, info.err))
		return nil
	}
	if days, dated := t.daysLeft(info); dated && days <= 0 {
		return &limitError{
			Code:    "model_shut_down",
			Message: fmt.Sprintf("base model %s %s", base, shutDown(days, info)),
			Way:     "choose another base_model; the old results can be compared with the new model's",
		}
	}
	t.warnOfShutdown(info)
	return nil
}

// shutdownNotice is how many days before a base model's end a run begins to say so.
const shutdownNotice = 90

// warnOfShutdown says so where the base model, and every model trained from it, has not long to live.
func (t *trainer) warnOfShutdown(info modelInfo) {
	days, dated := t.daysLeft(info)
	date := info.shutdown.Format(time.DateOnly)
	switch {
	case info.known && !dated && info.unreadable == "" && t.profile.Kind != provider.KindEmbedded:
		t.inform(stageTrain, fmt.Sprintf("shutdown date of %s: unknown, the provider names none", t.Pipeline.BaseModel))
	case !dated || days > shutdownNotice:
	case days <= 0:
		t.warn(stageTrain, fmt.Sprintf("base model %s %s: what was trained from it may answer no more", t.Pipeline.BaseModel, shutDown(days, info)))
	default:
		t.warn(stageTrain, fmt.Sprintf("base model %s shuts down on %s, in %s, with every model trained from it", t.Pipeline.BaseModel, date, countDays(days)))
	}
}

// shutDown says when a model that is no more was shut down.
func shutDown(days int, info modelInfo) string {
	if days == 0 {
		return "shuts down today, " + info.shutdown.Format(time.DateOnly)
	}
	return "was shut down on " + info.shutdown.Format(time.DateOnly)
}

// daysLeft returns how many days the base model still has: 0 on the day of its shutdown, fewer after it.
func (t *trainer) daysLeft(info modelInfo) (days int, dated bool) {
	if info.shutdown.IsZero() {
		return 0, false
	}
	today := t.Now().UTC().Truncate(24 * time.Hour)
	return int(info.shutdown.Sub(today) / (24 * time.Hour)), true
}

func countDays(n int) string {
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
