package overlap

// WithoutHints makes a finder look closely at every text.
func (f *Finder) WithoutHints() *Finder {
	f.hints = nil
	return f
}

// RulesOut says whether a text is passed over at a glance.
func (f *Finder) RulesOut(text string) bool { return f.hints.rulesOut(text) }
