package reporters

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// GitHub shows so many annotations of each kind for a step, and so much of each.
const (
	shownAnnotations = 10
	annotationBytes  = 4096
)

// The kinds of annotation. They are the names of workflow commands.
const (
	annotateError   = "error"
	annotateWarning = "warning"
	annotateNotice  = "notice"
)

// An annotation is a message that GitHub shows beside a line of a file.
type annotation struct {
	file      string
	line, col int // 0: unknown
	title     string
	message   string
}

// annotationLists is what a step shows: of every kind the first annotations, and how many there are in all.
type annotationLists struct {
	lists  map[string][]annotation
	totals map[string]int
	rest   string // where those are that are not shown
}

// add appends annotations of a kind, which stand for all so many.
func (l *annotationLists) add(kind string, all int, list []annotation) {
	if l.lists == nil {
		l.lists, l.totals = map[string][]annotation{}, map[string]int{}
	}
	l.lists[kind] = append(l.lists[kind], list...)
	l.totals[kind] += max(all, len(list))
}

// write writes the commands. What is not shown of a kind is told by the last of it.
func (l *annotationLists) write(w io.Writer, locate func(string) string) error {
	var b strings.Builder
	for _, kind := range []string{annotateError, annotateWarning, annotateNotice} {
		list, all := l.lists[kind], l.totals[kind]
		if all > min(len(list), shownAnnotations) {
			list = slices.Clip(firstOf(list, shownAnnotations-1))
			list = append(list, annotation{title: "ftrun", message: fmt.Sprintf("and %s more, %s", thousands(int64(all-len(list))), l.rest)})
		}
		for _, a := range list {
			a.file = located(a.file, locate)
			b.WriteString(a.command(kind))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Annotations writes workflow commands of GitHub Actions that put what went wrong beside the lines of the spec and the data: no more
// than ten of a kind, the last of which says how many there are beyond. What does not count against the run is a notice, as is what is only
// worth knowing of the data. locate turns the name of a file, as the run has it, into the path inside the repository.
//
// The commands go to a step's output, each on a line of its own. Where the cases can't be read, it writes the rest and returns why.
func Annotations(w io.Writer, run *result.Run, locate func(file string) string) error {
	lists := annotationLists{rest: "in results.json"}
	reason := reasonAnnotation(run)
	lists.add(annotateError, len(reason), reason)
	lists.addProblems(withoutFindings(run.Problems, run.Dataset), nil)
	thresholds := thresholdAnnotations(run)
	lists.add(annotateError, len(thresholds), thresholds)
	cases, casesErr := caseAnnotations(run)
	kind := annotateError
	if run.ExitCode == result.ExitPass {
		kind = annotateNotice
	}
	lists.add(kind, max(run.Summary.Failed+run.Summary.Errored, len(cases)), cases)
	warnings, all := warningAnnotations(run)
	lists.add(annotateWarning, all, warnings)
	notes, all := noteAnnotations(run)
	lists.add(annotateNotice, all, notes)
	if err := lists.write(w, locate); err != nil {
		return err
	}
	return casesErr
}

// annotationOf returns the kind of annotation that a problem is.
func annotationOf(severity diag.Severity) string {
	switch severity {
	case diag.Warning:
		return annotateWarning
	case diag.Note:
		return annotateNotice
	default:
		return annotateError
	}
}

// withoutFindings returns the problems less those that are no errors and that the dataset's findings tell.
func withoutFindings(problems []result.Problem, d *result.Dataset) []result.Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p result.Problem) bool {
		severity := severityOf(p.Severity)
		return severity != diag.Error && countOf(d, p.Kind, severity) > 0
	})
}

func located(file string, locate func(string) string) string {
	if file == "" {
		return ""
	}
	return locate(file)
}

// reasonAnnotation returns why the run ended as it did, where nothing else tells.
func reasonAnnotation(run *result.Run) []annotation {
	told := slices.ContainsFunc(run.Problems, func(p result.Problem) bool { return severityOf(p.Severity) == diag.Error })
	for _, t := range run.Thresholds {
		told = told || t.Verdict != result.ThresholdPass && t.Reason == run.Reason
	}
	if told || run.ExitCode == result.ExitPass {
		return nil
	}
	message := cmp.Or(run.Reason, fmt.Sprintf("the run ended with exit code %d", run.ExitCode))
	if run.Hint != "" {
		message += "\nnext: " + run.Hint
	}
	return []annotation{{title: "ftrun: " + letters(string(run.Verdict)), message: message}}
}

// thresholdAnnotations returns the thresholds that keep a run from passing.
func thresholdAnnotations(run *result.Run) []annotation {
	if run.ExitCode == result.ExitPass {
		return nil
	}
	var list []annotation
	for _, t := range run.Thresholds {
		title := "threshold failed"
		switch {
		case t.Verdict == result.ThresholdPass:
			continue
		case t.Cause == result.CauseNotEnoughEvidence:
			title = "not enough evidence"
		case t.Cause == result.CauseNotMeasured:
			title = "could not measure"
		case t.Verdict == result.ThresholdUndecided:
			title = "threshold undecided"
		}
		list = append(list, annotation{
			file: run.Provenance.Spec, line: t.Line, title: title + ": " + t.Expression, message: thresholdMessage(t),
		})
	}
	return list
}

// thresholdMessage returns why a threshold does not hold, and how sure its figure is.
func thresholdMessage(t result.Threshold) string {
	message := cmp.Or(strings.TrimPrefix(t.Reason, t.Expression+": "), t.Expression)
	if figures := figureText(t, read(t, dash)); t.Interval != nil && !tells(message, figures) {
		message += "\nmeasured: " + figures
	}
	return message
}

// warningAnnotations returns the first of what a person should look at, and how many there are in all: what looks like a secret, then cases whose
// answer stands in the training data, then what else is found in the data, of every kind once, then those of the run's own warnings that these do not
// tell, then the rest.
func warningAnnotations(run *result.Run) (list []annotation, all int) {
	var copied, alike []annotation
	if found := run.Contamination; found != nil && !listsFindings(run) { // there they are errors
		for _, f := range gravest(found.Findings, shownAnnotations) {
			if f.Kind == result.FindingVerbatim {
				copied = append(copied, findingAnnotations(run, f)...)
			} else {
				alike = append(alike, findingAnnotations(run, f)...)
			}
		}
	}
	secrets, kinds, others, inData := dataAnnotations(run, diag.Warning)
	warnings := Untold(run.Dataset, run.Warnings)
	var own []annotation
	for _, w := range firstOf(warnings, shownAnnotations) {
		own = append(own, annotation{title: "ftrun", message: w})
	}
	return slices.Concat(secrets, firstOf(copied, shownAnnotations), kinds, own, others, alike), len(warnings) + inData + foundLines(run)
}

// findingAnnotations returns an annotation at the line of the case and, where that is known, one at the line of the training example.
func findingAnnotations(run *result.Run, f result.Finding) []annotation {
	title := "test case in the training data"
	if f.Kind == result.FindingVerbatim {
		title = "test case VERBATIM in the training data"
	}
	file := caseFile(run, f.File)
	list := []annotation{{
		file: file, line: f.Line, title: title + ": " + f.ID,
		message: trainingRow(run, f) + " has " + shared(f, "its") + "\ntraining example: " + brief(f.Question, 300),
	}}
	if f.SourceLine > 0 {
		list = append(list, annotation{
			file: besideSpec(run, f.Source), line: f.SourceLine, title: title + ": " + f.ID,
			message: "here is " + shared(f, "the") + " of the case at " + cmp.Or(position(file, f.Line), file),
		})
	}
	return list
}

// foundLines counts the annotations that all findings would have.
func foundLines(run *result.Run) int {
	found := run.Contamination
	if found == nil || listsFindings(run) {
		return 0
	}
	n := len(found.Findings)
	for _, f := range found.Findings {
		if f.SourceLine > 0 {
			n++
		}
	}
	return n
}

// caseAnnotations returns the first of the cases that went wrong, those first that weigh most.
func caseAnnotations(run *result.Run) ([]annotation, error) {
	if run.Cases == nil {
		return nil, nil
	}
	cases, err := worst(run.Cases, shownAnnotations)
	var list []annotation
	for _, c := range cases {
		title, message := "case "+c.Status, whyErrored(c)
		if c.Status == result.CaseFailed {
			message = allFailed(c)
		}
		switch {
		case isBroken(c) && c.MustPass:
			title += ", must pass, passed by the baseline"
		case isBroken(c):
			title += ", passed by the baseline"
		case c.MustPass:
			title += ", must pass"
		}
		const columns = 300
		message += "\nquestion: " + brief(c.Question, columns)
		if c.Expected != "" {
			message += "\nexpected: " + brief(c.Expected, columns)
		}
		if got := said(c.Answer); got != nil {
			message += "\ngot: " + brief(*got, columns)
		}
		if several := passedOf(c.Answer); several != "" {
			message += "\nanswers: " + several
		}
		list = append(list, annotation{file: caseFile(run, c.File), line: c.Line, title: title + ": " + cmp.Or(c.ID, c.Name), message: message})
	}
	return list, err
}

// command returns the annotation as a line that GitHub obeys. Nothing in it can end the line, or begin another command.
func (a annotation) command(kind string) string {
	var properties []string
	add := func(name, value string) { properties = append(properties, name+"="+escapeProperty(value)) }
	if a.file != "" {
		add("file", line(a.file))
		if a.line > 0 {
			add("line", fmt.Sprint(a.line))
		}
		if a.line > 0 && a.col > 0 {
			add("col", fmt.Sprint(a.col))
		}
	}
	if a.title != "" {
		add("title", brief(a.title, 200))
	}
	return "::" + kind + " " + strings.Join(properties, ",") + "::" + escapeMessage(block(strings.TrimSpace(a.message))) + "\n"
}

var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func escapeProperty(s string) string { return propertyEscapes.Replace(s) }

// escapeMessage returns the data of a command, no longer than GitHub shows, and cut neither inside a character nor inside an escape.
func escapeMessage(s string) string {
	s = cutBytes(s, annotationBytes)
	escaped := dataEscapes.Replace(s)
	for len(escaped) > annotationBytes {
		s = cutBytes(s, len(s)-max((len(escaped)-annotationBytes)/3, 1))
		escaped = dataEscapes.Replace(s)
	}
	return escaped
}
