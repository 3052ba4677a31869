package reporters_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ftrun/reporters"
	"ftrun/runner/result"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	for name, run := range runs() {
		if name == "hostile" { // the values are the same, and a megabyte long
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			if err := reporters.JSON(&buf, run); err != nil {
				t.Fatal(err)
			}
			golden(t, "results_"+name, buf.String())
		})
	}
}

// TestReportersChangeNothing also finds a report that depends on more than the run.
func TestReportersChangeNothing(t *testing.T) {
	t.Parallel()
	for name, run := range runs() {
		for _, report := range []reporters.Reporter{reporters.JSON, reporters.JUnit, reporters.Markdown} {
			var first, second bytes.Buffer
			if err := errors.Join(report(&first, run), report(&second, run)); err != nil {
				t.Fatal(err)
			}
			if first.String() != second.String() {
				t.Errorf("%s: the second report differs from the first", name)
			}
		}
	}
}

func TestWriteAll(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := reporters.WriteAll(dir, passRun()); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"results.json"}) {
		t.Errorf("without names, it wrote %q", got)
	}
	run := passRun()
	if err := reporters.WriteAll(dir, run, reporters.Names()...); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"junit.xml", "results.json", "summary.md"}) {
		t.Errorf("with all names, it wrote %q", got)
	}
	if run.ExitCode != 0 {
		t.Errorf("the exit code became %d", run.ExitCode)
	}
	want := []string{filepath.Join(dir, "results.json"), filepath.Join(dir, "junit.xml")}
	if got := reporters.Paths(dir, "junit"); !slices.Equal(got, want) {
		t.Errorf("the paths are %q, want %q", got, want)
	}
}

func TestWriteAllUnknownName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := reporters.WriteAll(dir, passRun(), "junit", "juint")
	if want := `unknown report "juint"; there are json, markdown, junit`; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("it wrote %q", got)
	}
}

// TestWriteAllFailure puts a folder where a report belongs.
func TestWriteAllFailure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, blocked, readable string
		run                     *result.Run
		exit                    int
	}{
		{"green, no junit", "junit.xml", "results.json", passRun(), 3},
		{"green, no results", "results.json", "junit.xml", passRun(), 3},
		{"red stays as it is", "results.json", "junit.xml", failRun(), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			blocked := filepath.Join(dir, test.blocked)
			if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o755); err != nil {
				t.Fatal(err)
			}
			err := reporters.WriteAll(dir, test.run, reporters.Names()...)
			if err == nil || !strings.Contains(err.Error(), blocked) {
				t.Errorf("error %v does not name %s", err, blocked)
			}
			if test.run.ExitCode != test.exit {
				t.Errorf("exit code %d, want %d", test.run.ExitCode, test.exit)
			}
			if strings.Contains(test.run.Reason, ".tmp-") {
				t.Errorf("the reason names a temporary file: %s", test.run.Reason)
			}
			data, err := os.ReadFile(filepath.Join(dir, test.readable))
			if err != nil {
				t.Fatal(err)
			}
			if test.readable == "results.json" {
				var c result.Conclusion
				if err := json.Unmarshal(data, &c); err != nil || c != test.run.Conclusion {
					t.Errorf("results.json says %+v (%v), want %+v", c, err, test.run.Conclusion)
				}
			} else {
				checkJUnit(t, test.run, string(data))
			}
		})
	}
}

func TestWriteAllNoFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	run := passRun()
	if err := reporters.WriteAll(filepath.Join(file, "out"), run); err == nil || run.ExitCode != result.ExitUnknown {
		t.Errorf("error %v, exit code %d", err, run.ExitCode)
	}
}

// TestWriteAllWithoutCases checks that cases which can't be read, or find no room, cost only themselves: what stands on disk still
// agrees with the exit code.
func TestWriteAllWithoutCases(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]*result.Run{"pass": passRun(), "fail": failRun()} {
		dir := t.TempDir()
		if err := reporters.WriteAll(dir, unfinishedRun(), reporters.Names()...); err != nil {
			t.Fatal(err)
		}
		run.Cases = brokenCases{}
		if err := reporters.WriteAll(dir, run, reporters.Names()...); !errors.Is(err, errBroken) {
			t.Errorf("%s: got error %v, want %v", name, err, errBroken)
		}
		data, err := os.ReadFile(filepath.Join(dir, "results.json"))
		if err != nil {
			t.Fatal(err)
		}
		written, err := result.Read(bytes.NewReader(data))
		if err != nil || written.ExitCode != run.ExitCode || written.ExitCode == 0 || written.Cases.Len() != 0 {
			t.Errorf("%s: results.json says %+v, %v, want exit code %d", name, written, err, run.ExitCode)
		}
		junit, err := os.ReadFile(filepath.Join(dir, "junit.xml"))
		if err != nil || !bytes.Contains(junit, []byte("<error")) && !bytes.Contains(junit, []byte("<failure")) {
			t.Errorf("%s: junit.xml is not red: %v", name, err)
		}
		if got := files(t, dir); len(got) != 3 {
			t.Errorf("%s: there are %q", name, got)
		}
	}
}

func TestEventLog(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]*result.Run{"pass": passRun(), "hostile": hostileRun()} {
		var buf bytes.Buffer
		log := reporters.NewEventLog(&buf)
		events := eventsOf(run)
		for _, e := range events {
			log.Observe(e)
		}
		if err := log.Err(); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(buf.String(), "\n"), "\n")
		if len(lines) != len(events) {
			t.Fatalf("%s: %d lines for %d events", name, len(lines), len(events))
		}
		for i, l := range lines {
			var e result.Event
			if err := json.Unmarshal([]byte(l), &e); err != nil || e.Type != events[i].Type {
				t.Errorf("%s: line %d is %.200s: %v", name, i+1, l, err)
			}
		}
	}
	log := reporters.NewEventLog(errorWriter{errBroken})
	log.Observe(result.Event{Type: result.EventRunStarted})
	if !errors.Is(log.Err(), errBroken) {
		t.Errorf("got error %v, want %v", log.Err(), errBroken)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// BenchmarkWriteAll writes all reports of 10,000 cases that were spooled.
func BenchmarkWriteAll(b *testing.B) {
	dir := b.TempDir()
	spool, err := result.NewSpool(filepath.Join(dir, "cases"))
	if err != nil {
		b.Fatal(err)
	}
	defer spool.Close()
	for i, c := range manyCases(10_000) {
		if err := spool.Put(i, c); err != nil {
			b.Fatal(err)
		}
	}
	run := failRun()
	run.Cases = spool
	run.Summary.Failed = 1000
	b.ReportAllocs()
	for b.Loop() {
		if err := reporters.WriteAll(dir, run, reporters.Names()...); err != nil {
			b.Fatal(err)
		}
	}
}
