package dataset_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"ftrun/runner/dataset"
)

// gsm8k returns the path of the training half of GSM8K, or skips where it is not there.
func gsm8k(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("FTRUN_TESTDATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(folder, "data", "gsm8k_train.jsonl")
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs gsm8k_train.jsonl, set FTRUN_TESTDATA: ", err)
	}
	return path
}

// TestGSM8K prepares 7,473 real rows. The digest is the promise of FormatVersion on them.
func TestGSM8K(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := config(t, gsm8k(t))
	got, text := prepare(t, c)
	stats := got.Stats
	if stats.Total != 7473 || stats.Training != 7473 || strings.Count(text, "\n") != 7473 {
		t.Errorf("%d rows and %d examples, want 7473", stats.Total, stats.Training)
	}
	// 1,170,402 tokens of text, and for each example 2 messages, their roles, and the start of the reply.
	if want := int64(1_170_402 + 7473*(2*(3+1)+3)); stats.Tokens != want {
		t.Errorf("%d tokens, want %d", stats.Tokens, want)
	}
	if want := "0cab85e09e82c88a94d7ae7e990d3ec108d1e537be28ff2747ffd09dd8e24657"; got.SHA256 != want {
		t.Errorf("the training file's digest is %s, want %s", got.SHA256, want)
	}
}

// TestFlatMemory looks at the live heap again and again while 100,000 different rows are prepared, which would fill some 50 MB all at once.
// It looks where examples are written: while that waits, the batches under way come to their ends, so that nothing else is allocated, on one
// core or on many. What may grow is what is remembered of each example, to find those that come again.
func TestFlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const rows, perRow = 100_000, 64
	c := config(t, write(t, "d.jsonl", differing(rows)))
	if _, err := dataset.Check(t.Context(), config(t, write(t, "d.jsonl", qaPad)), nil); err != nil { // loads the encoding
		t.Fatal(err)
	}
	base, peak, lines := liveHeap(), int64(0), 0
	_, err := dataset.PrepareTo(t.Context(), c, writerFunc(func(text []byte) (int, error) {
		lines += bytes.Count(text, []byte("\n"))
		peak = max(peak, liveHeap())
		return len(text), nil
	}), io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the live heap has grown by %d KB at most", (peak-base)>>10)
	if lines != rows || peak-base > 8<<20+rows*perRow {
		t.Errorf("after %d lines the live heap has grown by %d bytes", lines, peak-base)
	}
}

type writerFunc func(p []byte) (int, error)

// Write calls the function.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// liveHeap collects twice: what is allocated while the first collection works is garbage for the second.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkPrepare prepares GSM8K to a fresh file each time.
func BenchmarkPrepare(b *testing.B) {
	c := config(b, gsm8k(b))
	info, err := os.Stat(c.Training[0].Path)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := dataset.Check(b.Context(), c, nil); err != nil { // loads the encoding
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		c.Out = filepath.Join(b.TempDir(), "train.jsonl")
		if _, err := dataset.Prepare(b.Context(), c, nil); err != nil {
			b.Fatal(err)
		}
	}
}
