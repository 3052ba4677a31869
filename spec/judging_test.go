package spec_test

import (
	"os"
	"reflect"
	"testing"

	"ftrun/runner/provider"
	"ftrun/spec"
)

// TestJudge reads a judge, and notes of every assertion who decides, also inside another.
func TestJudge(t *testing.T) {
	src, err := os.ReadFile("testdata/ok/judge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := parse(t, string(src))
	j := *p.Test.Judge
	calibration := j.Calibration
	j.Calibration = nil
	want := spec.Judge{
		Model: "m", Provider: &provider.Settings{Kind: "openai", APIKeyEnv: "FTRUN_VAR_JUDGE"}, Samples: 3, Temperature: 0.7, AllowSelf: true, Pos: j.Pos,
	}
	if !reflect.DeepEqual(j, want) || j.Pos.Line != 7 {
		t.Errorf("judge %+v", j)
	}
	if len(calibration) != 2 || !calibration[0].Pass || calibration[1].Pass || calibration[1].Output != "It's 5." || calibration[1].Case.Answer != "4" {
		t.Fatalf("calibration %+v", calibration)
	}
	// Without assertions of its own an example is held to those of judges that all cases have.
	if a := calibration[0].Case.Assertions; len(a) != 1 || a[0].Name != "right" || calibration[0].Case.Vars["style"] != "short" {
		t.Errorf("calibration %+v", calibration[0])
	}
	if a := calibration[1].Case.Assertions; len(a) != 1 || a[0].Kind != "label_model" {
		t.Errorf("calibration %+v", calibration[1])
	}
	type decider struct {
		kind        string
		judge, exec bool
	}
	var got []decider
	for _, a := range p.Test.Cases[0].Assertions {
		got = append(got, decider{a.Kind, a.Judge, a.Exec})
	}
	if want := []decider{{"contains", false, false}, {"score_model", true, false}, {"exec", false, true}, {"multi", false, true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !p.Test.Cases[0].Assertions[1].Feeds("right") || !p.Test.Cases[0].Assertions[1].Feeds("score_model") || p.Test.Cases[0].Assertions[1].Feeds("exec") {
		t.Error("an assertion feeds the wrong means")
	}
}

// TestJudgeAlone is a model's name.
func TestJudgeAlone(t *testing.T) {
	p := parse(t, "version: 1\nbase_model: m\ndataset: a.jsonl\ntest:\n  judge: j\n  cases: [{question: a, assert: [{score_model: {rubric: good, pass_threshold: 0.5}}]}]\n")
	if j := p.Test.Judge; j == nil || j.Model != "j" || j.Samples != 1 || j.Temperature != 0 || j.AllowSelf || j.Provider != nil || j.Pos.Line != 5 {
		t.Errorf("%+v", j)
	}
}

// TestCalibrationHasWeight is a judge who only reports, with weight 0: what it is known to have to say decides all the same.
func TestCalibrationHasWeight(t *testing.T) {
	p := parse(t, `version: 1
base_model: m
dataset: a.jsonl
test:
  judge: {model: j, calibration: [{question: q, output: o, expect: pass}]}
  assert: [{contains: a}, {score_model: {rubric: good, pass_threshold: 0.5}, weight: 0}]
  cases: [{question: a}]
`)
	if a := p.Test.Judge.Calibration[0].Case.Assertions; len(a) != 1 || a[0].Weight != 1 {
		t.Errorf("calibration %+v", a)
	}
	if a := p.Test.Cases[0].Assertions; len(a) != 2 || a[1].Weight != 0 {
		t.Errorf("the case's own %+v", a)
	}
}
