package embedded

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	minExamples = 10       // the service's least number of lines in a training file
	maxLine     = 16 << 20 // bytes; no example of 65,536 tokens comes near it
	maxFaulty   = 5        // faulty lines that one message names
)

const (
	codeInvalidTraining   = "invalid_training_file"
	codeInvalidValidation = "invalid_validation_file"
	codeInvalidCount      = "invalid_n_examples"
)

// A turn is one thing to learn from a training file: what was said, and what the assistant said then.
type turn struct {
	prompt prompt
	reply  reply
	worse  *reply // what the assistant should rather not have said; nil but under the method dpo
}

// trainingData is what a file holds.
type trainingData struct {
	method string // decides what a line is
	param  string // training_file or validation_file
	code   string // of the failure where the file is invalid

	turns    []turn
	examples int   // lines
	tokens   int64 // of all messages, as the engine counts them
}

// read reads a file. It finds what the service finds wrong with such a file, and says where; the error is then a *jobFailure.
func (d *trainingData) read(ctx context.Context, r io.Reader) error {
	add := d.addChat
	if d.method == methodDPO {
		add = d.addPreference
	}
	var faulty []string
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	number := 0
	for lines.Scan() {
		if err := ctx.Err(); err != nil {
			return err
		}
		number++
		line := lines.Bytes()
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		d.examples++
		if err := add(line); err != nil && len(faulty) <= maxFaulty {
			faulty = append(faulty, fmt.Sprintf("line %d: %v", number, err))
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		faulty = append(faulty, fmt.Sprintf("line %d: longer than %d bytes", number+1, maxLine))
	case err != nil:
		return err
	}
	if len(faulty) > 0 {
		return d.invalid(faulty)
	}
	return nil
}

func (d *trainingData) invalid(faulty []string) *jobFailure {
	more := ""
	if len(faulty) > maxFaulty {
		faulty, more = faulty[:maxFaulty], "; and more"
	}
	return &jobFailure{Code: d.code, Param: &d.param, Message: fmt.Sprintf("The job failed due to an invalid %s: %s%s.",
		strings.ReplaceAll(d.param, "_", " "), strings.Join(faulty, "; "), more)}
}

// checkCount applies the service's least number of training examples.
func (d *trainingData) checkCount() error {
	if d.examples >= minExamples {
		return nil
	}
	param := "training_file"
	return &jobFailure{Code: codeInvalidCount, Param: &param, Message: fmt.Sprintf(
		"The job failed due to an invalid training file. Training file has %d example(s), but must have at least %d examples.",
		d.examples, minExamples)}
}

// addChat reads a line in the chat format. Every message of the assistant in it is a turn to learn, unless its weight is 0.
func (d *trainingData) addChat(line []byte) error {
	var ex struct {
		Messages  []message       `json:"messages"`
		Preferred json.RawMessage `json:"preferred_output"`
	}
	if err := decodeLine(line, &ex); err != nil {
		return err
	}
	if len(ex.Messages) == 0 && ex.Preferred != nil {
		return errors.New("has a preferred_output and no messages: it is for the method dpo")
	}
	if err := checkMessages(ex.Messages); err != nil {
		return err
	}
	if last := ex.Messages[len(ex.Messages)-1]; last.Role != "assistant" {
		return fmt.Errorf("the last message must be the assistant's, not the %s's", last.Role)
	}
	for i := range ex.Messages {
		m := &ex.Messages[i]
		d.tokens += int64(countTokens(m.Content.text))
		if m.learnable() {
			d.turns = append(d.turns, turn{prompt: promptOf(ex.Messages[:i]), reply: m.reply()})
		}
	}
	return nil
}

// decodeLine reads the object that a line has to be.
func decodeLine(line []byte, into any) error {
	if line[0] != '{' {
		return errors.New("not a JSON object")
	}
	err := json.Unmarshal(line, into)
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s must not be a %s", wrong.Field, wrong.Value)
	}
	return err
}

// checkMessages says what the service would refuse in a conversation.
func checkMessages(messages []message) error {
	if len(messages) == 0 {
		return errors.New("has no messages")
	}
	for i := range messages {
		if err := messages[i].check(); err != nil {
			return fmt.Errorf("message %d %w", i+1, err)
		}
	}
	return nil
}
