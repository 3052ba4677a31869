package spec

import (
	"slices"
	"strings"

	"ftrun/spec/internal/yamlpos"
)

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

		"validation":      "dataset.validation",
		"validation_data": "dataset.validation",
		"validation_file": "dataset.validation",
	},
	"dataset": {
		"columns":          "fields",
		"dedup":            "duplicates",
		"deduplicate":      "duplicates",
		"file":             "path",
		"files":            "path",
		"mapping":          "fields",
		"paths":            "path",
		"split":            "validation",
		"type":             "format",
		"val":              "validation",
		"validation_file":  "validation",
		"validation_split": "validation",
	},
	"dataset.validation": {
		"file":     "path",
		"files":    "path",
		"fraction": "share",
		"paths":    "path",
		"ratio":    "share",
		"size":     "share",
	},
	"train": {
		"epochs": "hyperparameters.n_epochs",
	},
	"test": {
		"file":             "cases.file",
		"tests":            "cases",
		"asserts":          "assert",
		"assertions":       "assert",
		"default_test":     "assert",
		"max_concurrency":  "concurrency",
		"workers":          "concurrency",
		"repetitions":      "repeat",
		"runs":             "repeat",
		"trials":           "repeat",
		"epochs":           "repeat",
		"rpm":              "requests_per_minute",
		"rate_limit":       "requests_per_minute",
		"tpm":              "tokens_per_minute",
		"functions":        "tools",
		"schema":           "response_format",
		"output_schema":    "response_format",
		"grader":           "judge",
		"judge_model":      "judge",
		"compare_with":     "baseline",
		"temperature":      "sampling.temperature",
		"max_tokens":       "sampling.max_completion_tokens",
		"max_output_token": "sampling.max_completion_tokens",
	},
	"test.cases": {
		"path":  "file",
		"files": "file",
	},
	"test.sampling": {
		"max_tokens": "max_completion_tokens",
	},
	"test.baseline": {
		"name": "model",
		"file": "results",
		"path": "results",
		"run":  "results",
	},
	"test.judge": {
		"name":      "model",
		"n":         "samples",
		"votes":     "samples",
		"examples":  "calibration",
		"calibrate": "calibration",
	},
	"test.judge.calibration[]": {
		"input":      "question",
		"prompt":     "question",
		"expected":   "answer",
		"reference":  "answer",
		"completion": "output",
		"response":   "output",
		"verdict":    "expect",
		"pass":       "expect",
	},
	"test.repeat": {
		"n":        "times",
		"count":    "times",
		"k":        "need",
		"min_pass": "need",
		"pass":     "need",
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
		"variables":  "vars",
		"system":     "system_prompt",
		"labels":     "tags",
		"tag":        "tags",
		"name":       "id",
		"required":   "must_pass",
		"functions":  "tools",
		"runs":       "repeat",
		"epochs":     "repeat",
	},
	"grader": {
		"answer_relevance":           "score_model",
		"bleu":                       "text_similarity",
		"contains_json":              "json",
		"cosine":                     "text_similarity",
		"edit_distance":              "levenshtein",
		"exact":                      "equals",
		"exact_match":                "equals",
		"f1":                         "text_similarity",
		"factuality":                 "label_model",
		"fuzzy_match":                "text_similarity",
		"g_eval":                     "score_model",
		"geval":                      "score_model",
		"gleu":                       "text_similarity",
		"includes":                   "contains",
		"is_json":                    "json",
		"is_refusal":                 "refusal",
		"is_valid_function_call":     "tool_call",
		"is_valid_openai_tools_call": "tool_call",
		"javascript":                 "exec",
		"json_diff":                  "json",
		"json_schema":                "json",
		"length":                     "word_count",
		"llm_rubric":                 "score_model",
		"matches":                    "regex",
		"meteor":                     "text_similarity",
		"model_graded_closedqa":      "label_model",
		"number":                     "numeric",
		"pattern":                    "regex",
		"python":                     "exec",
		"rouge":                      "text_similarity",
		"rouge_l":                    "text_similarity",
		"rouge_n":                    "text_similarity",
		"similar":                    "text_similarity",
		"similarity":                 "text_similarity",
		"tool_call_f1":               "tool_call",
		"words":                      "word_count",
	},
}

// isTopLevel reports whether a key that is unknown where it stands is one of the pipeline's own: its line was indented too far.
func isTopLevel(path, key string) bool {
	return path != "" && slices.Contains(yamlpos.Keys(new(pipelineFile)), key)
}

// meantKey returns the key of ours that an unknown one stands for, or "".
func meantKey(path, key string) string {
	switch {
	case path == "test[]", path == "test.cases[]", path == "[]", strings.HasPrefix(path, "row ") && !strings.Contains(path, "."):
		path = "case"
	case strings.HasSuffix(path, ".repeat"):
		path = "test.repeat"
	}
	return otherNames[path][strings.ReplaceAll(strings.ToLower(key), "-", "_")]
}
