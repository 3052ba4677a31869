package runner

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
)

// recordInputs is the kind of the journal records that say what a pipeline's last job was made from. Their key is the pipeline's name,
// for that is what stays when its inputs change. Nothing is decided by them: they explain.
const recordInputs = "inputs"

// An inputsRecord is what a job was made from, as far as a person needs it to see what has changed since.
type inputsRecord struct {
	TrainKey     string      `json:"train_key"`
	Inputs       trainInputs `json:"inputs"`               // without ExtraBody, in which a secret may stand
	ExtraBody    string      `json:"extra_body,omitempty"` // a digest
	SystemPrompt string      `json:"system_prompt"`        // a digest
	Sources      string      `json:"sources"`              // a digest of the data files
	Rows         int         `json:"rows"`                 // trained on
}

// inputs returns what the pipeline's job is made from.
func (r *runState) inputs(key string, prepared *dataset.Prepared) inputsRecord {
	record := inputsRecord{
		TrainKey:     key,
		Inputs:       inputsOf(r.Pipeline, prepared, r.Endpoint),
		SystemPrompt: ledger.Key(r.Pipeline.SystemPrompt),
		Rows:         prepared.Stats.Training,
	}
	if record.Inputs.ExtraBody != nil {
		record.ExtraBody, record.Inputs.ExtraBody = ledger.Key(record.Inputs.ExtraBody), nil
	}
	var digests []string
	for _, s := range prepared.Stats.Sources {
		digests = append(digests, s.SHA256)
	}
	record.Sources = ledger.Key(digests)
	return record
}

// noteInputs puts on disk what the job was made from, where that is not what was recorded last.
func (r *runState) noteInputs(key string, prepared *dataset.Prepared) error {
	if last, found := r.lastInputs(); found && last.TrainKey == key {
		return nil
	}
	return r.journal(recordInputs, r.Pipeline.Name, r.inputs(key, prepared))
}

// lastInputs returns what the pipeline's last job was made from. A record that can't be read is none: it only explains.
func (r *runState) lastInputs() (inputsRecord, bool) {
	var last inputsRecord
	record, found := r.Ledger.Last(recordInputs, r.Pipeline.Name)
	if !found || json.Unmarshal(record.Data, &last) != nil {
		return inputsRecord{}, false
	}
	return last, true
}

// changes says, a sentence each, what is not as it was for the pipeline's last job; nothing where no such job is recorded.
func (r *runState) changes(prepared *dataset.Prepared) []string {
	last, found := r.lastInputs()
	if !found {
		return nil
	}
	now := r.inputs("", prepared)
	var list []string
	changed := func(name string, before, after any) {
		if b, a := shown(before), shown(after); b != a {
			list = append(list, fmt.Sprintf("%s changed: %s → %s", name, b, a))
		}
	}
	changed("base_model", last.Inputs.BaseModel, now.Inputs.BaseModel)
	changed("provider", last.Inputs.Provider, now.Inputs.Provider)
	list = append(list, dataChanges(last, now)...)
	changed("train.method", last.Inputs.Method, now.Inputs.Method)
	for _, name := range namesOf(last.Inputs.Hyperparameters, now.Inputs.Hyperparameters) {
		changed("train.hyperparameters."+name, orAuto(last.Inputs.Hyperparameters, name), orAuto(now.Inputs.Hyperparameters, name))
	}
	changed("train.seed", last.Inputs.Seed, now.Inputs.Seed)
	changed("train.suffix", last.Inputs.Suffix, now.Inputs.Suffix)
	if last.ExtraBody != now.ExtraBody {
		list = append(list, "provider.extra_body changed")
	}
	return list
}

// dataChanges says why the training and the validation file are not the same.
func dataChanges(last, now inputsRecord) []string {
	var list []string
	if last.Inputs.Training != now.Inputs.Training {
		list = append(list, trainingChanges(last, now)...)
	}
	if last.Inputs.Validation != now.Inputs.Validation {
		list = append(list, "validation data changed")
	}
	return list
}

func trainingChanges(last, now inputsRecord) []string {
	var list []string
	if last.SystemPrompt != now.SystemPrompt {
		list = append(list, "system_prompt changed")
	}
	switch {
	case last.Sources == now.Sources && last.SystemPrompt != now.SystemPrompt:
	case last.Sources == now.Sources:
		list = append(list, fmt.Sprintf("training data is prepared otherwise: %d → %d rows", last.Rows, now.Rows))
	case last.Rows == now.Rows:
		list = append(list, fmt.Sprintf("training data changed: %d rows, as before", now.Rows))
	default:
		list = append(list, fmt.Sprintf("training data changed: %d → %d rows", last.Rows, now.Rows))
	}
	return list
}

func namesOf(a, b map[string]any) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// orAuto returns a hyperparameter, which the service chooses where the spec does not.
func orAuto(hyperparameters map[string]any, name string) any {
	if v, set := hyperparameters[name]; set {
		return v
	}
	return "auto"
}

// shown returns a value as it stands in a spec.
func shown(v any) string {
	if s, isText := v.(string); isText && s != "" {
		return s
	}
	raw, err := json.Marshal(v)
	switch {
	case err != nil:
		return fmt.Sprint(v)
	case string(raw) == "null", string(raw) == `""`:
		return "none"
	default:
		return string(raw)
	}
}

func joinReasons(reasons []string) string { return strings.Join(reasons, "; ") }
