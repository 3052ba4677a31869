package embedded

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

func TestModels(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(squares(10), fields{"hyperparameters": fields{"n_epochs": 1}}).FineTunedModel
	var list modelList
	c.do("GET", "/v1/models", nil).into(&list)
	var ids []string
	for _, m := range list.Data {
		ids = append(ids, m.ID)
		if m.OwnedBy != "ftrun-embedded" {
			t.Errorf("%s is owned by %q", m.ID, m.OwnedBy)
		}
	}
	if want := []string{"base-1", model}; !slices.Equal(ids, want) {
		t.Errorf("models %q, want %q", ids, want)
	}
	var m modelObject
	for _, id := range []string{"any-base", "org/any-base", model} {
		if c.do("GET", "/v1/models/"+id, nil).into(&m); m.ID != id {
			t.Errorf("%q is called %q", id, m.ID)
		}
	}
	c.do("GET", "/v1/models/ft:base-1:ftrun::00000000", nil).wants(404, "model_not_found", "does not exist")

	var gone deletion
	c.do("DELETE", "/v1/models/"+model, nil).into(&gone)
	if !gone.Deleted || gone.ID != model {
		t.Errorf("deleted %+v", gone)
	}
	c.do("DELETE", "/v1/models/"+model, nil).wants(404, "model_not_found", "")
	c.do("DELETE", "/v1/models/base-1", nil).wants(404, "model_not_found", "")
	c.do("GET", "/v1/models/"+model, nil).wants(404, "model_not_found", "")
	c.chat(model, "hi").wants(404, "model_not_found", "")
	if names, err := c.server.store.list(modelsIn); err != nil || len(names) != 0 {
		t.Errorf("the deleted model left %q, %v", names, err)
	}
}

func TestUnknownRoutes(t *testing.T) {
	c := serve(t, Options{})
	c.do("GET", "/", nil).wants(404, "", "Invalid URL (GET /)")
	c.do("GET", "/v1/moderations", nil).wants(404, "", "Invalid URL")
	c.do("POST", "/v1/models", nil).wants(405, "method_not_supported", "only GET")
	a := c.do("PATCH", "/v1/files/file-1", nil)
	a.wants(405, "method_not_supported", "DELETE, GET")
	if got := a.Header.Get("Allow"); got != "DELETE, GET" {
		t.Errorf("Allow: %q", got)
	}
}

func TestAPIKey(t *testing.T) {
	c := serve(t, Options{APIKey: "sk-right"})
	for _, test := range []struct {
		header, value string
		status        int
	}{
		{"Authorization", "Bearer sk-right", 200},
		{"Api-Key", "sk-right", 200},
		{"Authorization", "Bearer sk-wrong", 401},
		{"Authorization", "sk-right", 401},
		{"X-Other", "", 401},
	} {
		req := c.request("GET", "/v1/models", nil)
		req.Header.Set(test.header, test.value)
		if a := c.checked(req); a.Status != test.status {
			t.Errorf("%s: %s: status %d, want %d", test.header, test.value, a.Status, test.status)
		} else if a.Status == 401 {
			a.wants(401, "invalid_api_key", "Incorrect API key")
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	c := serve(t, Options{Faults: faults(t, `{"rules": [{"method": "GET", "path": "/v1/models/*", "fault": "status", "status": 500}]}`)})
	c.do("GET", "/v1/models/a", nil)
	c.do("GET", "/v1/models/b", nil)
	c.do("GET", "/nowhere", nil)
	want := []Request{{"/", 1, 1}, {"GET /v1/models/{id...}", 2, 1}}
	if got := c.server.Requests(); !slices.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

// Many clients at once, doing everything, are here for the race detector.
func TestManyClients(t *testing.T) {
	c := serve(t, Options{Dir: t.TempDir()})
	model := *c.tune(squares(10), nil).FineTunedModel
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			j := c.create(c.upload(jsonl(squares(10+i))), fields{"metadata": fields{"i": fmt.Sprint(i)}})
			for range 3 {
				c.do("GET", "/v1/fine_tuning/jobs?metadata[i]="+fmt.Sprint(i), nil)
				c.do("GET", "/v1/files", nil)
				c.do("GET", "/v1/models", nil)
				c.events(j.ID)
				if got := c.chat(model, "square of 4").text(); got != "It is 16." {
					t.Errorf("4 squared: %q", got)
				}
			}
			if i%4 == 3 {
				c.do("POST", "/v1/fine_tuning/jobs/"+j.ID+"/cancel", nil)
				return
			}
			if j = c.await(j.ID); j.Status != statusSucceeded {
				t.Errorf("job %s: %+v", j.Status, j.Error)
				return
			}
			want := fmt.Sprintf("It is %d.", (9+i)*(9+i))
			if got := c.chat(*j.FineTunedModel, fmt.Sprintf("square of %d", 9+i)).text(); got != want {
				t.Errorf("%d squared: %q", 9+i, got)
			}
			c.do("DELETE", "/v1/models/"+*j.FineTunedModel, nil)
			c.do("DELETE", "/v1/files/"+j.TrainingFile, nil)
		})
	}
	all.Wait()
	if got := c.server.Requests(); len(got) == 0 {
		t.Error("nothing was counted")
	}
}
