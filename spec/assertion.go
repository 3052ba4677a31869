package spec

import (
	"fmt"
	"slices"
	"strings"

	"ftrun/runner/grade"
	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// An assertionForm is one grader key, with its arguments, and the assertion's own keys.
type assertionForm struct {
	Assertion
	part           grade.Part
	value          yamlpos.Value
	needsReference bool
	ok             bool // decoded and checked without a problem
}

// An assertionsForm is a list of assertions.
type assertionsForm []assertionForm

func (f *assertionsForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() != yamlpos.Mapping {
		v.Into((*[]assertionForm)(f))
		return
	}
	example := "icontains: light"
	if entries := v.Entries(); len(entries) == 1 {
		if _, ok := kindOf(strings.TrimPrefix(entries[0].Key, not)); ok {
			example = entries[0].Key + ": …"
		}
	}
	v.Add("want a list of assertions, found a mapping", fmt.Sprintf(`begin each with "- ", or write [{%s}]`, example))
}

// not negates a grader that it stands before.
const not = "not_"

func (f *assertionForm) UnmarshalValue(v yamlpos.Value) {
	f.value = v
	f.Weight = 1
	if v.Kind() != yamlpos.Mapping {
		v.Add("want an assertion such as {icontains: light}, found "+v.Describe(), "")
		return
	}
	before := v.Doc().Found()
	var graders []yamlpos.Entry
	for _, e := range v.Entries() {
		switch e.Key {
		case "weight":
			f.decodeWeight(e.Value)
		case "name":
			f.decodeName(e.Value)
		default:
			graders = append(graders, e)
		}
	}
	switch len(graders) {
	case 0:
		v.Add("no grader", "want one of "+strings.Join(graderNames(), ", "))
	case 1:
		f.decodeGrader(graders[0])
	default:
		f.refuseSecond(graders)
	}
	f.ok = v.Doc().Found() == before
}

func (f *assertionForm) decodeWeight(v yamlpos.Value) {
	before := v.Doc().Found()
	if v.Into(&f.Weight); v.Doc().Found() == before && (f.Weight < 0 || f.Weight > maxWeight) {
		v.Addf("want 0 to %d, found %v", int(maxWeight), f.Weight)
	}
}

func (f *assertionForm) decodeName(v yamlpos.Value) {
	before := v.Doc().Found()
	v.Into(&f.Name)
	if v.Doc().Found() == before && (strings.TrimSpace(f.Name) == "" || strings.ContainsAny(f.Name, "\r\n")) {
		v.Addf("want one line that is not blank, found %s", yamlpos.Quote(f.Name))
	}
}

// decodeGrader decodes the arguments into those of the grader that the key names.
func (f *assertionForm) decodeGrader(e yamlpos.Entry) {
	name, negated := strings.CutPrefix(e.Key, not)
	kind, ok := kindOf(name)
	if !ok {
		refuseGrader(e)
		return
	}
	args := kind.New()
	v := e.Value
	before := v.Doc().Found()
	bare := decodeArgs(args, kind, e)
	if v.Doc().Found() > before {
		return
	}
	for _, p := range args.Check() {
		path := v.Path()
		if index, ok := strings.CutPrefix(p.Key, bare); bare != "" && ok {
			path += index // of an item of a bare list
		} else if bare == "" && p.Key != "" {
			path += "." + p.Key
		}
		v.Doc().Addf(path, "%s", p.Message)
	}
	if v.Doc().Found() > before {
		return
	}
	f.take(grade.Part{Key: e.Key, Not: negated, Kind: kind, Args: args})
	if f.Name == "" {
		f.Name = assertionName(args, e.Key, negated)
	}
}

// decodeArgs decodes a grader's arguments and returns the key that the value stands for where it is no mapping, or "".
func decodeArgs(args grade.Args, kind grade.Kind, e yamlpos.Entry) (bare string) {
	v := e.Value
	want := "a mapping"
	if kind.List != "" {
		want = "a list"
	}
	_, takesSeveral := kindOf(kind.Name + "_any")
	switch form := v.Kind(); {
	case form == yamlpos.List && kind.List != "":
		bare = kind.List
		v.IntoKey(args, bare)
	case form == yamlpos.List && takesSeveral:
		v.Add("want text, found a list", fmt.Sprintf(`write %s_any or %[1]s_all for a list of texts; put a text that begins with "[" in quotes`, e.Key))
	case form != yamlpos.Mapping && kind.Scalar != "":
		bare = kind.Scalar
		v.IntoKey(args, bare)
	case form == yamlpos.Scalar || form == yamlpos.List:
		v.Add(fmt.Sprintf("want %s, found %s", want, v.Describe()), fmt.Sprintf("write it like %s: %s", e.Key, kind.Example))
	default:
		v.Into(args)
	}
	return bare
}

// assertionName names an assertion after its grader and arguments.
func assertionName(args grade.Args, key string, negated bool) string {
	s, ok := args.(fmt.Stringer)
	switch {
	case !ok:
		return key
	case negated:
		return not + s.String()
	default:
		return s.String()
	}
}

// refuseGrader reports a key of an assertion that is no grader.
func refuseGrader(e yamlpos.Entry) {
	name, negated := strings.CutPrefix(strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(e.Key)), not)
	names := graderNames()
	meant := otherNames["grader"][name]
	if meant == "" {
		meant = diag.Suggest(name, append(names, "weight", "name"))
	}
	message := "unknown grader"
	if meant != "" {
		if negated && slices.Contains(names, meant) {
			meant = not + meant
		}
		message += fmt.Sprintf(", did you mean %q?", meant)
	}
	e.Add(message, "want one of "+strings.Join(names, ", ")+", or one with not_ before it")
}

// refuseSecond reports an assertion with several graders, or with one grader and a slip of the pen.
func (f *assertionForm) refuseSecond(entries []yamlpos.Entry) {
	known := 0
	for _, e := range entries {
		name, _ := strings.CutPrefix(e.Key, not)
		switch _, ok := kindOf(name); {
		case !ok && refuseArgument(e, entries):
		case !ok:
			refuseGrader(e)
		case known > 0:
			e.Add("a second grader in one assertion", `begin a new item with "- " for each grader`)
			known++
		default:
			known++
		}
	}
}

// refuseArgument reports a key beside a grader that is one of its arguments, and whether it is.
func refuseArgument(e yamlpos.Entry, entries []yamlpos.Entry) bool {
	for _, g := range entries {
		kind, ok := kindOf(strings.TrimPrefix(g.Key, not))
		if !ok || !slices.Contains(yamlpos.Keys(kind.New()), e.Key) {
			continue
		}
		hint := fmt.Sprintf("indent it further than %s, below which it belongs", g.Key)
		if g.Value.Kind() != yamlpos.Null {
			hint = fmt.Sprintf("write it below the grader: %s: {%s: …}", g.Key, e.Key)
			if kind.Scalar != "" && kind.Scalar != e.Key {
				hint = fmt.Sprintf("write it below the grader: %s: {%s: …, %s: …}", g.Key, kind.Scalar, e.Key)
			}
		}
		e.Add("an argument of "+g.Key+", at the level of the grader", hint)
		return true
	}
	return false
}

func kindOf(name string) (grade.Kind, bool) {
	kinds := grade.Kinds()
	i := slices.IndexFunc(kinds, func(k grade.Kind) bool { return k.Name == name })
	if i < 0 {
		return grade.Kind{}, false
	}
	return kinds[i], true
}

func graderNames() []string {
	var names []string
	for _, k := range grade.Kinds() {
		names = append(names, k.Name)
	}
	return names
}
