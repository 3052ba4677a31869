package runner

import (
	"strings"
	"testing"

	"ftrun/runner/dataset"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// TestTrainKeyIsAPromise holds the key of given inputs: a change here trains, and bills, every user's model again.
func TestTrainKeyIsAPromise(t *testing.T) {
	seed := 7
	prepared := &dataset.Prepared{SHA256: strings.Repeat("ab", 32)}
	openai := provider.Endpoint{Kind: "openai", BaseURL: "https://api.openai.com/v1"}
	base := func() *spec.Pipeline {
		return &spec.Pipeline{BaseModel: "gpt-4.1-mini-2025-04-14", Train: spec.Train{Method: "supervised"}}
	}
	full := base()
	full.Train = spec.Train{
		Method: "supervised", Suffix: "science", Seed: &seed,
		Hyperparameters: map[string]any{"n_epochs": 3, "batch_size": 8, "learning_rate_multiplier": 0.5},
	}
	azure := provider.Endpoint{
		Kind: "azure", BaseURL: "https://r.openai.azure.com/openai/v1", Query: "api-version=1", Auth: "api-key",
		Headers: map[string]provider.Secret{"X-Team": "ml"},
		ExtraBody: map[string]any{
			"trainingType": "developerTier",
			"lora":         map[string]any{"r": 16, "alpha": 0.5, "on": true, "targets": []any{"q", "v"}, "none": nil},
		},
	}
	for _, test := range []struct {
		pipeline *spec.Pipeline
		endpoint provider.Endpoint
		want     string
	}{
		{base(), openai, "a6cbae8a8a314fdc608f3ecf9c0668111194073419d7c7dab40ae57d90e7770a"},
		{full, openai, "8eb1e5cac063dfbab6fbc57b839b55938ee05450b5a4145068631cbfd9626f9c"},
		{base(), azure, "4ef895f0fa605dda442dea9c811b08c1d9b3498c7e42604af625f4dfa1bd53de"},
	} {
		if got := trainKey(test.pipeline, prepared, test.endpoint); got != test.want {
			t.Errorf("key %s, want %s", got, test.want)
		}
	}
}

// TestTrainKeyOfWhatMatters changes one thing at a time.
func TestTrainKeyOfWhatMatters(t *testing.T) {
	key := func(change func(*spec.Pipeline, *dataset.Prepared, *provider.Endpoint)) string {
		p := &spec.Pipeline{BaseModel: "base", Train: spec.Train{Method: "supervised"}}
		prepared := &dataset.Prepared{SHA256: "00"}
		endpoint := provider.Endpoint{Kind: "embedded", BaseURL: "http://127.0.0.1:1/v1"}
		change(p, prepared, &endpoint)
		return trainKey(p, prepared, endpoint)
	}
	same := key(func(*spec.Pipeline, *dataset.Prepared, *provider.Endpoint) {})
	for name, change := range map[string]func(*spec.Pipeline, *dataset.Prepared, *provider.Endpoint){
		"a case": func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) {
			p.Test.Cases = []spec.Case{{ID: "x"}}
		},
		"a threshold": func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) {
			p.Thresholds = []spec.Threshold{{Op: ">"}}
		},
		"the wait": func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) { p.Wait.Timeout = 1 },
		"metadata": func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) {
			p.Train.Metadata = map[string]string{"a": "b"}
		},
		"the embedded engine's port": func(_ *spec.Pipeline, _ *dataset.Prepared, e *provider.Endpoint) { e.BaseURL = "http://127.0.0.1:2/v1" },
	} {
		if key(change) != same {
			t.Errorf("%s changes the key", name)
		}
	}
	zero := 0
	for name, change := range map[string]func(*spec.Pipeline, *dataset.Prepared, *provider.Endpoint){
		"the data":       func(_ *spec.Pipeline, d *dataset.Prepared, _ *provider.Endpoint) { d.SHA256 = "01" },
		"the base model": func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) { p.BaseModel = "other" },
		"the seed":       func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) { p.Train.Seed = &zero },
		"the suffix":     func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) { p.Train.Suffix = "s" },
		"a hyperparameter": func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) {
			p.Train.Hyperparameters = map[string]any{"n_epochs": 1}
		},
		"an extra field": func(_ *spec.Pipeline, _ *dataset.Prepared, e *provider.Endpoint) {
			e.ExtraBody = map[string]any{"trainingType": "standard"}
		},
		"the validation data": func(_ *spec.Pipeline, d *dataset.Prepared, _ *provider.Endpoint) {
			d.Validation = &dataset.Written{SHA256: "02"}
		},
		"the method":   func(p *spec.Pipeline, _ *dataset.Prepared, _ *provider.Endpoint) { p.Train.Method = "dpo" },
		"the provider": func(_ *spec.Pipeline, _ *dataset.Prepared, e *provider.Endpoint) { e.Kind = "openai" },
	} {
		if key(change) == same {
			t.Errorf("%s does not change the key", name)
		}
	}
}

// TestLimitsHoldForBothFiles: each file of a job is held to what the provider takes, and named by the key that it comes of.
func TestLimitsHoldForBothFiles(t *testing.T) {
	p := &spec.Pipeline{BaseModel: "base", Train: spec.Train{Method: "supervised"}, Dataset: &spec.Dataset{}}
	r := &runState{Options: Options{Pipeline: p, Endpoint: provider.Endpoint{Kind: "openai"}}, run: &result.Run{}}
	limit := r.Endpoint.Profile().MaxFileBytes
	for name, test := range map[string]struct {
		training, validation int64
		want                 string
	}{
		"neither":    {limit, limit, ""},
		"training":   {limit + 1, limit, "dataset: the training file has 512000001 bytes"},
		"validation": {limit, limit + 1, "dataset.validation: the validation file has 512000001 bytes"},
	} {
		prepared := &dataset.Prepared{SHA256: "00", Bytes: test.training, Validation: &dataset.Written{SHA256: "01", Bytes: test.validation}}
		err := (&trainer{order: r.order(prepared), prepared: prepared}).checkLimits()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
