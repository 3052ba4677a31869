package rows_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"ftrun/runner/dataset/rows"
)

// pack compresses text in the way of an extension; without one the text stays as it is.
func pack(tb testing.TB, extension string, text []byte) []byte {
	tb.Helper()
	return packFrom(tb, extension, bytes.NewReader(text))
}

func packFrom(tb testing.TB, extension string, text io.Reader) []byte {
	tb.Helper()
	var packed bytes.Buffer
	var w io.WriteCloser = writeCloser{&packed}
	var err error
	switch extension {
	case ".gz":
		w = gzip.NewWriter(&packed)
	case ".zst":
		w, err = zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	}
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(w, text); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return packed.Bytes()
}

type writeCloser struct{ io.Writer }

func (writeCloser) Close() error { return nil }

// samples are texts of each container with good rows and bad ones.
func samples() map[string]string {
	return map[string]string{
		".jsonl": mark + "{\"a\":1}\n\n{\"a\":\n{\"a\":\"\xff\"}\n{\"b\":[2]}\n",
		".json":  "[{\"a\":1},\n{\"a\":1,\"a\":2},\n7, {\"b\":\n[2]}]\n",
		".csv":   "q,a\r\n1,\"x\ny\"\r\n3\n4,5",
		".tsv":   "q\ta\n1\t\"x\ny\"\n3\n4\t5\n",
	}
}

func TestPackedAsPlain(t *testing.T) {
	for container, text := range samples() {
		want := transcript(t, strings.NewReader(text), container)
		for _, extension := range []string{".gz", ".zst", ".GZ"} {
			kind := strings.ToLower(extension)
			half := len(text) / 2
			for name, packed := range map[string][]byte{
				"one":              pack(t, kind, []byte(text)),
				"two":              slices.Concat(pack(t, kind, []byte(text[:half])), pack(t, kind, []byte(text[half:]))),
				"with an empty":    slices.Concat(pack(t, kind, nil), pack(t, kind, []byte(text)), pack(t, kind, nil)),
				"padded or marked": slices.Concat(pack(t, kind, []byte(text)), map[string][]byte{".gz": make([]byte, 70), ".zst": []byte("\x53\x2a\x4d\x18\x03\x00\x00\x00abc")}[kind]),
			} {
				t.Run(container+extension+" "+name, func(t *testing.T) {
					for _, src := range []io.Reader{bytes.NewReader(packed), oneByte{bytes.NewReader(packed)}} {
						if diff := cmp.Diff(want, transcript(t, src, container+extension)); diff != "" {
							t.Errorf("rows differ from those of plain text (-plain +packed):\n%s", diff)
						}
					}
					r, err := rows.NewReader(bytes.NewReader(packed), container+extension)
					if err != nil {
						t.Fatal(err)
					}
					for range r.All() {
					}
					if sum := sha256.Sum256(packed); r.SHA256() != hex.EncodeToString(sum[:]) {
						t.Error("the digest is not that of the file as it is stored")
					}
				})
			}
		}
	}
}

// TestDamage cuts a file off at every byte, and changes every byte, and wants no row that is not in the text, and none missing without a word.
func TestDamage(t *testing.T) {
	for container, text := range samples() {
		plain := transcript(t, strings.NewReader(text), container)
		for _, kind := range []string{".gz", ".zst"} {
			packed := slices.Concat(pack(t, kind, []byte(text[:len(text)-3])), pack(t, kind, []byte(text[len(text)-3:])))
			check := func(what string, damaged []byte) {
				t.Helper()
				got := transcript(t, bytes.NewReader(damaged), container+kind)
				if !cmp.Equal(got, plain) && !strings.HasSuffix(got[len(got)-1], "[fatal]") {
					t.Errorf("%s%s, %s: rows are lost without a problem: %q", container, kind, what, got)
				}
			}
			first := len(pack(t, kind, []byte(text[:len(text)-3])))
			for i := range packed {
				if i == first { // the first stream is whole, and nothing says that another followed
					continue
				}
				cut := transcript(t, bytes.NewReader(packed[:i]), container+kind)
				if !strings.HasSuffix(cut[len(cut)-1], "[fatal]") {
					t.Errorf("%s%s, cut off after %d of %d bytes: %q", container, kind, i, len(packed), cut)
				}
				for _, flip := range []byte{0x01, 0x80, 0xff} {
					damaged := bytes.Clone(packed)
					damaged[i] ^= flip
					check(fmt.Sprintf("byte %d ^ %#x", i, flip), damaged)
				}
			}
		}
	}
}

func TestPackedProblems(t *testing.T) {
	text := []byte("{\"a\":1}\n{\"a\":2}\n")
	gz, zst := pack(t, ".gz", text), pack(t, ".zst", text)
	changed := func(packed []byte, fromEnd int) []byte {
		damaged := bytes.Clone(packed)
		damaged[len(damaged)-fromEnd] ^= 1
		return damaged
	}
	wide := "\x28\xb5\x2f\xfd\x00\xb0\x01\x00\x00" // a frame with a window of 2^32 bytes
	for _, test := range []struct {
		name, extension string
		data            []byte
		message, hint   string
		line            int
	}{
		{"plain text named .gz", ".jsonl.gz", text, "is not compressed by gzip, though its name ends in .gz", "take .gz off its name if it is text", 1},
		{"plain text named .zst", ".jsonl.zst", text, "is not compressed by zstd, though its name ends in .zst", "take .zst off its name if it is text", 1},
		{"one named as the other", ".jsonl.gz", zst, "is not compressed by gzip, though its name ends in .gz", "it is compressed by zstd: let its name end in .zst", 1},
		{"gzip named .jsonl", ".jsonl", gz, "is compressed by gzip, and its name does not say so", "let its name end in .jsonl.gz", 0},
		{"zstd named .csv", ".CSV", zst, "is compressed by zstd, and its name does not say so", "let its name end in .csv.zst", 0},
		{"gzip in zstd", ".jsonl.zst", pack(t, ".zst", gz), "is compressed twice: by zstd, and inside by gzip", "compress it once", 0},
		{"a zip archive", ".json", []byte("PK\x03\x04rest of it"), "is a zip archive, or a spreadsheet, not text", "save the rows as .jsonl, .json, .csv or .tsv", 0},
		{"UTF-16 inside", ".jsonl.gz", pack(t, ".gz", []byte("\xff\xfe{\x00}\x00")), "the text is UTF-16: save the file as UTF-8", "", 1},
		{"empty", ".jsonl.gz", nil, "the file is empty", "", 0},
		{"nothing inside", ".jsonl.gz", pack(t, ".gz", nil), "the file holds no rows", "", 0},
		{"the first byte alone", ".jsonl.zst", zst[:1], "the file is cut off: the zstd data ends before it is complete", "copy or compress the file again", 1},
		{"cut off", ".jsonl.gz", gz[:len(gz)-3], "the file is cut off: the gzip data ends before it is complete", "copy or compress the file again", 3},
		{"another sum", ".jsonl.gz", changed(gz, 6), "the gzip data is damaged: its checksum is another one", "copy or compress the file again", 3},
		{"another sum in zstd", ".jsonl.zst", changed(zst, 1), "the zstd data is damaged: its checksum is another one", "copy or compress the file again", 1},
		{"text after gzip", ".jsonl.gz", append(bytes.Clone(gz), "{}"...), "more bytes follow the gzip data, and they are not gzip", "copy or compress the file again", 3},
		{"text after padding", ".jsonl.gz", append(bytes.Clone(gz), "\x00\x00x"...), "more bytes follow the gzip data, and they are not gzip", "copy or compress the file again", 3},
		{"text after zstd", ".jsonl.zst", append(bytes.Clone(zst), "{\"a\":3}"...), "more bytes follow the zstd data, and they are not zstd", "copy or compress the file again", 3},
		{"a wide window", ".jsonl.zst", []byte(wide), "the zstd data needs more memory than the 128 MiB of its window that are allowed", "compress it again with zstd --long=27, or without --long", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := rows.NewReader(bytes.NewReader(test.data), test.extension)
			if err != nil {
				t.Fatal(err)
			}
			var last error
			for _, err := range r.All() {
				last = err
			}
			p, ok := errors.AsType[*rows.Problem](last)
			if !ok || p.Message != test.message || p.Hint != test.hint || p.Line != test.line || !p.Fatal {
				t.Errorf("got %#v, want line %d: %q, hint %q", last, test.line, test.message, test.hint)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPackedReadFault(t *testing.T) {
	fault := errors.New("disk on fire")
	for _, kind := range []string{".gz", ".zst"} {
		packed := pack(t, kind, []byte("{\"a\":1}\n{\"a\":2}\n"))
		r, err := rows.NewReader(io.MultiReader(bytes.NewReader(packed[:len(packed)-5]), failing{fault}), ".jsonl"+kind)
		if err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range r.All() {
			last = err
		}
		if !errors.Is(last, fault) {
			t.Errorf("%s: error is %v, want the fault of reading", kind, last)
		}
	}
}

func TestExtensions(t *testing.T) {
	for name, want := range map[string]string{
		"a.jsonl": ".jsonl", "A.CSV": ".csv", "b.x.json.gz": ".json.gz", "c.TSV.Zst": ".tsv.zst", "d.gz": ".gz", "e": "", "f.jsonl.gz.gz": ".gz.gz",
		"x.gz/g.jsonl": ".jsonl", ".jsonl.gz": ".jsonl.gz",
	} {
		if got := rows.Extension(name); got != want {
			t.Errorf("Extension(%q) is %q, want %q", name, got, want)
		}
	}
	containers, compressions := rows.Extensions()
	for _, c := range containers {
		for _, end := range append([]string{""}, compressions...) {
			if _, err := rows.NewReader(strings.NewReader(""), c+end); err != nil {
				t.Errorf("%s is refused: %v", c+end, err)
			}
		}
	}
	for _, bad := range []string{".gz", ".zst", ".jsonl.gz.gz", ".gz.jsonl", ".tar.gz", ".jsonl.bz2", ".jsonl.gz.zst", "jsonl", ".jsonl."} {
		_, err := rows.NewReader(strings.NewReader(""), bad)
		p, ok := errors.AsType[*rows.Problem](err)
		if !ok || !p.Fatal || !strings.Contains(p.Message+p.Hint, ".tsv") || !strings.Contains(p.Hint, ".zst") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestOpenPacked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Data.JSONL.GZ")
	if err := os.WriteFile(path, pack(t, ".gz", []byte("{\"a\":1}\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := rows.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	head, err := r.Head(5)
	if err != nil || string(head) != `{"a":` {
		t.Errorf("Head is %q, %v", head, err)
	}
	if row, err := r.Next(); err != nil || row.Fields[0].Name != "a" {
		t.Errorf("the first row is %v, %v", row, err)
	}
	if r.TextSize() != 8 {
		t.Errorf("TextSize is %d, want 8", r.TextSize())
	}
}
