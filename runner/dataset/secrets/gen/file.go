package main

// These are the contents of rules.json; package secrets has the same types.

// file is what the package embeds.
type file struct {
	Source string  `json:"source"`
	Allow  []allow `json:"allow"` // for every rule
	Rules  []rule  `json:"rules"`
}

// A rule says how one kind of secret looks.
type rule struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Regexp   string   `json:"regexp"`
	Group    int      `json:"group,omitempty"`
	Entropy  float64  `json:"entropy,omitempty"`
	Keywords []string `json:"keywords,omitempty"` // one of them must be in the text; none where the anchors say as much
	Before   int      `json:"before"`             // bytes of a match before an anchor, at most; -1: an anchor says nothing of where matches are
	After    int      `json:"after"`              // and after it
	Anchors  []anchor `json:"anchors"`
	Allow    []allow  `json:"allow,omitempty"`
}

// An anchor is a set of words, one of which is in every match, and what must follow it there.
type anchor struct {
	Words []string `json:"words"`
	Exact bool     `json:"exact,omitempty"` // in this case; else in any, and the words are lower case
	Tail  []step   `json:"tail,omitempty"`
}

// A step is so many bytes out of a class.
type step struct {
	Class string `json:"class"` // pairs of first and last byte
	Min   int    `json:"min"`
	Max   int    `json:"max"`
}

// An allow takes back a finding: where the expression matches its target, or the secret has one of the words in it.
type allow struct {
	Target string   `json:"target,omitempty"` // "match" or "line"; else the secret
	Regexp string   `json:"regexp,omitempty"`
	Words  []string `json:"words,omitempty"`
}
