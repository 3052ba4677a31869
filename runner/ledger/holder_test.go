package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHolder: who holds the ledger is named while it does, and no longer, even where it was killed.
func TestHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got := Holder(dir); got != "" {
		t.Errorf("a folder that nobody used: %s", got)
	}
	cmd := startChild(t, dir)
	if got := Holder(dir); !strings.Contains(got, fmt.Sprintf("process %d on host", cmd.Process.Pid)) || !strings.Contains(got, `("child")`) {
		t.Errorf("holder %q", got)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := Holder(dir); got != "" {
		t.Errorf("a holder that was killed: %s", got)
	}
	elsewhere := `{"pid": 1, "host": "another.machine.test", "started": "2026-03-01T12:00:00Z"}`
	if err := os.WriteFile(filepath.Join(dir, "holder"), []byte(elsewhere), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Holder(dir); !strings.HasSuffix(got, "if it still runs there") {
		t.Errorf("a holder elsewhere: %q", got)
	}
}
