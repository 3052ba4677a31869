package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const systemPrompt = "Solve the problem step by step."

// A cell is a column of a row, in the order in which it is written.
type cell struct {
	name  string
	value any // string, or what encoding/json writes
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type turn struct {
	From  string `json:"from"`
	Value string `json:"value"`
}

// shapes are how rows tell an example, by name: what the usual tools write.
func shapes() map[string]func(row) []cell {
	user := func(r row) message { return message{"user", r.Question} }
	return map[string]func(row) []cell{
		"qa":         func(r row) []cell { return []cell{{"question", r.Question}, {"answer", r.Answer}} },
		"completion": func(r row) []cell { return []cell{{"prompt", r.Question}, {"completion", r.Answer}} },
		"alpaca":     func(r row) []cell { return []cell{{"instruction", r.Question}, {"input", ""}, {"output", r.Answer}} },
		"chat": func(r row) []cell {
			return []cell{{"messages", []message{{"system", systemPrompt}, user(r), {"assistant", r.Answer}}}}
		},
		"sharegpt": func(r row) []cell {
			return []cell{{"conversations", []turn{{"system", systemPrompt}, {"human", r.Question}, {"gpt", r.Answer}}}}
		},
		"preference": func(r row) []cell {
			return []cell{
				{"input", map[string][]message{"messages": {{"system", systemPrompt}, user(r)}}},
				{"preferred_output", []message{{"assistant", r.Answer}}},
				{"non_preferred_output", []message{{"assistant", "I can't say. " + r.Answer[:len(r.Answer)/2]}}},
			}
		},
	}
}

// A rowWriter writes rows into a container.
type rowWriter interface {
	write(row) error
	end() error
}

func newRowWriter(w io.Writer, container string, cells func(row) []cell) (rowWriter, error) {
	switch container {
	case "json":
		return &objects{w: w, cells: cells, before: "[\n", between: ",\n", behind: "\n]\n"}, nil
	case "jsonl":
		return &objects{w: w, cells: cells, between: "\n", behind: "\n"}, nil
	case "csv":
		return newTable(w, ',', cells)
	case "tsv":
		return newTable(w, '\t', cells)
	default:
		return nil, fmt.Errorf("%q is no container", container)
	}
}

// objects writes JSON objects.
type objects struct {
	w                       io.Writer
	cells                   func(row) []cell
	before, between, behind string
	begun                   bool
	line                    bytes.Buffer
}

func (o *objects) write(r row) error {
	o.line.Reset()
	if !o.begun {
		o.line.WriteString(o.before)
	} else {
		o.line.WriteString(o.between)
	}
	o.begun = true
	encoder := json.NewEncoder(&o.line)
	encoder.SetEscapeHTML(false) // other languages leave "<" as it is, and so do most data files
	for i, c := range o.cells(r) {
		begin := ", "
		if i == 0 {
			begin = "{"
		}
		fmt.Fprintf(&o.line, "%s%q: ", begin, c.name)
		if err := encoder.Encode(c.value); err != nil {
			return err
		}
		o.line.Truncate(o.line.Len() - 1) // the encoder ends the line
	}
	o.line.WriteByte('}')
	_, err := o.w.Write(o.line.Bytes())
	return err
}

func (o *objects) end() error {
	_, err := io.WriteString(o.w, o.behind)
	return err
}

// A table writes a header and records.
type table struct {
	w     *csv.Writer
	cells func(row) []cell
}

func newTable(w io.Writer, comma rune, cells func(row) []cell) (*table, error) {
	t := &table{w: csv.NewWriter(w), cells: cells}
	t.w.Comma = comma
	var header []string
	for _, c := range cells(row{}) {
		if _, isText := c.value.(string); !isText {
			return nil, errors.New("a table has room for texts alone")
		}
		header = append(header, c.name)
	}
	return t, t.w.Write(header)
}

func (t *table) write(r row) error {
	var record []string
	for _, c := range t.cells(r) {
		record = append(record, c.value.(string))
	}
	return t.w.Write(record)
}

func (t *table) end() error {
	t.w.Flush()
	return t.w.Error()
}
