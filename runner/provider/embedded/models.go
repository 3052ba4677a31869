package embedded

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Every name but those of tuned models, which begin with this, is the name of an untrained model.
const tunedPrefix = "ft:"

// A library keeps the models that were used last in memory.
type library struct {
	store store

	mu     sync.Mutex
	loaded []*loading // the one used last comes first
}

// maxLoaded models take up to 90 MB.
const maxLoaded = 4

// A loading is a model that is loaded by whoever needs it first.
type loading struct {
	blob string
	load func() (*model, error)
}

func newLibrary(st store) *library { return &library{store: st} }

// get returns the model in a blob.
func (l *library) get(blob string) (*model, error) {
	m, err := l.entry(blob).load()
	if err != nil {
		l.forget(blob) // the next call tries again
	}
	return m, err
}

func (l *library) entry(blob string) *loading {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.loaded, func(e *loading) bool { return e.blob == blob })
	if i < 0 {
		e := &loading{blob, sync.OnceValues(func() (*model, error) { return l.read(blob) })}
		l.loaded = slices.Insert(l.loaded, 0, e)
		l.loaded = l.loaded[:min(len(l.loaded), maxLoaded)]
		return e
	}
	e := l.loaded[i]
	copy(l.loaded[1:i+1], l.loaded[:i])
	l.loaded[0] = e
	return e
}

func (l *library) read(blob string) (*model, error) {
	r, err := l.store.open(blob)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	m, err := readModel(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", blob, err)
	}
	return m, nil
}

func (l *library) forget(blob string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = slices.DeleteFunc(l.loaded, func(e *loading) bool { return e.blob == blob })
}

// A tunedModel is a model that came of a job, at its end or on the way.
type tunedModel struct {
	name    string
	created int64
	blob    string
	job     string
	root    string // the untuned model at the bottom
}

// tuned returns the models of a job, oldest first.
func (r *record) tuned() []tunedModel {
	if r.Job.FineTunedModel == nil {
		return nil
	}
	m := tunedModel{job: r.Job.ID, root: r.Root}
	var out []tunedModel
	for _, c := range r.Checkpoints {
		if c.Model != *r.Job.FineTunedModel {
			m.name, m.created, m.blob = c.Model, c.CreatedAt, checkpointName(m.job, c.StepNumber)
			out = append(out, m)
		}
	}
	if !r.Deleted {
		m.name, m.created, m.blob = *r.Job.FineTunedModel, *r.Job.FinishedAt, modelName(m.job)
		out = append(out, m)
	}
	return out
}

// tuned returns the tuned model of that name.
func (b *board) tuned(name string) (tunedModel, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range b.jobs {
		for _, m := range j.tuned() {
			if m.name == name {
				return m, nil
			}
		}
	}
	return tunedModel{}, noSuchModel(name)
}

// rootOf returns the untuned model at the bottom of a model, itself where it is untuned.
func (s *Server) rootOf(name string) (string, error) {
	if strings.HasPrefix(name, tunedPrefix) {
		m, err := s.jobs.tuned(name)
		return m.root, err
	}
	if !s.faults.dialect().has(name) {
		return "", noSuchModel(name)
	}
	return name, nil
}

// baseOf returns the tuned model of that name to go on from, or nil for an untrained one.
func (s *Server) baseOf(name string) (*model, error) {
	if !strings.HasPrefix(name, tunedPrefix) {
		return nil, nil
	}
	m, err := s.jobs.tuned(name)
	if err != nil {
		param := "model"
		return nil, &jobFailure{Code: "model_not_found", Param: &param, Message: "The model " + name + " was deleted."}
	}
	return s.models.get(m.blob)
}

// listModels lists the tuned models, the untrained ones they come from, and those that the faults name: these names mean something here.
func (s *Server) listModels(w http.ResponseWriter, _ *http.Request) error {
	list := modelList{Object: "list", Data: []modelObject{}}
	seen := map[string]bool{}
	addRoot := func(name string) {
		if !seen[name] && s.faults.dialect().has(name) {
			list.Data = append(list.Data, s.modelObject(name, 0, name))
		}
		seen[name] = true
	}
	for _, name := range s.faults.dialect().named() {
		addRoot(name)
	}
	for _, rec := range s.jobs.all() {
		addRoot(rec.Root)
		for _, m := range rec.tuned() {
			list.Data = append(list.Data, s.modelObject(m.name, m.created, m.root))
		}
	}
	writeJSON(w, list)
	return nil
}

// modelObject shows a model, which is shut down when the untuned one at its bottom is.
func (s *Server) modelObject(id string, created int64, root string) modelObject {
	m := modelObject{ID: id, Object: "model", Created: created, OwnedBy: owner}
	if date, ok := s.faults.dialect().ShutdownDates[root]; ok {
		m.ShutdownDate = &date
	}
	return m
}

func (s *Server) getModel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if !strings.HasPrefix(id, tunedPrefix) {
		root, err := s.rootOf(id)
		if err != nil {
			return err
		}
		writeJSON(w, s.modelObject(root, 0, root))
		return nil
	}
	m, err := s.jobs.tuned(id)
	if err != nil {
		return err
	}
	writeJSON(w, s.modelObject(m.name, m.created, m.root))
	return nil
}

func (s *Server) deleteModel(w http.ResponseWriter, r *http.Request) error {
	m, err := s.jobs.tuned(r.PathValue("id"))
	if err != nil {
		return err
	}
	// The record goes first: a model without a record is nobody's, a record without its model would be a lie.
	_, err = s.jobs.change(m.job, func(j *job) error {
		j.Deleted = j.Deleted || m.name == *j.Job.FineTunedModel
		j.Checkpoints = slices.DeleteFunc(slices.Clone(j.Checkpoints), func(c checkpointObject) bool { return c.Model == m.name })
		return nil
	})
	if err != nil {
		return err
	}
	s.models.forget(m.blob)
	if err := s.store.remove(m.blob); err != nil {
		return err
	}
	writeJSON(w, deletion{ID: m.name, Object: "model", Deleted: true})
	return nil
}
