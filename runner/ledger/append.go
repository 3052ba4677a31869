package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"
)

// Append writes a record and returns once it is on disk; for a bulk ledger see [Options]. Where it returns an error, the journal has
// no part of the record and everything from before; a later Append may do better when, say, the disk has room again. Where not even
// syncing works, the disk can't be trusted with anything more, and every later Append returns that error.
//
// Goroutines that append at the same time share one sync.
func (l *Ledger) Append(r Record) error {
	if err := l.append(r); err != nil {
		return fmt.Errorf("append to %q: %w", filepath.Join(l.dir, journalName), err)
	}
	return nil
}

func (l *Ledger) append(r Record) error {
	body, err := encode(&r)
	if err != nil {
		return err
	}
	if !l.bulk {
		var back Record // what is remembered is what reading it will give
		if err := json.Unmarshal(body, &back); err != nil {
			return err
		}
		r = back
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ticket, err := l.write(r, body)
	if err != nil {
		return err
	}
	if l.bulk {
		l.syncSoon()
		return nil
	}
	return l.sync(ticket)
}

// encode returns the record as the journal has it, and fills in its time.
func encode(r *Record) ([]byte, error) {
	if r.Kind == "" {
		return nil, errors.New("a record without a kind")
	}
	if !utf8.ValidString(r.Kind) || !utf8.ValidString(r.Key) {
		return nil, fmt.Errorf("kind %q, key %q: not UTF-8", r.Kind, r.Key) // JSON would change it silently
	}
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	r.Time = r.Time.UTC().Round(0) // no monotonic reading, no zone
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), nil
}

// write puts a record at the journal's end and returns how many records were appended by now, for [Ledger.sync]. The caller holds l.mu.
func (l *Ledger) write(r Record, body []byte) (ticket uint64, err error) {
	if l.broken != nil {
		return 0, l.broken
	}
	line := formatLine(l.next, body)
	if _, err := l.file.WriteAt(line, l.written.size); err != nil {
		// Where even this fails, the next line overwrites what was written of this one, or the next Open cuts it off.
		return 0, errors.Join(err, l.file.Truncate(l.written.size))
	}
	if l.bulk {
		l.place(r, place{l.written.size, len(line) - 1})
	} else {
		l.pending = append(l.pending, r)
	}
	l.next++
	l.written.size += int64(len(line))
	l.written.records++
	return l.written.records, nil
}

// sync returns once the first ticket records that were appended are on disk. The first goroutine to come syncs for those that come
// meanwhile; of these, the first to wake does the same for all that it finds. The caller holds l.mu, which is free while it waits.
func (l *Ledger) sync(ticket uint64) error {
	for l.synced.records < ticket {
		switch {
		case l.broken != nil:
			return l.broken
		case l.syncing:
			l.settled.Wait()
		default:
			l.flush()
		}
	}
	return nil
}

// flush syncs what was written. The caller holds l.mu, which is free meanwhile so that others can go on writing.
func (l *Ledger) flush() {
	upTo := l.written
	l.syncing = true
	l.mu.Unlock()
	err := l.file.Sync()
	l.mu.Lock()
	l.syncing = false
	defer l.settled.Broadcast()
	if err != nil {
		// A kernel may drop what it could not write and call the next sync a success, so that none is to be believed any more.
		l.broken = errors.Join(err, l.file.Truncate(l.synced.size))
		return
	}
	if !l.bulk {
		fresh := int(upTo.records - l.synced.records)
		for _, r := range l.pending[:fresh] {
			l.remember(r)
		}
		l.pending = slices.Delete(l.pending, 0, fresh)
	}
	l.synced = upTo
}

// bulkDelay is how long a record of a bulk ledger may be written and not on disk.
const bulkDelay = 100 * time.Millisecond

// syncSoon sees to it that what was written will be on disk. The caller holds l.mu.
func (l *Ledger) syncSoon() {
	if l.timer != nil {
		return
	}
	l.timer = time.AfterFunc(bulkDelay, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.timer = nil
		_ = l.sync(l.written.records) // l.broken has the error, for the next Append and for Close
	})
}

// finish lets appends in progress end and allows no more. The error is one that no Append could return; already: it was finished before.
func (l *Ledger) finish() (already bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.broken, os.ErrClosed) {
		return true, nil
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	for l.broken == nil && l.synced != l.written {
		_ = l.sync(l.written.records)
	}
	if l.bulk {
		err = l.broken
	}
	l.broken = os.ErrClosed
	return false, err
}
