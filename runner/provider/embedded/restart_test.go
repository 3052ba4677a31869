package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// modelBytes returns the stored model of a job.
func modelBytes(t testing.TB, s store, job string) []byte {
	t.Helper()
	r, err := s.open(modelName(job))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// undisturbed returns the model that comes of a training file and hyperparameters when nothing happens.
func undisturbed(t testing.TB, turns []turn, more fields) []byte {
	t.Helper()
	c := serve(t, Options{})
	return modelBytes(t, c.server.store, c.tune(turns, more).ID)
}

func TestStateOutlivesTheServer(t *testing.T) {
	dir := t.TempDir()
	c := serve(t, Options{Dir: dir})
	j := c.tune(squares(10), fields{"metadata": fields{"key": "k1"}})
	events := c.events(j.ID)
	if err := c.server.Close(); err != nil {
		t.Fatal(err)
	}

	c = serve(t, Options{Dir: dir})
	if again := c.job(j.ID); *again.FineTunedModel != *j.FineTunedModel || again.Metadata["key"] != "k1" {
		t.Errorf("the job is now %+v", again)
	}
	if again := c.events(j.ID); len(again) != len(events) || again[3].ID != events[3].ID {
		t.Errorf("%d events of %d", len(again), len(events))
	}
	if got := c.chat(*j.FineTunedModel, "square of 3").text(); got != "It is 9." {
		t.Errorf("3 squared: %q", got)
	}
	newer := c.create(j.TrainingFile, nil)
	var p page[jobObject]
	c.do("GET", "/v1/fine_tuning/jobs", nil).into(&p)
	if len(p.Data) != 2 || p.Data[0].ID != newer.ID {
		t.Errorf("jobs are listed as %+v", p.Data)
	}
}

// A server that vanishes while it trains is followed by one that ends with the same model, and finds itself without rights should it come back.
func TestRestartInTheMiddleOfTraining(t *testing.T) {
	turns := squares(40)
	hyper := fields{"hyperparameters": fields{"n_epochs": 20, "batch_size": 1}}
	want := undisturbed(t, turns, hyper)
	for name, end := range map[string]func(*Server){
		"closed": func(s *Server) { s.Close() },
		"killed": func(*Server) {}, // it goes on in the background, as a process that was only suspended would
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			old := serve(t, Options{Dir: dir})
			j := old.create(old.upload(jsonl(turns)), hyper)
			old.awaitStep(j.ID)
			end(old.server)

			c := serve(t, Options{Dir: dir})
			if j = c.job(j.ID); !terminal(j.Status) { // else it ended before it could be interrupted
				j = c.await(j.ID)
			}
			if j.Status != statusSucceeded {
				t.Fatalf("ended %s: %+v", j.Status, j.Error)
			}
			if !bytes.Equal(modelBytes(t, c.server.store, j.ID), want) {
				t.Error("the model is another than without the interruption")
			}
			ids := map[string]bool{}
			for _, e := range c.events(j.ID) {
				if ids[e.ID] {
					t.Errorf("event %s is there twice", e.ID)
				}
				ids[e.ID] = true
			}
			old.checked(old.form("a.jsonl", "{}", "purpose", "fine-tune")).wants(500, "", "taken over")
		})
	}
}

// A doomedStore stores so many blobs and then, like the disk of a process that was killed, nothing any more.
type doomedStore struct {
	store
	mu   sync.Mutex
	left int
}

var errKilled = errors.New("killed")

func (d *doomedStore) spend() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		return errKilled
	}
	d.left--
	return nil
}

func (d *doomedStore) put(name string, write func(io.Writer) error) error {
	if err := d.spend(); err != nil {
		return err
	}
	return d.store.put(name, write)
}

func (d *doomedStore) remove(name string) error {
	if err := d.spend(); err != nil {
		return err
	}
	return d.store.remove(name)
}

// Whatever the last write was before a kill, the next server makes sense of what it finds: what was acknowledged is there, and an unfinished job ends
// in the same model.
func TestKillAfterEveryWrite(t *testing.T) {
	turns := squares(10)
	whole := serve(t, Options{})
	reference := whole.tune(turns, threeEpochs)
	want := modelBytes(t, whole.server.store, reference.ID)
	rows := whole.resultOf(reference)
	for writes := 0; ; writes++ {
		st := newMemStore()
		file, job, survived := liveUntilKilled(t, &doomedStore{store: st, left: writes}, turns)

		log := newLogBook()
		s, err := newServer(Options{Log: log.add}, st)
		if err != nil {
			t.Fatalf("after %d writes: %v", writes, err)
		}
		ts := httptest.NewServer(s)
		c := &client{t: t, url: ts.URL, http: ts.Client(), server: s, schema: describe(t), log: log}
		if file != "" && !survived {
			c.do("GET", "/v1/files/"+file, nil).into(new(fileObject))
		}
		if job != "" && !survived {
			j := c.job(job)
			if !terminal(j.Status) {
				j = c.await(job)
			}
			if j.Status != statusSucceeded || !bytes.Equal(modelBytes(t, st, job), want) {
				t.Errorf("after %d writes the job ends %s, %+v", writes, j.Status, j.Error)
			}
			// What belongs to the job is there once, and whole.
			if got := c.resultOf(j); fmt.Sprint(got) != fmt.Sprint(rows) {
				t.Errorf("after %d writes the result file is %v", writes, got)
			}
			if names := c.filenames("purpose=fine-tune-results"); len(names) != 1 {
				t.Errorf("after %d writes there are %q", writes, names)
			}
			points := c.checkpointsOf(job, "").Data
			for _, point := range points {
				if got := c.chat(point.Model, "square of 3").text(); got != "It is 9." {
					t.Errorf("after %d writes %s says %q", writes, point.Model, got)
				}
			}
			if len(points) != 3 {
				t.Errorf("after %d writes there are %d checkpoints", writes, len(points))
			}
		}
		checkNoStrays(t, s)
		ts.Close()
		s.Close()
		if survived {
			for _, folder := range []string{filesIn, modelsIn, resultsIn} {
				if names, _ := st.list(folder); len(names) != 0 {
					t.Errorf("what was deleted left %q", names)
				}
			}
			return
		}
	}
}

// threeEpochs keep a checkpoint of each.
var threeEpochs = fields{"hyperparameters": fields{"n_epochs": 3}}

// checkNoStrays checks that the store holds no blob of a job that its record does not own.
func checkNoStrays(t *testing.T, s *Server) {
	t.Helper()
	owned := map[string]bool{}
	for _, rec := range s.jobs.all() {
		for _, blob := range rec.blobs() {
			owned[blob] = true
		}
	}
	for _, folder := range []string{modelsIn, resultsIn} {
		names, err := s.store.list(folder)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(names, func(name string) bool { return !owned[name] }); i >= 0 {
			t.Errorf("%s is nobody's", names[i])
		}
	}
}

// liveUntilKilled uploads, trains, deletes the models and the files, as far as the store lets it. It returns what was acknowledged, and whether
// everything was.
func liveUntilKilled(t *testing.T, st store, turns []turn) (file, job string, survived bool) {
	log := newLogBook()
	s, err := newServer(Options{Log: log.add}, st)
	if err != nil {
		t.Fatal(err)
	}
	ts := httptest.NewServer(s)
	defer func() {
		ts.Close()
		s.Close()
	}()
	c := &client{t: t, url: ts.URL, http: ts.Client(), server: s, log: log}
	a := c.checked(c.form("train.jsonl", jsonl(turns), "purpose", "fine-tune"))
	if a.Status != 200 {
		return
	}
	var f fileObject
	a.into(&f)
	file = f.ID
	body := fields{"model": "base-1", "training_file": file}
	maps.Copy(body, threeEpochs)
	if a = c.do("POST", "/v1/fine_tuning/jobs", body); a.Status != 200 {
		return
	}
	var j jobObject
	a.into(&j)
	job = j.ID
	log.await("job "+job+" succeeded", "job "+job+" left")
	if j = c.job(job); j.Status != statusSucceeded {
		return
	}
	doomed := []string{"/v1/files/" + file, "/v1/files/" + j.ResultFiles[0]}
	for _, point := range c.checkpointsOf(job, "").Data {
		doomed = append(doomed, "/v1/models/"+point.Model)
	}
	for _, path := range doomed {
		if c.do("DELETE", path, nil).Status != 200 {
			return "", "", false // whether it is gone is open
		}
	}
	return file, job, true
}

func TestNewRefusesDamagedState(t *testing.T) {
	dir := t.TempDir()
	c := serve(t, Options{Dir: dir})
	j := c.tune(squares(10), nil)
	c.server.Close()
	for _, name := range []string{recordName(j.ID), noteName(j.TrainingFile)} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, whole[:len(whole)/2], 0o644); err != nil {
			t.Fatal(err)
		}
		if s, err := New(Options{Dir: dir}); err == nil {
			s.Close()
			t.Errorf("half of %s is good enough", name)
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := New(Options{Dir: filepath.Join(dir, noteName(j.TrainingFile))}); err == nil {
		s.Close()
		t.Error("a file is good enough for a folder")
	}
}

// What a killed process leaves behind half done is swept away.
func TestLeftoversAreRemoved(t *testing.T) {
	dir := t.TempDir()
	serve(t, Options{Dir: dir}).server.Close()
	for _, name := range []string{
		"files/file-1.data", "files/.file-2.data.tmp-1234", "models/.ftjob-1.model.tmp-1", "models/ftjob-2.model", "models/ftjob-2.step-3.model",
		"results/ftjob-2.csv", "results/.ftjob-3.csv.tmp-1",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	serve(t, Options{Dir: dir}).server.Close()
	for _, folder := range []string{filesIn, modelsIn, resultsIn} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil || len(entries) != 0 {
			t.Errorf("%s holds %v, %v", folder, entries, err)
		}
	}
}

func TestDamagedModel(t *testing.T) {
	m := mustTrain(t, lessonOf(squares(10)))
	good := bytesOf(t, m)
	again, err := readModel(bytes.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytesOf(t, again), good) {
		t.Error("a model that was read is written otherwise")
	}
	for i := 0; i < len(good); i += 1 + len(good)/25 {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := readModel(bytes.NewReader(bad)); err == nil {
			t.Errorf("a flipped bit in byte %d of %d goes unnoticed", i, len(good))
		}
		if _, err := readModel(bytes.NewReader(good[:i])); err == nil {
			t.Errorf("the first %d bytes of %d are taken for the whole", i, len(good))
		}
	}
	if _, err := readModel(bytes.NewReader(append(good, 0))); err == nil {
		t.Error("a byte too many goes unnoticed")
	}
}
