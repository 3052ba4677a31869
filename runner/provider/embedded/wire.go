package embedded

import (
	"encoding/json"
	"fmt"
)

// The objects of the API, as they travel and, where they are state, as they lie on disk. The fields are those of the published
// description; "ftrun-embedded" and "org-ftrun-embedded" say wherever there is room that this is a stand-in.

const (
	owner        = "ftrun-embedded"
	organization = "org-ftrun-embedded"
	fingerprint  = "fp_ftrun_embedded"
)

type fileObject struct {
	ID        string `json:"id"`
	Object    string `json:"object"` // "file"
	Bytes     int64  `json:"bytes"`
	CreatedAt int64  `json:"created_at"`
	ExpiresAt *int64 `json:"expires_at,omitempty"`
	Filename  string `json:"filename"`
	Purpose   string `json:"purpose"`
	Status    string `json:"status"`

	StatusDetails string `json:"status_details,omitempty"`
}

// The statuses in which a file stays. A script may show others before.
const (
	fileProcessed = "processed"
	fileError     = "error"
)

func settled(status string) bool { return status == fileProcessed || status == fileError }

type filePage struct {
	Object  string       `json:"object"`
	Data    []fileObject `json:"data"`
	FirstID string       `json:"first_id"`
	LastID  string       `json:"last_id"`
	HasMore bool         `json:"has_more"`
}

type deletion struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

// The statuses of a job. A script may show others.
const (
	statusValidating = "validating_files"
	statusQueued     = "queued"
	statusRunning    = "running"
	statusPaused     = "paused"
	statusSucceeded  = "succeeded"
	statusFailed     = "failed"
	statusCancelled  = "cancelled"
)

func terminal(status string) bool {
	return status == statusSucceeded || status == statusFailed || status == statusCancelled
}

type jobObject struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"` // "fine_tuning.job"
	CreatedAt          int64             `json:"created_at"`
	FinishedAt         *int64            `json:"finished_at"`
	EstimatedFinish    *int64            `json:"estimated_finish"`
	Status             string            `json:"status"`
	Error              *jobFailure       `json:"error"`
	Model              string            `json:"model"`
	FineTunedModel     *string           `json:"fine_tuned_model"`
	OrganizationID     string            `json:"organization_id"`
	TrainingFile       string            `json:"training_file"`
	ValidationFile     *string           `json:"validation_file"`
	ResultFiles        []string          `json:"result_files"`
	TrainedTokens      *int64            `json:"trained_tokens"`
	Seed               int64             `json:"seed"`
	Hyperparameters    hyperparameters   `json:"hyperparameters"`
	Method             method            `json:"method"`
	Integrations       []json.RawMessage `json:"integrations"`
	Metadata           map[string]string `json:"metadata"`
	UserProvidedSuffix *string           `json:"user_provided_suffix"`
}

// A jobFailure is why a job failed; as an error, it ends the work on the job.
type jobFailure struct {
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Param   *string `json:"param"`
}

func (f *jobFailure) Error() string { return f.Message }

type hyperparameters struct {
	BatchSize              setting  `json:"batch_size"`
	LearningRateMultiplier setting  `json:"learning_rate_multiplier"`
	NEpochs                setting  `json:"n_epochs"`
	Beta                   *setting `json:"beta,omitempty"` // of the method dpo only
}

// The methods of training.
const (
	methodSupervised = "supervised"
	methodDPO        = "dpo"
)

type method struct {
	Type       string          `json:"type"`
	Supervised *methodSettings `json:"supervised,omitempty"`
	DPO        *methodSettings `json:"dpo,omitempty"`
}

type methodSettings struct {
	Hyperparameters hyperparameters `json:"hyperparameters"`
}

// A setting is a number or, as the zero value, "auto".
type setting struct {
	value float64
	set   bool
}

// MarshalJSON writes the number or "auto".
func (s setting) MarshalJSON() ([]byte, error) {
	if !s.set {
		return []byte(`"auto"`), nil
	}
	return json.Marshal(s.value)
}

// UnmarshalJSON reads a number, "auto" or null, which means auto.
func (s *setting) UnmarshalJSON(b []byte) error {
	*s = setting{}
	switch string(b) {
	case `"auto"`, `null`:
		return nil
	}
	if err := json.Unmarshal(b, &s.value); err != nil {
		return fmt.Errorf("%s is neither a number nor \"auto\"", b)
	}
	s.set = true
	return nil
}

type eventObject struct {
	ID        string         `json:"id"`
	Object    string         `json:"object"` // "fine_tuning.job.event"
	CreatedAt int64          `json:"created_at"`
	Level     string         `json:"level"`
	Message   string         `json:"message"`
	Type      string         `json:"type"` // "message" or "metrics"
	Data      map[string]any `json:"data"`
}

// page is a list without cursors of its own: the next page starts after the last element's id.
type page[T any] struct {
	Object  string `json:"object"` // "list"
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
}

type checkpointObject struct {
	ID              string         `json:"id"`
	Object          string         `json:"object"` // "fine_tuning.job.checkpoint"
	CreatedAt       int64          `json:"created_at"`
	Model           string         `json:"fine_tuned_model_checkpoint"`
	FineTuningJobID string         `json:"fine_tuning_job_id"`
	StepNumber      int            `json:"step_number"`
	Metrics         map[string]any `json:"metrics"`
}

type checkpointPage struct {
	Object  string             `json:"object"`
	Data    []checkpointObject `json:"data"`
	FirstID *string            `json:"first_id"`
	LastID  *string            `json:"last_id"`
	HasMore bool               `json:"has_more"`
}

type modelObject struct {
	ID           string  `json:"id"`
	Object       string  `json:"object"` // "model"
	Created      int64   `json:"created"`
	OwnedBy      string  `json:"owned_by"`
	ShutdownDate *string `json:"shutdown_date"`
}

type modelList struct {
	Object string        `json:"object"`
	Data   []modelObject `json:"data"`
}

// A reply is what the model learns to give: the text of an assistant's message, or the tools it calls.
type reply struct {
	Content   string          `json:"content"`
	ToolCalls json.RawMessage `json:"tool_calls,omitempty"`
}
