package result_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"ftrun/runner/result"
)

// TestPlanSchemaHasEveryField compares the published schema of a plan with the types that are written.
func TestPlanSchemaHasEveryField(t *testing.T) {
	t.Parallel()
	var root schemaNode
	if err := json.Unmarshal(result.PlanSchema(), &root); err != nil {
		t.Fatal(err)
	}
	w := schemaWalk{t: t, defs: root.Defs, seen: map[string]bool{}}
	w.object("plan", root, reflect.TypeFor[result.Plan]())
	for name := range root.Defs {
		if !w.seen[name] {
			t.Errorf("the schema defines %q, which nothing uses", name)
		}
	}
}

// TestPlanSharesDefinitions holds what a plan and a result have in common to one description.
func TestPlanSharesDefinitions(t *testing.T) {
	t.Parallel()
	type schema struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	var plan, results schema
	if err := json.Unmarshal(result.PlanSchema(), &plan); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(result.ResultsSchema(), &results); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dataset", "token_stats", "source", "contamination", "finding", "summary"} {
		if !bytes.Equal(plan.Defs[name], results.Defs[name]) {
			t.Errorf("%s is described otherwise in the plan:\n%s\nthan in the results:\n%s", name, plan.Defs[name], results.Defs[name])
		}
	}
}

func TestWriteEmptyPlan(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := result.WritePlan(&b, &result.Plan{Dataset: &result.Dataset{}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"schema": "ftrun.plan/v1"`, `"stages": []`, `"models": []`, `"sources": []`, `"warnings": []`, `"notes": []`,
		`"training_usd": null`, `"testing_usd": null`, `"kept": null`, `"max_output_tokens": null`,
	} {
		if !bytes.Contains(b.Bytes(), []byte(want)) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
