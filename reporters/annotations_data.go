package reporters

import (
	"fmt"
	"slices"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// dataAnnotations returns those of what was found in the data with a severity: the first place of every kind, which tells how many there are,
// and the others, in turns, so that the first few tell the most. all counts what they stand for. A note without a place is left out: a warning
// of the run tells it.
func dataAnnotations(run *result.Run, severity diag.Severity) (first, others []annotation, all int) {
	if run.Dataset == nil {
		return nil, nil, 0
	}
	var found []result.DataFinding
	turns := 0
	for _, f := range run.Dataset.Findings {
		if severityOf(f.Severity) != severity || len(f.Places) == 0 && severity == diag.Note {
			continue
		}
		if len(f.Places) == 0 {
			f.Places = []result.DataPlace{{Message: f.Message}}
		}
		found = append(found, f)
		turns = max(turns, len(f.Places))
		all += max(f.Count, len(f.Places))
	}
	for turn := range turns {
		for _, f := range found {
			if turn < len(f.Places) {
				others = append(others, placeAnnotation(f, turn))
			}
		}
	}
	return others[:len(found):len(found)], others[len(found):], all
}

// placeAnnotation returns the annotation of one place of a finding.
func placeAnnotation(f result.DataFinding, i int) annotation {
	p := f.Places[i]
	a := annotation{file: p.File, line: p.Line, col: p.Col, title: f.Kind, message: p.Message}
	if p.Row > 0 {
		a.message = fmt.Sprintf("row %d: %s", p.Row, a.message)
	}
	if f.Hint != "" {
		a.message += "\nhint: " + f.Hint
	}
	if i == 0 && f.Count > 1 {
		a.message += fmt.Sprintf("\n%s of this kind in all", thousands(int64(f.Count)))
	}
	return a
}

// noteAnnotations returns those of what is worth knowing of the data, and how many there are in all.
func noteAnnotations(run *result.Run) ([]annotation, int) {
	first, others, all := dataAnnotations(run, diag.Note)
	return slices.Concat(first, others), all
}
