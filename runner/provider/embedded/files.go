package embedded

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A fileNote is what is remembered of an uploaded file beside its bytes.
type fileNote struct {
	Seq    int64      `json:"seq"` // uploads of one second are listed in the order in which they came
	SHA256 string     `json:"sha256"`
	File   fileObject `json:"file"`
}

// A shelf holds the uploaded files. The bytes are stored before the note, and removed after it: bytes without a note are the trace of a
// kill, and are swept away when the shelf is opened.
type shelf struct {
	store store
	now   func() time.Time

	mu    sync.Mutex
	notes []*fileNote // in the order of upload
	last  int64       // the last Seq given
}

func dataName(id string) string { return filesIn + "/" + id + ".data" }
func noteName(id string) string { return filesIn + "/" + id + noteSuffix }

func openShelf(st store, now func() time.Time) (*shelf, error) {
	names, err := st.list(filesIn)
	if err != nil {
		return nil, err
	}
	s := &shelf{store: st, now: now}
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, ".data"); ok {
			if !slices.Contains(names, id+noteSuffix) {
				if err := st.remove(name); err != nil {
					return nil, err
				}
			}
			continue
		}
		note := new(fileNote)
		if err := readNote(st, name, note); err != nil {
			return nil, err
		}
		s.notes = append(s.notes, note)
		s.last = max(s.last, note.Seq)
	}
	slices.SortFunc(s.notes, func(a, b *fileNote) int { return int(a.Seq - b.Seq) })
	return s, nil
}

// readNote decodes the JSON blob of that name.
func readNote(st store, name string, v any) error {
	r, err := st.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := json.NewDecoder(r).Decode(v); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// writeNote stores v as JSON.
func writeNote(st store, name string, v any) error {
	return st.put(name, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

// receive streams the bytes of a new file to the store; add makes it a file. What stops the stream is the client's fault, what stops the
// store is not.
func (s *shelf) receive(r io.Reader, limit int64) (*fileNote, error) {
	note := &fileNote{File: fileObject{ID: "file-" + rand.Text(), Object: "file", Status: "processed"}}
	err := s.store.put(dataName(note.File.ID), func(w io.Writer) error {
		sum := sha256.New()
		in := &blamedReader{r: io.LimitReader(r, limit+1)}
		n, err := io.Copy(io.MultiWriter(w, sum), in)
		switch {
		case in.err != nil:
			return invalid("file", "The upload is broken: %v", in.err)
		case err != nil:
			return err
		case n > limit:
			return &apiError{
				Status: http.StatusRequestEntityTooLarge, Type: typeInvalid, Param: "file",
				Message: fmt.Sprintf("File is larger than the limit of %d bytes.", limit),
			}
		}
		note.File.Bytes, note.SHA256 = n, hex.EncodeToString(sum.Sum(nil))
		return nil
	})
	return note, err
}

// A blamedReader remembers what went wrong with reading, which io.Copy does not tell from what went wrong with writing.
type blamedReader struct {
	r   io.Reader
	err error
}

func (b *blamedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// add makes a received file visible, and durable.
func (s *shelf) add(note *fileNote) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	note.Seq = s.last + 1
	if err := writeNote(s.store, noteName(note.File.ID), note); err != nil {
		return err
	}
	s.last++
	s.notes = append(s.notes, note)
	return nil
}

// drop forgets a received file that was never added.
func (s *shelf) drop(note *fileNote) error { return s.store.remove(dataName(note.File.ID)) }

// all returns the files that have not expired, in the order of upload.
func (s *shelf) all() []fileNote {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []fileNote
	for _, n := range s.notes {
		if !s.expired(n) {
			out = append(out, *n)
		}
	}
	return out
}

func (s *shelf) expired(n *fileNote) bool {
	return n.File.ExpiresAt != nil && s.now().Unix() >= *n.File.ExpiresAt
}

func (s *shelf) get(id string) (fileNote, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return fileNote{}, false
	}
	return *s.notes[i], true
}

func (s *shelf) index(id string) int {
	return slices.IndexFunc(s.notes, func(n *fileNote) bool { return n.File.ID == id && !s.expired(n) })
}

// open returns the bytes of a file.
func (s *shelf) open(id string) (io.ReadSeekCloser, error) {
	if _, ok := s.get(id); !ok {
		return nil, fmt.Errorf("file %s: %w", id, fs.ErrNotExist)
	}
	return s.store.open(dataName(id))
}

// remove deletes a file and says whether there was one.
func (s *shelf) remove(id string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return false, nil
	}
	if err := s.store.remove(noteName(id)); err != nil {
		return false, err
	}
	s.notes = slices.Delete(s.notes, i, i+1)
	// The file is gone with its note; bytes that stay are swept away at the next start.
	if err := s.store.remove(dataName(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, err
	}
	return true, nil
}
