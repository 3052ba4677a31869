package dataset

// An identity is what examples are compared by: hashes of 64 bits.
type identity struct {
	line   uint64 // of the training file
	asked  uint64 // see [example.appendAsked]
	learnt uint64 // see [example.appendLearnt]
}

// mark is what is remembered of an answer, and of the line that it stands in: half a hash each.
func (id identity) mark() uint64 { return id.learnt&^0xFFFFFFFF | id.line>>32 }

// seen remembers the examples that were met, to find those that come again: 27 to 54 bytes an example. It goes by hashes, 64 bits of what is
// asked, and 32 each of the answer and the line. Among a million examples the chance that any two are wrongly said to ask the same is 1 in
// 37 million (n²/2⁶⁵). Of two that do ask the same, the chance is 1 in 4 billion (2³²) that other answers are not told apart, and 1 in 2⁶⁴ that
// other lines are taken for the same.
type seen struct {
	firsts hashTable // by what is asked: the mark and the row of the first that asks it
	others hashTable // by what is asked and learnt, those whose question has come before with another answer; with the line, those that are alike
}

// An earlier says what of an example was met before.
type earlier int

const (
	isNew      earlier = iota
	isSame             // the whole line
	isAlike            // question and answer, but for letters, blanks and the like
	isConflict         // the question, with another answer
)

// meet takes in the example with the number row, and returns what of it came before, in which row.
func (s *seen) meet(id identity, row uint32) (earlier, uint32) {
	mark := id.mark()
	first, was, found := s.firsts.put(id.asked, mark, row)
	if !found {
		return isNew, 0
	}
	if was>>32 == mark>>32 {
		return s.sameOrAlike(id, was, first, row)
	}
	if other, was, found := s.others.put(mix(id.asked, id.learnt), mark, row); found {
		return s.sameOrAlike(id, was, other, row)
	}
	return isConflict, first
}

// sameOrAlike tells which, of an example whose question and answer stand in the row first with the mark was.
func (s *seen) sameOrAlike(id identity, was uint64, first, row uint32) (earlier, uint32) {
	if was == id.mark() {
		return isSame, first
	}
	if again, _, found := s.others.put(mix(mix(id.asked, id.learnt), id.line), 0, row); found { // of another way to write it
		return isSame, again
	}
	return isAlike, first
}

// mix makes one hash of two; of one and the same b, different hashes of different a.
func mix(a, b uint64) uint64 {
	h := a ^ (b<<31 | b>>33)
	h *= 0x9E3779B97F4A7C15 // of splitmix64
	return h ^ h>>29
}

// A hashTable maps hashes to rows and marks, by open addressing. It keeps the first of a hash.
type hashTable struct{ shards [tableShards]shard }

// tableShards is how many parts grow by themselves, so that growing needs little memory beside what is there.
const tableShards = 64

// A shard has parallel slots. One is free where its key is 0.
type shard struct {
	keys  []uint64
	rows  []uint32
	marks []uint64
	used  int
}

// put stores a row and its mark under a hash, unless there are some: then it returns those.
func (t *hashTable) put(hash, mark uint64, row uint32) (before uint32, was uint64, found bool) {
	hash = max(hash, 1) // 0 marks what is free
	s := &t.shards[hash>>58]
	if 4*(s.used+1) > 3*len(s.keys) {
		s.grow()
	}
	i := s.find(hash)
	if s.keys[i] == hash {
		return s.rows[i], s.marks[i], true
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
	s.keys[i], s.rows[i], s.marks[i] = hash, row, mark
}

// grow makes room for twice as many: sizes are powers of two.
func (s *shard) grow() {
	old := *s
	n := max(16, 2*len(old.keys))
	s.keys, s.rows, s.marks = make([]uint64, n), make([]uint32, n), make([]uint64, n)
	for i, key := range old.keys {
		if key != 0 {
			s.set(s.find(key), key, old.marks[i], old.rows[i])
		}
	}
}
