package secrets

import "strings"

// A line is the one of a text that a match is in, or the lines. What is known of it is kept for the next match: a text may be one long line with
// thousands of them.
type line struct {
	text     string
	from, to int
	single   bool // it has no end of a line in it
	marked   bool // it has the mark that takes back what is found in it
	allowed  map[*allow]bool
}

// allowMark in a line takes back what is found there.
const allowMark = "gitleaks:allow"

// move goes on to the line of a match.
func (l *line) move(from, to int) {
	if l.single && l.from <= from && to <= l.to {
		return
	}
	l.from, l.to = strings.LastIndexByte(l.text[:from], '\n')+1, len(l.text)
	if i := strings.IndexByte(l.text[to:], '\n'); i >= 0 {
		l.to = to + i
	}
	all := l.text[l.from:l.to]
	l.single, l.marked, l.allowed = !strings.Contains(all, "\n"), strings.Contains(all, allowMark), nil
}

// allowedBy says whether an expression allows what is in the line.
func (l *line) allowedBy(a *allow) bool {
	allowed, ok := l.allowed[a]
	if !ok {
		if l.allowed == nil {
			l.allowed = map[*allow]bool{}
		}
		allowed = a.Regexp.compile().MatchString(l.text[l.from:l.to])
		l.allowed[a] = allowed
	}
	return allowed
}
