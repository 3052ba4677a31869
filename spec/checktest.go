package spec

import "math"

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
	c.within("test.requests_per_minute", f.RequestsPerMinute, 1, math.MaxInt)
	c.within("test.tokens_per_minute", f.TokensPerMinute, 1, math.MaxInt)
	c.positive("test.timeout", f.Timeout)
	c.temperature("test.sampling.temperature", f.Sampling.Temperature)
	if n := f.Sampling.MaxCompletionTokens; n != nil {
		c.within("test.sampling.max_completion_tokens", *n, 1, math.MaxInt)
		t.Sampling.MaxCompletionTokens = *n
	}
	c.choice("test.reuse", f.Reuse, []string{ReuseResume, ReuseAlways, ReuseNever})
	t.Reuse = f.Reuse
	t.Sampling.Temperature = f.Sampling.Temperature
	t.Concurrency, t.Timeout, t.MaxErrors, t.MinCases = f.Concurrency, f.Timeout, f.MaxErrors.Amount, f.MinCases
	t.RequestsPerMinute, t.TokensPerMinute = f.RequestsPerMinute, f.TokensPerMinute
	t.ResponseFormat = c.responseFormat()
	c.checkTools()
	c.checkCases()
	c.within("test.min_cases", t.MinCases, 1, math.MaxInt)
	if n := len(t.Cases); c.sound("test.min_cases") && c.casesKnown() && t.MinCases > n {
		c.Addf("test.min_cases", "want %d cases, the file has %d", t.MinCases, n)
	}
}

func (c inspector) temperature(path string, x float64) {
	if c.sound(path) && (x < 0 || x > maxTemperature) {
		c.Addf(path, "want 0 to %d, found %v", maxTemperature, x)
	}
}

// checkCases builds the cases, each alone, then held against those before it.
func (c *checker) checkCases() {
	if !c.Has("test") {
		c.Add("", `missing key "test"`, "add test cases: a model that nobody asks can't pass")
		return
	}
	items := c.file.Test.Cases.Items
	if len(items) == 0 {
		if !c.Troubled("test") {
			at := "test"
			if c.Has("test.cases") {
				at = "test.cases"
			}
			c.Add(at, "no test cases", "add at least one, with a question, and an answer or assertions")
		}
		return
	}
	c.openSuite()
	files := caseReader{checker: c, known: map[string]bool{}}
	for _, item := range items {
		if item.written != nil {
			c.suite.add(c.inspector, item.written)
			continue
		}
		for _, file := range item.files.File {
			files.include(file)
		}
	}
	c.pipeline.Test.Cases = c.suite.cases
}

// openSuite gathers what all cases have in common.
func (c *checker) openSuite() {
	shared := c.file.Test.Assert
	if c.Has("test.assert") && len(shared) == 0 && c.sound("test.assert") {
		c.Addf("test.assert", "an empty list; leave the key out")
	}
	c.suite = suite{
		shared:      shared,
		soundShared: !c.Troubled("test.assert"),
		tools:       c.file.Test.Tools,
		repeat:      c.repeat("test.repeat", c.file.Test.Repeat, Repeat{1, 1}),
		judging:     judging{hasJudge: c.Has("test.judge"), tested: c.pipeline.Test.Model, allowSelf: c.file.Test.Judge.AllowSelf},
		places:      map[string]place{},
	}
	for i, a := range shared {
		if a.ok {
			c.suite.assertions = append(c.suite.assertions, a.Assertion)
			c.suite.judging.note(c.inspector, a)
			c.suite.warnOfTwin(a, shared[:i], "test.assert[%d]")
		}
	}
}

// casesKnown reports whether the cases are all there and sound, so that more can be said of them together.
func (c *checker) casesKnown() bool {
	unread := c.read == nil && len(c.pipeline.Test.CaseFiles) > 0
	return !c.Troubled("test") && len(c.elsewhere) == 0 && !unread && len(c.pipeline.Test.Cases) > 0
}
