package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"
)

// Append writes a record and returns once it is on disk. Where it returns an error, the journal has no part of the record and
// everything from before; a later Append may do better when, say, the disk has room again. Where not even syncing works, the disk
// can't be trusted with anything more, and every later Append returns that error.
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
	ticket, err := l.write(r, body)
	if err != nil {
		return err
	}
	return l.sync(ticket)
}

// encode returns the record as the journal has it, and makes r what reading it back will give.
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
	encoded := bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	var back Record
	if err := json.Unmarshal(encoded, &back); err != nil {
		return nil, err
	}
	*r = back
	return encoded, nil
}

// write puts a record at the journal's end and returns how many records were appended by now, for [Ledger.sync].
func (l *Ledger) write(r Record, body []byte) (ticket uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return 0, l.broken
	}
	line := formatLine(l.next, body)
	if _, err := l.file.WriteAt(line, l.written.size); err != nil {
		// Where even this fails, the next line overwrites what was written of this one, or the next Open cuts it off.
		return 0, errors.Join(err, l.file.Truncate(l.written.size))
	}
	l.next++
	l.written.size += int64(len(line))
	l.written.records++
	l.pending = append(l.pending, r)
	return l.written.records, nil
}

// sync returns once the first ticket records that were appended are on disk. The first goroutine to come syncs for those that
// wait behind it.
func (l *Ledger) sync(ticket uint64) error {
	l.syncing.Lock()
	defer l.syncing.Unlock()
	if l.mark(&l.synced).records >= ticket {
		return nil
	}
	return l.flush()
}

// flush syncs what was written. The caller holds l.syncing.
func (l *Ledger) flush() error {
	upTo := l.mark(&l.written)
	l.mu.Lock()
	broken := l.broken
	l.mu.Unlock()
	if broken != nil {
		return broken
	}
	err := l.file.Sync() // without mu: others go on writing

	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		// A kernel may drop what it could not write and call the next sync a success, so that none is to be believed any more.
		l.broken = errors.Join(err, l.file.Truncate(l.synced.size))
		return l.broken
	}
	fresh := int(upTo.records - l.synced.records)
	for _, r := range l.pending[:fresh] {
		l.remember(r)
	}
	l.pending = slices.Delete(l.pending, 0, fresh)
	l.synced = upTo
	return nil
}

func (l *Ledger) mark(m *mark) mark {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *m
}
