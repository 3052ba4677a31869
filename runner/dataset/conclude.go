package dataset

import (
	"fmt"
	"maps"

	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// conclude returns what came of the rows, or the problems as a [diag.List].
func (r *run) conclude() (*Prepared, error) {
	r.checkMethod()
	r.checkDropped()
	r.checkSize()
	if err := r.findings.err(); err != nil {
		return nil, err
	}
	prepared := &Prepared{
		SHA256: r.training.sha256(), Bytes: r.training.bytes,
		Stats: r.stats(), Warnings: append(r.counting.warnings, r.warnings()...), Advice: r.findings.advice,
	}
	for _, source := range r.sources {
		prepared.Files = append(prepared.Files, source.file.Path)
	}
	if r.config.Dataset.Validation.Set() {
		v := r.validation
		prepared.Validation = &Written{SHA256: v.sha256(), Bytes: v.bytes, Examples: v.examples}
		prepared.Stats.ValidationSHA256, prepared.Stats.ValidationBytes = prepared.Validation.SHA256, v.bytes
	}
	return prepared, nil
}

func (r *run) stats() result.Dataset {
	s := result.Dataset{
		Total: r.total(), Training: r.training.examples, Validation: r.validation.examples,
		Invalid: r.invalid, Dropped: r.dropped, Duplicates: r.duplicates,
		Tokens: r.training.tokens.sum, TokenStats: r.training.tokens.stats(r.counting.encoding, r.counting.limit),
		RoleTokens: r.training.roleTokens(), ValidationTokens: r.validation.tokens.sum,
		Findings: r.findings.grouped(), TrainingSHA256: r.training.sha256(), TrainingBytes: r.training.bytes,
	}
	if r.mapper.shape.name != "chat" || len(r.mapper.fields) > 0 { // chat rows have one column, and it is called messages
		s.Columns = maps.Clone(r.mapper.columns)
	}
	for _, source := range r.sources {
		s.Sources = append(s.Sources, result.Source{
			Path: source.file.Name, SHA256: source.sha256, Rows: source.rows, Shape: r.mapper.shape.name, Use: source.use,
		})
	}
	return s
}

// total returns how many rows were met.
func (r *run) total() int {
	n := 0
	for _, source := range r.sources {
		n += source.rows
	}
	return n
}

// checkMethod holds the shape of the rows against the method: one learns from preferences, the other from answers.
func (r *run) checkMethod() {
	shape := r.mapper.shape
	switch isPreference := shape != nil && shape.name == "preference"; {
	case shape == nil:
	case r.config.Method == spec.MethodDPO && !isPreference:
		r.fault(kindShape, "the method is dpo, which learns from preference rows, and the data holds "+shape.title,
			"give rows with input, preferred_output and non_preferred_output, or set train.method: supervised")
	case r.config.Method != spec.MethodDPO && isPreference:
		r.fault(kindShape, "the data holds preference rows, which the method dpo learns from, and the method is supervised", "set train.method: dpo")
	}
}

// checkDropped refuses to go on where more rows were left out than the spec allows.
func (r *run) checkDropped() {
	limit := r.config.Dataset.MaxDropped
	out := r.dropped + r.invalid
	if limit.Text == "" || float64(out) <= limit.Of(r.total()) {
		return
	}
	r.fault(kindDropped, fmt.Sprintf("%d of %s dropped (%d too long, %d invalid), and dataset.max_dropped is %s",
		out, plural(r.total(), "row"), r.dropped, r.invalid, limit.Text), "mend the rows, or raise dataset.max_dropped")
	for i, lost := range r.findings.lost {
		if lost {
			r.findings.advice[i].Severity = diag.Error
		}
	}
}

// checkSize refuses data with too few examples. Where rows are at fault, it counts those too: mending them may be enough.
func (r *run) checkSize() {
	count := r.training.examples
	if r.findings.failed() {
		count = r.total() - r.dropped - r.invalid - r.duplicates - r.validation.examples
		if r.findings.fatal {
			return // the rows after it were not seen
		}
	}
	if count < MinExamples {
		message := fmt.Sprintf("the data has %s, and training needs at least %d", plural(count, "example"), MinExamples)
		switch {
		case r.dropped > 0:
			message += fmt.Sprintf(" (%s dropped for being too long)", plural(r.dropped, "row"))
		case r.validation.examples > 0 && len(r.config.Validation) == 0:
			message += fmt.Sprintf(" (%s held out for validation)", plural(r.validation.examples, "row"))
		}
		r.fault(kindFew, message, "50 to 100 are advised")
	}
	switch v := r.config.Dataset.Validation; {
	case !v.Set() || r.validation.examples > 0 || r.findings.failed():
	case v.Share.Value == 0:
		r.fault(kindFew, "none of the rows to validate with is left", "mend them, or leave dataset.validation out")
	default:
		r.fault(kindFew, fmt.Sprintf("dataset.validation holds out %s of the rows, and that draws none of %d",
			v.Share.Text, count), "raise the share, change its seed, or name a file of validation rows")
	}
}

// fault reports what is wrong with the data as a whole, at its first file.
func (r *run) fault(kind, message, hint string) {
	pos := r.config.Dataset.Pos
	if len(r.config.Training) > 0 {
		pos = diag.Position{File: r.config.Training[0].Path}
	}
	r.findings.add(0, diag.List{{Kind: kind, Pos: pos, Message: message, Hint: hint}}, false)
}

func (r *run) warnings() []string {
	var list []string
	if r.dropped > 0 {
		list = append(list, fmt.Sprintf("%d of %s dropped: longer than %d tokens", r.dropped, plural(r.total(), "row"), r.counting.limit))
	}
	if r.invalid > 0 {
		list = append(list, fmt.Sprintf("%d of %s dropped: they can't be trained on", r.invalid, plural(r.total(), "row")))
	}
	if r.duplicates > 0 {
		list = append(list, fmt.Sprintf("%d of %s dropped: an earlier row is the same", r.duplicates, plural(r.total(), "row")))
	}
	return append(list, r.findings.summaries()...)
}
