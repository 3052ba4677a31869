package grade

// Texts are what a grader compares: what the model said with what it should have said. Both are templates, as in OpenAI's graders:
//
//	{{sample.output_text}}       the text of the answer
//	{{sample.output_json.a.0.b}} a part of an answer that is JSON; where the answer has none, the grader's decision is a fail
//	{{item.question}}            what the user said last
//	{{item.answer}}              the expected answer of the case
//	{{item.NAME}}                a variable of the case
type Texts struct {
	Input     *string `yaml:"input"`     // nil: {{sample.output_text}}
	Reference *string `yaml:"reference"` // nil: {{item.answer}}
}

// NeedsReference reports whether a text has the case's answer in it.
func (t *Texts) NeedsReference() bool {
	return t.inputTemplate().needsAnswer() || t.referenceTemplate().needsAnswer()
}

// check wants both to be templates.
func (t *Texts) check() []Problem {
	var problems []Problem
	for _, k := range []struct {
		key  string
		text *string
	}{{"input", t.Input}, {"reference", t.Reference}} {
		if k.text == nil {
			continue
		}
		if _, err := parseTemplate(*k.text); err != nil {
			problems = append(problems, Problem{Key: k.key, Message: err.Error()})
		}
	}
	if t.Input != nil && *t.Input == "" {
		problems = append(problems, Problem{Key: "input", Message: "empty; leave it out for the text of the answer"})
	}
	return problems
}

// checkReference wants a reference that is there to be more than nothing.
func (t *Texts) checkReference() []Problem {
	if t.Reference != nil && *t.Reference == "" {
		return []Problem{{Key: "reference", Message: "empty; leave it out for the answer of the case"}}
	}
	return nil
}

func (t *Texts) inputTemplate() *template     { return templateOr(t.Input, outputTemplate) }
func (t *Texts) referenceTemplate() *template { return templateOr(t.Reference, answerTemplate) }

// templateOr returns a template that was checked, or the usual one. It is empty where a text was not checked and is none.
func templateOr(text *string, usual string) *template {
	if text == nil {
		text = &usual
	}
	t, err := parseTemplate(*text)
	if err != nil {
		return new(template)
	}
	return t
}

// comparison fills in both texts for samples.
type comparison struct {
	input, reference *template
}

func (t *Texts) comparison() comparison {
	return comparison{input: t.inputTemplate(), reference: t.referenceTemplate()}
}

// render returns the texts of a sample.
func (c comparison) render(s Sample) (input, reference string, err error) {
	if input, err = c.input.render(s); err != nil {
		return "", "", err
	}
	reference, err = c.reference.render(s)
	return input, reference, err
}

// named tells of texts that are not the usual ones, for the name of an assertion.
func (t *Texts) named() string {
	name := ""
	if t.Reference != nil {
		name += " " + quoteHead(*t.Reference, nameRunes/2)
	}
	if t.Input != nil {
		name += " of " + quoteHead(*t.Input, nameRunes/2)
	}
	return name
}
