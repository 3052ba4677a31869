package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// syncTime is how long a sync of a slow disk takes. The clock is synctest's.
const syncTime = time.Second

// slow is a file on a disk that takes its time to sync, and may fail to.
type slow struct {
	file
	syncs atomic.Int64
	err   error
}

func (f *slow) Sync() error {
	f.syncs.Add(1)
	time.Sleep(syncTime)
	return errors.Join(f.err, f.file.Sync())
}

func openBulk(t testing.TB, dir string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), dir, Options{Bulk: true})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func numbered(n int) Record {
	return Record{Time: examples()[0].Time, Kind: "answer", Key: fmt.Sprint(n), Data: json.RawMessage(fmt.Sprint(n))}
}

// TestAppendsShareASync: however many append at once, none waits longer than for the sync under way and the next.
func TestAppendsShareASync(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		const goroutines, each = 200, 3
		l := open(t, dir)
		disk := &slow{file: l.file}
		l.file = disk
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range each {
					start := time.Now()
					r := numbered(g*each + i)
					if err := l.Append(r); err != nil {
						t.Error(err)
					}
					if took := time.Since(start); took < syncTime || took > 2*syncTime {
						t.Errorf("an append took %v", took)
					}
					if _, ok := l.Last(r.Kind, r.Key); !ok {
						t.Error("not remembered")
					}
				}
			})
		}
		wg.Wait()
		if n := disk.syncs.Load(); n > 2*each+1 {
			t.Errorf("%d syncs", n)
		}
		closed(t, l)
	})
	l := open(t, dir)
	for n := range 600 {
		if _, ok := l.Last("answer", fmt.Sprint(n)); !ok {
			t.Errorf("lost %d", n)
		}
	}
}

// TestFailingSyncReachesAll: who shares a sync shares its error, and nothing of what it was for is left.
func TestFailingSyncReachesAll(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("input/output error")
	synctest.Test(t, func(t *testing.T) {
		l := open(t, dir)
		appendAll(t, l, examples()[0])
		l.file = &slow{file: l.file, err: broken}
		var wg sync.WaitGroup
		for n := range 50 {
			wg.Go(func() {
				if err := l.Append(numbered(n)); !errors.Is(err, broken) {
					t.Errorf("append %d: %v", n, err)
				}
			})
		}
		wg.Wait()
		closed(t, l)
	})
	content, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil || strings.Count(string(content), "\n") != 2 {
		t.Errorf("left %q, %v", content, err)
	}
}

// TestCloseWaitsForAppends: a record whose append is under way is kept, and its append succeeds.
func TestCloseWaitsForAppends(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := open(t, dir)
		l.file = &slow{file: l.file}
		for n := range 10 {
			go func() {
				if err := l.Append(numbered(n)); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		closed(t, l)
		if err := l.Append(numbered(10)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("append after close: %v", err)
		}
	})
	if got := len(open(t, dir).records); got != 10 {
		t.Errorf("%d records", got)
	}
}

// TestBulk: appending waits for no disk, a sync follows soon, and the records are found before and after it, and by the next run.
func TestBulk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := openBulk(t, dir)
		disk := &slow{file: l.file}
		l.file = disk
		start := time.Now()
		var wg sync.WaitGroup
		for n := range 100 {
			wg.Go(func() { appendAll(t, l, numbered(n)) })
		}
		wg.Wait()
		if took := time.Since(start); took != 0 || disk.syncs.Load() != 0 {
			t.Errorf("waited %v for %d syncs", took, disk.syncs.Load())
		}
		time.Sleep(bulkDelay + syncTime)
		synctest.Wait()
		if disk.syncs.Load() != 1 || l.synced != l.written {
			t.Errorf("%d syncs, %+v of %+v on disk", disk.syncs.Load(), l.synced, l.written)
		}
		appendAll(t, l, numbered(100), numbered(0))
		if got, ok := l.Last("answer", "7"); !ok || !cmp.Equal(got, numbered(7)) {
			t.Errorf("read back %+v, %v", got, ok)
		}
		if got := l.Records("answer", "0"); len(got) != 2 {
			t.Errorf("read back %+v", got)
		}
		if len(l.records) != 0 || len(l.pending) != 0 {
			t.Error("keeps records in memory")
		}
		closed(t, l)
		if disk.syncs.Load() != 2 {
			t.Errorf("%d syncs after close", disk.syncs.Load())
		}
		if _, ok := l.Last("answer", "7"); ok {
			t.Error("reads from a closed file")
		}
	})
	for what, open := range map[string]func(testing.TB, string) *Ledger{"bulk": openBulk, "any": open} {
		l := open(t, dir)
		for n := range 101 {
			if got, ok := l.Last("answer", fmt.Sprint(n)); !ok || !cmp.Equal(got, numbered(n)) {
				t.Errorf("%s: found %+v, %v", what, got, ok)
			}
		}
		closed(t, l)
	}
}

// TestBulkFailingSync: nobody waits for a sync of a bulk ledger, so the next append and the end tell of its failure.
func TestBulkFailingSync(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("input/output error")
	synctest.Test(t, func(t *testing.T) {
		l := openBulk(t, dir)
		disk := &slow{file: l.file}
		l.file = disk
		appendAll(t, l, numbered(0))
		time.Sleep(bulkDelay + syncTime)
		synctest.Wait()
		disk.err = broken
		appendAll(t, l, numbered(1))
		time.Sleep(bulkDelay + syncTime)
		synctest.Wait()
		if err := l.Append(numbered(2)); !errors.Is(err, broken) {
			t.Errorf("append: %v", err)
		}
		if _, ok := l.Last("answer", "0"); !ok {
			t.Error("an earlier record was lost")
		}
		if _, ok := l.Last("answer", "1"); ok {
			t.Error("found what is lost")
		}
		if err := l.Close(); !errors.Is(err, broken) {
			t.Errorf("close: %v", err)
		}
	})
	l := open(t, dir)
	if len(l.records) != 1 || len(l.Repaired()) != 0 {
		t.Errorf("%d records, repaired %q", len(l.records), l.Repaired())
	}
}

// TestBulkOutlivesItsProcess: what was appended is there after a SIGKILL, synced or not.
func TestBulkOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := startChild(t, dir, childBulk+"=1")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	l := openBulk(t, dir)
	defer closed(t, l)
	if _, ok := l.Last("child", fmt.Sprint(cmd.Process.Pid)); !ok || len(l.Repaired()) != 0 {
		t.Errorf("after a kill: %v, %q", ok, l.Repaired())
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, opts := range map[string]Options{"synced": {}, "bulk": {Bulk: true}} {
		b.Run(name, func(b *testing.B) {
			l, err := Open(b.Context(), b.TempDir(), opts)
			if err != nil {
				b.Fatal(err)
			}
			defer closed(b, l)
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := l.Append(examples()[1]); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
