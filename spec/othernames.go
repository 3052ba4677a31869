package spec

import "strings"

// otherNames are the keys that other tools have for one of ours, by where they stand: the path of a mapping, "case" or "grader". What differs
// from ours by a slip of the pen only needs no line here.
var otherNames = map[string]map[string]string{
	"": {
		"model":         "base_model",
		"data":          "dataset",
		"train_data":    "dataset",
		"training":      "train",
		"training_data": "dataset",
		"training_file": "dataset",
		"prompt":        "system_prompt",
		"system":        "system_prompt",
		"cases":         "test",
		"tests":         "test",
		"epochs":        "train.hyperparameters.n_epochs",
		"n_epochs":      "train.hyperparameters.n_epochs",
	},
	"train": {
		"epochs": "hyperparameters.n_epochs",
	},
	"prices": {
		"train":      "training",
		"prompt":     "input",
		"completion": "output",
	},
	"budget": {
		"train":    "training_usd",
		"training": "training_usd",
		"test":     "testing_usd",
		"testing":  "testing_usd",
	},
	"case": {
		"input":      "question",
		"prompt":     "question",
		"query":      "question",
		"expected":   "answer",
		"ideal":      "answer",
		"output":     "answer",
		"reference":  "answer",
		"assertions": "assert",
		"expect":     "assert",
	},
	"grader": {
		"exact":      "equals",
		"matches":    "regex",
		"similarity": "text_similarity",
	},
}

// meantKey returns the key of ours that an unknown one stands for, or "".
func meantKey(path, key string) string {
	if path == "test[]" || path == "test.cases[]" {
		path = "case"
	}
	return otherNames[path][strings.ReplaceAll(strings.ToLower(key), "-", "_")]
}
