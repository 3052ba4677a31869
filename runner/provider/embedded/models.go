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
	job  string
	load func() (*model, error)
}

func newLibrary(st store) *library { return &library{store: st} }

// get returns the model of a job.
func (l *library) get(job string) (*model, error) {
	m, err := l.entry(job).load()
	if err != nil {
		l.forget(job) // the next call tries again
	}
	return m, err
}

func (l *library) entry(job string) *loading {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.loaded, func(e *loading) bool { return e.job == job })
	if i < 0 {
		e := &loading{job, sync.OnceValues(func() (*model, error) { return l.read(job) })}
		l.loaded = slices.Insert(l.loaded, 0, e)
		l.loaded = l.loaded[:min(len(l.loaded), maxLoaded)]
		return e
	}
	e := l.loaded[i]
	copy(l.loaded[1:i+1], l.loaded[:i])
	l.loaded[0] = e
	return e
}

func (l *library) read(job string) (*model, error) {
	r, err := l.store.open(modelName(job))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	m, err := readModel(r)
	if err != nil {
		return nil, fmt.Errorf("read model of job %s: %w", job, err)
	}
	return m, nil
}

func (l *library) forget(job string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loaded = slices.DeleteFunc(l.loaded, func(e *loading) bool { return e.job == job })
}

// tuned returns the record of the job whose model has that name.
func (b *board) tuned(name string) (record, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range b.jobs {
		if j.Job.FineTunedModel != nil && *j.Job.FineTunedModel == name && !j.Deleted {
			return j.snapshot(), true
		}
	}
	return record{}, false
}

// rootOf returns the untuned model at the bottom of a model, itself where it is untuned.
func (s *Server) rootOf(name string) (string, error) {
	if !strings.HasPrefix(name, tunedPrefix) {
		return name, nil
	}
	rec, ok := s.jobs.tuned(name)
	if !ok {
		return "", noSuchModel(name)
	}
	return rec.Root, nil
}

// baseOf returns the tuned model of that name to go on from, or nil for an untrained one.
func (s *Server) baseOf(name string) (*model, error) {
	if !strings.HasPrefix(name, tunedPrefix) {
		return nil, nil
	}
	rec, ok := s.jobs.tuned(name)
	if !ok {
		param := "model"
		return nil, &jobFailure{Code: "model_not_found", Param: &param, Message: "The model " + name + " was deleted."}
	}
	return s.models.get(rec.Job.ID)
}

// listModels lists the tuned models and the untrained ones they come from: those are the names that mean something here.
func (s *Server) listModels(w http.ResponseWriter, _ *http.Request) error {
	list := modelList{Object: "list", Data: []modelObject{}}
	seen := map[string]bool{}
	for _, rec := range s.jobs.all() {
		if !seen[rec.Root] {
			seen[rec.Root] = true
			list.Data = append(list.Data, newModelObject(rec.Root, 0))
		}
		if rec.Job.FineTunedModel != nil && !rec.Deleted {
			list.Data = append(list.Data, newModelObject(*rec.Job.FineTunedModel, *rec.Job.FinishedAt))
		}
	}
	writeJSON(w, list)
	return nil
}

func newModelObject(id string, created int64) modelObject {
	return modelObject{ID: id, Object: "model", Created: created, OwnedBy: owner}
}

func (s *Server) getModel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if !strings.HasPrefix(id, tunedPrefix) {
		writeJSON(w, newModelObject(id, 0))
		return nil
	}
	rec, ok := s.jobs.tuned(id)
	if !ok {
		return noSuchModel(id)
	}
	writeJSON(w, newModelObject(id, *rec.Job.FinishedAt))
	return nil
}

func (s *Server) deleteModel(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	rec, ok := s.jobs.tuned(id)
	if !ok {
		return noSuchModel(id)
	}
	// The record goes first: a model without a record is nobody's, a record without its model would be a lie.
	_, err := s.jobs.change(rec.Job.ID, func(j *job) error {
		j.Deleted = true
		return nil
	})
	if err != nil {
		return err
	}
	s.models.forget(rec.Job.ID)
	if err := s.store.remove(modelName(rec.Job.ID)); err != nil {
		return err
	}
	writeJSON(w, deletion{ID: id, Object: "model", Deleted: true})
	return nil
}
