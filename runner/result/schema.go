package result

import (
	_ "embed"
	"slices"
)

//go:embed results.schema.json
var resultsSchema []byte

// ResultsSchema returns the JSON Schema of results.json.
func ResultsSchema() []byte { return slices.Clone(resultsSchema) }
