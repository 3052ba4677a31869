package ledger

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Holder returns who has the ledger in dir open, as Options.Waiting would get to hear it, without taking the lock; empty: nobody, as
// far as can be seen. A holder on another machine may have been killed: that can't be told from here.
func Holder(dir string) string {
	content, err := os.ReadFile(filepath.Join(dir, "holder"))
	var h holder
	if err != nil || json.Unmarshal(content, &h) != nil || h.PID == 0 {
		return ""
	}
	here, err := os.Hostname()
	if err != nil || here != h.Host {
		return h.String() + ", if it still runs there"
	}
	if !runs(h.PID) {
		return ""
	}
	return h.String()
}

// runs reports whether a process of this machine has not ended. Where the system does not say, it runs.
func runs(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil { // Windows says it here
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return !errors.Is(err, os.ErrProcessDone)
}
