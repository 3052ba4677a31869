package embedded

import (
	"encoding/json"
	"fmt"
)

// standInCall is the id of the first call in a conversation that nobody has learned.
const standInCall = "call_ftrun_embedded_stand_in"

// said is the text by which a call is told from others: a function's arguments, a custom tool's input. It is nil where the call has none.
func (t *toolCall) said() *string {
	switch {
	case t.Function != nil:
		return t.Function.Arguments
	case t.Custom != nil:
		return t.Custom.Input
	default:
		return nil
	}
}

// tokens counts the name and what is said.
func (t *toolCall) tokens() int {
	name, _ := t.name()
	return countTokens(name.name) + countTokens(deref(t.said()))
}

// readCalls reads calls that were checked before; what are none are no calls.
func readCalls(raw json.RawMessage) []toolCall {
	var calls []toolCall
	if json.Unmarshal(raw, &calls) != nil {
		return nil
	}
	return calls
}

func countCalls(raw json.RawMessage) int {
	n := 0
	for _, call := range readCalls(raw) {
		n += call.tokens()
	}
	return n
}

// withOwnIDs gives another id to each call whose own one is taken, by a call of the conversation or by one beside it: tools answer to an id, so
// two calls can't share one. A learned call keeps the id that it was learned with where that is free.
func withOwnIDs(raw json.RawMessage, conversation []message) (json.RawMessage, error) {
	taken := map[string]bool{}
	for i := range conversation {
		if conversation[i].calls() {
			for _, call := range readCalls(conversation[i].ToolCalls) {
				taken[call.ID] = true
			}
		}
	}
	calls := readCalls(raw)
	changed := false
	for i := range calls {
		for n := 1; taken[calls[i].ID]; n++ {
			calls[i].ID, changed = standInCall, true
			if n > 1 {
				calls[i].ID = fmt.Sprintf("%s_%d", standInCall, n)
			}
		}
		taken[calls[i].ID] = true
	}
	if !changed {
		return raw, nil
	}
	return json.Marshal(calls)
}

// firstOfCalls cuts calls after n tokens: what the last one that begins says breaks off, and those behind it are gone. It is nil where not even
// a name is left.
func firstOfCalls(raw json.RawMessage, n int) (json.RawMessage, error) {
	var kept []toolCall
	for _, call := range readCalls(raw) {
		name, _ := call.name()
		if n -= countTokens(name.name); n <= 0 {
			break
		}
		short, cut := firstTokens(*call.said(), n)
		n -= countTokens(short)
		*call.said() = short
		kept = append(kept, call)
		if cut {
			break
		}
	}
	if kept == nil {
		return nil, nil
	}
	return json.Marshal(kept)
}
