package result_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/result"
)

// numbered returns the case with the given index, about 4 KB long.
func numbered(i int) result.Case {
	text := fmt.Sprintf("answer %d %s", i, strings.Repeat("x", 4000))
	return result.Case{
		ID: fmt.Sprintf("case-%d", i), Tags: []string{"a"}, Question: "q", Line: i,
		Answer: result.Answer{Status: result.CasePassed, Generated: &text, Score: new(1.0), Passed: new(true),
			Assertions: []result.Assertion{{Name: "n", Grader: "icontains", Weight: 1, Score: 1, Passed: true}}, LatencyMS: 1.5},
	}
}

func newSpool(t *testing.T) *result.Spool {
	t.Helper()
	s, err := result.NewSpool(filepath.Join(t.TempDir(), "cases"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSpool(t *testing.T) {
	t.Parallel()
	s := newSpool(t)
	if s.Len() != 0 || len(collect(t, s)) != 0 {
		t.Errorf("a new spool has %d cases", s.Len())
	}
	// Out of order, with a gap, and one twice.
	for _, i := range []int{5, 0, 3, 1} {
		put(t, s, i, numbered(i))
	}
	put(t, s, 3, numbered(33))
	if s.Len() != 4 {
		t.Errorf("%d cases, want 4", s.Len())
	}
	want := []result.Case{numbered(0), numbered(1), numbered(33), numbered(5)}
	for range 2 { // it can be read again
		if diff := cmp.Diff(want, collect(t, s)); diff != "" {
			t.Errorf("cases differ (-want +got):\n%s", diff)
		}
	}
	for c := range s.All() { // and in part
		if c.ID != "case-0" {
			t.Errorf("the first case is %s", c.ID)
		}
		break
	}
	if err := s.Put(-1, numbered(0)); err == nil {
		t.Error("a negative index is no error")
	}
}

func TestSpoolFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cases")
	s, err := result.NewSpool(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, 0, numbered(0))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(1, numbered(1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("put after close: %v", err)
	}
	for _, err := range s.All() {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("read after close: %v", err)
		}
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if _, err := result.NewSpool(filepath.Join(path, "no", "folder")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// TestSpoolIsANewFile finds a file, and links, where the spool is to be. What they lead to stays as it is.
func TestSpoolIsANewFile(t *testing.T) {
	t.Parallel()
	for _, there := range []string{"a file", "a link", "a second name", "a link to nothing"} {
		t.Run(there, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, victim := filepath.Join(dir, "cases"), filepath.Join(dir, "victim")
			if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			var err error
			switch there {
			case "a file":
				err = os.WriteFile(path, []byte("of a run that was killed"), 0o600)
			case "a link":
				err = os.Symlink(victim, path)
			case "a second name":
				err = os.Link(victim, path)
			case "a link to nothing":
				err = os.Symlink(filepath.Join(dir, "nothing"), path)
			}
			if err != nil {
				t.Skip("not possible here:", err)
			}
			s, err := result.NewSpool(path)
			if err != nil {
				t.Fatal(err)
			}
			put(t, s, 0, numbered(0))
			if err := s.Remove(); err != nil {
				t.Error(err)
			}
			if data, err := os.ReadFile(victim); err != nil || string(data) != "mine" {
				t.Errorf("the other file has %q, %v", data, err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

// TestSpoolMemory puts 40 MB of cases from many goroutines, reads them back, and looks at the heap. It does not run in parallel.
func TestSpoolMemory(t *testing.T) {
	const n = 10_000
	s := newSpool(t)
	before := heap()
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := n - 1 - worker; i >= 0; i -= 8 {
				if err := s.Put(i, numbered(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	i := 0
	for c, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		if c.Line != i {
			t.Fatalf("case %d is %s", i, c.ID)
		}
		i++
	}
	if i != n || s.Len() != n {
		t.Errorf("read %d of %d cases, want %d", i, s.Len(), n)
	}
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	runtime.KeepAlive(s)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func put(t *testing.T, s *result.Spool, index int, c result.Case) {
	t.Helper()
	if err := s.Put(index, c); err != nil {
		t.Fatal(err)
	}
}

func collect(t *testing.T, cases result.Cases) []result.Case {
	t.Helper()
	var all []result.Case
	for c, err := range cases.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func BenchmarkSpoolPut(b *testing.B) {
	s, err := result.NewSpool(filepath.Join(b.TempDir(), "cases"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := numbered(1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := s.Put(i%10_000, c); err != nil {
			b.Fatal(err)
		}
	}
}
