package spec

import (
	"slices"
	"strings"
)

// notSupported is what the file is told about everything in [later].
const notSupported = "not supported by this version"

// later is what the file format has and this version does not do. It is refused by name, never ignored and never taken for a
// slip of the pen. Whoever lands a feature takes its line away.
var later = struct {
	keys     []string            // paths; [] stands for any index
	values   map[string][]string // path of a key to values
	graders  []string            // keys of an assertion
	metrics  []string            // of thresholds; a grader's mean, "<grader>.mean", beside them
	wordings []string            // words that only thresholds of a later form have
}{
	keys: []string{
		"dataset.validation",
		"dataset.max_dropped",
		"dataset.duplicates",
		"dataset.contamination",
		"train.integrations",
		"train.checkpoint",
		"train.hyperparameters.beta",
		"test.provider",
		"test.judge",
		"test.repeat",
		"test.requests_per_minute",
		"test.tokens_per_minute",
		"test.cases[].messages",
		"test.cases[].system_prompt",
		"test.cases[].repeat",
		"test.cases[].vars",
		"reports.html",
		"reports.text",
	},
	values: map[string][]string{
		"dataset.format":  {"alpaca", "completion", "preference", "sharegpt"},
		"dataset.invalid": {"drop"},
		"train.method":    {"dpo"},
	},
	graders: []string{},
	metrics: []string{
		"broken", "cost", "delta", "fixed", "p50_latency", "p95_latency", "p_value", "refusals", "truncated",
	},
	wordings: []string{"no_significant_drop", "not_worse_than", "at"},
}

// laterKey reports whether a key, by its path with every index as [], is one of a later version.
func laterKey(path string) bool {
	if rest, ok := strings.CutPrefix(path, "test[]"); ok {
		path = "test.cases[]" + rest // the short form of test
	}
	return slices.Contains(later.keys, path)
}
