package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"ftrun/runner"
	"ftrun/runner/ledger"
)

// TestStateInUse: a command that needs the journal names the run that has it, and does not wait for that run's end.
func TestStateInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, err := ledger.Open(t.Context(), dir, ledger.Options{Command: "ftrun -f other.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	var out bytes.Buffer
	u := &upkeep{system: system{Stdout: &out, Now: time.Now}, state: dir}
	_, err = u.lock(t.Context())
	if err == nil || !strings.Contains(err.Error(), "ftrun -f other.yaml") || runner.ConclusionOf(err).ExitCode != 3 || runner.ConclusionOf(err).Hint == "" {
		t.Errorf("%v", err)
	}
	if err := u.recordCancelled(t.Context(), runner.Cancellation{JobID: "ftjob-1", Ended: true}, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "works on this pipeline") {
		t.Errorf("it says %q", out.String())
	}
}

// TestConfirmed takes a yes and nothing else, and an interrupt ends the question.
func TestConfirmed(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "yes\n": true, " Y \n": true, "yes": true, "": false, "\n": false, "n\n": false, "yesterday\n": false, "all\n": false} {
		u := &upkeep{system: system{Stdin: strings.NewReader(answer), Stderr: io.Discard}}
		if got, err := u.confirmed(t.Context(), "remove?"); got != want || err != nil {
			t.Errorf("%q: %v, %v", answer, got, err)
		}
	}
	never, end := io.Pipe()
	defer end.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(runner.ErrInterrupted)
	u := &upkeep{system: system{Stdin: never, Stderr: io.Discard}}
	if ok, err := u.confirmed(ctx, "remove?"); ok || runner.ConclusionOf(err).ExitCode != 130 {
		t.Errorf("%v, %v", ok, err)
	}
}
