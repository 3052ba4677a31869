package embedded

import (
	"context"
	"math"
)

// A preference is the objective of direct preference optimisation (Rafailov et al. 2023, equation 7): of the two replies to a prompt x, the
// better one w rather than the worse one l. With π the model and ref the model as it was before training, the loss of a pair is
//
//	-ln σ(β · ((ln π(w|x) - ln ref(w|x)) - (ln π(l|x) - ln ref(l|x))))
//
// where π(y|x) is the softmax over all replies that the model has, those of all pairs among them. Its denominator is the same for w and l, so
// that the difference of their logarithms is that of their scores, and what is inside σ is
//
//	β · ((score(x, w) - score(x, l)) - reference(x)),  the reward margin
//
// An untrained model prefers nothing: its scores are all 0, and so is the reference. A reply that a tuned model has not learned begins at
// a random vector there, which is part of the reference.
//
// Adagrad's steps hardly depend on the size of gradients, except for that of its first sum. The gradient is therefore that of the loss
// divided by β: a small β lets the model move further from the reference, as it should, and does not slow it down.
type preference struct {
	*learner
	beta float64
}

// preferenceRate speeds this objective up against imitation. A tuned model is some 9 nats sure of what it says: at this rate three epochs
// are enough to change its mind, at 1 ten, and at 4 replies begin to take over questions of others (measured on 90 and on 300 pairs).
const preferenceRate = 2

// begin measures what the model prefers before it is trained.
func (t *preference) begin(ctx context.Context) error {
	for _, examples := range [][]example{t.examples, t.unseen} {
		err := each(ctx, len(examples), func(i int) {
			ex := &examples[i]
			if ex.isKnown() {
				point := t.questions.sum(ex.features)
				ex.reference = t.margin(&point, ex)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// isKnown reports whether the model can give both replies of a pair.
func (ex *example) isKnown() bool { return ex.reply >= 0 && ex.worse >= 0 }

// margin is how far the better reply of a pair is above the worse one, in nats.
func (t *preference) margin(point *vector, ex *example) float64 {
	return float64(dot(point, &t.vectors[ex.reply])) - float64(dot(point, &t.vectors[ex.worse]))
}

// choose picks the replies of the batch: no other bears on the loss.
func (t *preference) choose(examples []example, batch []int) {
	for _, e := range batch {
		t.addCandidate(examples[e].reply)
		t.addCandidate(examples[e].worse)
	}
}

// score computes the loss of a pair, and its gradients.
func (t *preference) score(s *slot, ex *example) {
	s.point = t.questions.sum(ex.features)
	var push float64
	s.loss, s.accuracy, push = t.judge(&s.point, ex)
	s.scores = s.scores[:0]
	for range t.candidates {
		s.scores = append(s.scores, 0)
	}
	s.scores[t.column[ex.reply]-1] -= float32(push)
	s.scores[t.column[ex.worse]-1] += float32(push)
	s.gradient = vector{}
	addScaled(&s.gradient, -float32(push), &t.vectors[ex.reply])
	addScaled(&s.gradient, float32(push), &t.vectors[ex.worse])
}

// judge returns the loss of a pair, 1 where its reward margin is positive and else 0, and by how much the loss, divided by β, falls
// as the margin grows.
func (t *preference) judge(point *vector, ex *example) (loss, accuracy, push float64) {
	reward := t.beta * (t.margin(point, ex) - ex.reference)
	if reward > 0 {
		accuracy = 1
	}
	// Written so that neither exponential overflows.
	small := math.Exp(-math.Abs(reward))
	loss, push = math.Log1p(small)+max(0, -reward), small/(1+small)
	if reward < 0 {
		push = 1 / (1 + small)
	}
	return loss, accuracy, push
}

// validate measures the pairs of the validation file of which the model has both replies.
func (t *preference) validate(ctx context.Context) (*validation, error) {
	if len(t.unseen) == 0 {
		return nil, nil
	}
	losses, accuracies := make([]float64, len(t.unseen)), make([]float64, len(t.unseen))
	err := each(ctx, len(t.unseen), func(i int) {
		if ex := &t.unseen[i]; ex.isKnown() {
			point := t.questions.sum(ex.features)
			losses[i], accuracies[i], _ = t.judge(&point, ex)
		}
	})
	if err != nil {
		return nil, err
	}
	v := new(validation)
	for i := range t.unseen {
		if t.unseen[i].isKnown() {
			v.loss += losses[i]
			v.accuracy += accuracies[i]
			v.known++
		}
	}
	n := max(1, float64(v.known))
	v.loss, v.accuracy, v.measured = v.loss/n, v.accuracy/n, v.known > 0
	return v, nil
}
