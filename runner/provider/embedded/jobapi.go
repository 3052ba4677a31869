package embedded

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The service's limits for the fields of a new job.
const (
	maxBody          = 16 << 20 // bytes of any JSON request
	maxSuffix        = 64
	maxSeed          = 1<<31 - 1
	maxPairs         = 16
	maxKey, maxValue = 64, 512 // characters of metadata
	pageSize         = 20
	noLimit          = 1<<31 - 1 // for pages; the service states none
)

// standIn is the first event of every job.
const standIn = "ftrun's embedded engine is a stand-in: a small model that learns to pick a reply from the training data; it is not a GPT"

// A jobRequest is the body of a request for a new job.
type jobRequest struct {
	Model           string            `json:"model"`
	TrainingFile    string            `json:"training_file"`
	ValidationFile  *string           `json:"validation_file"`
	Hyperparameters *hyperparameters  `json:"hyperparameters"`
	Method          *method           `json:"method"`
	Suffix          *string           `json:"suffix"`
	Seed            *int64            `json:"seed"`
	Metadata        map[string]string `json:"metadata"`
	Integrations    json.RawMessage   `json:"integrations"`
}

// readJSON decodes the body into v. Fields that v lacks are ignored, as the service ignores them.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &apiError{Status: http.StatusRequestEntityTooLarge, Type: typeInvalid, Message: "The request body is too large."}
	}
	if err != nil {
		return invalid("", "The request body ended early: %v", err)
	}
	err = json.Unmarshal(body, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field == "" {
		return invalid("", "Invalid type for the body of your request: expected a JSON object, but got a JSON %s instead.", wrong.Value)
	} else if ok {
		return invalid(wrong.Field, "Invalid type for '%s': got a JSON %s.", wrong.Field, wrong.Value)
	}
	if err != nil {
		return invalid("", "We could not parse the JSON body of your request: %v", err)
	}
	return nil
}

func (s *Server) createJob(w http.ResponseWriter, r *http.Request) error {
	var req jobRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if s.faults.refusesTraining() {
		return &apiError{
			Status: http.StatusForbidden, Type: typeInvalid, Code: "training_not_available",
			Message: "Your organization is not able to create fine-tuning jobs.",
		}
	}
	rec, err := s.newRecord(&req)
	if err != nil {
		return err
	}
	if err := s.jobs.add(rec); err != nil {
		return err
	}
	s.opts.Log("job " + rec.Job.ID + " " + rec.Job.Status)
	s.start(rec.Job.ID)
	writeJSON(w, rec.Job)
	return nil
}

// newRecord checks a request and makes a job of it.
func (s *Server) newRecord(req *jobRequest) (record, error) {
	training, err := s.checkFiles(req)
	if err != nil {
		return record{}, err
	}
	chosen, err := req.chosenMethod()
	if err != nil {
		return record{}, err
	}
	if err := req.checkLabels(); err != nil {
		return record{}, err
	}
	if err := s.settleMetadata(req); err != nil {
		return record{}, err
	}
	root, err := s.rootOf(req.Model)
	if err != nil {
		return record{}, err
	}
	now := s.now()
	rec := record{Created: now, Root: root, Script: s.faults.nextScript(), Listable: now.Add(s.faults.listLag())}
	rec.Job = jobObject{
		ID: "ftjob-" + rand.Text(), Object: "fine_tuning.job", CreatedAt: now.Unix(), Status: statusValidating,
		Model: req.Model, OrganizationID: organization, TrainingFile: req.TrainingFile, ValidationFile: req.ValidationFile,
		ResultFiles: []string{}, Seed: seedOf(training), Metadata: req.Metadata, UserProvidedSuffix: req.Suffix,
	}
	if req.Seed != nil {
		rec.Job.Seed = *req.Seed
	}
	rec.setMethod(chosen)
	rec.tell(now, "info", standIn)
	rec.tell(now, "info", "Created fine-tuning job: "+rec.Job.ID)
	rec.tell(now, "info", "Validating training file: "+rec.Job.TrainingFile)
	return rec, nil
}

// setMethod shows the method, and its hyperparameters at the top as well, which have no beta there.
func (r *record) setMethod(m method) {
	r.Job.Method, r.Job.Hyperparameters = m, m.settings().Hyperparameters
	r.Job.Hyperparameters.Beta = nil
}

// seedOf derives a seed from the training file, so that a job which asks for none gives the same model each time.
func seedOf(training fileNote) int64 {
	sum, err := hex.DecodeString(training.SHA256)
	if err != nil || len(sum) < 4 {
		return 0
	}
	return int64(binary.BigEndian.Uint32(sum)) & maxSeed
}

// checkFiles checks the names of the model and the files, and returns the training file.
func (s *Server) checkFiles(req *jobRequest) (fileNote, error) {
	switch {
	case req.Model == "":
		return fileNote{}, missingParam("model")
	case req.TrainingFile == "":
		return fileNote{}, missingParam("training_file")
	}
	if req.ValidationFile != nil {
		if _, err := s.checkFile("validation_file", *req.ValidationFile); err != nil {
			return fileNote{}, err
		}
	}
	return s.checkFile("training_file", req.TrainingFile)
}

func (s *Server) checkFile(param, id string) (fileNote, error) {
	note, ok := s.files.look(id)
	if !ok {
		note, _, ok = s.jobs.result(id)
	}
	switch f := note.File; {
	case !ok:
		return note, invalid(param, "invalid %s: %s", param, id)
	case f.Purpose != "fine-tune":
		return note, invalid(param, "File '%s' has the purpose '%s', which can't be used for '%s'.", id, f.Purpose, param)
	case f.Status != fileProcessed:
		return note, invalid(param, "File '%s' can't be used for '%s': its status is '%s'.", id, param, f.Status)
	}
	return note, nil
}

// settings are those of the method's type.
func (m *method) settings() *methodSettings {
	if m.Type == methodDPO {
		return m.DPO
	}
	return m.Supervised
}

// with returns the method with these hyperparameters.
func (m *method) with(h hyperparameters) method {
	if m.Type == methodDPO {
		return method{Type: m.Type, DPO: &methodSettings{h}}
	}
	return method{Type: m.Type, Supervised: &methodSettings{h}}
}

// chosenMethod returns what was asked for, in the method or, as it used to be, at the top. Of a method there are all settings, as
// "auto" where nothing was asked for.
func (req *jobRequest) chosenMethod() (method, error) {
	m := method{Type: methodSupervised}
	if req.Method != nil {
		m = *req.Method
	}
	var h hyperparameters
	switch {
	case m.Type != methodSupervised && m.Type != methodDPO:
		return method{}, &apiError{
			Status: http.StatusBadRequest, Type: typeInvalid, Param: "method.type", Code: "unsupported_value",
			Message: "The embedded engine supports the methods 'supervised' and 'dpo', not '" + m.Type + "'.",
		}
	case req.Method != nil && req.Hyperparameters != nil:
		return method{}, invalid("hyperparameters", "Give 'hyperparameters' or 'method', not both.")
	case m.Type == methodDPO && m.Supervised != nil, m.Type == methodSupervised && m.DPO != nil:
		return method{}, invalid("method", "Invalid 'method': its type is '%s', and it has settings of another.", m.Type)
	case req.Hyperparameters != nil:
		h = *req.Hyperparameters
	case m.settings() != nil:
		h = m.settings().Hyperparameters
	}
	switch {
	case m.Type == methodSupervised && h.Beta != nil:
		return method{}, invalid("hyperparameters.beta", "Invalid 'hyperparameters.beta': it belongs to the method 'dpo'.")
	case m.Type == methodDPO && h.Beta == nil:
		h.Beta = new(setting)
	}
	return m.with(h), h.check()
}

// checkLabels checks what the job carries for the user's sake.
func (req *jobRequest) checkLabels() error {
	if n := len(deref(req.Suffix)); req.Suffix != nil && (n < 1 || n > maxSuffix) {
		return invalid("suffix", "Invalid 'suffix': must be 1 to %d characters long.", maxSuffix)
	}
	if req.Seed != nil && (*req.Seed < 0 || *req.Seed > maxSeed) {
		return invalid("seed", "Invalid 'seed': must be between 0 and %d.", maxSeed)
	}
	if len(req.Metadata) > maxPairs {
		return invalid("metadata", "Invalid 'metadata': too many properties. Expected at most %d.", maxPairs)
	}
	if present(req.Integrations) {
		return &apiError{
			Status: http.StatusBadRequest, Type: typeInvalid, Param: "integrations", Code: "unsupported_value",
			Message: "The embedded engine has no integrations.",
		}
	}
	for k, v := range req.Metadata {
		if utf8.RuneCountInString(k) > maxKey || utf8.RuneCountInString(v) > maxValue {
			return invalid("metadata", "Invalid 'metadata': keys may be %d characters long and values %d.", maxKey, maxValue)
		}
	}
	return nil
}

// settleMetadata does with a request's metadata what the faults say.
func (s *Server) settleMetadata(req *jobRequest) error {
	switch s.faults.dialect().Metadata {
	case metadataIgnored:
		req.Metadata = nil
	case metadataRejected:
		if req.Metadata != nil {
			return &apiError{
				Status: http.StatusBadRequest, Type: typeInvalid, Param: "metadata", Code: "unknown_parameter",
				Message: "Unknown parameter: 'metadata'.",
			}
		}
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (s *Server) listJobs(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	limit, err := limitOf(q, pageSize, noLimit)
	if err != nil {
		return err
	}
	jobs := s.jobs.listed(func(j *jobObject) bool { return !s.faults.dialect().filters() || hasMetadata(j, q) })
	data, more, err := cut(jobs, func(j jobObject) string { return j.ID }, q.Get("after"), limit)
	if err != nil {
		return err
	}
	writeJSON(w, page[jobObject]{"list", data, more})
	return nil
}

// hasMetadata applies the filters metadata[key]=value, all of which must hold, and metadata=null.
func hasMetadata(j *jobObject, q url.Values) bool {
	if q.Get("metadata") == "null" && len(j.Metadata) > 0 {
		return false
	}
	for name, values := range q {
		key, ok := strings.CutPrefix(name, "metadata[")
		if key, closed := strings.CutSuffix(key, "]"); ok && closed {
			if value, there := j.Metadata[key]; !there || value != values[0] {
				return false
			}
		}
	}
	return true
}

func (s *Server) getJob(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	rec, err := s.jobs.poll(id)
	if err != nil {
		return noSuch("FineTuningJob", "fine_tuning_job_id", id)
	}
	writeJSON(w, rec.Job)
	return nil
}

func (s *Server) listEvents(w http.ResponseWriter, r *http.Request) error {
	id, q := r.PathValue("id"), r.URL.Query()
	rec, err := s.jobs.look(id)
	if err != nil {
		return noSuch("FineTuningJob", "fine_tuning_job_id", id)
	}
	limit, err := limitOf(q, pageSize, noLimit)
	if err != nil {
		return err
	}
	events := slices.Clone(rec.Events)
	slices.Reverse(events)
	data, more, err := cut(events, func(e eventObject) string { return e.ID }, q.Get("after"), limit)
	if err != nil {
		return err
	}
	writeJSON(w, page[eventObject]{"list", data, more})
	return nil
}

func (s *Server) cancelJob(w http.ResponseWriter, r *http.Request) error {
	return s.interrupt(w, r, errors.New("cancelled"), func(rec *record, now time.Time) error {
		if terminal(rec.Job.Status) {
			return invalid("", "Job has already completed: %s", rec.Job.ID)
		}
		at := now.Unix()
		rec.Job.Status, rec.Job.FinishedAt, rec.Job.EstimatedFinish = statusCancelled, &at, nil
		rec.Paused = false
		rec.tell(now, "info", "The job has been cancelled")
		return nil
	})
}

func (s *Server) pauseJob(w http.ResponseWriter, r *http.Request) error {
	return s.interrupt(w, r, errors.New("paused"), func(rec *record, now time.Time) error {
		if terminal(rec.Job.Status) || rec.Paused {
			return invalid("", "Job can't be paused while it is %s: %s", rec.Job.Status, rec.Job.ID)
		}
		rec.Job.Status, rec.Job.EstimatedFinish, rec.Paused = statusPaused, nil, true
		rec.tell(now, "info", "The job has been paused")
		return nil
	})
}

// interrupt applies a change that ends the work on a job, and shows the job.
func (s *Server) interrupt(w http.ResponseWriter, r *http.Request, cause error, change func(*record, time.Time) error) error {
	return s.changeJob(w, r, func(j *job) error {
		if err := change(&j.record, s.now()); err != nil {
			return err
		}
		// Before the record is written: should that fail, the work is lost until the next start, but never the client's will.
		if j.stop != nil {
			j.stop(cause)
		}
		return nil
	})
}

func (s *Server) resumeJob(w http.ResponseWriter, r *http.Request) error {
	err := s.changeJob(w, r, func(j *job) error {
		if !j.Paused {
			return invalid("", "Job is not paused: %s", j.Job.ID)
		}
		j.Job.Status, j.Paused = statusQueued, false
		j.tell(s.now(), "info", "The job has been resumed; training starts over")
		return nil
	})
	if err == nil {
		s.start(r.PathValue("id"))
	}
	return err
}

func (s *Server) changeJob(w http.ResponseWriter, r *http.Request, change func(*job) error) error {
	id := r.PathValue("id")
	rec, err := s.jobs.change(id, change)
	if errors.Is(err, errNoJob) {
		return noSuch("FineTuningJob", "fine_tuning_job_id", id)
	}
	if err != nil {
		return err
	}
	s.opts.Log("job " + id + " " + rec.Job.Status)
	writeJSON(w, rec.Job)
	return nil
}
