package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// childDir names the ledger that this program, run again by a test, is to hold until it is killed.
const childDir = "FTRUN_LEDGER_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// childBulk makes that ledger a bulk one.
const childBulk = "FTRUN_LEDGER_TEST_BULK"

// child opens the ledger, appends a record, says so, and goes on until its input ends.
func child(dir string) int {
	l, err := Open(context.Background(), dir, Options{Command: "child", Bulk: os.Getenv(childBulk) != ""})
	if err == nil {
		err = l.Append(Record{Kind: "child", Key: fmt.Sprint(os.Getpid())})
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return 0
}

// startChild returns once another process holds the ledger.
func startChild(t *testing.T, dir string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	return cmd
}

func TestAKilledHolderMakesRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := startChild(t, dir)
	who := make(chan string, 10)
	opened := make(chan *Ledger)
	go func() {
		l, err := Open(t.Context(), dir, Options{Waiting: func(holder string) { who <- holder }})
		if err != nil {
			t.Error(err)
		}
		opened <- l
	}()
	if got, want := <-who, fmt.Sprintf("process %d on host ", cmd.Process.Pid); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ` ("child")`) {
		t.Errorf("holder %q, want %s…", got, want)
	}
	select {
	case <-opened:
		t.Fatal("two processes hold the ledger")
	case <-time.After(500 * time.Millisecond): // that nothing happens takes time to see
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	l := <-opened
	if l == nil {
		return
	}
	defer func() { _ = l.Close() }()
	if _, ok := l.Last("child", fmt.Sprint(cmd.Process.Pid)); !ok {
		t.Error("the killed process's record is lost")
	}
	if len(who) != 0 {
		t.Errorf("told again: %s", <-who)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	dir := t.TempDir()
	startChild(t, dir)
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	l, err := Open(ctx, dir, Options{Waiting: func(string) { cancel(interrupted) }})
	if l != nil || !errors.Is(err, interrupted) || !strings.HasPrefix(err.Error(), "open ledger: wait for process ") {
		t.Errorf("got %v", err)
	}
}

func TestWaitingHearsOfEveryHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	heard := make(chan string)
	done := make(chan error)
	go func() {
		l, err := Open(t.Context(), dir, Options{Waiting: func(holder string) { heard <- holder }})
		if err == nil {
			err = l.Close()
		}
		done <- err
	}()
	<-heard
	// A third process takes over; whether it got the lock makes no difference to who is named.
	if err := os.WriteFile(filepath.Join(dir, "holder"), []byte(`{"pid":4711,"host":"ci-3","started":"2026-03-01T12:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := <-heard, `process 4711 on host "ci-3" since 2026-03-01T12:00:00Z`; got != want {
		t.Errorf("heard of %s, want %s", got, want)
	}
	if err := os.WriteFile(filepath.Join(dir, "holder"), []byte("\x1b[2J"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != "another process" {
		t.Errorf("heard of %q", got)
	}
	closed(t, first)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestGoroutinesTakeTurns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var inside sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			l, err := Open(t.Context(), dir, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if !inside.TryLock() {
				t.Error("two ledgers at once")
				inside.Lock()
			}
			n := len(l.Records("turn", ""))
			if err := l.Append(Record{Kind: "turn", Data: fmt.Append(nil, n)}); err != nil {
				t.Error(err)
			}
			inside.Unlock()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(open(t, dir).Records("turn", "")); got != 4 {
		t.Errorf("%d turns", got)
	}
}
