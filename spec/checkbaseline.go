package spec

import (
	"cmp"
	"fmt"
	"strings"

	"ftrun/runner/provider"
	"ftrun/spec/internal/yamlpos"
)

// checkModels looks at which model is trained, which is asked, and which it is compared with.
func (c *checker) checkModels() {
	p := c.pipeline
	p.BaseModel, p.Test.Model = c.file.BaseModel, c.file.Test.Model
	p.BaseModelPos = c.At("base_model")
	c.model("base_model", p.BaseModel)
	c.model("test.model", p.Test.Model)
	p.Test.Provider = c.otherProvider("test.provider", c.file.Test.Provider)
	if !c.Has("base_model") && !p.Train.Off && !c.Troubled("train") {
		c.Add("", `missing key "base_model"`, `name the model to train, or write "train: off" and test.model to test a model that exists`)
	}
	if p.Train.Off && !c.Has("test.model") && !c.Troubled("test") {
		c.Add("train", "off needs test.model: without training there is no other model to ask", `name the model to ask: test: {model: …, cases: …}`)
	}
	c.checkBaseline()
}

const (
	pathBaseline  = "test.baseline"
	baselineForms = "want base, off, {model: NAME}, {model: NAME, provider: KIND} or {results: FILE}"
)

func (c *checker) checkBaseline() {
	f := c.file.Test.Baseline
	b := &c.pipeline.Test.Baseline
	b.Pos = c.At(pathBaseline)
	b.Kind, b.Model, b.Results = f.word, f.Model, f.Results
	b.Provider = c.otherProvider(pathBaseline+".provider", f.Provider)
	switch {
	case !c.Has(pathBaseline):
		b.Kind = BaselineOff
		if c.pipeline.BaseModel != "" {
			b.Kind = BaselineBase
		}
	case !f.mapping:
		c.baselineWord(f.word)
	case f.Results != "" && (f.Model != "" || f.Provider != nil):
		c.Add(pathBaseline, "results are of an earlier run, and model and provider ask anew", "keep one of the two")
	case c.Has(pathBaseline + ".results"):
		b.Kind = BaselineResults
		c.path(pathBaseline+".results", f.Results)
	case !c.Has(pathBaseline + ".model"):
		if !c.Troubled(pathBaseline) || c.Troubled(pathBaseline+".provider") { // else a key is misspelt
			c.Add(pathBaseline, `missing key "model"`, baselineForms)
		}
	default:
		b.Kind = BaselineModel
		c.model(pathBaseline+".model", f.Model)
	}
	c.checkAgainstItself(*b)
}

// baselineWord wants base or off, and knows what else may have been meant.
func (c *checker) baselineWord(word string) {
	if !c.sound(pathBaseline) || word == BaselineBase || word == BaselineOff {
		return
	}
	hint := "a model is named like {model: NAME}"
	if strings.HasSuffix(word, ".json") {
		hint = "an earlier run's results are named like {results: FILE}"
	}
	c.Add(pathBaseline, "want base or off, found "+yamlpos.Quote(word), hint)
}

// checkAgainstItself refuses a comparison of a model with itself.
func (c *checker) checkAgainstItself(b Baseline) {
	p := c.pipeline
	const ways = "test another model, or set test.baseline to off"
	switch {
	case b.Kind == BaselineBase && p.Train.Off && !c.Has("base_model"):
		c.Add(pathBaseline, "base needs base_model, the model to compare with", `name base_model, or set test.baseline to off`)
	case b.Kind == BaselineBase && p.Test.Model != "" && p.Test.Model == p.BaseModel && c.sameService(p.Test.Provider, nil):
		c.Add("test.model", fmt.Sprintf("%s is base_model too, so it would be compared with itself", yamlpos.Quote(p.Test.Model)), ways)
	case b.Kind == BaselineModel && p.Test.Model != "" && p.Test.Model == b.Model && c.sameService(p.Test.Provider, b.Provider):
		c.Add(pathBaseline+".model", fmt.Sprintf("%s is test.model too, so it would be compared with itself", yamlpos.Quote(b.Model)),
			"name another model or another provider, or set test.baseline to off")
	}
}

// sameService reports whether two settings, of which nil is the pipeline's, are of one service.
func (c *checker) sameService(a, b *provider.Settings) bool {
	at := func(s *provider.Settings) [2]string {
		if s == nil {
			s = &c.pipeline.Provider
		}
		profile, _ := provider.ProfileOf(s.Kind)
		return [2]string{s.Kind, strings.TrimSuffix(cmp.Or(s.BaseURL, profile.BaseURL), "/")}
	}
	return at(a) == at(b)
}
