package sieve

import (
	"cmp"
	"slices"
)

// A choice is a key, and the pairs of bytes that it goes by.
type choice struct {
	key
	first, second []uint16
	chance        float64 // that four bytes of prose have them
}

// fill chooses for each word the keys at even and at odd places, and the groups that they go into, those first that come by chance most often.
func (s *Sieve) fill() {
	chances := chancesInProse()
	var all []choice
	for i := range s.words {
		w := &s.words[i]
		for odd := range 2 {
			best := choice{chance: 2}
			for _, at := range w.places(odd) {
				first, second := w.pairs(at), w.pairs(at+2)
				if chance := chanceOf(first, &chances) * chanceOf(second, &chances); chance < best.chance {
					best = choice{w.key(i, at), first, second, chance}
				}
			}
			all = append(all, best)
		}
	}
	slices.SortStableFunc(all, func(a, b choice) int { return cmp.Compare(b.chance, a.chance) })
	var sums [groups][2]float64 // the chances of the pairs of a group
	for _, c := range all {
		g, first, second := s.groupFor(&c, &sums, &chances)
		s.groups[g] = append(s.groups[g], c.key)
		for _, p := range c.first {
			s.pairs[p] |= 1 << g
		}
		for _, p := range c.second {
			s.pairs[p] |= 1 << (groups + g)
		}
		sums[g] = [2]float64{first, second}
	}
}

// key returns the key at a place of a word, or beside it.
func (w *Word) key(word, at int) key {
	k := key{word: word, at: at}
	for i := range 4 {
		if j := at + i; 0 <= j && j < len(w.Text) {
			k.four |= uint32(w.Text[j]|0x20) << (8 * i)
			k.mask |= 0xFF << (8 * i)
		}
	}
	return k
}

// groupFor returns the group in which a key makes least work, and the chances of the group's pairs with it.
func (s *Sieve) groupFor(c *choice, sums *[groups][2]float64, chances *[256]float64) (group int, first, second float64) {
	least := 2.0
	for g := range groups {
		a := sums[g][0] + s.chanceOfNew(c.first, 1<<g, chances)
		b := sums[g][1] + s.chanceOfNew(c.second, 1<<(groups+g), chances)
		work := a*b*float64(len(s.groups[g])+1) - sums[g][0]*sums[g][1]*float64(len(s.groups[g]))
		if work < least {
			least, group, first, second = work, g, a, b
		}
	}
	return group, first, second
}

// chanceOfNew is the chance of those pairs that have a bit not set yet.
func (s *Sieve) chanceOfNew(pairs []uint16, bit uint64, chances *[256]float64) float64 {
	sum := 0.0
	for _, p := range pairs {
		if s.pairs[p]&bit == 0 {
			sum += chances[byte(p)] * chances[p>>8]
		}
	}
	return sum
}

func chanceOf(pairs []uint16, chances *[256]float64) float64 {
	sum := 0.0
	for _, p := range pairs {
		sum += chances[byte(p)] * chances[p>>8]
	}
	return sum
}

// places returns where the four bytes may begin, at even places of a word or at odd ones: within it, or where it is too short, within a byte of it.
func (w *Word) places(odd int) []int {
	var list []int
	for at := odd; at+4 <= len(w.Text); at += 2 {
		list = append(list, at)
	}
	switch {
	case len(list) > 0:
		return list
	case odd == 0:
		return []int{0}
	case len(w.Text) == 4:
		return []int{-1, 1}
	default:
		return []int{-1}
	}
}

// pairs returns the pairs that two bytes of a word, or beside it, may be, with their sixth bits set.
func (w *Word) pairs(at int) []uint16 {
	var list []uint16
	for _, high := range w.bytes(at + 1) {
		for _, low := range w.bytes(at) {
			list = append(list, uint16(low)|uint16(high)<<8)
		}
	}
	return list
}

// bytes returns what may be at a place of a word, or beside it, with its sixth bit set.
func (w *Word) bytes(at int) []byte {
	if 0 <= at && at < len(w.Text) {
		return []byte{w.Text[at] | 0x20}
	}
	var allowed [256]bool
	if after := at - len(w.Text); 0 <= after && after < len(w.After) && w.After[after] != nil {
		for _, b := range w.After[after] {
			allowed[b|0x20] = true
		}
	} else {
		allowed = anyByte
	}
	var list []byte
	for b, ok := range allowed {
		if ok {
			list = append(list, byte(b))
		}
	}
	return list
}

// anyByte is all bytes, with their sixth bits set.
var anyByte = func() (all [256]bool) {
	for b := range all {
		all[b|0x20] = true
	}
	return all
}()

// chancesInProse returns how often bytes come in English prose, with their sixth bits set, about: a blank makes up a sixth, and a letter comes a
// ninth less often than the one before it in their order.
func chancesInProse() (chances [256]float64) {
	for i := range chances {
		chances[i] = 0.003
	}
	chances[' '] = 0.17
	letter := 0.1
	for _, c := range []byte("etaoinsrhldcumfpgwybvkxjqz") {
		chances[c] = letter
		letter -= letter / 9
	}
	for _, c := range []byte("0123456789.,") {
		chances[c] = 0.01
	}
	return chances
}
