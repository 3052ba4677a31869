package rows_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"

	"ftrun/runner/dataset/rows"
)

// TestParseInParallel reads all the rows first and then takes them apart in several goroutines, as Next would have.
func TestParseInParallel(t *testing.T) {
	const count = 5000
	for extension, piece := range map[string]func(i int) string{
		".jsonl": func(i int) string {
			return fmt.Sprintf("{\"n\":%d,\"text\":%q}\n", i, strings.Repeat("x", i%300*(i%7)))
		},
		".json": func(i int) string {
			return fmt.Sprintf(",\n{\"n\":%d,\n\"text\":%q}", i, strings.Repeat("y", i%300*(i%7)))
		},
		".csv": func(i int) string { return fmt.Sprintf("%d,\"a\nb %s\"\n", i, strings.Repeat("z", i%300)) },
	} {
		var b strings.Builder
		b.WriteString(map[string]string{".json": "[{}", ".csv": "n,text\n"}[extension])
		for i := range count {
			b.WriteString(piece(i))
		}
		b.WriteString(map[string]string{".json": "]"}[extension])
		text := b.String()

		var want []rows.Row
		for row, err := range read(t, text, extension).All() {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, row)
		}
		var raws []rows.Raw
		for r := read(t, text, extension); ; {
			raw, err := r.NextRaw()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			raws = append(raws, raw)
		}
		got := make([]rows.Row, len(raws))
		var group sync.WaitGroup
		for worker := range 4 {
			group.Go(func() {
				for i := worker; i < len(raws); i += 4 {
					row, err := raws[i].Parse()
					if err != nil {
						t.Error(err)
					}
					got[i] = row
				}
			})
		}
		group.Wait()
		if !reflect.DeepEqual(want, got) || len(got) < count {
			t.Errorf("%s: %d rows of Next and %d of Parse differ", extension, len(want), len(got))
		}
	}
}

func read(t *testing.T, text, extension string) *rows.Reader {
	t.Helper()
	r, err := rows.NewReader(strings.NewReader(text), extension)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAt looks the mark "@" of a field's value up, and then in the file at the position that At gives.
func TestAt(t *testing.T) {
	for _, test := range []struct {
		extension, text string
		line, col       int
	}{
		{".jsonl", "{}\n  {\"a\": [\"é\", {\"b\": \"x@\"}]}", 2, 24},
		{".json", "[{\"z\": 1,\n\"a\": [1,\n  {\"b\":\r\n \"@\"}]}]", 4, 3},
		{".json", "[\n{\"a\": [1, \"@\"]}]", 2, 12},
		{".csv", "q,a\n1,x@y\n", 2, 4},
		{".csv", "q,a\n1,\"x, @\"\n", 2, 7},
		{".csv", "q,a\n1,\"say \"\"hi\"\" @\"\n", 2, 15},
		{".csv", "q,a\n1,\"one\ntwo\r\n\\ three@\"\n", 4, 8},
		{".tsv", "q\ta\n1\tx, @y\n", 2, 6},
		{".tsv", "q\ta\n1\t\"x\t@y\"\n", 2, 6},
	} {
		for row, err := range read(t, test.text, test.extension).All() {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range row.Fields {
				if line, col := f.At(0); line != f.Line || col != f.Col {
					t.Errorf("%q: At(0) is %d:%d, and the field is at %d:%d", test.text, line, col, f.Line, f.Col)
				}
				if i := bytes.IndexByte(f.Value, '@'); i >= 0 {
					if line, col := f.At(i); line != test.line || col != test.col {
						t.Errorf("%q: the mark is at %d:%d, want %d:%d", test.text, line, col, test.line, test.col)
					}
					at := strings.Split(test.text, "\n")[test.line-1]
					if at[test.col-1] != '@' {
						t.Errorf("%q: %d:%d is %q", test.text, test.line, test.col, at[test.col-1])
					}
				}
			}
		}
	}
}
