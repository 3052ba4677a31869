package dataset

import (
	"fmt"

	"ftrun/spec/diag"
)

// again says what is found of an example that came before, as a whole or by what is asked, in the row with the number earlier; drop says
// that it is left out.
func (r *run) again(s *source, o *outcome, found earlier, before int) (d diag.Diagnostic, drop bool) {
	first := r.sourceOf(before)
	where := fmt.Sprintf("row %d", before-first.before)
	if first != s {
		where += fmt.Sprintf(" of %s", first.file.Name)
	}
	d = diag.Diagnostic{
		Severity: diag.Warning, Pos: diag.Position{File: s.file.Path, Line: o.rowLine, Col: o.col}, Path: fmt.Sprintf("row %d", o.row),
	}
	switch trained := first.use == useTraining; {
	case s.use == useValidation && trained:
		d.Kind = kindOverlap
		d.Message = fmt.Sprintf("the validation row asks what %s of the training data asks, so it measures memory", where)
		d.Hint = "take one of the two out"
	case found == isAlike:
		d.Kind, d.Severity = kindDuplicate, diag.Note
		d.Message = fmt.Sprintf("the same question and answer as %s, but for letters, blanks or keys", where)
		d.Hint = "take one of the two out"
	case found == isConflict:
		d.Kind = kindConflict
		d.Message = fmt.Sprintf("the question of %s has another answer here", where)
		d.Hint = "keep one of the two, unless the model should learn both"
	default:
		d.Kind = kindDuplicate
		d.Message = "the same example as " + where
		d.Hint = "set dataset.duplicates: drop, or take it out"
		switch r.config.Dataset.Duplicates {
		case DuplicatesDrop:
			return d, true
		case DuplicatesError:
			d.Severity = diag.Error
		}
	}
	return d, false
}

// sourceOf returns the source of the row with a number among all rows.
func (r *run) sourceOf(number int) *source {
	for i := len(r.sources) - 1; i > 0; i-- {
		if r.sources[i].before < number {
			return r.sources[i]
		}
	}
	return r.sources[0]
}
