package embedded

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// checkpointsOf returns the checkpoints of a job, newest first.
func (c *client) checkpointsOf(job, query string) checkpointPage {
	c.t.Helper()
	var p checkpointPage
	c.do("GET", "/v1/fine_tuning/jobs/"+job+"/checkpoints?"+query, nil).into(&p)
	return p
}

func steps(p checkpointPage) (out []int) {
	for _, c := range p.Data {
		out = append(out, c.StepNumber)
	}
	return out
}

func TestCheckpoints(t *testing.T) {
	dir := t.TempDir()
	c := serve(t, Options{Dir: dir})
	turns := squares(20)
	j := c.tune(turns, fields{"validation_file": c.upload(jsonl(turns[:5])), "hyperparameters": fields{"n_epochs": 5, "batch_size": 4}})
	p := c.checkpointsOf(j.ID, "")
	if got := steps(p); !slices.Equal(got, []int{25, 20, 15}) || p.HasMore {
		t.Fatalf("checkpoints of the steps %v, more %v", got, p.HasMore)
	}
	if *p.FirstID != p.Data[0].ID || *p.LastID != p.Data[2].ID {
		t.Errorf("from %s to %s", *p.FirstID, *p.LastID)
	}
	rows := c.resultOf(j)
	for i, point := range p.Data {
		want := *j.FineTunedModel
		if i > 0 {
			want += fmt.Sprintf(":ckpt-step-%d", point.StepNumber)
		}
		if point.Model != want || point.FineTuningJobID != j.ID || point.CreatedAt == 0 || !strings.HasPrefix(point.ID, "ftckpt_") {
			t.Errorf("checkpoint %+v", point)
		}
		m, row := point.Metrics, rows[point.StepNumber]
		got := []string{formatted(m["step"]), formatted(m["train_loss"]), formatted(m["train_mean_token_accuracy"]), formatted(m["valid_loss"]), formatted(m["valid_mean_token_accuracy"])}
		if !slices.Equal(got, row) || m["full_valid_loss"] != m["valid_loss"] || m["full_valid_mean_token_accuracy"] != m["valid_mean_token_accuracy"] {
			t.Errorf("metrics %v, in the result file %q", m, row)
		}
	}

	// Pages of one tell the same story.
	var paged []int
	for after := ""; ; {
		p := c.checkpointsOf(j.ID, "limit=1&after="+after)
		paged = append(paged, steps(p)...)
		if after = *p.LastID; !p.HasMore {
			break
		}
	}
	if !slices.Equal(paged, []int{25, 20, 15}) {
		t.Errorf("pages %v", paged)
	}
	c.do("GET", "/v1/fine_tuning/jobs/"+j.ID+"/checkpoints?after=ftckpt_0", nil).wants(400, "", "'after'")
	c.do("GET", "/v1/fine_tuning/jobs/"+j.ID+"/checkpoints?limit=0", nil).wants(400, "", "'limit'")

	c.server.Close()
	c = serve(t, Options{Dir: dir})
	if again := c.checkpointsOf(j.ID, ""); fmt.Sprint(steps(again), *again.FirstID) != fmt.Sprint(steps(p), *p.FirstID) {
		t.Errorf("after a restart the checkpoints are %+v", again)
	}
	var list modelList
	c.do("GET", "/v1/models", nil).into(&list)
	for _, point := range p.Data {
		if !slices.ContainsFunc(list.Data, func(m modelObject) bool { return m.ID == point.Model && m.Created == point.CreatedAt }) && point.StepNumber != 25 {
			t.Errorf("%s is not listed in %+v", point.Model, list.Data)
		}
		var m modelObject
		if c.do("GET", "/v1/models/"+point.Model, nil).into(&m); m.ID != point.Model {
			t.Errorf("%s is called %s", point.Model, m.ID)
		}
		if got := c.chat(point.Model, "square of 3").text(); got != "It is 9." {
			t.Errorf("%s says %q", point.Model, got)
		}
	}
	// A checkpoint is a base like any other.
	next := c.tune(squares(10), fields{"model": p.Data[2].Model})
	if !strings.HasPrefix(*next.FineTunedModel, "ft:base-1:ftrun::") {
		t.Errorf("tuned to %s", *next.FineTunedModel)
	}

	c.deleteModels(j.ID, 25, 20, 15)
	if names, err := c.server.store.list(modelsIn); err != nil || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, j.ID) }) {
		t.Errorf("the deleted checkpoints left %q, %v", names, err)
	}
	if p := c.checkpointsOf(j.ID, ""); len(p.Data) != 0 || p.FirstID != nil || p.LastID != nil {
		t.Errorf("after all were deleted: %+v", p)
	}
}

// deleteModels deletes the models of a job's checkpoints one by one, newest first, and checks that each goes alone.
func (c *client) deleteModels(job string, want ...int) {
	c.t.Helper()
	for len(want) > 0 {
		p := c.checkpointsOf(job, "")
		if got := steps(p); !slices.Equal(got, want) {
			c.t.Fatalf("checkpoints of the steps %v, want %v", got, want)
		}
		var gone deletion
		c.do("DELETE", "/v1/models/"+p.Data[0].Model, nil).into(&gone)
		c.do("DELETE", "/v1/models/"+p.Data[0].Model, nil).wants(404, "model_not_found", "")
		c.chat(p.Data[0].Model, "hi").wants(404, "model_not_found", "")
		want = want[1:]
	}
}

func TestCheckpointsOfFewEpochs(t *testing.T) {
	c := serve(t, Options{})
	for epochs, want := range map[int][]int{1: {3}, 2: {6, 3}, 4: {12, 9, 6}} {
		j := c.tune(squares(10), fields{"hyperparameters": fields{"n_epochs": epochs, "batch_size": 4}})
		if got := steps(c.checkpointsOf(j.ID, "")); !slices.Equal(got, want) {
			t.Errorf("%d epochs: checkpoints of the steps %v, want %v", epochs, got, want)
		}
	}
}

// A checkpoint is what the model was at that step, not what became of it: it is the model that a training ends with which was to end there.
func TestCheckpointIsTheModelOfItsStep(t *testing.T) {
	var bodies [][]byte
	l := lessonOf(squares(20))
	l.epochs = 2
	_, err := train(t.Context(), l, epochs(func(m *model, left int) { bodies = append(bodies, bytesOf(t, m.rounded())) }))
	if err != nil {
		t.Fatal(err)
	}
	final := bytesOf(t, mustTrain(t, l)) // which nobody looked at on the way
	if !bytes.Equal(bodies[1], final) {
		t.Error("looking at a model changed what became of it")
	}
	if bytes.Equal(bodies[0], bodies[1]) {
		t.Error("the first epoch ends with the model of the second")
	}
	if m, err := readModel(bytes.NewReader(bodies[0])); err != nil || !bytes.Equal(bytesOf(t, m), bodies[0]) {
		t.Errorf("a checkpoint that was read is another, %v", err)
	}
}

type epochs func(m *model, left int)

func (epochs) step(measurement) {}

func (e epochs) epoch(m *model, left int) error {
	e(m, left)
	return nil
}

// Where one model is large, three would be too much.
func TestNoCheckpointsOfLargeModels(t *testing.T) {
	st := newMemStore()
	s, err := newServer(Options{}, st)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	large := &model{replies: []reply{{Content: strings.Repeat("x", keptBytes+1)}}, vectors: make([]vector, 1)}
	n := &notebook{server: s, ctx: t.Context(), job: "ftjob-1"}
	if err := n.epoch(large, 1); err != nil {
		t.Fatal(err)
	}
	if names, err := st.list(modelsIn); err != nil || len(names)+len(n.checkpoints) != 0 {
		t.Errorf("stored %q, %v", names, err)
	}
	m := mustTrain(t, lessonOf(squares(20)))
	if size, real := m.size(), len(bytesOf(t, m)); size > real || size < real/2 {
		t.Errorf("a model of %d bytes is said to have %d", real, size)
	}
}
