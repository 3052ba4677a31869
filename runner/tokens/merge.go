package tokens

import "ftrun/runner/tokens/internal/ranktable"

// A merger joins the bytes of a piece into tokens: always the two neighbours whose joint has the lowest rank, the leftmost first.
// It keeps its memory for the next piece. A piece has less than 2 GB.
type merger struct {
	ranks  *ranktable.Table
	starts []int32  // of the parts
	joint  []uint32 // the rank of each part with the next one
	before []int32  // the part before each
	queue  []uint64 // a heap of rank<<32 | start
}

// scanned is the longest piece that is searched for the lowest rank again and again. Longer ones pay for a heap.
const scanned = 48

// kept is the longest piece whose memory a merger keeps.
const kept = 1 << 12

// merge returns where in the piece text[i:i+n] its tokens start. The slice is good until the next call.
func (m *merger) merge(text string, i, n int) []int32 {
	if n <= scanned {
		return m.scan(text, i, n)
	}
	parts := m.sift(text, i, n)
	if n > kept {
		m.starts, m.joint, m.before, m.queue = nil, nil, nil, nil
	}
	return parts
}

// scan takes time with the square of n, and very little of it.
func (m *merger) scan(text string, i, n int) []int32 {
	starts, joint := resize(&m.starts, n+1), resize(&m.joint, n)
	for k := range n {
		starts[k], joint[k] = int32(k), ranktable.None
		if k+2 <= n {
			joint[k] = m.ranks.Rank(text, i+k, 2)
		}
	}
	starts[n] = int32(n)
	rank := func(from, to int) uint32 {
		if to >= len(starts) {
			return ranktable.None
		}
		return m.ranks.Rank(text, i+int(starts[from]), int(starts[to]-starts[from]))
	}
	for {
		best, at := uint32(ranktable.None), 0
		for k, r := range joint {
			if r < best {
				best, at = r, k
			}
		}
		if best == ranktable.None {
			return starts[:len(starts)-1]
		}
		starts = append(starts[:at+1], starts[at+2:]...)
		joint = append(joint[:at+1], joint[at+2:]...)
		joint[at] = rank(at, at+2)
		if at > 0 {
			joint[at-1] = rank(at-1, at+1)
		}
	}
}

// sift takes time with n log n. Parts are known by where they start; starts[k] is where the part after the one at k starts. What the
// queue says of a part counts only while its joint still has that rank: a part only grows, so no rank comes back.
func (m *merger) sift(text string, i, n int) []int32 {
	next, before, joint := resize(&m.starts, n), resize(&m.before, n+1), resize(&m.joint, n)
	queue := resize(&m.queue, n)[:0]
	for k := range n {
		next[k], before[k], joint[k] = int32(k+1), int32(k-1), ranktable.None
		if k+2 <= n {
			joint[k] = m.ranks.Rank(text, i+k, 2)
		}
		if joint[k] != ranktable.None {
			queue = append(queue, uint64(joint[k])<<32|uint64(k))
		}
	}
	for k := len(queue)/2 - 1; k >= 0; k-- {
		down(queue, k)
	}
	for len(queue) > 0 {
		first := queue[0]
		k := int(uint32(first))
		if joint[k] != uint32(first>>32) {
			queue = pop(queue)
			continue
		}
		gone := next[k]
		next[k], joint[gone] = next[gone], ranktable.None
		before[next[k]] = int32(k)
		joint[k] = m.join(text, i, n, k)
		if joint[k] != ranktable.None {
			queue[0] = uint64(joint[k])<<32 | uint64(k)
			down(queue, 0)
		} else {
			queue = pop(queue)
		}
		if k > 0 {
			b := int(before[k])
			joint[b] = m.join(text, i, n, b)
			if joint[b] != ranktable.None {
				queue = append(queue, uint64(joint[b])<<32|uint64(b))
				up(queue)
			}
		}
	}
	m.queue = queue
	parts := next[:0]
	for k := 0; k < n; {
		after := int(next[k])
		parts = append(parts, int32(k))
		k = after
	}
	return parts
}

// join returns the rank of the part at k together with the part after it.
func (m *merger) join(text string, i, n, k int) uint32 {
	after := int(m.starts[k])
	if after == n {
		return ranktable.None
	}
	return m.ranks.Rank(text, i+k, int(m.starts[after])-k)
}

func resize[T any](memory *[]T, n int) []T {
	if cap(*memory) < n {
		*memory = make([]T, max(n, 2*scanned))
	}
	*memory = (*memory)[:n]
	return *memory
}

// down, up and pop keep a heap of the lowest number first.
func down(queue []uint64, k int) {
	for {
		child := 2*k + 1
		if child >= len(queue) {
			return
		}
		if child+1 < len(queue) && queue[child+1] < queue[child] {
			child++
		}
		if queue[k] <= queue[child] {
			return
		}
		queue[k], queue[child] = queue[child], queue[k]
		k = child
	}
}

func up(queue []uint64) {
	for k := len(queue) - 1; k > 0; {
		parent := (k - 1) / 2
		if queue[parent] <= queue[k] {
			return
		}
		queue[k], queue[parent] = queue[parent], queue[k]
		k = parent
	}
}

func pop(queue []uint64) []uint64 {
	last := len(queue) - 1
	queue[0] = queue[last]
	down(queue[:last], 0)
	return queue[:last]
}
