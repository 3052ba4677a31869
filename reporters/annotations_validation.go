package reporters

import (
	"cmp"
	"io"
	"slices"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// ValidationAnnotations writes the problems of a validation as [Annotations] writes those of a run: errors, warnings and notices at their lines, no
// more than ten of each.
func ValidationAnnotations(w io.Writer, v *result.Validation, locate func(file string) string) error {
	lists := annotationLists{rest: "which ftrun validate --json prints"}
	lists.addProblems(v.Problems, v.Dataset)
	return lists.write(w, locate)
}

// addProblems adds problems by their severity: errors in their order, those alike folded, and others kind by kind. d says how many of a kind there
// are, where the problems are not all; nil where nobody knows more.
func (l *annotationLists) addProblems(problems []result.Problem, d *result.Dataset) {
	errors := slices.DeleteFunc(diagnostics(problems), func(p diag.Diagnostic) bool { return p.Severity != diag.Error })
	list := problemAnnotations(errors)
	l.add(annotateError, len(list), list)
	for _, severity := range []diag.Severity{diag.Warning, diag.Note} {
		secrets, first, others, all := inTurns(problemFindings(problems, d, severity))
		l.add(annotationOf(severity), all, slices.Concat(secrets, first, others))
	}
}

// problemAnnotations returns problems with those folded that are alike.
func problemAnnotations(list diag.List) []annotation {
	var annotations []annotation
	for _, d := range list.Fold(shownAlike) {
		message := d.Message
		if d.Hint != "" {
			message += "\nhint: " + d.Hint
		}
		annotations = append(annotations, annotation{file: d.Pos.File, line: d.Pos.Line, col: d.Pos.Col, title: cmp.Or(d.Path, "ftrun"), message: message})
	}
	return annotations
}

// problemFindings groups the problems of a severity by kind, in the order of the first of each. One without a kind is alone.
func problemFindings(problems []result.Problem, d *result.Dataset, severity diag.Severity) []result.DataFinding {
	var found []result.DataFinding
	for _, p := range problems {
		if severityOf(p.Severity) != severity {
			continue
		}
		title, message := p.Kind, p.Message
		if p.Kind == "" {
			title = cmp.Or(p.Path, "ftrun")
		} else if p.Path != "" {
			message = p.Path + ": " + message
		}
		at := slices.IndexFunc(found, func(f result.DataFinding) bool { return p.Kind != "" && f.Kind == p.Kind })
		if at < 0 {
			at = len(found)
			found = append(found, result.DataFinding{Kind: title, Severity: p.Severity, Hint: p.Hint, Count: countOf(d, p.Kind, severity)})
		}
		f := &found[at]
		f.Places = append(f.Places, result.DataPlace{File: p.File, Line: p.Line, Col: p.Col, Message: message})
		f.Count = max(f.Count, len(f.Places))
	}
	return found
}

// countOf returns how many findings of a kind and a severity the data has.
func countOf(d *result.Dataset, kind string, severity diag.Severity) int {
	if d == nil || kind == "" {
		return 0
	}
	for _, f := range d.Findings {
		if f.Kind == kind && severityOf(f.Severity) == severity {
			return f.Count
		}
	}
	return 0
}
