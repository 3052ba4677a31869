package grade

import "strings"

// A CaseChecker is Args that can tell from a case alone, before anybody answered it, that they decide on no answer to it.
type CaseChecker interface {
	// CheckCase returns what the case lacks, or "". Of the sample it looks at the reference, the question and the variables only.
	CheckCase(s Sample) string
}

// CheckCase returns what a case lacks for a grader with these arguments, or "". A reference that is not there at all is the matter of
// [Args].NeedsReference.
func CheckCase(args Args, s Sample) string {
	if c, ok := args.(CaseChecker); ok {
		return c.CheckCase(s)
	}
	return ""
}

// missing says which variable of the template the case does not have, or returns "".
func (t *template) missing(s Sample) string {
	for _, p := range t.pieces {
		if name, isItem := strings.CutPrefix(p.name, "item."); isItem && name != "question" && name != "answer" {
			if _, err := takeVariable(s, name); err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

// fromCase reports whether the template can be filled in before there is an answer.
func (t *template) fromCase(s Sample) bool {
	return !t.showsOutput() && !(t.needsAnswer() && s.Reference == "")
}

// missingIn returns what the first of some templates that lacks a variable says. Those that are none have been reported.
func missingIn(s Sample, texts ...string) string {
	for _, text := range texts {
		if t, err := parseTemplate(text); err == nil {
			if problem := t.missing(s); problem != "" {
				return problem
			}
		}
	}
	return ""
}

// CheckCase wants the variables of the templates.
func (t *Texts) CheckCase(s Sample) string {
	if problem := t.inputTemplate().missing(s); problem != "" {
		return problem
	}
	return t.referenceTemplate().missing(s)
}

// CheckCase wants the variables of the template, and a number in what it makes.
func (a *Numeric) CheckCase(s Sample) string {
	t, err := parseTemplate(a.reference())
	if a.Value != "" || err != nil {
		return ""
	}
	if problem := t.missing(s); problem != "" || !t.fromCase(s) {
		return problem
	}
	if _, err := a.expected()(s); err != nil {
		return err.Error()
	}
	return ""
}

// CheckCase wants an answer that is JSON, where it is compared with.
func (a *JSON) CheckCase(s Sample) string {
	if a.Answer == "" || s.Reference == "" {
		return ""
	}
	if _, bad := parseJSON(s.Reference); bad != nil {
		return "read the case's answer as JSON: " + bad.message
	}
	return ""
}

// CheckCase wants the variables of the prompt.
func (a *ScoreModel) CheckCase(s Sample) string { return missingIn(s, a.prompt().texts()...) }

// CheckCase wants the variables of the prompt.
func (a *LabelModel) CheckCase(s Sample) string { return missingIn(s, a.prompt().texts()...) }

// CheckCase returns what the first of the graders lacks.
func (a *Multi) CheckCase(s Sample) string {
	for _, name := range sortedNames(a.Graders) {
		if problem := CheckCase(a.Graders[name].Args, s); problem != "" {
			return name + ": " + problem
		}
	}
	return ""
}
