package openai_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// TestDeleteModel: a model that is not there is deleted, and the status says it, whatever the body is.
func TestDeleteModel(t *testing.T) {
	for name, test := range map[string]struct {
		handler  http.HandlerFunc
		requests int64
		want     provider.Kind // of the error; KindUnknown: none
	}{
		"deleted":            {answerWith(200, `{"id":"ft:m","object":"model","deleted":true}`), 1, provider.KindUnknown},
		"nothing said":       {answerWith(204, ""), 1, provider.KindUnknown},
		"not there":          {coded(404, "model_not_found", "no such model"), 1, provider.KindUnknown},
		"not an owner":       {coded(403, "", "You have insufficient permissions for this operation."), 1, provider.KindForbidden},
		"no such operation":  {answerWith(405, ""), 1, provider.KindInvalid},
		"trouble":            {answerWith(500, ""), 8, provider.KindUnavailable},
		"trouble, then gone": {failFirst(answerWith(502, ""), coded(404, "", "gone")), 2, provider.KindUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, end := pipeClient(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodDelete || r.RequestURI != "/v1/models/ft:gpt:org::a%2Fb" {
						t.Errorf("%s %s", r.Method, r.RequestURI)
					}
					test.handler(w, r)
				}, time.Minute)
				defer end()
				err := c.DeleteModel(t.Context(), "ft:gpt:org::a/b")
				if c.Requests() != test.requests || (err == nil) != (test.want == provider.KindUnknown) {
					t.Fatalf("%v after %d requests", err, c.Requests())
				}
				if err != nil && (failureOf(t, err).Kind != test.want || !strings.HasPrefix(err.Error(), "delete model ft:gpt:org::a/b")) {
					t.Errorf("%v, want kind %d", err, test.want)
				}
			})
		})
	}
}

// TestCheckpoints: a checkpoint without a name is none to ask, and a service without the endpoint has none.
func TestCheckpoints(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    []provider.Checkpoint
	}{
		"two": {
			answerWith(200, `{"data":[{"id":"c2","fine_tuned_model_checkpoint":"ft:m"},{"id":"c1","fine_tuned_model_checkpoint":"ft:m:ckpt-step-1"}],"has_more":false}`),
			[]provider.Checkpoint{{ID: "c2", Model: "ft:m"}, {ID: "c1", Model: "ft:m:ckpt-step-1"}},
		},
		"unnamed":          {answerWith(200, `{"data":[{"id":"c1"},7,{"id":"c2","fine_tuned_model_checkpoint":""}]}`), nil},
		"no such endpoint": {coded(404, "", "no such url"), nil},
		"not implemented":  {answerWith(405, ""), nil},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			defer server.Close()
			got, err := openai.New(openai.Config{Endpoint: endpoint(server.URL)}).Checkpoints(t.Context(), "ftjob-1")
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%v, %v, want %v", got, err, test.want)
			}
		})
	}
}
