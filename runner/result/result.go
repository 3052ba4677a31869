// Package result is what happened in a run: the data that every report is drawn from, and the events while it happens.
//
// The JSON form of a [Run] is the published format "ftrun.results/v1"; fields are added, never renamed.
package result

import (
	"encoding/json"
	"time"
)

// Schema names the format of results.json.
const Schema = "ftrun.results/v1"

// A Verdict is what a run concluded.
type Verdict string

// The verdicts, each with the exit codes it goes with.
const (
	VerdictPass       Verdict = "pass"       // 0
	VerdictFail       Verdict = "fail"       // 1: the model is not good enough
	VerdictError      Verdict = "error"      // 2, 3 or 4: could not find out
	VerdictUnfinished Verdict = "unfinished" // 0, 5 or 130: the same command goes on
	VerdictRefused    Verdict = "refused"    // 6: stopped at a limit
)

// The exit codes.
const (
	ExitPass        = 0
	ExitFail        = 1
	ExitUsage       = 2
	ExitUnknown     = 3
	ExitJob         = 4
	ExitResumable   = 5
	ExitRefused     = 6
	ExitInterrupted = 130
)

// A Conclusion says how a run ended: for the shell, for scripts, and for people.
type Conclusion struct {
	Verdict    Verdict `json:"verdict"`
	ExitCode   int     `json:"exit_code"`
	ReasonCode string  `json:"reason_code"`    // stable, snake_case
	Reason     string  `json:"reason"`         // one sentence
	Hint       string  `json:"hint,omitempty"` // the way out or on
}

// A Run is everything a report may show. The cases are streamed from Cases and not held here.
type Run struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Conclusion
	Provider       Provider     `json:"provider"`
	BaseModel      string       `json:"base_model"`
	FineTunedModel string       `json:"fine_tuned_model,omitempty"`
	TestedModel    string       `json:"tested_model,omitempty"` // where the spec names another than the fine-tuned one
	Job            *Job         `json:"job,omitempty"`
	Dataset        *Dataset     `json:"dataset,omitempty"`
	Stages         []Stage      `json:"stages"`
	Summary        Summary      `json:"summary"`
	Thresholds     []Threshold  `json:"thresholds"`
	Comparison     *Comparison  `json:"comparison,omitempty"`
	Cost           Cost         `json:"cost"`
	TrainingCurve  []CurvePoint `json:"training_curve"`
	Warnings       []string     `json:"warnings"`
	Problems       []Problem    `json:"problems,omitempty"`
	Provenance     Provenance   `json:"provenance"`
	Cases          Cases        `json:"-"` // written as "cases", last
}

// Begin returns the run as it is before it has done anything: unfinished. It is written before the first act, so that a run
// that gets killed never leaves the green reports of an earlier one.
func Begin(spec, version string, now time.Time) *Run {
	return &Run{
		Schema: Schema,
		Conclusion: Conclusion{
			Verdict: VerdictUnfinished, ExitCode: ExitResumable, ReasonCode: "not_finished",
			Reason: "run did not finish", Hint: "run the same command again to go on",
		},
		Provenance: Provenance{Version: version, StartedAt: now.UTC(), Spec: spec},
		Cases:      CaseList{},
	}
}

// A Provider is the service that trained and answered.
type Provider struct {
	Kind    string `json:"kind"`
	BaseURL string `json:"base_url"`
}

// A Job is the fine-tuning job.
type Job struct {
	ID              string          `json:"id"`
	Status          string          `json:"status"`
	CreatedAt       *time.Time      `json:"created_at,omitempty"`
	FinishedAt      *time.Time      `json:"finished_at,omitempty"`
	TrainedTokens   *int64          `json:"trained_tokens"`
	Hyperparameters map[string]any  `json:"hyperparameters"`
	TrainingFile    string          `json:"training_file,omitempty"`
	Key             string          `json:"key,omitempty"` // the train key
	Error           *JobFailure     `json:"error,omitempty"`
	Raw             json.RawMessage `json:"raw,omitempty"` // the service's last reply, whole
}

// A JobFailure is the service's reason for a failed job.
type JobFailure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
}

// A Dataset tells where every row went: Total = Training + Validation + Invalid + Dropped + Duplicates.
type Dataset struct {
	Total          int        `json:"total"`
	Training       int        `json:"training"`
	Validation     int        `json:"validation"`
	Invalid        int        `json:"invalid"`
	Dropped        int        `json:"dropped"`
	Duplicates     int        `json:"duplicates"`
	Tokens         int64      `json:"tokens"` // of the training examples
	TokenStats     TokenStats `json:"token_stats"`
	Sources        []Source   `json:"sources"`
	TrainingSHA256 string     `json:"training_sha256"`
	TrainingBytes  int64      `json:"training_bytes"`
}

// TokenStats describes tokens per training example.
type TokenStats struct {
	Encoding string  `json:"encoding"`
	Limit    int     `json:"limit"` // 0: none
	Min      int     `json:"min"`
	Mean     float64 `json:"mean"`
	P50      int     `json:"p50"`
	P95      int     `json:"p95"`
	Max      int     `json:"max"`
}

// A Source is a data file that was read.
type Source struct {
	Path   string `json:"path"` // as the spec has it
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
	Shape  string `json:"shape"` // qa or chat
}

// The statuses of a stage.
const (
	StageDone       = "done"
	StageReused     = "reused"  // recorded by an earlier run
	StageAdopted    = "adopted" // found at the provider
	StageSkipped    = "skipped"
	StageFailed     = "failed"
	StageUnfinished = "unfinished"
)

// StageNames are the stages of a run, in order.
func StageNames() []string { return []string{"prepare", "train", "wait", "test"} }

// A Stage is one of prepare, train, wait, test.
type Stage struct {
	Name    string  `json:"name"`
	Status  string  `json:"status"`
	Seconds float64 `json:"seconds"`
	Reason  string  `json:"reason,omitempty"`
}

// A Summary counts the cases: Cases = Passed + Failed + Errored + Scored + Skipped.
type Summary struct {
	Cases     int      `json:"cases"`
	Passed    int      `json:"passed"`
	Failed    int      `json:"failed"`
	Errored   int      `json:"errored"`
	Scored    int      `json:"scored"`
	Skipped   int      `json:"skipped"`
	PassRate  *float64 `json:"pass_rate"`  // null: no case has assertions
	MeanScore *float64 `json:"mean_score"` // null: no case has a score
}

// The verdicts on a threshold.
const (
	ThresholdPass      = "pass"
	ThresholdFail      = "fail"
	ThresholdUndecided = "undecided" // errored cases could turn it either way, or there is no data
)

// A Threshold is a condition on all cases, and how it came out.
type Threshold struct {
	Expression string   `json:"expression"`
	Value      *float64 `json:"value"`          // measured: a rate counts errored cases as not passed, a mean leaves them out; null: no data
	Wanted     *float64 `json:"wanted"`         // what it was compared with; null: no data
	Low        *float64 `json:"low,omitempty"`  // value with every errored case as 0 (baseline: as 1)
	High       *float64 `json:"high,omitempty"` // value with every errored case as 1 (baseline: as 0)
	Verdict    string   `json:"verdict"`        // pass, fail or undecided
	Reason     string   `json:"reason"`         // one sentence
	Default    bool     `json:"default"`        // not in the spec
	Line       int      `json:"line,omitempty"` // of the spec
}

// A Comparison sets the tested model beside the baseline, on the same cases.
type Comparison struct {
	Baseline string  `json:"baseline"` // model
	Summary  Summary `json:"summary"`  // of the baseline
	Fixed    int     `json:"fixed"`    // failed by the baseline, passed by the tested model
	Broken   int     `json:"broken"`   // passed by the baseline, failed by the tested model
}

// A Cost is in USD. A null is unknown, which is never 0.
type Cost struct {
	TrainingUSD *float64 `json:"training_usd"`
	TestingUSD  *float64 `json:"testing_usd"`
	Note        string   `json:"note,omitempty"`
	Requests    int64    `json:"requests"` // HTTP requests sent, retries included
	Retries     int64    `json:"retries"`
}

// A CurvePoint is what the service measured at one training step. A null was not measured.
type CurvePoint struct {
	Step          int      `json:"step"`
	TrainLoss     *float64 `json:"train_loss"`
	TrainAccuracy *float64 `json:"train_accuracy"`
	ValidLoss     *float64 `json:"valid_loss"`
	ValidAccuracy *float64 `json:"valid_accuracy"`
}

// A Problem is one thing wrong with the spec or the data, with its position.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Col     int    `json:"col,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // the way out
}

// Provenance says what made this run.
type Provenance struct {
	Version    string    `json:"version"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	Spec       string    `json:"spec"`
	SpecSHA256 string    `json:"spec_sha256,omitempty"`
	TrainKey   string    `json:"train_key,omitempty"`
}
