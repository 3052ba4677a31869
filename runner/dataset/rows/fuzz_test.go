package rows_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset/rows"
)

// FuzzRows checks that every text gives rows or problems, the same however it arrives, numbered without a gap and inside the file.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[{\"a\":1}]", "{\"a\":1}\n\n{\"b\":2}", "q,a\n1,2\n\"x\ny\",3", "{\"d\":[{\"a\":1}]}", mark + "[\n1]", "\"", "q\n\"",
		"\x00", "\xff\xfe", "{\"a\":1,\"a\":2}", "[{\"a\":\"\\ud800\"}]", "a,a\n", "[[]", "{\"x\":[],\"y\":[]}", "\r\n\r\n{}",
	} {
		for kind := range byte(3) {
			f.Add([]byte(seed), kind)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, kind byte) {
		extension := []string{".json", ".jsonl", ".csv"}[kind%3]
		got := transcript(t, bytes.NewReader(data), extension)
		if len(got) == 0 {
			t.Fatal("neither a row nor a problem")
		}
		if slow := transcript(t, oneByte{bytes.NewReader(data)}, extension); !cmp.Equal(got, slow) {
			t.Errorf("rows differ when bytes come one by one:\n%s", cmp.Diff(got, slow))
		}
		checkPositions(t, data, extension)
	})
}

// checkPositions makes sure that every position lies in the file and that numbers count up.
func checkPositions(t *testing.T, data []byte, extension string) {
	t.Helper()
	text := bytes.Split(bytes.TrimPrefix(data, []byte(mark)), []byte("\n"))
	inside := func(what string, line, col int) {
		t.Helper()
		if line < 0 || line > len(text) || col < 0 || line > 0 && col > len(text[line-1])+2 {
			t.Errorf("%s is at %d:%d, outside the file of %d lines", what, line, col, len(text))
		}
	}
	r, err := rows.NewReader(bytes.NewReader(data), extension)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for row, err := range r.All() {
		if p, ok := errors.AsType[*rows.Problem](err); ok {
			inside("a problem", p.Line, p.Col)
			row.Number = p.Row
		} else if err != nil {
			t.Fatal(err)
		} else {
			inside("a row", row.Line, row.Col)
		}
		if row.Number != 0 && row.Number != last+1 {
			t.Errorf("row %d follows row %d", row.Number, last)
		}
		last = max(last, row.Number)
		for _, f := range row.Fields {
			inside("a field", f.Line, f.Col)
			if !f.Value.IsValid() {
				t.Errorf("field %q is %q, which is not JSON", f.Name, f.Value)
			}
		}
	}
	if last != r.Count() {
		t.Errorf("Count is %d, and the last row is %d", r.Count(), last)
	}
}
