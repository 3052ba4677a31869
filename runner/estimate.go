package runner

import (
	"ftrun/runner/dataset"
	"ftrun/spec"
)

// EstimateTraining puts into the statistics of data that was checked what training on it would take, at the prices of the provider that the
// spec names. It asks nobody.
func EstimateTraining(p *spec.Pipeline, prepared *dataset.Prepared) {
	r := &runState{Options: Options{Pipeline: p}, tariff: tariff{kind: p.Provider.Kind, given: p.Prices}}
	r.estimate(prepared)
}
