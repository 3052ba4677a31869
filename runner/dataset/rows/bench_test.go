package rows_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
)

// benchSize is how many bytes of rows are read.
const benchSize = 60 << 20

// gsm8k returns the training rows of GSM8K, a line each, until they have about size bytes; chat makes conversations of them.
func gsm8k(b *testing.B, size int, chat bool) [][]byte {
	b.Helper()
	root := os.Getenv("FTRUN_TESTDATA")
	if root == "" {
		root = filepath.FromSlash("../../../../shared")
	}
	text, err := os.ReadFile(filepath.Join(root, "data", "gsm8k_train.jsonl"))
	if err != nil {
		b.Skip("needs GSM8K, set FTRUN_TESTDATA: ", err)
	}
	var list [][]byte
	for size > 0 {
		for line := range bytes.Lines(text) {
			line = bytes.TrimSpace(line)
			if chat {
				line = conversation(b, line)
			}
			list = append(list, line)
			if size -= len(line) + 1; size <= 0 {
				break
			}
		}
	}
	return list
}

// conversation puts the question and the answer of a row into messages.
func conversation(b *testing.B, line []byte) []byte {
	b.Helper()
	r, err := rows.NewReader(bytes.NewReader(line), ".jsonl")
	if err != nil {
		b.Fatal(err)
	}
	row, err := r.Next()
	if err != nil {
		b.Fatal(err)
	}
	return fmt.Appendf(nil, `{"messages": [{"role": "system", "content": "You solve problems step by step."}, `+
		`{"role": "user", "content": %s}, {"role": "assistant", "content": %s}]}`, row.Fields[0].Value, row.Fields[1].Value)
}

func array(list [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(list, []byte(",\n"))...), ']')
}

func lines(list [][]byte) []byte { return bytes.Join(list, []byte("\n")) }

// BenchmarkReader reads 60 MB of rows. Boundaries is what one goroutine has to do, and Whole takes every row apart as well.
func BenchmarkReader(b *testing.B) {
	for _, data := range []struct {
		name, extension string
		make            func() []byte
	}{
		{"array of questions", ".json", func() []byte { return array(gsm8k(b, benchSize, false)) }},
		{"lines of questions", ".jsonl", func() []byte { return lines(gsm8k(b, benchSize, false)) }},
		{"lines of chats", ".jsonl", func() []byte { return lines(gsm8k(b, benchSize, true)) }},
		{"table", ".csv", func() []byte { return tableOf(b, gsm8k(b, benchSize, false)) }},
		{"lines in gzip", ".jsonl.gz", func() []byte { return pack(b, ".gz", lines(gsm8k(b, benchSize, false))) }},
		{"lines in zstd", ".jsonl.zst", func() []byte { return pack(b, ".zst", lines(gsm8k(b, benchSize, false))) }},
	} {
		b.Run(data.name, func(b *testing.B) {
			text := data.make()
			b.Run("Boundaries", func(b *testing.B) { readAll(b, text, data.extension, false) })
			b.Run("Whole", func(b *testing.B) { readAll(b, text, data.extension, true) })
		})
	}
}

func readAll(b *testing.B, text []byte, extension string, whole bool) {
	b.ReportAllocs()
	count := 0
	for b.Loop() {
		r, err := rows.NewReader(bytes.NewReader(text), extension)
		if err != nil {
			b.Fatal(err)
		}
		for {
			if whole {
				_, err = r.Next()
			} else {
				_, err = r.NextRaw()
			}
			if err == io.EOF {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(r.TextSize())
		count = r.Count()
	}
	b.ReportMetric(float64(count), "rows/op")
}

// tableOf writes rows of questions and answers as CSV.
func tableOf(b *testing.B, list [][]byte) []byte {
	b.Helper()
	text := []byte("question,answer\n")
	r, err := rows.NewReader(bytes.NewReader(lines(list)), ".jsonl")
	if err != nil {
		b.Fatal(err)
	}
	for row, err := range r.All() {
		if err != nil {
			b.Fatal(err)
		}
		text = append(append(text, cell(row.Fields[0])...), ',')
		text = append(append(text, cell(row.Fields[1])...), '\n')
	}
	return text
}

// cell returns a field as a cell in quotes.
func cell(f rows.Field) []byte {
	text, _ := jsontext.AppendUnquote(nil, f.Value)
	return fmt.Appendf(nil, `"%s"`, bytes.ReplaceAll(text, []byte(`"`), []byte(`""`)))
}
