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

// probe asks a model until it answers: services list a model before they serve it. Where it takes a person to deploy it first, nobody
// waits for that.
func (w *waiter) probe(ctx context.Context, model string) error {
	patience := probePatience
	way := w.profile.Deploy
	if model != w.job.FineTunedModel {
		way = "" // what test.model names is there, or about to be
	}
	if way != "" {
		patience = 0
	}
	start := time.Now()
	for delay := time.Second; ; delay = min(2*delay, pollMax) {
		_, err := w.Completer.Complete(ctx, provider.CompletionRequest{
			Model:               model,
			Messages:            []provider.Message{{Role: "user", Content: "ready?"}},
			MaxCompletionTokens: 1,
		})
		if err == nil || isKind(err, provider.KindInvalid) && !w.notReady(err) { // one that refuses the question as such is there to refuse it
			return nil
		}
		if ctx.Err() != nil || !w.notReady(err) {
			return err
		}
		if time.Since(start)+delay > patience {
			return silent(model, way, err)
		}
		w.emit(result.Event{Type: result.EventRetry, Stage: stageWait, Message: fmt.Sprintf("model is not ready: %v", err)})
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

// silent is the error for a model that does not answer; way is how it is deployed, where that is needed.
func silent(model, way string, err error) error {
	if way != "" {
		return &deployError{Model: model, Way: way, Err: err}
	}
	if !isKind(err, provider.KindNotFound) && !isKind(err, provider.KindConflict) {
		return err // the service has another trouble than this model
	}
	return &stuckError{
		Code:    "model_gone",
		Message: fmt.Sprintf("model %s does not answer", model),
		Way:     "run the same command again later; if the model was deleted, change train.seed to train again",
		Err:     err,
	}
}

// notReady reports whether a model may answer later.
func (w *waiter) notReady(err error) bool {
	var failure *provider.Error
	return errors.As(err, &failure) &&
		(failure.Temporary() || failure.Kind == provider.KindNotFound || failure.Kind == provider.KindConflict || w.profile.Deploy != "" && namesModel(err))
}

// namesModel reports whether a refusal is about the model: gateways say so with 400 where a model is not in their list.
func namesModel(err error) bool {
	var failure *provider.Error
	return errors.As(err, &failure) && failure.Kind == provider.KindInvalid &&
		(failure.Param == "model" || strings.Contains(strings.ToLower(failure.Code+" "+failure.Message), "model"))
}
