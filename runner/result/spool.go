package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"sync"
)

// A Spool is [Cases] in a file: cases arrive in any order while answers come in, and are read back in the order of the spec.
// Only the places of the cases stay in memory, so that a run with many cases needs no more of it than one with few.
//
// It is safe for concurrent use. The file is scratch: JSON lines in the order of arrival, of no promised format.
type Spool struct {
	mu    sync.Mutex
	file  *os.File
	end   int64
	at    []extent // by index
	count int
}

// An extent is where a case stands in the file. Its zero value stands for a case that has not arrived.
type extent struct {
	offset int64
	size   int
}

// NewSpool makes an empty spool in a new file at path. A file or link that stands there is removed, and not written through.
func NewSpool(path string) (*Spool, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("create case spool: %w", err)
	}
	// The answers of a model are the user's business alone.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create case spool: %w", err)
	}
	return &Spool{file: f}, nil
}

// Put stores the case with the given index in the spec, in the place of one that was put there before.
func (s *Spool) Put(index int, c Case) error {
	if index < 0 {
		return fmt.Errorf("store case %q: negative index %d", c.ID, index)
	}
	data, err := json.Marshal(tidyCase(c))
	if err != nil {
		return fmt.Errorf("store case %q: %w", c.ID, err)
	}
	data = append(data, '\n') // for people who look into the file of a run that was killed
	s.mu.Lock()
	defer s.mu.Unlock()
	// After a failed write the end stays where it was, and the next case overwrites what was left of this one.
	if _, err := s.file.WriteAt(data, s.end); err != nil {
		return fmt.Errorf("store case %q: %w", c.ID, err)
	}
	if grow := index + 1 - len(s.at); grow > 0 {
		s.at = append(s.at, make([]extent, grow)...)
	}
	if s.at[index].size == 0 {
		s.count++
	}
	s.at[index] = extent{offset: s.end, size: len(data)}
	s.end += int64(len(data))
	return nil
}

// Len returns the number of cases that have arrived.
func (s *Spool) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// All yields the cases that had arrived when the reading began, in the order of their indexes. It ends after an error.
func (s *Spool) All() iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		s.mu.Lock()
		at := slices.Clone(s.at)
		s.mu.Unlock()
		var buf []byte
		for index, e := range at {
			if e.size == 0 {
				continue
			}
			buf = slices.Grow(buf[:0], e.size)[:e.size]
			c, err := s.read(e.offset, buf)
			if err != nil {
				yield(Case{}, fmt.Errorf("read back case %d: %w", index+1, err))
				return
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// read decodes the case at the given offset; buf has its size.
func (s *Spool) read(offset int64, buf []byte) (Case, error) {
	if _, err := s.file.ReadAt(buf, offset); err != nil {
		return Case{}, err
	}
	var c Case
	err := json.Unmarshal(buf, &c)
	return c, err
}

// Close closes the file and leaves it where it is. The cases can't be read after it.
func (s *Spool) Close() error { return s.file.Close() }

// Remove closes the file, where it is still open, and deletes it.
func (s *Spool) Remove() error {
	closeErr := s.file.Close()
	if errors.Is(closeErr, os.ErrClosed) {
		closeErr = nil
	}
	return errors.Join(closeErr, os.Remove(s.file.Name()))
}
