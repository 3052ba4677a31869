package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// ErrInterrupted is the cause that a caller cancels a run's context with when the user, or the system, asks it to stop.
var ErrInterrupted = errors.New("interrupted")

// A StageError names the stage that an error comes from.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return e.Stage + ": " + e.Err.Error() }

// Unwrap returns the stage's own error.
func (e *StageError) Unwrap() error { return e.Err }

// A JobError says that the training job ended badly at the provider.
type JobError struct {
	ID     string
	Status provider.Status
	Reason *provider.JobFailure // nil: the service gave none
	Way    string
}

func (e *JobError) Error() string {
	if e.Reason == nil {
		return fmt.Sprintf("job %s %s, and the provider gave no reason", e.ID, e.Status)
	}
	text := fmt.Sprintf("job %s %s: ", e.ID, e.Status)
	if e.Reason.Code != "" {
		text += e.Reason.Code + ": "
	}
	return text + e.Reason.Message
}

// Hint returns the way out.
func (e *JobError) Hint() string { return e.Way }

// A stuckError is a state that only the user can resolve: going on by itself might pay twice.
type stuckError struct {
	Code    string
	Message string
	Way     string
	Err     error
}

func (e *stuckError) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

func (e *stuckError) Unwrap() error { return e.Err }
func (e *stuckError) Hint() string  { return e.Way }

// A limitError says that the run stopped at a limit before it cost anything more.
type limitError struct {
	Code    string
	Message string
	Way     string
}

func (e *limitError) Error() string { return e.Message }

// Hint returns the way out.
func (e *limitError) Hint() string { return e.Way }

// A deployError says that the model is trained, and answers only once it is deployed.
type deployError struct {
	Model string
	Way   string
	Err   error // what asking it met; nil: the service named no model to ask
}

func (e *deployError) Error() string {
	text := fmt.Sprintf("model %s is trained and waits for its deployment", e.Model)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns what asking the model met.
func (e *deployError) Unwrap() error { return e.Err }

// Hint returns the way on.
func (e *deployError) Hint() string {
	return e.Way + "; then run the same command again: nothing is trained twice"
}

// A timeoutError says that wait.timeout passed, and what became of the job.
type timeoutError struct {
	After     time.Duration
	JobID     string
	Status    provider.Status
	Cancelled bool
	Failed    error // to cancel, where the spec asks for it
}

func (e *timeoutError) Error() string {
	text := fmt.Sprintf("job %s still %s after %v", e.JobID, e.Status, e.After)
	if e.Cancelled {
		text = fmt.Sprintf("job %s not finished after %v: cancelled, as wait.on_timeout says", e.JobID, e.After)
	}
	return text + notCancelled(e.Failed)
}

// Hint returns the way on.
func (e *timeoutError) Hint() string { return wayOn(e.Cancelled) }

// An interruptError says that the user, or the system, ended the waiting, and what became of the job.
type interruptError struct {
	JobID     string
	Cancelled bool
	Failed    error // to cancel, where the spec asks for it
	Err       error
}

func (e *interruptError) Error() string {
	text := e.Err.Error()
	if e.Cancelled {
		text += fmt.Sprintf(": job %s cancelled, as wait.on_interrupt says", e.JobID)
	}
	return text + notCancelled(e.Failed)
}

// Unwrap returns what ended the waiting.
func (e *interruptError) Unwrap() error { return e.Err }

// Hint returns the way on.
func (e *interruptError) Hint() string { return wayOn(e.Cancelled) }

// A stoppedAsking says that the user, or the system, ended the test stage, and what is not lost.
type stoppedAsking struct {
	Kept int64 // answers
	Err  error
}

func (e *stoppedAsking) Error() string {
	if e.Kept == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v: %d answers are kept", e.Err, e.Kept)
}

// Unwrap returns what ended the asking.
func (e *stoppedAsking) Unwrap() error { return e.Err }

func notCancelled(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf("; it could not be cancelled: %v", err)
}

func wayOn(cancelled bool) string {
	if cancelled {
		return "run the same command again to start a new job"
	}
	return "the job goes on at the provider: run the same command again to go on waiting"
}

// stopped says that the run did what was asked of it and no more.
type stopped struct {
	After    string
	Detached bool
	JobID    string
}

func (e *stopped) Error() string {
	if e.JobID == "" {
		return "stopped after " + e.After
	}
	return fmt.Sprintf("stopped after %s: job %s", e.After, e.JobID)
}

// resumable reports whether the same command goes on where this run stopped.
func resumable(err error) bool {
	var (
		timeout *timeoutError
		deploy  *deployError
	)
	return errors.Is(err, ErrInterrupted) || errors.Is(err, context.Canceled) || errors.As(err, &timeout) || errors.As(err, &deploy)
}

// hinted is an error that knows the way out.
type hinted interface {
	error
	Hint() string
}

// Conclude puts what an error means into a run: its conclusion, and the problems where the input was at fault.
func Conclude(run *result.Run, err error) {
	run.Conclusion = ConclusionOf(err)
	var problems diag.List
	if !errors.As(err, &problems) {
		return
	}
	for _, d := range problems {
		run.Problems = append(run.Problems, result.Problem{
			Severity: d.Severity.String(), Kind: d.Kind,
			File: d.Pos.File, Line: d.Pos.Line, Col: d.Pos.Col, Path: d.Path, Message: d.Message, Hint: d.Hint,
		})
	}
}

// brief is an error's text in one line: of many problems, how many and the first, where the error itself does not sum them up.
func brief(err error) string {
	var problems diag.List
	if _, ok := errors.AsType[*contaminatedError](err); ok || !errors.As(err, &problems) {
		return err.Error()
	}
	problems = slices.DeleteFunc(slices.Clone(problems), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
	if len(problems) == 1 {
		return problems[0].String()
	}
	return fmt.Sprintf("%d problems in the input, the first: %s", len(problems), problems[0])
}

// ConclusionOf maps an error to what a run concluded from it. It is the one place that knows the exit code of an error.
func ConclusionOf(err error) result.Conclusion {
	c := conclusionOf(err)
	c.Reason = brief(err)
	var h hinted
	if c.Hint == "" && errors.As(err, &h) {
		c.Hint = h.Hint()
	}
	return c
}

func conclusionOf(err error) result.Conclusion {
	if resumable(err) {
		return resumableConclusion(err)
	}
	var (
		stop    *stopped
		job     *JobError
		stuck   *stuckError
		limit   *limitError
		copied  *contaminatedError
		list    diag.List
		config  *provider.ConfigError
		service *provider.Error
	)
	switch {
	case errors.As(err, &stop):
		return stopConclusion(stop)
	case errors.As(err, &job):
		return result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitJob, ReasonCode: "job_" + string(job.Status)}
	case errors.As(err, &stuck):
		return result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: stuck.Code}
	case errors.As(err, &limit):
		return result.Conclusion{Verdict: result.VerdictRefused, ExitCode: result.ExitRefused, ReasonCode: limit.Code}
	case errors.As(err, &copied):
		return result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUsage, ReasonCode: "contaminated"}
	case errors.As(err, &list):
		return result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUsage, ReasonCode: "invalid_input"}
	case errors.As(err, &config):
		return configConclusion(config)
	case errors.As(err, &service):
		return serviceConclusion(service)
	default:
		return result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: "local_failure"}
	}
}

func resumableConclusion(err error) result.Conclusion {
	var timeout *timeoutError
	if errors.As(err, &timeout) {
		return result.Conclusion{Verdict: result.VerdictUnfinished, ExitCode: result.ExitResumable, ReasonCode: "wait_timeout"}
	}
	if _, ok := errors.AsType[*deployError](err); ok {
		return result.Conclusion{Verdict: result.VerdictUnfinished, ExitCode: result.ExitResumable, ReasonCode: "needs_deployment"}
	}
	c := result.Conclusion{Verdict: result.VerdictUnfinished, ExitCode: result.ExitInterrupted, ReasonCode: "interrupted"}
	if _, ok := errors.AsType[hinted](err); !ok {
		c.Hint = "run the same command again to go on: no job is paid for twice"
	}
	return c
}

func stopConclusion(s *stopped) result.Conclusion {
	if s.Detached {
		return result.Conclusion{
			Verdict: result.VerdictUnfinished, ExitCode: result.ExitResumable, ReasonCode: "detached",
			Hint: "run the same command without --detach to wait for the job and test the model",
		}
	}
	return result.Conclusion{Verdict: result.VerdictUnfinished, ExitCode: result.ExitPass, ReasonCode: "until_" + s.After}
}

func configConclusion(e *provider.ConfigError) result.Conclusion {
	exit := result.ExitUsage
	if e.Code == provider.CodeNoKey || e.Code == provider.CodeBadKey {
		exit = result.ExitUnknown
	}
	return result.Conclusion{Verdict: result.VerdictError, ExitCode: exit, ReasonCode: e.Code}
}

func serviceConclusion(e *provider.Error) result.Conclusion {
	c := result.Conclusion{Verdict: result.VerdictError, ExitCode: result.ExitUnknown}
	switch e.Kind {
	case provider.KindNotEligible:
		c.Verdict, c.ExitCode, c.ReasonCode = result.VerdictRefused, result.ExitRefused, "training_not_available"
	case provider.KindAuth:
		c.ReasonCode = "key_refused"
	case provider.KindForbidden:
		c.ReasonCode = "forbidden"
	case provider.KindQuota:
		c.ReasonCode = "quota_exceeded"
	case provider.KindRateLimited:
		c.ReasonCode = "rate_limited"
	case provider.KindUnreachable:
		c.ReasonCode = "unreachable"
	case provider.KindInvalid, provider.KindNotFound, provider.KindConflict:
		c.ReasonCode = "request_refused"
	default:
		c.ReasonCode = "service_failed"
	}
	return c
}
