package ledger

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// journalOf returns the journal of the examples, and where each of its lines ends.
func journalOf(t testing.TB) (content []byte, ends []int) {
	t.Helper()
	content = headerLine()
	ends = []int{len(content)}
	for i, r := range examples() {
		body, err := encode(&r)
		if err != nil {
			t.Fatal(err)
		}
		content = append(content, formatLine(uint64(i+1), body)...)
		ends = append(ends, len(content))
	}
	return content, ends
}

// recordsOf opens a ledger with that journal, checks that it can be used and stays mended, and returns its records in order.
func recordsOf(t testing.TB, content []byte) (records []Record, repaired []string) {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "journal")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir)
	repaired = l.Repaired()
	mended, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scan(mended)
	if err != nil || len(f.damaged) != 0 || f.intact(mended) != len(mended) || f.size() != int64(len(mended)) {
		t.Fatalf("not mended: %v, %+v\n%q", err, f.damaged, mended)
	}
	for _, line := range f.lines {
		records = append(records, line.record)
	}
	appendAll(t, l, Record{Kind: "after", Key: "repair"})
	closed(t, l)
	again := open(t, dir)
	if _, ok := again.Last("after", "repair"); !ok || len(again.Repaired()) != 0 {
		t.Fatalf("the next run: %v, %q", ok, again.Repaired())
	}
	n := 0
	for _, list := range again.records {
		n += len(list)
	}
	if n != len(records)+1 {
		t.Fatalf("%d records, then %d and one more", len(records), n)
	}
	closed(t, again)
	if got := readBack(t, content, records); len(got) != len(records) {
		t.Fatalf("a bulk ledger reads back %d records of %d", len(got), len(records))
	}
	return records, repaired
}

// readBack opens a bulk ledger with that journal and returns which of the records it has.
func readBack(t testing.TB, content []byte, records []Record) (got []Record) {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "journal"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	l := openBulk(t, dir)
	defer closed(t, l)
	for _, want := range records {
		if slices.ContainsFunc(l.Records(want.Kind, want.Key), func(r Record) bool { return cmp.Equal(r, want) }) {
			got = append(got, want)
		}
	}
	return got
}

func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	content, ends := journalOf(t)
	for cut := range len(content) + 1 {
		got, repaired := recordsOf(t, content[:cut])
		whole := 0
		for whole < 3 && cut >= ends[whole+1]-1 { // the line break itself may be missing
			whole++
		}
		if diff := cmp.Diff(examples()[:whole], got, equateEmpty); diff != "" {
			t.Fatalf("cut at %d: %s", cut, diff)
		}
		if clean := cut == 0 || slices.Contains(ends, cut); clean != (len(repaired) == 0) {
			t.Fatalf("cut at %d: repaired %q", cut, repaired)
		}
	}
}

var equateEmpty = cmp.Transformer("length", func(r []Record) map[int]Record {
	m := make(map[int]Record)
	for i := range r {
		m[i] = r[i]
	}
	return m
})

// TestFlipAnyBit: one flipped bit costs at most the record it hit, and never makes one.
func TestFlipAnyBit(t *testing.T) {
	content, ends := journalOf(t)
	for bit := range 8 * len(content) {
		damaged := bytes.Clone(content)
		damaged[bit/8] ^= 1 << (bit % 8)
		hit := 0 // the line
		for bit/8 >= ends[hit] {
			hit++
		}
		f, err := scan(damaged)
		if err != nil {
			t.Fatalf("bit %d: %v", bit, err)
		}
		var got []Record
		for _, line := range f.lines {
			got = append(got, line.record)
		}
		all := examples()
		want := all
		if hit > 0 && bit/8 != ends[hit]-1 { // a lost line break costs nothing
			want = slices.Delete(slices.Clone(all), hit-1, hit)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("bit %d of byte %d: %s", bit%8, bit/8, diff)
		}
	}
}

func TestRepair(t *testing.T) {
	content, ends := journalOf(t)
	all := examples()
	header, one, two, three := content[:ends[0]], content[ends[0]:ends[1]], content[ends[1]:ends[2]], content[ends[2]:]
	text := func(s string) []byte { return []byte(s) }
	tests := []struct {
		name    string
		content []byte
		want    []Record
		says    string // the first sentence, after the path
	}{
		{"garbage only", text("\x00\xff{}\n\n\x1b[2J"), nil, "4 damaged bytes"},
		{"zeros after a crash", slices.Concat(header, one, make([]byte, 4096)), all[:1], "4096 damaged bytes at offset 122 were moved to journal.damaged-1"},
		{"zeros before more", slices.Concat(header, one, make([]byte, 512), two), all[:2], "512 damaged bytes"},
		{"a damaged record in the middle", slices.Concat(header, one, bytes.ToUpper(two), three), []Record{all[0], all[2]}, "94 damaged bytes"},
		{"garbage in front", slices.Concat(text("garbage "), header, one), all[:1], "8 damaged bytes at offset 0"},
		{"no header", slices.Concat(one, two), all[:2], "line breaks, copies and order"},
		{"twice the same file", slices.Concat(content, content), all, "line breaks, copies and order"},
		{"wrong order", slices.Concat(header, three, one, two), all, "line breaks, copies and order"},
		{"windows line breaks", bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n")), all, "1 damaged bytes"},
		{"empty lines", bytes.ReplaceAll(content, []byte("\n"), []byte("\n\n")), all, "line breaks, copies and order"},
		{"a line break lost in garbage", slices.Concat(header, one[:len(one)-1], text("garbage"), two), all[:2], "7 damaged bytes"},
		{"nothing but a line break", text("\n"), nil, "line breaks, copies and order"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, repaired := recordsOf(t, tt.content)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if len(repaired) == 0 || !strings.Contains(repaired[0], "journal: "+tt.says) {
				t.Errorf("says %q, want %q", repaired, tt.says)
			}
		})
	}
}

func TestDamageIsKeptAside(t *testing.T) {
	dir := t.TempDir()
	content, ends := journalOf(t)
	for n := 1; n <= 3; n++ {
		damaged := slices.Concat(content[:ends[1]], fmt.Appendf(nil, "torn %d", n))
		if err := os.WriteFile(filepath.Join(dir, "journal"), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		closed(t, open(t, dir))
		aside, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("journal.damaged-%d", n)))
		if err != nil || string(aside) != fmt.Sprintf("torn %d", n) {
			t.Errorf("kept %q, %v", aside, err)
		}
	}
}

func TestJournalOfAnotherVersion(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	content := slices.Concat(formatLine(0, []byte(`{"journal":2}`)), []byte("something new\n"))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "version 2, written by another version of ftrun; this one knows version 1") {
		t.Errorf("got %v", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(after, content) {
		t.Errorf("touched it: %q", after)
	}
}

func TestManyDamagedPlaces(t *testing.T) {
	f := found{damaged: make([]damage, 1000)}
	if got := describe("journal", f, "journal.damaged-1"); len(got) != 11 || got[10] != "journal: and 990 more damaged places" {
		t.Errorf("says %q", got)
	}
}

// FuzzJournal puts any bytes between and around whole lines: every line survives, and no other record appears.
func FuzzJournal(f *testing.F) {
	content, ends := journalOf(f)
	f.Add([]byte(""), []byte("\n"), []byte("\x00"))
	f.Add([]byte("\xff\n"), content[ends[0]:ends[1]], []byte("00000000 1 {\"journal\":2}"))
	f.Add([]byte("\n\n"), []byte("0123abcd 7 {\"time\":"), content[:40])
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		mixed := slices.Concat(a, []byte("\n"), content[:ends[0]], content[ends[0]:ends[1]], b, []byte("\n"), content[ends[1]:ends[2]-1], c)
		found, err := scan(mixed)
		if err != nil {
			t.Skip("a header of another version, with its checksum")
		}
		var got []Record
		for _, line := range found.lines {
			got = append(got, line.record)
			if number, body, ok := parseLine(line.raw); !ok || number != line.number || !bytes.Equal(formatLine(number, body), append(bytes.Clone(line.raw), '\n')) {
				t.Errorf("line %q", line.raw)
			}
		}
		for _, want := range examples()[:2] {
			if !slices.ContainsFunc(got, func(r Record) bool { return cmp.Equal(r, want) }) {
				t.Errorf("lost %+v in %q", want, mixed)
			}
		}
		for _, r := range got {
			if !slices.ContainsFunc(examples(), func(e Record) bool { return cmp.Equal(r, e) }) {
				t.Errorf("invented %+v in %q", r, mixed)
			}
		}
	})
}
