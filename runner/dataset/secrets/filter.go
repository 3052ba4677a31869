package secrets

import "ftrun/runner/dataset/sieve"

// A filter finds the words of all anchors.
type filter struct {
	entries []entry
	sieve   *sieve.Sieve
}

// An entry is a word, and whose it is.
type entry struct {
	sieve.Word
	owners []owner
}

// An owner is a rule whose anchor has a word.
type owner struct {
	rule   *rule
	anchor *anchor
}

// newFilter returns the filter of the anchors of all rules.
func newFilter(list []*rule) *filter {
	f := &filter{entries: anchorsOf(list)}
	words := make([]sieve.Word, len(f.entries))
	for i := range f.entries {
		e := &f.entries[i]
		e.After = [...][]byte{e.after(0), e.after(1)}
		words[i] = e.Word
	}
	f.sieve = sieve.New(words)
	return f
}

// anchorsOf returns the words of the anchors of all rules.
func anchorsOf(list []*rule) []entry {
	byWord := map[string]int{}
	var entries []entry
	for _, r := range list {
		for _, a := range r.Anchors {
			for _, w := range a.Words {
				name := w
				if a.Exact {
					name = "=" + w
				}
				i, ok := byWord[name]
				if !ok {
					i = len(entries)
					byWord[name] = i
					entries = append(entries, entry{Word: sieve.Word{Text: w, Exact: a.Exact}})
				}
				entries[i].owners = append(entries[i].owners, owner{r, a})
			}
		}
	}
	return entries
}

// after returns the bytes that may come so far after the word.
func (e *entry) after(n int) []byte {
	var may [256]bool
	for _, o := range e.owners {
		steps, skip := o.anchor.Tail.steps, n
		for len(steps) > 0 && steps[0].Min == steps[0].Max && skip >= steps[0].Max {
			skip -= steps[0].Max
			steps = steps[1:]
		}
		class := "\x00\xff"
		if len(steps) > 0 && skip < steps[0].Min {
			class = steps[0].Class
		}
		for i := 0; i < len(class); i += 2 {
			for b := int(class[i]); b <= int(class[i+1]); b++ {
				may[b] = true
			}
		}
	}
	list := []byte{}
	for b, ok := range may {
		if ok {
			list = append(list, byte(b))
		}
	}
	return list
}

// scan calls visit with every word in a text, and where it begins.
func (f *filter) scan(text string, visit func(e *entry, at int)) {
	for i, at := range f.sieve.In(text) {
		visit(&f.entries[i], at)
	}
}
