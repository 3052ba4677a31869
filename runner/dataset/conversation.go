package dataset

import (
	"fmt"
	"slices"
)

// checkConversation checks what concerns the messages of a supervised example together.
func checkConversation(path string, list []message, array node, r *report) {
	switch {
	case array.kind() != '[':
		return // reported
	case len(list) == 0:
		r.addf(kindBlank, array, "%s is empty", path)
		return
	}
	checkOrder(path, list, r)
	answers, silent, asked := 0, 0, false
	for _, m := range list {
		switch m.role {
		case "assistant":
			answers++
			if m.weightless {
				silent++
			}
		case "system", "developer":
		default:
			asked = true
		}
	}
	switch last := list[len(list)-1]; {
	case last.role != "assistant":
		r.addf(kindLast, last.spot, "the last message is of role %s: want assistant, whose text is what is learnt", quote(last.role))
	case answers == silent:
		r.addf(kindWeight, array, "every assistant message has weight 0, so there is nothing to learn")
	case !asked:
		r.addf(kindNoUser, array, "no user message: there is nothing to answer")
	}
}

// checkOrder checks who speaks after whom.
func checkOrder(path string, list []message, r *report) {
	var calls []string       // of the assistant message before
	var open map[string]bool // those of them that are not answered yet
	began := false           // somebody else than system and developer has spoken
	for i, m := range list {
		at := func() string { return fmt.Sprintf("%s[%d]", path, i) }
		if m.role == "tool" {
			if m.answers != "" && !open[m.answers] {
				r.addf(kindTools, m.spot, "%s answers the call %s, which no assistant message right before it makes", at(), quote(m.answers))
			}
			delete(open, m.answers)
			began = true
			continue
		}
		if i := slices.IndexFunc(calls, func(id string) bool { return open[id] }); i >= 0 {
			r.warn(kindTools, m.spot, fmt.Sprintf("%s comes before the call %s is answered", at(), quote(calls[i])), "")
		}
		if calls, open = m.calls, nil; len(calls) > 0 {
			open = make(map[string]bool, len(calls))
			for _, id := range calls {
				if open[id] {
					r.warn(kindTools, m.spot, fmt.Sprintf("%s makes two calls with the id %s", at(), quote(id)), "")
				}
				open[id] = true
			}
		}
		switch {
		case m.role == "system" || m.role == "developer":
			if began {
				r.warn(kindOrder, m.spot, fmt.Sprintf("%s is of role %q, which mostly stands first", at(), m.role), "")
			}
			continue
		case i > 0 && m.role == list[i-1].role && (m.role == "user" || m.role == "assistant"):
			r.warn(kindOrder, m.spot, fmt.Sprintf("%s is of role %q, as the message before it", at(), m.role), "join the two, unless the model should learn such turns")
		}
		began = true
	}
}
