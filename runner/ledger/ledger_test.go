package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t testing.TB, dir string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), dir, Options{Command: "ftrun -f pipeline.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func appendAll(t testing.TB, l *Ledger, records ...Record) {
	t.Helper()
	for _, r := range records {
		if err := l.Append(r); err != nil {
			t.Fatal(err)
		}
	}
}

func closed(t testing.TB, l *Ledger) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// examples are three records of the kinds that runs write.
func examples() []Record {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return []Record{
		{Time: at, Kind: "intent", Key: "9f8e", Data: json.RawMessage(`{"file":"file-1"}`)},
		{Time: at.Add(1500 * time.Millisecond), Kind: "job", Key: "9f8e", Data: json.RawMessage(`{"id":"ftjob-1"}`)},
		{Time: at.Add(time.Minute), Kind: "answer", Key: "q ü", Data: json.RawMessage(`["<b>&\u2028\n 00000000 1 {\"",1.50,null]`)},
	}
}

// goldenJournal was made by another program, after the package comment.
const goldenJournal = `da7488ab 0 {"journal":1}
0fa44bc3 1 {"time":"2026-03-01T12:00:00Z","kind":"intent","key":"9f8e","data":{"file":"file-1"}}
adaf248e 2 {"time":"2026-03-01T12:00:01.5Z","kind":"job","key":"9f8e","data":{"id":"ftjob-1"}}
73bff45f 3 {"time":"2026-03-01T12:01:00Z","kind":"answer","key":"q ü","data":["<b>&\u2028\n 00000000 1 {\"",1.50,null]}
`

func TestFormat(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "state")
	l := open(t, dir)
	appendAll(t, l, examples()...)
	closed(t, l)
	got, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenJournal, string(got)); diff != "" {
		t.Errorf("the format changed, and older journals must stay readable (-want +got):\n%s", diff)
	}
}

func TestAppendAndReadBack(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	appendAll(t, l, examples()...)
	second := Record{Kind: "job", Key: "9f8e", Data: json.RawMessage(" {\n \"id\" : \"ftjob-2\" } ")}
	appendAll(t, l, second)
	check := func(l *Ledger) {
		t.Helper()
		if got := l.Records("job", "9f8e"); len(got) != 2 || !cmp.Equal(got[0], examples()[1]) {
			t.Errorf("records: %+v", got)
		}
		last, ok := l.Last("job", "9f8e")
		if !ok || string(last.Data) != `{"id":"ftjob-2"}` || time.Since(last.Time) > time.Minute {
			t.Errorf("last: %+v, %v", last, ok)
		}
		if got, ok := l.Last("answer", "q ü"); !ok || !cmp.Equal(got, examples()[2]) {
			t.Errorf("answer: %+v, %v", got, ok)
		}
		if r, ok := l.Last("job", "other"); ok {
			t.Errorf("found %+v", r)
		}
		if got := l.Records("other", "9f8e"); len(got) != 0 {
			t.Errorf("found %+v", got)
		}
	}
	check(l)
	looker, err := Read(dir) // while it is open
	if err != nil {
		t.Fatal(err)
	}
	check(looker)
	if err := looker.Append(second); !errors.Is(err, errReadOnly) {
		t.Errorf("append to a reader: %v", err)
	}
	closed(t, looker)
	last, _ := l.Last("job", "9f8e")
	closed(t, l)

	again := open(t, dir)
	check(again)
	if got, _ := again.Last("job", "9f8e"); !cmp.Equal(got, last) {
		t.Errorf("read back %+v, remembered %+v", got, last)
	}
	if got := again.Repaired(); len(got) != 0 {
		t.Errorf("repaired a whole journal: %q", got)
	}
}

func TestReadOfNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	l, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Last("job", ""); ok {
		t.Error("a record out of nothing")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("reading created the folder")
	}
}

func TestAppendRefuses(t *testing.T) {
	l := open(t, t.TempDir())
	for name, r := range map[string]Record{
		"no kind":      {Key: "k"},
		"invalid data": {Kind: "k", Data: json.RawMessage(`{"a":`)},
		"two values":   {Kind: "k", Data: json.RawMessage(`1 2`)},
		"invalid key":  {Kind: "k", Key: "\xff"},
		"year 10000":   {Kind: "k", Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if err := l.Append(r); err == nil || !strings.HasPrefix(err.Error(), "append to ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	closed(t, l)
	if err := l.Append(Record{Kind: "k"}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	dir := filepath.Join(t.TempDir(), "state")
	l := open(t, dir)
	closed(t, l)
	if err := os.WriteFile(filepath.Join(dir, "journal"), []byte("garbage\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir) // repaired by a rewrite, and leaves everything there is
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"holder", "journal", "journal.damaged-1", "lock"}, names); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", info.Mode(), err)
	}
}

func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	const goroutines, each = 16, 25
	dir := t.TempDir()
	l := open(t, dir)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			key := fmt.Sprint(g)
			for i := range each {
				if err := l.Append(Record{Kind: "answer", Key: key, Data: json.RawMessage(fmt.Sprint(i))}); err != nil {
					t.Error(err)
				}
				if r, ok := l.Last("answer", key); !ok || string(r.Data) != fmt.Sprint(i) {
					t.Errorf("appended %d, last is %+v", i, r)
				}
			}
		})
	}
	wg.Wait()
	closed(t, l)
	l = open(t, dir)
	if got := l.Repaired(); len(got) != 0 {
		t.Errorf("repaired: %q", got)
	}
	for g := range goroutines {
		records := l.Records("answer", fmt.Sprint(g))
		if len(records) != each {
			t.Fatalf("goroutine %d has %d records", g, len(records))
		}
		for i, r := range records {
			if string(r.Data) != fmt.Sprint(i) {
				t.Errorf("goroutine %d, record %d: %s", g, i, r.Data)
			}
		}
	}
}

// faulty is a file on a disk that is full after room more bytes, or can't sync.
type faulty struct {
	file
	room    int
	syncErr error
}

var errFull = errors.New("no space left on device")

func (f *faulty) WriteAt(p []byte, off int64) (int, error) {
	if len(p) <= f.room {
		f.room -= len(p)
		return f.file.WriteAt(p, off)
	}
	n, _ := f.file.WriteAt(p[:f.room], off)
	f.room = 0
	return n, errFull
}

func (f *faulty) Sync() error { return errors.Join(f.syncErr, f.file.Sync()) }

func TestFullDisk(t *testing.T) {
	t.Parallel()
	for room := range 90 {
		dir := t.TempDir()
		l := open(t, dir)
		appendAll(t, l, examples()[0])
		before, err := os.ReadFile(filepath.Join(dir, "journal"))
		if err != nil {
			t.Fatal(err)
		}
		disk := &faulty{file: l.file, room: room}
		l.file = disk
		if err := l.Append(examples()[1]); !errors.Is(err, errFull) {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
		if _, ok := l.Last("job", "9f8e"); ok {
			t.Fatal("remembers a record that is not on disk")
		}
		if after, _ := os.ReadFile(filepath.Join(dir, "journal")); string(after) != string(before) {
			t.Fatalf("room for %d bytes: the journal became\n%s", room, after)
		}
		disk.room = 1000
		appendAll(t, l, examples()[1]) // once there is room again
		closed(t, l)
		l = open(t, dir)
		if _, ok := l.Last("job", "9f8e"); !ok || len(l.Repaired()) != 0 {
			t.Fatalf("after a full disk: %v, %q", ok, l.Repaired())
		}
	}
}

func TestFailingSync(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	appendAll(t, l, examples()[0])
	broken := errors.New("input/output error")
	disk := &faulty{file: l.file, room: 1000, syncErr: broken}
	l.file = disk
	if err := l.Append(examples()[1]); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	disk.syncErr = nil
	if err := l.Append(examples()[1]); !errors.Is(err, broken) {
		t.Errorf("believes a sync after a failed one: %v", err)
	}
	closed(t, l)
	l = open(t, dir)
	if _, ok := l.Last("job", "9f8e"); ok || len(l.Repaired()) != 0 {
		t.Errorf("the record without a sync is there: %v, %q", ok, l.Repaired())
	}
	if _, ok := l.Last("intent", "9f8e"); !ok {
		t.Error("an earlier record was lost")
	}
}
