package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
)

// A lesson is everything that training depends on: the same lesson gives the same model, bit for bit, on any number of cores.
type lesson struct {
	turns      []turn
	validation []turn
	base       *model // the tuned model to go on from, or nil
	seed       int64
	epochs     int
	batch      int     // turns per step
	rate       float64 // the learning rate; the engine's own is 1, so that the multiplier is the rate
	beta       float64 // of dpo, which learns preferences; 0: the turns are imitated
}

// A measurement is what one step found before it changed the weights.
type measurement struct {
	step, steps int
	loss        float64 // mean over the batch, in nats: the cross-entropy, or the loss of dpo
	accuracy    float64 // mean share of the wanted reply's tokens that the best-scoring reply has at the same place, in 0..1
	ofPairs     bool    // the accuracy is dpo's: the share of pairs whose better reply has gained on the worse, in 0..1
	valid       *validation
}

// A validation is measured over the whole validation file at the end of an epoch.
type validation struct {
	accuracy float64
	measured bool    // whether there is an accuracy
	loss     float64 // over the turns whose replies can be given; the model has no words for a reply it never learned
	known    int     // how many those are; 0: there is no loss
}

// A divergedError says that the numbers ran away.
type divergedError struct{ step int }

func (e *divergedError) Error() string {
	return fmt.Sprintf("training diverged at step %d: the loss is not a number; lower learning_rate_multiplier", e.step)
}

// A watcher is told how a training goes.
type watcher interface {
	// step is called after each step.
	step(measurement)
	// epoch is called after the last step of each epoch, with the number of epochs that are left. The model goes on learning
	// afterwards; whoever wants it as it is must copy it. An error ends the training.
	epoch(m *model, left int) error
}

// An example is a turn in the form in which it is learned.
type example struct {
	features  []feature
	reply     int     // -1: not a reply the model can give
	worse     int     // of a pair: likewise
	reference float64 // of a pair: by how much the model before training preferred the reply to the worse one, in nats
}

// An objective is what training brings down, and how far it has come is measured by.
type objective interface {
	// begin is called once, before the first step.
	begin(context.Context) error
	// choose picks the replies that are in play in a step.
	choose(examples []example, batch []int)
	// score computes an example's loss and accuracy, and the loss's gradients by the scores and by the prompt.
	score(*slot, *example)
	// validate measures the model on the validation file, or returns nil where there is none.
	validate(context.Context) (*validation, error)
}

// train learns to pick, for each prompt of the lesson, the reply that followed it, or the better one of a pair.
//
// The model is a dual encoder. A prompt is the weighted sum of a vector for each of its features, a reply is a vector of its own, and
// the inner product of the two is a score. What gradient descent (Adagrad) brings down is the lesson's objective: see imitation and
// preference.
//
// The watcher is called on the calling goroutine.
func train(ctx context.Context, l lesson, w watcher) (*model, error) {
	t, err := newLearner(ctx, l)
	if err != nil {
		return nil, err
	}
	if err := t.objective.begin(ctx); err != nil {
		return nil, err
	}
	perEpoch := (len(t.examples) + l.batch - 1) / l.batch
	m := measurement{steps: perEpoch * l.epochs, ofPairs: l.beta > 0}
	order := upTo(len(t.examples))
	for epoch := range l.epochs {
		for batch := range t.batches(order, t.batch) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			// The rate falls in a straight line to a tenth.
			rate := t.rate * (1 - 0.9*float64(m.step)/float64(m.steps))
			m.step++
			m.loss, m.accuracy = t.learn(t.examples, batch, float32(rate))
			if math.IsNaN(m.loss) || math.IsInf(m.loss, 0) {
				return nil, &divergedError{m.step}
			}
			m.valid = nil
			if m.step%perEpoch == 0 {
				if m.valid, err = t.objective.validate(ctx); err != nil {
					return nil, err
				}
			}
			w.step(m)
		}
		if err := w.epoch(t.model, l.epochs-epoch-1); err != nil {
			return nil, err
		}
	}
	halve(t.model.questions)
	halve(t.model.vectors)
	return t.model, nil
}

// initialSum is what the Adagrad sums start from: large enough that the first gradient of a rare feature does not count in full.
const initialSum = 0.1

// newLearner lays out the examples and the weights. A bucket starts at zero, so that a feature says nothing until it has been learned;
// a reply starts at a random vector of length about 1.
func newLearner(ctx context.Context, l lesson) (*learner, error) {
	t := &learner{
		model: &model{},
		rng:   rand.New(rand.NewPCG(uint64(l.seed), 0)),
		rate:  l.rate,
		batch: l.batch,
	}
	t.objective = &imitation{t}
	if l.beta > 0 {
		t.objective = &preference{t, l.beta}
		t.rate *= preferenceRate
	}
	if l.base != nil {
		t.model = l.base.clone()
	}
	first := len(t.model.replies) // of the replies that are new
	index := t.addReplies(l.turns)
	if err := t.encode(ctx, l, index, first); err != nil {
		return nil, err
	}

	t.model.vectors = append(t.model.vectors, make([]vector, len(t.model.replies)-first)...)
	for i := range t.model.vectors[first:] {
		for j := range dim {
			t.model.vectors[first+i][j] = float32(t.rng.NormFloat64() / math.Sqrt(dim))
		}
	}
	if t.model.questions == nil {
		t.model.questions = make(table, bucketCount)
	}
	t.allocate()
	return t, nil
}

// addReplies adds the distinct replies of the turns to the model and returns where each reply stands.
func (t *learner) addReplies(turns []turn) map[string]int {
	index := map[string]int{}
	for i, r := range t.model.replies {
		index[r.key()] = i
	}
	add := func(r reply) {
		if _, ok := index[r.key()]; !ok {
			index[r.key()] = len(t.model.replies)
			t.model.replies = append(t.model.replies, r)
		}
	}
	for _, turn := range turns {
		add(turn.reply)
		if turn.worse != nil {
			add(*turn.worse)
		}
	}
	return index
}

// encode turns the texts of the lesson into examples. The replies from first on are new; they are read where turns are imitated.
func (t *learner) encode(ctx context.Context, l lesson, index map[string]int, first int) error {
	fresh := t.model.replies[first:]
	if l.beta > 0 {
		fresh = nil
	}
	texts := make([]terms, len(l.turns)+len(fresh))
	err := each(ctx, len(texts), func(i int) {
		if i < len(l.turns) {
			texts[i] = termsOf(l.turns[i].prompt)
		} else {
			texts[i] = termsOf(prompt{question: fresh[i-len(l.turns)].Content})
		}
	})
	if err != nil {
		return err
	}
	t.model.rarity = t.model.rarity.extend(measureRarity(texts))

	t.examples = make([]example, len(l.turns))
	t.readings = make([]example, len(fresh))
	err = each(ctx, len(texts), func(i int) {
		features := t.model.rarity.encode(texts[i])
		if i < len(l.turns) {
			t.examples[i] = exampleOf(l.turns[i], features, index)
		} else {
			t.readings[i-len(l.turns)] = example{features: features, reply: first + i - len(l.turns)}
		}
	})
	if err != nil {
		return err
	}
	return t.encodeMeasures(ctx, l.validation, index)
}

// exampleOf is a turn with its features. A reply that the model can't give is -1.
func exampleOf(t turn, features []feature, index map[string]int) example {
	find := func(r reply) int {
		if i, ok := index[r.key()]; ok {
			return i
		}
		return -1
	}
	ex := example{features: features, reply: find(t.reply), worse: -1}
	if t.worse != nil {
		ex.worse = find(*t.worse)
	}
	return ex
}

// encodeMeasures prepares what is only measured: the validation file, and the tokens of all replies.
func (t *learner) encodeMeasures(ctx context.Context, validation []turn, index map[string]int) error {
	t.unseen = make([]example, len(validation))
	t.wanted = make([][]uint32, len(validation))
	err := each(ctx, len(validation), func(i int) {
		v := validation[i]
		t.unseen[i] = exampleOf(v, t.model.rarity.encode(termsOf(v.prompt)), index)
		t.wanted[i] = tokenHashes(v.reply.Content)
	})
	if err != nil {
		return err
	}
	t.hashes = make([][]uint32, len(t.model.replies))
	return each(ctx, len(t.hashes), func(i int) { t.hashes[i] = tokenHashes(t.model.replies[i].Content) })
}

// key tells replies apart.
func (r reply) key() string {
	if r.ToolCalls == nil {
		return r.Content
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // the tool calls were parsed before
	}
	return "\x00" + string(b)
}
