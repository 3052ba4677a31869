package grade

// fuzzyMatch returns how many characters two texts share in sequence, from 0 to 1: the normalised indel similarity
//
//	2·LCS / (m + n)
//
// for texts of m and n runes and the length LCS of their longest common subsequence, which is 1 - d / (m + n) for the least number d of
// runes to insert and delete. It is symmetric, and 1 for equal texts, empty ones too. Case counts. That is fuzz.ratio of rapidfuzz
// divided by 100, but that white space around a text does not count here.
// Source: https://rapidfuzz.github.io/RapidFuzz/Usage/fuzz.html.
//
// Time grows with m·n/64 where what differs of the shorter text has up to 8,192 runes. Longer ones are compared piece by piece, as
// [RougeL] does it: that can only lower the score, and never that of equal texts. Memory grows with the texts.
func fuzzyMatch(output, reference string) float64 {
	list, shared, runes := stretches(output, reference)
	if runes == 0 {
		return 1
	}
	for _, s := range list {
		letters, x := indexRunes(s.a)
		v := x.lcs()
		for _, r := range s.b {
			if id := letters.id(r); id >= 0 {
				v.read(x.of(id))
			}
		}
		shared += v.length()
	}
	return 2 * float64(shared) / float64(runes)
}
