package reporters_test

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"ftrun/reporters"
	"ftrun/runner/result"
)

func TestResultsMatchSchema(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(result.ResultsSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("results.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, run := range runs() {
		var buf bytes.Buffer
		if err := reporters.JSON(&buf, run); err != nil {
			t.Fatal(err)
		}
		results, err := jsonschema.UnmarshalJSON(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(results); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
