package providertest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"ftrun/runner/provider"
)

func testValidation(t *testing.T, p Provider) {
	training, validation := upload(t, p, "train.jsonl").ID, uploadBytes(t, p, "valid.jsonl", examples(3)).ID
	req := provider.JobRequest{
		Model: baseModel, TrainingFile: training, ValidationFile: validation, Method: "supervised", Hyperparameters: map[string]any{"n_epochs": 2},
	}
	job, err := p.CreateJob(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if job = finish(t, p, job); job.Status != provider.StatusSucceeded || job.TrainingFile != training || job.ValidationFile != validation {
		t.Errorf("job %+v, want a success of %s and %s", job, training, validation)
	}
	if err := p.DeleteFile(t.Context(), validation); err != nil {
		t.Fatal(err)
	}
	_, err = p.CreateJob(t.Context(), req)
	var failure *provider.Error
	if !errors.As(err, &failure) || !failure.Definite() {
		t.Errorf("create without the validation file: %v, want a definite refusal", err)
	}
}

// preferences are n questions, each with a reply that is preferred and one that is not.
func preferences(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"input":{"messages":[{"role":"user","content":"What is number %d?"}]},`+
			`"preferred_output":[{"role":"assistant","content":"Number %d."}],"non_preferred_output":[{"role":"assistant","content":"Guess %d."}]}`+"\n", i, i, i)
	}
	return b.Bytes()
}

func testPreferences(t *testing.T, p Provider) {
	training, validation := uploadBytes(t, p, "train.jsonl", preferences(12)).ID, uploadBytes(t, p, "valid.jsonl", preferences(3)).ID
	job, err := p.CreateJob(t.Context(), provider.JobRequest{
		Model: baseModel, TrainingFile: training, ValidationFile: validation, Method: "dpo",
		Hyperparameters: map[string]any{"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": 0.5, "beta": 0.25},
	})
	if err != nil {
		t.Fatal(err)
	}
	if job = finish(t, p, job); job.Status != provider.StatusSucceeded || job.ValidationFile != validation {
		t.Fatalf("job ended %s: %+v", job.Status, job.Error)
	}
	want := map[string]string{"n_epochs": "3", "batch_size": "4", "learning_rate_multiplier": "0.5", "beta": "0.25"}
	for name, value := range want {
		if got := fmt.Sprint(job.Hyperparameters[name]); got != value {
			t.Errorf("%s is %s in the job, want %s", name, got, value)
		}
	}
	if job.Method != "dpo" {
		t.Errorf("method %q, want dpo", job.Method)
	}
	if _, err := p.Curve(t.Context(), job); err != nil {
		t.Errorf("curve: %v", err)
	}
	ask(t, p, job.FineTunedModel)
}
