package dataset

import (
	"context"
	"errors"
	"io"
	"strings"

	"ftrun/runner/dataset/rows"
)

// A Lesson is a question of the data with an answer to it that is learnt, and the row that has it.
type Lesson struct {
	Row       int    // counted from 1
	Line, Col int    // of the row, counted from 1
	Question  string // the last thing that the user said
	Asked     string // all that the user said by then, a line each; empty where that is the question alone
	Answer    string // empty where the answer is no text, such as the call of a tool
}

// Scan reads the rows of the data file as [Prepare] does, and hands on what they teach, in the order of the file: for every assistant message
// that is learnt, the last user message before it. It counts no tokens and writes nothing. Rows that [Prepare] refuses are passed over, and those
// that it would drop for being too long are not. Memory does not grow with the file. An error of each ends the scan and is returned.
func Scan(ctx context.Context, config Config, each func(Lesson) error) error {
	m, err := newMapper(config.Dataset)
	if err != nil {
		return err
	}
	reader, err := rows.Open(config.Path)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		row, err := reader.Next()
		_, isProblem := errors.AsType[*rows.Problem](err)
		switch {
		case err == io.EOF:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case isProblem:
		case err != nil:
			return err
		default:
			if err := m.teach(row, each); err != nil {
				return err
			}
		}
	}
}

// teach hands on what a row teaches.
func (m *mapper) teach(row rows.Row, each func(Lesson) error) error {
	r := &report{row: row}
	ex := m.example(row, m.decide(row), r)
	if len(r.list) > 0 {
		return nil
	}
	var asked []string
	for _, msg := range ex.messages {
		switch {
		case msg.role == "user":
			asked = append(asked, msg.plain())
		case msg.role == "assistant" && asked != nil && !msg.silent():
			lesson := Lesson{Row: row.Number, Line: row.Line, Col: row.Col, Question: asked[len(asked)-1], Answer: msg.plain()}
			if len(asked) > 1 {
				lesson.Asked = strings.Join(asked, "\n")
			}
			if err := each(lesson); err != nil {
				return err
			}
		}
	}
	return nil
}

// plain returns the text of a message, or of its content parts, a line each.
func (m message) plain() string {
	if m.text != "" {
		return m.text
	}
	var lines []string
	for _, member := range m.members {
		if member.name != "content" {
			continue
		}
		for _, part := range elements(member.value) {
			for _, key := range members(part) {
				if key.name == "text" && key.value.Kind() == '"' {
					lines = append(lines, unquote(key.value))
				}
			}
		}
	}
	return strings.Join(lines, "\n")
}

// silent reports whether the message is not learnt.
func (m message) silent() bool {
	for _, member := range m.members {
		if member.name == "weight" {
			return string(member.value) == "0"
		}
	}
	return false
}
