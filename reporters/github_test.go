package reporters_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ftrun/reporters"
	"ftrun/runner/result"
)

// A command is a workflow command as GitHub reads it.
type command struct {
	name       string
	properties map[string]string
	message    string
}

// readCommands reads lines as GitHub's runner does: a line also ends at a bare CR, white space before it does not count, and a
// command of the older form may stand anywhere in it. Lines that are no command are skipped.
func readCommands(t *testing.T, out string) []command {
	t.Helper()
	var list []command
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	for _, l := range regexp.MustCompile(`\r\n|\r|\n`).Split(out, -1) {
		if strings.Contains(l, "##[") {
			t.Errorf("a command of the older form: %q", l)
		}
		rest, ok := strings.CutPrefix(strings.TrimLeftFunc(l, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }), "::")
		if !ok {
			continue
		}
		info, message, ok := strings.Cut(rest, "::")
		if !ok {
			t.Errorf("half a command: %q", l)
		}
		name, properties, _ := strings.Cut(info, " ")
		c := command{name: name, properties: map[string]string{}, message: unescape.Replace(message)}
		for p := range strings.SplitSeq(properties, ",") {
			key, value, _ := strings.Cut(p, "=")
			c.properties[key] = unescape.Replace(value)
		}
		list = append(list, c)
	}
	return list
}

func inRepository(file string) string { return "repo/" + file }

func annotations(t *testing.T, run *result.Run) []command {
	t.Helper()
	var buf bytes.Buffer
	if err := reporters.Annotations(&buf, run, inRepository); err != nil {
		t.Fatal(err)
	}
	list := readCommands(t, buf.String())
	if lines := strings.Count(buf.String(), "\n"); lines != len(list) {
		t.Errorf("%d commands in %d lines", len(list), lines)
	}
	return list
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	for name, run := range runs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			if err := reporters.Annotations(&buf, run, inRepository); err != nil {
				t.Fatal(err)
			}
			golden(t, "annotations_"+name, buf.String())
			checkAnnotations(t, run, annotations(t, run))
		})
	}
}

// checkAnnotations checks what must hold of the annotations of any run.
func checkAnnotations(t *testing.T, run *result.Run, list []command) {
	t.Helper()
	counts := map[string]int{}
	for _, c := range list {
		counts[c.name]++
		if !slices.Contains([]string{"error", "warning", "notice"}, c.name) {
			t.Errorf("a command %q", c.name)
		}
		if len(c.message) > 4096 || !utf8.ValidString(c.message) || c.message == "" {
			t.Errorf("a message of %d bytes: %.100q", len(c.message), c.message)
		}
		for key := range c.properties {
			if !slices.Contains([]string{"file", "line", "col", "title"}, key) {
				t.Errorf("a property %q", key)
			}
		}
	}
	for kind, n := range counts {
		if n > 10 {
			t.Errorf("%d annotations of kind %s", n, kind)
		}
	}
	if red := counts["error"] > 0; red != (run.ExitCode != 0) {
		t.Errorf("%d errors, exit code %d", counts["error"], run.ExitCode)
	}
}

func TestAnnotationsStandAtTheirLines(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, run := range []*result.Run{failRun(), invalidRun(), allowedRun()} {
		for _, c := range annotations(t, run) {
			got[c.name+" "+c.properties["file"]+":"+c.properties["line"]+":"+c.properties["col"]] += c.properties["title"] + "|"
		}
	}
	for at, title := range map[string]string{
		"error repo/pipeline.yaml:120:": "threshold failed: pass_rate >= 50.00001%|",
		"error repo/pipeline.yaml:121:": "threshold undecided: pass_rate{tag:chemistry} >= 90%|",
		"error repo/pipeline.yaml:61:":  "case failed, must pass: straw-in-water|",
		"error repo/pipeline.yaml:48:":  "case failed, passed by the baseline: rocket|",
		"error repo/pipeline.yaml:92:":  "case errored: jab|",
		"error repo/pipeline.yaml:3:1":  "base_modle|",
		"error repo/science.jsonl:17:":  "ftrun|",
		"notice repo/pipeline.yaml:48:": "case failed: rocket|",
		"notice repo/pipeline.yaml:92:": "case errored: jab|",
	} {
		if got[at] != title {
			t.Errorf("%s has %q, want %q", at, got[at], title)
		}
	}
}

// TestAnnotationsSayHowManyMore has more of each kind than GitHub shows.
func TestAnnotationsSayHowManyMore(t *testing.T) {
	t.Parallel()
	run := failRun()
	run.Warnings = slices.Repeat([]string{"a warning"}, 11)
	run.Thresholds = nil
	run.Cases = hostileCases(30)
	run.Summary = result.Summary{Cases: 30, Failed: 22, Errored: 8}
	last := map[string]string{}
	list := annotations(t, run)
	for _, c := range list {
		last[c.name] = c.message
	}
	checkAnnotations(t, run, list)
	// The reason of the run takes the first place of the errors.
	if last["error"] != "and 22 more, in results.json" || last["warning"] != "and 2 more, in results.json" {
		t.Errorf("the last say %q", last)
	}
}

func FuzzAnnotations(f *testing.F) {
	for _, s := range []string{"", hostileText, "%0A::error::x", "a,b:c=d", "::", strings.Repeat("%", 5000), strings.Repeat("🌍\n", 2000), "##[error]", "\r::stop-commands::x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		run := failRun()
		run.Reason, run.Hint, run.Verdict = s, s, result.Verdict(s)
		run.Thresholds = []result.Threshold{{Expression: s, Reason: s, Verdict: result.ThresholdFail, Line: 3}}
		run.Provenance.Spec = s
		c := science(s, 1, s, s, result.CaseFailed)
		c.Expected, c.Assertions[0].Name, c.Assertions[0].Reason = s, s, s
		c.File, c.ToolCalls = s, []result.ToolCall{{Name: s, Arguments: s}}
		run.Thresholds[0].Cause, run.Thresholds[0].Interval = s, &result.Interval{}
		run.Contamination = &result.Contamination{Findings: []result.Finding{{ID: s, Line: 1, File: s, Kind: s, Source: s, SourceLine: 1, Question: s}}}
		run.Dataset.Findings = []result.DataFinding{{Kind: s, Severity: "warning", Message: s, Hint: s, Places: []result.DataPlace{{File: s, Line: 1, Row: 1, Message: s}}}}
		run.Cases, run.Summary = result.CaseList{c}, result.Summary{Cases: 1, Failed: 1}
		for _, c := range annotations(t, run) {
			if c.name != "error" && c.name != "warning" || len(c.message) > 4096 {
				t.Errorf("%q: a command %q with %d bytes", s, c.name, len(c.message))
			}
		}
	})
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	odd := passRun()
	odd.FineTunedModel, odd.Job.ID, odd.ReasonCode = "ft:x$(curl evil)", "job\n::set-output name=a::b", "\x1b"
	deployed := passRun()
	deployed.TestedModel = "my-deployment"
	for name, test := range map[string]struct {
		run  *result.Run
		want string
	}{
		"pass": {passRun(), "verdict=pass exit_code=0 reason_code=thresholds_hold job_id=ftjob-a1b2c3d4 pass_rate=1 " +
			"fixed=2 broken=0 delta= model=ft:gpt-4.1-mini-2025-04-14:ftrun:science:a1b2c3d4 results=out/results.json"},
		"fail":       {failRun(), "verdict=fail exit_code=1 reason_code=threshold_failed job_id=ftjob-a1b2c3d4 pass_rate=0.25 fixed=1 broken=1 delta= model= results=out/results.json"},
		"filtered":   {filteredRun(), "verdict=unfinished exit_code=0 reason_code=filtered job_id=ftjob-a1b2c3d4 pass_rate=0.25 fixed=1 broken=1 delta= model= results=out/results.json"},
		"unfinished": {unfinishedRun(), "verdict=unfinished exit_code=5 reason_code=not_finished job_id= pass_rate= fixed= broken= delta= model= results=out/results.json"},
		"invalid":    {invalidRun(), "verdict=error exit_code=2 reason_code=spec_invalid job_id= pass_rate= fixed= broken= delta= model= results=out/results.json"},
		"drop": {dropRun(), "verdict=fail exit_code=1 reason_code=not_good_enough job_id=ftjob-a1b2c3d4 pass_rate=0.86 fixed=1 broken=11 delta=-0.10101 " +
			"model= results=out/results.json"},
		"unavailable": {unavailableRun(), "verdict=error exit_code=3 reason_code=undecided job_id=ftjob-a1b2c3d4 pass_rate=0.9583333333333334 " +
			"fixed= broken= delta= model= results=out/results.json"},
		"odd":      {odd, "verdict=pass exit_code=0 reason_code= job_id= pass_rate=1 fixed=2 broken=0 delta= model= results=out/results.json"},
		"deployed": {deployed, "verdict=pass exit_code=0 reason_code=thresholds_hold job_id=ftjob-a1b2c3d4 pass_rate=1 fixed=2 broken=0 delta= model=my-deployment results=out/results.json"},
	} {
		var buf bytes.Buffer
		calls := 0
		err := reporters.Outputs(&buf, test.run, "out/results.json", func() string { calls++; return fmt.Sprintf("end-%d", calls) })
		if err != nil {
			t.Fatal(err)
		}
		if got := readOutputs(t, buf.String()); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, test.want)
		}
	}
	// A value that holds the delimiter, and a delimiter that is none.
	for _, end := range []string{"pass", ""} {
		var buf bytes.Buffer
		if err := reporters.Outputs(&buf, passRun(), "x", func() string { return end }); err == nil || buf.Len() > 0 {
			t.Errorf("delimiter %q: error %v, wrote %q", end, err, &buf)
		}
	}
}

func FuzzOutputs(f *testing.F) {
	f.Add(hostileText)
	f.Add("a\nEND-1\nverdict<<x\npass\nx")
	f.Fuzz(func(t *testing.T, s string) {
		run := passRun()
		run.Verdict, run.ReasonCode, run.Job.ID, run.FineTunedModel = result.Verdict(s), s, s, s
		var buf bytes.Buffer
		if err := reporters.Outputs(&buf, run, s, func() string { return "a-word-nobody-guesses" }); err != nil {
			t.Skip(err)
		}
		if got := strings.Count(readOutputs(t, buf.String()), "="); got < 10 {
			t.Errorf("%q: %d outputs", s, got)
		}
	})
}

// readOutputs reads a file of outputs as GitHub does, and returns "name=value" for each.
func readOutputs(t *testing.T, s string) string {
	t.Helper()
	var list []string
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for len(lines) >= 3 {
		name, end, ok := strings.Cut(lines[0], "<<")
		if !ok || lines[2] != end {
			t.Fatalf("not an output: %q", lines[:3])
		}
		list = append(list, name+"="+lines[1])
		lines = lines[3:]
	}
	if len(lines) > 0 || len(list) != 10 {
		t.Fatalf("%d outputs, and lines behind them: %q", len(list), lines)
	}
	return strings.Join(list, " ")
}

// TestConsoleGroups checks that no text opens or closes a group.
func TestConsoleGroups(t *testing.T) {
	t.Parallel()
	many := failRun()
	many.Cases = hostileCases(20)
	many.Summary = result.Summary{Cases: 20, Failed: 15, Errored: 5}
	for name, test := range map[string]struct {
		run    *result.Run
		opts   reporters.ConsoleOptions
		titles []string
	}{
		"long":    {many, reporters.ConsoleOptions{Groups: true, Verbose: true}, []string{"every case", "all 20"}},
		"hostile": {hostileRun(), reporters.ConsoleOptions{Groups: true, Verbose: true}, []string{"every case"}},
		"brief":   {many, reporters.ConsoleOptions{Groups: true}, nil},
		"no log":  {many, reporters.ConsoleOptions{Verbose: true}, nil},
		"quiet":   {many, reporters.ConsoleOptions{Groups: true, Quiet: true, Verbose: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var titles []string
			open := false
			for _, c := range readCommands(t, show(t, test.run, test.opts)) {
				switch {
				case c.name == "group" && !open:
					titles = append(titles, c.message)
				case c.name == "endgroup" && open && c.message == "":
				default:
					t.Errorf("a command %+v", c)
				}
				open = !open
			}
			if open || !slices.Equal(titles, test.titles) {
				t.Errorf("groups %q, the last open: %v; want %q", titles, open, test.titles)
			}
		})
	}
}
