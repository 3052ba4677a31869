package embedded

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// checkTurns refuses a conversation whose tools speak out of turn, as the service does: each call is answered, right after the message
// that makes it, and nothing else is.
func checkTurns(messages []message) error {
	var open []string // calls that wait for their answer
	for i := range messages {
		m := &messages[i]
		if m.Role == "tool" {
			if m.ToolCallID == "" {
				return missingParam(fmt.Sprintf("messages[%d].tool_call_id", i))
			}
			at := slices.Index(open, m.ToolCallID)
			if at < 0 {
				return invalid(fmt.Sprintf("messages[%d].role", i),
					"Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
			}
			open = slices.Delete(open, at, at+1)
			continue
		}
		if len(open) > 0 {
			return unanswered(i, open)
		}
		if m.Role == "assistant" && present(m.ToolCalls) {
			ids, err := callIDs(m.ToolCalls, i)
			if err != nil {
				return err
			}
			open = ids
		}
	}
	if len(open) > 0 {
		return unanswered(len(messages)-1, open)
	}
	return nil
}

func unanswered(i int, ids []string) error {
	return invalid(fmt.Sprintf("messages[%d].role", i), "An assistant message with 'tool_calls' must be followed by tool messages responding to "+
		"each 'tool_call_id'. The following tool_call_ids did not have response messages: %s", strings.Join(ids, ", "))
}

// callIDs checks the calls of a message and returns their ids.
func callIDs(raw json.RawMessage, i int) ([]string, error) {
	param := fmt.Sprintf("messages[%d].tool_calls", i)
	var calls []toolCall
	if json.Unmarshal(raw, &calls) != nil {
		return nil, invalid(param, "Invalid type for '%s': expected an array of tool calls.", param)
	}
	var ids []string
	for n := range calls {
		if name, ok := calls[n].name(); !ok || name.name == "" {
			return nil, invalid(fmt.Sprintf("%s[%d]", param, n), "Invalid '%s[%d]': a tool call has an id, a type, and a function with a name and arguments.", param, n)
		}
		ids = append(ids, calls[n].ID)
	}
	return ids, nil
}
