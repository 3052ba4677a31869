package reporters

import (
	"io"
	"strings"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// shownAlike is how many problems of one kind a person needs to see.
const shownAlike = 5

// PrintProblems writes problems for a person, in a form that is safe in a log, those of one kind folded after the first few.
func PrintProblems(w io.Writer, problems diag.List) error {
	shown := problems.Fold(shownAlike)
	for i, d := range shown {
		d.Pos.File, d.Path, d.Message, d.Hint = line(d.Pos.File), line(d.Path), line(d.Message), line(d.Hint)
		shown[i] = d
	}
	return diag.Fprint(w, shown)
}

// diagnostics are a run's problems as they were found.
func diagnostics(problems []result.Problem) diag.List {
	list := make(diag.List, len(problems))
	for i, p := range problems {
		list[i] = diag.Diagnostic{
			Severity: severityOf(p.Severity), Kind: p.Kind, Pos: diag.Position{File: p.File, Line: p.Line, Col: p.Col},
			Path: p.Path, Message: p.Message, Hint: p.Hint,
		}
	}
	return list
}

// severityOf returns the severity of a name; what is none is as grave as can be.
func severityOf(name string) diag.Severity {
	var severity diag.Severity
	if severity.UnmarshalText([]byte(name)) != nil {
		return diag.Error
	}
	return severity
}

// Problems returns problems as reports have them, in the same order.
func Problems(list diag.List) []result.Problem {
	problems := make([]result.Problem, len(list))
	for i, d := range list {
		problems[i] = result.Problem{
			Severity: d.Severity.String(), Kind: d.Kind, File: d.Pos.File, Line: d.Pos.Line, Col: d.Pos.Col, Path: d.Path, Message: d.Message, Hint: d.Hint,
		}
	}
	return problems
}

// problemLines returns one line for each problem, in the form that editors and CI systems turn into links.
func problemLines(problems []result.Problem) string {
	var s strings.Builder
	for _, d := range diagnostics(problems) {
		s.WriteString(d.String() + "\n")
	}
	return s.String()
}
