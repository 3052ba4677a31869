package dataset

// seen remembers the examples that were met, to find those that come again: 27 to 54 bytes an example. It goes by hashes, 64 bits of what is
// asked and 64 of the answer. Among a million examples the chance that any two are wrongly said to ask the same is 1 in 37 million (n²/2⁶⁵), and
// to be the same next to none.
type seen struct {
	firsts hashTable // by the hash of what is asked, marked with that of the answer: the first row that asks it
	others hashTable // by the hash of both: rows whose question has come before with another answer
}

func newSeen() seen { return seen{firsts: hashTable{marked: true}} }

// An earlier says what of an example was met before.
type earlier int

const (
	isNew      earlier = iota
	isSame             // question and answer
	isConflict         // the question, with another answer
)

// meet takes in the example with the number row, and returns what of it came before, in which row.
func (s *seen) meet(prompt, reply uint64, row uint32) (earlier, uint32) {
	first, answer, found := s.firsts.put(prompt, reply, row)
	switch {
	case !found:
		return isNew, 0
	case answer == reply:
		return isSame, first
	}
	if other, _, found := s.others.put(mix(prompt, reply), 0, row); found {
		return isSame, other
	}
	return isConflict, first
}

// mix makes one hash of two; of one and the same b, different hashes of different a.
func mix(a, b uint64) uint64 {
	h := a ^ (b<<31 | b>>33)
	h *= 0x9E3779B97F4A7C15 // of splitmix64
	return h ^ h>>29
}

// A hashTable maps hashes to rows, and to marks where it is marked, by open addressing. It keeps the first of a hash.
type hashTable struct {
	marked bool
	shards [tableShards]shard
}

// tableShards is how many parts grow by themselves, so that growing needs little memory beside what is there.
const tableShards = 64

// A shard has parallel slots. One is free where its key is 0.
type shard struct {
	keys  []uint64
	rows  []uint32
	marks []uint64 // nil: not marked
	used  int
}

// put stores a row and its mark under a hash, unless there are some: then it returns those.
func (t *hashTable) put(hash, mark uint64, row uint32) (before uint32, was uint64, found bool) {
	hash = max(hash, 1) // 0 marks what is free
	s := &t.shards[hash>>58]
	if 4*(s.used+1) > 3*len(s.keys) {
		s.grow(t.marked)
	}
	i := s.find(hash)
	if s.keys[i] == hash {
		if t.marked {
			was = s.marks[i]
		}
		return s.rows[i], was, true
	}
	s.set(i, hash, mark, row)
	s.used++
	return 0, 0, false
}

// find returns the slot of a hash, or the free one where it belongs.
func (s *shard) find(hash uint64) int {
	mask := len(s.keys) - 1
	i := int(hash) & mask
	for s.keys[i] != 0 && s.keys[i] != hash {
		i = (i + 1) & mask
	}
	return i
}

func (s *shard) set(i int, hash, mark uint64, row uint32) {
	s.keys[i], s.rows[i] = hash, row
	if s.marks != nil {
		s.marks[i] = mark
	}
}

// grow makes room for twice as many: sizes are powers of two.
func (s *shard) grow(marked bool) {
	old := *s
	n := max(16, 2*len(old.keys))
	s.keys, s.rows = make([]uint64, n), make([]uint32, n)
	if marked {
		s.marks = make([]uint64, n)
	}
	for i, key := range old.keys {
		if key == 0 {
			continue
		}
		mark := uint64(0)
		if marked {
			mark = old.marks[i]
		}
		s.set(s.find(key), key, mark, old.rows[i])
	}
}
