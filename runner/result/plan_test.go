package result_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"ftrun/runner/result"
)

// TestOtherSchemasHaveEveryField compares the published schemas of a plan and of a validation with the types that are written.
func TestOtherSchemasHaveEveryField(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]struct {
		schema []byte
		typ    reflect.Type
	}{
		"plan":       {result.PlanSchema(), reflect.TypeFor[result.Plan]()},
		"validation": {result.ValidationSchema(), reflect.TypeFor[result.Validation]()},
	} {
		var root schemaNode
		if err := json.Unmarshal(other.schema, &root); err != nil {
			t.Fatal(err)
		}
		w := schemaWalk{t: t, defs: root.Defs, seen: map[string]bool{}}
		w.object(name, root, other.typ)
		for def := range root.Defs {
			if !w.seen[def] {
				t.Errorf("the schema of a %s defines %q, which nothing uses", name, def)
			}
		}
	}
}

// TestSchemasShareDefinitions holds what a result has in common with a plan and a validation to one description.
func TestSchemasShareDefinitions(t *testing.T) {
	t.Parallel()
	definitions := func(schema []byte) map[string]json.RawMessage {
		var s struct {
			Defs map[string]json.RawMessage `json:"$defs"`
		}
		if err := json.Unmarshal(schema, &s); err != nil {
			t.Fatal(err)
		}
		return s.Defs
	}
	data := []string{
		"dataset", "estimate", "data_finding", "data_place", "token_stats", "token_bucket", "source", "contamination", "finding", "summary",
	}
	results, plan, validation := definitions(result.ResultsSchema()), definitions(result.PlanSchema()), definitions(result.ValidationSchema())
	for _, name := range data {
		if len(results[name]) == 0 || !bytes.Equal(plan[name], results[name]) {
			t.Errorf("%s is described otherwise in the plan:\n%s\nthan in the results:\n%s", name, plan[name], results[name])
		}
	}
	for _, name := range append(data, "problem") {
		if len(results[name]) == 0 || !bytes.Equal(validation[name], results[name]) {
			t.Errorf("%s is described otherwise in the validation:\n%s\nthan in the results:\n%s", name, validation[name], results[name])
		}
	}
}

func TestWriteEmptyPlan(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := result.WritePlan(&b, &result.Plan{Dataset: &result.Dataset{Findings: []result.DataFinding{{}}}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"schema": "ftrun.plan/v1"`, `"stages": []`, `"models": []`, `"sources": []`, `"histogram": []`, `"role_tokens": {}`, `"estimate": null`, `"places": []`, `"warnings": []`, `"notes": []`,
		`"training_usd": null`, `"testing_usd": null`, `"kept": null`, `"max_output_tokens": null`,
	} {
		if !bytes.Contains(b.Bytes(), []byte(want)) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

func TestWriteEmptyValidation(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := result.WriteValidation(&b, &result.Validation{Problems: []result.Problem{{}}, Dataset: &result.Dataset{}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"schema": "ftrun.validation/v1"`, `"ok": false`, `"severity": "error"`, `"findings": []`, `"test_cases": null`} {
		if !bytes.Contains(b.Bytes(), []byte(want)) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
