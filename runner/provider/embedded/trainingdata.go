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
}

// trainingData is what a file holds.
type trainingData struct {
	turns    []turn
	examples int   // lines
	tokens   int64 // of all messages, as the engine counts them
}

// readTraining reads a file in the chat format. It finds what the service finds wrong with such a file, and says where; the error is then a
// *jobFailure with that code.
func readTraining(ctx context.Context, r io.Reader, param, code string) (trainingData, error) {
	var data trainingData
	var faulty []string
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 1<<16), maxLine)
	number := 0
	for lines.Scan() {
		if err := ctx.Err(); err != nil {
			return trainingData{}, err
		}
		number++
		line := lines.Bytes()
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		data.examples++
		if err := data.add(line); err != nil && len(faulty) <= maxFaulty {
			faulty = append(faulty, fmt.Sprintf("line %d: %v", number, err))
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		faulty = append(faulty, fmt.Sprintf("line %d: longer than %d bytes", number+1, maxLine))
	case err != nil:
		return trainingData{}, err
	}
	if len(faulty) > 0 {
		return trainingData{}, invalidFile(param, code, faulty)
	}
	return data, nil
}

func invalidFile(param, code string, faulty []string) *jobFailure {
	more := ""
	if len(faulty) > maxFaulty {
		faulty, more = faulty[:maxFaulty], "; and more"
	}
	return &jobFailure{Code: code, Param: &param, Message: fmt.Sprintf("The job failed due to an invalid %s: %s%s.",
		strings.ReplaceAll(param, "_", " "), strings.Join(faulty, "; "), more)}
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

// add reads one line. Every message of the assistant in it is a turn to learn, unless its weight is 0.
func (d *trainingData) add(line []byte) error {
	if line[0] != '{' {
		return errors.New("not a JSON object")
	}
	var ex struct {
		Messages []message `json:"messages"`
	}
	if err := json.Unmarshal(line, &ex); err != nil {
		if _, ok := errors.AsType[*json.SyntaxError](err); ok {
			return fmt.Errorf("not valid JSON: %w", err)
		}
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("%s must not be a %s", wrong.Field, wrong.Value)
		}
		return err
	}
	if len(ex.Messages) == 0 {
		return errors.New("has no messages")
	}
	for i := range ex.Messages {
		if err := ex.Messages[i].check(); err != nil {
			return fmt.Errorf("message %d %w", i+1, err)
		}
	}
	if last := ex.Messages[len(ex.Messages)-1]; last.Role != "assistant" {
		return fmt.Errorf("the last message must be the assistant's, not the %s's", last.Role)
	}
	for i := range ex.Messages {
		m := &ex.Messages[i]
		d.tokens += int64(countTokens(m.Content.text))
		if m.learnable() {
			d.turns = append(d.turns, turn{promptOf(ex.Messages[:i]), m.reply()})
		}
	}
	return nil
}
