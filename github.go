package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ftrun/reporters"
	"ftrun/runner/result"
)

// A github is what GitHub Actions says of the step that ftrun runs in. Beside the reports, such a step has outputs, annotations and a
// summary.
type github struct {
	Actions   string `env:"GITHUB_ACTIONS"` // "true", and a text because another's variable is no reason to refuse a run
	Workspace string `env:"GITHUB_WORKSPACE"`
	Output    string `env:"GITHUB_OUTPUT"`
	Summary   string `env:"GITHUB_STEP_SUMMARY"`
}

func (g github) active() bool { return g.Actions == "true" }

// writeOutputs adds the outputs to those of the step; results is the path of results.json.
func (g github) writeOutputs(run *result.Run, results string) error {
	if !g.active() || g.Output == "" {
		return nil
	}
	delimiter := func() string { return "ftrun-" + rand.Text() }
	return appendTo("GITHUB_OUTPUT", g.Output, func(f *os.File, size int64) error {
		if err := endLine(f, size); err != nil {
			return err
		}
		return reporters.Outputs(f, run, g.locate(results), delimiter)
	})
}

// annotate adds the annotations to the log.
func (g github) annotate(w io.Writer, run *result.Run) error {
	if !g.active() {
		return nil
	}
	if err := reporters.Annotations(w, run, g.locate); err != nil {
		return fmt.Errorf("annotations: %w", err)
	}
	return nil
}

// annotateValidation adds the annotations of a validation to the log.
func (g github) annotateValidation(w io.Writer, v *result.Validation) error {
	if !g.active() {
		return nil
	}
	if err := reporters.ValidationAnnotations(w, v, g.locate); err != nil {
		return fmt.Errorf("annotations: %w", err)
	}
	return nil
}

// An annotatedError ended a command that has annotated it.
type annotatedError struct{ error }

func (e annotatedError) Unwrap() error { return e.error }

// annotated says of an error that it is annotated; nil stays nil.
func annotated(err error) error {
	if err == nil {
		return nil
	}
	return annotatedError{err}
}

// summarize adds the summary to that of the step.
func (g github) summarize(run *result.Run) error {
	if !g.active() || g.Summary == "" {
		return nil
	}
	return appendTo("GITHUB_STEP_SUMMARY", g.Summary, func(f *os.File, taken int64) error { return writeSummary(f, run, taken) })
}

// writeSummary writes a summary behind others that have taken so many bytes.
func writeSummary(w io.Writer, run *result.Run, taken int64) error {
	apart := ""
	if taken > 0 {
		apart = "\n\n"
	}
	var summary bytes.Buffer
	if err := reporters.JobSummary(&summary, run, int(max(reporters.SummaryLimit-taken-int64(len(apart)), 0))); err != nil {
		return err
	}
	if summary.Len() == 0 {
		return fmt.Errorf("no room: the step has written %d bytes of the %d that are shown", taken, reporters.SummaryLimit)
	}
	_, err := io.WriteString(w, apart+summary.String())
	return err
}

// endLine ends the last line of a file of so many bytes, where an earlier step has left it open. What is added would else belong to it.
func endLine(f *os.File, size int64) error {
	last := []byte{'\n'}
	if size > 0 {
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
	}
	if last[0] == '\n' {
		return nil
	}
	_, err := f.Write([]byte{'\n'})
	return err
}

// appendTo adds what write writes to the file that a variable names, all of it or nothing. write is told the size of the file.
func appendTo(variable, path string, write func(f *os.File, size int64) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		if err = write(f, size); err != nil {
			err = errors.Join(err, f.Truncate(size)) // half an output would make GitHub refuse all of them
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	return nil
}

// locate returns the path of a file from the root of the repository, as GitHub knows it. The file is named from the working folder,
// which may be another. One outside the repository keeps its whole path.
func (g github) locate(file string) string {
	path, err := filepath.Abs(file)
	if err != nil || g.Workspace == "" {
		return filepath.ToSlash(file)
	}
	path = filepath.Join(realPath(filepath.Dir(path)), filepath.Base(path))
	inside, err := filepath.Rel(realPath(g.Workspace), path)
	if err != nil || inside == ".." || strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(inside)
}

// realPath follows symbolic links, where there is anything at the path.
func realPath(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}
