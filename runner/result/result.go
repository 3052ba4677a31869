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
	Provider       Provider       `json:"provider"`
	BaseModel      string         `json:"base_model"`
	FineTunedModel string         `json:"fine_tuned_model,omitempty"`
	TestedModel    string         `json:"tested_model,omitempty"`    // where the spec names another than the fine-tuned one
	TestedProvider *Provider      `json:"tested_provider,omitempty"` // where the tested model answers at another service than trained it
	Judge          *JudgedBy      `json:"judge,omitempty"`           // nil: no model judged
	Job            *Job           `json:"job,omitempty"`
	Dataset        *Dataset       `json:"dataset,omitempty"`
	Stages         []Stage        `json:"stages"`
	Summary        Summary        `json:"summary"`
	Thresholds     []Threshold    `json:"thresholds"`
	Comparison     *Comparison    `json:"comparison,omitempty"`
	Repeats        *Repeats       `json:"repeats,omitempty"`
	Flaky          []Flake        `json:"flaky,omitempty"`
	Contamination  *Contamination `json:"contamination,omitempty"`
	Cost           Cost           `json:"cost"`
	TrainingCurve  []CurvePoint   `json:"training_curve"`
	Warnings       []string       `json:"warnings"`
	Problems       []Problem      `json:"problems,omitempty"`
	Provenance     Provenance     `json:"provenance"`
	Cases          Cases          `json:"-"` // written as "cases", last
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

// A JudgedBy says which models judged answers, and whether they could be trusted.
type JudgedBy struct {
	Models      []string  `json:"models"`
	Provider    *Provider `json:"provider,omitempty"` // where that is another service than trained
	Samples     int       `json:"samples"`            // independent verdicts on one answer
	Calibration int       `json:"calibration"`        // known answers that were put to it first
	Calibrated  bool      `json:"calibrated"`         // all of them came out right, or there were none
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
	ValidationFile  string          `json:"validation_file,omitempty"`
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
	Total            int               `json:"total"`
	Training         int               `json:"training"`
	Validation       int               `json:"validation"`
	Invalid          int               `json:"invalid"`    // left out, because they can't be trained on
	Dropped          int               `json:"dropped"`    // left out, because they are too long
	Duplicates       int               `json:"duplicates"` // left out, because an earlier row is the same
	Tokens           int64             `json:"tokens"`     // of the training examples
	TokenStats       TokenStats        `json:"token_stats"`
	RoleTokens       map[string]int64  `json:"role_tokens"`       // Tokens by who says them; "tools" are definitions, "overhead" what messages cost beside their texts
	ValidationTokens int64             `json:"validation_tokens"` // are not billed
	Estimate         *Estimate         `json:"estimate"`          // null: nothing is trained, or the epochs can't be told
	Columns          map[string]string `json:"columns,omitempty"` // of rows with columns: the column that each role was read from
	Findings         []DataFinding     `json:"findings"`
	Sources          []Source          `json:"sources"`
	TrainingSHA256   string            `json:"training_sha256"`
	TrainingBytes    int64             `json:"training_bytes"`
	ValidationSHA256 string            `json:"validation_sha256,omitempty"`
	ValidationBytes  int64             `json:"validation_bytes,omitempty"`
}

// TokenStats describes tokens per training example.
type TokenStats struct {
	Encoding  string        `json:"encoding"`
	Limit     int           `json:"limit"` // 0: none
	Min       int           `json:"min"`
	Mean      float64       `json:"mean"`
	P50       int           `json:"p50"`
	P95       int           `json:"p95"`
	Max       int           `json:"max"`
	Histogram []TokenBucket `json:"histogram"` // without gaps from Min to Max
}

// A TokenBucket counts the examples of From to To tokens, both included.
type TokenBucket struct {
	From     int `json:"from"`
	To       int `json:"to"`
	Examples int `json:"examples"`
}

// An Estimate is what training would take. What the service chooses and charges it says only afterwards.
type Estimate struct {
	Epochs        int      `json:"epochs"`
	EpochsGuessed bool     `json:"epochs_guessed"` // the spec leaves them to the service
	BilledTokens  int64    `json:"billed_tokens"`  // training tokens times epochs
	USD           *float64 `json:"usd"`            // null: no price is known
}

// A DataFinding is something found in the data, all rows of one kind together.
type DataFinding struct {
	Kind     string      `json:"kind"`     // stable, such as duplicate_row
	Severity string      `json:"severity"` // error, warning or note
	Count    int         `json:"count"`
	Message  string      `json:"message"` // of the first
	Hint     string      `json:"hint,omitempty"`
	Places   []DataPlace `json:"places"` // of the first few
}

// A DataPlace is where in a data file something was found.
type DataPlace struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Col     int    `json:"col,omitempty"`
	Row     int    `json:"row,omitempty"`
	Message string `json:"message"`
}

// The uses of a data file.
const (
	UseTraining   = "training"
	UseValidation = "validation"
)

// A Source is a data file that was read.
type Source struct {
	Path   string `json:"path"` // as the spec has it
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
	Shape  string `json:"shape"` // chat, preference, sharegpt, alpaca, completion or qa
	Use    string `json:"use"`   // a Use… constant
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
	ThresholdFail      = "fail"      // the model is not good enough
	ThresholdUndecided = "undecided" // Cause says why
)

// The causes of an undecided threshold.
const (
	CauseNotMeasured       = "not_measured"        // answers that never came could turn it either way, or there is no data
	CauseNotEnoughEvidence = "not_enough_evidence" // measured, and too few cases to say it with the confidence that is asked for
)

// A Threshold is a condition on all cases, and how it came out.
type Threshold struct {
	Expression string    `json:"expression"`
	Value      *float64  `json:"value"`              // measured: a rate counts errored cases as not passed, a mean leaves them out; null: no data
	Wanted     *float64  `json:"wanted"`             // what it was compared with: a number, the baseline's, or that less the margin; null: no data
	Unit       string    `json:"unit,omitempty"`     // of both: "" (a number), "%" (a fraction), "s", "USD"
	Low        *float64  `json:"low,omitempty"`      // value with every errored case as 0 (baseline: as 1)
	High       *float64  `json:"high,omitempty"`     // value with every errored case as 1 (baseline: as 0)
	Interval   *Interval `json:"interval,omitempty"` // that the confidence asked for leaves; of a difference where it is about the baseline
	PValue     *float64  `json:"p_value,omitempty"`
	Verdict    string    `json:"verdict"`
	Cause      string    `json:"cause,omitempty"` // of an undecided one
	Reason     string    `json:"reason"`          // one sentence
	Default    bool      `json:"default"`         // not in the spec
	Line       int       `json:"line,omitempty"`  // of the spec
}

// An Interval is a confidence interval.
type Interval struct {
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Level    float64 `json:"level"`               // such as 0.95: of both ends together, or of each
	OneSided bool    `json:"one_sided,omitempty"` // each end by itself is a bound with this confidence
}

// The kinds of a comparison, by what the baseline is.
const (
	KindBase    = "base"    // the base model
	KindModel   = "model"   // another model, maybe of another service
	KindResults = "results" // the answers of an earlier run
)

// A Comparison sets the tested model beside the baseline, on the same cases.
type Comparison struct {
	Baseline    string    `json:"baseline"`              // model
	Kind        string    `json:"kind"`                  // a Kind… constant
	Provider    *Provider `json:"provider,omitempty"`    // of a model that another service serves
	Results     string    `json:"results,omitempty"`     // the file, as the spec has it
	Unavailable string    `json:"unavailable,omitempty"` // why there is nothing to compare with; empty: there is

	Summary Summary `json:"summary"` // of the baseline
	Cases   int     `json:"cases"`   // that both have an outcome of
	Fixed   int     `json:"fixed"`   // failed by the baseline, passed by the tested model
	Broken  int     `json:"broken"`  // passed by the baseline, failed by the tested model
	Same    int     `json:"same"`    // passed by both or failed by both

	FixedCases  []string `json:"fixed_cases"`  // ids, in the order of the spec
	BrokenCases []string `json:"broken_cases"` // ids, in the order of the spec

	PassRate  *Difference `json:"pass_rate"`  // over cases with assertions; null: too few pairs
	MeanScore *Difference `json:"mean_score"` // over cases with a score; null: too few pairs
}

// A Difference is a metric of the tested model less the baseline's, over the cases that both have an outcome of.
type Difference struct {
	Value    float64  `json:"value"`
	Interval Interval `json:"interval"`
	PValue   *float64 `json:"p_value"`  // two-sided; null: not to be had
	Method   string   `json:"method"`   // what made interval and p value
	Cases    int      `json:"cases"`    // pairs
	Smallest float64  `json:"smallest"` // difference that as many cases would show four times out of five
}

// A Flake is a case whose answers came out both ways.
type Flake struct {
	ID     string `json:"id"`
	Passed int    `json:"passed"`
	Failed int    `json:"failed"`
}

// Repeats tells how steady the tested model is where cases are asked several times. Each list is by k, from 1 on.
type Repeats struct {
	Cases   int       `json:"cases"`    // asked more than once, with assertions
	PassAt  []float64 `json:"pass_at"`  // pass@k: that at least one of k answers passes, the mean over these cases
	PassAll []float64 `json:"pass_all"` // pass^k: that all of k answers pass
}

// Contamination tells which test cases stand in the training data.
type Contamination struct {
	Cases    int       `json:"cases"`    // contaminated
	Verbatim int       `json:"verbatim"` // of these, question and answer both
	Findings []Finding `json:"findings"`
	Clean    *Summary  `json:"clean"` // of the cases that are not; null: none is left, or nothing was tested
}

// The kinds of a finding, from the gravest.
const (
	FindingVerbatim = "verbatim" // the same question and the same answer
	FindingQuestion = "question" // the same question
	FindingOverlap  = "overlap"  // most of the question's words, in runs
)

// A Finding is a test case and the training example that it stands in.
type Finding struct {
	ID         string  `json:"id"`             // of the case
	Line       int     `json:"line,omitempty"` // of the case, in File
	File       string  `json:"file,omitempty"` // of cases, as the spec has it; empty: the spec itself
	Kind       string  `json:"kind"`
	Source     string  `json:"source"` // training file, as the spec has it
	Row        int     `json:"row"`    // of the source, from 1
	SourceLine int     `json:"source_line,omitempty"`
	Coverage   float64 `json:"coverage"`    // share of the question's n-grams that the example has
	LongestRun int     `json:"longest_run"` // words
	Jaccard    float64 `json:"jaccard"`     // of the sets of words
	Asked      string  `json:"asked"`       // question of the case, shortened
	Question   string  `json:"question"`    // of the example, shortened
	More       int     `json:"more"`        // further rows that the case stands in
}

// A Cost is in USD. A null is unknown, which is never 0.
type Cost struct {
	TrainingUSD *float64 `json:"training_usd"`
	TestingUSD  *float64 `json:"testing_usd"`           // tested model, baseline and judge together
	JudgingUSD  *float64 `json:"judging_usd,omitempty"` // of these, the judge
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
	Severity string `json:"severity"`       // error, warning or note; empty: error
	Kind     string `json:"kind,omitempty"` // of data: a stable name that problems of one kind share
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Col      int    `json:"col,omitempty"`
	Path     string `json:"path,omitempty"` // of the key in the spec, or the row of data
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"` // the way out
}

// Provenance says what made this run.
type Provenance struct {
	Version    string       `json:"version"`
	StartedAt  time.Time    `json:"started_at"`
	FinishedAt time.Time    `json:"finished_at,omitzero"`
	Spec       string       `json:"spec"`
	SpecSHA256 string       `json:"spec_sha256,omitempty"`
	CaseFiles  []FileDigest `json:"case_files,omitempty"`
	TrainKey   string       `json:"train_key,omitempty"`
}

// A FileDigest is a file that decided about the run.
type FileDigest struct {
	Path   string `json:"path"` // as the spec has it
	SHA256 string `json:"sha256"`
}
