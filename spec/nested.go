package spec

import (
	"ftrun/runner/grade"
	"ftrun/spec/internal/yamlpos"
)

// take makes a decoded grader the assertion's.
func (f *assertionForm) take(p grade.Part) {
	f.part, f.Kind, f.Not, f.needsReference = p, p.Key, p.Not, p.Args.NeedsReference()
	f.Grader = p.Grader()
	needs := grade.NeedsOf(p.Kind, p.Args)
	f.Judges, f.Embeds, f.Judge, f.Exec = needs.Judges, needs.Embeds, len(needs.Judges) > 0, needs.Exec
}

// decodeNested decodes a grader inside the arguments of another, such as those of multi: a mapping with one grader's key, as an assertion has it. Package
// grade has the type and can't decode itself, because it knows nothing of YAML.
func decodeNested(v yamlpos.Value, out any) bool {
	part, ok := out.(*grade.Part)
	if !ok {
		return false
	}
	entries := v.Entries()
	switch {
	case v.Kind() != yamlpos.Mapping || len(entries) == 0:
		v.Add("want a grader such as {icontains: light}, found "+v.Describe(), "")
	case len(entries) > 1:
		refuseBeside(entries)
	default:
		var f assertionForm
		f.decodeGrader(entries[0])
		*part = f.part
	}
	return true
}

// refuseBeside reports what stands beside a grader inside another.
func refuseBeside(entries []yamlpos.Entry) {
	var graders []yamlpos.Entry
	for _, e := range entries {
		switch e.Key {
		case "weight":
			e.Add("a grader inside another has no weight", "let it count in calculate_output, such as 0.7*a + 0.3*b")
		case "name":
			e.Add("a grader inside another has its key for a name", "leave it out")
		default:
			graders = append(graders, e)
		}
	}
	if len(graders) > 1 {
		new(assertionForm).refuseSecond(graders)
	}
}
