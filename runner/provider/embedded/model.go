package embedded

import (
	"cmp"
	"slices"
)

// A model picks a reply for a prompt.
type model struct {
	rarity    rarity
	questions table
	vectors   []vector // one for each reply
	replies   []reply
}

// answer picks the reply whose vector lies best with the prompt's; ok is false where the model knows no word of the prompt.
//
// It takes one inner product for each reply: 0.3 ms for the 7,473 of GSM8K.
func (m *model) answer(p prompt) (r reply, ok bool) {
	best, known := m.best(p, func(*reply) bool { return true })
	if !known {
		return reply{}, false
	}
	return *best, true
}

// best picks, among the replies that fit, the one whose vector lies best with the prompt's; nil where none fits. known is false where the
// model knows no word of the prompt. fits is asked for the replies from the best on.
func (m *model) best(p prompt, fits func(*reply) bool) (r *reply, known bool) {
	point, known := m.point(p)
	if !known || len(m.replies) == 0 {
		return nil, false
	}
	first := 0
	scores := make([]float32, len(m.vectors))
	for i := range m.vectors {
		scores[i] = dot(&point, &m.vectors[i])
		if scores[i] > scores[first] {
			first = i
		}
	}
	if fits(&m.replies[first]) {
		return &m.replies[first], true
	}
	order := upTo(len(scores))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	for _, i := range order {
		if i != first && fits(&m.replies[i]) {
			return &m.replies[i], true
		}
	}
	return nil, true
}

// point is where a prompt lies among the replies; known is false where the model knows no word of it.
func (m *model) point(p prompt) (v vector, known bool) {
	features := m.rarity.encode(termsOf(p))
	if len(features) == 0 {
		return vector{}, false
	}
	return m.questions.sum(features), true
}

func (m *model) clone() *model {
	return &model{
		rarity:    slices.Clone(m.rarity),
		questions: slices.Clone(m.questions),
		vectors:   slices.Clone(m.vectors),
		replies:   slices.Clone(m.replies),
	}
}

// rounded returns a copy with the numbers that a model file keeps.
func (m *model) rounded() *model {
	c := m.clone()
	halve(c.questions)
	halve(c.vectors)
	return c
}

// extend keeps the weights of r and takes those of others for buckets that r does not know.
func (r rarity) extend(others rarity) rarity {
	if r == nil {
		return others
	}
	for b, w := range others {
		if r[b] == 0 {
			r[b] = w
		}
	}
	return r
}
