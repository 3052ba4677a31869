package openai_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

func TestFile(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want provider.File
	}{
		"processed": {
			`{"id":"file-1","object":"file","bytes":120,"created_at":1700000000,"filename":"a.jsonl","purpose":"fine-tune","status":"processed"}`,
			provider.File{ID: "file-1", Name: "a.jsonl", Purpose: "fine-tune", Bytes: 120, Status: provider.FileProcessed, CreatedAt: time.Unix(1700000000, 0)},
		},
		"pending":        {`{"id":"file-1","status":"pending"}`, provider.File{ID: "file-1", Status: provider.FilePending}},
		"refused":        {`{"id":"file-1","status":"error","status_details":"line 3"}`, provider.File{ID: "file-1", Status: provider.FileError, Details: "line 3"}},
		"no status":      {`{"id":"file-1"}`, provider.File{ID: "file-1"}},
		"another status": {`{"id":"file-1","status":"scanning"}`, provider.File{ID: "file-1", Status: "scanning"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(serve(test.body))
			defer server.Close()
			got, err := openai.New(openai.Config{Endpoint: endpoint(server.URL)}).File(t.Context(), "file-1")
			if !got.CreatedAt.Equal(test.want.CreatedAt) {
				t.Errorf("created at %v", got.CreatedAt)
			}
			got.CreatedAt = test.want.CreatedAt
			if err != nil || got != test.want {
				t.Errorf("%+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

// TestDeleteFile: a file that is not there is deleted, and the status says it, whatever the body is.
func TestDeleteFile(t *testing.T) {
	for name, test := range map[string]struct {
		handler  http.HandlerFunc
		requests int64
		want     provider.Kind // of the error; KindUnknown: none
	}{
		"deleted":            {answerWith(200, `{"id":"file-1","object":"file","deleted":true}`), 1, provider.KindUnknown},
		"nothing said":       {answerWith(204, ""), 1, provider.KindUnknown},
		"empty":              {answerWith(200, ""), 1, provider.KindUnknown},
		"a word":             {answerWith(200, "OK"), 1, provider.KindUnknown},
		"not there":          {coded(404, "", "No such File object"), 1, provider.KindUnknown},
		"not allowed":        {coded(403, "", "no"), 1, provider.KindForbidden},
		"in use":             {coded(409, "", "file is in use"), 1, provider.KindConflict},
		"no such operation":  {answerWith(405, ""), 1, provider.KindInvalid},
		"trouble":            {answerWith(500, ""), 8, provider.KindUnavailable},
		"cut":                {cutAfter(t, ""), 8, provider.KindBroken},
		"trouble, then gone": {failFirst(answerWith(502, ""), coded(404, "", "gone")), 2, provider.KindUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, end := pipeClient(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodDelete || r.RequestURI != "/v1/files/file-a%2Fb" {
						t.Errorf("%s %s", r.Method, r.RequestURI)
					}
					test.handler(w, r)
				}, time.Minute)
				defer end()
				err := c.DeleteFile(t.Context(), "file-a/b")
				if c.Requests() != test.requests || (err == nil) != (test.want == provider.KindUnknown) {
					t.Fatalf("%v after %d requests", err, c.Requests())
				}
				if err != nil && (failureOf(t, err).Kind != test.want || !strings.HasPrefix(err.Error(), "delete file file-a/b")) {
					t.Errorf("%v, want kind %d", err, test.want)
				}
			})
		})
	}
}

// failFirst answers the first request in one way and the others in another.
func failFirst(first, others http.HandlerFunc) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			first(w, r)
			return
		}
		others(w, r)
	}
}
