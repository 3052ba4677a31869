package overlap

import (
	"strings"
	"unicode/utf8"
)

// A Finding is a case, and the example that it stands in: the gravest, and of equally grave ones the most alike, and of these the first.
type Finding struct {
	Case int // index
	Place
	Match
	Question string // of the example, its head
	More     int    // further rows that the case stands in
}

// A found is an example in which a question stands; none where the kind is.
type found struct {
	Place
	Match
	text string
}

// beats reports whether an example is to be told instead of another. Of two that are in the same row, the one that came first stays.
func (e *found) beats(other *found) bool {
	return e.worse(other.Match) || !other.worse(e.Match) && e.before(other.Place)
}

// finds are what was found of a question.
type finds struct {
	best   found   // the example that is most like it
	copies []found // by answer: the example that has it too
	rows   int     // that the question stands in
	last   Place   // of them
}

// take takes in an example in which the question stands.
func (s *finds) take(e found) {
	if s.rows == 0 || s.last != e.Place {
		s.rows++
		s.last = e.Place
	}
	if e.beats(&s.best) {
		e.text = Head(e.text)
		s.best = e
	}
}

// takeCopy takes in an example with the same question and one of its answers.
func (s *finds) takeCopy(answer, answers int, e found) {
	if s.copies == nil {
		s.copies = make([]found, answers)
	}
	if c := &s.copies[answer]; e.beats(c) {
		e.text = Head(e.text)
		*c = e
	}
}

// join takes in what was found elsewhere, in other rows.
func (s *finds) join(other *finds) {
	s.rows += other.rows
	if other.best.beats(&s.best) {
		s.best = other.best
	}
	for i := range other.copies {
		if c := &other.copies[i]; c.Kind != None {
			s.takeCopy(i, len(other.copies), *c)
		}
	}
}

// maxHead is how many bytes of an example's question a finding shows.
const maxHead = 200

// Head returns the beginning of a text, in memory of its own.
func Head(text string) string {
	if len(text) > maxHead {
		end := maxHead
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		return text[:end] + "…"
	}
	return strings.Clone(text)
}

// Findings returns what the lookers found together, by case, once none of them looks any more. It is what one of them would have found that saw
// all rows in their order: whoever sees one example of a row must see all of them, one after the other, and nothing else matters.
func (f *Finder) Findings(lookers ...*Looker) []Finding {
	sums := make([]finds, len(f.questions))
	for _, l := range lookers {
		for i := range l.finds {
			if l.finds[i].rows > 0 {
				sums[i].join(&l.finds[i])
			}
		}
	}
	var list []Finding
	for i, at := range f.cases {
		if at.question < 0 {
			continue
		}
		s := &sums[at.question]
		best := s.best
		if at.answer >= 0 && s.copies != nil && s.copies[at.answer].Kind != None {
			best = s.copies[at.answer]
		}
		if best.Kind != None {
			list = append(list, Finding{Case: i, Place: best.Place, Match: best.Match, Question: best.text, More: s.rows - 1})
		}
	}
	return list
}
