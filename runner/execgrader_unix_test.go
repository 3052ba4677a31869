//go:build unix

package runner

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ftrun/runner/grade"
)

// shell runs a script as a command that grades does.
func shell(t *testing.T, ctx context.Context, dir, script, input string) (string, error) {
	t.Helper()
	run := Commands(dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "OPENAI_API_KEY=sk-secret", "GITHUB_TOKEN=t", "FTRUN_VAR_X=1", "AWS_SECRET_ACCESS_KEY=s"})
	out, err := run(ctx, []string{"sh", "-c", script}, []byte(input))
	return string(out), err
}

func TestCommands(t *testing.T) {
	dir := t.TempDir()
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	if err := os.WriteFile(filepath.Join(dir, "judge"), []byte("#!/bin/sh\necho here\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		`cat`:                       "input",
		`pwd -P`:                    dir + "\n",
		`./judge`:                   "here\n",
		`echo noise >&2; echo good`: "good\n",
		`true`:                      "",
	} {
		if out, err := shell(t, t.Context(), dir, script, "input"); err != nil || out != want {
			t.Errorf("%s: %q, %v", script, out, err)
		}
	}
	if _, err := shell(t, t.Context(), dir, "true", strings.Repeat("x", 4<<20)); err != nil {
		t.Errorf("a command that does not read: %v", err)
	}
	if out, err := shell(t, t.Context(), dir, "head -c 1048576 /dev/zero", ""); err != nil || len(out) != maxCommandOutput {
		t.Errorf("as much output as there may be: %d bytes, %v", len(out), err)
	}
}

func TestCommandsFails(t *testing.T) {
	for script, want := range map[string]string{
		`exit 3`:                        `run "sh": exit status 3`,
		`echo '{"pass": true}'; exit 1`: `run "sh": exit status 1`,
		`echo first >&2; printf 'no \033[2Jmodel\n\n' >&2; exit 1`:                    `run "sh": exit status 1; its last words: "no \x1b[2Jmodel"`,
		`i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 1`: `run "sh": exit status 1; its last words: "line 1999"`,
		`kill -9 $$`:                `run "sh": signal: killed`,
		`cat /dev/zero`:             `run "sh": wrote more than 1048576 bytes`,
		`head -c 1048577 /dev/zero`: `run "sh": wrote more than 1048576 bytes`,
	} {
		if out, err := shell(t, t.Context(), t.TempDir(), script, ""); err == nil || err.Error() != want || out != "" {
			t.Errorf("%s: %q, %v", script, out, err)
		}
	}
	run := Commands(t.TempDir(), nil)
	for _, command := range [][]string{nil, {""}, {"no-such-program-anywhere"}, {"./none"}} {
		if out, err := run(t.Context(), command, nil); err == nil {
			t.Errorf("%q: %q", command, out)
		}
	}
}

// TestCommandsHasNoSecrets has variables with keys beside those that every program needs.
func TestCommandsHasNoSecrets(t *testing.T) {
	out, err := shell(t, t.Context(), t.TempDir(), "env", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		name, _, _ := strings.Cut(line, "=")
		if !slices.Contains([]string{"PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"}, name) {
			t.Errorf("the command has %s", line)
		}
	}
	if got := harmless([]string{"Path=x", "lc_all=C", "SECRET=1", "HOME", "LCX=1", "=C:=x"}); !slices.Equal(got, []string{"Path=x", "lc_all=C", "HOME"}) {
		t.Errorf("%q", got)
	}
	if harmless(nil) == nil {
		t.Error("no variables would be all of them")
	}
}

// pipe makes a named pipe in a folder.
func pipe(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// held makes the pipe "held", which what a command starts holds open, and returns what waits until nothing does any more.
func held(t *testing.T, dir string) (ended func()) {
	t.Helper()
	file, err := os.OpenFile(pipe(t, dir, "held"), os.O_RDONLY|syscall.O_NONBLOCK, 0) // does not wait for a writer
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return func() {
		if err := file.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("set a deadline: %v", err)
		}
		if _, err := io.Copy(io.Discard, file); err != nil {
			t.Errorf("something that the command started is still there: %v", err)
		}
	}
}

// TestCommandsIsKilled: with the command goes everything that it started, for the cause that the context has.
func TestCommandsIsKilled(t *testing.T) {
	t.Run("interrupt", func(t *testing.T) {
		dir := t.TempDir()
		ended, begun := held(t, dir), pipe(t, dir, "begun")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			if _, err := os.ReadFile(begun); err != nil { // waits for the command
				t.Errorf("wait for the command: %v", err)
			}
			cancel(ErrInterrupted)
		}()
		script := `(trap '' TERM INT; echo > begun; sleep 300; echo over) > held & wait`
		if out, err := shell(t, ctx, dir, script, ""); !errors.Is(err, ErrInterrupted) || out != "" {
			t.Errorf("%q, %v", out, err)
		}
		ended()
	})
	t.Run("timeout", func(t *testing.T) {
		dir := t.TempDir()
		ended := held(t, dir)
		g := (&grade.Exec{Command: []string{"sh", "-c", "sleep 300 > held & wait"}, Timeout: 300 * time.Millisecond}).Grader()
		run := Commands(dir, []string{"PATH=" + os.Getenv("PATH")})
		got, err := g.Grade(t.Context(), grade.Sample{}, grade.Services{Exec: run})
		if err == nil || err.Error() != `run "sh": no verdict within 300ms` || got.Pass {
			t.Errorf("%+v, %v", got, err)
		}
		ended()
	})
	t.Run("left behind", func(t *testing.T) {
		dir := t.TempDir()
		ended := held(t, dir)
		script := `(: > begun; sleep 300) > held 2>&1 & until [ -e begun ]; do :; done; echo done`
		if out, err := shell(t, t.Context(), dir, script, ""); err != nil || out != "done\n" {
			t.Errorf("%q, %v", out, err)
		}
		ended()
	})
	t.Run("left behind with the output", func(t *testing.T) {
		dir := t.TempDir()
		ended := held(t, dir)
		script := `sleep 300 3> held & echo done`
		if out, err := shell(t, t.Context(), dir, script, ""); err != nil || out != "done\n" {
			t.Errorf("%q, %v", out, err)
		}
		ended()
		script = `sleep 300 & echo done; echo why >&2; exit 3`
		if out, err := shell(t, t.Context(), dir, script, ""); err == nil || err.Error() != `run "sh": exit status 3; its last words: "why"` || out != "" {
			t.Errorf("%q, %v", out, err)
		}
	})
}

// TestExecGraderEndToEnd has a real verdict of a real process.
func TestExecGraderEndToEnd(t *testing.T) {
	run := Commands(t.TempDir(), []string{"PATH=" + os.Getenv("PATH")})
	script := `if grep -q '"output":"light"'; then echo '{"pass": true, "score": 0.75, "reason": "lit"}'; else echo '{"pass": false}'; fi`
	g := (&grade.Exec{Command: []string{"sh", "-c", script}, Timeout: time.Minute}).Grader()
	for output, want := range map[string]grade.Grade{
		"light": {Score: 0.75, Pass: true, Reason: `the command says "lit"`}, "dark": {Reason: "the command gave no reason"},
	} {
		if got, err := g.Grade(t.Context(), grade.Sample{Output: output}, grade.Services{Exec: run}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", output, got, err)
		}
	}
}
