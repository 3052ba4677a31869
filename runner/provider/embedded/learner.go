package embedded

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
)

// A learner is a model in training.
//
// Each step works in three phases on all cores: the prompts of the batch are scored against the candidates, then the candidates' vectors
// move, then the buckets' vectors. Within a phase every number is written by one goroutine only, in an order that the data alone decides; that
// is why the number of cores does not matter to the result.
type learner struct {
	*model
	rng   *rand.Rand
	rate  float64
	batch int

	examples []example  // to learn
	readings []example  // the replies' own texts
	unseen   []example  // of the validation file
	wanted   [][]uint32 // the tokens of the replies in it
	hashes   [][]uint32 // the tokens of each reply

	// Adagrad: the sum of squared gradients of each row.
	questionSums, vectorSums []float32

	// What a step works with; kept to be used again.
	candidates []int   // the replies in play
	column     []int   // of each reply: its place among the candidates + 1, or 0
	slots      []*slot // one for each example of the batch
}

// A slot holds what a step computes for one example.
type slot struct {
	point    vector    // the prompt
	gradient vector    // of the loss by the prompt
	scores   []float32 // first scores, then the gradient of the loss by each
	loss     float64
	accuracy float64
}

// negatives is how many replies are drawn at random to compete with those of the batch. Where there are no more replies than that, all
// of them compete.
const negatives = 256

// vectorRate slows the replies' vectors down against the buckets', as each bears on far more of the result.
const vectorRate = 0.3

func (t *learner) allocate() {
	t.questionSums = slices.Repeat([]float32{initialSum}, bucketCount)
	t.vectorSums = slices.Repeat([]float32{initialSum}, len(t.vectors))
	t.column = make([]int, len(t.vectors))
	for range max(t.batch, batchFor(len(t.readings))) {
		t.slots = append(t.slots, new(slot))
	}
}

// read learns each new reply from its own text: once where there are many, a few times where there are few.
func (t *learner) read(ctx context.Context) error {
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

// upTo returns 0, 1, … n-1.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// batches shuffles the order and yields it in batches of a size.
func (t *learner) batches(order []int, size int) iter.Seq[[]int] {
	t.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return slices.Chunk(order, size)
}

// learn makes one step on the examples named by batch and returns the means of their losses and accuracies before it.
func (t *learner) learn(examples []example, batch []int, rate float32) (loss, accuracy float64) {
	t.chooseCandidates(examples, batch)
	parts := runtime.GOMAXPROCS(0)
	if len(batch)*len(t.candidates) < 2048 {
		parts = 1 // starting goroutines costs more than it saves
	}
	parallel(parts, func(part int) {
		for i := part; i < len(batch); i += parts {
			t.score(t.slots[i], &examples[batch[i]])
		}
	})
	parallel(parts, func(part int) {
		for c := part; c < len(t.candidates); c += parts {
			t.moveVector(c, len(batch), rate*vectorRate)
		}
	})
	parallel(parts, func(part int) {
		for i, e := range batch {
			t.moveBuckets(t.slots[i], examples[e].features, uint32(part), uint32(parts), rate)
		}
	})
	for _, s := range t.slots[:len(batch)] {
		loss += s.loss
		accuracy += s.accuracy
	}
	n := float64(len(batch))
	return loss / n, accuracy / n
}

// chooseCandidates picks the replies that compete in a step.
func (t *learner) chooseCandidates(examples []example, batch []int) {
	for _, c := range t.candidates {
		t.column[c] = 0
	}
	t.candidates = t.candidates[:0]
	add := func(reply int) {
		if t.column[reply] == 0 {
			t.candidates = append(t.candidates, reply)
			t.column[reply] = len(t.candidates)
		}
	}
	if len(t.vectors) <= negatives+len(batch) {
		for reply := range t.vectors {
			add(reply)
		}
		return
	}
	for _, e := range batch {
		add(examples[e].reply)
	}
	for range negatives {
		add(t.rng.IntN(len(t.vectors)))
	}
}

// score computes an example's loss and the loss's gradients by the scores and by the prompt.
func (t *learner) score(s *slot, ex *example) {
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

// moveVector moves the vector of candidate c down the gradient of a batch of n.
func (t *learner) moveVector(c, n int, rate float32) {
	var gradient vector
	for _, s := range t.slots[:n] {
		addScaled(&gradient, s.scores[c], &s.point)
	}
	reply := t.candidates[c]
	t.vectorSums[reply] += dot(&gradient, &gradient)
	addScaled(&t.vectors[reply], -rate/sqrt(t.vectorSums[reply]), &gradient)
}

// moveBuckets moves the vectors of the features whose bucket belongs to this part of all the parts.
func (t *learner) moveBuckets(s *slot, fs []feature, part, parts uint32, rate float32) {
	size := dot(&s.gradient, &s.gradient)
	for _, f := range fs {
		if f.bucket%parts != part {
			continue
		}
		t.questionSums[f.bucket] += f.weight * f.weight * size
		addScaled(&t.questions[f.bucket], -rate*f.weight/sqrt(t.questionSums[f.bucket]), &s.gradient)
	}
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// validate measures the model on the validation file, or returns nil where there is none.
func (t *learner) validate(ctx context.Context) (*validation, error) {
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
	v := new(validation)
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
func (t *learner) test(ex *example, wanted []uint32) (loss, accuracy float64) {
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
