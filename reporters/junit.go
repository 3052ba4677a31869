package reporters

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"ftrun/runner/result"
)

// The suites of junit.xml.
const (
	suiteStages     = "stages"
	suiteThresholds = "thresholds"
	suiteCases      = "cases"
)

// JUnit writes junit.xml, in the subset of the format that every reader known to us takes the same way.
//
// It holds a failure or an error if and only if the run's exit code is not 0: a case may fail within what the thresholds allow,
// and CI systems would count it against the build.
func JUnit(w io.Writer, run *result.Run) error {
	b := &junitBuilder{run: run, used: map[string]int{}, textLimit: junitTextLimit(run.Summary)}
	stages, thresholds := b.stages(), b.thresholds()
	cases, err := b.cases()
	if err != nil {
		return err
	}
	b.addConclusion(&stages)

	suites := junit.Testsuites{Name: junitName(run.Name, "ftrun"), Time: stages.Time}
	for _, s := range []junit.Testsuite{stages, thresholds, cases} {
		if s.Tests > 0 {
			s.ID = len(suites.Suites)
			suites.AddSuite(s)
		}
	}
	if _, err := io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"); err != nil {
		return err
	}
	return suites.WriteXML(w)
}

// A junitBuilder makes suites of a run.
type junitBuilder struct {
	run       *result.Run
	used      map[string]int // classname and name of every testcase, and how often the name was wanted
	textLimit int            // bytes of one text of a case
	reds      int            // failures and errors so far
	explained bool           // one of them carries the run's own reason
}

// The kinds of a red testcase.
const (
	junitFailure = "failure" // the model is not good enough
	junitError   = "error"   // could not find out
)

// A finding is something that went wrong in a testcase.
type finding struct {
	kind    string // junitFailure or junitError
	typ     string // the type attribute
	message string // one line
	body    string
	allowed string // by what, where the exit code is 0
}

// redden marks tc with f. It is the only place where a failure or an error comes from, and makes none where the exit code is 0.
func (b *junitBuilder) redden(tc *junit.Testcase, f finding) {
	r := &junit.Result{
		Message: brief(f.message, 300),
		Type:    f.typ,
		// Some readers show the attribute and some the body, so that both need the message.
		Data: block(strings.TrimSpace(cut(f.message, 4000) + "\n\n" + f.body)),
	}
	if b.run.ExitCode == result.ExitPass {
		r.Message = brief("failed, allowed by "+f.allowed, 300)
		r.Type = ""
		tc.Skipped = r
		return
	}
	b.reds++
	if f.kind == junitError {
		tc.Error = r
	} else {
		tc.Failure = r
	}
}

// addConclusion adds a testcase for how the run ended, where it ended badly and no stage tells so.
func (b *junitBuilder) addConclusion(stages *junit.Testsuite) {
	exit := b.run.ExitCode
	if exit == result.ExitPass || b.explained || exit == result.ExitFail && b.reds > 0 {
		return
	}
	tc := b.testcase(suiteStages, "run", 0)
	b.redden(&tc, b.conclusion(""))
	stages.AddTestcase(tc)
}

// conclusion returns the run's reason as a finding; more, where there is any, is what a stage adds to it.
func (b *junitBuilder) conclusion(more string) finding {
	c := b.run.Conclusion
	message := cmp.Or(c.Reason, more, fmt.Sprintf("the run ended with exit code %d", c.ExitCode))
	var parts []string
	if more != "" && more != message {
		parts = append(parts, more)
	}
	if c.Hint != "" {
		parts = append(parts, c.Hint)
	}
	if job := b.run.Job; job != nil {
		parts = append(parts, strings.TrimSpace("job "+job.ID+" "+job.Status))
		if job.Error != nil {
			parts = append(parts, strings.TrimSpace(job.Error.Code+" "+job.Error.Message))
		}
	}
	if len(b.run.Problems) > 0 {
		parts = append(parts, problemLines(b.run.Problems))
	}
	body := cut(strings.Join(parts, "\n"), 1<<16)
	return finding{kind: junitError, typ: c.ReasonCode, message: message, body: body, allowed: b.allowance()}
}

// stages returns a testcase for each stage. The first that did not come to its end carries the run's reason.
func (b *junitBuilder) stages() junit.Testsuite {
	s := b.suite(suiteStages)
	for _, p := range [][2]string{
		{"provider", b.run.Provider.Kind}, {"base_model", b.run.BaseModel}, {"fine_tuned_model", b.run.FineTunedModel},
		{"dataset", strings.Join(datasetFacts(b.run.Dataset), ", ")}, {"training_estimate", estimateText(b.run)},
		{"verdict", string(b.run.Verdict)}, {"exit_code", fmt.Sprint(b.run.ExitCode)}, {"ftrun_version", b.run.Provenance.Version},
	} {
		if p[1] != "" {
			s.AddProperty(p[0], brief(p[1], 300))
		}
	}
	total := 0.0
	for _, stage := range b.run.Stages {
		tc := b.testcase(suiteStages, stage.Name, stage.Seconds)
		total += max(0, stage.Seconds)
		switch stage.Status {
		case result.StageFailed, result.StageUnfinished:
			b.brokenStage(&tc, stage)
		case result.StageSkipped:
			tc.Skipped = &junit.Result{Message: brief(stage.Reason, 300)}
		}
		s.AddTestcase(tc)
	}
	if b.run.Provider.Kind == kindEmbedded {
		s.AddProperty("provider_note", standIn)
	}
	s.Time = junitSeconds(total)
	return s
}

// brokenStage marks a stage that failed or did not finish. After one that explains the run, stages that were only not reached
// are no errors of their own.
func (b *junitBuilder) brokenStage(tc *junit.Testcase, stage result.Stage) {
	switch {
	case !b.explained:
		b.redden(tc, b.conclusion(stage.Reason))
		b.explained = tc.Error != nil
	case stage.Status == result.StageUnfinished:
		tc.Skipped = &junit.Result{Message: brief(cmp.Or(stage.Reason, "not reached"), 300)}
	default:
		b.redden(tc, finding{kind: junitError, typ: stage.Status, message: cmp.Or(stage.Reason, stage.Status), allowed: b.allowance()})
	}
}

func (b *junitBuilder) thresholds() junit.Testsuite {
	s := b.suite(suiteThresholds)
	for _, t := range b.run.Thresholds {
		tc := b.testcase(suiteThresholds, t.Expression, 0)
		if t.Verdict != result.ThresholdPass {
			b.redden(&tc, b.threshold(t))
		}
		s.AddTestcase(tc)
	}
	return s
}

// threshold returns what is wrong with a threshold that does not hold.
func (b *junitBuilder) threshold(t result.Threshold) finding {
	r := read(t, dash)
	f := finding{kind: junitFailure, typ: "threshold", message: whyThreshold(t), allowed: b.allowance()}
	if t.Verdict != result.ThresholdFail {
		f.kind, f.typ = junitError, "undecided"
		if t.Cause != "" {
			f.typ = t.Cause
		}
	}
	measured := figureText(t, r)
	switch {
	case f.message != "" && t.Interval != nil && !tells(f.message, measured):
		f.message += " (measured " + measured + ")"
	case f.message != "":
	case f.kind == junitFailure:
		f.message = t.Expression + " does not hold: measured " + measured
	default:
		f.message = t.Expression + " could not be decided: measured " + measured
	}
	lines := []string{"threshold  " + t.Expression, "measured   " + r.value, "wanted     " + r.wanted}
	if r.interval != "" && ofDifference(t) {
		lines = append(lines, "difference "+r.interval)
	} else if r.interval != "" {
		lines = append(lines, "interval   "+r.interval)
	}
	if r.p != "" {
		lines = append(lines, "by chance  "+r.p)
	}
	if r.between != "" {
		lines = append(lines, "between    "+r.between+", as the cases without a verdict turn out")
	}
	f.body = strings.Join(lines, "\n") + b.declared(b.run.Provenance.Spec, t.Line)
	return f
}

// allowance names what lets a stage or a threshold go wrong in a run with exit code 0.
func (b *junitBuilder) allowance() string {
	if b.run.Reason == "" {
		return "the verdict " + string(b.run.Verdict)
	}
	return fmt.Sprintf("the verdict %s: %s", b.run.Verdict, b.run.Reason)
}

// declared returns a line that says where something stands, or nothing.
func (b *junitBuilder) declared(file string, line int) string {
	if at := position(file, line); at != "" {
		return "\ndeclared   " + at
	}
	return ""
}

// suite returns an empty suite.
func (b *junitBuilder) suite(name string) junit.Testsuite {
	s := junit.Testsuite{Name: name, Time: junitSeconds(0)}
	if start := b.run.Provenance.StartedAt; !start.IsZero() {
		// Older schemas refuse a zone.
		s.Timestamp = start.UTC().Format("2006-01-02T15:04:05")
	}
	return s
}

// testcase returns a testcase with a name that no other has: some readers drop the second of two.
func (b *junitBuilder) testcase(suite, name string, seconds float64) junit.Testcase {
	class := junitName(b.run.Name, "ftrun") + "." + suite
	name = junitName(name, "unnamed")
	unique := name
	for b.used[class+"\x00"+unique] > 0 {
		b.used[class+"\x00"+name]++
		unique = fmt.Sprintf("%s #%d", name, b.used[class+"\x00"+name])
	}
	b.used[class+"\x00"+unique]++
	return junit.Testcase{Name: unique, Classname: class, Time: junitSeconds(seconds)}
}

// junitName returns s as a name, or instead where nothing of it is left.
func junitName(s, instead string) string {
	if s = brief(s, 200); s == "" {
		return instead
	}
	return s
}

// junitSeconds returns s with three decimals and without an exponent, which some readers refuse.
func junitSeconds(s float64) string {
	if !(s > 0) || math.IsInf(s, 0) {
		s = 0
	}
	return fmt.Sprintf("%.3f", s)
}

func milliseconds(ms float64) float64 { return ms / float64(time.Second/time.Millisecond) }
