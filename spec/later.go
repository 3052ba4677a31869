package spec

import "slices"

// notSupported is what the file is told about everything in [later].
const notSupported = "not supported by this version"

// later is what the file format has and this version does not do. It is refused by name, never ignored and never taken for a
// slip of the pen. Whoever lands a feature takes its line away.
var later = struct {
	keys   []string            // paths; [] stands for any index
	values map[string][]string // path of a key to values
}{
	keys: []string{
		"dataset.validation",
		"dataset.max_dropped",
		"dataset.duplicates",
		"train.integrations",
		"train.checkpoint",
		"train.hyperparameters.beta",
		"reports.html",
		"reports.text",
	},
	values: map[string][]string{
		"dataset.format":  {"alpaca", "completion", "preference", "sharegpt"},
		"dataset.invalid": {"drop"},
		"train.method":    {"dpo"},
	},
}

// laterKey reports whether a key, by its path with every index as [], is one of a later version.
func laterKey(path string) bool { return slices.Contains(later.keys, path) }
