package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ftrun/runner/provider"
)

var errNoID = errors.New("answer has no id")

// decode reads a JSON object. Its fields are of lenient types, so that only something else than an object goes wrong.
func decode(raw []byte, what string, into any) error {
	if text := bytes.TrimSpace(raw); len(text) == 0 || text[0] != '{' || json.Unmarshal(raw, into) != nil {
		return fmt.Errorf("%s is no object: %s", what, excerpt(raw))
	}
	return nil
}

// decodePage reads one page of a list. A list without its data is no empty list: whoever takes it for one may buy a job twice. said is
// false where the service does not tell whether there is more.
func decodePage(body []byte) (items []json.RawMessage, more, said bool, err error) {
	var object struct {
		Data    json.RawMessage `json:"data"`
		HasMore text            `json:"has_more"`
	}
	if err := decode(body, "list", &object); err != nil {
		return nil, false, false, err
	}
	switch {
	case len(object.Data) > 0 && json.Unmarshal(object.Data, &items) == nil:
	case errorIn(body) != "": // which says more than the answer's start
		return nil, false, false, errors.New("list has no data")
	default:
		return nil, false, false, fmt.Errorf("list has no data: %s", excerpt(body))
	}
	return items, object.HasMore == "true" || object.HasMore == "1", object.HasMore != "", nil
}

func decodeID(item []byte) (string, error) {
	var object struct {
		ID text `json:"id"`
	}
	if err := decode(item, "list's item", &object); err != nil {
		return "", err
	}
	if object.ID == "" {
		return "", errNoID
	}
	return string(object.ID), nil
}

// A wireMethod is {type, supervised: {hyperparameters}}, or the type alone.
type wireMethod struct {
	Type       text                `json:"type"`
	Supervised lenient[wireParams] `json:"supervised"`
	DPO        lenient[wireParams] `json:"dpo"`
}

type wireParams struct {
	Hyperparameters lenient[map[string]any] `json:"hyperparameters"`
}

func (m *wireMethod) UnmarshalJSON(b []byte) error {
	type plainMethod wireMethod // without this method
	var object plainMethod
	if json.Unmarshal(b, &object) == nil {
		*m = wireMethod(object)
		return nil
	}
	return m.Type.UnmarshalJSON(b)
}

type wireJob struct {
	ID              text                    `json:"id"`
	Status          text                    `json:"status"`
	Model           text                    `json:"model"`
	FineTunedModel  text                    `json:"fine_tuned_model"`
	TrainingFile    text                    `json:"training_file"`
	ValidationFile  text                    `json:"validation_file"`
	CreatedAt       moment                  `json:"created_at"`
	FinishedAt      moment                  `json:"finished_at"`
	EstimatedFinish moment                  `json:"estimated_finish"`
	TrainedTokens   whole                   `json:"trained_tokens"`
	Seed            whole                   `json:"seed"`
	Method          wireMethod              `json:"method"`
	Hyperparameters lenient[map[string]any] `json:"hyperparameters"`
	Metadata        labels                  `json:"metadata"`
	ResultFiles     names                   `json:"result_files"`
	Error           wireJobFailure          `json:"error"`
}

// A wireJobFailure is {code, message, param}, or the message alone. Some services send {} or false for none.
type wireJobFailure struct{ code, message, param string }

func (f *wireJobFailure) UnmarshalJSON(b []byte) error {
	var object struct {
		Code    any `json:"code"`
		Message any `json:"message"`
		Param   any `json:"param"`
	}
	if json.Unmarshal(b, &object) == nil {
		*f = wireJobFailure{plain(object.Code), plain(object.Message), plain(object.Param)}
		return nil
	}
	var other any
	if json.Unmarshal(b, &other) == nil && other != false {
		*f = wireJobFailure{message: plain(other)}
	}
	return nil
}

// decodeJob reads a job. Only its id is needed: a job whose status is not said goes on for all that is known.
// The job keeps raw, which nobody may change after that.
func decodeJob(raw []byte) (provider.Job, error) {
	var w wireJob
	if err := decode(raw, "job", &w); err != nil {
		return provider.Job{}, err
	}
	if w.ID == "" {
		return provider.Job{}, errNoID
	}
	job := provider.Job{
		ID:              string(w.ID),
		Status:          statusOf(string(w.Status)),
		Model:           string(w.Model),
		FineTunedModel:  string(w.FineTunedModel),
		TrainingFile:    string(w.TrainingFile),
		ValidationFile:  string(w.ValidationFile),
		CreatedAt:       time.Time(w.CreatedAt),
		FinishedAt:      time.Time(w.FinishedAt),
		EstimatedFinish: time.Time(w.EstimatedFinish),
		TrainedTokens:   w.TrainedTokens.v,
		Seed:            w.Seed.int(),
		Method:          string(w.Method.Type),
		Hyperparameters: w.hyperparameters(),
		Metadata:        w.Metadata,
		ResultFiles:     w.ResultFiles,
		Raw:             raw,
	}
	if e := w.Error; e.code != "" || e.message != "" {
		job.Error = &provider.JobFailure{Code: e.code, Message: e.message, Param: e.param}
	}
	return job, nil
}

// statusOf is a job's status; some services spell one of them in their own way.
func statusOf(text string) provider.Status {
	if text == "canceled" {
		return provider.StatusCancelled
	}
	return provider.Status(text)
}

// hyperparameters prefers the place of today, method, over the deprecated one.
func (w *wireJob) hyperparameters() map[string]any {
	for _, p := range []lenient[wireParams]{w.Method.Supervised, w.Method.DPO} {
		if h := p.v.Hyperparameters.v; len(h) > 0 {
			return h
		}
	}
	return w.Hyperparameters.v
}

func decodeEvent(item []byte) (provider.JobEvent, error) {
	var w struct {
		ID        text                    `json:"id"`
		CreatedAt moment                  `json:"created_at"`
		Level     text                    `json:"level"`
		Type      text                    `json:"type"`
		Message   text                    `json:"message"`
		Data      lenient[map[string]any] `json:"data"`
	}
	if err := decode(item, "event", &w); err != nil {
		return provider.JobEvent{}, err
	}
	return provider.JobEvent{
		ID: string(w.ID), CreatedAt: time.Time(w.CreatedAt), Level: string(w.Level), Type: string(w.Type), Message: string(w.Message), Data: w.Data.v,
	}, nil
}

func decodeModel(body []byte) (provider.Model, error) {
	var w struct {
		ID           text `json:"id"`
		OwnedBy      text `json:"owned_by"`
		ShutdownDate text `json:"shutdown_date"`
	}
	if err := decode(body, "model", &w); err != nil {
		return provider.Model{}, err
	}
	if w.ID == "" && errorIn(body) != "" { // services leave much out of a model, and an error is none
		return provider.Model{}, errNoID
	}
	return provider.Model{ID: string(w.ID), OwnedBy: string(w.OwnedBy), ShutdownDate: string(w.ShutdownDate)}, nil
}

func decodeFile(raw []byte) (provider.File, error) {
	var w struct {
		ID        text   `json:"id"`
		Filename  text   `json:"filename"`
		Purpose   text   `json:"purpose"`
		Bytes     whole  `json:"bytes"`
		Status    text   `json:"status"`
		Details   text   `json:"status_details"`
		CreatedAt moment `json:"created_at"`
	}
	if err := decode(raw, "file", &w); err != nil {
		return provider.File{}, err
	}
	if w.ID == "" {
		return provider.File{}, errNoID
	}
	file := provider.File{
		ID: string(w.ID), Name: string(w.Filename), Purpose: string(w.Purpose), Status: provider.FileStatus(w.Status),
		Details: excerpt([]byte(w.Details)), CreatedAt: time.Time(w.CreatedAt),
	}
	if w.Bytes.v != nil {
		file.Bytes = *w.Bytes.v
	}
	return file, nil
}
