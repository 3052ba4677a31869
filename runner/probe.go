package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/result"
)

// probePatience is how long a new model may stay silent.
const probePatience = 10 * time.Minute

// deployPatience is the same for a deployment that test.model names: a new one takes a while.
const deployPatience = 2 * time.Minute

// probe asks a model until it answers: services list a model before they serve it. Where it takes a person to deploy it first, nobody
// waits for that.
func (w *waiter) probe(ctx context.Context, model string) error {
	patience := w.probePatience(model)
	start := time.Now()
	for delay := time.Second; ; delay = min(2*delay, pollMax) {
		_, err := w.testedAt().Completer.Complete(ctx, provider.CompletionRequest{
			Model:               model,
			Messages:            []provider.Message{{Role: "user", Content: "ready?"}},
			MaxCompletionTokens: 1,
		})
		if err == nil || isKind(err, provider.KindInvalid) && !w.isAbsent(err) { // one that refuses the question as such is there to refuse it
			return nil
		}
		if ctx.Err() != nil || !w.isAbsent(err) && !isTemporary(err) {
			return err
		}
		if time.Since(start)+delay > patience {
			return w.silent(model, err)
		}
		w.emit(result.Event{Type: result.EventRetry, Stage: stageWait, Message: fmt.Sprintf("model is not ready: %v", err)})
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

func (w *waiter) probePatience(model string) time.Duration {
	switch {
	case w.profile.Deploy == "":
		return probePatience
	case model == w.job.FineTunedModel:
		return 0
	default:
		return deployPatience
	}
}

// silent is the error for a model that does not answer: the service's own where its trouble is another than this model.
func (w *waiter) silent(model string, err error) error {
	switch {
	case !w.isAbsent(err):
		return err
	case w.profile.Deploy != "" && model == w.job.FineTunedModel:
		return &deployError{Model: model, Way: w.profile.Deploy, Err: err}
	case w.profile.Deploy != "":
		return &deployError{Model: w.job.FineTunedModel, Way: fmt.Sprintf("nothing answers to test.model %q: check that name, and the deployment (%s)", model, w.profile.Deploy), Err: err}
	}
	stuck := &stuckError{
		Code:    "model_gone",
		Message: fmt.Sprintf("model %s does not answer", model),
		Way:     "run the same command again later; if the model was deleted, change train.seed to train again",
		Err:     err,
	}
	if model != w.job.FineTunedModel {
		stuck.Way = "check the name in test.model"
	}
	return stuck
}

// isAbsent reports whether an answer says that the model is not there, or not there yet.
func (w *waiter) isAbsent(err error) bool {
	return isKind(err, provider.KindNotFound) || isKind(err, provider.KindConflict) || w.profile.Deploy != "" && namesModel(err)
}

func isTemporary(err error) bool {
	var failure *provider.Error
	return errors.As(err, &failure) && failure.Temporary()
}

// namesModel reports whether a refusal is about the model: gateways say so with 400 where a model is not in their list.
func namesModel(err error) bool {
	var failure *provider.Error
	return errors.As(err, &failure) && failure.Kind == provider.KindInvalid &&
		(failure.Param == "model" || strings.Contains(strings.ToLower(failure.Code+" "+failure.Message), "model"))
}
