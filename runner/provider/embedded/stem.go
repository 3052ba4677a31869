package embedded

import "strings"

// A suffix is an ending of English words, and how many letters must be left when it goes.
type suffix struct {
	ending string
	left   int
}

// suffixes stand longest first, so that "payments" loses "ments" and not only "s". The stems are not words; they only have to be the
// same for the forms of one word.
var suffixes = [...]suffix{
	{"izations", 3}, {"ization", 3}, {"ations", 4}, {"ements", 4}, {"ation", 4}, {"ement", 4}, {"ments", 3}, {"ment", 3}, {"ness", 4},
	{"ings", 3}, {"ing", 3}, {"ions", 4}, {"ion", 4}, {"able", 4}, {"ers", 4}, {"ies", 2}, {"ied", 2}, {"ily", 3},
	{"ed", 3}, {"er", 4}, {"es", 3}, {"ly", 3}, {"al", 4}, {"s", 3}, {"e", 3}, {"y", 3},
}

// stem cuts an ending off a lower-case word, so that "connect", "connected" and "connections" count as one. Other languages than
// English lose an "s" or an "e" now and then, the same way each time, which does no harm.
func stem(word string) string {
	for _, s := range suffixes {
		if len(word) >= len(s.ending)+s.left && strings.HasSuffix(word, s.ending) {
			if s.ending == "s" && strings.HasSuffix(word, "ss") {
				continue
			}
			return undouble(word[:len(word)-len(s.ending)])
		}
	}
	return word
}

// undouble makes "runn" of "running" the "run" that it comes from.
func undouble(s string) string {
	n := len(s)
	if n >= 4 && s[n-1] == s[n-2] && strings.IndexByte("bdglmnprt", s[n-1]) >= 0 {
		return s[:n-1]
	}
	return s
}
