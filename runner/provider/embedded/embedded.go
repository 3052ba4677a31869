package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Options configure a Server. The zero value is a server that keeps everything in memory and works without faults.
type Options struct {
	// Dir holds files, jobs and models across restarts; it is created where it is missing. Empty keeps everything in memory.
	// One server at a time works on a folder: opening it again takes it over, and the older server's writes fail from then on.
	Dir string
	// APIKey is what requests must bring as a bearer token or as the header api-key. Empty lets everyone in.
	APIKey string
	// Faults are what goes wrong on purpose; nil for nothing.
	Faults *Faults
	// MaxFileBytes limits one uploaded file; 0 stands for the service's 512 MiB.
	MaxFileBytes int64
	// Now stamps what the server creates; nil stands for time.Now.
	Now func() time.Time
	// Log receives one line for each request and each change of a job's status; nil for none. It may be called by several
	// goroutines at once.
	Log func(line string)
}

// A Server is the embedded engine: an http.Handler rooted at /v1/. Its methods may be called by several goroutines at once.
type Server struct {
	opts   Options
	store  store
	files  *shelf
	jobs   *board
	models *library
	faults *injector
	routes *http.ServeMux
	counts counter

	training *semaphore.Weighted // held while a model is trained

	work context.Context // ends when the server is closed
	stop context.CancelCauseFunc
	busy sync.WaitGroup // the goroutines that work on jobs
}

// New opens a server and goes on with the jobs in opts.Dir that are not finished. It fails where the folder can't be used or holds
// something it can't read.
func New(opts Options) (*Server, error) {
	if opts.Dir == "" {
		return newServer(opts, newMemStore())
	}
	st, err := openDirStore(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("open embedded engine in %s: %w", opts.Dir, err)
	}
	s, err := newServer(opts, st)
	if err != nil {
		return nil, fmt.Errorf("open embedded engine in %s: %w", opts.Dir, err)
	}
	return s, nil
}

func newServer(opts Options, st store) (*Server, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = func(string) {}
	}
	if opts.MaxFileBytes == 0 {
		opts.MaxFileBytes = maxFileBytes
	}
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
		faults: newInjector(opts.Faults), training: semaphore.NewWeighted(1),
	}
	files.passSeqs(jobs.results())
	if err := s.sweep(func(string) bool { return true }); err != nil {
		return nil, err
	}
	s.work, s.stop = context.WithCancelCause(context.Background())
	s.routes = s.newRoutes()
	for _, id := range s.jobs.unfinished() {
		s.start(id)
	}
	return s, nil
}

// errClosing ends the work on jobs when the server is closed.
var errClosing = errors.New("the embedded engine is closing")

// Close stops training and waits until it has stopped, which takes no longer than a step of it. Jobs that are not finished go on when a
// server is opened on the same folder. Close does not wait for requests; shut the http.Server down first. It always returns nil.
func (s *Server) Close() error {
	s.jobs.mu.Lock() // no job starts while it is held, so none can slip past the waiting
	s.stop(errClosing)
	s.jobs.mu.Unlock()
	s.busy.Wait()
	return nil
}

func (s *Server) now() time.Time { return s.opts.Now() }
