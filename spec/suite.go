package spec

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"ftrun/runner/grade"
	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// maxCases is how many cases a test has at most.
const maxCases = 100_000

// maxRepeats is how often a case is asked at most.
const maxRepeats = 100

// A suite turns written cases into cases: those of the pipeline file and of case files, in their order.
type suite struct {
	shared      []assertionForm // test.assert
	soundShared bool            // none of them has a problem
	assertions  []Assertion     // of shared: every case without its own has these very ones
	tools       []toolForm      // test.tools
	repeat      Repeat
	judging     judging

	cases    []Case
	places   map[string]place // of the cases by id
	full     bool             // there were more than maxCases
	warnings diag.List        // what may not be meant
}

// A place is where a case stands.
type place struct {
	pos  diag.Position
	path string
}

// seenFrom names the place in a message about another one: by its path where both are in one file.
func (p place) seenFrom(pos diag.Position) string {
	if p.pos.File == pos.File {
		return p.path
	}
	return p.pos.String()
}

// add checks a case alone and against those before it.
func (s *suite) add(in inspector, f *caseForm) {
	path := f.value.Path()
	switch {
	case f.value.Kind() != yamlpos.Mapping, s.full:
		return
	case len(s.cases) == maxCases:
		s.full = true
		in.Addf(path, "more than %d cases", maxCases)
		return
	}
	k := Case{Tags: f.Tags, Vars: f.Vars, MustPass: f.MustPass, SystemPrompt: f.SystemPrompt.text, Pos: f.value.Pos()}
	in.ask(f, &k)
	if f.Answer != nil {
		k.Answer = *f.Answer
		if strings.TrimSpace(k.Answer) == "" {
			in.blank(path+".answer", "write the expected answer, or leave the key out")
		}
	}
	for i, tag := range f.Tags {
		at := fmt.Sprintf("%s.tags[%d]", path, i)
		if in.sound(at) && !tagPattern.MatchString(tag) {
			in.Addf(at, "want a tag of A-Z, a-z, 0-9, _, . and -, found %s", yamlpos.Quote(tag))
		}
	}
	in.vars(path+".vars", f.Vars)
	k.Repeat = in.repeat(path+".repeat", f.Repeat, s.repeat)
	k.Tools = in.toolsOf(s.tools, f.Tools)
	s.assert(in, f, &k)
	s.checkEvidence(in, f, k)
	s.identify(in, f, &k)
	s.cases = append(s.cases, k)
}

var (
	tagPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	varPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// ownVars are the names that templates have for other parts of a case.
var ownVars = map[string]string{"question": "question", "answer": "answer"}

// vars wants names that the templates of graders can have.
func (c inspector) vars(path string, vars map[string]string) {
	for name := range vars {
		at := yamlpos.Join(path, name)
		switch {
		case !varPattern.MatchString(name):
			c.Addf(at, "want a name of A-Z, a-z, 0-9 and _ that begins with no digit, found %s", yamlpos.Quote(name))
		case ownVars[name] != "":
			c.Add(at, fmt.Sprintf("%s is a part of the case already", name), "give the variable another name")
		}
	}
}

// repeat returns how often a case is asked: as it is written, or as a fallback says.
func (c inspector) repeat(path string, f repeatForm, fallback Repeat) Repeat {
	if !c.Has(path) {
		return fallback
	}
	at := path + ".times"
	if !c.Has(at) {
		at = path
	}
	c.within(at, f.Times, 1, maxRepeats)
	r := Repeat{Times: f.Times, Need: f.Times}
	if need := path + ".need"; c.Has(need) {
		r.Need = f.Need
		if c.sound(at) && c.sound(need) && (f.Need < 1 || f.Need > f.Times) {
			c.Add(need, fmt.Sprintf("want 1 to times, which is %d, found %d", f.Times, f.Need), "need is how many of the answers must pass")
		}
	}
	return r
}

// assert gives a case the assertions of all cases and its own.
func (s *suite) assert(in inspector, f *caseForm, k *Case) {
	k.Assertions = s.assertions
	for i, a := range f.Assert {
		if i == 0 {
			k.Assertions = slices.Clone(s.assertions)
		}
		if a.ok {
			k.Assertions = append(k.Assertions, a.Assertion)
			s.judging.note(in, a)
			if !s.warnOfTwin(a, s.shared, "test.assert[%d]") {
				s.warnOfTwin(a, f.Assert[:i], "assert[%d] of this case")
			}
		}
	}
}

// warnOfTwin warns of an assertion that is among others already, and reports whether it is. place says where these are.
func (s *suite) warnOfTwin(a assertionForm, others []assertionForm, place string) bool {
	i := slices.IndexFunc(others, func(o assertionForm) bool {
		return o.ok && o.part.Key == a.part.Key && o.Weight > 0 && a.Weight > 0 && reflect.DeepEqual(o.part.Args, a.part.Args)
	})
	if i < 0 {
		return false
	}
	s.warnings.Add(diag.Diagnostic{
		Pos: a.value.Pos(), Path: a.value.Path(), Message: fmt.Sprintf("the same assertion as "+place+", so it counts twice", i),
		Hint: "leave one of the two out, or write one with weight 2",
	})
	return true
}

// checkEvidence wants what a case needs to be decided: an answer or assertions, weight among these, an answer where one is compared with.
func (s *suite) checkEvidence(in inspector, f *caseForm, k Case) {
	path := f.value.Path()
	if in.Troubled(path) || !s.soundShared {
		return
	}
	total := 0.0
	for _, a := range k.Assertions {
		total += a.Weight
	}
	switch {
	case len(k.Assertions) == 0 && f.Answer == nil:
		in.Add(path, "a case needs an answer or an assertion", "without either, nothing can be said of what the model replies")
	case len(k.Assertions) == 0 && k.MustPass:
		in.Add(path+".must_pass", "a case without assertions has no pass or fail", "add an assertion; an answer alone is only scored")
	case len(k.Assertions) == 0 && k.Repeat.Need < k.Repeat.Times:
		in.Add(path, "a case without assertions has no pass or fail, so none of its answers can be needed to pass", "add an assertion, or write repeat without need")
	case len(k.Assertions) > 0 && total == 0:
		in.Add(path+".assert", "every assertion has weight 0, so none decides", "give at least one a weight above 0")
	}
	if f.Answer == nil {
		in.needAnswer(path, s.shared)
		in.needAnswer(path, f.Assert)
	}
	in.needMore(k, path, s.shared)
	in.needMore(k, path, f.Assert)
}

// needMore reports assertions that a case has too little for: a variable of a template, or an answer that can be read as what it is compared as.
func (c inspector) needMore(k Case, path string, assertions []assertionForm) {
	sample := grade.Sample{Question: k.Question, Reference: k.Answer, Vars: k.Vars}
	for _, a := range assertions {
		if problem := grade.CheckCase(a.part.Args, sample); problem != "" {
			c.Add(path, fmt.Sprintf("%s can decide on no answer: %s", a.value.Path(), problem), "mend the case, or the arguments of the assertion")
		}
	}
}

// needAnswer reports assertions that compare with the answer that a case does not have.
func (c inspector) needAnswer(path string, assertions []assertionForm) {
	for _, a := range assertions {
		if !a.needsReference {
			continue
		}
		hint := "add an answer to the case, or give the assertion its own: " + a.Kind + ": {reference: …}"
		switch kind, _ := kindOf(strings.TrimPrefix(a.Kind, not)); {
		case kind.Scalar != "":
			hint = "add an answer to the case, or give the assertion its own: " + a.Kind + ": …"
		case a.Judge || a.Exec:
			hint = "add an answer to the case, or leave it out of what the grader is shown"
		}
		c.Add(path, fmt.Sprintf("the case has no answer, and %s compares with it", a.value.Path()), hint)
	}
}

// identify fills in the case's id and wants it to be unique.
func (s *suite) identify(in inspector, f *caseForm, k *Case) {
	path := f.value.Path()
	if f.ID != nil {
		k.ID = *f.ID
		in.label(path+".id", k.ID, 200)
		if in.sound(path+".id") && (strings.HasPrefix(k.ID, "tag:") || strings.TrimSpace(k.ID) != k.ID) {
			in.Addf(path+".id", "an id can't begin with \"tag:\", or begin or end with a blank, found %s", yamlpos.Quote(k.ID))
		}
	} else {
		k.ID = contentID(*k)
	}
	first, taken := s.places[k.ID]
	switch {
	case in.Troubled(path + ".id"), f.ID == nil && in.Troubled(path): // a key that is misspelt is missing from the content
	case !taken:
		s.places[k.ID] = place{k.Pos, path}
	case f.ID != nil:
		in.Addf(path+".id", "%s is the id of %s already", yamlpos.Quote(k.ID), first.seenFrom(k.Pos))
	default:
		what := "question"
		if k.Messages != nil {
			what = "messages"
		}
		in.Add(path, fmt.Sprintf("the same %s and answer as %s", what, first.seenFrom(k.Pos)),
			"give one of the two an id of its own, or put their assertions in one case")
	}
}
