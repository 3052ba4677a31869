package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"strings"

	"ftrun/spec/internal/yamlpos"
)

// The bounds of test settings. A weight beyond maxWeight is a slip of the pen, and sums of larger ones lose digits.
const (
	maxConcurrency = 1000
	maxTemperature = 2
	maxWeight      = 1e6
)

func (c *checker) checkTest() {
	f := c.file.Test
	t := &c.pipeline.Test
	c.within("test.concurrency", f.Concurrency, 1, maxConcurrency)
	c.positive("test.timeout", f.Timeout)
	if x := f.Sampling.Temperature; c.sound("test.sampling.temperature") && (x < 0 || x > maxTemperature) {
		c.Addf("test.sampling.temperature", "want 0 to %d, found %v", maxTemperature, x)
	}
	if n := f.Sampling.MaxCompletionTokens; n != nil {
		c.within("test.sampling.max_completion_tokens", *n, 1, math.MaxInt)
		t.Sampling.MaxCompletionTokens = *n
	}
	c.choice("test.reuse", f.Reuse, []string{ReuseResume, ReuseAlways, ReuseNever})
	t.Reuse = f.Reuse
	t.Sampling.Temperature = f.Sampling.Temperature
	t.Concurrency, t.Timeout, t.MaxErrors, t.MinCases = f.Concurrency, f.Timeout, f.MaxErrors.Amount, f.MinCases
	c.checkCases()
	c.within("test.min_cases", t.MinCases, 1, math.MaxInt)
	if n := len(t.Cases); c.sound("test.min_cases") && n > 0 && t.MinCases > n {
		c.Addf("test.min_cases", "want %d cases, the file has %d", t.MinCases, n)
	}
}

// checkCases builds the cases and looks at each alone, then at their ids.
func (c *checker) checkCases() {
	if !c.Has("test") {
		c.Add("", `missing key "test"`, "add test cases: a model that nobody asks can't pass")
		return
	}
	files := c.file.Test.Cases.List
	if len(files) == 0 {
		if !c.Troubled("test") {
			at := "test"
			if c.Has("test.cases") {
				at = "test.cases"
			}
			c.Add(at, "no test cases", "add at least one, with a question, and an answer or assertions")
		}
		return
	}
	shared := c.file.Test.Assert
	if c.Has("test.assert") && len(shared) == 0 && c.sound("test.assert") {
		c.Addf("test.assert", "an empty list; leave the key out")
	}
	ids := map[string]string{} // id to the path of its case
	for _, f := range files {
		k := c.testCase(f, shared)
		c.checkID(f, &k, ids)
		c.pipeline.Test.Cases = append(c.pipeline.Test.Cases, k)
	}
}

var tagPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

func (c *checker) testCase(f caseFile, shared []assertionForm) Case {
	path := f.value.Path()
	k := Case{Question: f.Question, Tags: f.Tags, MustPass: f.MustPass, Pos: f.value.Pos()}
	if strings.TrimSpace(f.Question) == "" {
		c.blank(path+".question", "write what to ask the model")
	}
	if f.Answer != nil {
		k.Answer = *f.Answer
		if strings.TrimSpace(k.Answer) == "" {
			c.blank(path+".answer", "write the expected answer, or leave the key out")
		}
	}
	for i, tag := range f.Tags {
		at := fmt.Sprintf("%s.tags[%d]", path, i)
		if c.sound(at) && !tagPattern.MatchString(tag) {
			c.Addf(at, "want a tag of A-Z, a-z, 0-9, _, . and -, found %s", yamlpos.Quote(tag))
		}
	}
	for _, a := range append(append([]assertionForm(nil), shared...), f.Assert...) {
		if a.ok {
			k.Assertions = append(k.Assertions, a.Assertion)
		}
	}
	c.checkEvidence(f, shared, k)
	return k
}

// checkEvidence wants what a case needs to be decided: an answer or assertions, weight among these, an answer where one is compared with.
func (c *checker) checkEvidence(f caseFile, shared []assertionForm, k Case) {
	path := f.value.Path()
	if c.Troubled(path) || c.Troubled("test.assert") {
		return
	}
	total := 0.0
	for _, a := range k.Assertions {
		total += a.Weight
	}
	switch {
	case len(k.Assertions) == 0 && f.Answer == nil:
		c.Add(path, "a case needs an answer or an assertion", "without either, nothing can be said of what the model replies")
	case len(k.Assertions) == 0 && k.MustPass:
		c.Add(path+".must_pass", "a case without assertions has no pass or fail", "add an assertion; an answer alone is only scored")
	case len(k.Assertions) > 0 && total == 0:
		c.Add(path+".assert", "every assertion has weight 0, so none decides", "give at least one a weight above 0")
	}
	if f.Answer != nil {
		return
	}
	for _, a := range append(append([]assertionForm(nil), shared...), f.Assert...) {
		if a.needsReference {
			own := "{reference: …}"
			if kind, _ := kindOf(strings.TrimPrefix(a.Kind, not)); kind.Scalar != "" {
				own = "…"
			}
			c.Add(path, fmt.Sprintf("the case has no answer, and %s compares with it", a.value.Path()),
				fmt.Sprintf("add an answer to the case, or give the assertion its own: %s: %s", a.Kind, own))
		}
	}
}

// checkID fills in the case's id and wants it to be unique.
func (c *checker) checkID(f caseFile, k *Case, paths map[string]string) {
	path := f.value.Path()
	if f.ID != nil {
		k.ID = *f.ID
		c.label(path+".id", k.ID, 200)
		if c.sound(path+".id") && (strings.HasPrefix(k.ID, "tag:") || strings.TrimSpace(k.ID) != k.ID) {
			c.Addf(path+".id", "an id can't begin with \"tag:\", or begin or end with a blank, found %s", yamlpos.Quote(k.ID))
		}
	} else {
		k.ID = contentID(k.Question, k.Answer)
	}
	first, taken := paths[k.ID]
	switch {
	case c.Troubled(path + ".id"), f.ID == nil && c.Troubled(path): // a key that is misspelt is missing from the content
	case !taken:
		paths[k.ID] = path
	case f.ID != nil:
		c.Addf(path+".id", "%s is the id of %s already", yamlpos.Quote(k.ID), first)
	default:
		c.Add(path, "the same question and answer as "+first, "give one of the two an id of its own, or put their assertions in one case")
	}
}

// contentID is the id of a case that declares none: "case-" and the first 12 hex digits of the SHA-256 of the question, a zero
// byte and the answer. It stays when cases are reordered or assertions change, so that history keeps together.
func contentID(question, answer string) string {
	sum := sha256.Sum256([]byte(question + "\x00" + answer))
	return "case-" + hex.EncodeToString(sum[:])[:12]
}
