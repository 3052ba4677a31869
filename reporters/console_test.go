package reporters_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"ftrun/reporters"
	"ftrun/runner/result"
)

// eventsOf returns what a runner would have told about run while it happened.
func eventsOf(run *result.Run) []result.Event {
	now := start
	var events []result.Event
	add := func(after time.Duration, e result.Event) {
		now = now.Add(after)
		e.Time = now
		events = append(events, e)
	}
	add(0, result.Event{Type: result.EventRunStarted, Name: run.Name, Model: run.BaseModel, Provider: &run.Provider})
	for _, w := range run.Warnings {
		add(0, result.Event{Type: result.EventNotice, Level: result.LevelWarn, Message: w})
	}
	for _, s := range run.Stages {
		add(0, result.Event{Type: result.EventStageStarted, Stage: s.Name})
		if s.Status != result.StageSkipped {
			addStage(add, s.Name, run)
		}
		add(0, result.Event{Type: result.EventStageFinished, Stage: s.Name, Finished: &s})
	}
	return events
}

func addStage(add func(time.Duration, result.Event), name string, run *result.Run) {
	job := func(status string) *result.Job {
		j := *run.Job
		j.Status = status
		return &j
	}
	switch name {
	case "prepare":
		add(400*time.Millisecond, result.Event{Type: result.EventDataset, Dataset: run.Dataset})
	case "train":
		add(200*time.Millisecond, result.Event{Type: result.EventRetry, Message: "create job: 503 service unavailable; again in 1s"})
		add(time.Second, result.Event{Type: result.EventRetry, Message: "create job: 503 service unavailable; again in 2s"})
		add(time.Second, result.Event{Type: result.EventJob, Job: job("queued"), Changed: true})
	case "wait":
		add(0, result.Event{Type: result.EventJob, Job: job("queued")})
		add(time.Second, result.Event{Type: result.EventJob, Job: job("running"), Changed: true})
		add(0, result.Event{Type: result.EventJobEvent, Level: result.LevelInfo, Message: "Fine-tuning job started\r::error::from the service"})
		for _, step := range []string{"1", "2", "3"} {
			add(30*time.Second, result.Event{Type: result.EventJob, Job: job("running")})
			add(0, result.Event{Type: result.EventJobEvent, Level: result.LevelInfo, Message: "Step " + step + "/3: training loss=1.50"})
		}
		add(time.Second, result.Event{Type: result.EventJob, Job: job(run.Job.Status), Changed: true})
	case "test":
		done := 0
		for c := range run.Cases.All() {
			done++
			add(100*time.Millisecond, result.Event{Type: result.EventCase, Case: &c, Done: done, Total: run.Cases.Len()})
		}
	}
}

// show returns everything that a console writes about run.
func show(t *testing.T, run *result.Run, opts reporters.ConsoleOptions) string {
	t.Helper()
	var buf bytes.Buffer
	opts.Now = func() time.Time { return start.Add(time.Hour) }
	c := reporters.NewConsole(&buf, opts)
	if len(run.Problems) == 0 {
		for _, e := range eventsOf(run) {
			c.Observe(e)
		}
	}
	if err := c.Finish(run, "ftrun-out/results.json", "ftrun-out/junit.xml"); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestConsole(t *testing.T) {
	t.Parallel()
	log := reporters.ConsoleOptions{}
	type shown struct {
		run  *result.Run
		opts reporters.ConsoleOptions
	}
	tests := map[string]shown{
		"pass":          {passRun(), log},
		"allowed":       {allowedRun(), log},
		"fail":          {failRun(), log},
		"hostile":       {hostileRun(), log},
		"invalid":       {invalidRun(), log},
		"interrupted":   {interruptedRun(), log},
		"fail_quiet":    {failRun(), reporters.ConsoleOptions{Quiet: true}},
		"messy":         {messyRun(), log},
		"messy_verbose": {messyRun(), reporters.ConsoleOptions{Verbose: true, Width: 80}},
		"fail_verbose":  {failRun(), reporters.ConsoleOptions{Verbose: true}},
		"fail_ascii":    {failRun(), reporters.ConsoleOptions{ASCII: true}},
		"fail_terminal": {failRun(), reporters.ConsoleOptions{Terminal: true, Color: true, Width: 60}},
		"drop_narrow":   {dropRun(), reporters.ConsoleOptions{Width: 80}},
		"drop_quiet":    {dropRun(), reporters.ConsoleOptions{Quiet: true}},
		"drop_ascii":    {dropRun(), reporters.ConsoleOptions{ASCII: true}},
		"copied_ascii":  {contaminatedRun(), reporters.ConsoleOptions{ASCII: true, Width: 80}},
	}
	for name, run := range gateRuns() {
		tests[name] = shown{run, log}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := show(t, test.run, test.opts)
			// What rewrites the terminal is shown, so that people and diffs can read it.
			golden(t, "console_"+name, strings.NewReplacer("\r\x1b[K", "<erase>", "\x1b", "<esc>").Replace(got))
		})
	}
}

func TestConsoleHeartbeat(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	now := start
	c := reporters.NewConsole(&buf, reporters.ConsoleOptions{Now: func() time.Time { return now }})
	c.Observe(result.Event{Time: now, Type: result.EventStageStarted, Stage: "wait"})
	job := &result.Job{ID: "ftjob-1", Status: "running"}
	for range 30 { // five minutes, a poll every 10 s
		now = now.Add(10 * time.Second)
		c.Observe(result.Event{Time: now, Type: result.EventJob, Job: job})
		c.Tick()
	}
	if got := strings.Count(buf.String(), "\n"); got != 5 {
		t.Errorf("%d lines in five minutes, want 5:\n%s", got, &buf)
	}
}

func TestConsoleTick(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	now := start
	c := reporters.NewConsole(&buf, reporters.ConsoleOptions{Terminal: true, Now: func() time.Time { return now }})
	c.Tick() // before anything began
	if buf.Len() > 0 {
		t.Errorf("wrote %q before the run", &buf)
	}
	c.Observe(result.Event{Time: now, Type: result.EventStageStarted, Stage: "wait"})
	now = now.Add(65 * time.Second)
	c.Tick()
	if !strings.HasSuffix(buf.String(), "1m05s  running") {
		t.Errorf("the status line is %q", &buf)
	}
}

func TestConsoleReturnsWriteErrors(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	c := reporters.NewConsole(errorWriter{full}, reporters.ConsoleOptions{})
	c.Observe(result.Event{Type: result.EventRunStarted, Name: "x"})
	if err := c.Finish(passRun()); !errors.Is(err, full) {
		t.Errorf("got error %v, want %v", err, full)
	}
}

// TestConsoleHostileLines checks the log as a CI system reads it, and not only the function that cleans it.
func TestConsoleHostileLines(t *testing.T) {
	t.Parallel()
	for _, opts := range []reporters.ConsoleOptions{{}, {Verbose: true}, {Quiet: true}, {ASCII: true, Width: 30}} {
		out := show(t, hostileRun(), opts)
		for _, l := range strings.Split(out, "\n") {
			if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") || strings.Contains(l, "##vso[") {
				t.Errorf("a line is a command: %q", l)
			}
			if strings.ContainsAny(l, "\r\x1b\x00\u2028\u202e") {
				t.Errorf("a line has control characters: %q", l)
			}
		}
	}
}

type errorWriter struct{ err error }

func (w errorWriter) Write([]byte) (int, error) { return 0, w.err }

var _ io.Writer = errorWriter{}
