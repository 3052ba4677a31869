package spec

import "slices"

// notSupported is what the file is told about everything in [later].
const notSupported = "not supported by this version"

// later lists the keys that the file format has and this version does not, by their paths; [] stands for any index. They are refused by name,
// never ignored and never taken for a slip of the pen. Whoever lands a feature takes its line away.
var later = []string{
	"train.integrations",
	"train.checkpoint",
	"reports.html",
	"reports.text",
}

// laterKey reports whether a key, by its path with every index as [], is one of a later version.
func laterKey(path string) bool { return slices.Contains(later, path) }
