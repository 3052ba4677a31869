package dataset

// seen remembers the examples that were met, to find those that come again: 20 to 45 bytes an example. It goes by hashes of 64 bits, so that
// one pair in 10^19 is taken for the same.
type seen struct {
	firsts hashTable // by the hash of what is asked: half the hash of the first answer to it, and its row
	others hashTable // by the hash of both: rows whose question has come before with another answer
}

// An earlier says what of an example was met before.
type earlier int

const (
	isNew      earlier = iota
	isSame             // question and answer
	isConflict         // the question, with another answer
)

// meet takes in the example with the number row, and returns what of it came before, in which row.
func (s *seen) meet(prompt, reply uint64, row uint32) (earlier, uint32) {
	first, found := s.firsts.put(prompt, uint64(row)|reply&^0xFFFFFFFF)
	if !found {
		return isNew, 0
	}
	was := uint32(first)
	if first>>32 == reply>>32 {
		return isSame, was
	}
	if other, found := s.others.put(mix(prompt, reply), uint64(row)); found {
		return isSame, uint32(other)
	}
	return isConflict, was
}

// mix makes one hash of two.
func mix(a, b uint64) uint64 {
	h := a ^ (b<<31 | b>>33)
	h *= 0x9E3779B97F4A7C15 // of splitmix64
	return h ^ h>>29
}

// A hashTable maps hashes to values, by open addressing. It keeps the first value of a hash. The zero table is ready to use.
type hashTable struct {
	shards [tableShards]shard
}

// tableShards is how many parts grow by themselves, so that growing needs little memory beside what is there.
const tableShards = 64

type shard struct {
	slots []slot
	used  int
}

// A slot is free where its key is 0.
type slot struct{ key, value uint64 }

// put stores a value under a hash, unless there is one: then it returns that.
func (t *hashTable) put(hash, value uint64) (before uint64, found bool) {
	hash = max(hash, 1) // 0 marks what is free
	return t.shards[hash>>58].put(hash, value)
}

func (s *shard) put(hash, value uint64) (before uint64, found bool) {
	if 4*(s.used+1) > 3*len(s.slots) {
		s.grow()
	}
	i := s.find(hash)
	if s.slots[i].key == hash {
		return s.slots[i].value, true
	}
	s.slots[i] = slot{hash, value}
	s.used++
	return 0, false
}

// find returns the slot of a hash, or the free one where it belongs.
func (s *shard) find(hash uint64) int {
	mask := len(s.slots) - 1
	i := int(hash) & mask
	for s.slots[i].key != 0 && s.slots[i].key != hash {
		i = (i + 1) & mask
	}
	return i
}

// grow makes room for twice as many: sizes are powers of two.
func (s *shard) grow() {
	old := s.slots
	s.slots = make([]slot, max(16, 2*len(old)))
	for _, filled := range old {
		if filled.key != 0 {
			s.slots[s.find(filled.key)] = filled
		}
	}
}
