package embedded

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"golang.org/x/sync/semaphore"
)

// Idle opens a server on a folder as New does, except that it works on no job: what is not finished stays as it is, for the next
// server. It is for cleaning up, which must not train on the way.
func Idle(dir string) (*Server, error) {
	st, err := openDirStore(dir)
	if err != nil {
		return nil, err
	}
	return idle(st)
}

// Look opens a server that shows what is in a folder and changes nothing there, whoever else works on it. A folder that does not
// exist holds nothing. Whatever would be written is an error of the server's.
func Look(dir string) (*Server, error) {
	return idle(&lookStore{dirStore{dir: dir}})
}

// idle is a server that is closing from the start: nobody works on its jobs.
func idle(st store) (*Server, error) {
	opts := Options{Now: time.Now, Log: func(string) {}, MaxFileBytes: maxFileBytes}
	files, err := openShelf(st, opts.Now)
	if err != nil {
		return nil, err
	}
	jobs, err := openBoard(st, opts.Now)
	if err != nil {
		return nil, err
	}
	s := &Server{
		opts: opts, store: st, files: files, jobs: jobs, models: newLibrary(st),
		faults: newInjector(nil), training: semaphore.NewWeighted(1),
	}
	files.passSeqs(jobs.results())
	s.work, s.stop = context.WithCancelCause(context.Background())
	s.stop(errClosing)
	s.routes = s.newRoutes()
	return s, nil
}

// A lookStore is a folder to look at.
type lookStore struct{ dirStore }

var errLooking = errors.New("the folder is only looked at")

func (l *lookStore) put(string, func(io.Writer) error) error { return errLooking }

// remove does nothing: traces of a kill are swept away by the next server that works here.
func (l *lookStore) remove(string) error { return nil }

func (l *lookStore) list(folder string) ([]string, error) {
	names, err := l.dirStore.list(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}
