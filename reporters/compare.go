package reporters

import (
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"ftrun/runner/result"
)

// A change is what a difference between both models means, in words.
type change struct {
	amount  string // with its interval
	meaning string
	odds    string // how often models that are equally good differ as much; empty: not known
	unseen  string // which changes so many cases would mostly not show; empty: not known
}

// changeOf puts d into words; u is the unit of the metric.
func changeOf(d result.Difference, u unit) change {
	u = u.difference()
	c := change{amount: u.signed(d.Value, 0), meaning: "may be chance"}
	level := d.Interval.Level
	if level > 0 && level < 1 {
		bare := u
		bare.after = ""
		c.amount += " (" + intervalOf(bare, d.Interval) + ")"
	} else {
		level = 0.95
	}
	alpha := 1 - level
	isReal := d.Interval.Low > 0 || d.Interval.High < 0
	isRare := isReal
	if d.PValue != nil {
		isRare = *d.PValue < alpha
	}
	switch {
	case d.Value == 0:
		c.meaning = "no difference"
	case isRare && !isReal && *d.PValue < alpha/10: // far from the edge; the interval is the more careful of the two
		c.meaning = "hardly chance, and too few cases to say how much"
	case isReal != isRare: // they are computed in different ways, and near the edge they may disagree
		c.meaning = "on the edge of chance"
	case isReal && d.Value > 0:
		c.meaning = "a real gain"
	case isReal && d.Value < 0:
		c.meaning = "a real drop"
	}
	if d.PValue != nil {
		if d.Value != 0 {
			c.meaning += ", " + pValue(*d.PValue, alpha)
		}
		c.odds = "under 0.01%"
		if *d.PValue >= leastP {
			c.odds = percent(*d.PValue)
		}
	}
	switch {
	case d.Smallest >= 1:
		c.unseen = "any change would mostly go unnoticed with " + count(d.Cases, "case")
	case d.Smallest > 0:
		c.unseen = "a change under " + u.format(&d.Smallest, 0) + " would mostly go unnoticed with " + count(d.Cases, "case")
	}
	return c
}

// isKnown reports whether d is there, and a number.
func isKnown(d *result.Difference) bool {
	return d != nil && !math.IsNaN(d.Value+d.Interval.Low+d.Interval.High)
}

// baselineName says what the tested model was compared with.
func baselineName(run *result.Run) string {
	c := run.Comparison
	name := brief(c.Baseline, 60)
	switch {
	case c.Results != "" && name == "":
		return brief(c.Results, 60)
	case c.Results != "":
		return name + " in " + brief(c.Results, 60)
	case c.Provider != nil:
		return name + " at " + brief(serviceName(*c.Provider, run.Provider), 60)
	default:
		return name
	}
}

// serviceName tells a service apart from another: by its kind, and by its host where the kind is the same or stands for many.
func serviceName(p, other result.Provider) string {
	if p.Kind == kindEmbedded || p.Kind != other.Kind && p.Kind != kindCompatible {
		return p.Kind
	}
	if u, err := url.Parse(p.BaseURL); err == nil && u.Host != "" {
		return u.Host
	}
	return p.Kind
}

// comparedCounts returns what became of the cases, from the baseline to the tested model.
func comparedCounts(run *result.Run) []string {
	c := run.Comparison
	counts := []string{thousands(int64(c.Fixed)) + " fixed", thousands(int64(c.Broken)) + " broken"}
	if c.Cases == 0 {
		return counts
	}
	counts = append(counts, thousands(int64(c.Same))+" same")
	judged := c.Fixed + c.Broken + c.Same
	switch scored := thousands(int64(c.Cases - judged)); { // neither passed nor failed
	case judged == 0:
		counts = []string{scored + " compared by score"}
	case judged < c.Cases:
		counts = append(counts, scored+" compared by score")
	}
	if c.Cases < run.Summary.Cases {
		counts = append(counts, fmt.Sprintf("on %s of %s", thousands(int64(c.Cases)), count(run.Summary.Cases, "case")))
	}
	return counts
}

// steadiness says how often several answers to the same case pass.
func steadiness(r *result.Repeats) string {
	k := min(len(r.PassAt), len(r.PassAll))
	if k == 0 {
		return ""
	}
	s := "pass@1 " + percent(r.PassAt[0])
	if k > 1 {
		n := strconv.Itoa(k)
		s += fmt.Sprintf(", pass@%s %s (one of %s passes), pass^%s %s (all %s pass)", n, percent(r.PassAt[k-1]), n, n, percent(r.PassAll[k-1]), n)
	}
	return s
}

// passedOf returns how many of several answers passed, or nothing where there is one or none has a verdict.
func passedOf(a result.Answer) string {
	passed, judged := 0, 0
	for _, one := range a.Repeats {
		if one.Passed != nil {
			judged++
			if *one.Passed {
				passed++
			}
		}
	}
	if judged == 0 || len(a.Repeats) < 2 {
		return ""
	}
	return fmt.Sprintf("passed %s of %s", thousands(int64(passed)), thousands(int64(len(a.Repeats))))
}

// said returns an answer with the functions that it wanted called; nil: there is none.
func said(a result.Answer) *string {
	if len(a.ToolCalls) == 0 {
		return a.Generated
	}
	var lines []string
	if a.Generated != nil && *a.Generated != "" {
		lines = append(lines, *a.Generated)
	}
	for _, call := range a.ToolCalls {
		lines = append(lines, "calls "+call.Name+"("+call.Arguments+")")
	}
	return new(strings.Join(lines, "\n"))
}

// besideSpec returns the path of a file that the spec names, from where the spec is named.
func besideSpec(run *result.Run, file string) string {
	if file == "" || filepath.IsAbs(file) || run.Provenance.Spec == "" {
		return file
	}
	return filepath.Join(filepath.Dir(run.Provenance.Spec), file)
}

// caseFile returns the path of the file in which a case stands: the spec's own, unless the case has another.
func caseFile(run *result.Run, file string) string {
	if file == "" {
		return run.Provenance.Spec
	}
	return besideSpec(run, file)
}

// position returns a place in a file as editors and CI systems turn it into a link; nothing where the line is not known.
func position(file string, line int) string {
	if line <= 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// listsFindings reports whether what is wrong with the run are its findings, so that they need not be told as problems as well.
func listsFindings(run *result.Run) bool {
	return run.ReasonCode == "contaminated" && run.Contamination != nil && len(run.Contamination.Findings) > 0
}

// shared says what a training example has of a case: of "its" question, or "the" question.
func shared(f result.Finding, article string) string {
	switch f.Kind {
	case result.FindingVerbatim:
		return article + " question and answer"
	case result.FindingQuestion:
		return article + " question"
	}
	s := percent(f.Coverage) + " of " + article + " question"
	if f.LongestRun > 0 {
		s += ", " + count(f.LongestRun, "word") + " in a row"
	}
	return s
}

// gravest returns up to n findings, those first that are the gravest.
func gravest(findings []result.Finding, n int) []result.Finding {
	var kinds [3][]result.Finding
	for _, f := range findings {
		kind := 2
		switch f.Kind {
		case result.FindingVerbatim:
			kind = 0
		case result.FindingQuestion:
			kind = 1
		}
		if len(kinds[kind]) < n {
			kinds[kind] = append(kinds[kind], f)
		}
	}
	var all []result.Finding
	for _, k := range kinds {
		all = append(all, firstOf(k, n-len(all))...)
	}
	return all
}

// trainingRow says where the training example of a finding stands.
func trainingRow(run *result.Run, f result.Finding) string {
	if at := position(besideSpec(run, f.Source), f.SourceLine); at != "" {
		return at
	}
	return fmt.Sprintf("%s row %d", besideSpec(run, f.Source), f.Row)
}
