package embedded

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The example in the package comment is a document of faults.
func TestDocumentedFaults(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	doc := f.Doc.Text()
	start := strings.Index(doc, "\t{\n")
	end := strings.Index(doc, "\n\t}\n")
	if start < 0 || end < start {
		t.Fatal("the package comment has no example")
	}
	parsed := faults(t, doc[start:end+3])
	d := parsed.dialect
	if len(parsed.rules) != 4 || len(parsed.scripts) != 2 || len(parsed.uploads) != 2 || parsed.listLag != 2*time.Second ||
		d.Metadata == "" || d.ResultFile == "" || len(d.Models) == 0 || len(d.ShutdownDates) == 0 || len(d.Missing) == 0 {
		t.Errorf("parsed %+v", parsed)
	}
}

func TestParseFaultsRefuses(t *testing.T) {
	rule := func(s string) string { return `{"rules": [` + s + `]}` }
	file := func(s string) string { return `{"files": [` + s + `]}` }
	job := func(s string) string { return `{"jobs": [{"fault": 1}, ` + s + `]}` }
	for document, want := range map[string]string{
		``:                          "EOF",
		`{} {}`:                     "something follows",
		`{"rule": []}`:              `unknown field "rule"`,
		`{"list_lag": 3}`:           `3 is not a duration such as "1.5s"`,
		`{"list_lag": "-3s"}`:       `"-3s" is not a duration`,
		rule(`{"stauts": 1}`):       `rules[0]: unknown field "stauts"`,
		rule(`{}`):                  `fault: "" is not one of`,
		rule(`{"fault": "boom"}`):   `fault: "boom" is not one of`,
		rule(`{"fault": "status"}`): "status: 0 is not between",
		rule(`{"fault": "reset", "status": 500}`):                               `status: has no meaning for the fault "reset"`,
		rule(`{"fault": "html", "delay": "1s"}`):                                "delay: has no meaning",
		rule(`{"fault": "slow"}`):                                               "delay: a slow answer needs",
		rule(`{"fault": "reset", "times": 0}`):                                  "times: 0 is less than 1",
		rule(`{"fault": "reset", "times": 2, "always": true}`):                  "times: has no meaning beside always",
		rule(`{"fault": "reset", "skip": -1}`):                                  "skip: -1 is negative",
		rule(`{"fault": "reset", "path": "v1"}`):                                "does not begin with /",
		rule(`{"fault": "reset", "path": "/["}`):                                "is not a pattern",
		rule(`{"fault": "reset", "method": "get"}`):                             "not in capitals",
		rule(`{"fault": "status", "status": 400, "body": "", "message": "x"}`):  "body: stands instead",
		job(`{"outcome": "lost"}`):                                              `jobs[1]: outcome: "lost" is not one of`,
		job(`{"outcome": "failed"}`):                                            "error: a failed job needs",
		job(`{"outcome": "cancelled", "error": {"code": "a", "message": "b"}}`): "error: a cancelled job has none",
		job(`{"trained_tokens": 3}`):                                            "trained_tokens are for jobs that end badly",
		job(`{"outcome": "cancelled", "trained_tokens": -3}`):                   "trained_tokens: -3 is negative",
		job(`{"statuses": [{"status": "succeeded", "polls": 1}]}`):              `statuses[0]: status: "succeeded"`,
		job(`{"statuses": [{"status": "paused"}]}`):                             "either polls or for",
		job(`{"statuses": [{"status": "paused", "polls": -1}]}`):                "polls: -1 is negative",
		job(`{"model_not_ready": {"calls": 0, "status": 404}}`):                 "calls: 0 is less than 1",
		job(`{"model_not_ready": {"calls": 1, "status": 200}}`):                 "status: 200 is not between",
		job(`{"outcome": "cancelled", "model_not_ready": {"calls": 1}}`):        "such a job has no model",
		job(`{"times": 0}`):                                                     "jobs[0]: unknown field \"fault\"\nfaults: jobs[1]: times: 0",
		file(`{"status": "pending"}`):                                           `files[0]: unknown field "status"`,
		file(`{"skip": -1}`):                                                    "files[0]: skip: -1 is negative",
		file(`{"statuses": [{"status": "processed", "polls": 1}]}`):             `statuses[0]: status: "processed" is not a status on the way`,
		file(`{"statuses": [{"status": "pending"}]}`):                           "either polls or for",
		file(`{"outcome": "deleted"}`):                                          `outcome: "deleted" is not one of processed, error`,
		file(`{"status_details": "bad"}`):                                       "status_details: are for files whose outcome is error",
		`{"metadata": "dropped"}`:                                               `metadata: "dropped" is not one of filter, echo, ignored, rejected`,
		`{"metadata": true}`:                                                    "metadata of type string",
		`{"result_file": "csv"}`:                                                `result_file: "csv" is not one of base64, plain, none`,
		`{"missing": ["files"]}`:                                                `missing[0]: "files" is not one of checkpoints, embeddings, events, models`,
		`{"models": ["a", "ft:a:b::c"]}`:                                        `models[1]: "ft:a:b::c" is not the name of an untuned model`,
		`{"models": "closed"}`:                                                  "models",
		`{"fixed_temperature": ["ft:a:b::c"]}`:                                  `fixed_temperature[0]: "ft:a:b::c" is not the name of an untuned model`,
		`{"shutdown_dates": {"a": "soon"}}`:                                     `shutdown_dates: "soon" is not a date`,
		`{"models": ["a"], "shutdown_dates": {"b": "2027-01-14"}}`:              `shutdown_dates: "b" is not the name of an untuned model that there is`,
		`{"metadata": "x", "files": [{"outcome": "y"}]}`:                        "faults: metadata:",
	} {
		if _, err := ParseFaults(strings.NewReader(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", document, err, want)
		}
	}
}

func TestFaultStatus(t *testing.T) {
	c := serve(t, Options{Faults: faults(t, `{"rules": [
		{"method": "POST", "path": "/v1/chat/completions", "skip": 1, "times": 2, "fault": "status", "status": 429,
		 "headers": {"Retry-After": "7"}, "code": "rate_limit_exceeded", "message": "Slow down."},
		{"path": "/v1/chat/*", "skip": 2, "times": 2, "fault": "status", "status": 503},
		{"path": "/v1/files", "always": true, "fault": "status", "status": 500, "body": "oops", "headers": {"Content-Type": "text/plain"}}
	]}`)})
	c.chat("m", "hi").text()
	for range 2 {
		a := c.chat("m", "hi")
		a.wants(429, "rate_limit_exceeded", "Slow down.")
		if got := a.Header.Get("Retry-After"); got != "7" {
			t.Errorf("Retry-After: %q", got)
		}
	}
	c.chat("m", "hi").wants(503, "", "Scripted fault") // the second rule has counted from the start, and has one turn left
	c.chat("m", "hi").text()
	c.schema = nil
	for range 3 {
		if a := c.do("GET", "/v1/files", nil); a.Status != 500 || string(a.Body) != "oops" || a.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	}
}

func TestFaultsThatBreakTheAnswer(t *testing.T) {
	const path = "/v1/fine_tuning/jobs"
	for _, test := range []struct {
		rule     string
		executed int
		check    func(t *testing.T, a answer, err error)
	}{
		{`"fault": "reset"`, 0, broken},
		{`"fault": "lost"`, 1, broken},
		{`"fault": "truncate"`, 1, func(t *testing.T, a answer, err error) {
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, syscall.ECONNRESET) || len(a.Body) == 0 || json.Valid(a.Body) {
				t.Errorf("%v after %q", err, a.Body)
			}
		}},
		{`"fault": "garbage"`, 0, garbage},
		{`"fault": "garbage", "execute": true`, 1, garbage},
		{`"fault": "html"`, 0, func(t *testing.T, a answer, err error) {
			if a.Status != http.StatusBadGateway || !strings.HasPrefix(string(a.Body), "<html>") || a.Header.Get("Content-Type") != "text/html" {
				t.Errorf("status %d: %s, %v", a.Status, a.Body, err)
			}
		}},
		{`"fault": "status", "status": 500, "execute": true`, 1, func(t *testing.T, a answer, _ error) { a.wants(500, "", "Scripted") }},
	} {
		t.Run(test.rule, func(t *testing.T) {
			c := serve(t, Options{Faults: faults(t, `{"rules": [{"method": "POST", "path": "`+path+`", `+test.rule+`}]}`)})
			file := c.upload(jsonl(squares(10)))
			a, err := c.send(c.request("POST", path, fields{"model": "m", "training_file": file}))
			a.t = t
			test.check(t, a, err)
			var p page[jobObject]
			c.do("GET", path, nil).into(&p)
			if len(p.Data) != test.executed {
				t.Errorf("%d jobs were created, want %d", len(p.Data), test.executed)
			}
			for _, r := range c.server.Requests() {
				if r.Route == "POST "+path && (r.Received != 1 || r.Executed != test.executed) {
					t.Errorf("counted %+v", r)
				}
			}
			c.create(file, nil) // the rule had its turn
		})
	}
}

func broken(t *testing.T, a answer, err error) {
	if err == nil {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
}

func garbage(t *testing.T, a answer, err error) {
	if err != nil || a.Status != http.StatusOK || json.Valid(a.Body) {
		t.Errorf("status %d: %s, %v", a.Status, a.Body, err)
	}
}

func TestFaultSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(t, Options{Faults: faults(t, `{"rules": [
			{"path": "/v1/models/slow", "fault": "slow", "delay": "2s"},
			{"path": "/v1/models/trickle", "fault": "slow", "trickle": "1s"}
		]}`)})
		for path, want := range map[string]time.Duration{
			"/v1/models/slow":    2 * time.Second,
			"/v1/models/trickle": 2 * time.Second, // two pieces
			"/v1/models/quick":   0,
		} {
			began := time.Now()
			var m modelObject
			c.do("GET", path, nil).into(&m)
			if took := time.Since(began); took != want {
				t.Errorf("%s took %v, want %v", path, took, want)
			}
		}
	})
}

func TestRefusedAccount(t *testing.T) {
	c := serve(t, Options{Faults: faults(t, `{"refuse_training": true}`)})
	file := c.upload(jsonl(squares(10))) // uploads are not refused
	c.do("POST", "/v1/fine_tuning/jobs", fields{"model": "m", "training_file": file}).wants(403, "training_not_available", "not able to create")
}

func TestJobScripts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(t, Options{Faults: faults(t, `{"jobs": [
			{"statuses": [{"status": "paused", "polls": 2}, {"status": "warming_up", "for": "10s"}], "min_duration": "60s",
			 "model_not_ready": {"calls": 2, "status": 404, "code": "DeploymentNotFound"}},
			{"skip": 1, "outcome": "failed", "error": {"code": "server_error", "message": "It broke."}, "trained_tokens": 77},
			{"skip": 2, "outcome": "cancelled"}
		]}`)})
		c.schema = nil // the point is what the description does not know
		file := c.upload(jsonl(squares(10)))
		began := time.Now()
		j := c.create(file, nil)

		synctest.Wait()
		var shown []string
		for range 3 {
			shown = append(shown, c.job(j.ID).Status)
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		shown = append(shown, c.job(j.ID).Status)
		if got := strings.Join(shown, " "); got != "paused paused warming_up running" {
			t.Errorf("showed %s", got)
		}
		j = c.await(j.ID)
		if took := time.Since(began); j.Status != statusSucceeded || took != time.Minute {
			t.Errorf("%s after %v", j.Status, took)
		}
		for range 2 {
			c.chat(*j.FineTunedModel, "square of 3").wants(404, "DeploymentNotFound", "not ready")
		}
		if got := c.chat(*j.FineTunedModel, "square of 3").text(); got != "It is 9." {
			t.Errorf("3 squared: %q", got)
		}

		failed := c.await(c.create(file, nil).ID)
		if failed.Status != statusFailed || failed.Error.Code != "server_error" || *failed.TrainedTokens != 77 || failed.FineTunedModel != nil {
			t.Errorf("the second ended as %+v", failed)
		}
		cancelled := c.await(c.create(file, nil).ID)
		if cancelled.Status != statusCancelled || cancelled.TrainedTokens != nil || cancelled.FinishedAt == nil {
			t.Errorf("the third ended as %+v", cancelled)
		}
		if fourth := c.await(c.create(file, nil).ID); fourth.Status != statusSucceeded {
			t.Errorf("the fourth, without a script, ended %s", fourth.Status)
		}
	})
}
