package spec

import (
	"fmt"
	"strings"

	"ftrun/spec/internal/yamlpos"
)

// The bounds of a judge. More samples than that cost more than they tell.
const maxSamples = 15

// A judging is what assertions may ask of judges.
type judging struct {
	hasJudge  bool   // there is a test.judge
	tested    string // the model that is asked the cases; empty: the fine-tuned one
	allowSelf bool
	used      bool // some assertion asks a judge
}

// note wants a judge for an assertion that asks one, and another than the model that it judges.
func (j *judging) note(in inspector, a assertionForm) {
	if !a.Judge {
		return
	}
	j.used = true
	path := a.value.Path()
	for _, model := range a.Judges {
		switch {
		case model == "" && !j.hasJudge:
			in.Add(path, fmt.Sprintf("no model decides on %s", a.Kind), "name one: test: {judge: {model: …}, cases: …}, or model in the assertion")
		case model != "" && model == j.tested && !j.allowSelf:
			in.Add(path, fmt.Sprintf("the model under test, %s, would judge itself", yamlpos.Quote(model)),
				"name another model, or say test: {judge: {allow_self: true, …}}")
		}
	}
}

// checkJudge wants a judge that something asks, that does not judge itself, and whose calibration can be held against it.
func (c *checker) checkJudge() {
	const at = "test.judge"
	f := c.file.Test.Judge
	if !c.Has(at) {
		return
	}
	model := at + ".model"
	if !c.Has(model) {
		model = at
	}
	c.model(model, f.Model)
	if c.within(at+".samples", f.Samples, 1, maxSamples); c.sound(at+".samples") && f.Samples%2 == 0 {
		c.Add(at+".samples", fmt.Sprintf("want an odd number, found %d", f.Samples), "an even number of verdicts can be a draw")
	}
	c.temperature(at+".temperature", f.Temperature)
	j := Judge{Model: f.Model, Samples: f.Samples, Temperature: f.Temperature, AllowSelf: f.AllowSelf, Pos: c.At(at)}
	j.Provider = c.otherProvider(at+".provider", f.Provider)
	tested := c.pipeline.Test.Model
	switch {
	case c.Troubled(at):
	case f.Model == tested && tested != "" && !f.AllowSelf:
		c.Add(model, fmt.Sprintf("the model under test, %s, would judge itself", yamlpos.Quote(tested)), "name another model, or say allow_self: true")
	case c.casesKnown() && !c.suite.judging.used:
		c.Add(at, "no assertion asks the judge", "add one such as score_model, or leave judge out")
	}
	if c.Has(at+".calibration") && len(f.Calibration) == 0 && c.sound(at+".calibration") {
		c.Addf(at+".calibration", "an empty list; leave the key out")
	}
	for i, k := range f.Calibration {
		j.Calibration = append(j.Calibration, c.calibration(i, k))
	}
	c.pipeline.Test.Judge = &j
}

// calibration is a case whose assertions are those of judges.
func (c *checker) calibration(i int, f calibrationForm) Calibration {
	path := f.value.Path()
	k := Case{
		ID: fmt.Sprintf("calibration-%d", i+1), Question: f.Question, Vars: f.Vars, Repeat: Repeat{1, 1}, Pos: f.value.Pos(),
	}
	for key, text := range map[string]string{"question": f.Question, "output": f.Output} {
		if strings.TrimSpace(text) == "" {
			c.blank(path+"."+key, "write what a model was asked, and what it said")
		}
	}
	c.vars(path+".vars", f.Vars)
	c.choice(path+".expect", f.Expect, []string{"pass", "fail"})
	if f.Answer != nil {
		k.Answer = *f.Answer
	}
	assertions := f.Assert
	if !c.Has(path + ".assert") {
		assertions = judgesOf(c.file.Test.Assert)
	}
	for _, a := range assertions {
		switch {
		case !a.ok:
		case !a.Judge:
			c.Add(a.value.Path(), fmt.Sprintf("%s asks no judge, so there is nothing to calibrate", a.Kind), "name assertions of judges only")
		default:
			c.suite.judging.note(c.inspector, a)
			held := a.Assertion
			held.Weight = 1 // a judge who only reports is held to what is known as well
			k.Assertions = append(k.Assertions, held)
		}
	}
	if len(k.Assertions) == 0 && !c.Troubled(path) && !c.Troubled("test.assert") {
		c.Add(path, "no assertion of a judge to hold it to", "add assert, or an assertion of a judge to test.assert")
	}
	if !c.Troubled(path) {
		if f.Answer == nil {
			c.needAnswer(path, assertions)
		}
		c.needMore(k, path, assertions)
	}
	return Calibration{Case: k, Output: f.Output, Pass: f.Expect == "pass", Pos: k.Pos}
}

// judgesOf returns the assertions that judges decide.
func judgesOf(all []assertionForm) []assertionForm {
	var judges []assertionForm
	for _, a := range all {
		if a.Judge {
			judges = append(judges, a)
		}
	}
	return judges
}
