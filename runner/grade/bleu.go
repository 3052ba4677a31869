package grade

import "math"

// translationOrder is how long the sequences of tokens are that [bleu] and [gleu] look at.
const translationOrder = 4

// bleu returns how far a text is made of sequences of another one's tokens, from 0 to 1: the BLEU of one sentence,
//
//	BP · exp( (ln p1 + … + ln pN) / N ),   BP = 1 where c ≥ r, else exp(1 - r/c)
//
// for an output of c tokens, a reference of r, and the share pn of the output's n-grams that the reference has too, each counted at most
// as often as there; N is 4, or c where the output is shorter. BP, the brevity penalty, is what keeps short outputs from scoring high, so
// it is not symmetric. The k-th pn that would be 0 is 1 / (2^k · number of n-grams) instead, and the whole is 0 where p1 is.
//
// That is sentence_bleu of sacrebleu divided by 100, as it is without options: smoothing "exp" (method 3 of Chen and Cherry 2014),
// effective order, tokens 13a ([vocabulary.mtevalSequence]), case kept. Two texts without any token score 1 where they are equal, else 0.
// Source: Papineni and others: BLEU: a Method for Automatic Evaluation of Machine Translation, 2002. It was made for a whole corpus; of
// single sentences only the order of scores says something.
func bleu(output, reference string) float64 {
	words := newVocabulary((len(output) + len(reference)) / bytesPerToken)
	a, b := words.mtevalSequence(output, asToken), words.mtevalSequence(reference, asToken)
	if len(a)+len(b) == 0 {
		return sameText(output, reference)
	}
	common := overlaps(a, b, translationOrder)
	if common[0] == 0 {
		return 0
	}
	orders := min(translationOrder, len(a))
	sum, smooth := 0.0, 1.0
	for n := 1; n <= orders; n++ {
		hits := float64(common[n-1])
		if hits == 0 {
			smooth *= 2
			hits = 1 / smooth
		}
		sum += math.Log(hits / float64(gramsOf(len(a), n)))
	}
	if len(a) < len(b) {
		sum += float64(orders) * (1 - float64(len(b))/float64(len(a)))
	}
	return math.Exp(sum / float64(orders))
}

// gleu returns how many sequences of one to four tokens two texts share, from 0 to 1: the GLEU of one sentence,
//
//	min(P, R) = c / max(g, h)
//
// for texts of g and h n-grams of all four lengths together, of which c are common, each counted as often as in the text that has it less
// often. It is symmetric. That is sentence_gleu of nltk and google_bleu of evaluate, with the tokens of [bleu]. Two texts without any
// token score 1 where they are equal, else 0.
// Source: Wu and others: Google's Neural Machine Translation System, 2016, section 5.3.
func gleu(output, reference string) float64 {
	words := newVocabulary((len(output) + len(reference)) / bytesPerToken)
	a, b := words.mtevalSequence(output, asToken), words.mtevalSequence(reference, asToken)
	if len(a)+len(b) == 0 {
		return sameText(output, reference)
	}
	hits, g, h := 0, 0, 0
	for n, c := range overlaps(a, b, translationOrder) {
		hits += c
		g += gramsOf(len(a), n+1)
		h += gramsOf(len(b), n+1)
	}
	return float64(hits) / float64(max(g, h))
}
