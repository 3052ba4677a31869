package reporters

import (
	"fmt"
	"slices"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// kindSecret is the kind of finding that is shown before any other, at all its places: others can wait until the next commit, and who has seen a key
// can use it.
const kindSecret = "secret"

// dataAnnotations returns those of what was found in the data with a severity, in turns. A note without a place is left out: a warning of the run
// tells it.
func dataAnnotations(run *result.Run, severity diag.Severity) (secrets, first, others []annotation, all int) {
	if run.Dataset == nil {
		return nil, nil, nil, 0
	}
	var found []result.DataFinding
	for _, f := range run.Dataset.Findings {
		if severityOf(f.Severity) != severity || len(f.Places) == 0 && severity == diag.Note {
			continue
		}
		if len(f.Places) == 0 {
			f.Places = []result.DataPlace{{Message: f.Message}}
		}
		found = append(found, f)
	}
	return inTurns(found)
}

// inTurns returns the places of findings: all those of secrets, of every other kind the first, which tells how many there are, and the others, in
// turns, so that the first few tell the most. all counts what they stand for.
func inTurns(found []result.DataFinding) (secrets, first, others []annotation, all int) {
	turns := 0
	for _, f := range found {
		turns = max(turns, len(f.Places))
		all += max(f.Count, len(f.Places))
	}
	for turn := range turns {
		for _, f := range found {
			switch {
			case turn >= len(f.Places):
			case f.Kind == kindSecret:
				secrets = append(secrets, placeAnnotation(f, turn))
			case turn == 0:
				first = append(first, placeAnnotation(f, turn))
			default:
				others = append(others, placeAnnotation(f, turn))
			}
		}
	}
	return secrets, first, others, all
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
	secrets, first, others, all := dataAnnotations(run, diag.Note)
	return slices.Concat(secrets, first, others), all
}
