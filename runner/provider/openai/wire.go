package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ftrun/runner/provider"
)

// Services differ in what they leave out, add, or type differently. Decoding takes what it needs and lets the rest pass.

type page struct {
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
}

func decodePage(body []byte) (page, error) {
	var p page
	if err := json.Unmarshal(body, &p); err != nil {
		return page{}, fmt.Errorf("list: %w", err)
	}
	return p, nil
}

func decodeID(item []byte) (string, error) {
	var object struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(item, &object); err != nil {
		return "", err
	}
	if object.ID == "" {
		return "", errNoID
	}
	return object.ID, nil
}

// unixSeconds is a time on the wire: seconds since 1970, whole or not, or null.
type unixSeconds float64

func (u unixSeconds) time() time.Time {
	if u == 0 {
		return time.Time{}
	}
	return time.Unix(int64(u), 0).UTC()
}

type wireMethod struct {
	Type       string      `json:"type"`
	Supervised *wireParams `json:"supervised"`
	DPO        *wireParams `json:"dpo"`
}

type wireParams struct {
	Hyperparameters map[string]any `json:"hyperparameters"`
}

type wireJob struct {
	ID              string          `json:"id"`
	Status          string          `json:"status"`
	Model           string          `json:"model"`
	FineTunedModel  string          `json:"fine_tuned_model"`
	TrainingFile    string          `json:"training_file"`
	ValidationFile  string          `json:"validation_file"`
	CreatedAt       unixSeconds     `json:"created_at"`
	FinishedAt      unixSeconds     `json:"finished_at"`
	EstimatedFinish unixSeconds     `json:"estimated_finish"`
	TrainedTokens   *int64          `json:"trained_tokens"`
	Seed            *int            `json:"seed"`
	Method          *wireMethod     `json:"method"`
	Hyperparameters map[string]any  `json:"hyperparameters"`
	Metadata        map[string]any  `json:"metadata"`
	ResultFiles     []string        `json:"result_files"`
	Error           *wireJobFailure `json:"error"`
}

type wireJobFailure struct {
	Code    any `json:"code"`
	Message any `json:"message"`
	Param   any `json:"param"`
}

func decodeJob(body []byte) (provider.Job, error) {
	var w wireJob
	if err := json.Unmarshal(body, &w); err != nil {
		return provider.Job{}, fmt.Errorf("job: %w", err)
	}
	if w.ID == "" {
		return provider.Job{}, errNoID
	}
	if w.Status == "" {
		return provider.Job{}, fmt.Errorf("job %s has no status", w.ID)
	}
	job := provider.Job{
		ID:              w.ID,
		Status:          provider.Status(w.Status),
		Model:           w.Model,
		FineTunedModel:  w.FineTunedModel,
		TrainingFile:    w.TrainingFile,
		ValidationFile:  w.ValidationFile,
		CreatedAt:       w.CreatedAt.time(),
		FinishedAt:      w.FinishedAt.time(),
		EstimatedFinish: w.EstimatedFinish.time(),
		TrainedTokens:   w.TrainedTokens,
		Seed:            w.Seed,
		Hyperparameters: w.hyperparameters(),
		Metadata:        stringsOnly(w.Metadata),
		ResultFiles:     w.ResultFiles,
		Raw:             append(json.RawMessage(nil), body...),
	}
	if w.Method != nil {
		job.Method = w.Method.Type
	}
	if e := w.Error; e != nil && (plain(e.Code) != "" || plain(e.Message) != "") { // some services send {} for none
		job.Error = &provider.JobFailure{Code: plain(e.Code), Message: plain(e.Message), Param: plain(e.Param)}
	}
	return job, nil
}

// hyperparameters prefers the place of today, method, over the deprecated one.
func (w *wireJob) hyperparameters() map[string]any {
	if m := w.Method; m != nil {
		for _, p := range []*wireParams{m.Supervised, m.DPO} {
			if p != nil && len(p.Hyperparameters) > 0 {
				return p.Hyperparameters
			}
		}
	}
	return w.Hyperparameters
}

func stringsOnly(m map[string]any) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

func decodeEvent(item []byte) (provider.JobEvent, error) {
	var w struct {
		ID        string         `json:"id"`
		CreatedAt unixSeconds    `json:"created_at"`
		Level     string         `json:"level"`
		Type      string         `json:"type"`
		Message   string         `json:"message"`
		Data      map[string]any `json:"data"`
	}
	if err := json.Unmarshal(item, &w); err != nil {
		return provider.JobEvent{}, fmt.Errorf("event: %w", err)
	}
	return provider.JobEvent{ID: w.ID, CreatedAt: w.CreatedAt.time(), Level: w.Level, Type: w.Type, Message: w.Message, Data: w.Data}, nil
}

func decodeModel(body []byte) (provider.Model, error) {
	var w struct {
		ID           string `json:"id"`
		OwnedBy      string `json:"owned_by"`
		ShutdownDate string `json:"shutdown_date"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return provider.Model{}, fmt.Errorf("model: %w", err)
	}
	return provider.Model{ID: w.ID, OwnedBy: w.OwnedBy, ShutdownDate: w.ShutdownDate}, nil
}

func decodeFile(body []byte) (provider.File, error) {
	var w struct {
		ID        string      `json:"id"`
		Filename  string      `json:"filename"`
		Purpose   string      `json:"purpose"`
		Bytes     int64       `json:"bytes"`
		Status    string      `json:"status"`
		CreatedAt unixSeconds `json:"created_at"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return provider.File{}, fmt.Errorf("file: %w", err)
	}
	if w.ID == "" {
		return provider.File{}, errNoID
	}
	return provider.File{ID: w.ID, Name: w.Filename, Purpose: w.Purpose, Bytes: w.Bytes, Status: w.Status, CreatedAt: w.CreatedAt.time()}, nil
}

func decodeCompletion(body []byte) (provider.Completion, error) {
	var w struct {
		Model   string `json:"model"`
		Choices []struct {
			FinishReason string `json:"finish_reason"`
			Message      *struct {
				Content *string `json:"content"`
				Refusal string  `json:"refusal"`
			} `json:"message"`
		} `json:"choices"`
		Usage *struct {
			PromptTokens     int64 `json:"prompt_tokens"`
			CompletionTokens int64 `json:"completion_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return provider.Completion{}, fmt.Errorf("completion: %w", err)
	}
	if len(w.Choices) == 0 || w.Choices[0].Message == nil {
		return provider.Completion{}, errors.New("completion has no choices")
	}
	choice := w.Choices[0]
	completion := provider.Completion{Model: w.Model, FinishReason: choice.FinishReason, Refusal: choice.Message.Refusal}
	if choice.Message.Content != nil {
		completion.Text = *choice.Message.Content
	}
	if w.Usage != nil {
		completion.Usage = &provider.Usage{PromptTokens: w.Usage.PromptTokens, CompletionTokens: w.Usage.CompletionTokens}
	}
	return completion, nil
}
