package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// A lock is held by one process, and one Ledger in it, at a time. The operating system frees it when the process ends.
type lock struct {
	flock  *flock.Flock
	holder string // path of the file that says who holds it
}

// A holder is who holds the lock. It is in a file of its own, because Windows lets nobody read a locked one.
type holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
	Command string    `json:"command,omitempty"`
}

// String is what a waiting process tells its user.
func (h holder) String() string {
	s := fmt.Sprintf("process %d on host %q since %s", h.PID, h.Host, h.Started.Format(time.RFC3339))
	if h.Command != "" {
		s += fmt.Sprintf(" (%q)", h.Command)
	}
	return s
}

// acquire takes the lock of dir, waiting for it until ctx ends.
func acquire(ctx context.Context, dir string, opts Options) (*lock, error) {
	// Nothing tells when a lock becomes free. A waiting run is in no hurry.
	const poll = 200 * time.Millisecond
	l := &lock{
		flock:  flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600)),
		holder: filepath.Join(dir, "holder"),
	}
	if err := regular(l.flock.Path()); err != nil {
		return nil, err
	}
	told := ""
	for {
		ok, err := l.flock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
		if ok {
			break
		}
		who := l.who()
		if who != told && opts.Waiting != nil {
			opts.Waiting(who)
			told = who
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s, which uses %q: %w", who, dir, context.Cause(ctx))
		case <-time.After(poll):
		}
	}
	if err := l.sign(opts.Command); err != nil {
		return nil, errors.Join(err, l.flock.Unlock())
	}
	return l, nil
}

// who returns what is known about the holder.
func (l *lock) who() string {
	const unknown = "another process"
	content, err := os.ReadFile(l.holder)
	var h holder
	if err != nil || json.Unmarshal(content, &h) != nil || h.PID == 0 {
		return unknown
	}
	return h.String()
}

// sign says that this process holds the lock.
func (l *lock) sign(command string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	content, err := json.Marshal(holder{PID: os.Getpid(), Host: host, Started: time.Now().UTC().Truncate(time.Second), Command: command})
	if err != nil {
		return err
	}
	// Removed and created anew, so that a link in its place is not followed.
	if err := os.Remove(l.holder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(l.holder, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// release frees the lock. The lock file stays: were it removed, two processes could hold locks on two files of that name.
func (l *lock) release() error {
	err := os.Remove(l.holder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.flock.Unlock())
}
