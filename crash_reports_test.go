package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/ledger"
	"ftrun/runner/result"
)

// checkAfterKill looks at what a dead run left.
func (s *schedule) checkAfterKill(t *testing.T) {
	t.Helper()
	results := s.checkReports(t)
	struck, _ := s.service.wasStruck()
	if struck && (results == nil || results.Verdict != result.VerdictUnfinished || results.ReasonCode != "not_finished") {
		t.Errorf("killed before an answer, results.json says %+v", results)
	}
	if s.service.commits(routeCreate) > 1 {
		t.Errorf("%d jobs created", s.service.commits(routeCreate))
	}
}

// checkReports checks what holds at every moment, and returns what results.json says: nil where a run never came so far.
func (s *schedule) checkReports(t *testing.T) *result.Run {
	t.Helper()
	if _, problems := s.service.wasStruck(); len(problems) > 0 {
		t.Error(strings.Join(problems, "\n"))
	}
	if _, err := ledger.Read(s.state()); err != nil {
		t.Errorf("the ledger: %v", err)
	}
	if path := leak(s.dir); path != "" {
		t.Errorf("the key stands in %s", path)
	}
	var results *result.Run
	if text, ok := s.read(t, "results.json"); ok {
		if err := json.Unmarshal(text, &results); err != nil {
			t.Errorf("results.json: %v\n%s", err, text)
			return nil
		}
	}
	text, ok := s.read(t, "junit.xml")
	if !ok {
		return results
	}
	var root junitSuite
	if err := xml.Unmarshal(text, &root); err != nil {
		t.Errorf("junit.xml: %v\n%s", err, text)
	} else if red := root.Failures+root.Errors > 0; !red && (results == nil || results.Verdict != result.VerdictPass) {
		t.Errorf("junit.xml is green, results.json says %+v\n%s", results, text)
	}
	return results
}

// read returns a report. One that is missing was never written.
func (s *schedule) read(t *testing.T, name string) ([]byte, bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "ftrun-out", name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false
	}
	if err != nil {
		t.Error(err)
	}
	return text, err == nil
}

// finished checks what came of it all.
func (s *schedule) finished(t *testing.T) {
	t.Helper()
	results := s.checkReports(t)
	if results == nil || results.Verdict != result.VerdictPass {
		t.Errorf("exit 0, results.json says %+v", results)
	} else if !s.journalHas(results.Job.ID) {
		t.Errorf("the ledger knows nothing of job %s", results.Job.ID)
	}
	if text, _ := s.read(t, "junit.xml"); strings.Contains(string(text), "<error") || strings.Contains(string(text), "<failure") || len(text) == 0 {
		t.Errorf("exit 0, junit.xml says %s", text)
	}
	s.countPaid(t)
	if diff := cmp.Diff(s.quiet.results, s.comparable(t)); diff != "" {
		t.Errorf("not the results of an undisturbed run (-undisturbed +this):\n%s", diff)
	}
}

// countPaid counts at the service what was made there.
func (s *schedule) countPaid(t *testing.T) {
	t.Helper()
	var jobs struct {
		Data []struct{ ID, Status string }
	}
	s.ask(t, "/v1/fine_tuning/jobs?limit=100", &jobs)
	var files struct {
		Data []struct{ ID, Filename, Purpose string }
	}
	s.ask(t, "/v1/files", &files)
	copies := map[string]int{}
	for _, f := range files.Data {
		if f.Purpose == "fine-tune" {
			copies[f.Filename]++
			s.tally.uploads++
		}
	}
	s.tally.jobs = s.service.commits(routeCreate)
	if s.tally.jobs != 1 || len(jobs.Data) > 1 || len(jobs.Data) == 1 && jobs.Data[0].Status != "succeeded" {
		t.Errorf("%d jobs created, want one that succeeded: %+v", s.tally.jobs, jobs.Data)
	}
	for name, n := range copies {
		if n != 1 {
			t.Errorf("%s was uploaded %d times", name, n)
		}
	}
	if uploads := s.service.commits(routeUpload); uploads != s.tally.uploads || len(copies) != s.files {
		t.Errorf("%d uploads, and these files: %v", uploads, copies)
	}
}

// ask asks the engine itself.
func (s *schedule) ask(t *testing.T, path string, v any) {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Authorization", "Bearer "+plantedKey)
	w := httptest.NewRecorder()
	s.service.engine.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil || w.Code != 200 {
		t.Fatalf("%s: %d %v: %s", path, w.Code, err, w.Body)
	}
}

// differing are the fields of results.json in which two runs of the same pipeline may differ: times, durations, since when an answer was
// kept, what this process itself sent and spent, and what services may drop.
var differing = []string{
	"seconds", "latency_ms", "created_at", "finished_at", "started_at", "estimated_finish", "reused_from",
	"attempts", "cost", "base_url", "metadata",
}

// comparable returns results.json without what may differ, and with names in the place of ids.
func (s *schedule) comparable(t *testing.T) string {
	t.Helper()
	text, _ := s.read(t, "results.json")
	var run result.Run
	var tree map[string]any
	if err := errors.Join(json.Unmarshal(text, &run), json.Unmarshal(text, &tree)); err != nil {
		t.Fatalf("results.json: %v\n%s", err, text)
	}
	for _, stage := range run.Stages {
		if !slices.Contains([]string{result.StageDone, result.StageReused, result.StageAdopted}, stage.Status) {
			t.Errorf("stage %s: %s, %s", stage.Name, stage.Status, stage.Reason)
		}
	}
	if run.Job == nil {
		t.Fatalf("no job in results.json:\n%s", text)
	}
	delete(tree, "stages") // how a run came by its job is its own affair
	if warnings, ok := tree["warnings"].([]any); ok {
		tree["warnings"] = slices.DeleteFunc(warnings, ofTheService)
	}
	strip(tree)
	plain, err := json.MarshalIndent(tree, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	bare := strings.TrimPrefix(run.Job.ID, "ftjob-")
	names := []string{run.FineTunedModel, "MODEL", run.Job.TrainingFile, "FILE", bare, "JOB", run.Provenance.TrainKey, "KEY"}
	if run.Job.ValidationFile != "" {
		names = append(names, run.Job.ValidationFile, "HELD")
	}
	return strings.NewReplacer(names...).Replace(string(plain))
}

// ofTheService reports whether a warning is of a service that refuses a job's metadata, or garbled the file that holds a curve: any bytes
// could be that file, so nobody asks for it again.
func ofTheService(warning any) bool {
	text := fmt.Sprint(warning)
	return strings.Contains(text, "refuses a job's metadata") || strings.HasPrefix(text, "training curve: read result file")
}

// strip removes the differing fields.
func strip(tree any) {
	switch v := tree.(type) {
	case map[string]any:
		for _, name := range differing {
			delete(v, name)
		}
		for _, child := range v {
			strip(child)
		}
	case []any:
		for _, child := range v {
			strip(child)
		}
	}
}
