package reporters

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ftrun/runner/result"
)

// PrintPlan writes a plan for a person. Of opts it needs what the writer can show.
func PrintPlan(w io.Writer, plan *result.Plan, opts ConsoleOptions) error {
	c := planPrinter{NewConsole(w, opts)}
	c.showHead(plan)
	c.println()
	for _, s := range plan.Stages {
		c.showPlanned(s, plan)
	}
	if plan.Dataset != nil {
		c.heading("Data")
		c.showDataset(plan.Dataset, nil) // the figures have what training takes
	}
	c.println()
	for _, row := range c.figures(plan) {
		c.println(in(dim, indent2+pad(row[0], 12)), text(c.ours(row[1])))
	}
	// As in a run, whose summary it would be.
	c.showContamination(&result.Run{Contamination: plan.Contamination, Provenance: result.Provenance{Spec: plan.Spec}}, "--json has all")
	warnings := Untold(plan.Dataset, plan.Warnings)
	if len(plan.Notes)+len(warnings) > 0 {
		c.println()
	}
	for _, n := range plan.Notes {
		c.showNotice(result.Event{Level: result.LevelInfo, Message: n})
	}
	for _, m := range warnings {
		c.showNotice(result.Event{Level: result.LevelWarn, Message: m})
	}
	c.println()
	c.showPrice(plan)
	return c.err
}

// A planPrinter is a console that shows a plan.
type planPrinter struct{ *Console }

func (c planPrinter) showHead(p *result.Plan) {
	c.println(in(bold, "ftrun plan"), text(" "), in(bold, brief(p.Name, 100)))
	if p.BaseModel != "" {
		until := ""
		if p.ShutdownDate != "" {
			until = c.dot() + "shuts down on " + brief(p.ShutdownDate, 20)
		}
		c.println(in(dim, "  base model  "), text(brief(p.BaseModel, 100)+until))
	}
	if p.Provider.Kind == kindEmbedded {
		c.println(in(dim, "  provider    "), text("embedded, "), in(yellow, standIn))
		return
	}
	asked := ""
	if p.NotAsked != "" {
		asked = c.dot() + "not asked: " + sentence(p.NotAsked)
	}
	c.println(in(dim, "  provider    "), text(brief(strings.TrimSpace(p.Provider.Kind+"  "+p.Provider.BaseURL), 150)+asked))
}

// showPlanned writes what would happen in a stage.
func (c planPrinter) showPlanned(s result.PlannedStage, p *result.Plan) {
	reason := sentence(s.Reason)
	if s.Name == "prepare" && s.Action == result.PlanRun && p.Dataset != nil {
		reason = strings.Join(datasetFacts(p.Dataset), c.dot())
	}
	c.println(text(indent2+pad(brief(s.Name, 20), 9)), in(actionStyle(s.Action), pad(brief(s.Action, 20), 9)), text(c.ours(reason)))
}

func actionStyle(action string) style {
	switch action {
	case result.PlanRun:
		return bold
	case result.PlanReuse, result.PlanAdopt:
		return green
	case result.PlanUnknown:
		return yellow
	default:
		return dim
	}
}

// figures returns what the job and the questions amount to.
func (c planPrinter) figures(p *result.Plan) [][2]string {
	var rows [][2]string
	if t := p.Training; t != nil && p.Dataset != nil {
		size := fmt.Sprintf("%s: %s × %s", count(t.BilledTokens, "token"), thousands(p.Dataset.Tokens), count(t.Epochs, "epoch"))
		if t.EpochsGuessed {
			size += " (the service's usual choice)"
		}
		if slices.ContainsFunc(p.Stages, func(s result.PlannedStage) bool { return s.Name == "train" && hasJob(s) }) {
			size += ", which there is already"
		}
		rows = append(rows, [2]string{"training", size})
	}
	rows = append(rows, [2]string{"questions", questions(p.Testing)})
	if j := p.Testing.Judge; j != nil {
		rows = append(rows, [2]string{"judge", brief(j.Model, 60) + ": " + count(j.Questions, "question") + " at most"})
	}
	if p.Provider.Kind == kindEmbedded {
		rows = append(rows, [2]string{"cost", sentence(p.Cost.Note)})
	} else {
		rows = append(rows, [2]string{"cost", c.cost(p)}, [2]string{"", sentence(p.Cost.Note)})
	}
	if b := p.Budget; b.TrainingUSD != nil || b.TestingUSD != nil {
		rows = append(rows, [2]string{"budget", "training " + limit(b.TrainingUSD) + c.dot() + "testing " + limit(b.TestingUSD)})
	}
	return rows
}

// hasJob reports whether a stage goes on with a job that there is.
func hasJob(s result.PlannedStage) bool {
	return s.Action == result.PlanReuse || s.Action == result.PlanAdopt
}

// questions returns how many questions there are, and how long they and their answers can be.
func questions(t result.PlannedTesting) string {
	if t.Asked == 0 {
		return "none: " + count(t.Questions, "answer") + " kept"
	}
	s := fmt.Sprintf("%s, together %s at most; ", thousands(int64(t.Asked)), count(t.InputTokens, "token"))
	if t.MaxOutputTokens == nil {
		return s + "answers of any length"
	}
	return s + "answers " + count(*t.MaxOutputTokens, "token") + " at most"
}

// cost returns what the run would pay.
func (c planPrinter) cost(p *result.Plan) string {
	training, testing := p.Cost.TrainingUSD, p.Cost.TestingUSD
	s := "training " + dollars(training)
	if p.Training != nil && isZero(training) && !isZero(p.Training.USD) {
		s += " (a new job: " + dollars(p.Training.USD) + ")"
	}
	s += c.dot() + "testing "
	switch {
	case isZero(testing):
		return s + dollars(testing)
	case testing == nil && p.Cost.TestingInputUSD != nil:
		return s + "unknown (the questions alone: " + dollars(p.Cost.TestingInputUSD) + ")"
	case testing == nil:
		return s + "unknown"
	default:
		return s + dollars(testing) + " at most"
	}
}

func isZero(usd *float64) bool { return usd != nil && *usd == 0 }

func limit(usd *float64) string {
	if usd == nil {
		return "without limit"
	}
	return dollars(usd)
}

// showPrice writes the last lines: whether the run would pay, and where it would end.
func (c planPrinter) showPrice(p *result.Plan) {
	if s := p.Stop; s != nil {
		at := ""
		if s.Stage != "" {
			at = " at " + brief(s.Stage, 20)
		}
		c.println(c.sign(glyphFailed), text(" "), in(red, fmt.Sprintf("a run would end%s with exit code %d", at, s.ExitCode)), text(": "+sentence(s.Reason)))
		if s.Hint != "" {
			c.println(in(dim, "  "+pad("next", 9)), text(sentence(s.Hint)))
		}
	}
	pays := "would pay"
	if slices.ContainsFunc(p.Stages, func(s result.PlannedStage) bool { return s.Action == result.PlanUnknown }) {
		pays = "may pay"
	}
	switch {
	case !p.Pays:
		c.println(c.sign(glyphOK), text(" a run would pay nothing"))
	case p.Cost.TrainingUSD == nil || p.Cost.TestingUSD == nil:
		c.println(c.sign(glyphWarning), text(" a run "+pays+", and how much is not known"))
	default:
		c.println(c.sign(glyphWarning), text(" a run "+pays+" about "+dollars(new(*p.Cost.TrainingUSD+*p.Cost.TestingUSD))))
	}
}

// PlanJSON writes a plan as JSON for a program, in a form that is safe in a log and on a terminal too: what could be taken for a command
// or a control there is escaped, as JSON allows.
func PlanJSON(w io.Writer, plan *result.Plan) error {
	var plain bytes.Buffer
	if err := result.WritePlan(&plain, plan); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapeJSON(plain.String()))
	return err
}

// escapeJSON escapes what is not plainly printed in valid JSON. All of it stands in strings, the line ends between them left out.
func escapeJSON(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\n':
			b.WriteByte('\n')
		case r == '#' && strings.HasPrefix(s[i+1:], "#"), r == ':' && strings.HasPrefix(s[i+1:], ":"):
			fmt.Fprintf(&b, `\u%04x`, r)
		case r != utf8.RuneError && (isUnseen(r) || unicode.IsControl(r) || isNoncharacter(r)) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
