package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
)

// A sample is a text and what gitleaks finds in it: the rule and the secret, in order.
type sample struct {
	Text  string      `json:"text"`
	Found [][2]string `json:"found"`
}

// samples makes up texts that match the rules, or nearly: as many of either for each rule.
func samples(d *detect.Detector, seed uint64, each int) []sample {
	random := rand.New(rand.NewPCG(seed, 0))
	var list []sample
	for _, id := range slices.Sorted(maps.Keys(d.Config.Rules)) {
		r := d.Config.Rules[id]
		if !ofText(r) {
			continue
		}
		re := must(syntax.Parse(r.Regex.String(), syntax.Perl))
		for range each {
			match := textOf(re, random)
			list = append(list, look(d, inside(random, r, match)), look(d, inside(random, r, bent(random, match))))
		}
	}
	return list
}

// look asks gitleaks. Rules of paths have nothing to do with a text.
func look(d *detect.Detector, text string) sample {
	s := sample{Text: text, Found: [][2]string{}}
	for _, f := range d.DetectString(text) {
		s.Found = append(s.Found, [2]string{f.RuleID, f.Secret})
	}
	slices.SortFunc(s.Found, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return s
}

// inside puts a text among others, sometimes twice, and names a keyword of the rule in some of them.
func inside(random *rand.Rand, r config.Rule, match string) string {
	keyword := ""
	if len(r.Keywords) > 0 && random.IntN(2) == 0 {
		keyword = r.Keywords[random.IntN(len(r.Keywords))] + " "
	}
	switch random.IntN(5) {
	case 0:
		return keyword + match
	case 1:
		return fmt.Sprintf("%sSo Ann's 2 keys, 3 tokens and a password:\n%s\nwere 6 things. They cost $12.", keyword, match)
	case 2:
		return fmt.Sprintf("über %s%s; %s", keyword, match, match)
	case 3:
		return fmt.Sprintf("{\"%sa\": \"%s\", \"b\": \"%s\"}", keyword, match, match)
	}
	return fmt.Sprintf("%s ask, they said. key=\"%s\" and the key is here\n", match, keyword)
}

// bent changes a byte of a text, or removes one.
func bent(random *rand.Rand, text string) string {
	b := []byte(text)
	i := random.IntN(len(b))
	if random.IntN(2) == 0 {
		return string(slices.Delete(b, i, i+1))
	}
	b[i] = " -_.aA0=\"\n"[random.IntN(10)]
	return strings.ToValidUTF8(string(b), "?")
}

// textOf makes up a text that an expression matches, out of ASCII. Boundaries are left to chance.
func textOf(re *syntax.Regexp, random *rand.Rand) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return charOf(re, random)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string(rune(' ' + random.IntN(95)))
	case syntax.OpCapture:
		return textOf(re.Sub[0], random)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(textOf(sub, random))
		}
		return b.String()
	case syntax.OpAlternate:
		return textOf(re.Sub[random.IntN(len(re.Sub))], random)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		least, most := counts(re)
		if most < 0 || most > least+6 {
			most = least + 6
		}
		var b strings.Builder
		for range least + random.IntN(most-least+1) {
			b.WriteString(textOf(re.Sub[0], random))
		}
		return b.String()
	}
	return ""
}

// charOf returns a printable ASCII character of a class where it has one.
func charOf(re *syntax.Regexp, random *rand.Rand) string {
	var chars []rune
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for r := re.Rune[i]; r <= min(re.Rune[i+1], '~'); r++ {
			if r >= ' ' {
				chars = append(chars, r)
			}
		}
	}
	if len(chars) == 0 {
		return string(re.Rune[0])
	}
	return string(chars[random.IntN(len(chars))])
}

// pack returns samples as compressed JSON, the same bytes for the same samples. Compressed, they are no secrets in plain sight of those who look
// for any in this repository.
func pack(list []sample) []byte {
	var b bytes.Buffer
	z := must(gzip.NewWriterLevel(&b, gzip.BestCompression))
	e := json.NewEncoder(z)
	for _, s := range list {
		if err := e.Encode(s); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// unpack reads what pack wrote.
func unpack(packed []byte) ([]sample, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(z)
	var list []sample
	for {
		var s sample
		if err := d.Decode(&s); err == io.EOF {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
}
