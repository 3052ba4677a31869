package rows_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset/rows"
)

var (
	fuzzedContainers   = []string{".json", ".jsonl", ".csv", ".tsv"}
	fuzzedCompressions = []string{"", ".gz", ".zst"}
)

// FuzzRows checks that every text gives rows or problems, the same however it arrives, numbered without a gap and inside the file; that a row read
// first and taken apart later is the same; and that a compressed text gives what the text gives.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "[{\"a\":1}]", "{\"a\":1}\n\n{\"b\":2}", "q,a\n1,2\n\"x\ny\",3", "{\"d\":[{\"a\":1}]}", mark + "[\n1]", "\"", "q\n\"",
		"\x00", "\xff\xfe", "{\"a\":1,\"a\":2}", "[{\"a\":\"\\ud800\"}]", "a,a\n", "[[]", "{\"x\":[],\"y\":[]}", "\r\n\r\n{}",
		"q\ta\n1\t\"2\n\"\n", "[{\"a\":1,\n\"a\":\"\xff\"},\n{}]", "{\"\xff\":1}", "\x1f\x8b", "PK\x03\x04", "q\n\"@\"\"\n\"", "sep=;\nq;a\n1;\"2\n\"",
		"q;a\n1;2\n;\n", "sep=\u00a6\nq\u00a6a\n\"1\n\"\u00a62", "[\n{\"a\":\"\x01\"}]",
	} {
		for kind := range fuzzedContainers {
			f.Add([]byte(seed), byte(kind))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, kind byte) {
		extension := fuzzedContainers[int(kind)%len(fuzzedContainers)]
		got := transcript(t, bytes.NewReader(data), extension)
		if len(got) == 0 {
			t.Fatal("neither a row nor a problem")
		}
		if slow := transcript(t, iotest.OneByteReader(bytes.NewReader(data)), extension); !cmp.Equal(got, slow) {
			t.Errorf("rows differ when bytes come one by one:\n%s", cmp.Diff(got, slow))
		}
		if later := rawTranscript(t, bytes.NewReader(data), extension); !cmp.Equal(got, later) {
			t.Errorf("rows differ when they are taken apart later:\n%s", cmp.Diff(got, later))
		}
		for _, compression := range fuzzedCompressions[1:] {
			packed := transcript(t, bytes.NewReader(pack(t, compression, data)), extension+compression)
			if len(data) > 0 && !isPacked(data) && !cmp.Equal(got, packed) {
				t.Errorf("rows differ when the text is compressed as %s:\n%s", compression, cmp.Diff(got, packed))
			}
		}
		checkPositions(t, data, extension)
	})
}

// isPacked reports whether the text is refused for being compressed, in words that tell once from twice.
func isPacked(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\x1f\x8b")) || bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd")) ||
		len(data) > 3 && string(data[1:4]) == "\x2a\x4d\x18"
}

// FuzzPacked changes compressed files at will: what comes out is the rows of the text, or ends with a fatal problem.
func FuzzPacked(f *testing.F) {
	for _, text := range samples() {
		for compression := range fuzzedCompressions {
			f.Add([]byte(text), byte(compression), uint(20), byte(1), uint(0))
			f.Add([]byte(text), byte(compression), uint(0), byte(0), uint(9))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, kind byte, at uint, flip byte, cut uint) {
		compression := fuzzedCompressions[1+int(kind)%(len(fuzzedCompressions)-1)]
		packed := pack(t, compression, text)
		packed[at%uint(len(packed))] ^= flip
		packed = packed[:uint(len(packed))-cut%uint(len(packed))]
		for _, container := range fuzzedContainers {
			want := transcript(t, bytes.NewReader(pack(t, compression, text)), container+compression)
			got := transcript(t, bytes.NewReader(packed), container+compression)
			if !cmp.Equal(want, got) && !strings.HasSuffix(got[len(got)-1], "[fatal]") {
				t.Errorf("rows are lost without a problem:\n%s", cmp.Diff(want, got))
			}
			slow := transcript(t, iotest.OneByteReader(bytes.NewReader(packed)), container+compression)
			if !cmp.Equal(got, slow) {
				t.Errorf("rows differ when bytes come one by one:\n%s", cmp.Diff(got, slow))
			}
			transcript(t, bytes.NewReader(text), container+compression) // any bytes for a compressed file
		}
	})
}

// FuzzDamagedLine puts any line between rows of a table that have no quotes: every row before it is read, and every row after it too, unless the
// problem that says they were not read is fatal and points at the line.
func FuzzDamagedLine(f *testing.F) {
	for _, seed := range []string{"", "1", "a,b,c", "x\"y,2", "\"x\"y,2", "\"x,2", "x,\"y", "x,\"y\r", "\"\"\",\"\"", "\x00,\xff", ",", "\"x\",\"y\" "} {
		f.Add(seed, uint8(2), uint8(3))
	}
	f.Fuzz(func(t *testing.T, damaged string, before, after uint8) {
		if strings.Contains(damaged, "\n") {
			t.Skip("more than a line")
		}
		for extension, comma := range map[string]string{".csv": ",", ".tsv": "\t"} {
			first, second := "first"+comma+"x\n", "second"+comma+"x\n"
			text := "q" + comma + "a\n" + strings.Repeat(first, int(before)) + damaged + "\n" + strings.Repeat(second, int(after))
			got, readBefore, readAfter := transcript(t, strings.NewReader(text), extension), 0, 0
			for _, line := range got {
				if strings.Contains(line, `="first" a@`) {
					readBefore++
				} else if strings.Contains(line, `="second" a@`) {
					readAfter++
				}
			}
			last := ""
			if len(got) > 0 {
				last = got[len(got)-1]
			}
			fatal := strings.HasSuffix(last, "[fatal]") && strings.Contains(last, fmt.Sprintf("@%d:", int(before)+2))
			if readBefore < int(before) || readAfter < int(after) && !fatal {
				t.Errorf("%q: of %d and %d rows around the line %d and %d are read, and the last thing said is %s", text, before, after, readBefore, readAfter, last)
			}
			if fatal && readAfter > 0 {
				t.Errorf("%q: rows are read after a fatal problem", text)
			}
		}
	})
}

// rawTranscript is transcript, with all rows read before the first is taken apart.
func rawTranscript(t *testing.T, src io.Reader, extension string) []string {
	t.Helper()
	r, err := rows.NewReader(src, extension)
	if err != nil {
		t.Fatal(err)
	}
	type item struct {
		raw rows.Raw
		err error
	}
	var items []item
	for {
		raw, err := r.NextRaw()
		if err == io.EOF {
			break
		}
		items = append(items, item{raw, err})
	}
	var list []string
	for _, it := range items {
		row, err := rows.Row{}, it.err
		if err == nil {
			row, err = it.raw.Parse()
			if p, ok := errors.AsType[*rows.Problem](err); ok && (p.Fatal || p.Row != it.raw.Number) {
				t.Errorf("a problem of row %d taken apart is fatal, or of another row: %+v", it.raw.Number, p)
			}
		}
		list = append(list, line(t, row, err))
	}
	return list
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
			checkField(t, f, extension, text, inside)
		}
	}
	if last != r.Count() {
		t.Errorf("Count is %d, and the last row is %d", r.Count(), last)
	}
}

// checkField makes sure that a field is JSON and that every byte of it is where At says; in a table, that At gives a line of the file.
func checkField(t *testing.T, f rows.Field, extension string, text [][]byte, inside func(what string, line, col int)) {
	t.Helper()
	inside("a field", f.Line, f.Col)
	if !f.Value.IsValid() {
		t.Errorf("field %q is %q, which is not JSON", f.Name, f.Value)
	}
	for i, c := range f.Value {
		line, col := f.At(i)
		if line < f.Line || line > len(text) || col < 1 {
			t.Fatalf("byte %d of %q is at %d:%d, outside the file of %d lines", i, f.Value, line, col, len(text))
		}
		if exact := strings.HasPrefix(extension, ".json"); exact && c != '\n' && text[line-1][col-1] != c {
			t.Errorf("byte %d of %q is %q, and there is %q at %d:%d", i, f.Value, c, text[line-1][col-1], line, col)
		}
	}
}

// line writes what came of a row as a line of a transcript.
func line(t *testing.T, row rows.Row, err error) string {
	t.Helper()
	if p, ok := errors.AsType[*rows.Problem](err); ok {
		text := fmt.Sprintf("row %d @%d:%d problem: %s", p.Row, p.Line, p.Col, p.Message)
		if p.Fatal {
			text += " [fatal]"
		}
		return text
	} else if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("row %d @%d:%d", row.Number, row.Line, row.Col)
	for _, f := range row.Fields {
		text += fmt.Sprintf(" %s@%d:%d=%s", f.Name, f.Line, f.Col, f.Value)
	}
	return text
}
