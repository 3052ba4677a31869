package embedded

import (
	"context"
	"math"
)

// An imitation is the objective of supervised training: after each prompt, its reply. The cross-entropy of the softmax over the replies of
// the batch and others drawn at random pulls a prompt towards its reply and pushes it from the others. Before that, the model reads the
// replies: each one's own text is learned as a prompt for it, so that a word which no question has, but a reply does, has a meaning too.
type imitation struct{ *learner }

// negatives is how many replies are drawn at random to compete with those of the batch. Where there are no more replies than that, all
// of them compete.
const negatives = 256

// begin learns each new reply from its own text: once where there are many, a few times where there are few.
func (t *imitation) begin(ctx context.Context) error {
	const enough = 2000
	rounds := min(4, max(1, enough/max(1, len(t.readings))))
	order := upTo(len(t.readings))
	for range rounds {
		for batch := range t.batches(order, batchFor(len(order))) {
			if err := ctx.Err(); err != nil {
				return err
			}
			t.learn(t.readings, batch, float32(t.rate))
		}
	}
	return nil
}

// choose picks the replies that compete in a step.
func (t *imitation) choose(examples []example, batch []int) {
	if len(t.vectors) <= negatives+len(batch) {
		for reply := range t.vectors {
			t.addCandidate(reply)
		}
		return
	}
	for _, e := range batch {
		t.addCandidate(examples[e].reply)
	}
	for range negatives {
		t.addCandidate(t.rng.IntN(len(t.vectors)))
	}
}

// score computes an example's loss and the loss's gradients by the scores and by the prompt.
func (t *imitation) score(s *slot, ex *example) {
	s.point = t.questions.sum(ex.features)
	s.scores = s.scores[:0]
	best := 0
	for c, reply := range t.candidates {
		s.scores = append(s.scores, dot(&s.point, &t.vectors[reply]))
		if s.scores[c] > s.scores[best] {
			best = c
		}
	}
	want := t.column[ex.reply] - 1
	s.accuracy = 1
	if best != want {
		s.accuracy = agreement(t.hashes[t.candidates[best]], t.hashes[ex.reply])
	}
	s.loss = softmax(s.scores, s.scores[best], want)
	s.scores[want]-- // the gradient of the loss by a score is the probability minus what it should have been
	s.gradient = vector{}
	for c, reply := range t.candidates {
		addScaled(&s.gradient, s.scores[c], &t.vectors[reply])
	}
}

// softmax turns scores, the highest of which is top, into probabilities, and returns -ln of the one at want.
func softmax(scores []float32, top float32, want int) float64 {
	wanted := float64(scores[want] - top)
	var total float64
	for i, s := range scores {
		e := math.Exp(float64(s - top))
		scores[i] = float32(e)
		total += e
	}
	for i := range scores {
		scores[i] /= float32(total)
	}
	return math.Log(total) - wanted
}

// validate measures the model on the validation file, or returns nil where there is none.
func (t *imitation) validate(ctx context.Context) (*validation, error) {
	if len(t.unseen) == 0 {
		return nil, nil
	}
	losses := make([]float64, len(t.unseen))
	accuracies := make([]float64, len(t.unseen))
	err := each(ctx, len(t.unseen), func(i int) {
		losses[i], accuracies[i] = t.test(&t.unseen[i], t.wanted[i])
	})
	if err != nil {
		return nil, err
	}
	v := &validation{measured: true}
	for i, ex := range t.unseen {
		v.accuracy += accuracies[i] / float64(len(t.unseen))
		if ex.reply >= 0 {
			v.loss += losses[i]
			v.known++
		}
	}
	v.loss /= max(1, float64(v.known))
	return v, nil
}

// test returns the loss over all replies, where the wanted one is among them, and the accuracy.
func (t *imitation) test(ex *example, wanted []uint32) (loss, accuracy float64) {
	point := t.questions.sum(ex.features)
	scores := make([]float32, len(t.vectors))
	best := 0
	for i := range t.vectors {
		scores[i] = dot(&point, &t.vectors[i])
		if scores[i] > scores[best] {
			best = i
		}
	}
	accuracy = agreement(t.hashes[best], wanted)
	if ex.reply >= 0 {
		loss = softmax(scores, scores[best], ex.reply)
	}
	return loss, accuracy
}
