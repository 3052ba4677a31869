package secrets

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"sync"

	"ftrun/runner/dataset/sieve"
)

//go:embed rules.json
var rulesJSON []byte

// rules is what rules.json has: gen/file.go has the same types, and says what the numbers are.
type rules struct {
	Source string
	Allow  []*allow // for every rule
	Rules  []*rule
}

// A rule says how one kind of secret looks. Every match of the expression has an anchor in it.
type rule struct {
	ID, Title     string
	Regexp        *lazy
	Group         int     // of the expression, which is the secret; 0: the first that is not empty, or all
	Entropy       float64 // bits a byte that a secret must exceed; 0: none
	Keywords      []string
	Before, After int
	Anchors       []*anchor
	Allow         []*allow

	index int
}

// An anchor is words, one of which is in every match of a rule, or in every match of one kind, and what must follow it.
type anchor struct {
	Words []string
	Exact bool
	Tail  tail
}

// An allow takes back findings.
type allow struct {
	Target string // of the expression: "match", "line", or the secret
	Regexp *lazy
	Words  words // in the secret, in any case
}

// Words are found in one pass.
type words struct {
	list  []string
	sieve func() *sieve.Sieve
}

func (w *words) UnmarshalJSON(text []byte) error {
	w.sieve = sync.OnceValue(func() *sieve.Sieve {
		var all []sieve.Word
		for _, one := range w.list {
			all = append(all, sieve.Word{Text: one})
		}
		return sieve.New(all)
	})
	return json.Unmarshal(text, &w.list)
}

// in says whether a text has one of the words in it.
func (w *words) in(text string) bool { return len(w.list) > 0 && w.sieve().Any(text) }

// A lazy is an expression that is compiled when it is first needed.
type lazy struct {
	text    string
	compile func() *regexp.Regexp
}

func (l *lazy) UnmarshalText(text []byte) error {
	l.text = string(text)
	l.compile = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(l.text) })
	return nil
}

// readRules returns the rules of the file that is part of the program.
func readRules() rules {
	var r rules
	if err := json.Unmarshal(rulesJSON, &r); err != nil {
		panic("read rules.json, which is part of this program: " + err.Error())
	}
	for i, one := range r.Rules {
		one.index = i
	}
	return r
}

// allows says whether a finding is none.
func (a *allow) allows(secret, match string, near *line) bool {
	switch {
	case a.Regexp == nil:
	case a.Target == "line":
		if near.allowedBy(a) {
			return true
		}
	case a.Target == "match":
		if a.Regexp.compile().MatchString(match) {
			return true
		}
	case a.Regexp.compile().MatchString(secret):
		return true
	}
	return a.Words.in(secret)
}
