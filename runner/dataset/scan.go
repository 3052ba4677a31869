package dataset

import (
	"context"
	"strings"

	"ftrun/runner/dataset/rows"
)

// A Lesson is a question of the data with an answer to it that is learnt, and the row that has it.
type Lesson struct {
	Source    string // as the spec has it
	File      int    // number of the source, from 0
	Row       int    // counted from 1
	Line, Col int    // of the row, counted from 1
	Question  string // the last thing that the user said
	Asked     string // all that the user said by then, a line each; empty where that is the question alone
	Answer    string // empty where the answer is no text, such as the call of a tool
}

// A Look makes a function that is called with lessons, by one goroutine and those of a row one after the other. Rows come in any order.
type Look func() func(Lesson)

// Scan reads the rows of training as [Prepare] does, and hands on what they teach: for every assistant message that is learnt, the last user
// message before it; for a preference, the preferred output. It counts no tokens and writes nothing. Rows that [Prepare] refuses are passed
// over, those that it would drop for being too long are not. Memory does not grow with the data.
func Scan(ctx context.Context, config Config, look Look) error {
	config.Validation = nil
	r, err := newRun(config, look)
	if err != nil {
		return err
	}
	return r.all(ctx)
}

// teach hands on what an example teaches.
func (w *worker) teach(s *source, row rows.Row, ex *example) {
	messages := ex.messages
	if len(ex.outputs) > 0 {
		messages = append(messages[:len(messages):len(messages)], ex.outputs[0])
	}
	var asked []string
	for i, m := range messages {
		learnt := !m.weightless && (len(ex.outputs) == 0 || i == len(messages)-1)
		switch {
		case m.role == "user":
			asked = append(asked, m.plain())
		case m.role == "assistant" && asked != nil && learnt:
			lesson := Lesson{
				Source: s.file.Name, File: s.index, Row: row.Number, Line: row.Line, Col: row.Col,
				Question: asked[len(asked)-1], Answer: m.plain(),
			}
			if len(asked) > 1 {
				lesson.Asked = strings.Join(asked, "\n")
			}
			w.look(lesson)
		}
	}
}
