package embedded

import (
	"errors"
	"fmt"
	"net/http"
)

// A jobScript is what becomes of a job.
type jobScript struct {
	occasions
	Statuses      []shownStatus `json:"statuses,omitempty"`
	MinDuration   duration      `json:"min_duration,omitempty"`
	Outcome       string        `json:"outcome,omitempty"`
	Error         *jobFailure   `json:"error,omitempty"`
	TrainedTokens *int64        `json:"trained_tokens,omitempty"`
	NotReady      *notReady     `json:"model_not_ready,omitempty"`
}

// A fileScript is what becomes of an uploaded file.
type fileScript struct {
	occasions
	Statuses      []shownStatus `json:"statuses,omitempty"`
	Outcome       string        `json:"outcome,omitempty"`
	StatusDetails string        `json:"status_details,omitempty"`
}

// A shownStatus is a status that a job or a file shows on its way, until a client has asked for it that many times or for that long.
type shownStatus struct {
	Status string   `json:"status"`
	Polls  int      `json:"polls,omitempty"`
	For    duration `json:"for,omitempty"`
}

// notReady is how a finished model refuses its first calls.
type notReady struct {
	Calls  int    `json:"calls"`
	Status int    `json:"status"`
	Code   string `json:"code,omitempty"` // empty: model_not_ready
}

func (s *jobScript) check() error {
	if err := s.occasions.check(); err != nil {
		return err
	}
	if err := checkStatuses(s.Statuses, terminal); err != nil {
		return err
	}
	switch s.Outcome {
	case "", statusSucceeded:
		if s.Error != nil || s.TrainedTokens != nil {
			return errors.New("outcome: error and trained_tokens are for jobs that end badly")
		}
	case statusFailed:
		if s.Error == nil || s.Error.Code == "" || s.Error.Message == "" {
			return errors.New("error: a failed job needs a code and a message")
		}
	case statusCancelled:
		if s.Error != nil {
			return errors.New("error: a cancelled job has none")
		}
	default:
		return fmt.Errorf("outcome: %q is not one of succeeded, failed, cancelled", s.Outcome)
	}
	if s.TrainedTokens != nil && *s.TrainedTokens < 0 {
		return fmt.Errorf("trained_tokens: %d is negative", *s.TrainedTokens)
	}
	return s.NotReady.check(s.endsBadly())
}

func (s *fileScript) check() error {
	if err := s.occasions.check(); err != nil {
		return err
	}
	if err := checkStatuses(s.Statuses, settled); err != nil {
		return err
	}
	switch s.Outcome {
	case "", fileProcessed, fileError:
	default:
		return fmt.Errorf("outcome: %q is not one of processed, error", s.Outcome)
	}
	if s.StatusDetails != "" && s.Outcome != fileError {
		return errors.New("status_details: are for files whose outcome is error")
	}
	return nil
}

// checkStatuses checks what is shown on the way; last says which statuses are an end.
func checkStatuses(statuses []shownStatus, last func(string) bool) error {
	for i, s := range statuses {
		var err error
		switch {
		case s.Status == "" || last(s.Status):
			err = fmt.Errorf("status: %q is not a status on the way", s.Status)
		case s.Polls < 0:
			err = fmt.Errorf("polls: %d is negative", s.Polls)
		case (s.Polls == 0) == (s.For == 0):
			err = errors.New("polls: give either polls or for")
		}
		if err != nil {
			return fmt.Errorf("statuses[%d]: %w", i, err)
		}
	}
	return nil
}

func (n *notReady) check(noModel bool) error {
	switch {
	case n == nil:
		return nil
	case noModel:
		return errors.New("model_not_ready: such a job has no model")
	case n.Calls < 1:
		return fmt.Errorf("model_not_ready: calls: %d is less than 1", n.Calls)
	case n.Status < http.StatusBadRequest || n.Status > 599:
		return fmt.Errorf("model_not_ready: status: %d is not between 400 and 599", n.Status)
	}
	return nil
}

// endsBadly says whether the job is not to succeed; it is not trained then. A nil script is none.
func (s *jobScript) endsBadly() bool {
	return s != nil && (s.Outcome == statusFailed || s.Outcome == statusCancelled)
}
