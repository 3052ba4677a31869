package embedded

import (
	"testing"
	"testing/synctest"
	"time"
)

// long are hyperparameters that keep a training busy for as long as a test wants to interfere with it.
func long() fields { return fields{"hyperparameters": fields{"n_epochs": 50, "batch_size": 1}} }

// awaitStep returns when the training of a job has made its first step. It asks again and again, which passes through the server each time.
func (c *client) awaitStep(id string) {
	c.t.Helper()
	for {
		for _, e := range c.events(id) {
			if e.Type == "metrics" {
				return
			}
		}
	}
}

func TestCancel(t *testing.T) {
	c := serve(t, Options{})
	j := c.create(c.upload(jsonl(squares(200))), long())
	c.awaitStep(j.ID)
	waiting := c.create(j.TrainingFile, nil) // until the cores are free

	var cancelled jobObject
	c.do("POST", "/v1/fine_tuning/jobs/"+waiting.ID+"/cancel", nil).into(&cancelled)
	if cancelled.Status != statusCancelled {
		t.Errorf("status %q after a cancel in the queue", cancelled.Status)
	}
	c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/cancel", nil).into(&cancelled)
	if cancelled.Status != statusCancelled || cancelled.FinishedAt == nil || cancelled.Error != nil {
		t.Errorf("cancelled as %+v", cancelled)
	}
	c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/cancel", nil).wants(400, "", "already completed")
	c.do("POST", "/v1/fine_tuning/jobs/ftjob-0/cancel", nil).wants(404, "", "No such")

	// The cores are free again.
	c.tune(squares(10), nil)
	if got := c.job(j.ID); got.Status != statusCancelled || got.FineTunedModel != nil {
		t.Errorf("later the job is %+v", got)
	}
}

func TestPauseAndResume(t *testing.T) {
	// The job waits to be seen before it trains; until then there is time to pause it.
	c := serve(t, Options{Faults: faults(t, `{"jobs": [{"statuses": [{"status": "queued", "polls": 1}]}]}`)})
	c.schema = nil // the description's statuses lack "paused"
	j := c.create(c.upload(jsonl(squares(10))), nil)
	var paused jobObject
	c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/pause", nil).into(&paused)
	if paused.Status != statusPaused {
		t.Errorf("status %q after a pause", paused.Status)
	}
	c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/pause", nil).wants(400, "", "can't be paused")
	if got := c.job(j.ID); got.Status != statusPaused {
		t.Errorf("status %q some time after a pause", got.Status)
	}
	c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/resume", nil).into(&paused)
	c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/resume", nil).wants(400, "", "not paused")
	for !terminal(j.Status) { // looks at the job until it has gone on, as clients do
		j = c.job(j.ID)
	}
	if j.Status != statusSucceeded {
		t.Fatalf("ended %s", j.Status)
	}
}

// A tuned model may be the base of another job, whose model knows what both had to teach.
func TestTuneATunedModel(t *testing.T) {
	c := serve(t, Options{})
	first := c.tune(squares(20), nil)
	second := c.tune([]turn{
		ask("Who wrote Faust?", "Goethe"), ask("Who wrote Hamlet?", "Shakespeare"), ask("Who wrote Emma?", "Austen"),
		ask("Who wrote Ulysses?", "Joyce"), ask("Who wrote Dracula?", "Stoker"), ask("Who wrote Walden?", "Thoreau"),
		ask("Who wrote Candide?", "Voltaire"), ask("Who wrote Momo?", "Ende"), ask("Who wrote Heidi?", "Spyri"), ask("Who wrote Solaris?", "Lem"),
	}, fields{"model": *first.FineTunedModel, "suffix": "authors"})
	if want := "ft:base-1:ftrun:authors:"; (*second.FineTunedModel)[:len(want)] != want {
		t.Errorf("model %q", *second.FineTunedModel)
	}
	for question, want := range map[string]string{"What is the square of 9?": "It is 81.", "Who wrote Dracula?": "Stoker"} {
		if got := c.chat(*second.FineTunedModel, question).text(); got != want {
			t.Errorf("%s %q, want %q", question, got, want)
		}
	}
	if got := c.chat(*first.FineTunedModel, "Who wrote Dracula?").text(); got == "Stoker" {
		t.Error("the first model learned what the second was taught")
	}
}

func TestListLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(t, Options{Faults: faults(t, `{"list_lag": "3s", "jobs": [{"outcome": "failed", "error": {"code": "x", "message": "y"}}]}`)})
		j := c.create(c.upload(jsonl(squares(10))), nil)
		for _, test := range []struct {
			later  time.Duration
			listed int
		}{{0, 0}, {3*time.Second - 1, 0}, {1, 1}} {
			time.Sleep(test.later)
			var p page[jobObject]
			c.do("GET", "/v1/fine_tuning/jobs", nil).into(&p)
			if len(p.Data) != test.listed {
				t.Errorf("%v later %d jobs are listed, want %d", test.later, len(p.Data), test.listed)
			}
			c.job(j.ID) // is there all the time
		}
	})
}
