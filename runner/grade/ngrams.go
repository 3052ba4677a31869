package grade

// overlaps returns for n = 1, 2 … orders how many n-grams two sequences of ids have in common, each counted as often as in the sequence
// that has it less often. Time and memory grow with the sequences: an n-gram is the pair of the (n-1)-gram at its place and its last id.
func overlaps(a, b []int32, orders int) []int {
	counts := make([]int, orders)
	grams, others := a, b
	distinct := int32(0)
	for _, id := range a {
		distinct = max(distinct, id+1)
	}
	for _, id := range b {
		distinct = max(distinct, id+1)
	}
	for n := range orders {
		if n > 0 {
			grams, others, distinct = longer(grams, a[min(n, len(a)):], others, b[min(n, len(b)):])
		}
		counts[n] = shared(grams, others, distinct)
		if counts[n] == 0 {
			break // no longer ones either
		}
	}
	return counts
}

// none is the id of an n-gram that the other sequence does not have.
const none = -1

// longer returns the n-grams of two sequences by ids from 0 up to, and without, distinct: those of the second are numbered, and those of the first
// looked up. last are the ids that end the n-grams.
func longer(grams, last, others, otherLast []int32) (next, otherNext []int32, distinct int32) {
	ids := make(map[uint64]int32, len(otherLast))
	otherNext = make([]int32, len(otherLast))
	for i, id := range otherLast {
		key := pair(others[i], id)
		number, known := ids[key]
		if !known {
			number = int32(len(ids))
			ids[key] = number
		}
		otherNext[i] = number
	}
	next = make([]int32, len(last))
	for i, id := range last {
		next[i] = none
		if grams[i] == none {
			continue
		}
		if number, known := ids[pair(grams[i], id)]; known {
			next[i] = number
		}
	}
	return next, otherNext, int32(len(ids))
}

func pair(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// shared counts what two sequences have in common, whatever the order.
func shared(a, b []int32, distinct int32) int {
	left := make([]int32, distinct)
	for _, id := range b {
		left[id]++
	}
	n := 0
	for _, id := range a {
		if id != none && left[id] > 0 {
			left[id]--
			n++
		}
	}
	return n
}

// gramsOf returns how many n-grams a sequence of so many ids has.
func gramsOf(length, n int) int { return max(0, length-n+1) }
