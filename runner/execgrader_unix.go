//go:build unix

package runner

import (
	"os/exec"
	"syscall"
)

// aloneInGroup starts a command in a process group of its own, which is killed as a whole where the context ends.
func aloneInGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}

// endGroup kills what is left of a command's group.
func endGroup(c *exec.Cmd) {
	if c.Process != nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // mostly there is nothing left
	}
}
