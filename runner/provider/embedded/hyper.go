package embedded

import "math"

// The service's bounds for hyperparameters.
const (
	maxEpochs = 50
	maxBatch  = 256
	maxBeta   = 2
)

// autoBeta is that of the paper (Rafailov et al. 2023, appendix B); the service does not publish its choice.
const autoBeta = 0.1

// check refuses what the service refuses.
func (h *hyperparameters) check() error {
	if err := h.NEpochs.checkCount("n_epochs", maxEpochs); err != nil {
		return err
	}
	if err := h.BatchSize.checkCount("batch_size", maxBatch); err != nil {
		return err
	}
	if rate := h.LearningRateMultiplier; rate.set && rate.value <= 0 {
		const name = "hyperparameters.learning_rate_multiplier"
		return invalid(name, "Invalid '%s': %v is not above 0.", name, rate.value)
	}
	if beta := h.Beta; beta != nil && beta.set && !(beta.value > 0 && beta.value <= maxBeta) {
		const name = "hyperparameters.beta"
		return invalid(name, "Invalid '%s': %v is not above 0 and at most %d.", name, beta.value, maxBeta)
	}
	return nil
}

func (s setting) checkCount(name string, most int) error {
	if s.set && (s.value != math.Trunc(s.value) || s.value < 1 || s.value > float64(most)) {
		name = "hyperparameters." + name
		return invalid(name, "Invalid '%s': %v is not an integer between 1 and %d.", name, s.value, most)
	}
	return nil
}

// resolve replaces every "auto" by the number that the engine chooses for that many examples.
//
// Few examples are gone through often, as there is little time to lose, many about five times, which is enough to learn them; batches grow
// with the data up to what keeps two cores busy.
func (h hyperparameters) resolve(examples int) hyperparameters {
	h.NEpochs.or(min(25, max(5, 40_000/max(1, examples))))
	h.BatchSize.or(batchFor(examples))
	h.LearningRateMultiplier.or(1)
	if h.Beta != nil && !h.Beta.set {
		h.Beta = &setting{autoBeta, true}
	}
	return h
}

// beta returns how closely dpo holds a model to the one before; 0: the method is another.
func (h *hyperparameters) beta() float64 {
	if h.Beta == nil {
		return 0
	}
	return h.Beta.value
}

func batchFor(examples int) int { return min(64, max(4, examples/100)) }

func (s *setting) or(n int) {
	if !s.set {
		*s = setting{float64(n), true}
	}
}
