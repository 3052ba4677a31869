package embedded

import (
	"cmp"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxFileBytes is the service's limit for one file.
	maxFileBytes = 512 << 20
	maxFiles     = 10000 // on one page of the list; the service's limit and default
	maxField     = 1 << 10

	minExpiry = 3600 // seconds; the service's limits
	maxExpiry = 2592000
)

var purposes = [...]string{"assistants", "batch", "fine-tune", "vision", "user_data", "evals"}

func (s *Server) createFile(w http.ResponseWriter, r *http.Request) error {
	form, err := r.MultipartReader()
	if err != nil {
		return invalid("", "Invalid multipart form: %v", err)
	}
	note, fields, err := s.readUpload(form)
	if err == nil && note == nil {
		return missingParam("file")
	}
	var file fileObject
	if err == nil {
		file, err = s.finishUpload(note, fields)
	}
	if err != nil {
		if note != nil {
			err = errors.Join(err, s.files.drop(note))
		}
		return err
	}
	writeJSON(w, file)
	return nil
}

// readUpload reads the form. The file is stored as it streams by, since its fields may come after it; note is nil where there was none.
func (s *Server) readUpload(form *multipart.Reader) (note *fileNote, fields map[string]string, err error) {
	fields = map[string]string{}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return note, fields, nil
		}
		if err != nil {
			return note, nil, invalid("file", "The upload is broken: %v", err)
		}
		if part.FormName() == "file" && note == nil {
			if note, err = s.files.receive(part, s.opts.MaxFileBytes); err != nil {
				return nil, nil, err
			}
			note.File.Filename = path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxField))
		if err != nil {
			return note, nil, invalid(part.FormName(), "The upload is broken: %v", err)
		}
		fields[part.FormName()] = string(value)
	}
}

func (s *Server) finishUpload(note *fileNote, fields map[string]string) (file fileObject, err error) {
	purpose, ok := fields["purpose"]
	if !ok {
		return file, missingParam("purpose")
	}
	if !slices.Contains(purposes[:], purpose) {
		return file, invalid("purpose", "'%s' is not one of ['%s'] - 'purpose'", purpose, strings.Join(purposes[:], "', '"))
	}
	if purpose == "fine-tune" && !strings.HasSuffix(note.File.Filename, ".jsonl") {
		return file, invalid("file", "Invalid file format for Fine-Tuning API. Must be .jsonl")
	}
	note.File.Purpose = purpose
	note.File.CreatedAt = s.now().Unix()
	if text := fields["expires_after[seconds]"]; text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < minExpiry || seconds > maxExpiry {
			return file, invalid("expires_after.seconds", "Invalid 'expires_after.seconds': must be an integer between %d and %d.", minExpiry, maxExpiry)
		}
		at := note.File.CreatedAt + seconds
		note.File.ExpiresAt = &at
	}
	if note.Script = s.faults.nextUpload(); note.Script != nil && note.Script.Outcome == fileError {
		note.File.Status, note.File.StatusDetails = fileError, note.Script.StatusDetails
	}
	return s.files.add(note)
}

func (s *Server) listFiles(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	limit, err := limitOf(q, maxFiles, maxFiles)
	if err != nil {
		return err
	}
	notes := append(s.files.all(), s.jobs.results()...)
	slices.SortFunc(notes, func(a, b fileNote) int { return cmp.Compare(a.Seq, b.Seq) })
	var all []fileObject
	for _, n := range notes {
		if p := q.Get("purpose"); p == "" || p == n.File.Purpose {
			all = append(all, n.File)
		}
	}
	switch order := q.Get("order"); order {
	case "", "desc":
		slices.Reverse(all)
	case "asc":
	default:
		return invalid("order", "Invalid 'order': %q is not one of asc, desc.", order)
	}
	data, more, err := cut(all, func(f fileObject) string { return f.ID }, q.Get("after"), limit)
	if err != nil {
		return err
	}
	p := filePage{Object: "list", Data: data, HasMore: more}
	if len(data) > 0 {
		p.FirstID, p.LastID = data[0].ID, data[len(data)-1].ID
	}
	writeJSON(w, p)
	return nil
}

func (s *Server) getFile(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	note, ok := s.files.poll(id)
	if !ok {
		note, _, ok = s.jobs.result(id)
	}
	if !ok {
		return noSuch("File", "id", id)
	}
	writeJSON(w, note.File)
	return nil
}

func (s *Server) deleteFile(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	found, err := s.files.remove(id)
	if !found && err == nil {
		found, err = s.jobs.removeResult(id)
	}
	if err != nil {
		return err
	}
	if !found {
		return noSuch("File", "id", id)
	}
	writeJSON(w, deletion{ID: id, Object: "file", Deleted: true})
	return nil
}

func (s *Server) fileContent(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	blob := dataName(id)
	note, ok := s.files.look(id)
	if !ok {
		var job string
		note, job, ok = s.jobs.result(id)
		blob = resultName(job)
	}
	if !ok {
		return noSuch("File", "id", id)
	}
	data, err := s.store.open(blob)
	if err != nil {
		return err
	}
	defer data.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(note.File.Bytes, 10))
	_, err = io.Copy(w, data)
	return brokenAnswer(err)
}
