//go:build !unix

package runner

import "os/exec"

// aloneInGroup leaves a command as it is: there are no process groups here, so only the program itself is killed where the context ends.
func aloneInGroup(*exec.Cmd) {}

func endGroup(*exec.Cmd) {}
