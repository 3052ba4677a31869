package embedded

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"ftrun/runner/atomicfile"
)

// A store keeps named blobs. A name is a folder and a file name, "jobs/ftjob-1.json". A blob is there whole or not at all, whenever
// the process is killed; everything the server knows after a restart comes out of one.
type store interface {
	// put stores what write writes, replacing a blob of that name. Where write fails, the old blob stays.
	put(name string, write func(io.Writer) error) error
	// open returns an error that matches fs.ErrNotExist where there is no such blob.
	open(name string) (io.ReadSeekCloser, error)
	// remove is content when the blob is gone already.
	remove(name string) error
	// list returns the names of the blobs in a folder, sorted.
	list(folder string) ([]string, error)
}

// errTakenOver says that another server was opened on the same folder later. It has the right to write, this one has lost it.
var errTakenOver = errors.New("state folder was taken over by another server")

// dirStore keeps blobs as files.
//
// Its owner file holds the token of the server that opened the folder last. Unlike a lock it needs no cleaning up after a kill, and an
// older server that still runs finds out before its next write, instead of mixing its state into the newer one's.
type dirStore struct {
	dir   string
	token string
}

const (
	ownerFile  = "owner"
	tempInfix  = ".tmp-" // of the temporary files that atomicfile leaves when the process is killed
	filesIn    = "files"
	jobsIn     = "jobs"
	modelsIn   = "models"
	resultsIn  = "results"
	noteSuffix = ".json"
)

func openDirStore(dir string) (*dirStore, error) {
	for _, folder := range []string{"", filesIn, jobsIn, modelsIn, resultsIn} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return nil, err
		}
		if err := removeLeftovers(filepath.Join(dir, folder)); err != nil {
			return nil, err
		}
	}
	d := &dirStore{dir: dir, token: rand.Text()}
	// This makes the folders durable as well.
	return d, atomicfile.WriteFile(filepath.Join(dir, ownerFile), func(w io.Writer) error {
		_, err := io.WriteString(w, d.token)
		return err
	})
}

func removeLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && strings.Contains(e.Name(), tempInfix) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *dirStore) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d *dirStore) owned() error {
	token, err := os.ReadFile(filepath.Join(d.dir, ownerFile))
	if err != nil {
		return err
	}
	if string(token) != d.token {
		return errTakenOver
	}
	return nil
}

func (d *dirStore) put(name string, write func(io.Writer) error) error {
	return atomicfile.WriteFile(d.path(name), func(w io.Writer) error {
		if err := write(w); err != nil {
			return err
		}
		// Asked last, so that a long write does not widen the gap between the question and the rename.
		return d.owned()
	})
}

func (d *dirStore) open(name string) (io.ReadSeekCloser, error) { return os.Open(d.path(name)) }

func (d *dirStore) remove(name string) error {
	if err := d.owned(); err != nil {
		return err
	}
	if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *dirStore) list(folder string) ([]string, error) {
	entries, err := os.ReadDir(d.path(folder)) // sorted by name
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, folder+"/"+e.Name())
		}
	}
	return names, nil
}

// memStore keeps blobs in memory.
type memStore struct {
	mu    sync.Mutex
	blobs map[string][]byte
}

func newMemStore() *memStore { return &memStore{blobs: map[string][]byte{}} }

func (m *memStore) put(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[name] = b.Bytes()
	return nil
}

func (m *memStore) open(name string) (io.ReadSeekCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return readCloser{bytes.NewReader(b)}, nil
}

func (m *memStore) remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.blobs, name)
	return nil
}

func (m *memStore) list(folder string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for name := range m.blobs {
		if strings.HasPrefix(name, folder+"/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

type readCloser struct{ io.ReadSeeker }

func (readCloser) Close() error { return nil }
