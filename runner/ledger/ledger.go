// Package ledger is the journal that lets a run continue without paying twice: what a run decided and paid for is on disk before
// the run goes on, and the next run reads it.
//
//	l, err := ledger.Open(ctx, ".ftrun", ledger.Options{})
//	if job, ok := l.Last("job", key); ok { … }
//	err = l.Append(ledger.Record{Kind: "job", Key: key, Data: data})
//
// The folder, mode 0700, holds files of mode 0600:
//
//	lock                locked while a ledger is open; the lock ends with its process, however that ends
//	holder              who holds the lock, as JSON: for messages only
//	journal             the records
//	journal.damaged-N   bytes that a repair took out of the journal; nothing reads them
//
// The journal is a text file of one line per record, written only at its end:
//
//	da7488ab 0 {"journal":1}
//	038117d2 1 {"time":"2026-03-01T12:00:00Z","kind":"job","key":"9f8e","data":{"id":"ftjob-1"}}
//
// The first word is the CRC-32C (Castagnoli) of the rest of the line, line break left out, in hex. The second is the record's number:
// it grows from line to line, so that a line that was copied or moved is known for what it is. Line 0 is the format's version.
//
// Every line that checks out is kept, whatever surrounds it, and nothing else is ever taken for a record. Damaged bytes are moved
// to journal.damaged-N, and [Ledger.Repaired] tells about them. The checksum guards against accidents, not against an author.
// Nothing secret belongs in a ledger.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"ftrun/runner/atomicfile"
)

// A Record is something that a run must not forget.
type Record struct {
	Time time.Time       `json:"time"` // zero: when it is appended
	Kind string          `json:"kind"` // what sort of thing, such as "job"
	Key  string          `json:"key"`  // which one; see [Key]
	Data json.RawMessage `json:"data,omitempty"`
}

// Options of [Open]. The zero Options are ready to use.
type Options struct {
	// Waiting is called when another process holds the lock, and again when a third one takes it first. It gets who that is, such
	// as `process 4711 on host "ci-3" since 2026-03-01T12:00:00Z ("ftrun -f pipeline.yaml")`.
	Waiting func(holder string)
	// Command is what Waiting of other processes gets to hear about this one.
	Command string
	// Bulk is for many records whose loss in a power cut costs little. Append returns once the system has the record, so that it
	// outlives the process however that ends; it is on disk a tenth of a second later, or at Close. Of the records memory has only
	// the places: Last and Records read them back, and find nothing after Close.
	Bulk bool
}

// A Ledger is an open journal. Its methods are safe for concurrent use.
type Ledger struct {
	dir      string
	lock     *lock
	repaired []string

	file file
	bulk bool

	mu      sync.Mutex // guards what follows
	records map[identity][]Record
	places  map[identity][]place // instead of records, where those are many
	next    uint64               // the next record's number
	written mark                 // the end of the whole lines in file
	synced  mark                 // as much of written as is known to be on disk
	pending []Record             // the records between the two; of a bulk ledger none
	syncing bool                 // a goroutine syncs for all; mu is free meanwhile
	settled sync.Cond            // it has done so
	timer   *time.Timer          // that will sync a bulk ledger; nil: nothing is due
	broken  error                // why nothing can be appended any more
}

type identity struct{ kind, key string }

// A place is where a record's line stands in the journal, without its line break.
type place struct {
	offset int64
	size   int
}

// A mark is a place in the journal: behind so many records of this ledger's own, and so many bytes.
type mark struct {
	records uint64
	size    int64
}

// file is the part of *os.File that a ledger needs; tests have one that fails.
type file interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Open opens the ledger in dir, which it creates where needed, and repairs it where that is due. While another process has it
// open, Open waits until ctx ends.
func Open(ctx context.Context, dir string, opts Options) (*Ledger, error) {
	if err := makeDir(dir); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	lock, err := acquire(ctx, dir, opts)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	l := newLedger(dir)
	l.lock, l.bulk = lock, opts.Bulk
	if err := l.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", err), lock.release())
	}
	return l, nil
}

// Read returns the records in dir as they are, for looking only: it waits for nobody, mends nothing, creates nothing, and every
// [Ledger.Append] returns an error. A folder that is not there has no records.
func Read(dir string) (*Ledger, error) {
	path := filepath.Join(dir, journalName)
	content, err := readJournal(path)
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	found, err := scan(content)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	l := newLedger(dir)
	l.broken = errReadOnly
	for _, line := range found.lines {
		l.remember(line.record)
	}
	return l, nil
}

func newLedger(dir string) *Ledger {
	l := &Ledger{dir: dir, records: make(map[identity][]Record), places: make(map[identity][]place)}
	l.settled.L = &l.mu
	return l
}

var errReadOnly = errors.New("opened for reading")

// makeDir creates dir and makes its own entry durable.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(dir))
}

// load reads the journal, mended where needed, and opens it for appending.
func (l *Ledger) load() error {
	path := filepath.Join(l.dir, journalName)
	content, err := readJournal(path)
	if err != nil {
		return err
	}
	found, err := scan(content)
	if err != nil {
		return fmt.Errorf("read %q: %w", path, err)
	}
	if l.repaired, err = repair(path, content, found); err != nil {
		return fmt.Errorf("repair %q: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	l.file, l.next = f, 1
	offset := int64(len(headerLine()))
	for _, line := range found.lines { // as they stand in the journal now
		if l.bulk {
			l.place(line.record, place{offset, len(line.raw)})
		} else {
			l.remember(line.record)
		}
		l.next = line.number + 1
		offset += int64(len(line.raw)) + 1
	}
	l.written.size = offset
	l.synced = l.written
	return nil
}

// Repaired returns what [Open] had to mend, a sentence each.
func (l *Ledger) Repaired() []string { return slices.Clone(l.repaired) }

// Records returns the records of a kind with a key, oldest first.
func (l *Ledger) Records(kind, key string) []Record {
	l.mu.Lock()
	records, places := slices.Clone(l.records[identity{kind, key}]), slices.Clone(l.places[identity{kind, key}])
	l.mu.Unlock()
	for _, p := range places {
		if r, ok := l.readBack(p); ok {
			records = append(records, r)
		}
	}
	return records
}

// Knows reports whether there is a record of a kind, with any key.
func (l *Ledger) Knows(kind string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.records {
		if id.kind == kind {
			return true
		}
	}
	for id := range l.places {
		if id.kind == kind {
			return true
		}
	}
	return false
}

// Last returns the newest record of a kind with a key.
func (l *Ledger) Last(kind, key string) (Record, bool) {
	l.mu.Lock()
	records, places := l.records[identity{kind, key}], l.places[identity{kind, key}]
	l.mu.Unlock()
	switch {
	case len(records) > 0:
		return records[len(records)-1], true
	case len(places) > 0:
		return l.readBack(places[len(places)-1])
	default:
		return Record{}, false
	}
}

// readBack reads one record. One that can't be read is as good as lost, which a bulk ledger's may be.
func (l *Ledger) readBack(p place) (Record, bool) {
	raw := make([]byte, p.size)
	if _, err := l.file.ReadAt(raw, p.offset); err != nil {
		return Record{}, false
	}
	var f found
	if ok, err := f.add(raw); !ok || err != nil {
		return Record{}, false
	}
	return f.lines[0].record, true
}

func (l *Ledger) remember(r Record) {
	id := identity{r.Kind, r.Key}
	l.records[id] = append(l.records[id], r)
}

func (l *Ledger) place(r Record, p place) {
	id := identity{r.Kind, r.Key}
	l.places[id] = append(l.places[id], p)
}

// Close makes the ledger free for others. Appends in progress end first; later ones return an error. So does Close where records of a
// bulk ledger did not get to the disk.
func (l *Ledger) Close() error {
	if l.file == nil { // see Read
		return nil
	}
	already, err := l.finish()
	if already {
		return nil
	}
	if err := errors.Join(err, l.file.Close(), l.lock.release()); err != nil {
		return fmt.Errorf("close ledger %q: %w", l.dir, err)
	}
	return nil
}
