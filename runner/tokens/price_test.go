package tokens_test

import (
	"math"
	"testing"

	"ftrun/runner/tokens"
)

func TestPrices(t *testing.T) {
	for _, test := range []struct {
		model                   string
		training, input, output float64 // 0: not known
	}{
		{"gpt-4.1-2025-04-14", 25, 2, 8},
		{"gpt-4.1-mini-2025-04-14", 5, 0.40, 1.60},
		{"gpt-4.1-nano-2025-04-14", 1.50, 0.10, 0.40},
		{"gpt-4o-2024-08-06", 25, 2.50, 10},
		{"gpt-4o-mini-2024-07-18", 3, 0.15, 0.60},
		{"gpt-3.5-turbo-0125", 8, 0.50, 1.50},
		{"ft:gpt-4.1-2025-04-14:org::id", 25, 3, 12},
		{"ft:gpt-4.1-mini-2025-04-14:org:suffix:id", 5, 0.80, 3.20},
		{"ft:gpt-4.1-nano-2025-04-14:org::id", 1.50, 0.20, 0.80},
		{"ft:gpt-4o-2024-08-06:org::id", 25, 3.75, 15},
		{"ft:gpt-4o-mini-2024-07-18:org::id:ckpt-step-90", 3, 0.30, 1.20},
		{"ft:gpt-3.5-turbo-0125:org::id", 8, 3, 6},
		{"gpt-4o-mini-2024-07-18.ft-0ab3f80e4f22-science", 3, 0.30, 1.20},
		{"gpt-35-turbo-0125.ft-0ab3f80e4f22", 8, 3, 6},
		{"openai/ft:gpt-4o-mini-2024-07-18:org::id", 3, 0.30, 1.20},
		{"azure/gpt-4o-mini", 3, 0.15, 0.60},
		{"GPT-4.1-Mini", 5, 0.40, 1.60},

		// What begins like a model in the table is not that model.
		{"gpt-4o-2024-05-13", 0, 0, 0},
		{"gpt-4o-audio-preview", 0, 0, 0},
		{"gpt-4o-mini-tts", 0, 0, 0},
		{"gpt-3.5-turbo-instruct", 0, 0, 0},
		{"gpt-4.1-mini-2027-01-01", 0, 0, 0},
		{"ft:gpt-4-0613:org::id", 0, 0, 0},
		{"gpt-4", 0, 0, 0},
		{"my-deployment", 0, 0, 0},
		{"meta-llama/Llama-3.1-8B-Instruct", 0, 0, 0},
		{"ft:", 0, 0, 0},
		{"", 0, 0, 0},
	} {
		if usd, ok := tokens.TrainingPrice(test.model); usd != test.training || ok != (test.training > 0) {
			t.Errorf("TrainingPrice(%q) = %v, %t, want %v", test.model, usd, ok, test.training)
		}
		input, output, ok := tokens.InferencePrice(test.model)
		if input != test.input || output != test.output || ok != (test.input > 0) {
			t.Errorf("InferencePrice(%q) = %v, %v, %t, want %v, %v", test.model, input, output, ok, test.input, test.output)
		}
	}
}

func TestUSD(t *testing.T) {
	for _, test := range []struct {
		tokens     int64
		perMillion float64
		want       float64
	}{
		{0, 25, 0},
		{1_000_000, 25, 25},
		{1_234_567, 5, 6.172835},
		{1, 0.10, 1e-7},
		{5_000_000_000_000, 25, 125_000_000},
		{1_000_000, 0, 0},
	} {
		if got := tokens.USD(test.tokens, test.perMillion); math.Abs(got-test.want) > 1e-12*test.want {
			t.Errorf("USD(%d, %v) = %v, want %v", test.tokens, test.perMillion, got, test.want)
		}
	}
}

// TestEpochs holds the bounds of the cookbook's rule, and that no number of examples breaks it.
func TestEpochs(t *testing.T) {
	for examples, want := range map[int]int{
		-1: 25, 0: 25, 1: 25, 4: 25, 5: 20, 10: 10, 20: 5, 33: 3, 34: 3, 100: 3, 7_473: 3,
		8_333: 3, 8_334: 2, 12_500: 2, 12_501: 1, 25_000: 1, 25_001: 1, 1_000_000: 1, math.MaxInt: 1,
	} {
		if got := tokens.Epochs(examples); got != want || got > tokens.MaxEpochs {
			t.Errorf("Epochs(%d) = %d, want %d", examples, got, want)
		}
	}
}
