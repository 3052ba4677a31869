package reporters_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"ftrun/reporters"
	"ftrun/runner/result"
)

// The types of an independent reading of junit.xml.
type (
	xmlSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Suites   []xmlSuite `xml:"testsuite"`
	}
	xmlSuite struct {
		Name      string    `xml:"name,attr"`
		Tests     int       `xml:"tests,attr"`
		Failures  int       `xml:"failures,attr"`
		Errors    int       `xml:"errors,attr"`
		Skipped   int       `xml:"skipped,attr"`
		Time      string    `xml:"time,attr"`
		Timestamp string    `xml:"timestamp,attr"`
		Hostname  string    `xml:"hostname,attr"`
		Cases     []xmlCase `xml:"testcase"`
	}
	xmlCase struct {
		Name      string     `xml:"name,attr"`
		Classname string     `xml:"classname,attr"`
		Time      string     `xml:"time,attr"`
		Failure   *xmlResult `xml:"failure"`
		Error     *xmlResult `xml:"error"`
		Skipped   *xmlResult `xml:"skipped"`
	}
	xmlResult struct {
		Message string `xml:"message,attr"`
		Body    string `xml:",chardata"`
	}
)

func TestJUnit(t *testing.T) {
	t.Parallel()
	for name, run := range runs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := writeJUnit(t, run)
			golden(t, "junit_"+name, out)
			checkJUnit(t, run, out)
		})
	}
}

func TestJUnitUnfinishedIsOneError(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]*result.Run{
		"stages known":   unfinishedRun(),
		"stages unknown": result.Begin("pipeline.yaml", "0.1.0", start),
	} {
		s := parseJUnit(t, writeJUnit(t, run))
		if s.Errors != 1 || s.Failures != 0 {
			t.Errorf("%s: %d errors and %d failures, want one error", name, s.Errors, s.Failures)
		}
		for _, suite := range s.Suites {
			for _, c := range suite.Cases {
				if c.Error != nil && c.Error.Message != "run did not finish" {
					t.Errorf("%s: the error is %q", name, c.Error.Message)
				}
			}
		}
	}
}

// TestJUnitRedIffExitCode checks the rule that CI relies on, over runs that no runner would produce too.
func TestJUnitRedIffExitCode(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		run := randomRun(rnd)
		checkJUnit(t, run, writeJUnit(t, run))
		if t.Failed() {
			t.Fatalf("the run was %+v", run)
		}
	}
}

func TestJUnitReturnsCaseErrors(t *testing.T) {
	t.Parallel()
	run := passRun()
	run.Cases = brokenCases{}
	if err := reporters.JUnit(&bytes.Buffer{}, run); !errors.Is(err, errBroken) {
		t.Errorf("got error %v, want %v", err, errBroken)
	}
}

func TestJUnitStaysSmall(t *testing.T) {
	t.Parallel()
	run := failRun()
	cases := manyCases(1000)
	long := strings.Repeat("a long answer ", 5000)
	for i := range cases {
		cases[i].Status, cases[i].Generated, cases[i].Expected, cases[i].Question = result.CaseFailed, &long, long, long
	}
	run.Cases, run.Summary.Failed = cases, len(cases)
	// GitLab refuses 30 MB.
	if out := writeJUnit(t, run); len(out) > 25e6 {
		t.Errorf("%d bytes", len(out))
	}
}

func writeJUnit(t *testing.T, run *result.Run) string {
	t.Helper()
	var buf bytes.Buffer
	if err := reporters.JUnit(&buf, run); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func parseJUnit(t *testing.T, out string) xmlSuites {
	t.Helper()
	if !strings.HasPrefix(out, xml.Header) {
		t.Errorf("no XML header")
	}
	var s xmlSuites
	if err := xml.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("not XML: %v", err)
	}
	return s
}

var (
	seconds   = regexp.MustCompile(`^\d+\.\d{3}$`)
	timestamp = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)?$`)
)

// checkJUnit checks everything that must hold in every junit.xml.
func checkJUnit(t *testing.T, run *result.Run, out string) {
	t.Helper()
	s := parseJUnit(t, out)
	if isRed := s.Failures+s.Errors > 0; isRed != (run.ExitCode != 0) {
		t.Errorf("exit code %d with %d failures and %d errors", run.ExitCode, s.Failures, s.Errors)
	}
	names := map[[2]string]bool{}
	var total xmlSuites
	for _, suite := range s.Suites {
		var got xmlSuite
		for _, c := range suite.Cases {
			checkTestcase(t, c)
			if names[[2]string{c.Classname, c.Name}] {
				t.Errorf("two testcases are %q, %q", c.Classname, c.Name)
			}
			names[[2]string{c.Classname, c.Name}] = true
			got.Tests++
			got.Failures += count(c.Failure)
			got.Errors += count(c.Error)
			got.Skipped += count(c.Skipped)
		}
		if a, b := [4]int{suite.Tests, suite.Failures, suite.Errors, suite.Skipped}, [4]int{got.Tests, got.Failures, got.Errors, got.Skipped}; a != b {
			t.Errorf("suite %s counts %v, and has %v", suite.Name, a, b)
		}
		if !seconds.MatchString(suite.Time) || !timestamp.MatchString(suite.Timestamp) || suite.Hostname != "" {
			t.Errorf("suite %s has time %q, timestamp %q, hostname %q", suite.Name, suite.Time, suite.Timestamp, suite.Hostname)
		}
		total.Tests, total.Failures = total.Tests+got.Tests, total.Failures+got.Failures
		total.Errors, total.Skipped = total.Errors+got.Errors, total.Skipped+got.Skipped
	}
	if a, b := [4]int{s.Tests, s.Failures, s.Errors, s.Skipped}, [4]int{total.Tests, total.Failures, total.Errors, total.Skipped}; a != b {
		t.Errorf("the whole counts %v, and has %v", a, b)
	}
}

func checkTestcase(t *testing.T, c xmlCase) {
	t.Helper()
	if c.Name == "" || c.Classname == "" || !seconds.MatchString(c.Time) {
		t.Errorf("testcase %q, %q with time %q", c.Classname, c.Name, c.Time)
	}
	if count(c.Failure)+count(c.Error)+count(c.Skipped) > 1 {
		t.Errorf("testcase %q has two results", c.Name)
	}
	for _, r := range []*xmlResult{c.Failure, c.Error} {
		if r == nil {
			continue
		}
		if r.Message == "" || r.Body == "" {
			t.Errorf("testcase %q has message %q and body %q", c.Name, r.Message, r.Body)
		}
		for _, s := range []string{c.Name, r.Message, r.Body} {
			checkHarmless(t, s)
		}
	}
}

func checkHarmless(t *testing.T, s string) {
	t.Helper()
	for _, l := range strings.Split(s, "\n") {
		if strings.ContainsFunc(l, unicode.IsControl) || strings.ContainsAny(l, "\u2028\u202e\ufffe") {
			t.Errorf("control characters in %q", l)
		}
		if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") {
			t.Errorf("a command in %q", l)
		}
	}
}

func count(r *xmlResult) int {
	if r == nil {
		return 0
	}
	return 1
}

// randomRun returns a run in which anything may be anything.
func randomRun(rnd *rand.Rand) *result.Run {
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	name := func() string { return pick("", "a", "a #2", "a", "::error::", "b\x00\r", " a ", "\xff") }
	exits := []int{0, 0, 0, 1, 2, 3, 4, 5, 6, 130, 77}
	r := &result.Run{Name: name()}
	r.ExitCode = exits[rnd.IntN(len(exits))]
	r.Verdict = result.Verdict(pick("pass", "fail", "error", "unfinished", "refused", ""))
	r.Reason, r.Hint = pick("", "because", "]]>"), pick("", "do this")
	for range rnd.IntN(5) {
		r.Stages = append(r.Stages, result.Stage{Name: pick("prepare", "train", "run", ""), Reason: name(), Seconds: rnd.NormFloat64() * 1e9,
			Status: pick("done", "reused", "adopted", "skipped", "failed", "unfinished", "")})
	}
	for range rnd.IntN(3) {
		r.Thresholds = append(r.Thresholds, result.Threshold{Expression: pick("pass_rate == 1", "pass_rate{tag:a} >= 1%", "", name()),
			Verdict: pick("pass", "fail", "undecided", ""), Cause: pick("", "not_measured", "not_enough_evidence", name()), Unit: pick("", "%", "s", "USD", "x"),
			Reason: name(), Value: new(rnd.Float64()), Wanted: new(math.NaN()), Interval: &result.Interval{Low: rnd.NormFloat64(), High: math.Inf(1)}, PValue: new(rnd.Float64())})
	}
	var cases result.CaseList
	for range rnd.IntN(5) {
		c := result.Case{ID: name(), Name: name(), MustPass: rnd.IntN(2) == 0, Answer: result.Answer{
			Status: pick("passed", "failed", "errored", "scored", "skipped", ""), LatencyMS: rnd.NormFloat64() * 1e6, Error: name()}}
		if rnd.IntN(2) == 0 {
			c.Baseline = &result.Answer{Status: pick("passed", "failed", "errored")}
		}
		for range rnd.IntN(4) {
			c.Repeats = append(c.Repeats, result.Answer{Status: pick("passed", "failed", "errored", name()), Error: name(), Generated: new(name())})
		}
		if rnd.IntN(2) == 0 {
			c.File, c.Line, c.Refused, c.ToolCalls = name(), rnd.IntN(3), true, []result.ToolCall{{Name: name(), Arguments: name()}}
		}
		cases = append(cases, c)
	}
	if rnd.IntN(4) > 0 {
		r.Cases = cases
	}
	if rnd.IntN(2) == 0 {
		r.Comparison = &result.Comparison{Baseline: name(), Unavailable: pick("", "gone")}
	}
	return r
}

var errBroken = errors.New("the spool is gone")

// brokenCases yields one case and then an error.
type brokenCases struct{}

func (brokenCases) Len() int { return 2 }

func (brokenCases) All() iter.Seq2[result.Case, error] {
	return func(yield func(result.Case, error) bool) {
		if yield(science("a", 1, "q", "a", result.CasePassed), nil) {
			yield(result.Case{}, fmt.Errorf("read back case 2: %w", errBroken))
		}
	}
}
