package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
)

// addPreference reads a line in the preference format, {input: {messages, tools, parallel_tool_calls}, preferred_output, non_preferred_output}:
// a conversation, and two replies of which the first is the better. It is one turn to learn.
func (d *trainingData) addPreference(line []byte) error {
	var ex struct {
		Messages json.RawMessage `json:"messages"`
		Input    *struct {
			Messages []message         `json:"messages"`
			Tools    []json.RawMessage `json:"tools"`
			Parallel *bool             `json:"parallel_tool_calls"`
		} `json:"input"`
		Preferred    []message `json:"preferred_output"`
		NonPreferred []message `json:"non_preferred_output"`
	}
	if err := decodeLine(line, &ex); err != nil {
		return err
	}
	if ex.Input == nil && ex.Messages != nil {
		return errors.New("has messages and no input: it is for the method supervised")
	}
	if ex.Input == nil {
		return errors.New("has no input")
	}
	messages := ex.Input.Messages
	if err := checkMessages(messages); err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if err := checkTexts(messages); err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if messages[len(messages)-1].Role == "assistant" {
		return errors.New("input: the last message must not be the assistant's, whose turn it is")
	}
	if err := checkOutput(ex.Preferred); err != nil {
		return fmt.Errorf("preferred_output: %w", err)
	}
	if err := checkOutput(ex.NonPreferred); err != nil {
		return fmt.Errorf("non_preferred_output: %w", err)
	}
	for _, list := range [][]message{messages, ex.Preferred, ex.NonPreferred} {
		for i := range list {
			d.tokens += int64(countTokens(list[i].Content.text))
		}
	}
	worse := ex.NonPreferred[0].reply()
	d.turns = append(d.turns, turn{promptOf(messages), ex.Preferred[0].reply(), &worse})
	return nil
}

// checkOutput wants one text of the assistant.
func checkOutput(messages []message) error {
	if len(messages) != 1 {
		return fmt.Errorf("has %d messages, and must have one", len(messages))
	}
	if err := checkMessages(messages); err != nil {
		return err
	}
	switch m := &messages[0]; {
	case m.Role != "assistant":
		return fmt.Errorf("the message must be the assistant's, not the %s's", m.Role)
	case m.calls():
		return errors.New("the message calls a tool, and only text is learned")
	}
	return checkTexts(messages)
}

// checkTexts refuses parts of messages that are no text, which the method does not take.
func checkTexts(messages []message) error {
	for i := range messages {
		if kind := messages[i].Content.other; kind != "" {
			return fmt.Errorf("message %d has a part of type %q, and only text is learned", i+1, kind)
		}
	}
	return nil
}
