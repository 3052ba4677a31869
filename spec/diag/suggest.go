package diag

// Suggest returns the candidate closest to word, or "" where none is close enough to be a likely slip of the pen:
// a Levenshtein distance of at most one edit for words up to four runes, two up to eight, three beyond.
func Suggest(word string, candidates []string) string {
	w := []rune(word)
	best, bestDistance := "", 1+allowedEdits(len(w))
	for _, c := range candidates {
		if d := levenshtein(w, []rune(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

func allowedEdits(runes int) int {
	switch {
	case runes <= 4:
		return 1
	case runes <= 8:
		return 2
	default:
		return 3
	}
}

// levenshtein is the textbook two-row edit distance.
func levenshtein(a, b []rune) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	cur := make([]int, len(b)+1)
	for i, ra := range a {
		cur[0] = i + 1
		for j, rb := range b {
			substitute := prev[j]
			if ra != rb {
				substitute++
			}
			cur[j+1] = min(prev[j+1]+1, cur[j]+1, substitute)
		}
		prev, cur = cur, prev
	}
	return prev[len(b)]
}
