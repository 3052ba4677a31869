package spec_test

import (
	"fmt"

	"ftrun/spec"
)

func ExampleParse() {
	p, err := spec.Parse("science.yaml", []byte(`
version: 1
base_model: gpt-4.1-mini-2025-04-14
dataset: science.jsonl
test:
  - id: light
    question: What is photosynthesis?
    assert: [{icontains: light}]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Name, p.Provider.Kind, p.Test.Cases[0].Assertions[0].Name, p.Thresholds)
	// Output: science openai icontains "light" [pass_rate == 1]
}

func ExampleParse_problems() {
	_, err := spec.Parse("science.yaml", []byte(`
version: 1
base_model: gpt-4.1-mini-2025-04-14
dataset: science.jsonl
train: {n_epochs: 3}
test:
  - question: What is photosynthesis?
    asert: [{icontains: light}]
`))
	fmt.Println(err)
	// Output:
	// science.yaml:5:9: train.n_epochs: unknown key, did you mean "hyperparameters.n_epochs"?
	// science.yaml:8:5: test[0].asert: unknown key, did you mean "assert"?
}
