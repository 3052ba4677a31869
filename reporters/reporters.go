// Package reporters renders a run for people and for machines.
//
// A [Reporter] is a function of the results alone, and what it writes depends on nothing else: [JSON] writes the authority,
// results.json, and every other report could be drawn from that. [WriteAll] puts reports in a folder. A [Console] and an
// [EventLog] follow a run while it happens.
//
//	for _, e := range events {
//		console.Observe(e)
//	}
//	err := reporters.WriteAll("ftrun-out", run, reporters.Names()...)
//
// Text that came from a model or a service is hostile. It reaches a report only through the functions of clean.go,
// and Markdown only as code, through those of markdown_text.go.
package reporters

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ftrun/runner/atomicfile"
	"ftrun/runner/result"
)

// A Reporter writes one report. It reads the run and changes nothing.
type Reporter func(w io.Writer, run *result.Run) error

// A format is a report that WriteAll knows.
type format struct {
	name   string // as the spec and the command line call it
	file   string
	report Reporter
}

// formats returns every report in the order of writing: the authority first, and last the one that CI takes for the verdict.
// A new report goes between them.
func formats() []format {
	return []format{
		{name: "json", file: "results.json", report: JSON},
		{name: "markdown", file: "summary.md", report: Markdown},
		{name: "junit", file: "junit.xml", report: JUnit},
	}
}

// JSON writes results.json.
func JSON(w io.Writer, run *result.Run) error { return result.Write(w, run) }

// Names returns the names of all reports, in the order of writing.
func Names() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// Paths returns where [WriteAll] puts the reports with the given names.
func Paths(dir string, names ...string) []string {
	var paths []string
	for _, f := range choose(names) {
		paths = append(paths, filepath.Join(dir, f.file))
	}
	return paths
}

// WriteAll writes results.json, always, and the reports with the given names into dir, which it creates. Each file is replaced
// whole or not at all. All errors are returned, joined; each names its file.
//
// A green run whose reports can't be written is no longer green: where that happens, run's conclusion becomes an error with
// exit code 3, and the reports that could be written say so. Any other conclusion stands. A report that can't be written whole is
// tried again without the cases, so that what stands on disk agrees with the exit code.
func WriteAll(dir string, run *result.Run, names ...string) error {
	if err := check(names); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		err = fmt.Errorf("create report folder: %w", err)
		concludeUnwritten(run, "the report folder", err)
		return err
	}
	chosen := choose(names)
	var errs []error
	for i, f := range chosen {
		err := writeFile(dir, f, run)
		if err == nil {
			continue
		}
		errs = append(errs, err)
		if concludeUnwritten(run, f.file, err) {
			for _, earlier := range chosen[:i] { // they said that all was well
				errs = append(errs, writeFile(dir, earlier, run))
			}
		}
		if bareErr := writeFile(dir, f, withoutCases(run)); bareErr == nil {
			errs = append(errs, fmt.Errorf("%s has no cases", f.file))
		}
	}
	return errors.Join(errs...)
}

// withoutCases returns the run as it is but for its cases, which are what takes room.
func withoutCases(run *result.Run) *result.Run {
	bare := *run
	bare.Cases = result.CaseList{}
	bare.Warnings = append(slices.Clone(run.Warnings), "the cases are left out: the whole report could not be written")
	return &bare
}

func writeFile(dir string, f format, run *result.Run) error {
	path := filepath.Join(dir, f.file)
	if err := atomicfile.WriteFile(path, func(w io.Writer) error { return f.report(w, run) }); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// concludeUnwritten makes a run with exit code 0 an error, and reports whether it did. The cause is what err wraps.
func concludeUnwritten(run *result.Run, what string, err error) bool {
	if run.ExitCode != result.ExitPass {
		return false
	}
	cause := errors.Unwrap(err)
	// The path in it is that of a temporary file, which tells nothing.
	if pathErr := new(fs.PathError); errors.As(err, &pathErr) {
		cause = pathErr.Err
	} else if linkErr := new(os.LinkError); errors.As(err, &linkErr) {
		cause = linkErr.Err
	}
	run.Conclusion = result.Conclusion{
		Verdict:    result.VerdictError,
		ExitCode:   result.ExitUnknown,
		ReasonCode: "report_not_written",
		Reason:     fmt.Sprintf("%s could not be written: %v", what, cause),
		Hint: fmt.Sprintf("but for this the verdict would have been %q; make room or choose another --out, and run the same command again",
			run.Verdict),
	}
	return true
}

// choose returns results.json and the formats with the given names, in the order of writing.
func choose(names []string) []format {
	return slices.DeleteFunc(formats(), func(f format) bool {
		return f.name != "json" && !slices.Contains(names, f.name)
	})
}

func check(names []string) error {
	known := Names()
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown report %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}
