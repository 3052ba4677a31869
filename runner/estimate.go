package runner

import (
	"ftrun/runner/dataset"
	"ftrun/runner/provider"
	"ftrun/spec"
)

// EstimateTraining puts into the statistics of data that was checked what training on it would take, at the prices of the provider that the
// spec names. It asks nobody. The embedded engine's own choice of epochs is not the usual one, and there it says nothing.
func EstimateTraining(p *spec.Pipeline, prepared *dataset.Prepared) {
	r := &runState{Options: Options{Pipeline: p}, tariff: tariff{kind: p.Provider.Kind, given: p.Prices}}
	if r.quote(prepared).guessed && p.Provider.Kind == provider.KindEmbedded {
		return
	}
	r.estimate(prepared)
}
