package embedded

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// dpoMethod is the method dpo with these hyperparameters.
func dpoMethod(hyperparameters fields) fields {
	return fields{"method": fields{"type": "dpo", "dpo": fields{"hyperparameters": hyperparameters}}}
}

// TestPreferenceJob goes the usual way: a model is taught, and then learns what is preferred to what it says.
func TestPreferenceJob(t *testing.T) {
	c := serve(t, Options{})
	pairs := helpPairs(t)
	taught := c.tune(imitated(swapped(pairs)), nil)
	training, validation := c.upload(preferenceLines(pairs)), c.upload(preferenceLines(pairs[:10]))
	request := dpoMethod(fields{"n_epochs": 4, "beta": 0.2})
	request["model"], request["validation_file"], request["seed"] = *taught.FineTunedModel, validation, 7
	created := c.create(training, request)
	if h := created.Method.DPO.Hyperparameters; h.NEpochs.value != 4 || h.BatchSize.set || h.Beta == nil || h.Beta.value != 0.2 {
		t.Errorf("created with %+v", h)
	}
	j := c.await(created.ID)
	if j.Status != statusSucceeded {
		t.Fatalf("ended with %+v", j.Error)
	}
	h := j.Method.DPO.Hyperparameters
	if j.Method.Type != "dpo" || j.Method.Supervised != nil || h.NEpochs.value != 4 || h.BatchSize.value != 4 || h.LearningRateMultiplier.value != 1 || h.Beta.value != 0.2 {
		t.Errorf("ran with %+v", j.Method)
	}
	if top := j.Hyperparameters; top.NEpochs.value != 4 || top.Beta != nil {
		t.Errorf("hyperparameters %+v at the top", top)
	}
	if *j.TrainedTokens%4 != 0 || *j.TrainedTokens == 0 {
		t.Errorf("trained %d tokens in 4 epochs", *j.TrainedTokens)
	}
	right := 0
	for _, p := range pairs {
		if before := c.chat(*taught.FineTunedModel, p.prompt.question).text(); before == p.reply.Content {
			t.Errorf("%q: preferred before it was learned", p.prompt.question)
		}
		if c.chat(*j.FineTunedModel, p.prompt.question).text() == p.reply.Content {
			right++
		}
	}
	if right < 95*len(pairs)/100 {
		t.Errorf("answers %d of %d questions as preferred", right, len(pairs))
	}
	c.checkPreferenceCurve(j)
}

// checkPreferenceCurve holds the result file, the events and the checkpoints of a job to one another, and to what they may say.
func (c *client) checkPreferenceCurve(j jobObject) {
	c.t.Helper()
	rows := c.resultOf(j)
	if got := strings.Join(rows[0], ","); got != "step,train_loss,train_accuracy,valid_loss,valid_accuracy" {
		c.t.Errorf("columns %s", got)
	}
	if rows[1][1] != "0.6931471805599453" || rows[1][2] != "0" { // nothing is preferred more than before: ln 2
		c.t.Errorf("begins with %q", rows[1])
	}
	last := rows[len(rows)-1]
	if last[2] != "1" || last[4] != "1" {
		c.t.Errorf("ends with %q", last)
	}
	points := c.checkpointsOf(j.ID, "").Data
	if len(points) != 3 {
		c.t.Fatalf("checkpoints %+v", points)
	}
	row := func(m map[string]any) []string { return rows[int(m["step"].(float64))] }
	for _, p := range points { // the description has no name for their accuracy
		m := p.Metrics
		if got := []string{formatted(m["train_loss"]), formatted(m["valid_loss"])}; got[0] != row(m)[1] || got[1] != row(m)[3] || len(m) != 4 {
			c.t.Errorf("metrics %v, in the result file %q", m, row(m))
		}
	}
	measured := 0
	for _, e := range c.events(j.ID) {
		if e.Type != "metrics" {
			continue
		}
		m := e.Data
		got := []string{formatted(m["step"]), formatted(m["train_loss"]), formatted(m["train_accuracy"])}
		if !slices.Equal(got, row(m)[:3]) || m["full_valid_accuracy"] != m["valid_accuracy"] {
			c.t.Errorf("event %v, in the result file %q", m, row(m))
		}
		measured++
	}
	if measured < 10 {
		c.t.Errorf("%d events", measured)
	}
}

func TestBadPreferenceFiles(t *testing.T) {
	c := serve(t, Options{})
	good := preferenceLines(helpPairs(t)[:12])
	const (
		input = `"input":{"messages":[{"role":"user","content":"a"}]}`
		out   = `[{"role":"assistant","content":"b"}]`
	)
	line := func(input, preferred, other string) string {
		return fmt.Sprintf(`{%s,"preferred_output":%s,"non_preferred_output":%s}`, input, preferred, other)
	}
	image := `{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}`
	for name, test := range map[string]struct{ line, text string }{
		"not an object":       {"[1]", "line 13: not a JSON object"},
		"a chat line":         {strings.TrimSpace(jsonl(squares(1))), "line 13: has messages and no input: it is for the method supervised"},
		"no input":            {`{"preferred_output":` + out + `}`, "line 13: has no input"},
		"no messages":         {line(`"input":{}`, out, out), "line 13: input: has no messages"},
		"unknown role":        {line(`"input":{"messages":[{"role":"robot","content":"a"}]}`, out, out), `input: message 1 has the unknown role "robot"`},
		"odd tools":           {line(`"input":{"messages":[{"role":"user","content":"a"}],"tools":5}`, out, out), "line 13: input.tools must not be a number"},
		"ends with the model": {line(`"input":{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}`, out, out), "input: the last message must not be the assistant's"},
		"a picture":           {line(`"input":{"messages":[`+image+`]}`, out, out), `input: message 1 has a part of type "image_url"`},
		"no preferred":        {`{` + input + `,"non_preferred_output":` + out + `}`, "preferred_output: has 0 messages, and must have one"},
		"no other":            {`{` + input + `,"preferred_output":` + out + `}`, "non_preferred_output: has 0 messages, and must have one"},
		"two preferred":       {line(input, `[{"role":"assistant","content":"b"},{"role":"assistant","content":"c"}]`, out), "preferred_output: has 2 messages"},
		"of the user":         {line(input, out, `[{"role":"user","content":"b"}]`), "non_preferred_output: the message must be the assistant's, not the user's"},
		"no content":          {line(input, `[{"role":"assistant"}]`, out), "preferred_output: message 1 has no content"},
		"a call": {line(input, `[{"role":"assistant","content":"b","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}]`, out),
			"preferred_output: the message calls a tool"},
		"not a list": {line(input, `"b"`, out), "line 13: preferred_output must not be a string"},
	} {
		t.Run(name, func(t *testing.T) {
			j := c.await(c.create(c.upload(good+test.line+"\n"), dpoMethod(nil)).ID)
			if j.Status != statusFailed || j.Error == nil || j.Error.Code != "invalid_training_file" || !strings.Contains(j.Error.Message, test.text) {
				t.Errorf("ended %s with %+v; want %q", j.Status, j.Error, test.text)
			}
			request := dpoMethod(nil)
			request["validation_file"] = c.upload(test.line + "\n")
			j = c.await(c.create(c.upload(good), request).ID)
			if j.Error == nil || j.Error.Code != "invalid_validation_file" || !strings.Contains(j.Error.Message, strings.Replace(test.text, "line 13", "line 1", 1)) {
				t.Errorf("as a validation file: ended %s with %+v", j.Status, j.Error)
			}
		})
	}
	t.Run("under supervised", func(t *testing.T) {
		j := c.await(c.create(c.upload(good), nil).ID)
		if j.Error == nil || !strings.Contains(j.Error.Message, "line 1: has a preferred_output and no messages: it is for the method dpo") {
			t.Errorf("ended %s with %+v", j.Status, j.Error)
		}
	})
	t.Run("too few", func(t *testing.T) {
		j := c.await(c.create(c.upload(preferenceLines(helpPairs(t)[:9])), dpoMethod(nil)).ID)
		if j.Error == nil || j.Error.Code != "invalid_n_examples" {
			t.Errorf("ended %s with %+v", j.Status, j.Error)
		}
	})
}

// Of replies that it never learned a model can't say which it prefers, and nothing is measured there.
func TestValidationOnUnknownPairs(t *testing.T) {
	c := serve(t, Options{})
	request := dpoMethod(fields{"n_epochs": 1})
	request["validation_file"] = c.upload(preferenceLines([]turn{prefer("How long is the warranty?", "Forever.", "Not long.")}))
	j := c.await(c.create(c.upload(preferenceLines(helpPairs(t))), request).ID)
	if j.Status != statusSucceeded {
		t.Fatalf("ended with %+v", j.Error)
	}
	for _, row := range c.resultOf(j)[1:] {
		if row[3] != "" || row[4] != "" {
			t.Fatalf("measured %q", row)
		}
	}
}

// A server that is closed while it learns preferences ends with the model that an undisturbed one has.
func TestPreferencesOutliveTheServer(t *testing.T) {
	file := preferenceLines(helpPairs(t))
	models := map[string][]byte{}
	for _, disturbed := range []bool{false, true} {
		dir := t.TempDir()
		c := serve(t, Options{Dir: dir})
		request := dpoMethod(fields{"n_epochs": 20})
		request["seed"] = 3
		j := c.create(c.upload(file), request)
		if disturbed {
			c.server.Close()
			c = serve(t, Options{Dir: dir})
		}
		j = c.await(j.ID)
		m, err := c.server.models.get(modelName(j.ID))
		if err != nil || j.Status != statusSucceeded || j.Method.DPO.Hyperparameters.Beta.value != autoBeta {
			t.Fatalf("ended %+v, %v", j, err)
		}
		models[fmt.Sprint(disturbed)] = bytesOf(t, m)
	}
	if !bytes.Equal(models["true"], models["false"]) {
		t.Error("a restart gives another model")
	}
}
