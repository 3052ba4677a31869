package spec

import (
	"fmt"
	"slices"
	"strings"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// A thresholdForm is the text of a threshold.
type thresholdForm struct {
	Threshold
	value   yamlpos.Value
	ok      bool
	problem *ThresholdError // which is told better once the cases are known
}

func (f *thresholdForm) UnmarshalValue(v yamlpos.Value) {
	f.value = v
	if v.Kind() != yamlpos.Scalar {
		hint := thresholdForms
		if v.Kind() == yamlpos.Mapping {
			hint = asText(v)
		}
		v.Add("want a threshold, found "+v.Describe(), hint)
		return
	}
	t, problem := parseThreshold(v.Text())
	if problem != nil {
		if _, _, ok := scoreBeyond(v.Text()); ok {
			f.problem = problem
			return
		}
		v.Add(problem.Message, problem.Way)
		return
	}
	t.Pos = v.Pos()
	f.Threshold, f.ok = t, true
}

// asText shows a threshold as one text to whoever wrote a mapping: with what stands there, where that makes a threshold.
func asText(v yamlpos.Value) string {
	like := "pass_rate >= 80%"
	if entries := v.Entries(); len(entries) == 1 {
		key, value := entries[0].Key, entries[0].Value.Text()
		if strings.Contains(key, "{") && !strings.Contains(key, "}") {
			return `a ": " makes a mapping of it; put the threshold in quotes: '{tag:x}' has no blank after its colon`
		}
		op := " >= "
		if checkMetric(key) == nil && !Metric(key).ofAnswers() {
			op = " <= "
		}
		for _, text := range []string{key + " " + value, key + op + value} {
			if _, problem := parseThreshold(text); problem == nil {
				like = text
				break
			}
		}
	}
	return "a threshold is one text, such as '" + like + "'"
}

// checkThresholds wants thresholds that can be judged with the cases and the baseline that there are, and fills in the defaults.
func (c *checker) checkThresholds() {
	if !c.Has("thresholds") {
		c.defaultThresholds()
		return
	}
	if len(c.file.Thresholds) == 0 && c.sound("thresholds") {
		c.Add("thresholds", "an empty list, so nothing would gate", "leave the key out for the defaults")
	}
	seen := map[string]string{} // canonical form to path
	for _, f := range c.file.Thresholds {
		path := f.value.Path()
		if f.problem != nil {
			c.outsideMean(path, f)
		}
		if !f.ok {
			continue
		}
		if first, ok := seen[f.String()]; ok {
			c.Addf(path, "the same threshold as %s", first)
			continue
		}
		seen[f.String()] = path
		c.checkThreshold(path, f.Threshold)
		c.pipeline.Thresholds = append(c.pipeline.Thresholds, f.Threshold)
	}
	c.checkGate()
}

// outsideMean reports a mean that is held to a score beyond 1, and says what that score is where the grader's range has it.
func (c *checker) outsideMean(path string, f thresholdForm) {
	metric, score, _ := scoreBeyond(f.value.Text())
	for _, k := range c.pipeline.Test.Cases {
		for _, a := range k.Assertions {
			ranged, ok := a.Grader.(interface{ Range() (low, high float64) })
			if !ok || a.Not || !a.Feeds(metric.Grader()) {
				continue
			}
			if low, high := ranged.Range(); low <= score && score <= high {
				c.Add(path, f.problem.Message, normalised(score, low, high))
				return
			}
		}
	}
	c.Add(path, f.problem.Message, f.problem.Way)
}

func (c *checker) checkThreshold(path string, t Threshold) {
	if t.NeedsBaseline() && c.pipeline.Test.Baseline.Kind == BaselineOff && !c.Troubled("test.baseline") && !c.Troubled("base_model") {
		why := "test.baseline is off"
		if !c.Has("test.baseline") {
			why = "there is no base_model to compare with"
		}
		c.Add(path, "no baseline: "+why, "name base_model with test.baseline base, or another model in test.baseline, or compare with a number")
	}
	if t.Metric.OfTraining() {
		if c.pipeline.Train.Off {
			c.Add(path, fmt.Sprintf("there is no %s: with train: off nothing is trained", t.Metric), "leave the threshold out, or train")
		}
		return
	}
	if !c.casesKnown() {
		return // what is known of the cases is not all there is
	}
	tagged := c.pipeline.Test.Cases
	if t.Tag != "" {
		tagged = slices.DeleteFunc(slices.Clone(tagged), func(k Case) bool { return !slices.Contains(k.Tags, t.Tag) })
	}
	if len(tagged) == 0 {
		c.unknownTag(path, t.Tag)
		return
	}
	if about := c.about(path, t, tagged); about > 0 {
		c.checkPower(path, t, about)
	}
}

// about returns how many of the tagged cases a threshold is about, and wants some.
func (c *checker) about(path string, t Threshold, tagged []Case) int {
	where := "no case"
	if t.Tag != "" {
		where += fmt.Sprintf(" with tag %q", t.Tag)
	}
	asserted := countCases(tagged, hasAssertions)
	switch grader := t.Metric.Grader(); {
	case grader != "":
		n := countCases(tagged, func(k Case) bool {
			return slices.ContainsFunc(k.Assertions, func(a Assertion) bool { return a.Feeds(grader) })
		})
		if n == 0 {
			c.unknownGrader(path, where, grader)
		}
		return n
	case t.Metric == PassRate && asserted == 0:
		c.Add(path, where+" has assertions, so there is no pass rate", "add assertions, or use mean_score: an answer alone is only scored")
		return 0
	case (t.Metric == Fixed || t.Metric == Broken) && asserted == 0:
		c.Add(path, fmt.Sprintf("%s has assertions, so none can be %s", where, t.Metric), "add assertions, or use delta: an answer alone is only scored")
		return 0
	case t.Metric == PassRate, t.Metric == Fixed, t.Metric == Broken, t.Metric.OfBoth() && asserted > 0:
		return asserted
	default:
		return len(tagged)
	}
}

func countCases(cases []Case, which func(Case) bool) int {
	n := 0
	for _, k := range cases {
		if which(k) {
			n++
		}
	}
	return n
}

// unknownGrader reports the mean of a grader that does not occur.
func (c *checker) unknownGrader(path, where, grader string) {
	var names []string
	for _, k := range c.pipeline.Test.Cases {
		for _, a := range k.Assertions {
			for _, name := range []string{a.Kind, a.Name} {
				if tagPattern.MatchString(name) && !slices.Contains(names, name) && len(names) < 50 {
					names = append(names, name)
				}
			}
		}
	}
	message := fmt.Sprintf("%s has an assertion %s", where, yamlpos.Quote(grader))
	if s := diag.Suggest(grader, names); s != "" && s != grader {
		message += fmt.Sprintf(", did you mean %q?", s+meanOf)
	}
	hint := "no case has assertions"
	if len(names) > 0 {
		hint = "there are " + strings.Join(names, ", ") + "; the name before .mean is a grader's key, or the name that an assertion declares"
	}
	c.Add(path, message, hint)
}

func hasAssertions(k Case) bool { return len(k.Assertions) > 0 }

func (c *checker) unknownTag(path, tag string) {
	var tags []string
	for _, k := range c.pipeline.Test.Cases {
		for _, t := range k.Tags {
			if !slices.Contains(tags, t) && len(tags) < 1000 {
				tags = append(tags, t)
			}
		}
	}
	message := fmt.Sprintf("no case has tag %q", tag)
	if s := diag.Suggest(tag, tags); s != "" {
		message += fmt.Sprintf(", did you mean %q?", s)
	}
	c.Addf(path, "%s", message)
}

// defaultThresholds gates what can be gated: assertions hold in every case, and cases that are only scored do not fall behind the
// baseline. A baseline at 0 would be reached by a model that says nothing, hence the second of the two.
func (c *checker) defaultThresholds() {
	cases := c.pipeline.Test.Cases
	defaults := c.gates()
	if c.read == nil && len(c.pipeline.Test.CaseFiles) > 0 {
		return // they depend on cases that were not read
	}
	if len(defaults) == 0 && len(cases) > 0 && c.casesKnown() && !c.Troubled("base_model") {
		c.Add("test", "nothing would gate: the cases are only scored, and there is no baseline to compare with",
			"add assertions, or a threshold such as 'mean_score >= 0.5', or a baseline (base_model with test.baseline base)")
	}
	for i := range defaults {
		defaults[i].Default = true
		defaults[i].Expression = defaults[i].String()
		defaults[i].Pos = c.At("test")
	}
	c.pipeline.Thresholds = defaults
}

// gates returns the default thresholds.
func (c *checker) gates() []Threshold {
	cases := c.pipeline.Test.Cases
	scoredOnly := slices.ContainsFunc(cases, func(k Case) bool { return !hasAssertions(k) })
	var defaults []Threshold
	if slices.ContainsFunc(cases, hasAssertions) {
		defaults = append(defaults, Threshold{Metric: PassRate, Op: "==", Value: 1})
	}
	if scoredOnly && c.pipeline.Test.Baseline.Kind != BaselineOff {
		defaults = append(defaults,
			Threshold{Metric: MeanScore, Op: ">=", Baseline: true},
			Threshold{Metric: MeanScore, Op: ">"},
		)
	}
	return defaults
}
