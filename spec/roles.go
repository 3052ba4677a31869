package spec

import (
	"cmp"
	"maps"
	"slices"
)

// A format of rows, and the roles that its columns can have.
type format struct {
	name  string
	roles []string
}

// formats lists the formats of rows, in the order in which a mapping of columns decides between them.
var formats = []format{
	{"qa", []string{"question", "answer", "system"}},
	{"alpaca", []string{"instruction", "input", "output", "system", "history"}},
	{"completion", []string{"prompt", "completion", "system"}},
	{"preference", []string{"input", "preferred_output", "non_preferred_output", "system"}},
	{"chat", []string{"messages", "system", "tools", "parallel_tool_calls", "functions"}},
	{"sharegpt", []string{"conversations", "system", "tools"}},
}

// Formats lists what a dataset's format may be beside auto, sorted.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

// Roles lists the roles that columns of a format can have, the keys of a dataset's fields; nil where there is no such format.
func Roles(format string) []string {
	for _, f := range formats {
		if f.name == format {
			return slices.Clone(f.roles)
		}
	}
	return nil
}

// allRoles lists the roles of all formats, sorted.
func allRoles() []string {
	set := map[string]bool{}
	for _, f := range formats {
		for _, role := range f.roles {
			set[role] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Shape returns the format that the spec decides: the one that it names, else the first of qa, alpaca, completion, preference, chat and
// sharegpt that has every role of Fields. It is auto where the rows decide.
func (d Dataset) Shape() string {
	if d.Format != "" && d.Format != auto || len(d.Fields) == 0 {
		return cmp.Or(d.Format, auto)
	}
	for _, f := range formats {
		if f.covers(d.Fields) {
			return f.name
		}
	}
	return auto
}

// covers reports whether every role of a mapping is one of the format's.
func (f format) covers(fields map[string]string) bool {
	for role := range fields {
		if !slices.Contains(f.roles, role) {
			return false
		}
	}
	return true
}
