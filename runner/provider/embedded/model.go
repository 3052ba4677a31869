package embedded

import "slices"

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
	features := m.rarity.encode(termsOf(p))
	if len(features) == 0 || len(m.replies) == 0 {
		return reply{}, false
	}
	point := m.questions.sum(features)
	best, top := 0, dot(&point, &m.vectors[0])
	for i := range m.vectors[1:] {
		if score := dot(&point, &m.vectors[i+1]); score > top {
			best, top = i+1, score
		}
	}
	return m.replies[best], true
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
