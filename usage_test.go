package main

import (
	"testing"

	"ftrun/spec"
)

func TestFilterError(t *testing.T) {
	cases := []spec.Case{{ID: "photosynthesis", Tags: []string{"biology"}}, {ID: "rust", Tags: []string{"chemistry", "guard"}}}
	for filter, want := range map[string]string{
		"photosynthesys": `did you mean --filter "photosynthesis"?`,
		"RUST":           `did you mean --filter "rust"?`,
		"tag:biologie":   `did you mean --filter "tag:biology"?`,
		"tag:rust":       `did you mean --filter "rust"?`,
		"guard":          `did you mean --filter "tag:guard"?`,
		"nothing-near":   usageHint,
	} {
		if err := filterError(filter, cases).(usageError); err.wayOut() != want {
			t.Errorf("%s: hint %q, want %q", filter, err.wayOut(), want)
		}
	}
}
