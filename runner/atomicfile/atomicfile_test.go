package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// holds checks that a folder has these files with this content, and nothing else: no temporary file is left.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := want[e.Name()]; !ok {
			t.Errorf("%s is left", e.Name())
		}
	}
	for name, content := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
			t.Errorf("%s holds %.80q, %v, want %.80q", name, got, err, content)
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "results.json")
	for _, content := range []string{"first", "", strings.Repeat("larger than any buffer ", 100_000)} {
		if err := WriteFile(path, text(content)); err != nil {
			t.Fatal(err)
		}
		holds(t, dir, map[string]string{"results.json": content})
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o644) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestWriteFileInTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := WriteFile("junit.xml", text("x")); err != nil {
		t.Fatal(err)
	}
	holds(t, ".", map[string]string{"junit.xml": "x"})
}

func TestAFailingWriteLeavesTheOldContent(t *testing.T) {
	broken := errors.New("broken")
	for name, write := range map[string]func(io.Writer) error{
		"at once":      func(io.Writer) error { return broken },
		"half way":     func(w io.Writer) error { return errors.Join(text(strings.Repeat("new", 100_000))(w), broken) },
		"at the end":   func(w io.Writer) error { return errors.Join(text("new")(w), broken) },
		"wrapped once": func(io.Writer) error { return fmt.Errorf("render: %w", broken) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "results.json")
			if err := WriteFile(path, write); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			holds(t, dir, nil)
			if err := WriteFile(path, text("old")); err != nil {
				t.Fatal(err)
			}
			if err := WriteFile(path, write); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			holds(t, dir, map[string]string{"results.json": "old"})
		})
	}
}

func TestAPanicInWriteLeavesTheOldContent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "results.json")
	if err := WriteFile(path, text("old")); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = WriteFile(path, func(io.Writer) error { panic("bug") })
	}()
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestReadersSeeAWholeFile: whoever reads while others write gets one of the contents, whole.
func TestReadersSeeAWholeFile(t *testing.T) {
	const writers, times, size = 4, 20, 200_000
	dir := t.TempDir()
	path := filepath.Join(dir, "results.json")
	content := func(i int) string { return strings.Repeat(string(rune('a'+i)), size) }
	if err := WriteFile(path, text(content(0))); err != nil {
		t.Fatal(err)
	}
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	for i := range writers {
		writing.Go(func() {
			for range times {
				// Windows refuses to replace a file that another has open.
				if err := WriteFile(path, text(content(i))); err != nil && runtime.GOOS != "windows" {
					t.Error(err)
				}
			}
		})
	}
	reading.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			got, err := os.ReadFile(path)
			if err != nil && runtime.GOOS == "windows" {
				continue
			}
			if err != nil || len(got) != size || strings.Trim(string(got), string(got[:1])) != "" {
				t.Errorf("read %d bytes, %v", len(got), err)
				return
			}
		}
	})
	writing.Wait()
	close(stop)
	reading.Wait()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, dir, map[string]string{"results.json": strings.Repeat(string(got[:1]), size)})
}

func TestFoldersThatCanNotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFile(filepath.Join(dir, "none", "results.json"), text("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "results.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(dir, "results.json"), text("x")); err == nil {
		t.Error("replaced a folder")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("modes do not hold here")
	}
	readOnly := filepath.Join(dir, "read-only")
	if err := os.Mkdir(readOnly, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(readOnly, "results.json"), text("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(readOnly, 0o700) })
	if err := WriteFile(filepath.Join(readOnly, "results.json"), text("new")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("read-only folder: %v", err)
	}
	holds(t, readOnly, map[string]string{"results.json": "old"})
}

func TestALinkIsReplacedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "results.json")
	if err := os.Symlink(outside, path); err != nil {
		t.Skip(err)
	}
	if err := WriteFile(path, text("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, map[string]string{"results.json": "new"})
	if got, _ := os.ReadFile(outside); string(got) != "precious" {
		t.Errorf("the file outside is now %q", got)
	}
}

func TestSyncDir(t *testing.T) {
	dir := t.TempDir()
	if err := SyncDir(dir); err != nil {
		t.Error(err)
	}
	if err := SyncDir(filepath.Join(dir, "none")); runtime.GOOS != "windows" && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
