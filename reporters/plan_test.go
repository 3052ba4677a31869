package reporters_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ftrun/reporters"
	"ftrun/runner/result"
)

// plans returns one plan for each thing that the text tells apart.
func plans() map[string]*result.Plan {
	return map[string]*result.Plan{
		"changed":  changedPlan(),
		"reused":   reusedPlan(),
		"offline":  offlinePlan(),
		"stopped":  stoppedPlan(),
		"embedded": embeddedPlan(),
		"alone":    alonePlan(),
		"hostile":  hostilePlan(),
		"judged":   judgedPlan(),
		"messy":    messyPlan(),
	}
}

func stages(list ...string) []result.PlannedStage {
	var out []result.PlannedStage
	for i, name := range result.StageNames() {
		out = append(out, result.PlannedStage{Name: name, Action: list[2*i], Reason: list[2*i+1]})
	}
	return out
}

// changedPlan is a run that would train anew.
func changedPlan() *result.Plan {
	p := &result.Plan{
		Schema: result.PlanFormat, Name: "science-tutor", Spec: "pipeline.yaml", BaseModel: "gpt-4.1-mini-2025-04-14", ShutdownDate: "2027-01-14",
		Provider: result.Provider{Kind: "openai", BaseURL: "https://api.openai.com/v1"}, Pays: true, TrainKey: strings.Repeat("0f", 32),
		Stages: stages(
			"run", "the data is read in every run",
			"run", "base_model changed: gpt-4o-mini-2024-07-18 → gpt-4.1-mini-2025-04-14; no such job is recorded, and the provider lists none",
			"run", "for the new job, for at most 5h",
			"run", "1319 cases × 2 models",
		),
		Dataset:  passRun().Dataset,
		Training: &result.PlannedTraining{Epochs: 3, EpochsGuessed: true, BilledTokens: 37035, USD: new(0.185175)},
		Testing: result.PlannedTesting{
			Cases: 1319, Models: []string{"", "gpt-4.1-mini-2025-04-14"}, Questions: 2638, Kept: new(0), Asked: 2638, InputTokens: 210450, MaxOutputTokens: new(int64(263800)),
		},
		Cost:     result.PlannedCost{TrainingUSD: new(0.185175), TestingUSD: new(1.3), TestingInputUSD: new(0.12), Note: "at OpenAI's list prices of 2025-11"},
		Budget:   result.PlannedBudget{TrainingUSD: new(5.0)},
		Warnings: []string{"base model gpt-4.1-mini-2025-04-14 shuts down on 2027-01-14, in 53 days, with every model trained from it"},
		Notes:    []string{"the service broke 1 of this pipeline's jobs and billed nothing: a new one takes its place"},
	}
	p.Stages[1].Changes = []string{"base_model changed: gpt-4o-mini-2024-07-18 → gpt-4.1-mini-2025-04-14"}
	return p
}

// reusedPlan is a run that would go on with a job, and with some of the answers.
func reusedPlan() *result.Plan {
	p := changedPlan()
	p.ShutdownDate, p.Warnings, p.Notes, p.Budget = "", nil, nil, result.PlannedBudget{}
	p.Stages = stages(
		"run", "the data is read in every run",
		"reuse", "job ftjob-a1b2c3d4 of an earlier run, recorded 2026-11-21",
		"reuse", "job ftjob-a1b2c3d4 has succeeded; model ft:gpt-4.1-mini:x is asked once whether it answers",
		"run", "1319 cases × 2 models, of which 2600 answers are kept",
	)
	p.Stages[1].JobID, p.Stages[2].JobID = "ftjob-a1b2c3d4", "ftjob-a1b2c3d4"
	p.Testing.Kept, p.Testing.Asked, p.Testing.MaxOutputTokens = new(2600), 38, nil
	p.Cost.TrainingUSD, p.Cost.TestingUSD, p.Cost.TestingInputUSD = new(0.0), nil, new(0.002)
	return p
}

// judgedPlan has a judge, and test cases that stand in the training data.
func judgedPlan() *result.Plan {
	p := changedPlan()
	p.Warnings, p.Notes = nil, nil
	p.Testing.Judge = &result.PlannedJudge{Model: "gpt-4.1-2025-04-14", Questions: 7914}
	p.Contamination = contaminatedRun().Contamination
	p.Contamination.Clean = nil
	return p
}

// messyPlan is of data in which much was found.
func messyPlan() *result.Plan {
	p := changedPlan()
	p.Dataset, p.Warnings = messyDataset(), messyRun().Warnings
	return p
}

// offlinePlan could not ask.
func offlinePlan() *result.Plan {
	p := changedPlan()
	p.NotAsked, p.ShutdownDate, p.Warnings, p.Notes = "no key: OPENAI_API_KEY is not set", "", nil, nil
	p.Stages = stages(
		"run", "the data is read in every run",
		"unknown", "no such job is recorded, and whether the provider has one is not known: no key: OPENAI_API_KEY is not set",
		"unknown", "for a new job, or for the one that the provider has",
		"run", "1319 cases × 2 models",
	)
	return p
}

// stoppedPlan is refused for its price.
func stoppedPlan() *result.Plan {
	p := changedPlan()
	p.Pays, p.Warnings, p.Notes, p.Budget = false, nil, nil, result.PlannedBudget{TrainingUSD: new(0.1), TestingUSD: new(2.0)}
	p.Stages[2] = result.PlannedStage{Name: "wait", Action: "skip", Reason: "a run ends before it"}
	p.Stages[3] = result.PlannedStage{Name: "test", Action: "skip", Reason: "a run ends before it"}
	p.Cost.TrainingUSD, p.Cost.TestingUSD, p.Cost.TestingInputUSD = new(0.0), new(0.0), new(0.0)
	p.Stop = &result.PlannedStop{
		Stage: "train", ExitCode: 6, ReasonCode: "over_budget", Reason: "training would cost about $0.19, more than budget.training_usd $0.10", Hint: "raise the budget",
	}
	return p
}

func embeddedPlan() *result.Plan {
	p := changedPlan()
	p.Provider = result.Provider{Kind: "embedded"}
	p.Pays, p.Warnings, p.Notes, p.ShutdownDate, p.Budget = false, nil, nil, "", result.PlannedBudget{}
	p.Cost = result.PlannedCost{TrainingUSD: new(0.0), TestingUSD: new(0.0), TestingInputUSD: new(0.0), Note: "the embedded engine costs nothing"}
	p.Training.USD = new(0.0)
	return p
}

// alonePlan is a test without training, of which every answer is kept.
func alonePlan() *result.Plan {
	return &result.Plan{
		Name: "science-tutor", Provider: result.Provider{Kind: "compatible", BaseURL: "https://models.example/v1"},
		Stages:  stages("skip", "train: off", "skip", "train: off", "skip", "train: off", "reuse", "1 case × 1 model: every answer is kept"),
		Testing: result.PlannedTesting{Cases: 1, Models: []string{"m"}, Questions: 1, Kept: new(1)},
		Cost:    result.PlannedCost{TrainingUSD: new(0.0), TestingUSD: new(0.0), TestingInputUSD: new(0.0), Note: "unknown: no prices are known"},
	}
}

// hostilePlan has hostile text wherever text can come from outside.
func hostilePlan() *result.Plan {
	h := hostileText
	p := changedPlan()
	p.Name, p.Spec, p.BaseModel, p.ShutdownDate, p.NotAsked, p.TrainKey = h, h, h, h, h, h
	p.Provider = result.Provider{Kind: h, BaseURL: h}
	p.Stages = stages(h, h, "adopt", h, "run", h, "run", h)
	p.Stages[1].JobID, p.Stages[1].Changes = h, []string{h}
	p.Testing.Models, p.Testing.Judge = []string{h, h}, &result.PlannedJudge{Model: h, Questions: 1}
	p.Contamination, p.Dataset = hostileRun().Contamination, hostileDataset()
	p.Cost.Note, p.Warnings, p.Notes = h, []string{h}, []string{h}
	p.Stop = &result.PlannedStop{Stage: h, ExitCode: 3, ReasonCode: h, Reason: h, Hint: h}
	return p
}

func printed(t *testing.T, plan *result.Plan, opts reporters.ConsoleOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := reporters.PrintPlan(&b, plan, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPrintPlan(t *testing.T) {
	t.Parallel()
	for name, plan := range plans() {
		golden(t, "plan_"+name, printed(t, plan, reporters.ConsoleOptions{}))
	}
	ascii := printed(t, changedPlan(), reporters.ConsoleOptions{Terminal: true, ASCII: true})
	if strings.ContainsFunc(ascii, func(r rune) bool { return r > unicode.MaxASCII }) || !strings.Contains(ascii, "gpt-4o-mini-2024-07-18 -> gpt") {
		t.Errorf("for a terminal that shows ASCII only:\n%s", ascii)
	}
	colour := printed(t, reusedPlan(), reporters.ConsoleOptions{Terminal: true, Color: true})
	golden(t, "plan_reused_terminal", strings.ReplaceAll(colour, "\x1b", "<esc>"))
	full := errors.New("no space left")
	if err := reporters.PrintPlan(errorWriter{full}, changedPlan(), reporters.ConsoleOptions{}); !errors.Is(err, full) {
		t.Errorf("got error %v, want %v", err, full)
	}
}

// TestPlanIsHarmless reads both forms of a plan as a terminal and a CI system do.
func TestPlanIsHarmless(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := reporters.PlanJSON(&b, hostilePlan()); err != nil {
		t.Fatal(err)
	}
	for form, out := range map[string]string{"text": printed(t, hostilePlan(), reporters.ConsoleOptions{}), "JSON": b.String()} {
		for _, l := range strings.Split(out, "\n") {
			if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") || strings.Contains(l, "##vso[") {
				t.Errorf("%s: a line is a command: %q", form, l)
			}
			if strings.ContainsFunc(l, unicode.IsControl) || strings.ContainsAny(l, "\u2028\u202e\ufeff") {
				t.Errorf("%s: a line has control characters: %q", form, l)
			}
		}
	}
}

// TestPlanJSON holds the JSON to its schema, and what is escaped in it to what stood there.
func TestPlanJSON(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(result.PlanSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("plan.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, plan := range plans() {
		var b bytes.Buffer
		if err := reporters.PlanJSON(&b, plan); err != nil {
			t.Fatal(err)
		}
		var back result.Plan
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := strings.ToValidUTF8(plan.Stages[1].Reason, "\ufffd\ufffd"); back.Stages[1].Reason != want {
			t.Errorf("%s: what was escaped reads otherwise (-want +got):\n%s", name, cmp.Diff(want, back.Stages[1].Reason))
		}
		value, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); (err != nil) != (name == "hostile") { // whose first action is none
			t.Errorf("%s: %v", name, err)
		}
	}
}
