package grade

import (
	"strings"
	"unicode/utf8"
)

// stem returns what a lower-case English word has in common with its inflected and derived forms: "connect" of "connections".
//
// The algorithm is Porter's (An algorithm for suffix stripping, 1980), with his own later changes and those of nltk, so that the scores of
// [meteor] are nltk's. Words with letters beyond ASCII, and those of one or two letters, are their own stems.
func stem(word string) []byte {
	if irregular, ok := irregularStems[word]; ok {
		return []byte(irregular)
	}
	if len(word) <= 2 || strings.IndexFunc(word, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		return []byte(word)
	}
	w := &stemming{}
	w.replace(0, word)
	w.plural()
	w.participle()
	w.finalY()
	w.doubleSuffix()
	w.apply(suffixes3, 0)
	w.apply(suffixes4, 1)
	w.finalE()
	return w.word
}

// irregularStems are nltk's exceptions.
var irregularStems = map[string]string{
	"sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news", "inning": "inning", "innings": "inning",
	"outing": "outing", "outings": "outing", "canning": "canning", "cannings": "canning", "howe": "howe", "proceed": "proceed",
	"exceed": "exceed", "succeed": "succeed",
}

// A suffix is a rule: an ending and what takes its place.
type suffix struct {
	ending, instead string
}

// The rules of steps 2 to 4. Of those of a step, the first whose ending a word has decides, whether it is applied or not.
var (
	suffixes2 = []suffix{
		{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"}, {"bli", "ble"}, {"alli", "al"},
		{"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"}, {"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"}, {"alism", "al"},
		{"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"}, {"fulli", "ful"},
	}
	suffixes3 = []suffix{
		{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""},
	}
	suffixes4 = []suffix{
		{"al", ""}, {"ance", ""}, {"ence", ""}, {"er", ""}, {"ic", ""}, {"able", ""}, {"ible", ""}, {"ant", ""}, {"ement", ""}, {"ment", ""},
		{"ent", ""}, {"ion", ""}, {"ou", ""}, {"ism", ""}, {"ate", ""}, {"iti", ""}, {"ous", ""}, {"ive", ""}, {"ize", ""},
	}
)

// A stemming is a word on the way to its stem.
type stemming struct {
	word  []byte
	vowel []bool // of each byte: is it a, e, i, o, u, or a y after a consonant
}

// replace cuts the word to n bytes and puts an ending on it.
func (w *stemming) replace(n int, ending string) {
	w.word, w.vowel = w.word[:n], w.vowel[:n]
	for i := range len(ending) {
		c := ending[i]
		vowel := strings.IndexByte("aeiou", c) >= 0 || c == 'y' && len(w.vowel) > 0 && !w.vowel[len(w.vowel)-1]
		w.word, w.vowel = append(w.word, c), append(w.vowel, vowel)
	}
}

// without returns how long the word is without an ending, or false where it does not end so.
func (w *stemming) without(ending string) (int, bool) {
	n := len(w.word) - len(ending)
	return n, n >= 0 && string(w.word[n:]) == ending
}

// measure returns Porter's m of the first n bytes: how many times a consonant follows a vowel.
func (w *stemming) measure(n int) int {
	m := 0
	for i := 1; i < n; i++ {
		if w.vowel[i-1] && !w.vowel[i] {
			m++
		}
	}
	return m
}

// hasVowel is Porter's *v* of the first n bytes.
func (w *stemming) hasVowel(n int) bool {
	for _, v := range w.vowel[:n] {
		if v {
			return true
		}
	}
	return false
}

// short is Porter's *o of the first n bytes: consonant, vowel and consonant at the end, that last one not w, x or y; to nltk, a whole of vowel
// and consonant too.
func (w *stemming) short(n int) bool {
	if n == 2 {
		return w.vowel[0] && !w.vowel[1]
	}
	return n >= 3 && !w.vowel[n-3] && w.vowel[n-2] && !w.vowel[n-1] && strings.IndexByte("wxy", w.word[n-1]) < 0
}

// apply applies the first rule whose ending the word has, where the measure of what is before it is above a bound.
func (w *stemming) apply(rules []suffix, above int) {
	for _, r := range rules {
		n, ok := w.without(r.ending)
		if !ok {
			continue
		}
		if w.measure(n) > above && (r.ending != "ion" || strings.IndexByte("st", w.word[n-1]) >= 0) {
			w.replace(n, r.instead)
		}
		return
	}
}

// plural is step 1a.
func (w *stemming) plural() {
	if n, ok := w.without("ies"); ok && n == 1 {
		w.replace(n, "ie") // nltk: dies, ties
		return
	}
	for _, r := range []suffix{{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}} {
		if n, ok := w.without(r.ending); ok {
			w.replace(n, r.instead)
			return
		}
	}
}

// participle is step 1b.
func (w *stemming) participle() {
	if n, ok := w.without("ied"); ok {
		if w.replace(n, "i"); n == 1 {
			w.replace(n, "ie") // nltk: died, tied
		}
		return
	}
	if n, ok := w.without("eed"); ok {
		if w.measure(n) > 0 {
			w.replace(n, "ee")
		}
		return
	}
	for _, ending := range []string{"ed", "ing"} {
		if n, ok := w.without(ending); ok && w.hasVowel(n) {
			w.replace(n, "")
			w.mend()
			return
		}
	}
}

// mend gives a word that lost its -ed or -ing the end that it has alone: hop of hopp, file of fil.
func (w *stemming) mend() {
	n := len(w.word)
	for _, ending := range []string{"at", "bl", "iz"} {
		if _, ok := w.without(ending); ok {
			w.replace(n, "e")
			return
		}
	}
	switch {
	case n >= 2 && w.word[n-1] == w.word[n-2] && !w.vowel[n-1]:
		if strings.IndexByte("lsz", w.word[n-1]) < 0 {
			w.replace(n-1, "")
		}
	case w.measure(n) == 1 && w.short(n):
		w.replace(n, "e")
	}
}

// finalY is step 1c: y becomes i, to nltk only after a consonant that is not the first letter.
func (w *stemming) finalY() {
	if n, ok := w.without("y"); ok && n > 1 && !w.vowel[n-1] {
		w.replace(n, "i")
	}
}

// doubleSuffix is step 2.
func (w *stemming) doubleSuffix() {
	for n, ok := w.without("alli"); ok && w.measure(n) > 0; n, ok = w.without("alli") {
		w.replace(n, "al") // nltk: and on with what is there now
	}
	if n, ok := w.without("logi"); ok {
		if w.measure(n+1) > 0 {
			w.replace(n, "log")
		}
		return
	}
	w.apply(suffixes2, 0)
}

// finalE is step 5.
func (w *stemming) finalE() {
	if n, ok := w.without("e"); ok {
		if m := w.measure(n); m > 1 || m == 1 && !w.short(n) {
			w.replace(n, "")
		}
	}
	if n, ok := w.without("ll"); ok && w.measure(n+1) > 1 {
		w.replace(n+1, "")
	}
}
