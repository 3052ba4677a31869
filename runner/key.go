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
	return trainInputs{
		Training:        prepared.SHA256,
		BaseModel:       p.BaseModel,
		Method:          p.Train.Method,
		Hyperparameters: p.Train.Hyperparameters,
		Seed:            p.Train.Seed,
		Suffix:          p.Train.Suffix,
		ExtraBody:       endpoint.ExtraBody,
		Provider:        endpoint.Identity(),
	}
}

// ownPrefix begins the name of every file that ftrun uploads.
const ownPrefix = "ftrun-"

// trainingFileName is the name under which the training file of a key is uploaded, and found again.
func trainingFileName(key string) string { return ownPrefix + key[:keyLength] + "-train.jsonl" }
