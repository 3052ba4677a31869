package overlap_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset/overlap"
)

// A trainingRow is a row with the examples in it.
type trainingRow struct {
	place    overlap.Place
	examples []overlap.Case
}

// look lets a looker see a row.
func (r trainingRow) look(l *overlap.Looker) {
	for _, e := range r.examples {
		l.Look(r.place, e.Question, e.Answer)
	}
}

// someWords returns a question of a few words that come again and again, so that many are the same or nearly so.
func someWords(random *rand.Rand) string {
	text := numbered(1, 2+random.IntN(20))
	for range random.IntN(3) {
		word := fmt.Sprintf("w%d", 1+random.IntN(22))
		text = strings.Replace(text, word+" ", fmt.Sprintf("w%d ", 1+random.IntN(22)), 1)
	}
	return text
}

func someCase(random *rand.Rand) overlap.Case {
	return overlap.Case{Question: someWords(random), Answer: []string{"", "a", "b"}[random.IntN(3)]}
}

// TestAnyScheduleFindsTheSame gives the rows of two files to several goroutines in any order: each row whole to one of them. They find what one
// finds that sees all rows in their order.
func TestAnyScheduleFindsTheSame(t *testing.T) {
	kinds := map[overlap.Kind]int{}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		var cases []overlap.Case
		for range 1 + random.IntN(12) {
			cases = append(cases, someCase(random))
		}
		var rows []trainingRow
		for file := range 2 {
			for row := range 1 + random.IntN(40) {
				r := trainingRow{place: overlap.Place{Source: fmt.Sprint("data", 2-file), File: file, Row: row + 1, Line: 2 * row}}
				for range 1 + random.IntN(3) {
					r.examples = append(r.examples, someCase(random))
				}
				rows = append(rows, r)
			}
		}
		finder := overlap.New(cases)
		one := finder.Looker()
		for _, r := range rows {
			r.look(one)
		}
		want := finder.Findings(one)
		for _, f := range want {
			kinds[f.Kind]++
		}

		lookers := make([]*overlap.Looker, 1+random.IntN(4))
		shares := make([][]trainingRow, len(lookers))
		for _, i := range random.Perm(len(rows)) {
			to := random.IntN(len(lookers))
			shares[to] = append(shares[to], rows[i])
		}
		var group sync.WaitGroup
		for i := range lookers {
			lookers[i] = finder.Looker()
			group.Go(func() {
				for _, r := range shares[i] {
					r.look(lookers[i])
				}
			})
		}
		group.Wait()
		if diff := cmp.Diff(want, finder.Findings(lookers...)); diff != "" {
			t.Fatalf("seed %d: %d lookers find something else than one (-one +all):\n%s", seed, len(lookers), diff)
		}
	}
	if kinds[overlap.Overlap] < 100 || kinds[overlap.Question] < 100 || kinds[overlap.Verbatim] < 100 {
		t.Errorf("too few findings to say anything: %v", kinds)
	}
}

// TestNothingToLookFor: without cases, or with blank ones alone, there is nothing to find.
func TestNothingToLookFor(t *testing.T) {
	for _, cases := range [][]overlap.Case{nil, {{Question: " "}}} {
		f := overlap.New(cases)
		l := f.Looker()
		l.Look(overlap.Place{Row: 1}, "What is DNA?", "A molecule.")
		if found := f.Findings(l); len(found) > 0 {
			t.Errorf("%d cases: found %+v", len(cases), found)
		}
	}
}
