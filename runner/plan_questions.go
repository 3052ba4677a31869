package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ftrun/runner/gate"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// planTest counts and prices the questions that a run would ask.
func (p *planner) planTest(model testedModel) error {
	test := p.Pipeline.Test
	models := p.askedModels()
	p.plan.Cost.Note = p.tariff.note()
	p.plan.Testing = result.PlannedTesting{Cases: len(test.Cases), Models: names(model, models), Questions: len(models) * answersWanted(test.Cases)}

	kept, err := p.keptAnswers()
	if err != nil {
		return err
	}
	bill := bill{}
	keptCount := 0
	for i, m := range models {
		n, err := p.askAll(&bill, kept, p.plan.Testing.Models[i], m)
		if err != nil {
			return err
		}
		keptCount += n
	}
	p.planJudging(&bill, len(models))
	p.plan.Testing.Asked, p.plan.Testing.InputTokens = bill.questions, bill.input
	if limit := test.Sampling.MaxCompletionTokens; limit > 0 {
		p.plan.Testing.MaxOutputTokens = new(int64(bill.questions) * int64(limit))
	}
	if model.known || kept == nil {
		p.plan.Testing.Kept = &keptCount
	}
	p.stage(p.testStage(model))
	p.priceTesting(bill, append(models, p.graderModels()...))
	return nil
}

// names are the models as a plan shows them: the tested one by the name that it has, empty where it has none yet.
func names(model testedModel, models []pricedModel) []string {
	all := []string{model.name}
	for _, m := range models[1:] {
		all = append(all, m.name)
	}
	return all
}

// answersWanted is how many answers of one model there will be.
func answersWanted(cases []spec.Case) int {
	n := 0
	for _, c := range cases {
		n += max(c.Repeat.Times, 1)
	}
	return n
}

// planJudging counts the verdicts that a judge is asked for. What they cost depends on answers that are not there yet.
func (p *planner) planJudging(b *bill, models int) {
	verdicts := 0
	samples := 1
	if j := p.Pipeline.Test.Judge; j != nil {
		samples = max(j.Samples, 1)
		for _, c := range j.Calibration {
			verdicts += judged(c.Case)
		}
	}
	if p.Pipeline.Test.Baseline.Kind == spec.BaselineResults { // its answers are graded anew
		models++
	}
	for _, c := range p.Pipeline.Test.Cases {
		verdicts += judged(c) * max(c.Repeat.Times, 1) * models
	}
	if verdicts *= samples; verdicts == 0 {
		return
	}
	var names []string
	for _, m := range p.graderModels() {
		names = append(names, m.name)
		b.noWorst = b.noWorst || !m.free()
	}
	p.plan.Testing.Judge = &result.PlannedJudge{Model: strings.Join(names, ", "), Questions: verdicts}
}

// judged is how many of a case's assertions a judge decides.
func judged(c spec.Case) int {
	n := 0
	for _, a := range c.Assertions {
		if a.Judge {
			n++
		}
	}
	return n
}

// testStage says what the test stage would do.
func (p *planner) testStage(model testedModel) result.PlannedStage {
	t := p.plan.Testing
	s := result.PlannedStage{Name: stageTest, Action: result.PlanRun}
	count := fmt.Sprintf("%s × %d models", gate.CountCases(t.Cases), len(t.Models))
	if len(t.Models) == 1 {
		count = fmt.Sprintf("%s × 1 model", gate.CountCases(t.Cases))
	}
	switch {
	case t.Kept == nil:
		s.Reason = count + "; some answers are kept, and without the model's name it is not known which"
	case *t.Kept == 0:
		s.Reason = count
	case t.Asked == 0:
		s.Action, s.Reason = result.PlanReuse, count+": every answer is kept"
	default:
		s.Reason = fmt.Sprintf("%s, of which %d answers are kept", count, *t.Kept)
	}
	return s
}

// keptAnswers opens the answers that would not be asked for again; nil: there are none.
func (p *planner) keptAnswers() (*ledger.Ledger, error) {
	if p.Pipeline.Test.Reuse == spec.ReuseNever || p.Fresh {
		return nil, nil
	}
	dir := p.answersDir()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	kept, err := ledger.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("kept answers: %w", err)
	}
	return kept, nil
}

// A bill adds up questions. A price that is not known makes the sum unknown.
type bill struct {
	questions int
	input     int64   // tokens
	inputUSD  float64 // of the questions
	worstUSD  float64 // with answers of full length
	noInput   bool    // the price of a question is not known
	noWorst   bool    // the price of an answer is not known, or its length has no bound
}

// askAll adds the questions to a model that are not answered already, and returns how many are.
func (p *planner) askAll(b *bill, kept *ledger.Ledger, name string, priced pricedModel) (answered int, err error) {
	nth := nthOfItsKind(p.Pipeline.Test.Cases)
	store := &answerStore{journal: kept, read: true}
	for i, c := range p.Pipeline.Test.Cases {
		for n := range max(c.Repeat.Times, 1) {
			if kept != nil && name != "" {
				if _, _, found := store.get(answerKey(priced.endpoint, p.question(name, c), nth[i]+n)); found {
					answered++
					continue
				}
			}
			if err := b.add(priced.tariff, p.question(priced.name, c)); err != nil {
				return answered, err
			}
		}
	}
	return answered, nil
}

func (b *bill) add(t tariff, req provider.CompletionRequest) error {
	count, err := promptTokens(req)
	if err != nil {
		return err
	}
	b.questions++
	b.input += count
	input, output := t.inference(req.Model)
	if input == nil {
		b.noInput = true
	} else {
		b.inputUSD += *usd(count, input)
	}
	if output == nil || *output > 0 && req.MaxCompletionTokens == 0 {
		b.noWorst = true
	} else {
		b.worstUSD += *usd(int64(req.MaxCompletionTokens), output)
	}
	return nil
}

// priceTesting takes in what a run would pay for its questions, at most.
func (p *planner) priceTesting(b bill, models []pricedModel) {
	cost := &p.plan.Cost
	if p.stopped() {
		b = bill{}
	}
	if !b.noInput {
		cost.TestingInputUSD = &b.inputUSD
	}
	if !b.noInput && !b.noWorst {
		cost.TestingUSD = new(b.inputUSD + b.worstUSD)
	}
	if p.Pipeline.Train.Off {
		cost.TrainingUSD = new(float64)
	}
	for _, m := range models {
		p.plan.Pays = p.plan.Pays || (b.questions > 0 || m.judge) && !m.free()
	}
	limit := p.Pipeline.Budget.TestingUSD
	if limit != nil && cost.TestingUSD != nil && *cost.TestingUSD > *limit {
		p.warn(stageTest, fmt.Sprintf("asking may stop: at worst it costs %s, and budget.testing_usd is %s", dollars(*cost.TestingUSD), dollars(*limit)))
	}
}

// free reports whether questions to the model certainly cost nothing.
func (m pricedModel) free() bool { return m.tariff.isFree(m.name) }
