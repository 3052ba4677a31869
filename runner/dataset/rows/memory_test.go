package rows_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset/rows"
)

func TestRowBeyondCap(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 20_000_000) + `"}`
	t.Run("jsonl goes on", func(t *testing.T) {
		want := []string{
			`row 1 @1:1 a@1:6=1`,
			`row 2 @2:0 problem: the line has 20000008 bytes, and a row may have at most 16777216 (16 MiB)`,
			`row 3 @3:1 a@3:6=2`,
		}
		for _, end := range []string{"\n", "\r\n"} {
			text := strings.Join([]string{`{"a":1}`, long, `{"a":2}`}, end)
			if diff := cmp.Diff(want, transcript(t, strings.NewReader(text), ".jsonl")); diff != "" {
				t.Error(diff)
			}
		}
		if got := transcript(t, strings.NewReader(long), ".jsonl"); len(got) != 1 || !strings.Contains(got[0], "20000008 bytes") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("jsonl at the cap", func(t *testing.T) {
		for _, extra := range []int{0, 1} {
			text := `{"a":"` + strings.Repeat("x", rows.MaxRow-8+extra) + `"}` + "\r\n"
			got := transcript(t, strings.NewReader(text), ".jsonl")
			if refused := strings.Contains(got[0], "problem"); refused != (extra == 1) {
				t.Errorf("%d bytes over the cap: refused is %t", extra, refused)
			}
		}
	})
	t.Run("json", func(t *testing.T) {
		got := transcript(t, strings.NewReader("[{\"a\":1},\n"+long+",{}]"), ".json")
		want := []string{
			`row 1 @1:2 a@1:7=1`,
			`row 2 @1:9 problem: the row that starts here has more than 16 MiB, the most that is read; rows after it were not read [fatal]`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("csv", func(t *testing.T) {
		got := transcript(t, strings.NewReader("q,a\n1,2\n3,\""+strings.Repeat("xxxxxxxxx\n", 2_000_000)), ".csv")
		want := []string{
			`row 1 @2:1 q@2:1="1" a@2:3="2"`,
			`row 2 @3:0 problem: the row that starts here has more than 16 MiB, the most that is read; rows after it were not read [fatal]`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestFlatMemory reads 100,000 rows of each container out of a generator and looks at the heap on the way.
func TestFlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 300,000 rows")
	}
	const count = 100_000
	for extension, piece := range map[string]func(i int) string{
		".jsonl": func(i int) string { return fmt.Sprintf("{\"question\":\"what is %d\",\"answer\":\"a number\"}\n", i) },
		".csv":   func(i int) string { return fmt.Sprintf("what is %d,a number\n", i) },
		".json":  func(i int) string { return ",{\"question\":\"what\",\n\"answer\":\"a number\"}" },
	} {
		start := map[string]string{".csv": "question,answer\n", ".json": "[{}"}[extension]
		end := map[string]string{".json": "]"}[extension]
		r, err := rows.NewReader(&generator{next: start, count: count, piece: piece, end: end}, extension)
		if err != nil {
			t.Fatal(err)
		}
		base, n := heap(), 0
		for _, err := range r.All() {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%50_000 == 0 {
				if grown := heap() - base; grown > 2<<20 {
					t.Errorf("%s: the heap has grown by %d bytes after %d rows", extension, grown, n)
				}
			}
		}
		if n < count {
			t.Errorf("%s: %d rows, want %d", extension, n, count)
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A generator makes a file up while it is read.
type generator struct {
	next     string
	i, count int
	piece    func(int) string
	end      string
}

func (g *generator) Read(p []byte) (int, error) {
	for g.next == "" {
		switch g.i++; {
		case g.i <= g.count:
			g.next = g.piece(g.i)
		case g.i == g.count+1:
			g.next = g.end
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, g.next)
	g.next = g.next[n:]
	return n, nil
}

// A repeated is one piece of text as often as it takes to make size bytes.
func repeated(piece string, size int) io.Reader {
	return io.LimitReader(&generator{count: math.MaxInt, piece: func(int) string { return piece }}, int64(size))
}

// TestBombs reads what decompresses to hundreds of megabytes and holds no row. Everything that is allocated on the way counts.
func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("decompresses gigabytes")
	}
	for _, bomb := range []struct {
		piece        string
		size         int
		compressions []string
	}{
		{"\x00", 300 << 20, []string{".gz", ".zst"}},
		{" ", 300 << 20, []string{".zst"}},
		{"\n", 300 << 20, []string{".zst"}},
		{"[", 300 << 20, []string{".zst"}},
		{"{\"a\":", 40 << 20, []string{".zst"}},
		{"\"", 40 << 20, []string{".zst"}},
		{",", 40 << 20, []string{".zst"}},
		{"\t", 40 << 20, []string{".zst"}},
	} {
		for _, compression := range bomb.compressions {
			packed := packFrom(t, compression, repeated(strings.Repeat(bomb.piece, 1<<16), bomb.size))
			for _, extension := range []string{".jsonl", ".json", ".csv", ".tsv"} {
				t.Run(fmt.Sprintf("%q%s%s", bomb.piece, extension, compression), func(t *testing.T) {
					before := totalAlloc()
					got := transcript(t, bytes.NewReader(packed), extension+compression)
					if grown := totalAlloc() - before; grown > 20*rows.MaxRow {
						t.Errorf("%d MiB were allocated", grown>>20)
					}
					if len(got) != 1 || !strings.Contains(got[0], "problem") {
						t.Errorf("want one problem, got %.1000q", got)
					}
				})
			}
		}
	}
}

func totalAlloc() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestManyMembers refuses an object whose members alone would fill the memory.
func TestManyMembers(t *testing.T) {
	member := func(i int) string { return fmt.Sprintf("\"m%d\":0,\n", i) }
	got := transcript(t, &generator{next: "{", count: math.MaxInt, piece: member}, ".json")
	want := []string{"row 0 @1001:1 problem: the object around the rows has more than 1000 members [fatal]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLimit stops in the middle of a text that does not end.
func TestLimit(t *testing.T) {
	text := "{}\n" + strings.Repeat("\n", 100)
	for _, extension := range []string{".jsonl", ".jsonl.gz", ".jsonl.zst"} {
		packed := pack(t, filepath.Ext(strings.TrimPrefix(extension, ".jsonl")), []byte(text))
		for _, test := range []struct {
			limit int64
			want  string
		}{{103, ""}, {102, "larger than 102 bytes"}, {2, "larger than 2 bytes"}} {
			r, err := rows.NewReader(bytes.NewReader(packed), extension)
			if err != nil {
				t.Fatal(err)
			}
			r.Limit(test.limit)
			var last error
			for _, err := range r.All() {
				last = err
			}
			p, isProblem := errors.AsType[*rows.Problem](last)
			if isProblem != (test.want != "") || isProblem && (!p.Fatal || !strings.Contains(p.Message, test.want)) {
				t.Errorf("%s, limit %d: %v, want %q", extension, test.limit, last, test.want)
			}
		}
	}
}

// TestWideTables refuses columns by the million, and says what a row of cells that are nearly all empty takes.
func TestWideTables(t *testing.T) {
	commas := func(n int) string { return strings.Repeat(",", n) }
	for _, test := range []struct{ name, text, want string }{
		{"header", "q,a" + commas(1_000_000) + "\n1,2" + commas(1_000_000) + "\n",
			"row 0 @1:10003 problem: the header has more than 10000 columns, the most that is read [fatal]"},
		{"row", "q,a\n1" + commas(1_000_000) + "\n1,2\n",
			"row 1 @2:1 problem: the number of columns is 1000001 here, and 2 in the header\nrow 2 @3:1 q@3:1=\"1\" a@3:3=\"2\""},
	} {
		got := strings.Join(transcript(t, strings.NewReader(test.text), ".csv"), "\n")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}

	header := "c0"
	for i := 1; i < rows.MaxFields; i++ {
		header += fmt.Sprintf(",c%d", i)
	}
	const count = 20
	r := read(t, header+strings.Repeat("\n1"+commas(rows.MaxFields-1), 1+count), ".csv")
	if _, err := r.NextRaw(); err != nil { // which takes the header besides
		t.Fatal(err)
	}
	before, sizes := heap(), 0
	var kept []rows.Row
	var raws []rows.Raw
	for range count {
		raw, err := r.NextRaw()
		if err != nil {
			t.Fatal(err)
		}
		row, err := raw.Parse()
		if err != nil {
			t.Fatal(err)
		}
		raws, kept, sizes = append(raws, raw), append(kept, row), sizes+raw.Size()
	}
	if taken := heap() - before; taken > int64(sizes) {
		t.Errorf("%d rows say that they take %d bytes, and take %d", count, sizes, taken)
	}
	runtime.KeepAlive(raws)
	runtime.KeepAlive(kept)
}

// TestManyFields refuses a row whose fields take many times what their text does, and no other.
func TestManyFields(t *testing.T) {
	row := func(n int) string {
		fields := make([]string, n)
		for i := range fields {
			fields[i] = fmt.Sprintf("\"%06d\":0", i)
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	texts := []string{row(rows.MaxFields), row(rows.MaxFields + 1), row(1_000_000)}
	for extension, text := range map[string]string{".jsonl": strings.Join(texts, "\n"), ".json": "[" + strings.Join(texts, ",\n") + "]"} {
		got := transcript(t, strings.NewReader(text), extension)
		for i, line := range got {
			if refused := strings.HasSuffix(line, "problem: the row has more than 10000 fields, the most that is read"); refused != (i > 0) {
				t.Errorf("%s: of row %d comes %.200s", extension, i+1, line)
			}
		}
		if len(got) != 3 {
			t.Errorf("%s: %d rows, want 3", extension, len(got))
		}
	}
}
