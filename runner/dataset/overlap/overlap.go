// Package overlap finds test questions in training data: the same words, most of their n-grams, or a long run of them.
//
// The cases are held and the training examples pass by, so that memory grows with the cases alone. Several goroutines may look at examples, each
// with a [Looker] of its own; what is found does not depend on who looked at which. Texts are compared in their normal
// form ([Normalize]). A case stands in an example where
//
//   - its question is the example's question ([Question]), and where their answers are the same too, it is a copy ([Verbatim]); or
//   - the questions overlap ([Overlap]): the example has 70 % of the question's n-grams, or 13 of its words in a row, or the Jaccard index
//     of the two sets of word 3-grams is 0.8 or more.
//
// An n-gram here is 8 words, or the whole question where that has fewer. The figures are those of others, each of which alone misses
// something: 8-grams and 70 % are PaLM's (Chowdhery et al. 2022, arXiv:2204.02311), 13 words in a row GPT-3's (Brown et al. 2020,
// arXiv:2005.14165, appendix C), which finds nothing in the short questions that fine-tuning is about; the longest run is, of the usual
// measures, the one that says most about inflated scores (Singh et al. 2024, arXiv:2411.03923).
//
// Short questions have rules of their own, because a few words in a row say little. One of 5 to 7 words overlaps where the example has all of
// them in a row and they make up half of it or more: "what is the boiling point of water" stands in many longer questions that ask something
// else. One of fewer than 5 words overlaps where the Jaccard index of the two sets of character 3-grams is 0.8 or more and both have the same
// numbers.
//
// Of many test questions the same words, such as an instruction that all of them begin with, say nothing about one of them. An n-gram is left
// out of all but the comparison of whole questions where it stands in more than 10 different questions of the test, or in more than a tenth of
// them and at least 3.
//
// With few cases most texts are passed over at a glance, because they lack the words that every rule needs (hints.go).
//
// Answers are compared as wholes and only where the questions are the same: "yes" or "42" is the answer to many questions. What only means the
// same, in other words, is not found.
package overlap

// The figures of the rules.
const (
	gramWords   = 8   // words in an n-gram, at most
	minCoverage = 0.7 // share of the n-grams
	minRun      = 13  // words in a row
	minJaccard  = 0.8 // of 3-grams, of words or of characters
	partWords   = 3   // words in an n-gram of the Jaccard index

	shortWords = 5 // questions with fewer words are compared by characters

	commonQuestions = 10 // an n-gram of more questions than this says nothing,
	commonShare     = 10 // nor does one of more than every tenth question
	commonLeast     = 3  // where it stands in as many at least
)

// A Kind says how much of a case stands in a training example; a greater one is graver.
type Kind int

// The kinds.
const (
	None     Kind = iota
	Overlap       // most of the question's words, in runs
	Question      // the same question
	Verbatim      // the same question and the same answer
)

// String returns the kind's name in results.
func (k Kind) String() string {
	return [...]string{"none", "overlap", "question", "verbatim"}[k]
}

// A Case is a test case. One without an answer is never [Verbatim].
type Case struct {
	Question string
	Answer   string
}

// A Place is a row of the training data.
type Place struct {
	Source string // file
	File   int    // its number among the files, from 0: which of two rows is the first
	Row    int    // from 1
	Line   int    // from 1; 0: unknown
}

// before reports whether a row comes before another.
func (p Place) before(other Place) bool {
	return p.File < other.File || p.File == other.File && p.Row < other.Row
}

// A Match tells how alike a question and an example's question are.
type Match struct {
	Kind     Kind
	Coverage float64 // share of the question's distinct n-grams that the example has, in [0,1]
	Run      int     // the longest run of words that both have, counted where it has an n-gram at least; 0: none
	Jaccard  float64 // of the two sets of words, in [0,1]
}

// worse reports whether m is graver than other, or as grave and more alike.
func (m Match) worse(other Match) bool {
	switch {
	case m.Kind != other.Kind:
		return m.Kind > other.Kind
	case m.Coverage != other.Coverage:
		return m.Coverage > other.Coverage
	default:
		return m.Run > other.Run
	}
}
