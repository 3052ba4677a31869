package overlap

import "hash/maphash"

// An example is a question of the training data while it is looked at. It is told from others by its number.
type example struct {
	number uint32
	words  words
	ids    []uint32 // by word; 0: in none of the questions that are looked for
	known  []span   // words one after the other that are in questions: as many as the shortest n-gram has, or more
	all    bool     // every word is in a question
	seen   []uint32 // by word of the vocabulary: the example that had it last
	met    []int32  // questions with an n-gram in it
	common int      // its distinct 3-grams that are common

	letters []uint64 // its character 3-grams, where a question may be like it
	short   []int32  // questions with a rare one of these

	counted  bool // the following are known
	distinct int  // words
	parts    int  // distinct 3-grams that count
	set      map[uint64]struct{}
}

// A span is words from one to before another.
type span struct{ start, end int }

// maxKept is how many bytes of an example's buffers are kept for the next one.
const maxKept = 1 << 20

// begin reads an example's question.
func (e *example) begin(text string, v *vocabulary) {
	e.number++
	e.words.read(text)
	e.ids, e.known, e.met = e.ids[:0], e.known[:0], e.met[:0]
	e.common, e.counted, e.all = 0, false, true
	start, from := 0, 0 // of the word, and of the known words before it
	for i, end := range e.words.ends {
		id := v.find(e.words.text, start, end)
		e.ids = append(e.ids, id)
		if id == 0 {
			e.knew(from, i)
			e.all, from = false, i+1
		}
		start = end + 1
	}
	e.knew(from, len(e.ids))
}

// knew notes known words that stand one after the other.
func (e *example) knew(start, end int) {
	if end-start >= partWords {
		e.known = append(e.known, span{start, end})
	}
}

// end lets go of what one long example needed.
func (e *example) end() {
	if cap(e.words.text) > maxKept || cap(e.ids) > maxKept {
		e.words, e.ids, e.known, e.set = words{}, nil, nil, nil
	}
}

// count counts the example's distinct words and 3-grams. Few examples need it. Words that are in no question are told apart by a hash.
func (e *example) count() {
	if e.counted {
		return
	}
	if e.set == nil {
		e.set = map[uint64]struct{}{}
	}
	hashes := make([]uint64, len(e.ids))
	clear(e.set)
	for i, id := range e.ids {
		hashes[i] = maphash.Bytes(seed, e.words.word(i))
		e.set[hashes[i]] = struct{}{}
		e.seen[id] = e.number
	}
	e.distinct = len(e.set)
	clear(e.set)
	for i := partWords - 1; i < len(hashes); i++ {
		part := (hashes[i-2]*base+hashes[i-1])*base + hashes[i]
		e.set[part] = struct{}{}
	}
	e.parts = len(e.set) - e.common
	e.counted = true
}
