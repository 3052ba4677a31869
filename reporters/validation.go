package reporters

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// PrintValidation writes what was found in a pipeline file, for a person: its problems, each on a line that editors read, what was found in the
// data, kind by kind, the data's statistics, and last that all is well. Where it is not, it writes only what is no error: the errors are how
// the command ends.
func PrintValidation(w io.Writer, v *result.Validation, opts ConsoleOptions) error {
	problems := diagnostics(v.Problems)
	if !v.OK {
		return PrintProblems(w, slices.DeleteFunc(problems, func(d diag.Diagnostic) bool { return d.Severity == diag.Error }))
	}
	if err := PrintProblems(w, withoutHints(problems, v.Dataset)); err != nil {
		return err
	}
	if v.Dataset != nil {
		c := NewConsole(w, opts)
		if len(v.Problems) > 0 {
			c.println()
		}
		c.showDataset(v.Dataset, v.Dataset.Estimate)
		if c.err != nil {
			return c.err
		}
	}
	cases := 0
	if v.TestCases != nil {
		cases = *v.TestCases
	}
	facts := plural(cases, "test case") + ", no training"
	if d := v.Dataset; d != nil {
		facts = fmt.Sprintf("%s, %d tokens, %s", plural(d.Training, "training example"), d.Tokens, plural(cases, "test case"))
	}
	_, err := fmt.Fprintf(w, "%s: ok: %s\n", line(v.File), facts)
	return err
}

// plural is [count] for a line that scripts read: without commas.
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// withoutHints returns the problems without the hints that the dataset's findings give.
func withoutHints(list diag.List, d *result.Dataset) diag.List {
	if d == nil {
		return list
	}
	for i := range list {
		for _, f := range d.Findings {
			if list[i].Kind == f.Kind && list[i].Hint == f.Hint {
				list[i].Hint = ""
			}
		}
	}
	return list
}

// ValidationJSON writes a validation as JSON for a program, in a form that is safe in a log and on a terminal too, as [PlanJSON] does.
func ValidationJSON(w io.Writer, v *result.Validation) error {
	var plain bytes.Buffer
	if err := result.WriteValidation(&plain, v); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapeJSON(plain.String()))
	return err
}
