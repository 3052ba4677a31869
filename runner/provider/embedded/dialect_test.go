package embedded

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// status asks for a file, as a client does that waits for it.
func (c *client) fileStatus(id string) string {
	c.t.Helper()
	var f fileObject
	c.do("GET", "/v1/files/"+id, nil).into(&f)
	return strings.TrimSpace(f.Status + " " + f.StatusDetails)
}

func TestPendingFiles(t *testing.T) {
	dir := t.TempDir()
	script := Options{Dir: dir, Faults: faults(t, `{"files": [
		{"statuses": [{"status": "uploaded", "polls": 2}]},
		{"skip": 1, "statuses": [{"status": "pending", "polls": 1}], "outcome": "error", "status_details": "bad rows"}
	]}`)}
	c := serve(t, script)
	c.schema = nil // the description's statuses lack "pending"
	var first, second fileObject
	c.checked(c.form("a.jsonl", jsonl(squares(10)), "purpose", "fine-tune")).into(&first)
	c.checked(c.form("b.jsonl", "{}", "purpose", "fine-tune")).into(&second)
	third := c.upload(jsonl(squares(10)))
	if first.Status != "uploaded" || second.Status != "pending" || second.StatusDetails != "" {
		t.Errorf("uploaded as %+v and %+v", first, second)
	}
	refused := func(file, status string) {
		t.Helper()
		for _, body := range []fields{{"training_file": file}, {"training_file": third, "validation_file": file}} {
			body["model"] = "m"
			c.do("POST", "/v1/fine_tuning/jobs", body).wants(400, "", "its status is '"+status+"'")
		}
	}
	refused(first.ID, "uploaded")
	for i, want := range []string{"uploaded", "uploaded", "processed", "processed"} {
		c.do("GET", "/v1/files", nil) // a list is no look at the file itself
		if got := c.fileStatus(first.ID); got != want {
			t.Errorf("look %d: %s, want %s", i, got, want)
		}
	}
	for i, want := range []string{"pending", "error bad rows", "error bad rows"} {
		if got := c.fileStatus(second.ID); got != want {
			t.Errorf("look %d: %s, want %s", i, got, want)
		}
	}
	refused(second.ID, "error")
	if got := c.fileStatus(third); got != "processed" {
		t.Errorf("a file without a script is %s", got)
	}
	c.create(first.ID, nil)

	// After a restart the script is played again, though the server that plays it has none.
	c.server.Close()
	c = serve(t, Options{Dir: dir})
	if got := c.fileStatus(first.ID) + c.fileStatus(first.ID) + c.fileStatus(first.ID); got != "uploadeduploadedprocessed" {
		t.Errorf("after a restart: %s", got)
	}
}

func TestFilesPendForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(t, Options{Faults: faults(t, `{"files": [{"always": true, "statuses": [
			{"status": "uploaded", "for": "2s"}, {"status": "pending", "polls": 1}, {"status": "running", "for": "3s"}]}]}`)})
		c.schema = nil
		id := c.upload(jsonl(squares(10)))
		for _, look := range []struct {
			later time.Duration
			want  string
		}{
			{0, "uploaded"}, {2*time.Second - 1, "uploaded"}, {1, "pending"}, {0, "running"}, {3*time.Second - 1, "running"}, {1, "processed"},
		} {
			time.Sleep(look.later)
			if got := c.fileStatus(id); got != look.want {
				t.Errorf("%v later the file is %s, want %s", look.later, got, look.want)
			}
		}
	})
}

func TestMetadataDialects(t *testing.T) {
	for _, test := range []struct {
		rule         string
		status       int
		shown, found int // pairs that the job shows, jobs that a list for another value has
	}{
		{"filter", 200, 1, 0}, {"echo", 200, 1, 1}, {"ignored", 200, 0, 1}, {"rejected", 400, 0, 0},
	} {
		t.Run(test.rule, func(t *testing.T) {
			c := serve(t, Options{Faults: faults(t, `{"metadata": "`+test.rule+`"}`)})
			file := c.upload(jsonl(squares(10)))
			a := c.do("POST", "/v1/fine_tuning/jobs", fields{"model": "m", "training_file": file, "metadata": fields{"key": "right"}})
			if a.Status != test.status {
				t.Fatalf("status %d: %s", a.Status, a.Body)
			}
			if a.Status == 400 {
				a.wants(400, "unknown_parameter", "'metadata'")
				if !strings.Contains(string(a.Body), `"param":"metadata"`) {
					t.Errorf("%s names no parameter", a.Body)
				}
				c.create(file, nil)
				return
			}
			var created jobObject
			a.into(&created)
			if got := c.job(created.ID); len(created.Metadata) != test.shown || len(got.Metadata) != test.shown {
				t.Errorf("created with %v, shown with %v", created.Metadata, got.Metadata)
			}
			var p page[jobObject]
			c.do("GET", "/v1/fine_tuning/jobs?metadata[key]=wrong", nil).into(&p)
			if len(p.Data) != test.found {
				t.Errorf("%d jobs are listed, want %d", len(p.Data), test.found)
			}
		})
	}
}

func TestResultFileDialects(t *testing.T) {
	for rule, begins := range map[string]string{"plain": "step,train_loss", "base64": "c3RlcCx0cmFpbl9sb3Nz", "none": ""} {
		t.Run(rule, func(t *testing.T) {
			c := serve(t, Options{Faults: faults(t, `{"result_file": "`+rule+`"}`)})
			j := c.tune(squares(10), nil)
			if begins == "" {
				if len(j.ResultFiles)+len(c.filenames("purpose=fine-tune-results")) != 0 {
					t.Errorf("result files %q", j.ResultFiles)
				}
				return
			}
			if a := c.do("GET", "/v1/files/"+j.ResultFiles[0]+"/content", nil); !strings.HasPrefix(string(a.Body), begins) {
				t.Errorf("the file begins with %.40q", a.Body)
			}
		})
	}
}

func TestModelDialects(t *testing.T) {
	c := serve(t, Options{Faults: faults(t, `{"models": ["base-1", "base-2"], "shutdown_dates": {"base-1": "2027-01-14"}}`)})
	j := c.tune(squares(10), fields{"hyperparameters": fields{"n_epochs": 2}})
	tuned := *j.FineTunedModel
	want := map[string]string{"base-1": "2027-01-14", "base-2": "", tuned: "2027-01-14", c.checkpointsOf(j.ID, "").Data[1].Model: "2027-01-14"}
	var list modelList
	c.do("GET", "/v1/models", nil).into(&list)
	if len(list.Data) != len(want) {
		t.Errorf("models %+v", list.Data)
	}
	for _, listed := range list.Data {
		var m modelObject
		c.do("GET", "/v1/models/"+listed.ID, nil).into(&m)
		if date, ok := want[m.ID]; !ok || deref(m.ShutdownDate) != date || deref(listed.ShutdownDate) != date {
			t.Errorf("%s ends on %q, in the list on %q", m.ID, deref(m.ShutdownDate), deref(listed.ShutdownDate))
		}
	}
	c.do("GET", "/v1/models/base-3", nil).wants(404, "model_not_found", "base-3")
	c.chat("base-3", "hi").wants(404, "model_not_found", "base-3")
	c.do("POST", "/v1/fine_tuning/jobs", fields{"model": "base-3", "training_file": j.TrainingFile}).wants(404, "model_not_found", "base-3")
	c.chat("base-2", "hi").text()
	c.tune(squares(10), fields{"model": tuned})

	open := serve(t, Options{Faults: faults(t, `{"shutdown_dates": {"base-1": "2027-01-14"}}`)})
	open.chat("any", "hi").text()
	if open.do("GET", "/v1/models", nil).into(&list); len(list.Data) != 1 || deref(list.Data[0].ShutdownDate) != "2027-01-14" {
		t.Errorf("models %+v", list.Data)
	}
}

func TestMissingEndpoints(t *testing.T) {
	c := serve(t, Options{Faults: faults(t, `{"missing": ["events", "checkpoints", "models"]}`)})
	j := c.tune(squares(10), nil)
	job := "/v1/fine_tuning/jobs/" + j.ID
	for _, request := range []string{"GET " + job + "/events", "GET " + job + "/checkpoints", "GET /v1/models", "GET /v1/models/base-1", "DELETE /v1/models/" + *j.FineTunedModel} {
		method, path, _ := strings.Cut(request, " ")
		c.do(method, path, nil).wants(404, "", "Invalid URL")
	}
	if got := c.chat(*j.FineTunedModel, "square of 3").text(); got != "It is 9." {
		t.Errorf("3 squared: %q", got)
	}
	if len(c.resultOf(j)) == 0 || !slices.Contains(c.filenames(""), "step_metrics.csv") {
		t.Error("the result file is missing too")
	}
}

// TestFixedTemperature: a model that takes no temperature says so as the service does, and so does what is tuned from it.
func TestFixedTemperature(t *testing.T) {
	c := serve(t, Options{Faults: faults(t, `{"fixed_temperature": ["reasoner-1"]}`)})
	j := c.await(c.create(c.upload(jsonl(squares(10))), fields{"model": "reasoner-1"}).ID)
	for _, test := range []struct {
		model       string
		temperature any
		refused     bool
	}{
		{"reasoner-1", 0, true}, {"reasoner-1", 0.5, true}, {"reasoner-1", 1, false}, {"reasoner-1", nil, false},
		{*j.FineTunedModel, 0, true}, {*j.FineTunedModel, 1, false}, {"another", 0, false},
	} {
		a := c.do("POST", "/v1/chat/completions", fields{"model": test.model, "temperature": test.temperature, "messages": []fields{{"role": "user", "content": "square of 3"}}})
		if !test.refused {
			a.text()
			continue
		}
		a.wants(400, "unsupported_value", fmt.Sprintf("'temperature' does not support %v with this model", test.temperature))
		if !strings.Contains(string(a.Body), `"param":"temperature"`) {
			t.Errorf("%s names no parameter", a.Body)
		}
	}
}
