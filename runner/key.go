package runner

import (
	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/spec"
)

// keyLength is how much of the train key stands in file names.
const keyLength = 16

// trainInputs is what decides about a training job: equal inputs mean an equal job, whatever the version of ftrun. The JSON names
// are a promise: changing one would bill every user again.
type trainInputs struct {
	Training        string         `json:"training"`
	Validation      string         `json:"validation,omitempty"`
	BaseModel       string         `json:"base_model"`
	Method          string         `json:"method"`
	Hyperparameters map[string]any `json:"hyperparameters,omitempty"`
	Seed            *int           `json:"seed,omitempty"`
	Suffix          string         `json:"suffix,omitempty"`
	ExtraBody       map[string]any `json:"extra_body,omitempty"`
	Provider        string         `json:"provider"`
}

// trainKey names the job that a pipeline asks for.
func trainKey(p *spec.Pipeline, prepared *dataset.Prepared, endpoint provider.Endpoint) string {
	return ledger.Key(inputsOf(p, prepared, endpoint))
}

func inputsOf(p *spec.Pipeline, prepared *dataset.Prepared, endpoint provider.Endpoint) trainInputs {
	inputs := trainInputs{
		Training:        prepared.SHA256,
		BaseModel:       p.BaseModel,
		Method:          p.Train.Method,
		Hyperparameters: p.Train.Hyperparameters,
		Seed:            p.Train.Seed,
		Suffix:          p.Train.Suffix,
		ExtraBody:       endpoint.ExtraBody,
		Provider:        endpoint.Identity(),
	}
	if prepared.Validation != nil {
		inputs.Validation = prepared.Validation.SHA256
	}
	return inputs
}

// ownPrefix begins the name of every file that ftrun uploads.
const ownPrefix = "ftrun-"

// The roles of the files that a job is made from, for people.
const (
	roleTraining   = "training"
	roleValidation = "validation"
)

// A jobFile is one of the files that a job is made from.
type jobFile struct {
	role  string
	name  string // under which it is uploaded, and found again: it carries the key
	path  string // on this machine; empty: it is not written
	bytes int64
	id    string // of the one at the provider that this run sent or found
	sent  bool   // by this run
}

// filesOf returns the files of the job of a key: the training file, and the validation file, which has no name where there is none.
func filesOf(key string, prepared *dataset.Prepared) (training, validation jobFile) {
	training = jobFile{role: roleTraining, name: ownPrefix + key[:keyLength] + "-train.jsonl", path: prepared.Path, bytes: prepared.Bytes}
	if v := prepared.Validation; v != nil {
		validation = jobFile{role: roleValidation, name: ownPrefix + key[:keyLength] + "-valid.jsonl", path: v.Path, bytes: v.Bytes}
	}
	return training, validation
}
