package result

import (
	_ "embed"
	"io"
	"slices"
)

// PlanFormat names the format of a plan.
const PlanFormat = "ftrun.plan/v1"

// The actions of a planned stage.
const (
	PlanRun     = "run"     // the stage does its work
	PlanReuse   = "reuse"   // what an earlier run recorded counts
	PlanAdopt   = "adopt"   // what is found at the provider counts
	PlanSkip    = "skip"    // the stage is not part of the pipeline, or the run ends before it
	PlanUnknown = "unknown" // only the provider knows, and it was not asked
)

// A Plan is what a run would do, and what it would cost. Making it costs nothing and changes nothing. Its JSON form is published;
// fields are added, never renamed.
type Plan struct {
	Schema        string           `json:"schema"`
	Name          string           `json:"name"`
	Spec          string           `json:"spec"` // the pipeline file
	Provider      Provider         `json:"provider"`
	BaseModel     string           `json:"base_model"`
	ShutdownDate  string           `json:"shutdown_date,omitempty"` // of the base model, YYYY-MM-DD; empty: the provider did not say
	Pays          bool             `json:"pays"`                    // the run would buy something, or may
	NotAsked      string           `json:"not_asked,omitempty"`     // why the provider was not asked; empty: it was
	TrainKey      string           `json:"train_key,omitempty"`
	Stages        []PlannedStage   `json:"stages"`
	Dataset       *Dataset         `json:"dataset,omitempty"`
	Contamination *Contamination   `json:"contamination,omitempty"` // nil: not looked for, or the data is not known
	Training      *PlannedTraining `json:"training,omitempty"`
	Testing       PlannedTesting   `json:"testing"`
	Cost          PlannedCost      `json:"cost"`
	Budget        PlannedBudget    `json:"budget"`
	Stop          *PlannedStop     `json:"stop,omitempty"` // nil: the run would come to a verdict, for all that is known
	Warnings      []string         `json:"warnings"`
	Notes         []string         `json:"notes"`
}

// A PlannedStage is what a run would do in one of prepare, train, wait, test.
type PlannedStage struct {
	Name    string   `json:"name"`
	Action  string   `json:"action"`
	Reason  string   `json:"reason"`
	Changes []string `json:"changes,omitempty"` // what is not as it was for the pipeline's last job, a sentence each
	JobID   string   `json:"job_id,omitempty"`
}

// PlannedTraining is the size and the price of the pipeline's job, whoever pays for it.
type PlannedTraining struct {
	Epochs        int      `json:"epochs"`
	EpochsGuessed bool     `json:"epochs_guessed"` // the service chooses them: this is its usual choice
	BilledTokens  int64    `json:"billed_tokens"`  // of the training examples, once per epoch
	USD           *float64 `json:"usd"`            // null: the price is not known
}

// PlannedTesting counts questions: each case is put to each model.
type PlannedTesting struct {
	Cases           int      `json:"cases"`
	Models          []string `json:"models"` // the tested one first; empty: it has no name yet
	Questions       int      `json:"questions"`
	Kept            *int     `json:"kept"`              // answers that are there already; null: not known
	Asked           int      `json:"asked"`             // questions at most
	InputTokens     int64    `json:"input_tokens"`      // of these questions, at most
	MaxOutputTokens *int64   `json:"max_output_tokens"` // of their answers; null: no bound is set

	Judge *PlannedJudge `json:"judge,omitempty"` // nil: no model judges answers
}

// A PlannedJudge is what the model is asked that judges answers, besides the questions of the cases.
type PlannedJudge struct {
	Model     string `json:"model"`
	Questions int    `json:"questions"` // at most, those that calibrate it among them
}

// A PlannedCost is what the run would pay itself, in USD. A null is unknown, which is never 0.
type PlannedCost struct {
	TrainingUSD     *float64 `json:"training_usd"`
	TestingUSD      *float64 `json:"testing_usd"`       // at most
	TestingInputUSD *float64 `json:"testing_input_usd"` // the part of it that the questions are
	Note            string   `json:"note"`              // where the prices come from
}

// A PlannedBudget is what the spec allows, in USD. A null is no limit.
type PlannedBudget struct {
	TrainingUSD *float64 `json:"training_usd"`
	TestingUSD  *float64 `json:"testing_usd"`
}

// A PlannedStop is the end that the run would come to before its verdict.
type PlannedStop struct {
	Stage      string `json:"stage,omitempty"` // empty: before the first one
	ExitCode   int    `json:"exit_code"`
	ReasonCode string `json:"reason_code"`
	Reason     string `json:"reason"`
	Hint       string `json:"hint,omitempty"`
}

// WritePlan writes p as JSON.
func WritePlan(w io.Writer, p *Plan) error {
	out := *p
	out.Schema = PlanFormat
	if out.Dataset != nil {
		out.Dataset = new(tidyDataset(*out.Dataset))
	}
	if out.Contamination != nil {
		out.Contamination = new(tidyContamination(*out.Contamination))
	}
	out.Stages, out.Warnings, out.Notes = list(out.Stages), list(out.Warnings), list(out.Notes)
	out.Testing.Models = list(out.Testing.Models)
	data, err := encode(out, "")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

//go:embed plan.schema.json
var planSchema []byte

// PlanSchema returns the JSON Schema of a plan.
func PlanSchema() []byte { return slices.Clone(planSchema) }
