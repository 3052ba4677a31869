package embedded

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// resultOf returns the result file of a job, decoded and parsed.
func (c *client) resultOf(j jobObject) [][]string {
	c.t.Helper()
	if len(j.ResultFiles) != 1 {
		c.t.Fatalf("result files %q", j.ResultFiles)
	}
	a := c.do("GET", "/v1/files/"+j.ResultFiles[0]+"/content", nil)
	plain, err := base64.StdEncoding.DecodeString(string(a.Body))
	if a.Status != 200 || err != nil {
		c.t.Fatalf("status %d, %v: %s", a.Status, err, a.Body)
	}
	rows, err := csv.NewReader(bytes.NewReader(plain)).ReadAll()
	if err != nil {
		c.t.Fatal(err)
	}
	return rows
}

// filenames lists the names of the files, newest first.
func (c *client) filenames(query string) []string {
	c.t.Helper()
	var p filePage
	c.do("GET", "/v1/files?"+query, nil).into(&p)
	var names []string
	for _, f := range p.Data {
		names = append(names, f.Filename)
	}
	return names
}

func TestResultFile(t *testing.T) {
	dir := t.TempDir()
	c := serve(t, Options{Dir: dir})
	turns := squares(20)
	j := c.tune(turns, fields{"validation_file": c.upload(jsonl(turns[:5])), "hyperparameters": fields{"n_epochs": 3, "batch_size": 4}})
	rows := c.resultOf(j)
	if got := strings.Join(rows[0], ","); got != "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy" {
		t.Errorf("columns %s", got)
	}
	if len(rows) != 1+15 {
		t.Errorf("%d lines, want 15 steps", len(rows)-1)
	}
	// What the file says is what the events say, which were measured while the model learned.
	for _, e := range c.events(j.ID) {
		if e.Type != "metrics" {
			continue
		}
		var want []string
		for _, name := range []string{"step", "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy"} {
			want = append(want, formatted(e.Data[name]))
		}
		row := rows[int(e.Data["step"].(float64))]
		if !slices.Equal(row, want) {
			t.Errorf("line %q, event %q", row, want)
		}
		if lastOfEpoch := int(e.Data["step"].(float64))%5 == 0; lastOfEpoch == (row[3] == "") {
			t.Errorf("line %q: only the last step of an epoch has a validation", row)
		}
	}

	later := c.upload(jsonl(turns[:10]))
	id := j.ResultFiles[0]
	var f fileObject
	c.do("GET", "/v1/files/"+id, nil).into(&f)
	if f.Purpose != "fine-tune-results" || f.Filename != "step_metrics.csv" || f.Status != "processed" || f.CreatedAt == 0 {
		t.Errorf("the file is %+v", f)
	}
	if content := c.do("GET", "/v1/files/"+id+"/content", nil); int64(len(content.Body)) != f.Bytes {
		t.Errorf("%d bytes of %d", len(content.Body), f.Bytes)
	}
	c.do("POST", "/v1/fine_tuning/jobs", fields{"model": "m", "training_file": id}).wants(400, "", "fine-tune-results")

	check := func(when string) {
		t.Helper()
		if got := c.filenames(""); !slices.Equal(got, []string{"train.jsonl", "step_metrics.csv", "train.jsonl", "train.jsonl"}) {
			t.Errorf("%s the files are %q", when, got)
		}
		if got := c.filenames("purpose=fine-tune-results"); !slices.Equal(got, []string{"step_metrics.csv"}) {
			t.Errorf("%s the result files are %q", when, got)
		}
		if again := c.resultOf(c.job(j.ID)); len(again) != len(rows) {
			t.Errorf("%s the file has %d lines of %d", when, len(again), len(rows))
		}
	}
	check("at first")
	c.server.Close()
	c = serve(t, Options{Dir: dir})
	check("after a restart")
	c.do("DELETE", "/v1/files/"+later, nil)
	c.upload(jsonl(turns[:10]))
	check("after another upload") // whose place in the list is not the result file's

	var gone deletion
	c.do("DELETE", "/v1/files/"+id, nil).into(&gone)
	for _, path := range []string{"/v1/files/" + id, "/v1/files/" + id + "/content"} {
		c.do("GET", path, nil).wants(404, "", "No such File")
	}
	c.do("DELETE", "/v1/files/"+id, nil).wants(404, "", "No such File")
	if names, err := c.server.store.list(resultsIn); err != nil || len(names) != 0 {
		t.Errorf("the deleted file left %q, %v", names, err)
	}
	c.server.Close()
	c = serve(t, Options{Dir: dir})
	c.do("GET", "/v1/files/"+id, nil).wants(404, "", "No such File")
	if again := c.job(j.ID); !slices.Equal(again.ResultFiles, j.ResultFiles) {
		t.Errorf("the job now names %q", again.ResultFiles)
	}
}

// formatted writes a number out of JSON as the result file writes it; what is not there is blank.
func formatted(v any) string {
	f, ok := v.(float64)
	if !ok {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// A model that can't say any of the wanted replies has an accuracy there, but no loss.
func TestResultFileLeavesBlankWhatWasNotMeasured(t *testing.T) {
	c := serve(t, Options{})
	j := c.tune(squares(10), fields{
		"validation_file": c.upload(jsonl([]turn{ask("What is the square of 3?", "It is nine.")})), "hyperparameters": fields{"n_epochs": 1, "batch_size": 10},
	})
	if row := c.resultOf(j)[1]; row[1] == "" || row[3] != "" || row[4] == "" {
		t.Errorf("line %q", row)
	}
	plain := c.tune(squares(10), nil)
	for _, row := range c.resultOf(plain)[1:] {
		if row[2] == "" || row[3]+row[4] != "" {
			t.Errorf("line %q without a validation file", row)
		}
	}
}

// Jobs without success leave nothing behind: neither a result file nor a model.
func TestNoResultFileWithoutSuccess(t *testing.T) {
	c := serve(t, Options{Faults: faults(t, `{"jobs": [{"min_duration": "1h"}, {"skip": 1, "outcome": "failed", "error": {"code": "a", "message": "b"}}]}`)})
	file := c.upload(jsonl(squares(10)))
	j := c.create(file, nil)
	for stored := 0; stored == 0; { // trained, and waiting for its time to end
		c.job(j.ID)
		names, err := c.server.store.list(resultsIn)
		if err != nil {
			t.Fatal(err)
		}
		stored = len(names)
	}
	var p checkpointPage
	c.do("GET", "/v1/fine_tuning/jobs/"+j.ID+"/checkpoints", nil).into(&p)
	if names := c.filenames("purpose=fine-tune-results"); len(p.Data)+len(names) != 0 {
		t.Errorf("before the end there are %+v and %q", p.Data, names)
	}
	c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/cancel", nil).into(&j)
	c.log.await("job " + j.ID + " left")
	failed := c.await(c.create(file, nil).ID)
	for _, j := range []jobObject{j, failed} {
		if len(j.ResultFiles) != 0 {
			t.Errorf("a job that %s has %q", j.Status, j.ResultFiles)
		}
	}
	for _, folder := range []string{modelsIn, resultsIn} {
		if names, err := c.server.store.list(folder); err != nil || len(names) != 0 {
			t.Errorf("left %q, %v", names, err)
		}
	}
}
