package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/result"
)

// A statusReport is what the command status prints as JSON.
type statusReport struct {
	*runner.Status
	StateDir string      `json:"state_dir"`
	InUse    string      `json:"in_use_by,omitempty"` // who has the state folder
	Reports  []string    `json:"reports"`             // that are there
	LastRun  *lastReport `json:"last_run"`            // what results.json says; null: there is none that can be read
}

// A lastReport is how the last run ended, as its results.json says.
type lastReport struct {
	Verdict    result.Verdict `json:"verdict"`
	ExitCode   int            `json:"exit_code"`
	Reason     string         `json:"reason"`
	FinishedAt *time.Time     `json:"finished_at,omitempty"`
	SameInputs bool           `json:"same_inputs"` // it was about the job of these inputs
}

// showStatus is the command status. Where the provider can't be asked, what is known without it is shown, and the error counts.
func showStatus(ctx context.Context, o options, s system) (code int, err error) {
	u, err := openUpkeep(o, s)
	noKey := err
	if err != nil && !isNoKey(err) {
		return 0, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	journal, err := ledger.Read(u.state)
	if err != nil {
		return 0, err
	}
	work := u.work(nil, journal)
	if noKey == nil {
		client, err := u.client(embedded.Look)
		if err != nil {
			return 0, err
		}
		work.Trainer = client
	}
	status, failure := runner.Look(ctx, work)
	if status == nil {
		return 0, failure
	}
	if noKey != nil && !u.pipeline.Train.Off {
		status.NotAsked = noKey.Error()
	}
	report := &statusReport{Status: status, StateDir: u.state, InUse: ledger.Holder(u.state)}
	report.readReports(o.Out)
	if err := u.printStatus(report); err != nil || failure == nil {
		return result.ExitPass, err
	}
	return runner.ConclusionOf(failure).ExitCode, nil
}

// readReports looks which reports there are, and what they say.
func (r *statusReport) readReports(dir string) {
	r.Reports = []string{}
	for _, path := range reporters.Paths(dir, reporters.Names()...) {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			r.Reports = append(r.Reports, path)
		}
	}
	f, err := os.Open(reporters.Paths(dir)[0])
	if err != nil {
		return
	}
	defer f.Close()
	run, err := result.Read(f)
	if err != nil {
		return
	}
	r.LastRun = &lastReport{
		Verdict: run.Verdict, ExitCode: run.ExitCode, Reason: run.Reason,
		SameInputs: r.Key != "" && run.Provenance.TrainKey == r.Key,
	}
	if at := run.Provenance.FinishedAt; !at.IsZero() {
		r.LastRun.FinishedAt = &at
	}
}

func (u *upkeep) printStatus(r *statusReport) error {
	if u.JSON {
		e := json.NewEncoder(u.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	lines := [][2]string{{"stage", r.Stage + ": " + r.State}, {"provider", r.Provider.Kind}}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, [2]string{name, text})
		}
	}
	add("base model", r.BaseModel)
	add("key", r.Key)
	if r.Recorded != nil {
		add("recorded", r.recordedText())
	}
	if r.Job != nil {
		add("job", r.jobText())
	}
	add("model", r.Model)
	if r.NotAsked != "" {
		add("not asked", "the provider may know more: "+r.NotAsked)
	}
	add("in use by", r.InUse)
	if r.Provider.Kind == provider.KindEmbedded && r.InUse == "" && r.Job != nil && !provider.Status(r.Job.Status).Terminal() {
		add("note", "the embedded engine trains only while ftrun runs")
	}
	add("last run", r.lastRunText())
	for _, path := range r.Reports {
		add("report", path)
	}
	if _, err := fmt.Fprintln(u.Stdout, reporters.Line(r.Name)); err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(u.Stdout, "  %-11s %s\n", line[0], reporters.Line(line[1])); err != nil {
			return err
		}
	}
	return nil
}

func (r *statusReport) recordedText() string {
	text := r.Recorded.State
	if r.Recorded.JobID != "" {
		text += ", job " + r.Recorded.JobID
	}
	return text + ", " + r.Recorded.Time.Format(time.RFC3339)
}

func (r *statusReport) jobText() string {
	text := r.Job.ID + ", " + r.Job.Status
	if r.Job.CreatedAt != nil {
		text += ", created " + r.Job.CreatedAt.UTC().Format(time.RFC3339)
	}
	if r.Job.FinishedAt != nil {
		text += ", ended " + r.Job.FinishedAt.UTC().Format(time.RFC3339)
	}
	if e := r.Job.Error; e != nil {
		text += ", " + e.Code + ": " + e.Message
	}
	return text
}

func (r *statusReport) lastRunText() string {
	if r.LastRun == nil {
		return ""
	}
	text := fmt.Sprintf("%s (exit %d): %s", r.LastRun.Verdict, r.LastRun.ExitCode, r.LastRun.Reason)
	if r.LastRun.FinishedAt != nil {
		text += ", " + r.LastRun.FinishedAt.Format(time.RFC3339)
	}
	if !r.LastRun.SameInputs && r.Key != "" {
		text += "; of other inputs"
	}
	return text
}
