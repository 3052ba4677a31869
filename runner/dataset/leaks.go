package dataset

import (
	"fmt"

	"ftrun/runner/dataset/secrets"
	"ftrun/spec/diag"
)

// checkSecrets looks for keys and passwords in the texts of an example. What is found is told by its kind and never shown.
func (w *worker) checkSecrets(ex *example, r *report) {
	severity := diag.Warning
	switch w.run.config.Dataset.Secrets {
	case SecretsOff:
		return
	case SecretsError:
		severity = diag.Error
	}
	for _, list := range [][]message{ex.messages, ex.outputs} {
		for _, m := range list {
			w.leaks(severity, m.role, m.text, m.at, r)
			for _, member := range m.members {
				w.leaks(severity, m.role, string(member.value), func(int) place { return m.place }, r)
			}
		}
	}
	for _, member := range ex.extra {
		w.leaks(severity, member.name, string(member.value), func(int) place { return place{} }, r)
	}
}

// leaks reports the secrets in a text. at says where an offset in the text stands.
func (w *worker) leaks(severity diag.Severity, who, text string, at func(offset int) place, r *report) {
	for _, found := range secrets.Find(text) {
		r.refused = r.refused || severity == diag.Error
		r.tell(severity, kindSecret, at(found.Offset), fmt.Sprintf("the text of %s may hold a secret, %s: %s",
			who, found.Title, secrets.Redact(text[found.Offset:found.Offset+found.Len])), "take it out, and make the key worthless if it is real")
	}
}

// at returns where an offset in the message's text stands; of a text that was put together, where the message does.
func (m message) at(offset int) place {
	if m.source.value != nil && offset < len(m.source.text()) {
		return m.source.within(offset)
	}
	return m.place
}
