package embedded

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestJob(t *testing.T) {
	c := serve(t, Options{})
	turns := squares(40)
	training, validation := c.upload(jsonl(turns)), c.upload(jsonl(turns[:5]))
	created := c.create(training, fields{
		"validation_file": validation, "suffix": "squares", "seed": 7, "metadata": fields{"team": "a"},
		"method": fields{"type": "supervised", "supervised": fields{"hyperparameters": fields{"n_epochs": 3, "batch_size": "auto"}}},
	})
	if h := created.Hyperparameters; h.NEpochs.value != 3 || h.BatchSize.set || h.LearningRateMultiplier.set {
		t.Errorf("created with %+v", h)
	}

	j := c.await(created.ID)
	if j.Status != statusSucceeded || j.Error != nil || j.FinishedAt == nil || j.EstimatedFinish != nil {
		t.Fatalf("ended as %+v", j)
	}
	if h := j.Method.Supervised.Hyperparameters; h.NEpochs.value != 3 || h.BatchSize.value != 4 || h.LearningRateMultiplier.value != 1 {
		t.Errorf("ran with %+v", h)
	}
	if want := "ft:base-1:ftrun:squares:" + strings.ToLower(j.ID[6:14]); deref(j.FineTunedModel) != want {
		t.Errorf("model %q, want %q", deref(j.FineTunedModel), want)
	}
	// "What is the square of 3?" has 7 tokens, "It is 9." has 4.
	if want := int64(40 * 11 * 3); *j.TrainedTokens != want {
		t.Errorf("trained %d tokens, want %d", *j.TrainedTokens, want)
	}
	if j.Seed != 7 || j.Metadata["team"] != "a" || deref(j.ValidationFile) != validation {
		t.Errorf("ended as %+v", j)
	}
	if got := c.chat(*j.FineTunedModel, "the square of 12, what is it?").text(); got != "It is 144." {
		t.Errorf("12 squared: %q", got)
	}
	var checkpoints checkpointPage
	c.do("GET", "/v1/fine_tuning/jobs/"+j.ID+"/checkpoints", nil).into(&checkpoints)
}

func TestEvents(t *testing.T) {
	c := serve(t, Options{})
	turns := squares(40)
	j := c.tune(turns, fields{
		"validation_file": c.upload(jsonl(turns[:5])),
		"hyperparameters": fields{"n_epochs": 10, "batch_size": 2}, // 200 steps
	})
	events := c.events(j.ID)
	if !strings.Contains(events[0].Message, "not a GPT") {
		t.Errorf("the first event says %q", events[0].Message)
	}
	if last := events[len(events)-1]; last.Message != "The job has successfully completed" {
		t.Errorf("the last event says %q", last.Message)
	}
	var steps []float64
	var first, last map[string]any
	for _, e := range events {
		if e.Type != "metrics" {
			continue
		}
		steps = append(steps, e.Data["step"].(float64))
		if first == nil {
			first = e.Data
		}
		last = e.Data
	}
	if !slices.IsSorted(steps) || steps[0] != 1 || steps[len(steps)-1] != 200 || len(steps) > 110 {
		t.Errorf("%d steps are reported: %v", len(steps), steps)
	}
	if first["train_loss"].(float64) < 1 || last["train_loss"].(float64) > 0.5 || last["train_mean_token_accuracy"] != 1.0 {
		t.Errorf("training went from %v to %v", first, last)
	}
	if last["full_valid_loss"].(float64) > 0.5 || last["full_valid_mean_token_accuracy"] != 1.0 || last["total_steps"] != 200.0 {
		t.Errorf("training ended with %v", last)
	}

	// Paging tells the same story.
	var paged []eventObject
	for after := ""; ; {
		var p page[eventObject]
		c.do("GET", "/v1/fine_tuning/jobs/"+j.ID+"/events?limit=7&after="+after, nil).into(&p)
		paged = append(paged, p.Data...)
		if !p.HasMore {
			break
		}
		after = p.Data[len(p.Data)-1].ID
	}
	slices.Reverse(paged)
	if fmt.Sprint(paged) != fmt.Sprint(events) {
		t.Error("pages of events do not add up to the whole")
	}
}

// A model can't say what it never learned, so there is no loss to measure on such a reply; the accuracy there still is.
func TestValidationOnUnknownReplies(t *testing.T) {
	c := serve(t, Options{})
	turns := squares(20)
	j := c.tune(turns, fields{"validation_file": c.upload(jsonl([]turn{ask("What is the square of 3?", "It is nine.")}))})
	for _, e := range c.events(j.ID) {
		if _, ok := e.Data["full_valid_loss"]; ok {
			t.Fatalf("there is a loss: %v", e.Data)
		}
		if accuracy, ok := e.Data["full_valid_mean_token_accuracy"]; ok {
			if a := accuracy.(float64); a > 0.75 { // "It", "is" and "." may agree, "nine" can't
				t.Errorf("accuracy %v", a)
			}
			return
		}
	}
	t.Error("nothing was validated")
}

func TestListJobs(t *testing.T) {
	c := serve(t, Options{})
	file := c.upload(jsonl(squares(10)))
	for i := range 5 {
		more := fields{"suffix": fmt.Sprint(i)}
		if i%2 == 0 {
			more["metadata"] = fields{"parity": "even", "n": fmt.Sprint(i)}
		}
		c.create(file, more)
	}
	list := func(query string) (suffixes string, p page[jobObject]) {
		t.Helper()
		c.do("GET", "/v1/fine_tuning/jobs?"+query, nil).into(&p)
		for _, j := range p.Data {
			suffixes += deref(j.UserProvidedSuffix)
		}
		return suffixes, p
	}
	for query, want := range map[string]string{
		"":                      "43210",
		"limit=2":               "43",
		"metadata[parity]=even": "420",
		"metadata%5Bparity%5D=even&metadata%5Bn%5D=2": "2",
		"metadata[parity]=odd":                        "",
		"metadata[other]=":                            "",
		"metadata=null":                               "31",
		"metadata[parity]=even&limit=2":               "42",
	} {
		if got, p := list(query); got != want || p.HasMore != strings.Contains(query, "limit=2") {
			t.Errorf("?%s lists %q, more %v; want %q", query, got, p.HasMore, want)
		}
	}
	_, p := list("limit=2")
	if got, _ := list("limit=2&after=" + p.Data[1].ID); got != "21" {
		t.Errorf("the second page is %q", got)
	}
}

func TestJobRefusals(t *testing.T) {
	c := serve(t, Options{})
	file := c.upload(jsonl(squares(10)))
	var batch fileObject
	c.checked(c.form("a.jsonl", "{}", "purpose", "batch")).into(&batch)
	hyper := func(name string, value any) fields { return fields{"hyperparameters": fields{name: value}} }
	dpo := func(name string, value any) fields { return dpoMethod(fields{name: value}) }
	pairs := fields{}
	for i := range 17 {
		pairs[fmt.Sprint(i)] = "x"
	}
	for _, test := range []struct {
		change     fields
		code, text string
	}{
		{fields{"model": nil}, "missing_required_parameter", "'model'"},
		{fields{"training_file": ""}, "missing_required_parameter", "'training_file'"},
		{fields{"training_file": "file-0"}, "", "invalid training_file: file-0"},
		{fields{"validation_file": "file-0"}, "", "invalid validation_file: file-0"},
		{fields{"training_file": batch.ID}, "", "purpose 'batch'"},
		{fields{"suffix": ""}, "", "'suffix'"},
		{fields{"suffix": strings.Repeat("x", 65)}, "", "'suffix'"},
		{fields{"seed": -1}, "", "'seed'"},
		{fields{"seed": 1 << 31}, "", "'seed'"},
		{fields{"seed": "one"}, "", "Invalid type for 'seed'"},
		{fields{"metadata": pairs}, "", "'metadata'"},
		{fields{"metadata": fields{"k": strings.Repeat("x", 513)}}, "", "'metadata'"},
		{fields{"metadata": fields{"k": 1}}, "", "metadata"},
		{hyper("n_epochs", 0), "", "n_epochs"},
		{hyper("n_epochs", 51), "", "n_epochs"},
		{hyper("n_epochs", 1.5), "", "n_epochs"},
		{hyper("n_epochs", "many"), "", `neither a number nor "auto"`},
		{hyper("batch_size", 257), "", "batch_size"},
		{hyper("learning_rate_multiplier", 0), "", "learning_rate_multiplier"},
		{fields{"integrations": []fields{{"type": "wandb"}}}, "unsupported_value", "no integrations"},
		{fields{"method": fields{"type": "reinforcement"}}, "unsupported_value", "'reinforcement'"},
		{fields{"method": fields{"type": "dpo", "supervised": fields{}}}, "", "settings of another"},
		{fields{"method": fields{"type": "dpo"}, "hyperparameters": fields{"n_epochs": 3}}, "", "not both"},
		{hyper("beta", 0.1), "", "'dpo'"},
		{dpo("beta", 0), "", "above 0 and at most 2"},
		{dpo("beta", 2.1), "", "above 0 and at most 2"},
		{dpo("beta", "low"), "", `neither a number nor "auto"`},
		{dpo("n_epochs", 51), "", "n_epochs"},
		{fields{"method": fields{"type": "supervised"}, "hyperparameters": fields{"n_epochs": 3}}, "", "not both"},
	} {
		body := fields{"model": "base-1", "training_file": file}
		for k, v := range test.change {
			body[k] = v
		}
		c.do("POST", "/v1/fine_tuning/jobs", body).wants(400, test.code, test.text)
	}
	c.do("POST", "/v1/fine_tuning/jobs", fields{"model": "ft:no:such::model", "training_file": file}).wants(404, "model_not_found", "ft:no:such::model")
	c.do("POST", "/v1/fine_tuning/jobs", "{").wants(400, "", "could not parse")
	for _, path := range []string{"", "/events", "/checkpoints"} {
		c.do("GET", "/v1/fine_tuning/jobs/ftjob-0"+path, nil).wants(404, "", "No such FineTuningJob")
	}
	var p page[jobObject]
	c.do("GET", "/v1/fine_tuning/jobs", nil).into(&p)
	if len(p.Data) != 0 {
		t.Errorf("refused requests left %d jobs", len(p.Data))
	}
}

func TestBadTrainingFiles(t *testing.T) {
	c := serve(t, Options{})
	good := jsonl(squares(10))
	user := `{"role":"user","content":"a"}`
	for name, test := range map[string]struct{ line, code, text string }{
		"empty":          {"", "invalid_n_examples", "has 0 example(s), but must have at least 10 examples"},
		"not an object":  {"[1]", "invalid_training_file", "line 11: not a JSON object"},
		"not JSON":       {`{"messages":`, "invalid_training_file", "line 11: not valid JSON"},
		"no messages":    {`{"prompt":"a"}`, "invalid_training_file", "line 11: has no messages"},
		"wrong type":     {`{"messages":"a"}`, "invalid_training_file", "line 11: messages must not be a string"},
		"no role":        {`{"messages":[{"content":"a"}]}`, "invalid_training_file", "line 11: message 1 has no role"},
		"unknown role":   {`{"messages":[` + user + `,{"role":"robot","content":"a"}]}`, "invalid_training_file", `line 11: message 2 has the unknown role "robot"`},
		"no content":     {`{"messages":[{"role":"user"}]}`, "invalid_training_file", "line 11: message 1 has no content"},
		"null content":   {`{"messages":[` + user + `,{"role":"assistant","content":null}]}`, "invalid_training_file", "message 2 has no content"},
		"odd content":    {`{"messages":[{"role":"user","content":5}]}`, "invalid_training_file", "line 11: content is neither a string nor a list of parts"},
		"ends with user": {`{"messages":[` + user + `]}`, "invalid_training_file", "line 11: the last message must be the assistant's, not the user's"},
	} {
		t.Run(name, func(t *testing.T) {
			content := good + test.line + "\n"
			if test.line == "" {
				content = ""
			}
			j := c.await(c.create(c.upload(content), nil).ID)
			if j.Status != statusFailed || j.Error == nil || j.Error.Code != test.code || !strings.Contains(j.Error.Message, test.text) {
				t.Errorf("ended %s with %+v; want %s, %q", j.Status, j.Error, test.code, test.text)
			}
			if j.FineTunedModel != nil || j.TrainedTokens != nil || j.FinishedAt == nil {
				t.Errorf("ended as %+v", j)
			}
		})
	}
	t.Run("validation file", func(t *testing.T) {
		j := c.await(c.create(c.upload(good), fields{"validation_file": c.upload("{}\n")}).ID)
		if j.Error == nil || j.Error.Code != "invalid_validation_file" || deref(j.Error.Param) != "validation_file" {
			t.Errorf("ended with %+v", j.Error)
		}
	})
	t.Run("many faults", func(t *testing.T) {
		j := c.await(c.create(c.upload(strings.Repeat("1\n", 50)), nil).ID)
		if j.Error == nil || !strings.HasSuffix(j.Error.Message, "line 5: not a JSON object; and more.") {
			t.Errorf("ended with %+v", j.Error)
		}
	})
	t.Run("diverging", func(t *testing.T) {
		var turns []turn
		for i := range 10 {
			turns = append(turns, ask("Heads or tails?", []string{"Heads.", "Tails."}[i%2]))
		}
		j := c.await(c.create(c.upload(jsonl(turns)), fields{"hyperparameters": fields{"learning_rate_multiplier": 1e300}}).ID)
		if j.Error == nil || j.Error.Code != "training_diverged" {
			t.Errorf("ended with %+v", j.Error)
		}
	})
}

// A byte-order mark, blank lines, content in parts, tools, weights and any number of turns are all fine.
func TestUnusualTrainingFile(t *testing.T) {
	c := serve(t, Options{})
	content := "\ufeff" + jsonl(squares(10)) + "\n\r\n" +
		`{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"What is the colour of grass?"}]},{"role":"assistant","content":"green"}],"tools":[]}` + "\r\n" +
		`{"messages":[{"role":"user","content":"Tell me the weather in Oslo"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Oslo\"}"}}]}]}` + "\n" +
		`{"messages":[{"role":"user","content":"Name a planet"},{"role":"assistant","content":"the Sun","weight":0},{"role":"user","content":"Really a planet?"},{"role":"assistant","content":"Sorry: Mars"}]}` + "\n"
	j := c.await(c.create(c.upload(content), nil).ID)
	if j.Status != statusSucceeded {
		t.Fatalf("ended with %+v", j.Error)
	}
	if got := c.chat(*j.FineTunedModel, "grass colour").text(); got != "green" {
		t.Errorf("colour of grass: %q", got)
	}
	if got := c.chat(*j.FineTunedModel, "Name a planet").text(); got == "the Sun" {
		t.Error("a message of weight 0 was learned")
	}
	var completion chatCompletion
	c.do("POST", "/v1/chat/completions", fields{
		"model": *j.FineTunedModel, "messages": []fields{{"role": "user", "content": "the weather in Oslo"}}, "tools": []fields{functionTool("weather", nil)},
	}).into(&completion)
	if choice := completion.Choices[0]; choice.FinishReason != "tool_calls" || !strings.Contains(string(choice.Message.ToolCalls), "Oslo") {
		t.Errorf("weather: %+v", choice)
	}
}

func TestSeedComesFromTheData(t *testing.T) {
	c := serve(t, Options{})
	file, same, other := c.upload(jsonl(squares(10))), c.upload(jsonl(squares(10))), c.upload(jsonl(squares(11)))
	a, b, d := c.create(file, nil), c.create(same, nil), c.create(other, nil)
	if a.Seed != b.Seed || a.Seed == d.Seed {
		t.Errorf("seeds %d, %d, %d", a.Seed, b.Seed, d.Seed)
	}
}
