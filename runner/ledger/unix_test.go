//go:build unix

package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// limited is set in a process that may write files of 4096 bytes only.
const limited = "FTRUN_LEDGER_TEST_LIMIT"

// TestRealWriteLimit fills a file up to a limit that the kernel enforces, as it does a full disk: in the middle of a write.
func TestRealWriteLimit(t *testing.T) {
	dir := os.Getenv(limited)
	if dir == "" {
		dir = t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestRealWriteLimit$")
		cmd.Env = append(os.Environ(), limited+"="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		l := open(t, dir)
		if n := len(l.Records("r", "")); n == 0 || len(l.Repaired()) != 0 {
			t.Errorf("%d records, repaired %q", n, l.Repaired())
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	const limit = 4096
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Skip(err)
	}
	l := open(t, dir)
	record := Record{Kind: "r", Data: json.RawMessage(`"` + strings.Repeat("x", 100) + `"`)}
	var err error
	n := 0
	for ; err == nil; n++ {
		err = l.Append(record)
	}
	if !errors.Is(err, syscall.EFBIG) || !strings.HasPrefix(err.Error(), "append to ") {
		t.Errorf("got %v", err)
	}
	if got := len(l.Records("r", "")); got != n-1 {
		t.Errorf("%d records of %d whole ones", got, n-1)
	}
	content, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil || !bytes.HasSuffix(content, []byte("}\n")) || bytes.Count(content, []byte("\n")) != n {
		t.Errorf("a half record is left: %v, %q", err, content)
	}
}

func TestFoldersThatCanNotBeUsed(t *testing.T) {
	base := t.TempDir()
	readOnly := filepath.Join(base, "read-only")
	if err := os.Mkdir(readOnly, 0o500); err != nil {
		t.Fatal(err)
	}
	aFile := filepath.Join(base, "file")
	if err := os.WriteFile(aFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		dir  string
		want error
	}{
		"read-only":     {readOnly, fs.ErrPermission},
		"in read-only":  {filepath.Join(readOnly, "state"), fs.ErrPermission},
		"a file":        {aFile, syscall.ENOTDIR},
		"below a file":  {filepath.Join(aFile, "state"), syscall.ENOTDIR},
		"name too long": {filepath.Join(base, strings.Repeat("x", 300)), syscall.ENAMETOOLONG},
	} {
		if tt.want == fs.ErrPermission && os.Geteuid() == 0 {
			continue // root may do anything
		}
		_, err := Open(t.Context(), tt.dir, Options{})
		if !errors.Is(err, tt.want) || !strings.HasPrefix(err.Error(), "open ledger: ") || !strings.Contains(err.Error(), base) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLinksAreNotFollowed: a stranger's repository may bring a .ftrun full of links to what is not theirs.
func TestLinksAreNotFollowed(t *testing.T) {
	for _, name := range []string{"journal", "lock", "holder"} {
		dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "precious")
		if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
		l, err := Open(t.Context(), dir, Options{})
		if name == "holder" { // replaced: it is nobody's file
			if err != nil {
				t.Error(err)
			} else {
				closed(t, l)
			}
		} else if err == nil || !strings.HasSuffix(err.Error(), "is not a regular file") {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(outside); string(after) != "precious" {
			t.Errorf("%s: the file outside is now %q, %v", name, after, err)
		}
	}
}
