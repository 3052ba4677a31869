// Package secrets finds secrets in text: keys, tokens and passwords that were never meant to be learned by a model.
//
// What a secret looks like is said by the rules of gitleaks (https://github.com/gitleaks/gitleaks), which are data: rules.json has those that are
// about text, under the licence in LICENSE.gitleaks. The program in the folder gen, a module of its own, makes that file from a version of
// gitleaks, and its tests hold what is found here to what that version finds. The engine is ours, because it has to keep up with a disk: almost
// all text has nothing in it that a rule needs, and should cost one glance.
//
// A text goes through three sieves. The first finds the words that the rules need, their anchors (filter.go), the second looks at the bytes after
// them (tail.go), and only what is left is shown to a rule's expression, in a window around the anchor that no match can pass (search.go). Expressions are compiled when they are first needed. Then thresholds of entropy and lists of what is
// allowed take findings back, examples above all, as gitleaks does.
//
// What gitleaks finds and this package does not:
//   - what its rules of file names find, and its rules for certain files: hashicorp-tf-password, kubernetes-secret-yaml, nuget-config-password,
//     pkcs12-file, freemius-secret-key. A text of training data is in no file. Allowances for certain files don't apply either.
//   - what is encoded: a text is taken as it is, and no base64 is decoded.
//   - a rule's word that is spelled with the sign for kelvin or the long s, which Unicode counts as a "k" and an "s".
//   - a second finding of the same place: one rule's secret inside another's.
//   - a match that goes on for more than 16 KiB beside its anchor, and what a rule finds in a text after a thousand others.
//
// A rule that allows a secret for the line it stands in is given that line. gitleaks gives it the whole text before as well where the line is the
// last.
package secrets

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// A Finding is a secret in a text.
type Finding struct {
	Rule        string // gitleaks' id of the rule, such as "openai-api-key"
	Title       string // the same for people, such as "an OpenAI API key"; never the secret
	Offset, Len int    // of the secret itself in the text, in bytes
}

var load = sync.OnceValue(newEngine)

// Find returns the secrets in a text in their order, each place once: a finding that lies inside another is left out, and of two for the same
// place the first by the rule's id stays. It is safe for concurrent use. The first call reads the rules.
func Find(text string) []Finding {
	all := load().find(text)
	if len(all) == 0 {
		return nil
	}
	list := make([]Finding, 0, len(all))
	slices.SortFunc(all, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(len(b.secret), len(a.secret)), cmp.Compare(a.rule.ID, b.rule.ID))
	})
	end := -1
	for _, f := range all {
		if f.offset+len(f.secret) > end {
			end = f.offset + len(f.secret)
			list = append(list, Finding{Rule: f.rule.ID, Title: f.rule.Title, Offset: f.offset, Len: len(f.secret)})
		}
	}
	return list
}

// maxShown is how many bytes of a secret are shown.
const maxShown = 4

// Redact returns what may be shown of a secret: its beginning, a quarter of it and four characters at most, and stars for the rest, however much
// that is.
func Redact(secret string) string {
	shown := min(maxShown, len(secret)/4)
	for shown > 0 && !utf8.RuneStart(secret[shown]) {
		shown--
	}
	return strings.ToValidUTF8(secret[:shown], "*") + "****"
}
