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
				w.deepLeaks(severity, m.role, member, m.spot, r)
			}
		}
	}
	for _, member := range ex.extra {
		w.deepLeaks(severity, member.name, member, node{}, r)
	}
}

// deepLeaks reports the secrets in every text of a value.
func (w *worker) deepLeaks(severity diag.Severity, who string, m member, at node, r *report) {
	(node{value: m.value}).texts(func(text string) { w.leaks(severity, who, text, func(int) node { return at }, r) })
}

// leaks reports the secrets in a text. at says where an offset in the text stands.
func (w *worker) leaks(severity diag.Severity, who, text string, at func(offset int) node, r *report) {
	for _, found := range secrets.Find(text) {
		r.refused = r.refused || severity == diag.Error
		r.tell(severity, kindSecret, at(found.Offset), fmt.Sprintf("the text of %s may hold a secret, %s: %s",
			who, found.Title, secrets.Redact(text[found.Offset:found.Offset+found.Len])), "take it out, and make the key worthless if it is real")
	}
}

// at returns where an offset in the message's text stands; of a text that was put together, where the message does.
func (m message) at(offset int) node {
	if m.source.value != nil && offset < len(m.source.text()) {
		return m.source.within(offset)
	}
	return m.spot
}
