package runner

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"ftrun/runner/dataset"
	"ftrun/runner/dataset/overlap"
	"ftrun/runner/gate"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// The choices of dataset.contamination; empty is as warn.
const (
	contaminationError = "error"
	contaminationOff   = "off"
)

// Contaminated tells which test cases of a pipeline stand in its training data.
type Contaminated struct {
	Report  result.Contamination // of the cases that stand there; Clean is nil until the test has run
	Places  diag.List            // the same as problems: at the case's position, with that of the row
	Summary string               // the same in one sentence; empty: none stands there

	cases []bool // by case
}

// askedIn is what a case asks: of a conversation all that the user says, because many end in a "yes" that says nothing by itself.
func askedIn(c spec.Case) string {
	var turns []string
	for _, m := range c.Messages {
		if m.Role == "user" {
			turns = append(turns, m.Content)
		}
	}
	if len(turns) < 2 {
		return c.Question
	}
	return strings.Join(turns, "\n")
}

// A search looks for the test cases of a pipeline in its training data, as package overlap describes, while the data is read. It looks at the
// source and not at what is prepared from it, because a finding names the row that somebody has to look at.
type search struct {
	pipeline *spec.Pipeline
	finder   *overlap.Finder

	mu      sync.Mutex
	lookers []*overlap.Looker // one for each goroutine that reads
}

// newSearch returns nil where there is nothing to look for: train: off, or dataset.contamination: off.
func newSearch(p *spec.Pipeline) *search {
	if p.Train.Off || p.Dataset == nil || p.Dataset.Contamination == contaminationOff {
		return nil
	}
	cases := make([]overlap.Case, len(p.Test.Cases))
	for i, c := range p.Test.Cases {
		cases[i] = overlap.Case{Question: askedIn(c), Answer: c.Answer}
	}
	return &search{pipeline: p, finder: overlap.New(cases)}
}

// look returns what is to be called with the lessons of the data, or nil where nothing is looked for.
func (s *search) look() dataset.Look {
	if s == nil {
		return nil
	}
	return func() func(dataset.Lesson) {
		looker := s.finder.Looker()
		s.mu.Lock()
		s.lookers = append(s.lookers, looker)
		s.mu.Unlock()
		return func(l dataset.Lesson) {
			at := overlap.Place{Source: l.Source, File: l.File, Row: l.Row, Line: l.Line}
			looker.Look(at, l.Question, l.Answer)
			if l.Asked != "" {
				looker.Look(at, l.Asked, l.Answer)
			}
		}
	}
}

// scan reads the data for the search alone.
func (s *search) scan(ctx context.Context) error {
	if s == nil {
		return nil
	}
	if err := dataset.Scan(ctx, DatasetConfig(s.pipeline, ""), s.look()); err != nil {
		return fmt.Errorf("look for test cases in the training data: %w", err)
	}
	return nil
}

// conclude returns what was found, or nil where nothing was looked for. Where the spec says dataset.contamination: error and a case is found,
// the error says so; its problems are a [diag.List].
func (s *search) conclude() (*Contaminated, error) {
	if s == nil {
		return nil, nil
	}
	c := contaminatedBy(s.pipeline, s.finder.Findings(s.lookers...))
	if s.pipeline.Dataset.Contamination == contaminationError && c.Summary != "" {
		return c, &contaminatedError{message: headline(s.pipeline, c.Report), problems: c.Places}
	}
	return c, nil
}

// contaminatedBy puts findings into the forms in which they are told.
func contaminatedBy(p *spec.Pipeline, found []overlap.Finding) *Contaminated {
	c := &Contaminated{Report: result.Contamination{Findings: []result.Finding{}}, cases: make([]bool, len(p.Test.Cases))}
	for _, f := range found {
		of := p.Test.Cases[f.Case]
		finding := result.Finding{
			ID: of.ID, Line: of.Pos.Line, File: caseFile(p, of), Kind: f.Kind.String(), Source: f.Source, Row: f.Row, SourceLine: f.Line,
			Coverage: f.Coverage, LongestRun: f.Run, Jaccard: f.Jaccard, Asked: overlap.Head(askedIn(of)), Question: f.Question, More: f.More,
		}
		c.cases[f.Case] = true
		c.Report.Cases++
		if f.Kind == overlap.Verbatim {
			c.Report.Verbatim++
		}
		c.Report.Findings = append(c.Report.Findings, finding)
		c.Places.Add(place(of, finding, p.Path(f.Source)))
	}
	c.Places.Sort()
	c.Summary = summarize(p, c.Report)
	return c
}

const contaminatedWay = "take the row out of the training data, or the case out of the test"

// place returns a finding as a problem of the case. Its message is the same for all of a kind, so that many can be folded.
func place(c spec.Case, f result.Finding, source string) diag.Diagnostic {
	at := diag.Position{File: source, Line: f.SourceLine}.String()
	d := diag.Diagnostic{Pos: c.Pos, Hint: contaminatedWay}
	switch f.Kind {
	case result.FindingVerbatim:
		d.Message = "question and answer stand in the training data, word for word"
	case result.FindingQuestion:
		d.Message = "the question stands in the training data, with another answer or none to compare"
	default:
		d.Message = "most of the question, or a long part of it, stands in the training data"
		at += fmt.Sprintf(", %.0f%% of its question, %d words in a row", 100*f.Coverage, f.LongestRun)
	}
	if f.More > 0 {
		at += fmt.Sprintf(", %d more", f.More)
	}
	d.Path = fmt.Sprintf("case %q %s (%s)", f.ID, standsIn(f), at)
	return d
}

// standsIn says in which row a case stands, and how.
func standsIn(f result.Finding) string {
	row := fmt.Sprintf("row %d of %s", f.Row, f.Source)
	switch f.Kind {
	case result.FindingVerbatim:
		return "is " + row
	case result.FindingQuestion:
		return "has the question of " + row
	default:
		return "is much like " + row
	}
}

// shownFindings is how many findings the sentence names; the copies come first.
const shownFindings = 3

// headline says how many cases stand in the training data.
func headline(p *spec.Pipeline, report result.Contamination) string {
	format := "%d of %d test cases stand in the training data"
	if report.Cases == 1 {
		format = "%d of %d test cases stands in the training data"
	}
	text := fmt.Sprintf(format, report.Cases, len(p.Test.Cases))
	switch {
	case report.Verbatim == 1:
		text += ", 1 of them word for word with its answer"
	case report.Verbatim > 1:
		text += fmt.Sprintf(", %d of them word for word with their answers", report.Verbatim)
	}
	return text
}

// summarize says in one sentence what was found, and nothing where nothing was.
func summarize(p *spec.Pipeline, report result.Contamination) string {
	if report.Cases == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(headline(p, report))
	separator, named := ": ", 0
	for _, kind := range []string{result.FindingVerbatim, result.FindingQuestion, result.FindingOverlap} {
		for _, f := range report.Findings {
			if f.Kind != kind || named == shownFindings {
				continue
			}
			file := p.File
			if f.File != "" {
				file = p.Path(f.File)
			}
			fmt.Fprintf(&b, "%scase %q (%s) %s", separator, f.ID, diag.Position{File: file, Line: f.Line}, standsIn(f))
			separator = "; "
			named++
		}
	}
	if more := report.Cases - named; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// noteContaminated tells what the search found, before anything is bought.
func (r *runState) noteContaminated(s *search) error {
	found, err := s.conclude()
	if found == nil {
		return err
	}
	r.contaminated, r.run.Contamination = found.cases, &found.Report
	if err == nil && found.Summary != "" {
		r.warn(stagePrepare, found.Summary)
	}
	return err
}

// summarizeClean counts the cases that do not stand in the training data.
func (r *runState) summarizeClean(e gate.Evidence) {
	c := r.run.Contamination
	if c == nil || c.Cases == len(e.Cases) {
		return
	}
	c.Clean = new(gate.Summarize(e.Cases, e.Tested, func(i int) bool { return !r.contaminated[i] }))
}

// A contaminatedError says that test cases stand in the training data, and that the spec allows none there.
type contaminatedError struct {
	message  string
	problems diag.List
}

func (e *contaminatedError) Error() string { return e.message }

// Unwrap returns the findings as problems.
func (e *contaminatedError) Unwrap() error { return e.problems }

// Hint returns the way out.
func (e *contaminatedError) Hint() string { return contaminatedWay }
