package embedded

import (
	"cmp"
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

// A fileNote is what is remembered of a file beside its bytes.
type fileNote struct {
	Seq    int64       `json:"seq"` // files of one second are listed in the order in which they came
	SHA256 string      `json:"sha256"`
	File   fileObject  `json:"file"` // as it is once its script, if it has one, has been played
	Script *fileScript `json:"script,omitempty"`
}

// An upload is a note in use. How far its script has been played is not written down: after a restart it is played again.
type upload struct {
	fileNote
	stage int       // which of the script's statuses is shown; as many as there are: none
	polls int       // how often clients have asked for the file in this stage
	since time.Time // when this stage began
}

// A shelf holds the uploaded files; the result files of jobs belong to the board. The bytes are stored before the note, and removed after it: bytes without a note are the trace of a
// kill, and are swept away when the shelf is opened.
type shelf struct {
	store store
	now   func() time.Time

	mu      sync.Mutex
	uploads []*upload // in the order of upload
	last    int64     // the last Seq given
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
		u := &upload{since: now()}
		if err := readNote(st, name, &u.fileNote); err != nil {
			return nil, err
		}
		s.uploads = append(s.uploads, u)
		s.last = max(s.last, u.Seq)
	}
	slices.SortFunc(s.uploads, func(a, b *upload) int { return cmp.Compare(a.Seq, b.Seq) })
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
	note := &fileNote{File: fileObject{ID: "file-" + rand.Text(), Object: "file", Status: fileProcessed}}
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

// add makes a received file visible, and durable, and returns it as it is shown at first.
func (s *shelf) add(note *fileNote) (fileObject, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	note.Seq = s.last + 1
	if err := writeNote(s.store, noteName(note.File.ID), note); err != nil {
		return fileObject{}, err
	}
	s.last++
	u := &upload{fileNote: *note, since: s.now()}
	s.uploads = append(s.uploads, u)
	return u.shown(u.since).File, nil
}

// nextSeq gives a Seq to a file that is not an upload.
func (s *shelf) nextSeq() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return s.last
}

// passSeqs makes sure that no Seq of these files is given again.
func (s *shelf) passSeqs(notes []fileNote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range notes {
		s.last = max(s.last, n.Seq)
	}
}

// drop forgets a received file that was never added.
func (s *shelf) drop(note *fileNote) error { return s.store.remove(dataName(note.File.ID)) }

// all returns the files that have not expired, in the order of upload.
func (s *shelf) all() []fileNote {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []fileNote
	for _, u := range s.uploads {
		if !s.expired(u) {
			out = append(out, u.shown(s.now()))
		}
	}
	return out
}

func (s *shelf) expired(u *upload) bool {
	return u.File.ExpiresAt != nil && s.now().Unix() >= *u.File.ExpiresAt
}

// look returns a file as it is shown now.
func (s *shelf) look(id string) (fileNote, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return fileNote{}, false
	}
	return s.uploads[i].shown(s.now()), true
}

// poll is look for a client that asks for the file itself: its script may count on that.
func (s *shelf) poll(id string) (fileNote, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return fileNote{}, false
	}
	note := s.uploads[i].shown(s.now())
	s.uploads[i].polls++
	s.uploads[i].play(s.now())
	return note, true
}

func (s *shelf) index(id string) int {
	return slices.IndexFunc(s.uploads, func(u *upload) bool { return u.File.ID == id && !s.expired(u) })
}

// shown returns the file with the status that its script shows at this time.
func (u *upload) shown(now time.Time) fileNote {
	u.play(now)
	note := u.fileNote
	if u.Script != nil && u.stage < len(u.Script.Statuses) {
		note.File.Status, note.File.StatusDetails = u.Script.Statuses[u.stage].Status, ""
	}
	return note
}

// play leaves the stages of the script that are over.
func (u *upload) play(now time.Time) {
	if u.Script == nil {
		return
	}
	for ; u.stage < len(u.Script.Statuses); u.stage++ {
		status, end := u.Script.Statuses[u.stage], now
		if status.For > 0 {
			end = u.since.Add(time.Duration(status.For))
		}
		if u.polls < status.Polls || now.Before(end) {
			return
		}
		u.polls, u.since = 0, end
	}
}

// open returns the bytes of a file.
func (s *shelf) open(id string) (io.ReadSeekCloser, error) {
	if _, ok := s.look(id); !ok {
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
	s.uploads = slices.Delete(s.uploads, i, i+1)
	// The file is gone with its note; bytes that stay are swept away at the next start.
	if err := s.store.remove(dataName(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, err
	}
	return true, nil
}
