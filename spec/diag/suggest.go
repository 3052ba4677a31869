package diag

import "strings"

// Suggest returns the candidate closest to word, or "" where none is close enough to be a likely slip of the pen: at most one edit
// for words up to four runes, two up to eight, three beyond. An edit inserts, deletes or replaces a rune, or swaps two neighbours;
// upper and lower case, and "-" and "_", count as alike. Of equally close candidates the first is taken.
func Suggest(word string, candidates []string) string {
	w := plain(word)
	if len(w) > longest {
		return ""
	}
	best, bestDistance := "", 1+allowedEdits(len(w))
	for _, c := range candidates {
		if d := distance(w, plain(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// longest is the length of a word beyond which nothing is suggested: it is no slip, and comparing it would take long.
const longest = 100

func plain(s string) []rune {
	return []rune(strings.ToLower(strings.ReplaceAll(s, "-", "_")))
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

// distance is the edit distance with swaps of neighbours (optimal string alignment), of which three rows suffice.
func distance(a, b []rune) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i, ra := range a {
		cur[0] = i + 1
		for j, rb := range b {
			substitute := prev[j]
			if ra != rb {
				substitute++
			}
			cur[j+1] = min(prev[j+1]+1, cur[j]+1, substitute)
			if i > 0 && j > 0 && ra == b[j-1] && a[i-1] == rb {
				cur[j+1] = min(cur[j+1], before[j-1]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
