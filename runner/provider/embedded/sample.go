package embedded

import (
	"regexp/syntax"
	"strings"
)

// maxSample bounds the text that a pattern is given.
const maxSample = 4096

// sampleOf returns a short text that a regular expression matches, or an empty one where it can't be read. What it demands of the
// neighbourhood of a place, such as the bounds of words, is not looked at: whoever uses the text checks it.
func sampleOf(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	writeSample(&b, re)
	return b.String()
}

func writeSample(b *strings.Builder, re *syntax.Regexp) {
	if b.Len() > maxSample {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			b.WriteRune(plainest(re.Rune))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpCapture, syntax.OpPlus:
		writeSample(b, re.Sub[0])
	case syntax.OpRepeat:
		for range re.Min {
			writeSample(b, re.Sub[0])
		}
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			writeSample(b, sub)
		}
	case syntax.OpAlternate:
		writeSample(b, re.Sub[0])
	}
}

// plainest picks a letter or a digit out of the ranges of a class where it has one.
func plainest(ranges []rune) rune {
	for _, want := range "ax0A1" {
		for i := 0; i < len(ranges); i += 2 {
			if ranges[i] <= want && want <= ranges[i+1] {
				return want
			}
		}
	}
	return ranges[0]
}
