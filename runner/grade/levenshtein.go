package grade

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Levenshtein holds where the input is at most so many edits away from the reference: the Levenshtein distance d is the least number of
// runes to insert, delete and replace that makes one of the other. The score is
//
//	1 - d / max(m, n)
//
// for texts of m and n runes, from 0 (nothing in common) to 1 (equal, or both empty); that is Levenshtein of autoevals, and
// normalized_similarity of rapidfuzz. It is symmetric. Case counts, white space around a text does not.
// Source: V. I. Levenshtein: Binary codes capable of correcting deletions, insertions, and reversals, 1966.
//
// Time grows with m·n/64 where what differs of the shorter text has up to 8,192 runes. Longer ones are compared piece by piece, which can
// only raise the distance, and never that of equal texts.
type Levenshtein struct {
	Texts         `yaml:",inline"`
	MaxDistance   *int     `yaml:"max_distance"`   // 0 or more
	MinSimilarity *float64 `yaml:"min_similarity"` // of the score: above 0, up to 1; one of the two is required, and both that are there hold
}

// String returns the assertion's name.
func (a *Levenshtein) String() string {
	var limits []string
	if a.MaxDistance != nil {
		limits = append(limits, fmt.Sprintf("distance <= %d", *a.MaxDistance))
	}
	if a.MinSimilarity != nil {
		limits = append(limits, fmt.Sprintf("similarity >= %v", *a.MinSimilarity))
	}
	return "levenshtein " + strings.Join(limits, ", ")
}

// Check wants a limit that some output can miss.
func (a *Levenshtein) Check() []Problem {
	problems := append(a.check(), a.checkReference()...)
	if a.MaxDistance == nil && a.MinSimilarity == nil {
		problems = append(problems, Problem{Key: "max_distance", Message: "required, or min_similarity: how far from the reference an answer may be"})
	}
	if d := a.MaxDistance; d != nil && *d < 0 {
		problems = append(problems, Problem{Key: "max_distance", Message: fmt.Sprintf("want 0 or more, found %d", *d)})
	}
	if s := a.MinSimilarity; s != nil && !(*s > 0 && *s <= 1) { // so written, NaN is refused too
		problems = append(problems, Problem{Key: "min_similarity", Message: fmt.Sprintf("want a score above 0 and up to 1, such as 0.8, found %v", *s)})
	}
	return problems
}

// Grader measures how far the texts of samples are apart.
func (a *Levenshtein) Grader() Grader {
	return levenshtein{a.comparison(), a.MaxDistance, a.MinSimilarity}
}

type levenshtein struct {
	comparison
	maxDistance   *int
	minSimilarity *float64
}

// Grade passes an output that is near enough.
func (g levenshtein) Grade(_ context.Context, s Sample, _ Services) (Grade, error) {
	input, reference, err := g.render(s)
	if err != nil {
		return notRendered(err)
	}
	distance, longer := editDistance(input, reference)
	score := 1.0
	if longer > 0 {
		score = 1 - float64(distance)/float64(longer)
	}
	grade := Grade{Score: score, Pass: true, Reason: fmt.Sprintf("distance %d, similarity %s", distance, roundDown(score))}
	if g.maxDistance != nil && distance > *g.maxDistance {
		grade.Pass = false
		grade.Reason += fmt.Sprintf(", distance above %d", *g.maxDistance)
	}
	if g.minSimilarity != nil && score < *g.minSimilarity {
		grade.Pass = false
		grade.Reason += fmt.Sprintf(", similarity below %v", *g.minSimilarity)
	}
	return grade, nil
}

// editDistance returns the Levenshtein distance of two texts, and the length of the longer one, in runes.
func editDistance(a, b string) (distance, longer int) {
	list, _, _ := stretches(a, b)
	for _, s := range list {
		distance += stretchDistance(s)
	}
	return distance, max(utf8.RuneCountInString(strings.TrimSpace(a)), utf8.RuneCountInString(strings.TrimSpace(b)))
}

// stretchDistance returns the distance of two parts of texts.
//
// It is the bit-parallel algorithm of Myers (A fast bit-vector algorithm for approximate string matching based on dynamic programming,
// 1999) in the form that Hyyrö gave it for the distance of whole texts (A bit-vector algorithm for computing Levenshtein and Damerau edit
// distances, 2003): a column of the table of distances is kept as the bits where it rises and where it falls by one.
func stretchDistance(s stretch) int {
	if len(s.a) == 0 {
		return len(s.b)
	}
	letters, x := indexRunes(s.a)
	column := make([]rises, (len(s.a)+63)/64)
	for i := range column {
		column[i].up = ^uint64(0)
	}
	bottom := uint64(1) << ((len(s.a) - 1) % 64)
	distance := len(s.a)
	for _, r := range s.b {
		var stands []block
		if id := letters.id(r); id >= 0 {
			stands = x.of(id)
		}
		up, down := uint64(1), uint64(0) // the row above the table rises by one in each column
		for i := range column {
			var equal uint64
			if len(stands) > 0 && int(stands[0].word) == i {
				equal, stands = stands[0].mask, stands[1:]
			}
			last := uint64(1) << 63
			if i == len(column)-1 {
				last = bottom
			}
			up, down = column[i].next(equal, up, down, last)
		}
		distance += int(up) - int(down)
	}
	return distance
}

// rises are 64 rows of a column of the table of distances: whether each is one above, or one below, the row before it.
type rises struct {
	up, down uint64
}

// next moves on to the next column: equal are the rows whose rune is that of the column; up and down say whether the distance above
// these rows rose or fell from column to column, and what is returned, whether it did in the row of the bit last.
func (v *rises) next(equal, up, down, last uint64) (risen, fallen uint64) {
	vertical := equal | v.down
	equal |= down
	diagonal := (((equal & v.up) + v.up) ^ v.up) | equal
	rising := v.down | ^(diagonal | v.up)
	falling := v.up & diagonal
	if rising&last != 0 {
		risen = 1
	}
	if falling&last != 0 {
		fallen = 1
	}
	rising = rising<<1 | up
	falling = falling<<1 | down
	v.up = falling | ^(vertical | rising)
	v.down = rising & vertical
	return risen, fallen
}
