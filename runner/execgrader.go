package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// The bounds of a command that grades.
const (
	maxCommandOutput = 1 << 20
	maxCommandErrors = 4 << 10 // of its standard error: the end of it
	maxLastWords     = 300
	commandGrace     = 500 * time.Millisecond // for its pipes to close once it has ended
)

// commandEnvironment are the variables that a command gets, where they are set: what programs need to be found and to run. Keys and tokens are
// not among them, because a command may come from a stranger's pull request.
var commandEnvironment = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV",
	"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "SYSTEMDRIVE", "NUMBER_OF_PROCESSORS",
}

// errTooMuchOutput ends a command that writes without end.
var errTooMuchOutput = fmt.Errorf("wrote more than %d bytes", maxCommandOutput)

// Commands returns what runs commands that grade, in a folder, which is that of the spec, with those variables of environ ("NAME=value") that are no
// secrets. Each gets the input on its standard input and must end with status 0 and at most 1 MiB on its standard output, which comes back. Where the
// context ends, it is killed with everything that it started, and the error is the context's cause.
func Commands(dir string, environ []string) Exec {
	environ = harmless(environ)
	return func(ctx context.Context, command []string, input []byte) ([]byte, error) {
		if len(command) == 0 {
			return nil, errors.New("run a command: it has no name")
		}
		output, err := runOnce(ctx, dir, environ, command, input)
		if err != nil {
			return nil, fmt.Errorf("run %q: %w", command[0], err)
		}
		return output, nil
	}
}

// harmless keeps the variables that a command may have.
func harmless(environ []string) []string {
	kept := []string{} // nil would be all of them
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		name = strings.ToUpper(name)
		if strings.HasPrefix(name, "LC_") {
			kept = append(kept, variable)
			continue
		}
		for _, allowed := range commandEnvironment {
			if name == allowed {
				kept = append(kept, variable)
			}
		}
	}
	return kept
}

func runOnce(ctx context.Context, dir string, environ, command []string, input []byte) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	output := &bounded{limit: maxCommandOutput, full: func() { cancel(errTooMuchOutput) }}
	errorText := &tail{limit: maxCommandErrors}
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir, c.Env = dir, environ
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(input), output, errorText
	c.WaitDelay = commandGrace
	aloneInGroup(c)
	err := c.Run()
	endGroup(c) // what it left running in the background
	switch {
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrWaitDelay): // it ended well, and something in the background still held its output
		return output.kept.Bytes(), nil
	case err != nil:
		return nil, errorText.explain(err)
	default:
		return output.kept.Bytes(), nil
	}
}

// A bounded buffer keeps so many bytes, and says when there are more. It has no other method than Write, past which nothing is copied.
type bounded struct {
	kept  bytes.Buffer
	limit int
	full  func()
}

// Write keeps p, or refuses it whole.
func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > b.limit {
		b.full()
		return 0, errTooMuchOutput
	}
	return b.kept.Write(p)
}

// A tail keeps the end of what is written to it.
type tail struct {
	text  []byte
	limit int
}

// Write takes everything.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if over := len(t.text) - t.limit; over > 0 {
		t.text = append([]byte(nil), t.text[over:]...)
	}
	return len(p), nil
}

// explain adds the last line that a command wrote on its standard error: there programs say what went wrong.
func (t *tail) explain(err error) error {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
		return fmt.Errorf("%w; its last words: %q", err, last[max(len(last)-maxLastWords, 0):])
	}
	return err
}
