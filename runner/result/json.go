package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

const indent = "  "

// Write writes run as results.json. The cases are streamed, last; no more than one of them is in memory.
//
// The bytes are a function of the run. Text stays readable: only what JSON demands is escaped. What JSON can't express is
// replaced: invalid UTF-8 by U+FFFD, NaN and infinities by null where the field may be null and else by 0, a list or mapping
// that is nil by an empty one.
func Write(w io.Writer, run *Run) error {
	head, err := encode(tidyRun(*run), "")
	if err != nil {
		return err
	}
	// The object is opened again to take the cases as its last member.
	if _, err := fmt.Fprintf(w, "%s,\n%s\"cases\": [", bytes.TrimSuffix(head, []byte("\n}")), indent); err != nil {
		return err
	}
	n, err := writeCases(w, run.Cases)
	if err != nil {
		return err
	}
	end := "]\n}\n"
	if n > 0 {
		end = "\n" + indent + end
	}
	_, err = io.WriteString(w, end)
	return err
}

// writeCases writes the elements of the list of cases and returns how many there were.
func writeCases(w io.Writer, cases Cases) (n int, err error) {
	if cases == nil {
		return 0, nil
	}
	for c, err := range cases.All() {
		if err != nil {
			return n, err
		}
		data, err := encode(tidyCase(c), indent+indent)
		if err != nil {
			return n, fmt.Errorf("encode case %q: %w", c.ID, err)
		}
		before := ",\n"
		if n == 0 {
			before = "\n"
		}
		if _, err := fmt.Fprint(w, before, indent+indent, string(data)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// WriteEvent writes e as one line of JSON, with the same replacements as [Write].
func WriteEvent(w io.Writer, e Event) error {
	if e.Job != nil {
		e.Job = new(tidyJob(*e.Job))
	}
	if e.Dataset != nil {
		e.Dataset = new(tidyDataset(*e.Dataset))
	}
	if e.Finished != nil {
		e.Finished = new(tidyStage(*e.Finished))
	}
	if e.Case != nil {
		e.Case = new(tidyCase(*e.Case))
	}
	if e.Threshold != nil {
		e.Threshold = new(tidyThreshold(*e.Threshold))
	}
	enc := json.NewEncoder(w) // gives a line to the writer whole
	enc.SetEscapeHTML(false)
	return enc.Encode(e)
}

// encode returns the indented JSON of v without a line end; prefix begins every line but the first.
func encode(v any, prefix string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
