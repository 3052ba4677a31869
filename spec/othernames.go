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
		"bleu":          "text_similarity",
		"cosine":        "text_similarity",
		"edit_distance": "levenshtein",
		"exact":         "equals",
		"exact_match":   "equals",
		"f1":            "text_similarity",
		"fuzzy_match":   "text_similarity",
		"gleu":          "text_similarity",
		"includes":      "contains",
		"matches":       "regex",
		"meteor":        "text_similarity",
		"pattern":       "regex",
		"rouge":         "text_similarity",
		"rouge_l":       "text_similarity",
		"rouge_n":       "text_similarity",
		"similar":       "text_similarity",
		"similarity":    "text_similarity",
	},
}

// meantKey returns the key of ours that an unknown one stands for, or "".
func meantKey(path, key string) string {
	if path == "test[]" || path == "test.cases[]" {
		path = "case"
	}
	return otherNames[path][strings.ReplaceAll(strings.ToLower(key), "-", "_")]
}
