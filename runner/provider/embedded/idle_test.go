package embedded

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// idleClient is a client of a server that works on nothing.
func idleClient(t *testing.T, open func(dir string) (*Server, error), dir string) *client {
	t.Helper()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &client{t: t, url: "http://idle", http: &http.Client{Transport: direct{s}}, server: s, log: newLogBook()}
}

// contents returns every file below a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// unfinishedIn leaves a job in a folder that the next server would go on with.
func unfinishedIn(t *testing.T, dir string) string {
	t.Helper()
	c := serve(t, Options{Dir: dir, Faults: faults(t, `{"jobs": [{"min_duration": "1h"}]}`)})
	id := c.create(c.upload(jsonl(squares(10))), nil).ID
	if err := c.server.Close(); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestIdle: nobody works on the job, it can be cancelled, and what is deleted is gone for the next server.
func TestIdle(t *testing.T) {
	dir := t.TempDir()
	id := unfinishedIn(t, dir)
	c := idleClient(t, Idle, dir)
	j := c.job(id)
	if terminal(j.Status) {
		t.Fatalf("the job is %s", j.Status)
	}
	var cancelled jobObject
	c.do("POST", "/v1/fine_tuning/jobs/"+id+"/cancel", nil).into(&cancelled)
	c.do("DELETE", "/v1/files/"+j.TrainingFile, nil).wants(200, "", "")

	c = serve(t, Options{Dir: dir})
	if again := c.job(id); again.Status != statusCancelled {
		t.Errorf("the job is %s", again.Status)
	}
	c.do("GET", "/v1/files/"+j.TrainingFile, nil).wants(404, "", "No such File")
}

// TestLook: a folder is shown as it is, nothing in it changes, and the server that works on it goes on.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	id := unfinishedIn(t, dir)
	before := contents(t, dir)
	c := idleClient(t, Look, dir)
	j := c.job(id)
	if terminal(j.Status) {
		t.Errorf("the job is %s", j.Status)
	}
	c.do("POST", "/v1/fine_tuning/jobs/"+id+"/cancel", nil).wants(500, "", "")
	if after := contents(t, dir); !maps.Equal(before, after) {
		t.Error("looking changed the folder")
	}

	owner := serve(t, Options{Dir: dir})
	idleClient(t, Look, dir).job(id)
	owner.do("DELETE", "/v1/files/"+j.TrainingFile, nil).wants(200, "", "")
}

func TestLookAtNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	var p page[jobObject]
	idleClient(t, Look, dir).do("GET", "/v1/fine_tuning/jobs", nil).into(&p)
	if _, err := os.Stat(dir); len(p.Data) != 0 || !os.IsNotExist(err) {
		t.Errorf("jobs %v; the folder: %v", p.Data, err)
	}
}
