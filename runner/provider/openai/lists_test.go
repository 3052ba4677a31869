package openai_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
)

func serve(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

func listOf(items ...string) string {
	return `{"object":"list","data":[` + strings.Join(items, ",") + `],"has_more":false}`
}

const ownJob = `{"id":"ftjob-own","status":"running","created_at":1700000000,"metadata":{"ftrun_key":"k1"}}`

// TestOddJobs: a stranger's job that is not as described breaks no run, and one that may be ours is never overlooked.
func TestOddJobs(t *testing.T) {
	for name, test := range map[string]struct {
		item string
		want int // jobs listed beside ours; -1: an error
	}{
		"error is text":        {`{"id":"a","status":"failed","error":"boom"}`, 1},
		"error is false":       {`{"id":"a","status":"queued","error":false}`, 1},
		"ISO time":             {`{"id":"a","status":"queued","created_at":"2024-05-06T07:08:09Z"}`, 1},
		"method is text":       {`{"id":"a","status":"queued","method":"supervised"}`, 1},
		"hyperparameters list": {`{"id":"a","status":"queued","hyperparameters":[],"method":{"type":"dpo","dpo":[]}}`, 1},
		"no status":            {`{"id":"a"}`, 1},
		"numbers":              {`{"id":7,"status":3,"trained_tokens":"55","seed":1.5,"model":null}`, 1},
		"result files objects": {`{"id":"a","status":"succeeded","result_files":[{"id":"file-1"},5,"file-2"]}`, 1},
		"metadata of objects":  {`{"id":"a","status":"queued","metadata":{"ftrun_key":["k2"],"n":5}}`, 1},
		"metadata is a list":   {`{"id":"a","status":"queued","metadata":[]}`, 1},
		"null":                 {`null`, 0},
		"text":                 {`"boom"`, 0},
		"no id":                {`{"status":"queued"}`, 0},
		"no id, maybe ours":    {`{"status":"queued","metadata":{"ftrun_key":"\u006b1"}}`, -1},
		"text, maybe ours":     {`"job of k1"`, -1},
		"odd metadata, ours":   {`{"id":"a","metadata":[{"key":"ftrun_key","value":"k1"}]}`, -1},
		"metadata is text":     {`{"id":"a","metadata":"ftrun_key=k1"}`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := bubbleClient(serve(listOf(test.item, ownJob)), nil)
			jobs, err := c.Jobs(t.Context(), map[string]string{"ftrun_key": "k1"})
			if test.want < 0 {
				var failure *provider.Error
				if !errors.As(err, &failure) || failure.Kind != provider.KindBroken || speaksGo(err) {
					t.Errorf("%+v, %v, want an error", jobs, err)
				}
				return
			}
			if err != nil || len(jobs) != test.want+1 || !slices.ContainsFunc(jobs, func(j provider.Job) bool { return j.ID == "ftjob-own" }) {
				t.Errorf("%+v, %v, want ours and %d more", jobs, err, test.want)
			}
		})
	}
}

func TestOddJobFields(t *testing.T) {
	c := bubbleClient(serve(`{"id":"a","status":"failed","error":"boom","created_at":"2024-05-06T07:08:09+02:00","finished_at":"1700000000.5",
		"estimated_finish":1700000000000,"method":"supervised","trained_tokens":"55","seed":1.5,"result_files":[{"id":"file-1"},"file-2"],
		"metadata":{"a":"x","b":7,"c":{}},"hyperparameters":{"n_epochs":3}}`), nil)
	job, err := c.Job(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if job.Error == nil || job.Error.Message != "boom" || job.Method != "supervised" || job.TrainedTokens == nil || *job.TrainedTokens != 55 || job.Seed != nil {
		t.Errorf("job %+v", job)
	}
	at := time.Unix(1700000000, 0).UTC()
	if job.CreatedAt.Format(time.RFC3339) != "2024-05-06T05:08:09Z" || !job.FinishedAt.Equal(at) || !job.EstimatedFinish.Equal(at) {
		t.Errorf("times %v %v %v", job.CreatedAt, job.FinishedAt, job.EstimatedFinish)
	}
	if fmt.Sprint(job.ResultFiles, job.Metadata, job.Hyperparameters) != "[file-1 file-2] map[a:x b:7] map[n_epochs:3]" {
		t.Errorf("%v %v %v", job.ResultFiles, job.Metadata, job.Hyperparameters)
	}
}

func TestOddFiles(t *testing.T) {
	own := `{"id":"file-1","filename":"ftrun-k-train.jsonl","bytes":"12"}`
	for name, test := range map[string]struct {
		item string
		want int
	}{
		"odd fields":           {`{"id":"file-odd","bytes":null,"filename":null,"created_at":"2024-01-01T00:00:00Z"}`, 2},
		"no object":            {`5`, 1},
		"no id":                {`{"filename":"x"}`, 1},
		"no id, of our making": {`{"filename":"ftrun-k-train.jsonl"}`, -1},
	} {
		files, err := bubbleClient(serve(listOf(test.item, own)), nil).Files(t.Context())
		if test.want < 0 && (err == nil || speaksGo(err)) || test.want >= 0 && (err != nil || len(files) != test.want || files[len(files)-1].Bytes != 12) {
			t.Errorf("%s: %+v, %v, want %d", name, files, err, test.want)
		}
	}
}

// TestNoList: what is no list is no empty one.
func TestNoList(t *testing.T) { synctest.Test(t, testNoList) }

func testNoList(t *testing.T) {
	for _, body := range []string{`[]`, `"x"`, `{}`, `{"error":"boom"}`, `{"data":{}}`, `null`, `5`} {
		if jobs, err := bubbleClient(serve(body), nil).Jobs(t.Context(), nil); err == nil || speaksGo(err) {
			t.Errorf("%s: %v, %v, want an error", body, jobs, err)
		}
	}
	for name, get := range map[string]func() error{
		"job":    func() error { _, err := bubbleClient(serve(`[1]`), nil).Job(t.Context(), "a"); return err },
		"model":  func() error { _, err := bubbleClient(serve(`[1]`), nil).Model(t.Context(), "a"); return err },
		"answer": func() error { _, err := ask(t.Context(), bubbleClient(serve(`{"choices":5}`), nil)); return err },
	} {
		if err := get(); err == nil || speaksGo(err) {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
}

// speaksGo reports whether an error names types of the program.
func speaksGo(err error) bool {
	return strings.Contains(err.Error(), "Go value") || strings.Contains(err.Error(), "Go struct") || strings.Contains(err.Error(), "openai.")
}

func TestEndlessList(t *testing.T) {
	n := 0
	endless := func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprintf(w, `{"data":[{"id":"job-%d","status":"queued"}],"has_more":true}`, n)
	}
	if _, err := bubbleClient(endless, nil).Jobs(t.Context(), nil); err == nil || n != 1000 {
		t.Errorf("%v after %d pages, want an error after 1000", err, n)
	}
	if _, err := bubbleClient(serve(`{"data":[{"id":"a"}],"has_more":true}`), nil).Jobs(t.Context(), nil); err == nil {
		t.Error("a list that ignores the cursor was taken for a whole one")
	}
}

// An eventServer lists events in its order, by pages; it may ignore the cursor.
func eventServer(events []string, size int, deaf bool, n *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*n++
		from := 0
		if after := r.URL.Query().Get("after"); after != "" && !deaf {
			from = 1 + slices.IndexFunc(events, func(e string) bool { return strings.Contains(e, fmt.Sprintf("%q", after)) })
		}
		to := min(from+size, len(events))
		fmt.Fprintf(w, `{"data":[%s],"has_more":%v}`, strings.Join(events[from:to], ","), deaf || to < len(events))
	}
}

func event(id string, second int) string {
	return fmt.Sprintf(`{"id":%q,"created_at":%d,"level":"info","message":"step of %s"}`, id, 1700000000+second, id)
}

func TestEvents(t *testing.T) {
	newest := []string{event("e5", 4), event("e4", 3), event("e1", 2), event("e3", 2), event("e0", 1)}
	oldest := slices.Clone(newest)
	slices.Reverse(oldest)
	for name, test := range map[string]struct {
		events []string
		deaf   bool
		after  string
		want   string
		pages  int
	}{
		"newest first":                  {newest, false, "", "e0 e3 e1 e4 e5", 3},
		"newest first, after":           {newest, false, "e4", "e5", 1},
		"newest first, within a second": {newest, false, "e3", "e1 e4 e5", 2},
		"oldest first":                  {oldest, false, "", "e0 e3 e1 e4 e5", 3},
		"oldest first, after":           {oldest, false, "e3", "e1 e4 e5", 3},
		"unknown":                       {newest, false, "gone", "e0 e3 e1 e4 e5", 3},
		"the cursor is ignored":         {newest, true, "", "e4 e5", 2},
		"twice the same":                {[]string{event("e1", 1), event("e1", 1)}, false, "", "e1", 1},
		"of one second":                 {[]string{event("e1", 1), event("e2", 1)}, false, "", "e1 e2", 1},
		"of one second, newest first":   {[]string{event("e2", 1), event("e1", 1)}, false, "", "e1 e2", 1},
		"odd ones":                      {[]string{event("e2", 2), `"boom"`, `{"id":"e1","created_at":"2020-01-01","message":{}}`}, false, "", "e1 e2", 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			events, err := bubbleClient(eventServer(test.events, 2, test.deaf, &n), nil).Events(t.Context(), "ftjob-1", test.after)
			var ids []string
			for _, e := range events {
				ids = append(ids, e.ID)
			}
			if got := strings.Join(ids, " "); err != nil || got != test.want || n != test.pages {
				t.Errorf("%s in %d pages, %v, want %s in %d", got, n, err, test.want, test.pages)
			}
		})
	}
}

// TestEventsWithoutIDs: callers tell events apart by their ids, so each has one, and the same one each time.
func TestEventsWithoutIDs(t *testing.T) {
	body := listOf(`{"created_at":2,"message":"b"}`, `{"created_at":2,"message":"a"}`, `{"created_at":1,"message":"a"}`)
	c := bubbleClient(serve(body), nil)
	first, err := c.Events(t.Context(), "ftjob-1", "")
	if err != nil || len(first) != 3 || first[0].ID == "" || first[0].ID == first[1].ID {
		t.Fatalf("%+v, %v", first, err)
	}
	rest, err := c.Events(t.Context(), "ftjob-1", first[0].ID)
	if err != nil || len(rest) != 2 || rest[0].ID != first[1].ID || rest[1].ID != first[2].ID {
		t.Errorf("%+v, %v, want the last two of %+v", rest, err, first)
	}
}

// TestEventsAreBounded: a log that would fill the memory is cut, by the page and as a whole, and is no error.
func TestEventsAreBounded(t *testing.T) {
	for name, test := range map[string]struct{ size, pages, events int }{
		"a page past all bounds":  {5 << 20, 1, 0},
		"many pages":              {3 << 20, 6, 5},
		"as much as a log may be": {1 << 10, 200, 200},
	} {
		n := 0
		c := bubbleClient(func(w http.ResponseWriter, _ *http.Request) {
			n++
			fmt.Fprintf(w, `{"data":[{"id":"e%d","created_at":1700000000,"message":%q}],"has_more":true}`, n, strings.Repeat("x", test.size))
		}, nil)
		events, err := c.Events(t.Context(), "ftjob-1", "")
		if err != nil || len(events) != test.events || n != test.pages {
			t.Errorf("%s: %d events of %d pages, %v, want %d of %d", name, len(events), n, err, test.events, test.pages)
		}
	}
}

// TestListWithoutHasMore is a service that does not say whether there is more: the list goes on until a page brings nothing new.
func TestListWithoutHasMore(t *testing.T) {
	for name, pages := range map[string]bool{"it pages": true, "it ignores the cursor": false} {
		t.Run(name, func(t *testing.T) {
			handler := func(w http.ResponseWriter, r *http.Request) {
				from := 0
				if after := r.URL.Query().Get("after"); after != "" && pages {
					if _, err := fmt.Sscanf(after, "job-%d", &from); err != nil {
						t.Error(err)
					}
					from++
				}
				var items []string
				for i := from; i < min(from+20, 150); i++ {
					items = append(items, fmt.Sprintf(`{"id":"job-%d","created_at":%d}`, i, 1000+i))
				}
				fmt.Fprintf(w, `{"data":[%s]}`, strings.Join(items, ","))
			}
			want := 150
			if !pages {
				want = 20
			}
			jobs, err := bubbleClient(handler, nil).Jobs(t.Context(), nil)
			if err != nil || len(jobs) != want {
				t.Errorf("%d jobs, %v, want %d", len(jobs), err, want)
			}
		})
	}
}
