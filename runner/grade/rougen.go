package grade

import "slices"

// rougeN returns the function that says how many sequences of n tokens two texts share, from 0 to 1: the F1 of ROUGE-N,
//
//	F1 = 2·P·R / (P + R) = 2·c / (g + h), where P = c/g and R = c/h
//
// for texts of g and h n-grams, of which c are common, each counted as often as in the text that has it less often (Chin-Yew Lin: ROUGE:
// A Package for Automatic Evaluation of Summaries, 2004, section 2; F1 as the rouge-score package has it). It is symmetric.
//
// Tokens are those of [RougeL]. Two texts that are both too short for an n-gram score 1 where their tokens are the same, else 0;
// rouge-score gives both 0.
func rougeN(n int) func(output, reference string) float64 {
	return func(output, reference string) float64 {
		words := newVocabulary((len(output) + len(reference)) / bytesPerToken)
		a, b := words.sequence(output), words.sequence(reference)
		if len(a)+len(b) == 0 {
			return sameText(output, reference)
		}
		all := gramsOf(len(a), n) + gramsOf(len(b), n)
		if all == 0 {
			if slices.Equal(a, b) {
				return 1
			}
			return 0
		}
		return 2 * float64(overlaps(a, b, n)[n-1]) / float64(all)
	}
}

// sequence returns the tokens of a text as ids.
func (v *vocabulary) sequence(text string) []int32 {
	ids := make([]int32, 0, len(text)/bytesPerToken)
	for t := (tokenizer{text: text}); t.next(); {
		ids = append(ids, v.add(t.token))
	}
	return ids
}
