package embedded

import (
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
	objective objective
	rng       *rand.Rand
	rate      float64
	batch     int

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
	scores   []float32 // of each candidate: first its score, then the gradient of the loss by that
	loss     float64
	accuracy float64
}

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
	t.clearCandidates()
	t.objective.choose(examples, batch)
	parts := runtime.GOMAXPROCS(0)
	if len(batch)*len(t.candidates) < 2048 {
		parts = 1 // starting goroutines costs more than it saves
	}
	parallel(parts, func(part int) {
		for i := part; i < len(batch); i += parts {
			t.objective.score(t.slots[i], &examples[batch[i]])
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

// clearCandidates takes every reply out of play.
func (t *learner) clearCandidates() {
	for _, c := range t.candidates {
		t.column[c] = 0
	}
	t.candidates = t.candidates[:0]
}

// addCandidate brings a reply into play.
func (t *learner) addCandidate(reply int) {
	if t.column[reply] == 0 {
		t.candidates = append(t.candidates, reply)
		t.column[reply] = len(t.candidates)
	}
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
